/* SPDX-License-Identifier: MIT */
/* account/account.c - making accounts, and what is set on them. */
#include <string.h>

#include <smtpmail/account.h>

#include "account/account_rules.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "crypto/password.h"
#include "store/store.h"

static const char sql_any[] = "SELECT EXISTS (SELECT 1 FROM account)";

static const char sql_add[] =
    "INSERT INTO account"
    " (address, name, password, is_admin, quota_bytes, created_at,"
    " quota_emails) VALUES ($1, $2, $3, $4, $5, $6, $7)";

static const char sql_add_address[] =
    "INSERT INTO address (domain, local, account, is_primary)"
    " VALUES ($1, $2, $3, 1)";

static const char sql_set_password[] =
    "UPDATE account SET password = $1,"
    " credential_version = credential_version + 1 WHERE id = $2";

static const char sql_set_disabled[] =
    "UPDATE account SET is_disabled = $1,"
    " credential_version = credential_version + 1 WHERE id = $2";

/* --- Adding -------------------------------------------------------------- */

static const struct {
    const char *name;
    smail_role role;
} first_mailboxes[] = {
    { "Inbox", SMAIL_ROLE_INBOX }, { "Drafts", SMAIL_ROLE_DRAFTS },
    { "Sent", SMAIL_ROLE_SENT },   { "Archive", SMAIL_ROLE_ARCHIVE },
    { "Junk", SMAIL_ROLE_JUNK },   { "Trash", SMAIL_ROLE_TRASH },
};

struct add {
    struct smail__name name;
    char address[SMAIL__NAME_SIZE];
    const smail_account_options *options;
    char hash[SMAIL__PASSWORD_HASH_MAX]; /* "": none */
    smail_id domain;
    smail_id id;
};

static int check_password(smail_span password, smail_error *err)
{
    if (password.len < SMAIL_PASSWORD_MIN || password.len > SMAIL_PASSWORD_MAX)
        return smail__fail(err, SMAIL_EINVAL,
                           "a password must have %d to %d octets",
                           SMAIL_PASSWORD_MIN, SMAIL_PASSWORD_MAX);
    return 0;
}

/* The hash that is stored: of a password, or one that was made elsewhere; ""
 * for neither. */
static int make_hash(char out[SMAIL__PASSWORD_HASH_MAX], smail_span password,
                     smail_span password_hash, smail_error *err)
{
    int rc;

    out[0] = '\0';
    if (password.len > 0 && password_hash.len > 0)
        return smail__fail(err, SMAIL_EINVAL,
                           "a password and the hash of one are one too many");
    if (password_hash.len > 0)
        return smail__password_import(out, password_hash, err);
    if (password.len == 0)
        return 0;
    rc = check_password(password, err);
    return rc != 0 ? rc : smail__password_hash(out, password, err);
}

static int insert_account(struct add *add, smail_tx *tx, smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    const smail_account_options *options = add->options;
    struct smail__statement *statement;
    bool is_first;
    int rc = smail__db_prepare(&statement, db, sql_any, err);

    if (rc != 0)
        return rc;
    rc = smail__statement_step(statement, err);
    if (rc < 0)
        return rc;
    is_first = smail__column_int(statement, 0) == 0;
    smail__statement_reset(statement);

    rc = smail__db_prepare(&statement, db, sql_add, err);
    if (rc != 0)
        return rc;
    smail__bind_text(statement, 1, smail__span(add->address));
    smail__bind_text(statement, 2,
                     smail__span(options->name != NULL ? options->name : ""));
    if (add->hash[0] != '\0')
        smail__bind_text(statement, 3, smail__span(add->hash));
    else
        smail__bind_null(statement, 3);
    smail__bind_int(statement, 4, is_first || options->admin);
    smail__bind_int(statement, 5, (int64_t)options->quota_bytes);
    smail__bind_int(statement, 6, smail__tx_now(tx));
    smail__bind_int(statement, 7, (int64_t)options->quota_emails);
    rc = smail__statement_run(statement, err);
    add->id = smail__db_last_id(db);
    return rc;
}

