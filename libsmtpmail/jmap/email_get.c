/* SPDX-License-Identifier: MIT */
/* jmap/email_get.c - messages (RFC 8621, 4.2) and bytes (4.9) as objects. */
#include <stdlib.h>

#include "base/error.h"
#include "base/span.h"
#include "jmap/blob.h"
#include "jmap/email_put.h"
#include "jmap/method.h"

/* RFC 8621, 4.2 and 4.9. */
#define PARSE_DEFAULTS                                              \
    (SMAIL__JMAP_EMAIL_HAS_ATTACHMENT | SMAIL__JMAP_EMAIL_PREVIEW | \
     SMAIL__JMAP_EMAIL_VALUES | SMAIL__JMAP_EMAIL_TEXT_BODY |       \
     SMAIL__JMAP_EMAIL_HTML_BODY | SMAIL__JMAP_EMAIL_ATTACHMENTS)
#define GET_DEFAULTS                                                  \
    (PARSE_DEFAULTS | SMAIL__JMAP_EMAIL_ID | SMAIL__JMAP_EMAIL_BLOB | \
     SMAIL__JMAP_EMAIL_THREAD | SMAIL__JMAP_EMAIL_MAILBOXES |         \
     SMAIL__JMAP_EMAIL_KEYWORDS | SMAIL__JMAP_EMAIL_SIZE |            \
     SMAIL__JMAP_EMAIL_RECEIVED)

/* Messages that one Email/parse reads: each is read whole. */
#define PARSE_MAX 50

struct getting {
    struct smail__jmap_call *call;
    struct smail__jmap_wanted *wanted;
    struct smail__jmap_view view;
    struct smail__buf missing;
    struct smail__json missing_json;
};

static bool is_repeated(const struct smail__json_value *ids, size_t index,
                        smail_span text)
{
    smail_span other;

    for (size_t i = 0; i < index; i++)
        if (smail__json_as_text(&other, smail__json_at(ids, i)) == 0 &&
            smail__span_equal(other, text))
            return true;
    return false;
}

static int put_one(struct getting *getting, smail_span text, smail_error *err)
{
    struct smail__jmap_call *call = getting->call;
    smail_id id;
    int code = 0;

    if (smail__jmap_id(&id, call, SMAIL__JMAP_EMAIL, text))
        code = smail__jmap_view_email(&getting->view, call->account, id, err);
    if (code == 0)
        smail__json_text(&getting->missing_json, text);
    if (code <= 0)
        return code;
    return smail__jmap_email_put(&call->json, getting->wanted, &getting->view,
                                 err);
}

static void begin_response(struct getting *getting)
{
    char id[SMAIL__JMAP_ID_SIZE];

    smail__json_begin_object(&getting->call->json);
    smail__json_key(&getting->call->json, "accountId");
    smail__json_string(
        &getting->call->json,
        smail__jmap_id_text(id, SMAIL__JMAP_ACCOUNT, getting->call->account));
    smail__buf_init(&getting->missing, getting->call->json.out->max, NULL);
    smail__json_init(&getting->missing_json, &getting->missing);
    smail__json_begin_array(&getting->missing_json);
}

static int put_all(struct getting *getting, struct smail__db *db,
                   const struct smail__json_value *ids, smail_error *err)
{
    struct smail__jmap_call *call = getting->call;
    size_t count = smail__json_count(ids);
    char state[SMAIL__JMAP_STATE_SIZE];
    int code = smail__jmap_type_state(state, db, call->account,
                                      SMAIL__OBJECT_EMAIL, err);

    smail__json_key(&call->json, "state");
    smail__json_string(&call->json, state);
    smail__json_key(&call->json, "list");
    smail__json_begin_array(&call->json);
    for (size_t i = 0; code == 0 && i < count; i++) {
        smail_span text = { NULL, 0 };

        (void)smail__json_as_text(&text, smail__json_at(ids, i));
        if (!is_repeated(ids, i, text))
            code = put_one(getting, text, err);
        if (code == 0 && smail__buf_error(call->json.out) != 0)
            break; /* no need to read on */
    }
    smail__json_end_array(&call->json);
    smail__json_end_array(&getting->missing_json);
    smail__json_key(&call->json, "notFound");
    smail__json_raw(&call->json, smail__buf_span(&getting->missing));
    smail__json_end_object(&call->json);
    return code;
}

