/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

static int copy(const smail_account *account, void *user)
{
    *(smail_account *)user = *account;
    return 0;
}

static int count_one(const smail_alias *alias, void *user)
{
    (void)alias;
    ++*(size_t *)user;
    return 0;
}

static size_t aliases(smail_store *store)
{
    size_t count = 0;

    assert_int_equal(smail_alias_list(store, count_one, &count, NULL), 0);
    return count;
}

static void the_old_address_becomes_an_alias(void **state)
{
    smail_id bob = add_account(*state, "bob@example.test"), found;

    assert_int_equal(
        smail_alias_add(*state, "sales@example.test", "bob@example.test", NULL),
        0);
    assert_int_equal(
        smail_account_rename(*state, bob, "Robert@example.test", false, NULL),
        0);
    assert_int_equal(
        smail_account_find(&found, *state, "robert@example.test", NULL), 0);
    assert_int_equal(found, bob);
    assert_int_equal(
        smail_account_find(&found, *state, "bob@example.test", NULL),
        SMAIL_ENOTFOUND);
    assert_goes_to(*state, "robert@example.test", bob);
    assert_goes_to(*state, "bob@example.test", bob);
    assert_goes_to(*state, "bob+x@example.test", bob);
    assert_goes_to(*state, "sales@example.test", bob);
    assert_int_equal(aliases(*state), 2);

    /* Nothing leads through the old one: it can go. */
    assert_int_equal(smail_alias_remove(*state, "bob@example.test", NULL, NULL),
                     0);
    assert_goes_to(*state, "sales@example.test", bob);
}

static void the_old_address_can_be_dropped(void **state)
{
    smail_id bob = add_account(*state, "bob@example.test");

    assert_int_equal(
        smail_alias_add(*state, "sales@example.test", "bob@example.test", NULL),
        0);
    assert_int_equal(
        smail_account_rename(*state, bob, "robert@example.test", true, NULL),
        0);
    assert_goes_nowhere(*state, "bob@example.test", SMAIL_ENOTFOUND);
    assert_goes_to(*state, "sales@example.test", bob);
    assert_int_equal(aliases(*state), 1);
    add_account(*state, "bob@example.test");
}

static void one_can_be_renamed_back_and_forth(void **state)
{
    smail_id bob = add_account(*state, "bob@example.test");

    /* This one leads to both names, once each. */
    for (int i = 0; i < 3; i++) {
        assert_int_equal(smail_account_rename(
                             *state, bob, "robert@example.test", false, NULL),
                         0);
        if (i == 0) {
            assert_int_equal(smail_alias_add(*state, "sales@example.test",
                                             "bob@example.test", NULL),
                             0);
            assert_int_equal(smail_alias_add(*state, "sales@example.test",
                                             "robert@example.test", NULL),
                             0);
        }
        assert_int_equal(
            smail_account_rename(*state, bob, "bob@example.test", false, NULL),
            0);
        assert_goes_to(*state, "robert@example.test", bob);
        assert_goes_to(*state, "sales@example.test", bob);
    }
    assert_int_equal(aliases(*state), 2);
}

