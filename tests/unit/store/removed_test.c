/* SPDX-License-Identifier: MIT */
/* What was removed can be had again, for a while and within limits. */
#include "store/fixture.h"

#include "store/sweep.h"

#define DAY 86400

static void open_keeping(struct fixture *f, uint64_t seconds)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;

    options.keep_removed = seconds;
    fixture_ok(f, smail_store_open(&f->store, f->url, &options, &f->err));
}

static int64_t number(struct fixture *f, const char *sql, int64_t first)
{
    struct smail__db *db;
    int64_t value = -1;

    fixture_ok(f, smail__store_begin_read(&db, f->store, &f->err));
    fixture_ok(f, smail__db_value(&value, db, sql, first, INT64_MIN, &f->err));
    smail__store_end_read(f->store, db);
    return value;
}

struct seen {
    size_t count;
    smail_id last;
    int64_t lasts; /* seconds */
    bool has_subject;
};

static int look(const smail_removed *removed, void *user)
{
    struct seen *seen = user;

    if (seen->count++ == 0) {
        seen->last = removed->email;
        seen->lasts = removed->expires_at - removed->removed_at;
        seen->has_subject = smail__span_is(removed->subject, "x");
    }
    return 0;
}

static struct seen list(struct fixture *f, smail_id account)
{
    struct seen seen = { 0, 0, 0, false };

    fixture_ok(f,
               smail_removed_list(f->store, account, 0, look, &seen, &f->err));
    return seen;
}

static int execute(smail_tx *tx, void *arg, smail_error *err)
{
    return smail__db_exec(smail__tx_db(tx), arg, err);
}

static void it_comes_back_as_it_was(void **state)
{
    struct fixture f;
    smail_id bob, box, again;
    smail_appended first, mail;
    smail_entry entry;
    smail_cursor *cursor;
    struct seen seen;

    (void)state;
    fixture_begin(&f);
    open_keeping(&f, 14 * DAY);
    bob = fixture_account(&f, "bob@example.test", 0);
    fixture_ok(&f, smail_mailbox_create(&box, f.store, bob, "Work", &f.err));
    first = fixture_append(&f, bob, 0, "Message-ID: <a@x>\r\n\r\n");
    mail = fixture_append(&f, bob, box,
                          "Subject: x\r\nReferences: <a@x>\r\n\r\nbody\r\n");
    assert_int_equal(first.thread, mail.thread);
    fixture_ok(&f, smail_email_flag(f.store, bob, mail.email, "$seen mine",
                                    NULL, &f.err));
    fixture_ok(&f, smail_email_remove(f.store, bob, mail.email, &f.err));
    seen = list(&f, bob);
    assert_int_equal(seen.count, 1);
    assert_int_equal(seen.last, mail.email);
    assert_int_equal(seen.lasts, 14 * DAY);
    assert_true(seen.has_subject);
    assert_int_equal(
        number(&f, "SELECT used_emails FROM account WHERE id = $1", bob), 1);
    fixture_check(&f);

    fixture_ok(&f,
               smail_email_undelete(&again, f.store, bob, mail.email, &f.err));
    assert_true(again > mail.email);
    fixture_ok(&f,
               smail_email_get(&entry, &cursor, f.store, bob, again, &f.err));
    assert_string_equal(entry.keywords, "$seen mine");
    assert_string_equal(entry.mailboxes, "Work");
    assert_int_equal(entry.thread, mail.thread);
    smail_cursor_free(cursor);
    assert_int_equal(
        number(&f, "SELECT uid FROM email_mailbox WHERE email = $1", again),
        mail.uid + 1);
    assert_int_equal(list(&f, bob).count, 0);
    assert_int_equal(
        smail_email_undelete(&again, f.store, bob, mail.email, &f.err),
        SMAIL_ENOTFOUND);
    fixture_end(&f);
}

static void without_its_mailbox_it_comes_into_the_inbox(void **state)
{
    struct fixture f;
    smail_id bob, box, again;
    smail_appended mail;
    smail_entry entry;
    smail_cursor *cursor;

    (void)state;
    fixture_begin(&f);
    open_keeping(&f, DAY);
    bob = fixture_account(&f, "bob@example.test", 0);
    fixture_ok(&f, smail_mailbox_create(&box, f.store, bob, "Work", &f.err));
    mail = fixture_append(&f, bob, box, "Subject: x\r\n\r\n");
    fixture_ok(&f, smail_mailbox_remove(f.store, bob, box, &f.err));
    assert_int_equal(list(&f, bob).count, 1);
    fixture_ok(&f,
               smail_email_undelete(&again, f.store, bob, mail.email, &f.err));
    fixture_ok(&f,
               smail_email_get(&entry, &cursor, f.store, bob, again, &f.err));
    assert_string_equal(entry.mailboxes, "Inbox");
    smail_cursor_free(cursor);
    fixture_end(&f);
}

static void the_bytes_stay_until_its_time_is_over(void **state)
{
    static const char blobs_sql[] = "SELECT count(*) FROM blob WHERE $1 = 0";
    char past[] = "UPDATE removed SET expires_at = 1";
    struct fixture f;
    smail_id bob;
    smail_appended mail;
    uint64_t removed;

    (void)state;
    fixture_begin(&f);
    open_keeping(&f, DAY);
    bob = fixture_account(&f, "bob@example.test", 0);
    mail = fixture_append(&f, bob, 0, "Subject: x\r\n\r\n");
    fixture_ok(&f, smail_email_remove(f.store, bob, mail.email, &f.err));
    fixture_ok(&f, smail__store_sweep(&removed, f.store, -10, &f.err));
    assert_int_equal(number(&f, blobs_sql, 0), 1);
    fixture_ok(&f, smail__store_write(f.store, execute, past, &f.err));
    assert_int_equal(list(&f, bob).count, 0);
    assert_int_equal(
        smail_email_undelete(NULL, f.store, bob, mail.email, &f.err),
        SMAIL_ENOTFOUND);
    fixture_ok(&f, smail__store_sweep(&removed, f.store, -10, &f.err));
    assert_int_equal(number(&f, blobs_sql, 0), 0);
    assert_int_equal(
        number(&f,
               "SELECT emails + bytes FROM removed_total WHERE account "
               "= $1",
               bob),
        0);
    fixture_end(&f);
}

