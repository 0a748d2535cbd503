/* SPDX-License-Identifier: MIT */
/* account/totp.c - see <smtpmail/totp.h>. */
#include <smtpmail/totp.h>

#include <string.h>

#include <smtpmail/account.h>

#include "account/totp_code.h"

#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "store/store.h"

#define LETTERS 16
#define GROUP 4

/* Without l and o, which look like 1 and 0. */
static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";

static const char sql_find[] =
    "SELECT secret, confirmed_at, last_step, next_try FROM totp"
    " WHERE account = $1";
static const char sql_forget[] = "DELETE FROM totp WHERE account = $1";
static const char sql_insert[] =
    "INSERT INTO totp (account, secret) VALUES ($1, $2)";
static const char sql_confirm[] =
    "UPDATE totp SET confirmed_at = $1, last_step = $2 WHERE account = $3";
static const char sql_step[] =
    "UPDATE totp SET last_step = $1, next_try = 0 WHERE account = $2";
static const char sql_missed[] =
    "UPDATE totp SET next_try = $1 WHERE account = $2";

/* What was remembered of the password alone does not count any more. */
static const char sql_version[] =
    "UPDATE account SET credential_version = credential_version + 1"
    " WHERE id = $1";

static const char sql_codes_forget[] =
    "DELETE FROM recovery_code WHERE account = $1";
static const char sql_code_insert[] =
    "INSERT INTO recovery_code (account, id, code) VALUES ($1, $2, $3)";
static const char sql_code_use[] =
    "UPDATE recovery_code SET used_at = $1 WHERE account = $2 AND code = $3"
    " AND used_at = 0";
static const char sql_codes_left[] =
    "SELECT count(*) FROM recovery_code WHERE account = $1 AND used_at = 0";

struct row {
    unsigned char secret[SMAIL__TOTP_SECRET_LEN];
    int64_t confirmed_at, last_step, next_try;
};

struct job {
    smail_id account;
    int64_t now;
    smail_span code;
    int64_t wait;  /* out: seconds until a code is looked at */
    bool is_wrong; /* out */
    unsigned char secret[SMAIL__TOTP_SECRET_LEN];
    unsigned char hashes[SMAIL_TOTP_CODES][SMAIL__SHA256_LEN];
};

static smail_span bytes_of(const unsigned char *data, size_t len)
{
    return (smail_span){ (const char *)data, len };
}

static int run_for(struct smail__db *db, const char *sql, smail_id account,
                   smail_error *err)
{
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, db, sql, err);

    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, account);
    return smail__statement_run(statement, err);
}

/* 1, or 0 when there is none. */
static int find(struct row *out, struct smail__db *db, smail_id account,
                smail_error *err)
{
    struct smail__statement *statement;
    smail_span secret;
    int rc = smail__db_prepare(&statement, db, sql_find, err);

    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, account);
    rc = smail__statement_step(statement, err);
    if (rc != 1)
        return rc;
    secret = smail__column_span(statement, 0);
    if (secret.len == sizeof(out->secret))
        memcpy(out->secret, secret.data, secret.len);
    else
        rc = smail__fail(err, SMAIL_ECORRUPT, "a secret has the wrong length");
    out->confirmed_at = smail__column_int(statement, 1);
    out->last_step = smail__column_int(statement, 2);
    out->next_try = smail__column_int(statement, 3);
    smail__statement_reset(statement);
    return rc;
}

/* --- Recovery codes ------------------------------------------------------ */

static int generate(smail_totp_codes *out, struct job *job, smail_error *err)
{
    unsigned char bytes[SMAIL_TOTP_CODES][LETTERS];
    char letters[LETTERS];
    int rc = smail__random(bytes, sizeof(bytes), err);

    for (size_t i = 0; rc == 0 && i < SMAIL_TOTP_CODES; i++) {
        size_t at = 0;

        for (size_t k = 0; k < LETTERS; k++) {
            letters[k] = alphabet[bytes[i][k] % (sizeof(alphabet) - 1)];
            if (k > 0 && k % GROUP == 0)
                out->text[i][at++] = '-';
            out->text[i][at++] = letters[k];
        }
        out->text[i][at] = '\0';
        smail__sha256(job->hashes[i], (smail_span){ letters, LETTERS });
    }
    smail__wipe(bytes, sizeof(bytes));
    smail__wipe(letters, sizeof(letters));
    return rc;
}

