/* SPDX-License-Identifier: MIT */
/* Flags, moves and removals keep every count right and tell of each change. */
#include "store/fixture.h"

#include "store/sweep.h"

struct counts {
    smail_id mailbox;
    uint64_t total, unread;
    uint32_t uidnext;
    bool found;
};

static int look(const smail_mailbox *mailbox, const char *path, void *user)
{
    struct counts *counts = user;

    (void)path;
    if (mailbox->id == counts->mailbox) {
        counts->total = mailbox->total;
        counts->unread = mailbox->unread;
        counts->uidnext = mailbox->uidnext;
        counts->found = true;
    }
    return 0;
}

static void expect(struct fixture *f, smail_id account, smail_id mailbox,
                   uint64_t total, uint64_t unread)
{
    struct counts counts = { mailbox, 0, 0, 0, false };

    fixture_ok(f,
               smail_mailbox_list(f->store, account, look, &counts, &f->err));
    assert_true(counts.found);
    assert_int_equal(counts.total, total);
    assert_int_equal(counts.unread, unread);
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

static const char modseq_sql[] = "SELECT modseq FROM account WHERE id = $1";

static void flags_move_the_unread_count(void **state)
{
    struct fixture f;
    smail_id bob, inbox;
    smail_appended mail;
    smail_entry entry;
    smail_cursor *cursor;
    int64_t before;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    bob = fixture_account(&f, "bob@example.test", 0);
    fixture_ok(&f, smail_mailbox_find_role(&inbox, f.store, bob,
                                           SMAIL_ROLE_INBOX, &f.err));
    mail = fixture_append(&f, bob, 0, "Subject: x\r\n\r\n");
    expect(&f, bob, inbox, 1, 1);

    fixture_ok(&f, smail_email_flag(f.store, bob, mail.email,
                                    "$Seen b $flagged a", NULL, &f.err));
    expect(&f, bob, inbox, 1, 0);
    fixture_ok(
        &f, smail_email_get(&entry, &cursor, f.store, bob, mail.email, &f.err));
    assert_string_equal(entry.keywords, "$flagged $seen a b");
    smail_cursor_free(cursor);

    before = number(&f, modseq_sql, bob);
    fixture_ok(&f, smail_email_flag(f.store, bob, mail.email, "B $SEEN", "zz",
                                    &f.err));
    assert_int_equal(number(&f, modseq_sql, bob), before); /* no change */

    fixture_ok(&f, smail_email_flag(f.store, bob, mail.email, NULL, "$seen b",
                                    &f.err));
    expect(&f, bob, inbox, 1, 1);
    assert_int_equal(number(&f, modseq_sql, bob), before + 1);
    assert_int_equal(smail_email_flag(f.store, bob, 99, "a", NULL, &f.err),
                     SMAIL_ENOTFOUND);
    assert_int_equal(
        smail_email_flag(f.store, bob + 1, mail.email, "a", NULL, &f.err),
        SMAIL_ENOTFOUND);
    assert_int_equal(
        smail_email_flag(f.store, bob, mail.email, "a b\\c", NULL, &f.err),
        SMAIL_EINVAL);
    fixture_end(&f);
}

static void moving_leaves_a_trace(void **state)
{
    struct fixture f;
    smail_id bob, inbox, box;
    smail_appended mail;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    bob = fixture_account(&f, "bob@example.test", 0);
    fixture_ok(&f, smail_mailbox_find(&inbox, f.store, bob, "INBOX", &f.err));
    fixture_ok(&f, smail_mailbox_create(&box, f.store, bob, "Old", &f.err));
    mail = fixture_append(&f, bob, 0, "Subject: x\r\n\r\n");

    fixture_ok(&f, smail_email_move(f.store, bob, mail.email, box, &f.err));

    expect(&f, bob, inbox, 0, 0);
    expect(&f, bob, box, 1, 1);
    assert_int_equal(
        number(&f, "SELECT uid FROM expunged WHERE mailbox = $1", inbox), 1);
    fixture_ok(&f, smail_email_move(f.store, bob, mail.email, box, &f.err));
    assert_int_equal(
        number(&f, "SELECT uid FROM email_mailbox WHERE mailbox = $1", box), 1);
    assert_int_equal(smail_email_move(f.store, bob, mail.email, 99, &f.err),
                     SMAIL_ENOTFOUND);
    assert_int_equal(smail_email_move(f.store, bob, 98, box, &f.err),
                     SMAIL_ENOTFOUND);
    fixture_end(&f);
}

static void removal_frees_the_quota_and_then_the_bytes(void **state)
{
    struct fixture f;
    smail_id bob, alice;
    smail_target targets[2] = { { 0 } };
    smail_appended out[2];
    smail_store_stats stats = SMAIL_STORE_STATS_INIT;
    smail_content *content;
    char *large = malloc(100000);
    uint64_t removed;

    (void)state;
    memset(large, 'z', 100000);
    fixture_begin(&f);
    fixture_open(&f, true);
    bob = fixture_account(&f, "bob@example.test", 0);
    alice = fixture_account(&f, "alice@example.test", 0);
    targets[0].account = bob;
    targets[1].account = alice;
    fixture_ok(&f,
               fixture_append_to(out, f.store, (smail_span){ large, 100000 },
                                 targets, 2, &f.err));
    free(large);

    fixture_ok(&f, smail_email_remove(f.store, bob, out[0].email, &f.err));

    assert_int_equal(
        number(&f, "SELECT used_bytes FROM account WHERE id = $1", bob), 0);
    assert_int_equal(
        number(&f,
               "SELECT op FROM change WHERE account = $1 AND type = 2 "
               "ORDER BY modseq DESC",
               bob),
        SMAIL__OP_DESTROYED);
    fixture_ok(&f, smail__store_sweep(&removed, f.store, -1, &f.err));
    assert_int_equal(removed, 0); /* alice has it */
    assert_int_equal(
        smail_content_open(&content, f.store, bob, out[0].email, &f.err),
        SMAIL_ENOTFOUND);
    assert_int_equal(
        smail_content_open(&content, f.store, bob, out[1].email, &f.err),
        SMAIL_ENOTFOUND);

    fixture_ok(&f, smail_email_remove(f.store, alice, out[1].email, &f.err));
    fixture_ok(&f, smail__store_sweep(&removed, f.store, 60, &f.err));
    assert_int_equal(removed, 0); /* too young */
    fixture_ok(&f, smail__store_sweep(&removed, f.store, -1, &f.err));
    assert_int_equal(removed, 1);
    fixture_ok(&f, smail_store_get_stats(&stats, f.store, &f.err));
    assert_int_equal(stats.blobs, 0);
    assert_int_equal(smail_email_remove(f.store, alice, out[1].email, &f.err),
                     SMAIL_ENOTFOUND);
    fixture_end(&f);
}

static void the_sweeper_takes_files_without_a_row(void **state)
{
    struct fixture f;
    char path[200];
    uint64_t removed;
    FILE *file;

    (void)state;
    fixture_needs_files();
    fixture_begin(&f);
    fixture_open(&f, true);
    smail__format(path, sizeof(path), "mkdir %s/blobs/ab", f.folder);
    assert_int_equal(system(path), 0);
    smail__format(path, sizeof(path),
                  "%s/blobs/ab/000102030405060708090a0b0c0d0eab", f.folder);
    file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    fixture_check(&f); /* a cut may leave one: no fault while young */
    fixture_ok(&f, smail__store_sweep(&removed, f.store, 60, &f.err));
    assert_int_equal(access(path, F_OK), 0);
    fixture_ok(&f, smail__store_sweep(&removed, f.store, -1, &f.err));
    assert_int_equal(removed, 1);
    assert_int_not_equal(access(path, F_OK), 0);
    fixture_end(&f);
}

struct purge {
    smail_id account;
    int code;
};

static int purge_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct purge *purge = arg;

    purge->code = smail__tx_purge_account(tx, purge->account, 7, err);
    return purge->code < 0 ? purge->code : 0;
}

