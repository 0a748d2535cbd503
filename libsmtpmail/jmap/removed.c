/* SPDX-License-Identifier: MIT */
/*
 * jmap/removed.c - messages that were removed and can be had again: ours,
 * urn:libsmtpmail:jmap:removed (docs/http.md). The methods follow the forms of
 * RFC 8620, 5.
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/span.h"
#include "jmap/method.h"
#include "message/word.h"

/* The state is that of the emails: each that is removed or comes back is a
 * change of theirs. */
static const struct smail__jmap_type type = { "RemovedEmail", SMAIL__JMAP_EMAIL,
                                              SMAIL__OBJECT_EMAIL };

/* Header fields as they are kept, and decoded. */
#define FIELD_MAX ((size_t)64 * 1024)

/* --- RemovedEmail/get ---------------------------------------------------- */

struct removed {
    smail_id email, thread;
    uint64_t size;
    int64_t received_at, removed_at, expires_at;
    struct smail__buf subject, sender;
};

static int load(void *object, struct smail__jmap_call *call,
                struct smail__db *db, smail_id id, smail_error *err)
{
    static const char sql[] =
        "SELECT thread, size, received_at, removed_at, expires_at, subject, "
        "sender FROM removed WHERE account = $1 AND email = $2 "
        "AND expires_at > $3";
    struct removed *removed = object;
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, call->account);
    smail__bind_int(row, 2, id);
    smail__bind_int(row, 3, smail__store_now(call->jmap->store));
    code = smail__statement_step(row, err);
    if (code > 0) {
        removed->email = id;
        removed->thread = smail__column_int(row, 0);
        removed->size = (uint64_t)smail__column_int(row, 1);
        removed->received_at = smail__column_int(row, 2);
        removed->removed_at = smail__column_int(row, 3);
        removed->expires_at = smail__column_int(row, 4);
        smail__buf_clear(&removed->subject);
        smail__buf_append(&removed->subject, smail__column_span(row, 5));
        smail__buf_clear(&removed->sender);
        smail__buf_append(&removed->sender, smail__column_span(row, 6));
    }
    smail__statement_reset(row);
    return code;
}

static void put_named(struct smail__json *json, enum smail__jmap_letter letter,
                      smail_id id)
{
    char text[SMAIL__JMAP_ID_SIZE];

    smail__json_string(json, smail__jmap_id_text(text, letter, id));
}

static void put_id(struct smail__json *json, const void *object)
{
    put_named(json, SMAIL__JMAP_EMAIL, ((const struct removed *)object)->email);
}

static void put_thread(struct smail__json *json, const void *object)
{
    put_named(json, SMAIL__JMAP_THREAD,
              ((const struct removed *)object)->thread);
}

static void put_size(struct smail__json *json, const void *object)
{
    smail__json_uint(json, ((const struct removed *)object)->size);
}

static void put_received_at(struct smail__json *json, const void *object)
{
    smail__json_time(json, ((const struct removed *)object)->received_at);
}

static void put_removed_at(struct smail__json *json, const void *object)
{
    smail__json_time(json, ((const struct removed *)object)->removed_at);
}

static void put_expires_at(struct smail__json *json, const void *object)
{
    smail__json_time(json, ((const struct removed *)object)->expires_at);
}

static void put_decoded(struct smail__json *json, smail_span value)
{
    struct smail__buf text;

    smail__buf_init(&text, FIELD_MAX, NULL);
    smail__words_display(&text, value);
    smail__json_text(json, smail__buf_span(&text));
    smail__buf_dispose(&text);
}

static void put_subject(struct smail__json *json, const void *object)
{
    put_decoded(json,
                smail__buf_span(&((const struct removed *)object)->subject));
}

static void put_from(struct smail__json *json, const void *object)
{
    put_decoded(json,
                smail__buf_span(&((const struct removed *)object)->sender));
}

static const struct smail__jmap_property properties[] = {
    { "id", put_id },
    { "threadId", put_thread },
    { "size", put_size },
    { "receivedAt", put_received_at },
    { "removedAt", put_removed_at },
    { "expiresAt", put_expires_at },
    { "subject", put_subject },
    { "from", put_from },
};

int smail__jmap_removed_get(struct smail__jmap_call *call, smail_error *err)
{
    struct removed removed = { .email = 0 };
    struct smail__jmap_getter getter = {
        .type = type,
        .properties = properties,
        .property_count = sizeof(properties) / sizeof(properties[0]),
        .object = &removed,
        .load = load,
    };
    int code;

    smail__buf_init(&removed.subject, FIELD_MAX, NULL);
    smail__buf_init(&removed.sender, FIELD_MAX, NULL);
    code = smail__jmap_get(call, &getter, err);
    smail__buf_dispose(&removed.subject);
    smail__buf_dispose(&removed.sender);
    return code;
}

