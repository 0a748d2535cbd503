/* SPDX-License-Identifier: MIT */
/*
 * jmap/state.c - state strings (RFC 8620, 5.1): the modseq of the last change
 * of a type; and those of several types for push (RFC 8620, 7.1).
 */
#include "base/span.h"
#include "jmap/internal.h"
#include "store/change.h"
#include "json/write.h"

static const struct {
    const char *name;
    unsigned bit;
    enum smail__object object;
} types[] = {
    { "Mailbox", 1u << SMAIL__OBJECT_MAILBOX, SMAIL__OBJECT_MAILBOX },
    { "Email", 1u << SMAIL__OBJECT_EMAIL, SMAIL__OBJECT_EMAIL },
    { "EmailDelivery", SMAIL__JMAP_EMAIL_DELIVERY, SMAIL__OBJECT_EMAIL },
    { "Thread", 1u << SMAIL__OBJECT_THREAD, SMAIL__OBJECT_THREAD },
    { "Identity", 1u << SMAIL__OBJECT_IDENTITY, SMAIL__OBJECT_IDENTITY },
    { "EmailSubmission", 1u << SMAIL__OBJECT_SUBMISSION,
      SMAIL__OBJECT_SUBMISSION },
};
#define TYPES (sizeof(types) / sizeof(types[0]))

int smail__jmap_type_state(char out[SMAIL__JMAP_STATE_SIZE],
                           struct smail__db *db, smail_id account,
                           enum smail__object type, smail_error *err)
{
    int64_t modseq = 0;
    int code = smail__change_state(&modseq, db, account, type, err);

    smail__format(out, SMAIL__JMAP_STATE_SIZE, "%lld", (long long)modseq);
    return code;
}

int smail__jmap_current_state(char out[SMAIL__JMAP_STATE_SIZE],
                              struct smail__jmap *jmap, smail_id account,
                              enum smail__object type, smail_error *err)
{
    struct smail__db *db;
    int code = smail__store_begin_read(&db, jmap->store, err);

    if (code < 0)
        return code;
    code = smail__jmap_type_state(out, db, account, type, err);
    smail__store_end_read(jmap->store, db);
    return code;
}

unsigned smail__jmap_types(smail_span names)
{
    unsigned found = 0;

    while (names.len > 0) {
        smail_span name = smail__span_trim(smail__span_cut(&names, ','));

        if (smail__span_is(name, "*"))
            return SMAIL__JMAP_ALL_TYPES;
        for (size_t i = 0; i < TYPES; i++)
            if (smail__span_is(name, types[i].name))
                found |= types[i].bit;
    }
    return found;
}

/* The last email that was created: what EmailDelivery tells of is new mail,
 * not what becomes of it (RFC 8621, 1.5). */
static int delivery_state(char out[SMAIL__JMAP_STATE_SIZE],
                          struct smail__db *db, smail_id account,
                          smail_error *err)
{
    static const char sql[] =
        "SELECT id FROM email WHERE account = $1 ORDER BY id DESC LIMIT 1";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);
    int64_t id = 0;

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    code = smail__statement_step(row, err);
    if (code > 0)
        id = smail__column_int(row, 0);
    smail__statement_reset(row);
    smail__format(out, SMAIL__JMAP_STATE_SIZE, "%lld", (long long)id);
    return code < 0 ? code : 0;
}

static int put_states(struct smail__json *json, struct smail__db *db,
                      smail_id account, unsigned wanted, smail_error *err)
{
    char state[SMAIL__JMAP_STATE_SIZE];

    for (size_t i = 0; i < TYPES; i++) {
        int code;

        if ((wanted & types[i].bit) == 0)
            continue;
        if (types[i].bit == SMAIL__JMAP_EMAIL_DELIVERY)
            code = delivery_state(state, db, account, err);
        else
            code = smail__jmap_type_state(state, db, account, types[i].object,
                                          err);
        if (code < 0)
            return code;
        smail__json_key(json, types[i].name);
        smail__json_string(json, state);
    }
    return 0;
}

int smail__jmap_state(struct smail__buf *out, struct smail__jmap *jmap,
                      smail_id account, unsigned wanted, smail_error *err)
{
    char id[SMAIL__JMAP_ID_SIZE];
    struct smail__json json;
    struct smail__db *db;
    int code = smail__store_begin_read(&db, jmap->store, err);

    if (code < 0)
        return code;
    smail__json_init(&json, out);
    smail__json_begin_object(&json);
    smail__json_key(&json, "@type");
    smail__json_string(&json, "StateChange");
    smail__json_key(&json, "changed");
    smail__json_begin_object(&json);
    smail__json_key(&json,
                    smail__jmap_id_text(id, SMAIL__JMAP_ACCOUNT, account));
    smail__json_begin_object(&json);
    code = put_states(&json, db, account, wanted, err);
    smail__store_end_read(jmap->store, db);
    smail__json_end_object(&json);
    smail__json_end_object(&json);
    smail__json_end_object(&json);
    return code < 0 ? code : smail__buf_error(out);
}