int smail__jmap_email_get(struct smail__jmap_call *call, smail_error *err)
{
    struct smail__jmap_wanted *wanted;
    struct getting getting = { .call = call };
    const struct smail__json_value *ids;
    struct smail__db *db;
    int code = smail__jmap_get_ids(&ids, call);

    if (code == 0 && ids == NULL)
        code = smail__jmap_fail(call, "requestTooLarge",
                                "these are too many: name some");
    if (code != 0)
        return code;
    wanted = malloc(sizeof(*wanted));
    if (wanted == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    code = smail__jmap_wanted_read(wanted, call, GET_DEFAULTS);
    wanted->email |= SMAIL__JMAP_EMAIL_ID;
    if (code == 0)
        code = smail__store_begin_read(&db, call->jmap->store, err);
    if (code == 0) {
        getting.wanted = wanted;
        begin_response(&getting);
        smail__jmap_view_init(&getting.view, call->jmap, db);
        code = put_all(&getting, db, ids, err);
        smail__jmap_view_dispose(&getting.view);
        smail__buf_dispose(&getting.missing);
        smail__store_end_read(call->jmap->store, db);
    }
    free(wanted);
    return code;
}

/* --- Parse --------------------------------------------------------------- */

/* 1: it was put; 0: there is no such blob, or it is too large. */
static int parse_one(struct getting *getting, smail_span text, smail_error *err)
{
    struct smail__jmap_call *call = getting->call;
    char id[SMAIL__JMAP_ID_MAX + 1];
    char *bytes;
    size_t len;
    int code =
        smail__jmap_blob_read_all(&bytes, &len, call->jmap, call->account, text,
                                  SMAIL__JMAP_PARSED_MAX, NULL);

    if (code == SMAIL_ENOMEM)
        return smail__fail(err, code, "out of memory");
    if (code < 0)
        return 0;
    smail__format(id, sizeof(id), "%.*s", SMAIL__SPAN_ARG(text));
    smail__jmap_view_bytes(&getting->view, bytes, len, id);
    smail__json_text_key(&call->json, text);
    code = smail__jmap_email_put(&call->json, getting->wanted, &getting->view,
                                 err);
    return code < 0 ? code : 1;
}

/* The best is made of everything: nothing is "notParsable". */
static int parse_all(struct getting *getting,
                     const struct smail__json_value *ids, smail_error *err)
{
    struct smail__jmap_call *call = getting->call;
    size_t count = smail__json_count(ids);
    int code = 0;

    smail__json_key(&call->json, "parsed");
    smail__json_begin_object(&call->json);
    for (size_t i = 0; code >= 0 && i < count; i++) {
        smail_span text = { NULL, 0 };

        (void)smail__json_as_text(&text, smail__json_at(ids, i));
        if (is_repeated(ids, i, text))
            continue;
        code = parse_one(getting, text, err);
        if (code == 0)
            smail__json_text(&getting->missing_json, text);
    }
    smail__json_end_object(&call->json);
    smail__json_end_array(&getting->missing_json);
    smail__json_key(&call->json, "notParsable");
    smail__json_null(&call->json);
    smail__json_key(&call->json, "notFound");
    smail__json_raw(&call->json, smail__buf_span(&getting->missing));
    smail__json_end_object(&call->json);
    return code < 0 ? code : 0;
}

int smail__jmap_email_parse(struct smail__jmap_call *call, smail_error *err)
{
    struct smail__jmap_wanted *wanted;
    const struct smail__json_value *ids = NULL;
    struct getting getting = { .call = call };
    int code = smail__jmap_arg_of(&ids, call, "blobIds", SMAIL__JSON_ARRAY);

    if (code == 0 && ids == NULL)
        code = smail__jmap_fail(call, "invalidArguments", "blobIds is missing");
    if (code == 0 && smail__json_count(ids) > PARSE_MAX)
        code = smail__jmap_fail(call, "requestTooLarge",
                                "at most %d blobs at once", PARSE_MAX);
    if (code != 0)
        return code;
    wanted = malloc(sizeof(*wanted));
    if (wanted == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    code = smail__jmap_wanted_read(wanted, call, PARSE_DEFAULTS);
    if (code == 0) {
        getting.wanted = wanted;
        begin_response(&getting);
        smail__jmap_view_init(&getting.view, call->jmap, NULL);
        code = parse_all(&getting, ids, err);
        smail__jmap_view_dispose(&getting.view);
        smail__buf_dispose(&getting.missing);
    }
    free(wanted);
    return code;
}
