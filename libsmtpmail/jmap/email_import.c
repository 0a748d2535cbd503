/* SPDX-License-Identifier: MIT */
/* jmap/email_import.c - messages from blobs (RFC 8621, 4.8). */
#include "base/error.h"
#include "base/span.h"
#include "jmap/email_place.h"

#define CHUNK 16384

struct importing {
    struct smail__jmap_set set;
    smail_error *err;
};

static int copy(smail_append *append, struct smail__jmap_blob *blob,
                smail_error *err)
{
    char bytes[CHUNK];
    uint64_t offset = 0;
    int64_t got;

    while ((got = smail__jmap_blob_read(bytes, blob, offset, sizeof(bytes),
                                        err)) > 0) {
        int code =
            smail_append_write(append, (smail_span){ bytes, (size_t)got }, err);

        if (code < 0)
            return code;
        offset += (uint64_t)got;
    }
    return (int)got;
}

static int open_blob(struct smail__jmap_blob **out, struct smail__jmap_set *set,
                     const struct smail__json_value *object, smail_error *err)
{
    struct smail__jmap *jmap = set->call->jmap;
    smail_span id = { NULL, 0 };
    int code;

    (void)smail__json_as_text(&id, smail__json_get(object, "blobId"));
    code = smail__jmap_blob_open(out, jmap, set->call->account, id, err);
    if (code == SMAIL_ENOTFOUND)
        return smail__jmap_refuse_property(set, "blobId");
    if (code < 0)
        return code;
    if (smail__jmap_blob_size(*out) == 0)
        return smail__jmap_refuse(set, "invalidEmail", "it is empty");
    if (smail__jmap_blob_size(*out) > jmap->limits.message_size)
        return smail__jmap_refuse(set, "tooLarge", "the message is too large");
    return 0;
}

static int import(struct smail__jmap_set *set,
                  const struct smail__json_value *object, smail_error *err)
{
    struct smail__jmap_place place;
    struct smail__jmap_blob *blob = NULL;
    smail_append *append = NULL;
    int code;

    smail__jmap_place_init(&place);
    code = smail__jmap_place_read(&place, set, object);
    if (code == 0)
        code = open_blob(&blob, set, object, err);
    if (code == 0)
        code = smail_append_new(&append, set->call->jmap->store, err);
    if (code == 0)
        code = copy(append, blob, err);
    if (code == 0)
        code = smail__jmap_place_commit(set, append, &place, err);
    smail_append_free(append);
    smail__jmap_blob_close(blob);
    smail__jmap_place_dispose(&place);
    return code;
}

static int import_one(smail_span key, const struct smail__json_value *object,
                      void *user)
{
    struct importing *importing = user;
    struct smail__jmap_set *set = &importing->set;
    smail_error error = SMAIL_ERROR_INIT;
    char id[SMAIL__JMAP_ID_SIZE];
    int code;

    if (smail__json_type(object) != SMAIL__JSON_OBJECT)
        code = smail__jmap_refuse(set, "invalidProperties", "not an object");
    else
        code = import(set, object, &error);
    code = smail__jmap_refuse_code(set, code, &error);
    smail__jmap_id_text(id, SMAIL__JMAP_EMAIL, set->made_id);
    if (code == 0)
        code = smail__jmap_created_put(set->call->request, key, smail__span(id),
                                       importing->err);
    if (code < 0)
        return code;
    smail__jmap_set_done(set, SMAIL__JMAP_CREATED, key, code);
    return 0;
}

static int is_no_name(smail_span key, const struct smail__json_value *value,
                      void *user)
{
    (void)value;
    (void)user;
    return !smail__jmap_is_id(key);
}

static int check(const struct smail__json_value **emails,
                 struct smail__jmap_call *call)
{
    int code = smail__jmap_arg_of(emails, call, "emails", SMAIL__JSON_OBJECT);

    if (code != 0)
        return code;
    if (*emails == NULL || smail__json_each(*emails, is_no_name, NULL) != 0)
        return smail__jmap_fail(call, "invalidArguments",
                                "'emails' is not right");
    if (smail__json_count(*emails) > call->jmap->limits.objects_in_set)
        return smail__jmap_fail(call, "requestTooLarge",
                                "at most %u messages at once",
                                call->jmap->limits.objects_in_set);
    return 0;
}

static void put_response(struct importing *importing, const char *old_state,
                         const char *new_state)
{
    struct smail__jmap_set *set = &importing->set;
    struct smail__json *json = &set->call->json;
    char id[SMAIL__JMAP_ID_SIZE];
    const struct {
        const char *key;
        enum smail__jmap_outcome outcome;
    } lists[] = { { "created", SMAIL__JMAP_CREATED },
                  { "notCreated", SMAIL__JMAP_NOT_CREATED } };

    smail__json_begin_object(json);
    smail__json_key(json, "accountId");
    smail__json_string(
        json, smail__jmap_id_text(id, SMAIL__JMAP_ACCOUNT, set->call->account));
    smail__json_key(json, "oldState");
    smail__json_string(json, old_state);
    smail__json_key(json, "newState");
    smail__json_string(json, new_state);
    for (size_t i = 0; i < 2; i++) {
        smail__json_end_object(&set->lists[lists[i].outcome]);
        smail__json_key(json, lists[i].key);
        if (set->counts[lists[i].outcome] == 0)
            smail__json_null(json);
        else
            smail__json_raw(json,
                            smail__buf_span(&set->texts[lists[i].outcome]));
    }
    smail__json_end_object(json);
}

int smail__jmap_email_import(struct smail__jmap_call *call, smail_error *err)
{
    static const struct smail__jmap_type type = { "Email", SMAIL__JMAP_EMAIL,
                                                  SMAIL__OBJECT_EMAIL };
    char old_state[SMAIL__JMAP_STATE_SIZE], new_state[SMAIL__JMAP_STATE_SIZE];
    struct importing importing = { .err = err };
    const struct smail__json_value *emails = NULL;
    smail_span wanted = { NULL, 0 };
    int code = check(&emails, call);

    if (code == 0)
        code = smail__jmap_arg_text(&wanted, call, "ifInState");
    if (code == 0)
        code = smail__jmap_current_state(old_state, call->jmap, call->account,
                                         type.object, err);
    if (code != 0)
        return code;
    if (wanted.data != NULL && !smail__span_is(wanted, old_state))
        return smail__jmap_fail(call, "stateMismatch", "the state is %s",
                                old_state);
    smail__jmap_set_init(&importing.set, call, &type);
    code = smail__json_each(emails, import_one, &importing);
    if (code == 0)
        code = smail__jmap_current_state(new_state, call->jmap, call->account,
                                         type.object, err);
    if (code == 0)
        put_response(&importing, old_state, new_state);
    smail__jmap_set_dispose(&importing.set);
    return code;
}
