/* SPDX-License-Identifier: MIT */
/* Names, nesting, renaming and removing of mailboxes. */
#include "store/fixture.h"

#include "store/mailbox.h"

static int collect(const smail_mailbox *mailbox, const char *path, void *user)
{
    (void)mailbox;
    strcat(user, path); /* bounded by the test's own names */
    strcat(user, "\n");
    return 0;
}

static void expect_list(struct fixture *f, smail_id account, const char *list)
{
    char text[1000] = "";

    fixture_ok(f,
               smail_mailbox_list(f->store, account, collect, text, &f->err));
    assert_string_equal(text, list);
}

static smail_id make(struct fixture *f, smail_id account, const char *path)
{
    smail_id id = 0;

    fixture_ok(f, smail_mailbox_create(&id, f->store, account, path, &f->err));
    return id;
}

static void parents_are_made_and_listed_first(void **state)
{
    struct fixture f;
    smail_id bob, deep, found;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    bob = fixture_account(&f, "bob@example.test", 0);
    deep = make(&f, bob, "Work/2026/\xc3\xbc");
    make(&f, bob, "Archive");
    make(&f, bob, "Work/2025");
    expect_list(&f, bob,
                "Archive\nInbox\nWork\nWork/2025\nWork/2026\n"
                "Work/2026/\xc3\xbc\n");
    fixture_ok(&f, smail_mailbox_find(&found, f.store, bob,
                                      "Work/2026/\xc3\xbc", &f.err));
    assert_int_equal(found, deep);
    assert_int_equal(
        smail_mailbox_find(&found, f.store, bob, "Work/2027", &f.err),
        SMAIL_ENOTFOUND);
    fixture_end(&f);
}

static void the_inbox_has_one_name_in_any_case(void **state)
{
    struct fixture f;
    smail_id bob, inbox, found, child;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    bob = fixture_account(&f, "bob@example.test", 0);
    fixture_ok(&f, smail_mailbox_find_role(&inbox, f.store, bob,
                                           SMAIL_ROLE_INBOX, &f.err));
    fixture_ok(&f, smail_mailbox_find(&found, f.store, bob, "iNbOx", &f.err));
    assert_int_equal(found, inbox);
    assert_int_equal(
        smail_mailbox_create(&found, f.store, bob, "INBOX", &f.err),
        SMAIL_EEXISTS);
    child = make(&f, bob, "INBOX/lists");
    expect_list(&f, bob, "Inbox\nInbox/lists\n");
    assert_int_equal(smail_mailbox_rename(f.store, bob, inbox, "x", &f.err),
                     SMAIL_EINVAL);
    assert_int_equal(smail_mailbox_remove(f.store, bob, inbox, &f.err),
                     SMAIL_EINVAL);
    fixture_ok(&f, smail_mailbox_remove(f.store, bob, child, &f.err));
    assert_int_equal(
        smail_mailbox_find_role(&found, f.store, bob, SMAIL_ROLE_JUNK, &f.err),
        SMAIL_ENOTFOUND);
    fixture_end(&f);
}

static void bad_names_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "/",
        "a/",
        "/a",
        "a//b",
        "a\tb",
        "a\x7f",
        "\xc3",
        "\xed\xa0\x80",
        "a\xc2\x85",
        "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
    };
    struct fixture f;
    smail_id bob, id;
    char name[300];

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    bob = fixture_account(&f, "bob@example.test", 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(
            smail_mailbox_create(&id, f.store, bob, bad[i], &f.err),
            SMAIL_EINVAL);
    memset(name, 'n', sizeof(name));
    name[256] = '\0';
    assert_int_equal(smail_mailbox_create(&id, f.store, bob, name, &f.err),
                     SMAIL_EINVAL);
    name[255] = '\0';
    make(&f, bob, name);
    make(&f, bob, "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16");
    assert_int_equal(smail_mailbox_create(&id, f.store, bob + 1, "a", &f.err),
                     SMAIL_ENOTFOUND);
    fixture_end(&f);
}