static int insert_address(const struct add *add, struct smail__db *db,
                          smail_error *err)
{
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, db, sql_add_address, err);

    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, add->domain);
    smail__bind_text(statement, 2, smail__span(add->name.local));
    smail__bind_int(statement, 3, add->id);
    return smail__statement_run(statement, err);
}

static int add_account(smail_tx *tx, void *arg, smail_error *err)
{
    struct add *add = arg;
    size_t count = sizeof(first_mailboxes) / sizeof(first_mailboxes[0]);
    smail_id mailbox;
    int rc = smail__account_check_free(&add->domain, smail__tx_db(tx),
                                       &add->name, add->address, err);

    if (rc == 0)
        rc = insert_account(add, tx, err);
    if (rc == 0)
        rc = insert_address(add, smail__tx_db(tx), err);
    for (size_t i = 0; rc == 0 && i < (add->options->bare ? 1 : count); i++)
        rc = smail__tx_create_mailbox(&mailbox, tx, add->id, 0,
                                      smail__span(first_mailboxes[i].name),
                                      first_mailboxes[i].role, err);
    return rc;
}

int smail_account_add(smail_id *out, smail_store *store, const char *address,
                      const smail_account_options *options, smail_error *err)
{
    smail_account_options all = SMAIL_ACCOUNT_OPTIONS_INIT;
    struct add add = { .options = &all };
    int rc = smail__account_check_address(&add.name, add.address, address, err);

    if (options != NULL)
        memcpy(&all, options,
               options->size < sizeof(all) ? options->size : sizeof(all));
    if (rc == 0)
        rc = smail__account_check_quota(all.quota_bytes, err);
    if (rc == 0)
        rc = smail__account_check_quota(all.quota_emails, err);
    if (rc == 0 && all.name != NULL)
        rc = smail__account_check_name(all.name, err);
    if (rc == 0)
        rc = make_hash(add.hash, all.password, all.password_hash, err);
    if (rc == 0)
        rc = smail__store_write(store, add_account, &add, err);
    if (rc == 0 && out != NULL)
        *out = add.id;
    return rc;
}

/* --- Setting ------------------------------------------------------------- */

struct set {
    smail_id account;
    const char *hash; /* NULL: set `disabled` */
    bool disabled;
};

static int set_column(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__db *db = smail__tx_db(tx);
    struct smail__statement *statement;
    const struct set *set = arg;
    int rc = smail__db_prepare(
        &statement, db, set->hash != NULL ? sql_set_password : sql_set_disabled,
        err);

    if (rc != 0)
        return rc;
    if (set->hash != NULL)
        smail__bind_text(statement, 1, smail__span(set->hash));
    else
        smail__bind_int(statement, 1, set->disabled);
    smail__bind_int(statement, 2, set->account);
    rc = smail__statement_run(statement, err);
    if (rc == 0 && smail__db_changes(db) == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no such account");
    return rc;
}

int smail_account_set_password(smail_store *store, smail_id account,
                               smail_span password, smail_error *err)
{
    char hash[SMAIL__PASSWORD_HASH_MAX];
    struct set set = { account, hash, false };
    int rc = check_password(password, err);

    if (rc == 0)
        rc = smail__password_hash(hash, password, err);
    return rc != 0 ? rc : smail__store_write(store, set_column, &set, err);
}

int smail_account_set_password_hash(smail_store *store, smail_id account,
                                    smail_span hash, smail_error *err)
{
    char text[SMAIL__PASSWORD_HASH_MAX];
    struct set set = { account, text, false };
    int rc = smail__password_import(text, hash, err);

    return rc != 0 ? rc : smail__store_write(store, set_column, &set, err);
}

int smail_account_set_disabled(smail_store *store, smail_id account,
                               bool disabled, smail_error *err)
{
    struct set set = { account, NULL, disabled };

    return smail__store_write(store, set_column, &set, err);
}