static void an_account_goes_in_steps(void **state)
{
    static const char *const tables[] = {
        "SELECT count(*) FROM email WHERE account = $1",
        "SELECT count(*) FROM email_mailbox WHERE account = $1",
        "SELECT count(*) FROM email_derived WHERE account = $1",
        "SELECT count(*) FROM expunged WHERE account = $1",
        "SELECT count(*) FROM change WHERE account = $1",
        "SELECT count(*) FROM thread_ref WHERE account = $1",
        "SELECT count(*) FROM mailbox WHERE account = $1",
    };
    struct fixture f;
    struct purge purge = { 0, 1 };
    smail_id alice, box;
    int steps = 0;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    purge.account = fixture_account(&f, "bob@example.test", 0);
    alice = fixture_account(&f, "alice@example.test", 0);
    fixture_ok(&f, smail_mailbox_create(&box, f.store, purge.account, "a/b/c",
                                        &f.err));
    for (int i = 0; i < 30; i++)
        fixture_append(&f, purge.account, i % 2 ? box : 0,
                       "Message-ID: <x@y>\r\n\r\n");
    fixture_append(&f, alice, 0, "Subject: y\r\n\r\n");
    fixture_ok(&f, smail_store_run_batch(f.store, 5, &f.err));

    for (; purge.code > 0 && steps < 100; steps++)
        fixture_ok(&f, smail__store_write(f.store, purge_job, &purge, &f.err));

    assert_int_equal(purge.code, 0);
    assert_in_range(steps, 5, 20);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        assert_int_equal(number(&f, tables[i], purge.account), 0);
    assert_int_equal(number(&f, tables[0], alice), 1);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_move_the_unread_count),
        cmocka_unit_test(moving_leaves_a_trace),
        cmocka_unit_test(removal_frees_the_quota_and_then_the_bytes),
        cmocka_unit_test(the_sweeper_takes_files_without_a_row),
        cmocka_unit_test(an_account_goes_in_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