static void renaming_moves_a_subtree(void **state)
{
    struct fixture f;
    smail_id bob, a, b, c;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    bob = fixture_account(&f, "bob@example.test", 0);
    c = make(&f, bob, "a/b/c");
    fixture_ok(&f, smail_mailbox_find(&a, f.store, bob, "a", &f.err));
    fixture_ok(&f, smail_mailbox_find(&b, f.store, bob, "a/b", &f.err));

    fixture_ok(&f, smail_mailbox_rename(f.store, bob, b, "x/y", &f.err));

    expect_list(&f, bob, "Inbox\na\nx\nx/y\nx/y/c\n");
    assert_int_equal(smail_mailbox_rename(f.store, bob, b, "x/y/c/z", &f.err),
                     SMAIL_EINVAL);
    assert_int_equal(smail_mailbox_rename(f.store, bob, b, "a", &f.err),
                     SMAIL_EEXISTS);
    assert_int_equal(smail_mailbox_rename(f.store, bob, b, "INBOX", &f.err),
                     SMAIL_EEXISTS);
    fixture_ok(&f, smail_mailbox_rename(f.store, bob, b, "x/y", &f.err));
    assert_int_equal(
        smail_mailbox_rename(f.store, bob, b,
                             "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16", &f.err),
        SMAIL_EINVAL);
    assert_int_equal(smail_mailbox_rename(f.store, bob, 999, "q", &f.err),
                     SMAIL_ENOTFOUND);
    assert_int_equal(smail_mailbox_remove(f.store, bob, b, &f.err),
                     SMAIL_ESTATE);
    fixture_ok(&f, smail_mailbox_remove(f.store, bob, c, &f.err));
    fixture_ok(&f, smail_mailbox_remove(f.store, bob, b, &f.err));
    (void)a;
    fixture_end(&f);
}

static void removing_takes_what_is_nowhere_else(void **state)
{
    struct fixture f;
    smail_id bob, box;
    smail_target both[2] = { { 0 } };
    smail_query query = SMAIL_QUERY_INIT;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    bob = query.account = fixture_account(&f, "bob@example.test", 0);
    box = make(&f, bob, "Box");
    both[0].account = both[1].account = bob;
    both[1].mailbox = box;
    fixture_ok(&f, fixture_append_to(NULL, f.store, SMAIL__SPAN("\r\n"), both,
                                     2, &f.err));
    for (int i = 0; i < 250; i++) /* more than one step */
        fixture_append(&f, bob, box, "Subject: x\r\n\r\n");
    assert_int_equal(fixture_count(&f, &query), 251);

    fixture_ok(&f, smail_mailbox_remove(f.store, bob, box, &f.err));

    assert_int_equal(fixture_count(&f, &query), 1);
    expect_list(&f, bob, "Inbox\n");
    assert_int_equal(smail_mailbox_remove(f.store, bob, box, &f.err),
                     SMAIL_ENOTFOUND);
    fixture_end(&f);
}

static int uidvalidity(const smail_mailbox *mailbox, const char *path,
                       void *user)
{
    if (strcmp(path, "Again") == 0)
        *(uint32_t *)user = mailbox->uidvalidity;
    return 0;
}

static void a_name_used_again_has_a_new_uidvalidity(void **state)
{
    struct fixture f;
    uint32_t before = 0;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    fixture_ok(&f, smail_store_run_batch(f.store, 1000000, &f.err));
    fixture_account(&f, "bob@example.test", 0);
    for (int i = 0; i < 5; i++) { /* in one second */
        uint32_t now = 0;
        smail_id id = make(&f, 1, "Again");

        fixture_ok(&f,
                   smail_mailbox_list(f.store, 1, uidvalidity, &now, &f.err));
        assert_true(now > before);
        before = now;
        fixture_ok(&f, smail_mailbox_remove(f.store, 1, id, &f.err));
    }
    fixture_end(&f);
}

static int look(const smail_mailbox *mailbox, const char *path, void *user)
{
    smail_mailbox *wanted = user;

    (void)path;
    if (mailbox->id == wanted->id)
        *wanted = *mailbox;
    return 0;
}

static smail_mailbox get(struct fixture *f, smail_id account, smail_id mailbox)
{
    smail_mailbox found = { .id = mailbox };

    fixture_ok(f, smail_mailbox_list(f->store, account, look, &found, &f->err));
    return found;
}

static void a_role_is_had_once(void **state)
{
    struct fixture f;
    smail_id bob, a, b, inbox;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    bob = fixture_account(&f, "bob@example.test", 0);
    a = make(&f, bob, "a");
    b = make(&f, bob, "b");
    fixture_ok(&f, smail_mailbox_find(&inbox, f.store, bob, "INBOX", &f.err));
    fixture_ok(
        &f, smail_mailbox_set_role(f.store, bob, a, SMAIL_ROLE_TRASH, &f.err));
    assert_int_equal(get(&f, bob, a).role, SMAIL_ROLE_TRASH);
    fixture_ok(
        &f, smail_mailbox_set_role(f.store, bob, a, SMAIL_ROLE_TRASH, &f.err));
    assert_int_equal(
        smail_mailbox_set_role(f.store, bob, b, SMAIL_ROLE_TRASH, &f.err),
        SMAIL_EEXISTS);
    fixture_ok(
        &f, smail_mailbox_set_role(f.store, bob, a, SMAIL_ROLE_NONE, &f.err));
    fixture_ok(
        &f, smail_mailbox_set_role(f.store, bob, b, SMAIL_ROLE_TRASH, &f.err));
    assert_int_equal(
        smail_mailbox_set_role(f.store, bob, inbox, SMAIL_ROLE_SENT, &f.err),
        SMAIL_ESTATE);
    assert_int_equal(
        smail_mailbox_set_role(f.store, bob, a, SMAIL_ROLE_INBOX, &f.err),
        SMAIL_ESTATE);
    assert_int_equal(
        smail_mailbox_set_role(f.store, bob, a, (smail_role)7, &f.err),
        SMAIL_EINVAL);
    assert_int_equal(
        smail_mailbox_set_role(f.store, bob, 999, SMAIL_ROLE_JUNK, &f.err),
        SMAIL_ENOTFOUND);
    fixture_end(&f);
}

