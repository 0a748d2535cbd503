/* SPDX-License-Identifier: MIT */
/*
 * store/known.c - see store/known.h. The index by content is made when an
 * account imports: a delivery would have to write one more page for it.
 */
#include "store/known.h"

#include <string.h>

#include "base/error.h"

/* Messages that one step notes: far below 20 ms. */
#define STEP 500

struct noted {
    smail_id email;
    int64_t hash;
};

struct step {
    smail_id account, end;
    struct noted list[STEP];
    size_t count;
};

static int64_t hash_of(const unsigned char *sha256)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | sha256[i];
    return (int64_t)value;
}

/* --- What came otherwise ------------------------------------------------- */

static const char end_sql[] =
    "SELECT email FROM email_content_end WHERE account = $1";
static const char next_sql[] =
    "SELECT e.id, b.sha256 FROM email e JOIN blob b ON b.id = e.blob "
    "WHERE e.account = $1 AND e.id > $2 ORDER BY e.id LIMIT $3";
static const char note_sql[] =
    "INSERT INTO email_content (account, hash, email) VALUES ($1, $2, $3) "
    "ON CONFLICT DO NOTHING";
static const char end_here_sql[] =
    "INSERT INTO email_content_end (account, email) VALUES ($1, $2) "
    "ON CONFLICT (account) DO UPDATE SET email = excluded.email";

static int read_rows(struct step *step, struct smail__db *db, smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, next_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, step->account);
    smail__bind_int(row, 2, step->end);
    smail__bind_int(row, 3, STEP);
    while ((code = smail__statement_step(row, err)) > 0) {
        smail_span sha256 = smail__column_span(row, 1);

        step->end = smail__column_int(row, 0);
        step->list[step->count].email = step->end;
        step->list[step->count++].hash =
            sha256.len >= 8 ? hash_of((const unsigned char *)sha256.data) : 0;
        if (step->count == STEP)
            break;
    }
    smail__statement_reset(row);
    return code < 0 ? code : 0;
}

static int read_step(struct step *step, smail_store *store, smail_error *err)
{
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    step->count = 0;
    if (step->end < 0) {
        code = smail__db_value(&step->end, db, end_sql, step->account,
                               INT64_MIN, err);
        if (code == SMAIL_ENOTFOUND) {
            step->end = 0;
            code = 0;
        }
    }
    if (code == 0)
        code = read_rows(step, db, err);
    smail__store_end_read(store, db);
    return code;
}

static int note(smail_tx *tx, smail_id account, int64_t hash, smail_id email,
                smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, smail__tx_db(tx), note_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, hash);
    smail__bind_int(row, 3, email);
    return smail__statement_run(row, err);
}

static int write_step(smail_tx *tx, void *arg, smail_error *err)
{
    const struct step *step = arg;
    struct smail__statement *row;
    int code = 0;

    for (size_t i = 0; code == 0 && i < step->count; i++)
        code = note(tx, step->account, step->list[i].hash, step->list[i].email,
                    err);
    if (code == 0)
        code = smail__db_prepare(&row, smail__tx_db(tx), end_here_sql, err);
    if (code < 0)
        return code;
    smail__bind_int(row, 1, step->account);
    smail__bind_int(row, 2, step->end);
    return smail__statement_run(row, err);
}

int smail__known_catch_up(smail_store *store, smail_id account,
                          bool (*more)(void *user), void *user,
                          smail_error *err)
{
    struct step step = { .account = account, .end = -1 };
    int code;

    do {
        code = read_step(&step, store, err);
        if (code == 0 && step.count > 0)
            code = smail__store_write(store, write_step, &step, err);
    } while (code == 0 && step.count == STEP && (more == NULL || more(user)));
    return code;
}

/* --- Asking -------------------------------------------------------------- */

static const char find_sql[] =
    "SELECT c.email FROM email_content c "
    "JOIN email e ON e.account = c.account AND e.id = c.email "
    "JOIN blob b ON b.id = e.blob "
    "WHERE c.account = $1 AND c.hash = $2 AND b.sha256 = $3 LIMIT 1";

static int find(smail_id *out, struct smail__db *db, smail_id account,
                const unsigned char *sha256, smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, find_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, hash_of(sha256));
    smail__bind_blob(row, 3,
                     (smail_span){ (const char *)sha256, SMAIL__SHA256_LEN });
    code = smail__statement_step(row, err);
    if (code > 0)
        *out = smail__column_int(row, 0);
    smail__statement_reset(row);
    if (code == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "no message has these bytes");
    return code < 0 ? code : 0;
}

int smail__known_find(smail_id *out, smail_store *store, smail_id account,
                      const unsigned char sha256[SMAIL__SHA256_LEN],
                      smail_error *err)
{
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    code = find(out, db, account, sha256, err);
    smail__store_end_read(store, db);
    return code;
}

static int look(smail_tx *tx, struct smail_append *append, void *arg,
                smail_error *err)
{
    struct smail__known *known = arg;
    int code;

    known->account = append->goals[0].account;
    if (!known->refuse)
        return 0;
    code = find(&known->email, smail__tx_db(tx), known->account, append->sha256,
                err);
    if (code == 0)
        return smail__fail(err, SMAIL_EEXISTS, "the account has it already");
    return code == SMAIL_ENOTFOUND ? 0 : code;
}

static int note_new(smail_tx *tx, struct smail_append *append, void *arg,
                    smail_error *err)
{
    const struct smail__known *known = arg;

    return note(tx, known->account, hash_of(append->sha256),
                append->results[append->goals[0].index].email, err);
}

void smail__append_known(struct smail_append *append,
                         struct smail__known *known)
{
    append->first = look;
    append->first_arg = known;
    smail__append_also(append, note_new, known);
}

static const char digest_sql[] =
    "SELECT b.sha256 FROM email e JOIN blob b ON b.id = e.blob "
    "WHERE e.account = $1 AND e.id = $2";

static int read_digest(unsigned char *out, struct smail__db *db,
                       smail_id account, smail_id email, smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, digest_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    smail__bind_int(row, 2, email);
    code = smail__statement_step(row, err);
    if (code > 0 && smail__column_span(row, 0).len == SMAIL__SHA256_LEN)
        memcpy(out, smail__column_span(row, 0).data, SMAIL__SHA256_LEN);
    smail__statement_reset(row);
    if (code == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no message %lld",
                           (long long)email);
    return code < 0 ? code : 0;
}

int smail__email_digest(unsigned char out[SMAIL__SHA256_LEN],
                        smail_store *store, smail_id account, smail_id email,
                        smail_error *err)
{
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    memset(out, 0, SMAIL__SHA256_LEN);
    code = read_digest(out, db, account, email, err);
    smail__store_end_read(store, db);
    return code;
}