/* The letters alone, folded; false when it cannot be one of ours. */
static bool letters_of(char out[LETTERS], smail_span text)
{
    size_t len = 0;

    if (text.len > 2 * LETTERS)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char byte = smail__lower(text.data[i]);

        if (byte == '-' || byte == ' ')
            continue;
        if (byte == '\0' || strchr(alphabet, byte) == NULL || len == LETTERS)
            return false;
        out[len++] = byte;
    }
    return len == LETTERS;
}

static int put_codes(struct smail__db *db, const struct job *job,
                     smail_error *err)
{
    struct smail__statement *statement;
    int rc = run_for(db, sql_codes_forget, job->account, err);

    for (int i = 0; rc == 0 && i < SMAIL_TOTP_CODES; i++) {
        rc = smail__db_prepare(&statement, db, sql_code_insert, err);
        if (rc != 0)
            return rc;
        smail__bind_int(statement, 1, job->account);
        smail__bind_int(statement, 2, i + 1);
        smail__bind_blob(statement, 3,
                         bytes_of(job->hashes[i], SMAIL__SHA256_LEN));
        rc = smail__statement_run(statement, err);
    }
    return rc;
}

/* Whether it was one, in `is_wrong`. */
static int use_code(struct smail__db *db, struct job *job, smail_error *err)
{
    unsigned char hash[SMAIL__SHA256_LEN];
    struct smail__statement *statement;
    char letters[LETTERS];
    int rc;

    job->is_wrong = true;
    if (!letters_of(letters, job->code))
        return 0;
    smail__sha256(hash, (smail_span){ letters, LETTERS });
    smail__wipe(letters, sizeof(letters));
    rc = smail__db_prepare(&statement, db, sql_code_use, err);
    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, job->now);
    smail__bind_int(statement, 2, job->account);
    smail__bind_blob(statement, 3, bytes_of(hash, sizeof(hash)));
    rc = smail__statement_run(statement, err);
    job->is_wrong = rc == 0 && smail__db_changes(db) == 0;
    return rc;
}

/* --- Guessing ------------------------------------------------------------ */

/* next_try is when the account would have no wrong code to its name; it moves
 * on by a while with each, and while it is too far ahead none is looked at.
 * Not in memory: programs that guess by turns are counted together. */
static bool must_wait(struct job *job, const struct row *row)
{
    int64_t ahead = row->next_try - job->now;
    int64_t free = (int64_t)(SMAIL_TOTP_TRIES - 1) * SMAIL_TOTP_TRY_SECONDS;

    if (ahead > free + SMAIL_TOTP_TRY_SECONDS) /* the clock was set back */
        ahead = free + SMAIL_TOTP_TRY_SECONDS;
    job->wait = ahead > free ? ahead - free : 0;
    return job->wait > 0;
}

static int set_next_try(struct smail__db *db, smail_id account, int64_t at,
                        smail_error *err)
{
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, db, sql_missed, err);

    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, at);
    smail__bind_int(statement, 2, account);
    return smail__statement_run(statement, err);
}

static int count_miss(struct smail__db *db, struct job *job,
                      const struct row *row, smail_error *err)
{
    int64_t from = row->next_try > job->now ? row->next_try : job->now;

    job->is_wrong = true;
    return set_next_try(db, job->account, from + SMAIL_TOTP_TRY_SECONDS, err);
}

/* Of a job that has done what it was to do. */
static int verdict_of(const struct job *job, smail_error *err)
{
    if (job->wait > 0)
        return smail__fail(err, SMAIL_EBUSY,
                           "too many wrong codes; try again in %lld seconds",
                           (long long)job->wait);
    return job->is_wrong ? smail__fail(err, SMAIL_EAUTH, "wrong code") : 0;
}