static void the_oldest_is_let_go_at_the_limit(void **state)
{
    char at_limit[] = "UPDATE removed_total SET emails = 99999";
    struct fixture f;
    smail_id bob;
    smail_appended mails[3];

    (void)state;
    fixture_begin(&f);
    open_keeping(&f, DAY);
    bob = fixture_account(&f, "bob@example.test", 0);
    for (int i = 0; i < 3; i++)
        mails[i] = fixture_append(&f, bob, 0, "Subject: x\r\n\r\n");
    fixture_ok(&f, smail_email_remove(f.store, bob, mails[0].email, &f.err));
    fixture_ok(&f, smail__store_write(f.store, execute, at_limit, &f.err));
    fixture_ok(&f, smail_email_remove(f.store, bob, mails[1].email, &f.err));
    assert_int_equal(list(&f, bob).count, 2); /* just as many as may be */
    fixture_ok(&f, smail_email_remove(f.store, bob, mails[2].email, &f.err));
    assert_int_equal(list(&f, bob).count, 2);
    assert_int_equal(
        smail_email_undelete(NULL, f.store, bob, mails[0].email, &f.err),
        SMAIL_ENOTFOUND);
    fixture_end(&f);
}

static void it_is_purged_for_good(void **state)
{
    struct fixture f;
    smail_id bob;
    smail_appended mails[3];
    uint64_t count;

    (void)state;
    fixture_begin(&f);
    open_keeping(&f, DAY);
    bob = fixture_account(&f, "bob@example.test", 0);
    for (int i = 0; i < 3; i++) {
        mails[i] = fixture_append(&f, bob, 0, "Subject: x\r\n\r\n");
        fixture_ok(&f,
                   smail_email_remove(f.store, bob, mails[i].email, &f.err));
    }
    fixture_ok(
        &f, smail_removed_purge(&count, f.store, bob, mails[1].email, &f.err));
    assert_int_equal(count, 1);
    assert_int_equal(
        smail_removed_purge(&count, f.store, bob, mails[1].email, &f.err),
        SMAIL_ENOTFOUND);
    fixture_ok(&f, smail_removed_purge(&count, f.store, bob, 0, &f.err));
    assert_int_equal(count, 2);
    assert_int_equal(list(&f, bob).count, 0);
    fixture_end(&f);
}

static void a_full_account_gets_nothing_back(void **state)
{
    struct fixture f;
    smail_id bob;
    smail_appended mail;

    (void)state;
    fixture_begin(&f);
    open_keeping(&f, DAY);
    bob = fixture_account(&f, "bob@example.test", 20);
    mail = fixture_append(&f, bob, 0, "Subject: x\r\n\r\n");
    fixture_ok(&f, smail_email_remove(f.store, bob, mail.email, &f.err));
    fixture_append(&f, bob, 0, "Subject: y\r\n\r\n");
    assert_int_equal(
        smail_email_undelete(NULL, f.store, bob, mail.email, &f.err),
        SMAIL_EQUOTA);
    assert_int_equal(list(&f, bob).count, 1);
    fixture_end(&f);
}

static void replaced_drafts_are_not_kept(void **state)
{
    struct fixture f;
    smail_id bob, drafts;
    smail_appended mail;
    char role[] = "UPDATE mailbox SET role = 3 WHERE name = 'Drafts'";

    (void)state;
    fixture_begin(&f);
    open_keeping(&f, DAY);
    bob = fixture_account(&f, "bob@example.test", 0);
    fixture_ok(&f,
               smail_mailbox_create(&drafts, f.store, bob, "Drafts", &f.err));
    fixture_ok(&f, smail__store_write(f.store, execute, role, &f.err));
    mail = fixture_append(&f, bob, drafts, "Subject: x\r\n\r\n");
    fixture_ok(
        &f, smail_email_flag(f.store, bob, mail.email, "$draft", NULL, &f.err));
    fixture_ok(&f, smail_email_remove(f.store, bob, mail.email, &f.err));
    assert_int_equal(list(&f, bob).count, 0);
    fixture_end(&f);
}

static void nothing_is_kept_unasked(void **state)
{
    struct fixture f;
    smail_id bob;
    smail_appended mail;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, false);
    bob = fixture_account(&f, "bob@example.test", 0);
    mail = fixture_append(&f, bob, 0, "Subject: x\r\n\r\n");
    fixture_ok(&f, smail_email_remove(f.store, bob, mail.email, &f.err));
    assert_int_equal(list(&f, bob).count, 0);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_back_as_it_was),
        cmocka_unit_test(without_its_mailbox_it_comes_into_the_inbox),
        cmocka_unit_test(the_bytes_stay_until_its_time_is_over),
        cmocka_unit_test(the_oldest_is_let_go_at_the_limit),
        cmocka_unit_test(it_is_purged_for_good),
        cmocka_unit_test(a_full_account_gets_nothing_back),
        cmocka_unit_test(replaced_drafts_are_not_kept),
        cmocka_unit_test(nothing_is_kept_unasked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
