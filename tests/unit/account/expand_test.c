/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

struct all {
    char text[1024];
    size_t len, here, elsewhere, stop_at;
};

static int take(const smail_expanded *to, void *user)
{
    struct all *all = user;

    if (to->account != 0) {
        assert_null(to->address);
        assert_int_equal(all->elsewhere, 0); /* accounts come first */
        all->here++;
    } else {
        all->elsewhere++;
        if (all->len + 100 < sizeof(all->text))
            all->len +=
                smail__format(all->text + all->len,
                              sizeof(all->text) - all->len, "%s ", to->address);
    }
    return all->here + all->elsewhere == all->stop_at ? 7 : 0;
}

static int expand(struct all *all, smail_store *store, const char *address)
{
    smail_path path;
    size_t stop_at = all->stop_at;

    *all = (struct all){ .stop_at = stop_at };
    assert_int_equal(smail_path_parse(&path, smail__span(address), true), 0);
    return smail_address_expand(store, &path, take, all, NULL);
}

static void add_alias(smail_store *store, const char *alias, const char *target)
{
    smail_error err = SMAIL_ERROR_INIT;

    if (smail_alias_add(store, alias, target, &err) != 0)
        fail_msg("%s to %s: %s", alias, target, err.message);
}

static void a_list_has_members_here_and_elsewhere(void **state)
{
    smail_id bob = add_account(*state, "bob@example.test");
    struct all all = { .len = 0 };

    add_alias(*state, "team@example.test", "bob@example.test");
    add_alias(*state, "team@example.test", "Carol@Example.org");
    add_alias(*state, "all@example.test", "team@example.test");
    add_alias(*state, "all@example.test", "carol+x@example.org");
    add_alias(*state, "all@example.test", "Carol@example.org");

    assert_int_equal(expand(&all, *state, "all@example.test"), 0);
    assert_int_equal(all.here, 1);
    assert_int_equal(all.elsewhere, 2);
    assert_non_null(strstr(all.text, "Carol@example.org "));
    assert_non_null(strstr(all.text, "carol+x@example.org "));
    assert_goes_to(*state, "all@example.test", bob);

    all.stop_at = 2;
    assert_int_equal(expand(&all, *state, "all@example.test"), 7);
}

static void an_account_is_itself(void **state)
{
    struct all all = { .len = 0 };

    add_account(*state, "bob@example.test");
    assert_int_equal(expand(&all, *state, "bob+x@example.test"), 0);
    assert_int_equal(all.here, 1);
    assert_int_equal(all.elsewhere, 0);
    assert_int_equal(expand(&all, *state, "nobody@example.test"),
                     SMAIL_ENOTFOUND);
    assert_int_equal(expand(&all, *state, "carol@example.org"), SMAIL_EINVAL);
}

static void what_leads_elsewhere_alone_is_told_apart(void **state)
{
    struct all all = { .len = 0 };
    smail_id bob = add_account(*state, "bob@example.test");
    smail_path path;

    add_alias(*state, "out@example.test", "carol@example.org");
    add_alias(*state, "far@example.test", "out@example.test");
    add_alias(*state, "@example.test", "dave@example.org");
    assert_goes_nowhere(*state, "far@example.test", SMAIL_ESTATE);
    assert_goes_nowhere(*state, "unknown@example.test", SMAIL_ESTATE);
    assert_int_equal(expand(&all, *state, "far@example.test"), 0);
    assert_string_equal(all.text, "carol@example.org ");
    assert_int_equal(expand(&all, *state, "unknown@example.test"), 0);
    assert_string_equal(all.text, "dave@example.org ");

    assert_int_equal(
        smail_path_parse(&path, SMAIL__SPAN("out@example.test"), true), 0);
    assert_int_equal(smail_address_may_send(*state, bob, &path, NULL),
                     SMAIL_EAUTH);
}

/* A domain that comes to this server takes its addresses along. */
static void a_domain_that_is_added_is_here(void **state)
{
    struct all all = { .len = 0 };
    smail_id carol;

    add_account(*state, "bob@example.test");
    add_alias(*state, "out@example.test", "Carol@example.org");
    assert_int_equal(smail_domain_add(NULL, *state, "example.org", NULL), 0);
    assert_int_equal(expand(&all, *state, "out@example.test"), SMAIL_ENOTFOUND);
    carol = add_account(*state, "carol@example.org");
    assert_goes_to(*state, "out@example.test", carol);

    /* Once two domains are here, two aliases may lead to each other. */
    add_alias(*state, "a@example.test", "b@example.net");
    assert_int_equal(smail_domain_add(NULL, *state, "example.net", NULL), 0);
    assert_int_equal(
        smail_alias_add(*state, "b@example.net", "a@example.test", NULL),
        SMAIL_EINVAL);
    add_alias(*state, "b@example.net", "x@example.com");
    add_alias(*state, "a@example.test", "carol@example.org");
    assert_int_equal(smail_domain_add(NULL, *state, "example.com", NULL), 0);
    add_alias(*state, "x@example.com", "bob@example.test");
    assert_int_equal(
        smail_alias_add(*state, "x@example.com", "a@example.test", NULL),
        SMAIL_EINVAL);
}

static void those_elsewhere_are_removed_however_they_are_written(void **state)
{
    add_account(*state, "bob@example.test");
    add_alias(*state, "out@example.test", "Carol@example.org");
    assert_int_equal(
        smail_alias_add(*state, "out@example.test", "carol@EXAMPLE.org", NULL),
        SMAIL_EEXISTS);
    assert_int_equal(smail_alias_remove(*state, "out@example.test",
                                        "CAROL@example.org", NULL),
                     0);
    assert_goes_nowhere(*state, "out@example.test", SMAIL_ENOTFOUND);
}

static void both_together_have_a_limit(void **state)
{
    struct all all = { .len = 0 };
    char address[48];

    add_account(*state, "bob@example.test");
    add_alias(*state, "all@example.test", "bob@example.test");
    for (int i = 0; i < SMAIL_RESOLVED_MAX - 2; i++) {
        smail__format(address, sizeof(address), "user%d@example.org", i);
        add_alias(*state, "all@example.test", address);
    }
    assert_int_equal(expand(&all, *state, "all@example.test"), 0);
    assert_int_equal(all.here + all.elsewhere, SMAIL_RESOLVED_MAX - 1);
    add_alias(*state, "all@example.test", "last@example.org");
    assert_int_equal(expand(&all, *state, "all@example.test"), 0);
    assert_int_equal(all.here + all.elsewhere, SMAIL_RESOLVED_MAX);
    add_alias(*state, "all@example.test", "beyond@example.org");
    assert_int_equal(expand(&all, *state, "all@example.test"), SMAIL_ELIMIT);
    assert_int_equal(all.here + all.elsewhere, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_list_has_members_here_and_elsewhere),
        STORE_TEST(an_account_is_itself),
        STORE_TEST(what_leads_elsewhere_alone_is_told_apart),
        STORE_TEST(a_domain_that_is_added_is_here),
        STORE_TEST(those_elsewhere_are_removed_however_they_are_written),
        STORE_TEST(both_together_have_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
