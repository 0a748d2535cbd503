/* SPDX-License-Identifier: MIT */
/* account/account_list.c - finding and listing accounts. */
#include <stdlib.h>
#include <string.h>

#include <smtpmail/account.h>

#include "account/lookup.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "store/store.h"

/* Rows read at a time, so that no reader is held while the caller works. */
#define PAGE 64

#define COLUMNS                                                   \
    "SELECT id, address, name, is_admin, is_disabled,"            \
    " password IS NOT NULL, created_at, quota_bytes, used_bytes," \
    " used_emails, quota_emails FROM account "

static const char sql_list[] =
    COLUMNS "WHERE address > $1 ORDER BY address LIMIT $2";

static const char sql_get[] = COLUMNS "WHERE id = $1";

struct row {
    smail_account account;
    char address[SMAIL__NAME_SIZE];
    char name[256];
};

static void copy_row(struct row *out, struct smail__statement *statement)
{
    smail_account *account = &out->account;

    account->id = smail__column_int(statement, 0);
    smail__format(out->address, sizeof(out->address), "%.*s",
                  SMAIL__SPAN_ARG(smail__column_span(statement, 1)));
    smail__format(out->name, sizeof(out->name), "%.*s",
                  SMAIL__SPAN_ARG(smail__column_span(statement, 2)));
    account->address = out->address;
    account->name = out->name;
    account->admin = smail__column_int(statement, 3) != 0;
    account->disabled = smail__column_int(statement, 4) != 0;
    account->has_password = smail__column_int(statement, 5) != 0;
    account->created_at = smail__column_int(statement, 6);
    account->quota_bytes = (uint64_t)smail__column_int(statement, 7);
    account->used_bytes = (uint64_t)smail__column_int(statement, 8);
    account->emails = (uint64_t)smail__column_int(statement, 9);
    account->quota_emails = (uint64_t)smail__column_int(statement, 10);
}

static int read_page(struct row rows[PAGE], smail_store *store,
                     const char *after, smail_error *err)
{
    struct smail__statement *statement;
    struct smail__db *db;
    int count = 0;
    int rc = smail__store_begin_read(&db, store, err);

    if (rc != 0)
        return rc;
    rc = smail__db_prepare(&statement, db, sql_list, err);
    if (rc != 0)
        goto out;
    smail__bind_text(statement, 1, smail__span(after));
    smail__bind_int(statement, 2, PAGE);
    while (count < PAGE && (rc = smail__statement_step(statement, err)) == 1)
        copy_row(&rows[count++], statement);
    smail__statement_reset(statement);
out:
    smail__store_end_read(store, db);
    return rc < 0 ? rc : count;
}

int smail_account_list(smail_store *store,
                       int (*each)(const smail_account *account, void *user),
                       void *user, smail_error *err)
{
    struct row *rows = malloc(PAGE * sizeof(*rows));
    char after[SMAIL__NAME_SIZE] = "";
    int count, rc = 0;

    if (rows == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory to list accounts");
    do {
        count = read_page(rows, store, after, err);
        if (count < 0)
            rc = count;
        for (int i = 0; rc == 0 && i < count; i++)
            rc = each(&rows[i].account, user);
        if (count > 0)
            memcpy(after, rows[count - 1].address, sizeof(after));
    } while (rc == 0 && count == PAGE);
    free(rows);
    return rc;
}

int smail_account_get(smail_store *store, smail_id account,
                      int (*each)(const smail_account *account, void *user),
                      void *user, smail_error *err)
{
    struct smail__statement *statement;
    struct smail__db *db;
    struct row row;
    int rc = smail__store_begin_read(&db, store, err);

    if (rc != 0)
        return rc;
    rc = smail__db_prepare(&statement, db, sql_get, err);
    if (rc == 0) {
        smail__bind_int(statement, 1, account);
        rc = smail__statement_step(statement, err);
        if (rc == 1)
            copy_row(&row, statement);
        smail__statement_reset(statement);
    }
    smail__store_end_read(store, db);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no such account");
    return each(&row.account, user);
}

int smail_account_find(smail_id *out, smail_store *store, const char *address,
                       smail_error *err)
{
    struct smail__name name;
    char text[SMAIL__NAME_SIZE];
    struct smail__db *db;
    int rc = smail__name_parse(&name, address, false, err);

    if (rc == 0)
        rc = smail__store_begin_read(&db, store, err);
    if (rc != 0)
        return rc;
    smail__name_text(text, &name);
    rc = smail__lookup_address(out, db, text, err);
    smail__store_end_read(store, db);
    if (rc == SMAIL_ENOTFOUND)
        return smail__fail(err, rc, "there is no account %s", text);
    return rc;
}
