/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

static void an_account_gets_its_mail_in_any_case(void **state)
{
    smail_id bob = add_account(*state, "Bob@example.test");

    assert_goes_to(*state, "bob@example.test", bob);
    assert_goes_to(*state, "BOB@EXAMPLE.TEST", bob);
    assert_goes_to(*state, "\"bob\"@example.test", bob);
    assert_goes_to(*state, "bob+lists@example.test", bob);
    assert_goes_to(*state, "bob+@example.test", bob);
    assert_goes_to(*state, "bob+a+b@example.test", bob);
}

static void strangers_and_other_domains_are_told_apart(void **state)
{
    add_account(*state, "bob@example.test");

    assert_goes_nowhere(*state, "carol@example.test", SMAIL_ENOTFOUND);
    assert_goes_nowhere(*state, "carol+bob@example.test", SMAIL_ENOTFOUND);
    assert_goes_nowhere(*state, "+bob@example.test", SMAIL_ENOTFOUND);
    assert_goes_nowhere(*state, "\"\"@example.test", SMAIL_ENOTFOUND);
    assert_goes_nowhere(*state, "bob@example.org", SMAIL_EINVAL);
    assert_goes_nowhere(*state, "bob@sub.example.test", SMAIL_EINVAL);
    assert_goes_nowhere(*state, "bob@[192.0.2.1]", SMAIL_EINVAL);
    assert_goes_nowhere(*state,
                        "b\xc3\xb6"
                        "b@example.test",
                        SMAIL_ENOTFOUND);
    assert_goes_nowhere(*state, "bob", SMAIL_EINVAL);
}

/* RFC 5321, 4.5.1 */
static void postmaster_and_abuse_reach_the_admins(void **state)
{
    smail_account_options options = SMAIL_ACCOUNT_OPTIONS_INIT;
    smail_id alice = add_account(*state, "alice@example.test"), out[8];
    smail_id bob, carol;
    size_t count;

    bob = add_account(*state, "bob@example.test");
    assert_int_equal(smail_domain_add(NULL, *state, "example.org", NULL), 0);
    assert_goes_to(*state, "postmaster@example.test", alice);
    assert_goes_to(*state, "Abuse@example.org", alice);
    assert_goes_to(*state, "postmaster", alice);
    assert_goes_to(*state, "POSTMASTER", alice);
    assert_goes_nowhere(*state, "abuse", SMAIL_EINVAL);
    assert_goes_nowhere(*state, "postmaster@example.net", SMAIL_EINVAL);

    options.admin = true;
    assert_int_equal(
        smail_account_add(&carol, *state, "carol@example.org", &options, NULL),
        0);
    assert_int_equal(resolve(out, &count, *state, "abuse@example.test"), 0);
    assert_int_equal(count, 2);
    assert_int_equal(out[0], alice);
    assert_int_equal(out[1], carol);

    /* An alias says otherwise; a catch-all does not. */
    assert_int_equal(smail_alias_add(*state, "postmaster@example.test",
                                     "bob@example.test", NULL),
                     0);
    assert_int_equal(
        smail_alias_add(*state, "@example.org", "bob@example.test", NULL), 0);
    assert_goes_to(*state, "postmaster@example.test", bob);
    assert_int_equal(resolve(out, &count, *state, "abuse@example.org"), 0);
    assert_int_equal(count, 2);
}

static void the_nearest_name_wins(void **state)
{
    smail_id alice = add_account(*state, "alice@example.test");
    smail_id bob = add_account(*state, "bob@example.test");
    smail_id carol = add_account(*state, "carol@example.test");

    assert_int_equal(smail_alias_add(*state, "bob+lists@example.test",
                                     "carol@example.test", NULL),
                     0);
    assert_int_equal(
        smail_alias_add(*state, "@example.test", "alice@example.test", NULL),
        0);

    assert_goes_to(*state, "bob+lists@example.test", carol);
    assert_goes_to(*state, "bob+other@example.test", bob);
    assert_goes_to(*state, "whoever@example.test", alice);
    assert_goes_to(*state, "whoever+x@example.test", alice);
}

