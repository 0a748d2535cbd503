/* SPDX-License-Identifier: MIT */
/* account/app_password.c - see account/app_password.h. */
#include "account/app_password.h"

#include <string.h>

#include <smtpmail/account.h>

#include "account/app_password_keys.h"
#include "account/name.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/utf8.h"
#include "crypto/random.h"
#include "crypto/scram.h"

/* 28 letters of 5 bits in groups of 4. */
#define LETTERS 28
#define GROUP 4

/* A use is written down once an hour: programs log in all the time. */
#define TOUCH_SECONDS 3600

/* Without l and o, which look like 1 and 0. */
static const char alphabet[] = "abcdefghijkmnpqrstuvwxyz23456789";

static const char sql_insert[] =
    "INSERT INTO app_password (account, id, name, secret, scram, created_at,"
    " expires_at, scope) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

static const char sql_count[] =
    "SELECT count(*) FROM app_password WHERE account = $1";

static const char sql_find[] =
    "SELECT p.account, p.id, p.last_used, a.address FROM app_password p"
    " JOIN account a ON a.id = p.account WHERE p.secret = $1"
    " AND (p.expires_at = 0 OR p.expires_at > $2) AND a.is_disabled = 0"
    " AND (p.scope = '' OR p.scope = $3)";

static const char sql_touch[] =
    "UPDATE app_password SET last_used = $1 WHERE account = $2 AND id = $3";

static const char sql_list[] =
    "SELECT id, created_at, expires_at, last_used, name, scope"
    " FROM app_password"
    " WHERE account = $1 ORDER BY id";

static const char sql_any[] =
    "SELECT account FROM app_password WHERE scope = '' OR scope = $1 LIMIT 1";

static const char sql_remove[] =
    "DELETE FROM app_password WHERE account = $1 AND id = $2";

struct job {
    const struct smail__app_password_wish *wish;
    smail_id id;
    int64_t now;
    unsigned char secret[SMAIL__SHA256_LEN];
    unsigned char scram[SMAIL__SCRAM_PACKED];
};

/* --- The scope ----------------------------------------------------------- */

static const char *const scopes[] = { [SMAIL__SCOPE_ALL] = "all",
                                      [SMAIL__SCOPE_SMTP] = "smtp",
                                      [SMAIL__SCOPE_JMAP] = "jmap" };

const char *smail__app_scope_name(enum smail__app_scope scope)
{
    return scopes[scope];
}

bool smail__app_scope_read(enum smail__app_scope *out, smail_span name)
{
    for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
        if (smail__span_is(name, scopes[i])) {
            *out = (enum smail__app_scope)i;
            return true;
        }
    return false;
}

/* In its row; all is "". */
static smail_span stored(enum smail__app_scope scope)
{
    return scope == SMAIL__SCOPE_ALL ? SMAIL__SPAN("")
                                     : smail__span(scopes[scope]);
}

/* --- The text ------------------------------------------------------------ */

static int generate(char out[SMAIL__APP_PASSWORD_SIZE], smail_error *err)
{
    unsigned char bytes[LETTERS];
    size_t at = 0;
    int rc = smail__random(bytes, sizeof(bytes), err);

    if (rc != 0)
        return rc;
    for (size_t i = 0; i < LETTERS; i++) {
        if (i > 0 && i % GROUP == 0)
            out[at++] = '-';
        out[at++] = alphabet[bytes[i] % (sizeof(alphabet) - 1)];
    }
    out[at] = '\0';
    smail__wipe(bytes, sizeof(bytes));
    return 0;
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

bool smail__app_password_is(smail_span text)
{
    char letters[LETTERS];
    bool result = letters_of(letters, text);

    smail__wipe(letters, sizeof(letters));
    return result;
}

static void hash(unsigned char out[SMAIL__SHA256_LEN], smail_span text)
{
    char letters[LETTERS];

    if (letters_of(letters, text))
        smail__sha256(out, (smail_span){ letters, LETTERS });
    smail__wipe(letters, sizeof(letters));
}

/* --- Adding -------------------------------------------------------------- */

static int check_count(struct smail__db *db, smail_id account, smail_error *err)
{
    struct smail__statement *statement;
    int64_t count;
    int rc = smail__db_prepare(&statement, db, sql_count, err);

    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, account);
    rc = smail__statement_step(statement, err);
    if (rc < 0)
        return rc;
    count = rc == 1 ? smail__column_int(statement, 0) : 0;
    smail__statement_reset(statement);
    if (count >= SMAIL__APP_PASSWORDS_MAX)
        return smail__fail(err, SMAIL_ELIMIT,
                           "an account has at most %d app passwords",
                           SMAIL__APP_PASSWORDS_MAX);
    return 0;
}

