/* SPDX-License-Identifier: MIT */
#include "store_fixture.h"

static int copy(const smail_account *account, void *user)
{
    *(smail_account *)user = *account;
    return 0;
}

static int count_mailboxes(const smail_mailbox *mailbox, const char *path,
                           void *user)
{
    (void)path;
    *(unsigned *)user |= 1u << mailbox->role;
    return 0;
}

static unsigned roles(smail_store *store, smail_id account)
{
    unsigned found = 0;

    assert_int_equal(
        smail_mailbox_list(store, account, count_mailboxes, &found, NULL), 0);
    return found;
}

static void an_account_comes_with_its_mailboxes(void **state)
{
    smail_account_options options = SMAIL_ACCOUNT_OPTIONS_INIT;
    smail_id bob = add_account(*state, "Bob@Example.test"), bare, found;
    smail_account account;

    assert_int_equal(roles(*state, bob), 0x7e);
    options.bare = true;
    options.name = "B\xc3\xa4r";
    options.quota_bytes = 5000;
    assert_int_equal(
        smail_account_add(&bare, *state, "bare@example.test", &options, NULL),
        0);
    assert_int_equal(roles(*state, bare), 1u << SMAIL_ROLE_INBOX);

    assert_int_equal(
        smail_account_find(&found, *state, "BOB@example.test", NULL), 0);
    assert_int_equal(found, bob);
    assert_int_equal(smail_account_get(*state, bare, copy, &account, NULL), 0);
    assert_int_equal(account.id, bare);
    assert_true(account.quota_bytes == 5000);
    assert_false(account.admin);
    assert_false(account.has_password);
    assert_false(account.disabled);
    assert_int_equal(smail_account_get(*state, bob, copy, &account, NULL), 0);
    assert_true(account.admin);
}

static void what_cannot_be_an_account_is_refused(void **state)
{
    static const struct {
        const char *address;
        int code;
    } cases[] = {
        { "bob@example.test", SMAIL_EEXISTS },
        { "BOB@example.test", SMAIL_EEXISTS },
        { "sales2@example.test", SMAIL_EEXISTS },
        { "bob@example.org", SMAIL_ENOTFOUND },
        { "postmaster@example.test", SMAIL_EINVAL },
        { "Info@example.test", SMAIL_EINVAL },
        { "bob+x@example.test", SMAIL_EINVAL },
        { "bob", SMAIL_EINVAL },
        { "@example.test", SMAIL_EINVAL },
        { "b\xff@example.test", SMAIL_EINVAL },
    };

    add_account(*state, "bob@example.test");
    assert_int_equal(smail_alias_add(*state, "sales2@example.test",
                                     "bob@example.test", NULL),
                     0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        smail_error err = SMAIL_ERROR_INIT;
        int rc = smail_account_add(NULL, *state, cases[i].address, NULL, &err);

        if (rc != cases[i].code || err.code != rc)
            fail_msg("%s: %d %s", cases[i].address, rc, err.message);
    }
}

static void options_are_checked(void **state)
{
    char password[SMAIL_PASSWORD_MAX + 1], name[300];
    smail_account_options options = SMAIL_ACCOUNT_OPTIONS_INIT;
    static const char *const names[] = { "a\nb", "\xff", "a\x7f" };

    memset(password, 'x', sizeof(password));
    options.password = (smail_span){ password, SMAIL_PASSWORD_MIN - 1 };
    assert_int_equal(
        smail_account_add(NULL, *state, "a@example.test", &options, NULL),
        SMAIL_EINVAL);
    options.password.len = SMAIL_PASSWORD_MAX + 1;
    assert_int_equal(
        smail_account_add(NULL, *state, "a@example.test", &options, NULL),
        SMAIL_EINVAL);
    options.password.len = 0;
    for (size_t i = 0; i < 3; i++) {
        options.name = names[i];
        assert_int_equal(
            smail_account_add(NULL, *state, "a@example.test", &options, NULL),
            SMAIL_EINVAL);
    }
    memset(name, 'x', sizeof(name));
    name[201] = '\0';
    options.name = name;
    assert_int_equal(
        smail_account_add(NULL, *state, "a@example.test", &options, NULL),
        SMAIL_EINVAL);
    name[200] = '\0';
    assert_int_equal(
        smail_account_add(NULL, *state, "a@example.test", &options, NULL), 0);
}

struct seen {
    size_t count;
    char last[64];
};

static int look(const smail_account *account, void *user)
{
    struct seen *seen = user;

    assert_true(strcmp(seen->last, account->address) < 0);
    smail__format(seen->last, sizeof(seen->last), "%s", account->address);
    seen->count++;
    return 0;
}