/* --- Writing ------------------------------------------------------------- */

static int begin(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    struct smail__statement *statement;
    const struct job *job = arg;
    struct row row;
    int rc = find(&row, db, job->account, err);

    if (rc < 0)
        return rc;
    if (rc == 1 && row.confirmed_at != 0)
        return smail__fail(err, SMAIL_ESTATE,
                           "two-step log-in is already in force");
    rc = run_for(db, sql_forget, job->account, err);
    if (rc == 0)
        rc = smail__db_prepare(&statement, db, sql_insert, err);
    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, job->account);
    smail__bind_blob(statement, 2, bytes_of(job->secret, sizeof(job->secret)));
    return smail__statement_run(statement, err);
}

static int put_confirmed(struct smail__db *db, const struct job *job,
                         int64_t step, smail_error *err)
{
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, db, sql_confirm, err);

    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, job->now);
    smail__bind_int(statement, 2, step);
    smail__bind_int(statement, 3, job->account);
    return smail__statement_run(statement, err);
}

static int confirm(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    struct job *job = arg;
    struct row row;
    int64_t step;
    int rc = find(&row, db, job->account, err);

    if (rc < 0)
        return rc;
    if (rc == 0 || row.confirmed_at != 0)
        return smail__fail(err, SMAIL_ESTATE,
                           "there is no second factor to confirm");
    if (must_wait(job, &row))
        return 0;
    step = smail__totp_step(bytes_of(row.secret, sizeof(row.secret)), job->code,
                            job->now, row.last_step);
    smail__wipe(row.secret, sizeof(row.secret));
    if (step == 0)
        return count_miss(db, job, &row, err);
    rc = put_confirmed(db, job, step, err);
    if (rc == 0)
        rc = put_codes(db, job, err);
    return rc != 0 ? rc : run_for(db, sql_version, job->account, err);
}

static int put_step(struct smail__db *db, smail_id account, int64_t step,
                    smail_error *err)
{
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, db, sql_step, err);

    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, step);
    smail__bind_int(statement, 2, account);
    return smail__statement_run(statement, err);
}

/* Look and take in one transaction: two at once do not both get in. */
static int check(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    struct job *job = arg;
    struct row row;
    int64_t step;
    int rc = find(&row, db, job->account, err);

    if (rc < 0)
        return rc;
    if (rc == 0 || row.confirmed_at == 0) {
        job->is_wrong = true;
        return 0;
    }
    if (must_wait(job, &row))
        return 0;
    step = smail__totp_step(bytes_of(row.secret, sizeof(row.secret)), job->code,
                            job->now, row.last_step);
    smail__wipe(row.secret, sizeof(row.secret));
    if (step != 0)
        return put_step(db, job->account, step, err);
    rc = use_code(db, job, err);
    if (rc != 0)
        return rc;
    return job->is_wrong ? count_miss(db, job, &row, err)
                         : set_next_try(db, job->account, 0, err);
}

static int renew(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    const struct job *job = arg;
    struct row row;
    int rc = find(&row, db, job->account, err);

    if (rc < 0)
        return rc;
    if (rc == 0 || row.confirmed_at == 0)
        return smail__fail(err, SMAIL_ESTATE, "two-step log-in is off");
    smail__wipe(&row, sizeof(row));
    return put_codes(db, job, err);
}

static int disable(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    const struct job *job = arg;
    int rc = run_for(db, sql_codes_forget, job->account, err);

    if (rc == 0)
        rc = run_for(db, sql_forget, job->account, err);
    return rc;
}

/* --- Calls --------------------------------------------------------------- */

struct label {
    const char *issuer;
    const unsigned char *secret;
    smail_totp_secret *out;
    bool is_too_long;
};

