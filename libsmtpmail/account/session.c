/* SPDX-License-Identifier: MIT */
/* account/session.c - see account/session.h. */
#include "account/session.h"

#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "crypto/digest.h"
#include "crypto/random.h"

/* A use is written down once in so many seconds: reading mail is not to cost
 * a commit for each click. */
#define TOUCH_SECONDS 300

#define SWEEP_ROWS "500"

static const char sql_insert[] =
    "INSERT INTO session (account, id, token, created_at, expires_at,"
    " last_used, peer) VALUES ($1, $2, $3, $4, $5, $6, $7)";

static const char sql_find[] =
    "SELECT s.id, s.account, s.created_at, s.expires_at, s.last_used, s.peer"
    " FROM session s JOIN account a ON a.id = s.account"
    " WHERE s.token = $1 AND s.expires_at > $2 AND a.is_disabled = 0";

static const char sql_list[] =
    "SELECT id, account, created_at, expires_at, last_used, peer"
    " FROM session WHERE account = $1 AND expires_at > $2"
    " ORDER BY created_at DESC, id DESC";

static const char sql_touch[] =
    "UPDATE session SET last_used = $1, expires_at = $2"
    " WHERE account = $3 AND id = $4";

static const char sql_end[] =
    "DELETE FROM session WHERE account = $1 AND id = $2";

static const char sql_end_others[] =
    "DELETE FROM session WHERE account = $1 AND id <> $2";

/* All but the newest, of which there is room for one more. */
static const char sql_make_room[] =
    "DELETE FROM session WHERE account = $1 AND id NOT IN"
    " (SELECT id FROM session WHERE account = $2"
    " ORDER BY last_used DESC, id DESC LIMIT $3)";

static const char sql_sweep[] =
    "DELETE FROM session WHERE token IN (SELECT token FROM session"
    " WHERE expires_at <= $1 LIMIT " SWEEP_ROWS ")";

struct job {
    unsigned char hash[SMAIL__SHA256_LEN];
    struct smail__session session;
};

static smail_span hash_span(const unsigned char hash[SMAIL__SHA256_LEN])
{
    return (smail_span){ (const char *)hash, SMAIL__SHA256_LEN };
}

static int64_t expiry(int64_t created_at, int64_t now)
{
    int64_t end = created_at + SMAIL__SESSION_LIFE;
    int64_t idle = now + SMAIL__SESSION_IDLE;

    return idle < end ? idle : end;
}

static void read_row(struct smail__session *out,
                     struct smail__statement *statement)
{
    smail_span peer = smail__column_span(statement, 5);

    out->id = smail__column_int(statement, 0);
    out->account = smail__column_int(statement, 1);
    out->created_at = smail__column_int(statement, 2);
    out->expires_at = smail__column_int(statement, 3);
    out->last_used = smail__column_int(statement, 4);
    smail__format(out->peer, sizeof(out->peer), "%.*s", SMAIL__SPAN_ARG(peer));
}

/* --- Beginning ----------------------------------------------------------- */

static int make_room(struct smail__db *db, smail_id account, smail_error *err)
{
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, db, sql_make_room, err);

    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, account);
    smail__bind_int(statement, 2, account);
    smail__bind_int(statement, 3, SMAIL__SESSIONS_MAX - 1);
    return smail__statement_run(statement, err);
}

static int insert(smail_tx *tx, void *arg, smail_error *err)
{
    struct job *job = arg;
    struct smail__session *session = &job->session;
    struct smail__statement *statement;
    int rc = make_room(smail__tx_db(tx), session->account, err);

    if (rc == 0)
        rc = smail__tx_next_id(&session->id, tx, session->account, err);
    if (rc == 0)
        rc = smail__db_prepare(&statement, smail__tx_db(tx), sql_insert, err);
    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, session->account);
    smail__bind_int(statement, 2, session->id);
    smail__bind_blob(statement, 3, hash_span(job->hash));
    smail__bind_int(statement, 4, session->created_at);
    smail__bind_int(statement, 5, session->expires_at);
    smail__bind_int(statement, 6, session->last_used);
    smail__bind_text(statement, 7, smail__span(session->peer));
    return smail__statement_run(statement, err);
}

int smail__session_begin(char token[SMAIL__TOKEN_SIZE],
                         struct smail__session *out, smail_store *store,
                         smail_id account, const char *peer, int64_t now,
                         smail_error *err)
{
    unsigned char bytes[SMAIL__TOKEN_LEN / 2];
    struct job job = { .session = { .account = account,
                                    .created_at = now,
                                    .expires_at = expiry(now, now),
                                    .last_used = now } };
    int rc = smail__random(bytes, sizeof(bytes), err);

    if (rc != 0)
        return rc;
    smail__hex_encode(token, bytes, sizeof(bytes));
    smail__wipe(bytes, sizeof(bytes));
    smail__sha256(job.hash, (smail_span){ token, SMAIL__TOKEN_LEN });
    smail__format(job.session.peer, sizeof(job.session.peer), "%s", peer);
    rc = smail__store_write(store, insert, &job, err);
    if (rc != 0)
        return rc;
    *out = job.session;
    return 0;
}