static void lists_are_in_order_and_whole(void **state)
{
    smail_account_options options = SMAIL_ACCOUNT_OPTIONS_INIT;
    struct seen seen = { .count = 0 };
    char address[40];

    options.bare = true;
    for (int i = 0; i < 130; i++) {
        smail__format(address, sizeof(address), "user%d@example.test", i);
        assert_int_equal(
            smail_account_add(NULL, *state, address, &options, NULL), 0);
    }

    assert_int_equal(smail_account_list(*state, look, &seen, NULL), 0);
    assert_int_equal(seen.count, 130);
}

static void who_is_not_there_is_not_found(void **state)
{
    smail_account account;
    smail_id id;

    assert_int_equal(smail_account_find(&id, *state, "x@example.test", NULL),
                     SMAIL_ENOTFOUND);
    assert_int_equal(smail_account_find(&id, *state, "nonsense", NULL),
                     SMAIL_EINVAL);
    assert_int_equal(smail_account_get(*state, 99, copy, &account, NULL),
                     SMAIL_ENOTFOUND);
    assert_int_equal(smail_account_remove(*state, 99, NULL), SMAIL_ENOTFOUND);
    assert_int_equal(smail_account_set_disabled(*state, 99, true, NULL),
                     SMAIL_ENOTFOUND);
    assert_int_equal(smail_account_set_password(
                         *state, 99, SMAIL__SPAN("long enough"), NULL),
                     SMAIL_ENOTFOUND);
}

/* --- Removing ------------------------------------------------------------ */

static void append(smail_store *store, smail_id account, int messages)
{
    for (int i = 0; i < messages; i++) {
        smail_target target = { .account = account };
        smail_append *mail = NULL;

        assert_int_equal(smail_append_new(&mail, store, NULL), 0);
        assert_int_equal(
            smail_append_write(mail, SMAIL__SPAN("Subject: x\r\n\r\ny\r\n"),
                               NULL),
            0);
        assert_int_equal(smail_append_commit(mail, &target, 1, NULL, NULL), 0);
        smail_append_free(mail);
    }
}

static void an_account_goes_with_its_mail_and_aliases(void **state)
{
    smail_id alice = add_account(*state, "alice@example.test");
    smail_id bob = add_account(*state, "bob@example.test"), again;
    smail_store_stats stats = SMAIL_STORE_STATS_INIT;
    uint64_t faults = 1;

    static const char *const rows[][2] = {
        { "only@example.test", "bob@example.test" },
        { "chain@example.test", "only@example.test" },
        { "list@example.test", "bob@example.test" },
        { "list@example.test", "alice@example.test" },
        { "postmaster@example.test", "bob@example.test" },
    };
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(smail_alias_add(*state, rows[i][0], rows[i][1], NULL),
                         0);
    append(*state, bob, 450);
    append(*state, alice, 1);

    assert_int_equal(smail_account_remove(*state, bob, NULL), 0);

    assert_goes_nowhere(*state, "bob@example.test", SMAIL_ENOTFOUND);
    assert_goes_nowhere(*state, "only@example.test", SMAIL_ENOTFOUND);
    assert_goes_nowhere(*state, "chain@example.test", SMAIL_ENOTFOUND);
    assert_goes_to(*state, "list@example.test", alice);
    assert_goes_to(*state, "postmaster@example.test", alice);
    assert_int_equal(smail_store_get_stats(&stats, *state, NULL), 0);
    assert_int_equal(stats.accounts, 1);
    assert_int_equal(stats.emails, 1);
    assert_int_equal(smail_store_check(&faults, *state, NULL, NULL, NULL), 0);
    assert_int_equal(faults, 0);

    /* Whoever comes next of that name finds nothing of the last one. */
    again = add_account(*state, "bob@example.test");
    assert_goes_nowhere(*state, "chain@example.test", SMAIL_ENOTFOUND);
    assert_goes_to(*state, "bob@example.test", again);
}

static void there_is_always_an_admin(void **state)
{
    smail_id alice = add_account(*state, "alice@example.test");
    smail_id bob = add_account(*state, "bob@example.test");

    add_account(*state, "carol@example.test");
    assert_goes_to(*state, "postmaster", alice);
    assert_int_equal(smail_account_remove(*state, alice, NULL), 0);
    assert_goes_to(*state, "postmaster", bob);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(an_account_comes_with_its_mailboxes),
        STORE_TEST(what_cannot_be_an_account_is_refused),
        STORE_TEST(options_are_checked),
        STORE_TEST(lists_are_in_order_and_whole),
        STORE_TEST(who_is_not_there_is_not_found),
        STORE_TEST(an_account_goes_with_its_mail_and_aliases),
        STORE_TEST(there_is_always_an_admin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