/* --- RemovedEmail/query -------------------------------------------------- */

struct found {
    smail_id *ids;
    size_t count, room;
};

static int add(const smail_removed *removed, void *user)
{
    struct found *found = user;

    if (found->count == found->room) {
        size_t room = found->room == 0 ? 64 : found->room * 2;
        smail_id *ids = realloc(found->ids, room * sizeof(*ids));

        if (ids == NULL)
            return SMAIL_ENOMEM;
        found->ids = ids;
        found->room = room;
    }
    found->ids[found->count++] = removed->email;
    return 0;
}

/* The last removed first. */
int smail__jmap_removed_query(struct smail__jmap_call *call, smail_error *err)
{
    struct found found = { .count = 0 };
    struct smail__jmap_window window;
    char state[SMAIL__JMAP_STATE_SIZE];
    int code = smail__jmap_window_read(&window, call);

    if (code == 0)
        code = smail__jmap_current_state(state, call->jmap, call->account,
                                         type.object, err);
    if (code == 0)
        code = smail_removed_list(call->jmap->store, call->account, 0, add,
                                  &found, err);
    if (code == 0)
        code = smail__jmap_window_put(call, &window, &type, found.ids,
                                      found.count, found.count, state);
    free(found.ids);
    return code;
}

/* --- RemovedEmail/undelete ----------------------------------------------- */

struct undeleting {
    struct smail__buf failed_text;
    struct smail__json failed;
};

static void put_failed(struct undeleting *run, smail_span key,
                       const char *error)
{
    smail__json_text_key(&run->failed, key);
    smail__json_begin_object(&run->failed);
    smail__json_key(&run->failed, "type");
    smail__json_string(&run->failed, error);
    smail__json_end_object(&run->failed);
}

/* The id that it has now; it is another one. */
static void put_back(struct smail__json *json, smail_span key, smail_id email)
{
    smail__json_text_key(json, key);
    smail__json_begin_object(json);
    smail__json_key(json, "id");
    put_named(json, SMAIL__JMAP_EMAIL, email);
    smail__json_end_object(json);
}

static int undelete_all(struct undeleting *run, struct smail__jmap_call *call,
                        const struct smail__json_value *ids, smail_error *err)
{
    size_t count = smail__json_count(ids);

    for (size_t i = 0; i < count; i++) {
        smail_span text = { NULL, 0 };
        smail_id id, email = 0;
        int code = SMAIL_ENOTFOUND;

        (void)smail__json_as_text(&text, smail__json_at(ids, i));
        if (smail__jmap_id(&id, call, SMAIL__JMAP_EMAIL, text))
            code = smail_email_undelete(&email, call->jmap->store,
                                        call->account, id, err);
        if (code == 0)
            put_back(&call->json, text, email);
        else if (code == SMAIL_ENOTFOUND)
            put_failed(run, text, "notFound");
        else if (code == SMAIL_EQUOTA)
            put_failed(run, text, "overQuota");
        else
            return code;
    }
    return 0;
}

static int check_ids(const struct smail__json_value **ids,
                     struct smail__jmap_call *call)
{
    int code = smail__jmap_arg_of(ids, call, "ids", SMAIL__JSON_ARRAY);
    size_t count = smail__json_count(*ids);

    if (code != 0)
        return code;
    if (*ids == NULL)
        return smail__jmap_fail(call, "invalidArguments", "ids is missing");
    if (count > call->jmap->limits.objects_in_set)
        return smail__jmap_fail(call, "requestTooLarge",
                                "too many messages at once");
    for (size_t i = 0; i < count; i++)
        if (smail__json_type(smail__json_at(*ids, i)) != SMAIL__JSON_STRING)
            return smail__jmap_fail(call, "invalidArguments",
                                    "ids has what is no id");
    return 0;
}

int smail__jmap_removed_undelete(struct smail__jmap_call *call,
                                 smail_error *err)
{
    const struct smail__json_value *ids = NULL;
    struct undeleting run;
    int code = check_ids(&ids, call);

    if (code != 0)
        return code;
    smail__buf_init(&run.failed_text, (size_t)1024 * 1024, NULL);
    smail__json_init(&run.failed, &run.failed_text);
    smail__json_begin_object(&run.failed);
    smail__json_begin_object(&call->json);
    smail__json_key(&call->json, "accountId");
    put_named(&call->json, SMAIL__JMAP_ACCOUNT, call->account);
    smail__json_key(&call->json, "undeleted");
    smail__json_begin_object(&call->json);
    code = undelete_all(&run, call, ids, err);
    smail__json_end_object(&call->json);
    smail__json_end_object(&run.failed);
    smail__json_key(&call->json, "notUndeleted");
    smail__json_raw(&call->json, smail__buf_span(&run.failed_text));
    smail__json_end_object(&call->json);
    smail__buf_dispose(&run.failed_text);
    return code;
}