static int write_secret(const smail_account *account, void *user)
{
    struct label *label = user;
    smail_span address = smail__span(account->address), domain = address;
    struct smail__buf uri;

    (void)smail__span_cut(&domain, '@');
    if (label->issuer != NULL)
        domain = smail__span(label->issuer);
    smail__totp_text(label->out->text, label->secret);
    smail__buf_init(&uri, sizeof(label->out->uri) - 1, NULL);
    smail__totp_uri(&uri, domain, address, label->secret);
    label->is_too_long = smail__buf_error(&uri) != 0;
    smail__format(label->out->uri, sizeof(label->out->uri), "%.*s",
                  SMAIL__SPAN_ARG(smail__buf_span(&uri)));
    if (uri.len > 0)
        smail__wipe(uri.data, uri.len);
    smail__buf_dispose(&uri);
    return 0;
}

int smail_totp_begin(smail_totp_secret *out, smail_store *store,
                     smail_id account, const char *issuer, smail_error *err)
{
    struct job job = { .account = account };
    struct label label = { issuer, job.secret, out, false };
    int rc = smail__random(job.secret, sizeof(job.secret), err);

    if (rc == 0)
        rc = smail_account_get(store, account, write_secret, &label, err);
    if (rc == 0 && label.is_too_long)
        rc = smail__fail(err, SMAIL_ELIMIT, "the issuer's name is too long");
    if (rc == 0)
        rc = smail__store_write(store, begin, &job, err);
    smail__wipe(&job, sizeof(job));
    if (rc != 0)
        smail__wipe(out, sizeof(*out));
    return rc;
}

int smail_totp_confirm(smail_totp_codes *out, smail_store *store,
                       smail_id account, smail_span code, int64_t now,
                       smail_error *err)
{
    struct job job = { .account = account, .now = now, .code = code };
    int rc = generate(out, &job, err);

    if (rc == 0)
        rc = smail__store_write(store, confirm, &job, err);
    if (rc == 0)
        rc = verdict_of(&job, err);
    if (rc != 0)
        smail__wipe(out, sizeof(*out));
    return rc;
}

int smail_totp_check(smail_store *store, smail_id account, smail_span code,
                     int64_t now, smail_error *err)
{
    struct job job = { .account = account, .now = now, .code = code };
    int rc = smail__store_write(store, check, &job, err);

    return rc == 0 ? verdict_of(&job, err) : rc;
}

int smail_totp_renew_codes(smail_totp_codes *out, smail_store *store,
                           smail_id account, smail_error *err)
{
    struct job job = { .account = account };
    int rc = generate(out, &job, err);

    if (rc == 0)
        rc = smail__store_write(store, renew, &job, err);
    if (rc != 0)
        smail__wipe(out, sizeof(*out));
    return rc;
}

int smail_totp_disable(smail_store *store, smail_id account, smail_error *err)
{
    struct job job = { .account = account };

    return smail__store_write(store, disable, &job, err);
}

static int read_status(smail_totp_status *out, struct smail__db *db,
                       smail_id account, smail_error *err)
{
    struct smail__statement *statement;
    struct row row;
    int rc = find(&row, db, account, err);

    if (rc != 1 || row.confirmed_at == 0)
        return rc < 0 ? rc : 0;
    smail__wipe(row.secret, sizeof(row.secret));
    out->confirmed_at = row.confirmed_at;
    rc = smail__db_prepare(&statement, db, sql_codes_left, err);
    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, account);
    rc = smail__statement_step(statement, err);
    if (rc != 1)
        return rc;
    out->codes_left = (unsigned)smail__column_int(statement, 0);
    smail__statement_reset(statement);
    return 0;
}

int smail_totp_get(smail_totp_status *out, smail_store *store, smail_id account,
                   smail_error *err)
{
    struct smail__db *db;
    int rc = smail__store_begin_read(&db, store, err);

    *out = (smail_totp_status){ 0, 0 };
    if (rc != 0)
        return rc;
    rc = read_status(out, db, account, err);
    smail__store_end_read(store, db);
    return rc;
}
