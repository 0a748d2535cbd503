/* SPDX-License-Identifier: MIT */
/* jmap/changes.c - "/changes" as all types have it (RFC 8620, 5.2). */
#include "base/span.h"
#include "jmap/method.h"
#include "store/change.h"

/* Objects that are told of at once, if the client sets no limit. */
#define OBJECTS_MAX 5000

static void put_list(struct smail__json *json, const char *key,
                     const struct smail__jmap_type *type,
                     const struct smail__changes *changes, enum smail__op op)
{
    char id[SMAIL__JMAP_ID_SIZE];

    smail__json_key(json, key);
    smail__json_begin_array(json);
    for (size_t i = 0; i < changes->count; i++)
        if (changes->list[i].op == op)
            smail__json_string(
                json,
                smail__jmap_id_text(id, type->letter, changes->list[i].object));
    smail__json_end_array(json);
}

static void put_response(struct smail__jmap_call *call,
                         const struct smail__jmap_type *type, smail_span since,
                         const struct smail__changes *changes)
{
    struct smail__json *json = &call->json;
    char text[SMAIL__JMAP_ID_SIZE];

    smail__json_begin_object(json);
    smail__json_key(json, "accountId");
    smail__json_string(
        json, smail__jmap_id_text(text, SMAIL__JMAP_ACCOUNT, call->account));
    smail__json_key(json, "oldState");
    smail__json_text(json, since);
    smail__json_key(json, "newState");
    smail__format(text, sizeof(text), "%lld", (long long)changes->modseq);
    smail__json_string(json, text);
    smail__json_key(json, "hasMoreChanges");
    smail__json_bool(json, changes->more);
    put_list(json, "created", type, changes, SMAIL__OP_CREATED);
    put_list(json, "updated", type, changes, SMAIL__OP_UPDATED);
    put_list(json, "destroyed", type, changes, SMAIL__OP_DESTROYED);
    if (type->object == SMAIL__OBJECT_MAILBOX) {
        smail__json_key(json, "updatedProperties"); /* RFC 8621, 2.2 */
        smail__json_null(json);
    }
    smail__json_end_object(json);
}

static int read_since(smail_span *text, int64_t *since, int64_t *max,
                      struct smail__jmap_call *call)
{
    uint64_t number;
    int code = smail__jmap_arg_text(text, call, "sinceState");

    if (code == 0)
        code = smail__jmap_arg_int(max, call, "maxChanges", 1, INT64_MAX);
    if (code != 0)
        return code;
    if (text->data == NULL)
        return smail__jmap_fail(call, "invalidArguments",
                                "sinceState is missing");
    if (text->len > 18 || smail__span_number(&number, *text) != 0)
        return smail__jmap_fail(call, "cannotCalculateChanges",
                                "that is no state of this account");
    *since = (int64_t)number;
    return 0;
}

int smail__jmap_changes(struct smail__jmap_call *call,
                        const struct smail__jmap_type *type, smail_error *err)
{
    struct smail__changes changes = { .list = NULL };
    smail_error fault = SMAIL_ERROR_INIT;
    smail_span text = { NULL, 0 };
    int64_t since = 0, max = OBJECTS_MAX;
    struct smail__db *db;
    int code = read_since(&text, &since, &max, call);

    if (code == 0)
        code = smail__store_begin_read(&db, call->jmap->store, err);
    if (code != 0)
        return code;
    if (max > OBJECTS_MAX)
        max = OBJECTS_MAX;
    code = smail__changes_read(&changes, db, call->account, type->object, since,
                               (size_t)max, &fault);
    smail__store_end_read(call->jmap->store, db);
    if (code == 0)
        put_response(call, type, text, &changes);
    else if (code == SMAIL_ENOTFOUND)
        code = smail__jmap_fail(call, "cannotCalculateChanges", "%s",
                                fault.message);
    else if (err != NULL)
        *err = fault;
    smail__changes_dispose(&changes);
    return code;
}

/* None of the lists is remembered: RFC 8620, 5.6 lets a server say so. */
int smail__jmap_query_changes(struct smail__jmap_call *call, smail_error *err)
{
    (void)err;
    return smail__jmap_fail(call, "cannotCalculateChanges",
                            "please ask for the list again");
}