/* --- Finding ------------------------------------------------------------- */

static int touch(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__session *session = arg;
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, smail__tx_db(tx), sql_touch, err);

    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, session->last_used);
    smail__bind_int(statement, 2, session->expires_at);
    smail__bind_int(statement, 3, session->account);
    smail__bind_int(statement, 4, session->id);
    return smail__statement_run(statement, err);
}

static int find(struct smail__session *out, struct smail__db *db,
                const unsigned char hash[SMAIL__SHA256_LEN], int64_t now,
                smail_error *err)
{
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, db, sql_find, err);

    if (rc != 0)
        return rc;
    smail__bind_blob(statement, 1, hash_span(hash));
    smail__bind_int(statement, 2, now);
    rc = smail__statement_step(statement, err);
    if (rc == 0)
        return smail__fail(err, SMAIL_EAUTH, "no such session");
    if (rc < 0)
        return rc;
    read_row(out, statement);
    smail__statement_reset(statement);
    return 0;
}

int smail__session_find(struct smail__session *out, smail_store *store,
                        smail_span token, int64_t now, smail_error *err)
{
    unsigned char hash[SMAIL__SHA256_LEN];
    struct smail__db *db;
    int rc;

    if (token.len != SMAIL__TOKEN_LEN)
        return smail__fail(err, SMAIL_EAUTH, "no such session");
    smail__sha256(hash, token);
    rc = smail__store_begin_read(&db, store, err);
    if (rc != 0)
        return rc;
    rc = find(out, db, hash, now, err);
    smail__store_end_read(store, db);
    if (rc != 0 || now - out->last_used < TOUCH_SECONDS)
        return rc;
    out->last_used = now;
    out->expires_at = expiry(out->created_at, now);
    /* Who is logged in stays so on a full disk, too. */
    (void)smail__store_write(store, touch, out, NULL);
    return 0;
}

int smail__session_list(smail_store *store, smail_id account, int64_t now,
                        int (*each)(const struct smail__session *session,
                                    void *user),
                        void *user, smail_error *err)
{
    struct smail__statement *statement;
    struct smail__session session;
    struct smail__db *db;
    int rc = smail__store_begin_read(&db, store, err);

    if (rc != 0)
        return rc;
    rc = smail__db_prepare(&statement, db, sql_list, err);
    if (rc != 0)
        goto out;
    smail__bind_int(statement, 1, account);
    smail__bind_int(statement, 2, now);
    while ((rc = smail__statement_step(statement, err)) == 1) {
        read_row(&session, statement);
        rc = each(&session, user);
        if (rc != 0)
            break;
    }
    smail__statement_reset(statement);
out:
    smail__store_end_read(store, db);
    return rc;
}

/* --- Ending -------------------------------------------------------------- */

struct end {
    const char *sql;
    int64_t first, second;
    bool must_exist;
};

static int end(smail_tx *tx, void *arg, smail_error *err)
{
    struct end *job = arg;
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, smail__tx_db(tx), job->sql, err);

    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, job->first);
    if (job->sql != sql_sweep)
        smail__bind_int(statement, 2, job->second);
    rc = smail__statement_run(statement, err);
    if (rc == 0 && job->must_exist && smail__db_changes(smail__tx_db(tx)) == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "no such session");
    return rc;
}

int smail__session_end(smail_store *store, smail_id account, smail_id session,
                       smail_error *err)
{
    struct end job = { sql_end, account, session, true };

    return smail__store_write(store, end, &job, err);
}

int smail__session_end_others(smail_store *store, smail_id account,
                              smail_id kept, smail_error *err)
{
    struct end job = { sql_end_others, account, kept, false };

    return smail__store_write(store, end, &job, err);
}

int smail__session_sweep(smail_store *store, int64_t now, smail_error *err)
{
    struct end job = { sql_sweep, now, 0, false };

    return smail__store_write(store, end, &job, err);
}

/* --- Forged requests ----------------------------------------------------- */

void smail__session_csrf(char out[SMAIL__TOKEN_SIZE], smail_span token)
{
    unsigned char mac[SMAIL__SHA256_LEN];

    smail__hmac_sha256(mac, token, SMAIL__SPAN("smtpmail csrf 1"));
    smail__hex_encode(out, mac, sizeof(mac));
}

bool smail__session_csrf_is(smail_span token, smail_span csrf)
{
    char expected[SMAIL__TOKEN_SIZE];

    smail__session_csrf(expected, token);
    return csrf.len == SMAIL__TOKEN_LEN &&
           smail__equal_secret(expected, csrf.data, SMAIL__TOKEN_LEN);
}
