/* SPDX-License-Identifier: MIT */
/* Threads hold together across processes, failures and the move of ids. */
#include "store/fixture.h"

#include "store/thread.h"

static smail_appended send(struct fixture *f, smail_id account, int id,
                           int reply_to)
{
    char text[200];

    smail__format(text, sizeof(text),
                  "Message-ID: <%d@x>\r\nReferences: <%d@x>\r\n\r\n", id,
                  reply_to);
    return fixture_append(f, account, 0, text);
}

static int64_t number(struct fixture *f, const char *sql)
{
    struct smail__db *db;
    struct smail__statement *row;
    int64_t value;

    fixture_ok(f, smail__store_begin_read(&db, f->store, &f->err));
    fixture_ok(f, smail__db_prepare(&row, db, sql, &f->err));
    assert_int_equal(smail__statement_step(row, &f->err), 1);
    value = smail__column_int(row, 0);
    smail__store_end_read(f->store, db);
    return value;
}

static void a_delivery_undone_leaves_no_thread(void **state)
{
    struct fixture f;
    smail_target targets[2] = { { 0 } };
    smail_appended reply;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    targets[0].account = fixture_account(&f, "bob@example.test", 0);
    targets[1].account = 99;
    send(&f, targets[0].account, 1, 2);

    assert_int_equal(fixture_append_to(NULL, f.store,
                                       SMAIL__SPAN("Message-ID: <7@x>\r\n"
                                                   "References: <1@x> "
                                                   "<8@x>\r\n\r\n"),
                                       targets, 2, &f.err),
                     SMAIL_ENOTFOUND);

    reply = send(&f, targets[0].account, 9, 7);
    assert_int_equal(reply.thread, reply.email);
    reply = send(&f, targets[0].account, 10, 8);
    assert_int_equal(reply.thread, reply.email);
    assert_int_equal(send(&f, targets[0].account, 11, 10).thread, reply.thread);
    fixture_end(&f);
}

static void stores_know_of_each_others_threads(void **state)
{
    struct fixture f, second;
    smail_id bob;
    smail_appended first;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    second = f;
    fixture_open(&second, true);
    bob = fixture_account(&f, "bob@example.test", 0);
    first = send(&f, bob, 1, 2);
    assert_int_equal(send(&second, bob, 3, 1).thread, first.thread);
    assert_int_equal(send(&f, bob, 4, 3).thread, first.thread);
    assert_int_equal(send(&second, bob, 5, 4).thread, first.thread);
    smail_store_close(second.store);
    fixture_end(&f);
}

static void ids_move_and_are_still_known(void **state)
{
    struct fixture f;
    smail_id bob, alice;
    smail_appended early;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    bob = fixture_account(&f, "bob@example.test", 0);
    alice = fixture_account(&f, "alice@example.test", 0);
    early = send(&f, bob, 0, 1000000);
    for (int i = 1; i < 4500; i++)
        send(&f, i % 2 ? bob : alice, i, 1000000 + i);
    assert_int_equal(number(&f, "SELECT count(*) FROM thread_new"), 4500);
    assert_int_equal(number(&f, "SELECT count(*) FROM thread_ref"), 0);

    assert_int_equal(smail__threads_merge(f.store), 2 * 4499);

    assert_int_equal(number(&f, "SELECT count(*) FROM thread_new"), 1);
    assert_int_equal(number(&f, "SELECT count(*) FROM thread_ref"), 2 * 4499);
    assert_int_equal(smail__threads_merge(f.store), 0);
    assert_int_equal(send(&f, bob, 5000, 0).thread, early.thread);
    smail_store_close(f.store);
    fixture_open(&f, true);
    assert_int_equal(send(&f, bob, 5001, 1000000).thread, early.thread);
    assert_int_equal(send(&f, bob, 5002, 5000).thread, early.thread);
    assert_int_not_equal(send(&f, alice, 5003, 0).thread, early.thread);
    fixture_end(&f);
}

static void what_is_undone_is_taken_back(void **state)
{
    struct smail__threads threads = { 0 };

    (void)state;
    smail__threads_begin(&threads);
    smail__threads_begin_job(&threads);
    for (int i = 1; i < 5000; i++)
        assert_int_equal(smail__threads_put(&threads, i % 7 + 1, i, i, NULL),
                         0);
    for (int i = 1; i < 5000; i++)
        assert_int_equal(smail__threads_get(&threads, i % 7 + 1, i), i);
    assert_int_equal(smail__threads_get(&threads, 8, 1), 0);
    for (int i = 5000; i < 9000; i++)
        assert_int_equal(smail__threads_add(&threads, 1, i, i, NULL), 0);
    smail__threads_undo_job(&threads);
    for (int i = 5000; i < 9000; i++)
        assert_int_equal(smail__threads_get(&threads, 1, i), 0);
    assert_int_equal(smail__threads_add(&threads, 1, 6000, 3, NULL), 0);
    assert_int_equal(smail__threads_get(&threads, 1, 6000), 3);
    smail__threads_forget(&threads);
    assert_int_equal(smail__threads_get(&threads, 1, 6000), 0);
    smail__threads_dispose(&threads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_delivery_undone_leaves_no_thread),
        cmocka_unit_test(stores_know_of_each_others_threads),
        cmocka_unit_test(ids_move_and_are_still_known),
        cmocka_unit_test(what_is_undone_is_taken_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
