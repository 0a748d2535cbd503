/* SPDX-License-Identifier: MIT */
/* account/totp.c - see account/totp.h. */
#include "account/totp.h"

#include <string.h>

#include "base/error.h"
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
    "SELECT secret, confirmed_at, last_step FROM totp WHERE account = $1";
static const char sql_forget[] = "DELETE FROM totp WHERE account = $1";
static const char sql_insert[] =
    "INSERT INTO totp (account, secret) VALUES ($1, $2)";
static const char sql_confirm[] =
    "UPDATE totp SET confirmed_at = $1, last_step = $2 WHERE account = $3";
static const char sql_step[] =
    "UPDATE totp SET last_step = $1 WHERE account = $2";

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
    int64_t confirmed_at, last_step;
};

struct job {
    smail_id account;
    int64_t now;
    smail_span code;
    unsigned char secret[SMAIL__TOTP_SECRET_LEN];
    unsigned char hashes[SMAIL__RECOVERY_CODES][SMAIL__SHA256_LEN];
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
    smail__statement_reset(statement);
    return rc;
}

/* --- Recovery codes ------------------------------------------------------ */

static int generate(struct smail__recovery_codes *out, struct job *job,
                    smail_error *err)
{
    unsigned char bytes[SMAIL__RECOVERY_CODES][LETTERS];
    char letters[LETTERS];
    int rc = smail__random(bytes, sizeof(bytes), err);

    for (size_t i = 0; rc == 0 && i < SMAIL__RECOVERY_CODES; i++) {
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

    for (int i = 0; rc == 0 && i < SMAIL__RECOVERY_CODES; i++) {
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

static int use_code(struct smail__db *db, const struct job *job,
                    smail_error *err)
{
    unsigned char hash[SMAIL__SHA256_LEN];
    struct smail__statement *statement;
    char letters[LETTERS];
    int rc;

    if (!letters_of(letters, job->code))
        return smail__fail(err, SMAIL_EAUTH, "wrong code");
    smail__sha256(hash, (smail_span){ letters, LETTERS });
    smail__wipe(letters, sizeof(letters));
    rc = smail__db_prepare(&statement, db, sql_code_use, err);
    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, job->now);
    smail__bind_int(statement, 2, job->account);
    smail__bind_blob(statement, 3, bytes_of(hash, sizeof(hash)));
    rc = smail__statement_run(statement, err);
    if (rc == 0 && smail__db_changes(db) == 0)
        rc = smail__fail(err, SMAIL_EAUTH, "wrong code");
    return rc;
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
    const struct job *job = arg;
    struct row row;
    int64_t step;
    int rc = find(&row, db, job->account, err);

    if (rc < 0)
        return rc;
    if (rc == 0 || row.confirmed_at != 0)
        return smail__fail(err, SMAIL_ESTATE,
                           "there is no second factor to confirm");
    step = smail__totp_step(bytes_of(row.secret, sizeof(row.secret)), job->code,
                            job->now, row.last_step);
    smail__wipe(&row, sizeof(row));
    if (step == 0)
        return smail__fail(err, SMAIL_EAUTH, "wrong code");
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
    const struct job *job = arg;
    struct row row;
    int64_t step;
    int rc = find(&row, db, job->account, err);

    if (rc < 0)
        return rc;
    if (rc == 0 || row.confirmed_at == 0)
        return smail__fail(err, SMAIL_EAUTH, "wrong code");
    step = smail__totp_step(bytes_of(row.secret, sizeof(row.secret)), job->code,
                            job->now, row.last_step);
    smail__wipe(&row, sizeof(row));
    if (step != 0)
        return put_step(db, job->account, step, err);
    return use_code(db, job, err);
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

int smail__totp_begin(unsigned char secret[SMAIL__TOTP_SECRET_LEN],
                      smail_store *store, smail_id account, smail_error *err)
{
    struct job job = { .account = account };
    int rc = smail__random(job.secret, sizeof(job.secret), err);

    if (rc == 0)
        rc = smail__store_write(store, begin, &job, err);
    if (rc == 0)
        memcpy(secret, job.secret, sizeof(job.secret));
    smail__wipe(&job, sizeof(job));
    return rc;
}

int smail__totp_confirm(struct smail__recovery_codes *out, smail_store *store,
                        smail_id account, smail_span code, int64_t now,
                        smail_error *err)
{
    struct job job = { .account = account, .now = now, .code = code };
    int rc = generate(out, &job, err);

    if (rc == 0)
        rc = smail__store_write(store, confirm, &job, err);
    if (rc != 0)
        smail__wipe(out, sizeof(*out));
    return rc;
}

int smail__totp_check(smail_store *store, smail_id account, smail_span code,
                      int64_t now, smail_error *err)
{
    struct job job = { .account = account, .now = now, .code = code };

    return smail__store_write(store, check, &job, err);
}

int smail__totp_renew_codes(struct smail__recovery_codes *out,
                            smail_store *store, smail_id account,
                            smail_error *err)
{
    struct job job = { .account = account };
    int rc = generate(out, &job, err);

    if (rc == 0)
        rc = smail__store_write(store, renew, &job, err);
    if (rc != 0)
        smail__wipe(out, sizeof(*out));
    return rc;
}

int smail__totp_disable(smail_store *store, smail_id account, smail_error *err)
{
    struct job job = { .account = account };

    return smail__store_write(store, disable, &job, err);
}

static int read_status(struct smail__totp_status *out, struct smail__db *db,
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

int smail__totp_status(struct smail__totp_status *out, smail_store *store,
                       smail_id account, smail_error *err)
{
    struct smail__db *db;
    int rc = smail__store_begin_read(&db, store, err);

    *out = (struct smail__totp_status){ 0, 0 };
    if (rc != 0)
        return rc;
    rc = read_status(out, db, account, err);
    smail__store_end_read(store, db);
    return rc;
}
