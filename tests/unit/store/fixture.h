/* SPDX-License-Identifier: MIT */
/* A store in a folder of its own, or where SMTPMAIL_TEST_STORE says, with
 * accounts, gone when the test ends. */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/span.h"
#include "store/internal.h"
#include "test_store.h"

struct fixture {
    char folder[64];
    char url[512];
    char path[128];
    smail_store *store;
    smail_error err;
};

static inline void fixture_ok(struct fixture *f, int code)
{
    if (code < 0)
        print_error("error %d: %s\n", code, f->err.message);
    assert_true(code >= 0);
}

static inline void fixture_open(struct fixture *f, bool manual)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;

    options.manual = manual;
    fixture_ok(f, smail_store_open(&f->store, f->url, &options, &f->err));
}

static inline void fixture_begin(struct fixture *f)
{
    char url[160];

    memset(f, 0, sizeof(*f));
    strncpy(f->folder, "/tmp/smtpmail-store-XXXXXX", sizeof(f->folder) - 1);
    assert_non_null(mkdtemp(f->folder));
    smail__format(f->path, sizeof(f->path), "%s/mail.db", f->folder);
    smail__format(url, sizeof(url), "sqlite:%s", f->path);
    assert_int_equal(test_store_url(f->url, sizeof(f->url), url), 0);
}

/* First in a test of the files of a store. */
static inline void fixture_needs_files(void)
{
    if (test_server_url() != NULL)
        skip();
}

static inline void fixture_print(const char *text, void *user)
{
    (void)user;
    print_error("check: %s\n", text);
}

static inline void fixture_check(struct fixture *f)
{
    uint64_t faults = 99;

    fixture_ok(
        f, smail_store_check(&faults, f->store, fixture_print, NULL, &f->err));
    assert_int_equal(faults, 0);
}

/* Every store test ends with a check of the store. */
static inline void fixture_end(struct fixture *f)
{
    char command[128];

    if (f->store != NULL)
        fixture_check(f);
    smail_store_close(f->store);
    smail__format(command, sizeof(command), "rm -rf %s", f->folder);
    assert_int_equal(system(command), 0);
}

struct fixture_account {
    const char *address;
    int64_t quota;
    smail_id id;
};

static inline int fixture_account_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct fixture_account *account = arg;
    struct smail__statement *row;
    smail_id inbox;
    int code = smail__db_prepare(&row, smail__tx_db(tx),
                                 "INSERT INTO account (address, quota_bytes, "
                                 "created_at) VALUES ($1, $2, 0)",
                                 err);

    if (code < 0)
        return code;
    smail__bind_text(row, 1, smail__span(account->address));
    smail__bind_int(row, 2, account->quota);
    code = smail__statement_run(row, err);
    account->id = smail__db_last_id(smail__tx_db(tx));
    if (code == 0)
        code = smail__tx_create_mailbox(&inbox, tx, account->id, 0,
                                        SMAIL__SPAN("Inbox"), SMAIL_ROLE_INBOX,
                                        err);
    return code;
}

static inline smail_id fixture_account(struct fixture *f, const char *address,
                                       int64_t quota)
{
    struct fixture_account account = { address, quota, 0 };

    fixture_ok(f, smail__store_write(f->store, fixture_account_job, &account,
                                     &f->err));
    return account.id;
}

static inline int fixture_append_to(smail_appended *out, smail_store *store,
                                    smail_span text,
                                    const smail_target *targets, size_t count,
                                    smail_error *err)
{
    smail_append *append = NULL;
    int code = smail_append_new(&append, store, err);

    if (code == 0)
        code = smail_append_write(append, text, err);
    if (code == 0)
        code = smail_append_commit(append, targets, count, out, err);
    smail_append_free(append);
    return code;
}

static inline smail_appended fixture_append(struct fixture *f, smail_id account,
                                            smail_id mailbox, const char *text)
{
    smail_target target = { account, mailbox, NULL, 0 };
    smail_appended out = { 0, 0, 0 };

    fixture_ok(f, fixture_append_to(&out, f->store, smail__span(text), &target,
                                    1, &f->err));
    return out;
}

/* The bytes of a message, from malloc, with a NUL. */
static inline char *fixture_read(struct fixture *f, smail_id account,
                                 smail_id email, size_t *len)
{
    smail_content *content = NULL;
    char *bytes;

    fixture_ok(f,
               smail_content_open(&content, f->store, account, email, &f->err));
    *len = (size_t)smail_content_size(content);
    bytes = calloc(1, *len + 1);
    assert_non_null(bytes);
    assert_int_equal(smail_content_read(bytes, content, 0, *len, &f->err),
                     *len);
    smail_content_close(content);
    return bytes;
}

static inline uint64_t fixture_count(struct fixture *f,
                                     const smail_query *query)
{
    smail_cursor *cursor = NULL;
    smail_entry entry;
    uint64_t count = 0;
    int code;

    fixture_ok(f, smail_store_query(&cursor, f->store, query, &f->err));
    while ((code = smail_cursor_next(&entry, cursor, &f->err)) > 0)
        count++;
    fixture_ok(f, code);
    smail_cursor_free(cursor);
    return count;
}

#endif