static void lists_reach_each_account_once(void **state)
{
    smail_id alice = add_account(*state, "alice@example.test");
    smail_id bob = add_account(*state, "bob@example.test"), out[8];
    size_t count;

    static const char *const rows[][2] = {
        { "team@example.test", "alice@example.test" },
        { "team@example.test", "bob@example.test" },
        { "all@example.test", "team@example.test" },
        { "all@example.test", "alice@example.test" },
    };
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(smail_alias_add(*state, rows[i][0], rows[i][1], NULL),
                         0);

    assert_int_equal(resolve(out, &count, *state, "all@example.test"), 0);
    assert_int_equal(count, 2);
    assert_true((out[0] == alice && out[1] == bob) ||
                (out[0] == bob && out[1] == alice));
    assert_int_equal(resolve(out, &count, *state, "team+x@example.test"), 0);
    assert_int_equal(count, 2);
}

static void too_many_accounts_are_a_limit(void **state)
{
    char address[40];
    smail_id out[8];
    smail_path path;
    size_t count;

    for (int i = 0; i < 4; i++) {
        smail__format(address, sizeof(address), "user%d@example.test", i);
        add_account(*state, address);
        assert_int_equal(
            smail_alias_add(*state, "all@example.test", address, NULL), 0);
    }
    assert_int_equal(
        smail_path_parse(&path, SMAIL__SPAN("all@example.test"), false), 0);

    assert_int_equal(smail_address_resolve(out, 3, &count, *state, &path, NULL),
                     SMAIL_ELIMIT);
    assert_int_equal(count, 0);
    assert_int_equal(smail_address_resolve(out, 4, &count, *state, &path, NULL),
                     0);
    assert_int_equal(count, 4);
}

/* A hundred aliases in a row are too many to follow for each mail. */
static void a_tangle_of_aliases_is_a_limit(void **state)
{
    char alias[40], target[40] = "bob@example.test";
    smail_error err = SMAIL_ERROR_INIT;
    int rc = 0, made = 0;

    add_account(*state, "bob@example.test");
    for (int i = 0; rc == 0 && i < 150; i++) {
        smail__format(alias, sizeof(alias), "a%d@example.test", i);
        rc = smail_alias_add(*state, alias, target, &err);
        memcpy(target, alias, sizeof(target));
        made += rc == 0;
    }

    assert_int_equal(rc, SMAIL_ELIMIT);
    assert_int_equal(made, 101);
}

static int may_send(smail_store *store, smail_id account, const char *sender)
{
    smail_path path = { { NULL, 0 }, { NULL, 0 } };

    if (sender[0] != '\0')
        assert_int_equal(smail_path_parse(&path, smail__span(sender), true), 0);
    return smail_address_may_send(store, account, &path, NULL);
}

static void who_gets_its_mail_may_send_from_an_address(void **state)
{
    smail_id alice = add_account(*state, "alice@example.test");
    smail_id bob = add_account(*state, "bob@example.test");

    assert_int_equal(
        smail_alias_add(*state, "sales@example.test", "bob@example.test", NULL),
        0);
    assert_int_equal(may_send(*state, bob, "Bob@example.test"), 0);
    assert_int_equal(may_send(*state, bob, "bob+x@example.test"), 0);
    assert_int_equal(may_send(*state, bob, "sales@example.test"), 0);
    assert_int_equal(may_send(*state, bob, ""), 0);
    assert_int_equal(may_send(*state, alice, "postmaster@example.test"), 0);

    assert_int_equal(may_send(*state, alice, "bob@example.test"), SMAIL_EAUTH);
    assert_int_equal(may_send(*state, alice, "sales@example.test"),
                     SMAIL_EAUTH);
    assert_int_equal(may_send(*state, bob, "postmaster@example.test"),
                     SMAIL_EAUTH);
    assert_int_equal(may_send(*state, bob, "carol@example.test"), SMAIL_EAUTH);
    assert_int_equal(may_send(*state, bob, "bob@example.org"), SMAIL_EAUTH);
    assert_int_equal(may_send(*state, bob, "b\xc3\xb6@example.test"),
                     SMAIL_EAUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(an_account_gets_its_mail_in_any_case),
        STORE_TEST(strangers_and_other_domains_are_told_apart),
        STORE_TEST(postmaster_and_abuse_reach_the_admins),
        STORE_TEST(the_nearest_name_wins),
        STORE_TEST(lists_reach_each_account_once),
        STORE_TEST(too_many_accounts_are_a_limit),
        STORE_TEST(a_tangle_of_aliases_is_a_limit),
        STORE_TEST(who_gets_its_mail_may_send_from_an_address),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