static void what_an_account_cannot_be_called_is_refused(void **state)
{
    static const struct {
        const char *address;
        int code;
    } cases[] = {
        { "bob@example.test", SMAIL_EEXISTS },
        { "alice@example.test", SMAIL_EEXISTS },
        { "sales2@example.test", SMAIL_EEXISTS },
        { "both@example.test", SMAIL_EEXISTS },
        { "bob@example.org", SMAIL_ENOTFOUND },
        { "postmaster@example.test", SMAIL_EINVAL },
        { "info@example.test", SMAIL_EINVAL },
        { "bob+x@example.test", SMAIL_EINVAL },
        { "bob", SMAIL_EINVAL },
        { "@example.test", SMAIL_EINVAL },
    };
    smail_id bob = add_account(*state, "bob@example.test");

    add_account(*state, "alice@example.test");
    assert_int_equal(smail_alias_add(*state, "sales2@example.test",
                                     "alice@example.test", NULL),
                     0);
    assert_int_equal(smail_alias_add(*state, "both@example.test",
                                     "alice@example.test", NULL),
                     0);
    assert_int_equal(
        smail_alias_add(*state, "both@example.test", "bob@example.test", NULL),
        0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        smail_error err = SMAIL_ERROR_INIT;
        int rc =
            smail_account_rename(*state, bob, cases[i].address, false, &err);

        if (rc != cases[i].code || err.message[0] == '\0')
            fail_msg("%s: %d %s", cases[i].address, rc, err.message);
    }
    assert_int_equal(
        smail_account_rename(*state, 999, "x@example.test", false, NULL),
        SMAIL_ENOTFOUND);
    assert_int_equal(aliases(*state), 3);
    assert_goes_to(*state, "bob@example.test", bob);
}

static void what_is_told_is_set_and_nothing_else(void **state)
{
    smail_account_changes changes = SMAIL_ACCOUNT_CHANGES_INIT;
    smail_id bob = add_account(*state, "bob@example.test");
    uint64_t bytes = 5000, emails = 7, none = 0, most = INT64_MAX;
    uint64_t beyond = (uint64_t)INT64_MAX + 1;
    smail_account account;

    changes.quota_bytes = &bytes;
    changes.quota_emails = &emails;
    assert_int_equal(smail_account_set(*state, bob, &changes, NULL), 0);
    assert_int_equal(smail_account_get(*state, bob, copy, &account, NULL), 0);
    assert_true(account.quota_bytes == 5000 && account.quota_emails == 7);

    changes = (smail_account_changes)SMAIL_ACCOUNT_CHANGES_INIT;
    changes.quota_emails = &none;
    assert_int_equal(smail_account_set(*state, bob, &changes, NULL), 0);
    assert_int_equal(smail_account_get(*state, bob, copy, &account, NULL), 0);
    assert_true(account.quota_bytes == 5000 && account.quota_emails == 0);

    changes.quota_emails = &most;
    assert_int_equal(smail_account_set(*state, bob, &changes, NULL), 0);
    changes.quota_emails = &beyond;
    assert_int_equal(smail_account_set(*state, bob, &changes, NULL),
                     SMAIL_EINVAL);
    changes = (smail_account_changes)SMAIL_ACCOUNT_CHANGES_INIT;
    changes.name = "two\nlines";
    assert_int_equal(smail_account_set(*state, bob, &changes, NULL),
                     SMAIL_EINVAL);
    changes.name = "Bob";
    assert_int_equal(smail_account_set(*state, bob, &changes, NULL), 0);
    assert_int_equal(smail_account_set(*state, 999, &changes, NULL),
                     SMAIL_ENOTFOUND);
}

static void the_last_admin_stays_one(void **state)
{
    smail_account_changes changes = SMAIL_ACCOUNT_CHANGES_INIT;
    smail_id alice = add_account(*state, "alice@example.test");
    smail_id bob = add_account(*state, "bob@example.test");
    bool yes = true, no = false;

    changes.admin = &no;
    changes.name = "Alice";
    assert_int_equal(smail_account_set(*state, alice, &changes, NULL),
                     SMAIL_ESTATE);
    assert_goes_to(*state, "postmaster", alice);
    changes.admin = &yes;
    assert_int_equal(smail_account_set(*state, bob, &changes, NULL), 0);
    changes.admin = &no;
    assert_int_equal(smail_account_set(*state, alice, &changes, NULL), 0);
    assert_goes_to(*state, "postmaster", bob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(the_old_address_becomes_an_alias),
        STORE_TEST(the_old_address_can_be_dropped),
        STORE_TEST(one_can_be_renamed_back_and_forth),
        STORE_TEST(what_an_account_cannot_be_called_is_refused),
        STORE_TEST(what_is_told_is_set_and_nothing_else),
        STORE_TEST(the_last_admin_stays_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