static int insert(smail_tx *tx, void *arg, smail_error *err)
{
    struct job *job = arg;
    struct smail__statement *statement;
    int rc = check_count(smail__tx_db(tx), job->wish->account, err);

    if (rc == 0)
        rc = smail__tx_next_id(&job->id, tx, job->wish->account, err);
    if (rc == 0)
        rc = smail__db_prepare(&statement, smail__tx_db(tx), sql_insert, err);
    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, job->wish->account);
    smail__bind_int(statement, 2, job->id);
    smail__bind_text(statement, 3, job->wish->name);
    smail__bind_blob(
        statement, 4,
        (smail_span){ (const char *)job->secret, sizeof(job->secret) });
    smail__bind_blob(
        statement, 5,
        (smail_span){ (const char *)job->scram, sizeof(job->scram) });
    smail__bind_int(statement, 6, job->now);
    smail__bind_int(statement, 7, job->wish->expires_at);
    smail__bind_text(statement, 8, stored(job->wish->scope));
    return smail__statement_run(statement, err);
}

static int note_address(const smail_account *account, void *user)
{
    smail__format(user, SMAIL__NAME_SIZE, "%s", account->address);
    return 0;
}

static int get_salt(unsigned char out[SMAIL__SCRAM_SALT_LEN],
                    smail_store *store, smail_id account, smail_error *err)
{
    char address[SMAIL__NAME_SIZE] = "";
    int rc = smail_account_get(store, account, note_address, address, err);

    if (rc != 0)
        return rc;
    return smail__app_password_salt(out, store, smail__span(address), err);
}

/* SCRAM takes the text as it is shown, groups and all. */
static int derive(struct job *job, smail_store *store, const char *password,
                  smail_error *err)
{
    struct smail__scram scram = { .iterations = SMAIL__SCRAM_ITERATIONS };
    int rc = get_salt(scram.salt, store, job->wish->account, err);

    if (rc == 0)
        rc = smail__scram_derive(&scram, smail__span(password), err);
    if (rc != 0)
        return rc;
    smail__scram_pack(job->scram, &scram);
    hash(job->secret, smail__span(password));
    return 0;
}

static bool is_name(smail_span name)
{
    if (name.len == 0 || name.len > SMAIL__APP_PASSWORD_NAME_MAX ||
        !smail__utf8_valid(name))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.data[i] < 0x20 || name.data[i] == 0x7f)
            return false;
    return true;
}

int smail__app_password_add(smail_id *out,
                            char password[SMAIL__APP_PASSWORD_SIZE],
                            smail_store *store,
                            const struct smail__app_password_wish *wish,
                            int64_t now, smail_error *err)
{
    struct job job = { .wish = wish, .now = now };
    int rc;

    if (!is_name(wish->name))
        return smail__fail(err, SMAIL_EINVAL,
                           "the name of an app password is 1 to %d octets of "
                           "text",
                           SMAIL__APP_PASSWORD_NAME_MAX);
    rc = generate(password, err);
    if (rc == 0)
        rc = derive(&job, store, password, err);
    if (rc == 0)
        rc = smail__store_write(store, insert, &job, err);
    if (rc == 0)
        *out = job.id;
    else
        smail__wipe(password, SMAIL__APP_PASSWORD_SIZE);
    return rc;
}

/* --- Finding ------------------------------------------------------------- */

struct use {
    smail_id account, id;
    int64_t last_used;
    char address[SMAIL__NAME_SIZE];
};

static int touch(smail_tx *tx, void *arg, smail_error *err)
{
    struct use *use = arg;
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, smail__tx_db(tx), sql_touch, err);

    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, use->last_used);
    smail__bind_int(statement, 2, use->account);
    smail__bind_int(statement, 3, use->id);
    return smail__statement_run(statement, err);
}

static int find(struct use *out, struct smail__db *db,
                const unsigned char secret[SMAIL__SHA256_LEN],
                enum smail__app_scope use, int64_t now, smail_error *err)
{
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, db, sql_find, err);

    if (rc != 0)
        return rc;
    smail__bind_blob(statement, 1,
                     (smail_span){ (const char *)secret, SMAIL__SHA256_LEN });
    smail__bind_int(statement, 2, now);
    smail__bind_text(statement, 3, stored(use));
    rc = smail__statement_step(statement, err);
    if (rc == 0)
        return smail__fail(err, SMAIL_EAUTH, "wrong user or password");
    if (rc < 0)
        return rc;
    out->account = smail__column_int(statement, 0);
    out->id = smail__column_int(statement, 1);
    out->last_used = smail__column_int(statement, 2);
    smail__format(out->address, sizeof(out->address), "%.*s",
                  SMAIL__SPAN_ARG(smail__column_span(statement, 3)));
    smail__statement_reset(statement);
    return 0;
}

