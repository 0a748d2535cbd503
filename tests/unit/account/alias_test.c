/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

struct collected {
    char text[2048];
    size_t len;
    size_t count;
    size_t stop_at;
};

static int collect(const smail_alias *alias, void *user)
{
    struct collected *all = user;

    if (all->len < sizeof(all->text))
        all->len +=
            smail__format(all->text + all->len, sizeof(all->text) - all->len,
                          "%s>%s ", alias->address, alias->target);
    return ++all->count == all->stop_at ? 7 : 0;
}

static void aliases_are_listed_in_order(void **state)
{
    struct collected all = { .len = 0 };

    add_account(*state, "bob@example.test");
    add_account(*state, "alice@example.test");
    assert_int_equal(smail_domain_add(NULL, *state, "a.test", NULL), 0);
    assert_int_equal(
        smail_alias_add(*state, "Sales@Example.test", "Bob@example.test", NULL),
        0);
    assert_int_equal(smail_alias_add(*state, "sales@example.test",
                                     "alice@example.test", NULL),
                     0);
    assert_int_equal(
        smail_alias_add(*state, "@a.test", "bob@example.test", NULL), 0);

    assert_int_equal(smail_alias_list(*state, collect, &all, NULL), 0);
    assert_string_equal(all.text, "@a.test>bob@example.test "
                                  "sales@example.test>alice@example.test "
                                  "sales@example.test>bob@example.test ");

    all = (struct collected){ .stop_at = 2 };
    assert_int_equal(smail_alias_list(*state, collect, &all, NULL), 7);
    assert_int_equal(all.count, 2);
}

static void a_long_list_comes_in_pages(void **state)
{
    struct collected all = { .len = 0 };
    char alias[40];

    add_account(*state, "bob@example.test");
    for (int i = 0; i < 130; i++) {
        smail__format(alias, sizeof(alias), "alias%d@example.test", i);
        assert_int_equal(
            smail_alias_add(*state, alias, "bob@example.test", NULL), 0);
    }

    assert_int_equal(smail_alias_list(*state, collect, &all, NULL), 0);
    assert_int_equal(all.count, 130);
}

static void what_cannot_be_an_alias_is_refused(void **state)
{
    static const struct {
        const char *alias, *target;
        int code;
    } cases[] = {
        { "x@example.org", "bob@example.test", SMAIL_ENOTFOUND },
        { "x@example.test", "bob@[192.0.2.1]", SMAIL_EINVAL },
        { "x@example.test", "carol@example.test", SMAIL_ENOTFOUND },
        { "x@example.test", "bob+detail@example.test", SMAIL_ENOTFOUND },
        { "x@example.test", "@example.test", SMAIL_EINVAL },
        { "x@example.test", "x@example.test", SMAIL_EINVAL },
        { "bob@example.test", "alice@example.test", SMAIL_EEXISTS },
        { "sales@example.test", "bob@example.test", SMAIL_EEXISTS },
        { "not an address", "bob@example.test", SMAIL_EINVAL },
        { "x@example.test", "nor this", SMAIL_EINVAL },
        { "", "bob@example.test", SMAIL_EINVAL },
    };

    add_account(*state, "alice@example.test");
    add_account(*state, "bob@example.test");
    assert_int_equal(
        smail_alias_add(*state, "sales@example.test", "bob@example.test", NULL),
        0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        smail_error err = SMAIL_ERROR_INIT;
        int rc = smail_alias_add(*state, cases[i].alias, cases[i].target, &err);

        if (rc != cases[i].code || err.code != rc || err.message[0] == '\0')
            fail_msg("%s to %s: %d %s", cases[i].alias, cases[i].target, rc,
                     err.message);
    }
}

static void circles_are_refused(void **state)
{
    add_account(*state, "bob@example.test");
    assert_int_equal(
        smail_alias_add(*state, "a@example.test", "bob@example.test", NULL), 0);
    assert_int_equal(
        smail_alias_add(*state, "b@example.test", "a@example.test", NULL), 0);
    assert_int_equal(
        smail_alias_add(*state, "c@example.test", "b@example.test", NULL), 0);

    assert_int_equal(
        smail_alias_add(*state, "a@example.test", "c@example.test", NULL),
        SMAIL_EINVAL);
    assert_int_equal(
        smail_alias_add(*state, "a@example.test", "b@example.test", NULL),
        SMAIL_EINVAL);

    /* Roles without an alias of their own are on the way too. */
    assert_int_equal(smail_alias_add(*state, "postmaster@example.test",
                                     "abuse@example.test", NULL),
                     0);
    assert_int_equal(smail_alias_add(*state, "abuse@example.test",
                                     "postmaster@example.test", NULL),
                     SMAIL_EINVAL);
}

static void reserved_names_can_be_aliases(void **state)
{
    smail_id bob = add_account(*state, "bob@example.test");

    assert_int_equal(
        smail_alias_add(*state, "info@example.test", "bob@example.test", NULL),
        0);
    assert_goes_to(*state, "info@example.test", bob);
}

static void targets_are_removed_one_by_one_or_all(void **state)
{
    smail_id alice = add_account(*state, "alice@example.test");

    add_account(*state, "bob@example.test");
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            smail_alias_add(*state, "x@example.test",
                            i == 0 ? "alice@example.test" : "bob@example.test",
                            NULL),
            0);

    assert_int_equal(
        smail_alias_remove(*state, "x@example.test", "bob@example.test", NULL),
        0);
    assert_goes_to(*state, "x@example.test", alice);
    assert_int_equal(
        smail_alias_remove(*state, "x@example.test", "bob@example.test", NULL),
        SMAIL_ENOTFOUND);
    assert_int_equal(smail_alias_remove(*state, "X@example.test", NULL, NULL),
                     0);
    assert_goes_nowhere(*state, "x@example.test", SMAIL_ENOTFOUND);
    assert_int_equal(smail_alias_remove(*state, "x@example.test", NULL, NULL),
                     SMAIL_ENOTFOUND);
    assert_int_equal(smail_alias_remove(*state, "x@example.org", NULL, NULL),
                     SMAIL_ENOTFOUND);
}

static void an_alias_that_is_needed_stays(void **state)
{
    smail_error err = SMAIL_ERROR_INIT;
    smail_id bob = add_account(*state, "bob@example.test");

    assert_int_equal(
        smail_alias_add(*state, "a@example.test", "bob@example.test", NULL), 0);
    assert_int_equal(
        smail_alias_add(*state, "b@example.test", "a@example.test", NULL), 0);

    assert_int_equal(smail_alias_remove(*state, "a@example.test", NULL, &err),
                     SMAIL_ESTATE);
    assert_non_null(strstr(err.message, "b@example.test"));
    assert_goes_to(*state, "b@example.test", bob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(aliases_are_listed_in_order),
        STORE_TEST(a_long_list_comes_in_pages),
        STORE_TEST(what_cannot_be_an_alias_is_refused),
        STORE_TEST(circles_are_refused),
        STORE_TEST(reserved_names_can_be_aliases),
        STORE_TEST(targets_are_removed_one_by_one_or_all),
        STORE_TEST(an_alias_that_is_needed_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
