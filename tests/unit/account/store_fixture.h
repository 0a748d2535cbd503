/* SPDX-License-Identifier: MIT */
/* A store with the domain example.test, for the tests here: in memory, or where
 * SMTPMAIL_TEST_STORE says. */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/account.h>

#include "base/format.h"
#include "base/span.h"
#include "test_store.h"

static inline int open_store(void **state)
{
    smail_store *store = NULL;
    smail_error err = SMAIL_ERROR_INIT;
    char url[512];

    if (test_store_url(url, sizeof(url), "sqlite::memory:") != 0 ||
        smail_store_open(&store, url, NULL, &err) != 0) {
        print_error("%s\n", err.message);
        return -1;
    }
    *state = store;
    return smail_domain_add(NULL, store, "example.test", &err);
}

static inline int close_store(void **state)
{
    smail_store_close(*state);
    return 0;
}

/* An account without a password. */
static inline smail_id add_account(smail_store *store, const char *address)
{
    smail_error err = SMAIL_ERROR_INIT;
    smail_id account = 0;

    if (smail_account_add(&account, store, address, NULL, &err) != 0)
        fail_msg("%s: %s", address, err.message);
    return account;
}

/* Fill `out` with who gets the mail for `address`; the code. */
static inline int resolve(smail_id out[8], size_t *count, smail_store *store,
                          const char *address)
{
    smail_path path = { { NULL, 0 }, { NULL, 0 } };

    if (smail_path_parse(&path, smail__span(address), true) != 0)
        path.local = smail__span(address);
    return smail_address_resolve(out, 8, count, store, &path, NULL);
}

static inline void assert_goes_to(smail_store *store, const char *address,
                                  smail_id account)
{
    smail_id out[8];
    size_t count = 0;
    int rc = resolve(out, &count, store, address);

    if (rc != 0 || count != 1 || out[0] != account)
        fail_msg("%s: code %d, %zu accounts", address, rc, count);
}

static inline void assert_goes_nowhere(smail_store *store, const char *address,
                                       int code)
{
    smail_id out[8];
    size_t count = 0;
    int rc = resolve(out, &count, store, address);

    if (rc != code)
        fail_msg("%s: code %d, not %d", address, rc, code);
    assert_int_equal(count, 0);
}

#define STORE_TEST(test) \
    cmocka_unit_test_setup_teardown(test, open_store, close_store)

#endif