static int look_up(struct use *out, smail_store *store,
                   enum smail__app_scope use, smail_span password, int64_t now,
                   smail_error *err)
{
    unsigned char secret[SMAIL__SHA256_LEN];
    struct smail__db *db;
    int rc;

    if (!smail__app_password_is(password))
        return smail__fail(err, SMAIL_EAUTH, "wrong user or password");
    hash(secret, password);
    rc = smail__store_begin_read(&db, store, err);
    if (rc != 0)
        return rc;
    rc = find(out, db, secret, use, now, err);
    smail__store_end_read(store, db);
    return rc;
}

void smail__app_password_touch(smail_store *store, smail_id account,
                               smail_id password, int64_t last_used,
                               int64_t now)
{
    struct use use = { .account = account, .id = password, .last_used = now };

    if (now - last_used < TOUCH_SECONDS)
        return;
    /* A full disk is no reason to refuse the password. */
    (void)smail__store_write(store, touch, &use, NULL);
}

static void note_use(const struct use *use, smail_store *store, int64_t now)
{
    smail__app_password_touch(store, use->account, use->id, use->last_used,
                              now);
}

int smail__app_password_find(smail_id *account, smail_store *store,
                             enum smail__app_scope use, smail_span password,
                             int64_t now, smail_error *err)
{
    struct use found;
    int rc = look_up(&found, store, use, password, now, err);

    if (rc != 0)
        return rc;
    *account = found.account;
    note_use(&found, store, now);
    return 0;
}

int smail__app_password_check(smail_id *account, smail_store *store,
                              enum smail__app_scope use, smail_span user,
                              smail_span password, int64_t now,
                              smail_error *err)
{
    char address[SMAIL__NAME_SIZE];
    struct use found;
    int rc = look_up(&found, store, use, password, now, err);

    if (rc != 0)
        return rc;
    if (!smail__name_of_user(address, user) ||
        strcmp(address, found.address) != 0)
        return smail__fail(err, SMAIL_EAUTH, "wrong user or password");
    *account = found.account;
    note_use(&found, store, now);
    return 0;
}

int smail__app_password_any(bool *out, smail_store *store, smail_error *err)
{
    struct smail__statement *statement;
    struct smail__db *db;
    int rc = smail__store_begin_read(&db, store, err);

    if (rc != 0)
        return rc;
    rc = smail__db_prepare(&statement, db, sql_any, err);
    if (rc == 0) {
        smail__bind_text(statement, 1, stored(SMAIL__SCOPE_SMTP));
        rc = smail__statement_step(statement, err);
        *out = rc == 1;
        smail__statement_reset(statement);
    }
    smail__store_end_read(store, db);
    return rc < 0 ? rc : 0;
}

int smail__app_password_list(
    smail_store *store, smail_id account,
    int (*each)(const struct smail__app_password *password, void *user),
    void *user, smail_error *err)
{
    struct smail__app_password password;
    struct smail__statement *statement;
    struct smail__db *db;
    int rc = smail__store_begin_read(&db, store, err);

    if (rc != 0)
        return rc;
    rc = smail__db_prepare(&statement, db, sql_list, err);
    if (rc != 0)
        goto out;
    smail__bind_int(statement, 1, account);
    while ((rc = smail__statement_step(statement, err)) == 1) {
        smail_span name = smail__column_span(statement, 4);

        smail_span scope = smail__column_span(statement, 5);

        if (scope.len == 0)
            scope = smail__span(scopes[SMAIL__SCOPE_ALL]);
        smail__format(password.scope, sizeof(password.scope), "%.*s",
                      SMAIL__SPAN_ARG(scope));
        password.id = smail__column_int(statement, 0);
        password.created_at = smail__column_int(statement, 1);
        password.expires_at = smail__column_int(statement, 2);
        password.last_used = smail__column_int(statement, 3);
        smail__format(password.name, sizeof(password.name), "%.*s",
                      SMAIL__SPAN_ARG(name));
        rc = each(&password, user);
        if (rc != 0)
            break;
    }
    smail__statement_reset(statement);
out:
    smail__store_end_read(store, db);
    return rc;
}

static int remove_row(smail_tx *tx, void *arg, smail_error *err)
{
    struct use *use = arg;
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, smail__tx_db(tx), sql_remove, err);

    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, use->account);
    smail__bind_int(statement, 2, use->id);
    rc = smail__statement_run(statement, err);
    if (rc == 0 && smail__db_changes(smail__tx_db(tx)) == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "no such app password");
    return rc;
}

int smail__app_password_remove(smail_store *store, smail_id account,
                               smail_id password, smail_error *err)
{
    struct use use = { .account = account, .id = password };

    return smail__store_write(store, remove_row, &use, err);
}