static void roles_have_names(void **state)
{
    smail_role role = SMAIL_ROLE_INBOX;

    (void)state;
    assert_int_equal(smail_role_by_name(&role, "none"), 0);
    assert_int_equal(role, SMAIL_ROLE_NONE);
    for (int i = SMAIL_ROLE_INBOX; i <= SMAIL_ROLE_TRASH; i++) {
        assert_int_equal(
            smail_role_by_name(&role, smail_role_name((smail_role)i)), 0);
        assert_int_equal(role, i);
    }
    assert_int_equal(smail_role_by_name(&role, "JUNK"), 0);
    assert_int_equal(role, SMAIL_ROLE_JUNK);
    assert_int_equal(smail_role_by_name(&role, ""), SMAIL_ENOTFOUND);
    assert_int_equal(smail_role_by_name(&role, "junk "), SMAIL_ENOTFOUND);
}

static void a_subscription_comes_and_goes(void **state)
{
    struct fixture f;
    smail_id bob, a;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    bob = fixture_account(&f, "bob@example.test", 0);
    a = make(&f, bob, "a");
    assert_true(get(&f, bob, a).is_subscribed);
    fixture_ok(&f,
               smail_mailbox_set_subscribed(f.store, bob, a, false, &f.err));
    assert_false(get(&f, bob, a).is_subscribed);
    fixture_ok(&f, smail_mailbox_set_subscribed(f.store, bob, a, true, &f.err));
    assert_true(get(&f, bob, a).is_subscribed);
    assert_int_equal(
        smail_mailbox_set_subscribed(f.store, bob + 1, a, true, &f.err),
        SMAIL_ENOTFOUND);
    fixture_end(&f);
}

/* SMAIL_EMAIL_MAILBOXES_MAX, one below and one above. */
static void a_message_is_in_so_many_mailboxes(void **state)
{
    smail_id boxes[SMAIL_EMAIL_MAILBOXES_MAX + 1];
    smail_placing placing = SMAIL_PLACING_INIT;
    smail_appended mail;
    struct fixture f;
    smail_id bob;
    char name[8];

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    bob = fixture_account(&f, "bob@example.test", 0);
    for (size_t i = 0; i <= SMAIL_EMAIL_MAILBOXES_MAX; i++) {
        smail__format(name, sizeof(name), "b%zu", i);
        boxes[i] = make(&f, bob, name);
    }
    mail = fixture_append(&f, bob, boxes[0], "Subject: a\r\n\r\n");
    placing.add = boxes;
    placing.add_count = SMAIL_EMAIL_MAILBOXES_MAX - 1;
    fixture_ok(&f,
               smail_email_place(f.store, bob, mail.email, &placing, &f.err));
    placing.add_count++;
    fixture_ok(&f,
               smail_email_place(f.store, bob, mail.email, &placing, &f.err));
    placing.add_count++;
    assert_int_equal(
        smail_email_place(f.store, bob, mail.email, &placing, &f.err),
        SMAIL_ELIMIT);
    assert_int_equal(get(&f, bob, boxes[SMAIL_EMAIL_MAILBOXES_MAX - 1]).total,
                     1);
    assert_int_equal(get(&f, bob, boxes[SMAIL_EMAIL_MAILBOXES_MAX]).total, 0);
    assert_int_equal(
        smail_email_place(f.store, bob, mail.email + 99, &placing, &f.err),
        SMAIL_ENOTFOUND);
    placing.size = 0;
    assert_int_equal(
        smail_email_place(f.store, bob, mail.email, &placing, &f.err),
        SMAIL_EINVAL);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parents_are_made_and_listed_first),
        cmocka_unit_test(the_inbox_has_one_name_in_any_case),
        cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(renaming_moves_a_subtree),
        cmocka_unit_test(removing_takes_what_is_nowhere_else),
        cmocka_unit_test(a_name_used_again_has_a_new_uidvalidity),
        cmocka_unit_test(a_role_is_had_once),
        cmocka_unit_test(roles_have_names),
        cmocka_unit_test(a_subscription_comes_and_goes),
        cmocka_unit_test(a_message_is_in_so_many_mailboxes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
