/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

static void a_domain_is_there_once(void **state)
{
    smail_error err = SMAIL_ERROR_INIT;
    smail_id id = 0;

    assert_int_equal(smail_domain_add(&id, *state, "Example.ORG", &err), 0);
    assert_true(id > 0);
    assert_int_equal(smail_domain_add(&id, *state, "example.org", &err),
                     SMAIL_EEXISTS);
    assert_string_equal(err.message, "the domain example.org exists already");
    assert_int_equal(smail_domain_remove(*state, "EXAMPLE.org", &err), 0);
    assert_int_equal(smail_domain_remove(*state, "example.org", &err),
                     SMAIL_ENOTFOUND);
}

static void names_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = { "",         ".",          "a..b",
                                       "a b",      "-a.test",    "192.0.2.1",
                                       "a@b.test", "b\xff.test", "*.test" };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(smail_domain_add(NULL, *state, bad[i], NULL),
                         SMAIL_EINVAL);
    assert_int_equal(smail_domain_add(NULL, *state, "localhost", NULL), 0);
    assert_int_equal(
        smail_domain_add(NULL, *state, "xn--bcher-kva.example", NULL), 0);
}

static void a_domain_in_use_stays(void **state)
{
    smail_id bob = add_account(*state, "bob@example.test");

    assert_int_equal(smail_domain_remove(*state, "example.test", NULL),
                     SMAIL_ESTATE);
    assert_int_equal(smail_domain_add(NULL, *state, "example.org", NULL), 0);
    assert_int_equal(
        smail_alias_add(*state, "@example.org", "bob@example.test", NULL), 0);
    assert_int_equal(smail_domain_remove(*state, "example.org", NULL),
                     SMAIL_ESTATE);

    assert_int_equal(smail_account_remove(*state, bob, NULL), 0);
    assert_int_equal(smail_domain_remove(*state, "example.org", NULL), 0);
    assert_int_equal(smail_domain_remove(*state, "example.test", NULL), 0);
}

struct seen {
    size_t count;
    char last[64];
    uint64_t accounts;
    size_t stop_at;
};

static int look(const smail_domain *domain, void *user)
{
    struct seen *seen = user;

    assert_true(strcmp(seen->last, domain->name) < 0);
    assert_true(domain->id > 0 && domain->created_at > 0);
    smail__format(seen->last, sizeof(seen->last), "%s", domain->name);
    seen->accounts += domain->accounts;
    return ++seen->count == seen->stop_at ? 3 : 0;
}

static void lists_are_in_order_and_whole(void **state)
{
    struct seen seen = { .count = 0 };
    char name[32];

    add_account(*state, "a@example.test");
    add_account(*state, "b@example.test");
    for (int i = 0; i < 130; i++) {
        smail__format(name, sizeof(name), "d%d.test", i);
        assert_int_equal(smail_domain_add(NULL, *state, name, NULL), 0);
    }

    assert_int_equal(smail_domain_list(*state, look, &seen, NULL), 0);
    assert_int_equal(seen.count, 131);
    assert_int_equal(seen.accounts, 2);
    seen = (struct seen){ .stop_at = 70 };
    assert_int_equal(smail_domain_list(*state, look, &seen, NULL), 3);
    assert_int_equal(seen.count, 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_domain_is_there_once),
        STORE_TEST(names_that_are_none_are_refused),
        STORE_TEST(a_domain_in_use_stays),
        STORE_TEST(lists_are_in_order_and_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
