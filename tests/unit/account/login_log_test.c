/* SPDX-License-Identifier: MIT */
/* The log of log-ins: what is the same is folded, and it is bounded. */
#include "store_fixture.h"

#include <stdio.h>

#include <smtpmail/login.h>

#include "base/format.h"
#include "store/store.h"

#define NOW 1800000000

struct seen {
    unsigned count;
    smail_login first;
    char peer[64];
};

static int see(const smail_login *login, void *user)
{
    struct seen *seen = user;

    if (seen->count++ == 0) {
        seen->first = *login;
        snprintf(seen->peer, sizeof(seen->peer), "%s", login->peer);
    }
    return 0;
}

static int nothing(smail_tx *tx, void *arg, smail_error *err)
{
    (void)arg;
    (void)err;
    smail__tx_unchanged(tx);
    return 0;
}

static void note(smail_store *store, smail_id account, const char *peer,
                 smail_login_outcome outcome, int64_t at)
{
    smail_login login = SMAIL_LOGIN_INIT;

    login.at = at;
    login.service = "submission";
    login.method = "password";
    login.peer = peer;
    login.outcome = outcome;
    smail_login_note(store, account, &login);
    /* What is written behind it is written after it. */
    assert_int_equal(smail__store_write(store, nothing, NULL, NULL), 0);
}

static struct seen list(smail_store *store, smail_id account, uint64_t limit)
{
    struct seen seen = { .count = 0 };

    assert_int_equal(smail_login_list(store, account, limit, see, &seen, NULL),
                     0);
    return seen;
}

static smail_id add_bob(smail_store *store)
{
    smail_id bob = 0;

    assert_int_equal(
        smail_account_add(&bob, store, "bob@example.test", NULL, NULL), 0);
    return bob;
}

static void the_same_within_an_hour_is_one(void **state)
{
    smail_id bob = add_bob(*state);
    struct seen seen;

    note(*state, bob, "192.0.2.1", SMAIL_LOGIN_OK, NOW);
    note(*state, bob, "192.0.2.1", SMAIL_LOGIN_OK, NOW + 3599);
    assert_int_equal(list(*state, bob, 0).count, 1);
    note(*state, bob, "192.0.2.2", SMAIL_LOGIN_OK, NOW + 3599);
    note(*state, bob, "192.0.2.1", SMAIL_LOGIN_WRONG, NOW + 3599);
    assert_int_equal(list(*state, bob, 0).count, 3);
    note(*state, bob, "192.0.2.1", SMAIL_LOGIN_OK, NOW + 3600);
    seen = list(*state, bob, 0);
    assert_int_equal(seen.count, 4);
    assert_int_equal(seen.first.at, NOW + 3600);
    assert_string_equal(seen.peer, "192.0.2.1");
    assert_int_equal(list(*state, bob, 2).count, 2);
    assert_int_equal(list(*state, bob + 1, 0).count, 0);
}

static void the_oldest_give_way(void **state)
{
    smail_id bob = add_bob(*state);
    char peer[64];

    for (int i = 0; i <= SMAIL_LOGINS_MAX; i++) {
        smail__format(peer, sizeof(peer), "2001:db8::%d", i);
        note(*state, bob, peer, SMAIL_LOGIN_OK, NOW);
        if (i + 1 <= SMAIL_LOGINS_MAX)
            assert_int_equal(list(*state, bob, 0).count, i + 1);
    }
    assert_int_equal(list(*state, bob, 0).count, SMAIL_LOGINS_MAX);
    assert_string_equal(list(*state, bob, 1).peer, peer);
}

static void who_tries_does_not_push_out_who_got_in(void **state)
{
    smail_id bob = add_bob(*state);
    char peer[64];

    note(*state, bob, "192.0.2.1", SMAIL_LOGIN_OK, NOW);
    for (int i = 0; i <= SMAIL_LOGINS_MAX; i++) {
        smail__format(peer, sizeof(peer), "2001:db8::%d", i);
        note(*state, bob, peer, SMAIL_LOGIN_WRONG, NOW);
    }
    assert_int_equal(list(*state, bob, 0).count, SMAIL_LOGINS_MAX + 1);
}

static void nobody_has_none(void **state)
{
    smail_id bob = add_bob(*state);

    note(*state, 0, "192.0.2.1", SMAIL_LOGIN_OK, NOW);
    note(*state, bob + 1, "192.0.2.1", SMAIL_LOGIN_OK, NOW);
    assert_int_equal(list(*state, bob + 1, 0).count, 0);
    note(*state, bob, "192.0.2.1", SMAIL_LOGIN_OK, NOW);
    assert_int_equal(smail_account_remove(*state, bob, NULL), 0);
    assert_int_equal(list(*state, bob, 0).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(the_same_within_an_hour_is_one),
        STORE_TEST(the_oldest_give_way),
        STORE_TEST(who_tries_does_not_push_out_who_got_in),
        STORE_TEST(nobody_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
