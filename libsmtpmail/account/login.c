/* SPDX-License-Identifier: MIT */
/*
 * account/login.c - is this the password? Whoever asks learns nothing from
 * the time it takes: one slow hash is computed whatever is wrong. Only an app
 * password that is right saves it.
 */
#include <string.h>
#include <time.h>

#include "account/app_password.h"
#include "account/login.h"
#include "account/lookup.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "crypto/foreign.h"
#include "crypto/password.h"
#include "store/store.h"

#define WRONG "wrong user name or password"

static const char sql_find[] =
    "SELECT id, password, is_disabled, EXISTS (SELECT 1 FROM totp"
    " WHERE totp.account = account.id AND totp.confirmed_at > 0)"
    " FROM account WHERE address = $1";

/* Only what was verified is replaced, not what was set meanwhile. */
static const char sql_rehash[] =
    "UPDATE account SET password = $1 WHERE id = $2 AND password = $3";

struct login {
    smail_id account;
    bool is_disabled;
    bool wants_code;                         /* a second factor is in force */
    char hash[SMAIL__PASSWORD_HASH_MAX * 2]; /* "": nobody, or no password */
    char new_hash[SMAIL__PASSWORD_HASH_MAX];
};

static int find(struct login *login, smail_store *store, smail_span user,
                smail_error *err)
{
    char address[SMAIL__NAME_SIZE];
    struct smail__statement *statement;
    struct smail__db *db;
    int rc;

    if (!smail__name_of_user(address, user))
        return 0;
    rc = smail__store_begin_read(&db, store, err);
    if (rc != 0)
        return rc;
    rc = smail__db_prepare(&statement, db, sql_find, err);
    if (rc == 0) {
        smail__bind_text(statement, 1, smail__span(address));
        rc = smail__statement_step(statement, err);
        if (rc == 1) {
            login->account = smail__column_int(statement, 0);
            smail__format(login->hash, sizeof(login->hash), "%.*s",
                          SMAIL__SPAN_ARG(smail__column_span(statement, 1)));
            login->is_disabled = smail__column_int(statement, 2) != 0;
            login->wants_code = smail__column_int(statement, 3) != 0;
        }
        smail__statement_reset(statement);
    }
    smail__store_end_read(store, db);
    return rc < 0 ? rc : 0;
}

static int replace_hash(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__statement *statement;
    const struct login *login = arg;
    int rc = smail__db_prepare(&statement, smail__tx_db(tx), sql_rehash, err);

    if (rc != 0)
        return rc;
    smail__bind_text(statement, 1, smail__span(login->new_hash));
    smail__bind_int(statement, 2, login->account);
    smail__bind_text(statement, 3, smail__span(login->hash));
    return smail__statement_run(statement, err);
}

/* The login is good even if this is not. */
static void rehash(struct login *login, smail_store *store, smail_span password)
{
    smail_span hash = smail__span(login->hash);

    if (!smail__password_is_outdated(hash) ||
        !smail__foreign_covers(hash, password))
        return;
    if (smail__password_hash(login->new_hash, password, NULL) == 0)
        smail__store_write(store, replace_hash, login, NULL);
}

/* `asks`: for a code, if one is wanted. Who does not must not tell by the time
 * of a second hash that the password was right. */
static int check(smail_id *out, bool *wants_code, bool asks, smail_store *store,
                 smail_span user, smail_span password, smail_error *err)
{
    struct login login = { .account = 0 };
    int rc = find(&login, store, user, err);

    if (rc != 0)
        return rc;
    if (password.len > SMAIL_PASSWORD_MAX) {
        login.hash[0] = '\0';
        password.len = SMAIL_PASSWORD_MAX;
    }
    rc = smail__password_check(smail__span(login.hash), password, err);
    if (rc == 0 && login.is_disabled)
        rc = smail__fail(err, SMAIL_EAUTH, WRONG);
    if (rc == 0) {
        *out = login.account;
        *wants_code = login.wants_code;
        if (asks || !login.wants_code)
            rehash(&login, store, password);
    }
    smail__wipe(&login, sizeof(login));
    return rc;
}

int smail__login_first(smail_id *out, bool *wants_code, smail_store *store,
                       smail_span user, smail_span password, smail_error *err)
{
    return check(out, wants_code, true, store, user, password, err);
}

int smail__login_owner(smail_id *out, smail_store *store, smail_span user,
                       smail_span password, smail_error *err)
{
    bool wants_code = false;
    smail_id account;
    int rc = check(&account, &wants_code, false, store, user, password, err);

    /* As wrong as any other: who guesses must not learn that he is half in. */
    if (rc == 0 && wants_code)
        rc = smail__fail(err, SMAIL_EAUTH, WRONG);
    if (rc == 0)
        *out = account;
    return rc;
}

int smail_account_login(smail_id *out, smail_store *store, smail_span user,
                        smail_span password, smail_error *err)
{
    int rc = smail__app_password_check(out, store, SMAIL__SCOPE_ALL, user,
                                       password, (int64_t)time(NULL), err);

    if (rc != SMAIL_EAUTH)
        return rc;
    return smail__login_owner(out, store, user, password, err);
}
