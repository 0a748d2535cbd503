/* SPDX-License-Identifier: MIT */
/* Lists are whole and in order, page by page; search finds the mail. */
#include "store/fixture.h"

/* Several pages in several mailboxes, times not in the order of arrival. */
#define COUNT 650

static void fill(struct fixture *f, smail_id account, const smail_id *boxes)
{
    for (int i = 0; i < COUNT; i++) {
        char text[100];
        smail_target target = { account, boxes[i % 3],
                                i % 5 == 0 ? "$seen" : NULL,
                                1000000 + (i * 7919) % 500 };

        smail__format(text, sizeof(text), "Subject: %d\r\n\r\n", i);
        fixture_ok(f, fixture_append_to(NULL, f->store, smail__span(text),
                                        &target, 1, &f->err));
    }
}

/* Walk it all; each entry is older than the one before. */
static uint64_t walk(struct fixture *f, const smail_query *query)
{
    smail_cursor *cursor;
    smail_entry entry, last = { .received_at = INT64_MAX };
    uint64_t count = 0;
    int code;

    fixture_ok(f, smail_store_query(&cursor, f->store, query, &f->err));
    while ((code = smail_cursor_next(&entry, cursor, &f->err)) > 0) {
        assert_true(entry.received_at < last.received_at ||
                    (entry.received_at == last.received_at &&
                     entry.email < last.email));
        if (query->mailbox != 0)
            assert_int_not_equal(entry.uid, 0);
        last = entry;
        count++;
    }
    assert_int_equal(code, 0);
    smail_cursor_free(cursor);
    return count;
}

static void lists_are_whole_and_newest_first(void **state)
{
    struct fixture f;
    smail_id boxes[3] = { 0 };
    smail_query query = SMAIL_QUERY_INIT;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    query.account = fixture_account(&f, "bob@example.test", 0);
    fixture_ok(&f, smail_mailbox_find(&boxes[0], f.store, query.account,
                                      "INBOX", &f.err));
    fixture_ok(&f, smail_mailbox_create(&boxes[1], f.store, query.account, "A",
                                        &f.err));
    fixture_ok(&f, smail_mailbox_create(&boxes[2], f.store, query.account, "B",
                                        &f.err));
    fill(&f, query.account, boxes);

    assert_int_equal(walk(&f, &query), COUNT);
    query.without = "$seen";
    assert_int_equal(walk(&f, &query), COUNT - COUNT / 5);
    query.without = NULL;
    query.with = "$SEEN";
    assert_int_equal(walk(&f, &query), COUNT / 5);
    query.mailbox = boxes[1];
    assert_int_equal(walk(&f, &query), 43);
    query.with = NULL;
    assert_int_equal(walk(&f, &query), 217);
    query.limit = 10;
    assert_int_equal(walk(&f, &query), 10);
    query.mailbox = 0;
    query.limit = 0;
    query.before_time = 1000250; /* half of all times */
    assert_in_range(walk(&f, &query), 300, 350);
    query.account++;
    assert_int_equal(walk(&f, &query), 0);
    query.account = 0;
    assert_int_equal(
        smail_store_query(&(smail_cursor *){ NULL }, f.store, &query, &f.err),
        SMAIL_EINVAL);
    fixture_end(&f);
}

/* A page ends where the next begins, however the caller pages. */
static void pages_meet(void **state)
{
    struct fixture f;
    smail_id boxes[3] = { 0 };
    smail_query query = SMAIL_QUERY_INIT;
    uint64_t total = 0;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    query.account = fixture_account(&f, "bob@example.test", 0);
    fill(&f, query.account, boxes);
    query.limit = 37;
    for (;;) {
        smail_cursor *cursor;
        smail_entry entry;
        uint64_t got = 0;

        fixture_ok(&f, smail_store_query(&cursor, f.store, &query, &f.err));
        while (smail_cursor_next(&entry, cursor, &f.err) > 0) {
            query.before_time = entry.received_at;
            query.before_email = entry.email;
            got++;
        }
        smail_cursor_free(cursor);
        total += got;
        if (got == 0)
            break;
    }
    assert_int_equal(total, COUNT);
    fixture_end(&f);
}

static void a_list_lives_through_changes(void **state)
{
    struct fixture f;
    smail_query query = SMAIL_QUERY_INIT;
    smail_cursor *cursor;
    smail_entry entry;
    int seen = 0;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    query.account = fixture_account(&f, "bob@example.test", 0);
    for (int i = 0; i < 450; i++)
        fixture_append(&f, query.account, 0, "Subject: x\r\n\r\n");
    fixture_ok(&f, smail_store_query(&cursor, f.store, &query, &f.err));
    while (smail_cursor_next(&entry, cursor, &f.err) > 0) {
        fixture_ok(&f, smail_email_remove(f.store, query.account, entry.email,
                                          &f.err));
        seen++;
    }
    smail_cursor_free(cursor);
    assert_int_equal(seen, 450);
    assert_int_equal(fixture_count(&f, &query), 0);
    fixture_end(&f);
}

static void a_thread_is_listed_alone(void **state)
{
    struct fixture f;
    smail_query query = SMAIL_QUERY_INIT;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    query.account = fixture_account(&f, "bob@example.test", 0);
    query.thread =
        fixture_append(&f, query.account, 0, "Message-ID: <a@x>\r\n\r\n")
            .thread;
    fixture_append(&f, query.account, 0,
                   "Message-ID: <b@x>\r\nIn-Reply-To: <a@x>\r\n\r\n");
    fixture_append(&f, query.account, 0, "Message-ID: <c@x>\r\n\r\n");
    assert_int_equal(walk(&f, &query), 2);
    query.thread = 12345;
    assert_int_equal(walk(&f, &query), 0);
    fixture_end(&f);
}

static void hostile_headers_are_only_text(void **state)
{
    struct fixture f;
    smail_query query = SMAIL_QUERY_INIT;
    smail_cursor *cursor;
    smail_entry entry;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    query.account = fixture_account(&f, "bob@example.test", 0);
    fixture_append(&f, query.account, 0,
                   "Subject: \x1b[31mred\x07\x80\xff=?utf-8?q?=0d=0aX:_y?=\r\n"
                   "From: \"\x01\" <a@b>\r\n"
                   "Message-ID: <\x02\xff@x>\r\n\r\n");
    fixture_ok(&f, smail_store_query(&cursor, f.store, &query, &f.err));
    assert_int_equal(smail_cursor_next(&entry, cursor, &f.err), 1);
    for (const char *at = entry.subject; *at != '\0'; at++)
        assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
    for (const char *at = entry.message_id; *at != '\0'; at++)
        assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
    smail_cursor_free(cursor);
    fixture_end(&f);
}

/* --- The index ----------------------------------------------------------- */

static uint64_t search(struct fixture *f, smail_id account, const char *text)
{
    smail_query query = SMAIL_QUERY_INIT;

    query.account = account;
    query.text = text;
    return walk(f, &query);
}

static void search_finds_words_of_the_owner_alone(void **state)
{
    struct fixture f;
    smail_id bob, alice;
    smail_appended mail;
    smail_entry entry;
    smail_cursor *cursor;
    uint64_t lag;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    bob = fixture_account(&f, "bob@example.test", 0);
    alice = fixture_account(&f, "alice@example.test", 0);
    mail = fixture_append(&f, bob, 0,
                          "From: Carol <carol@example.test>\r\n"
                          "Subject: Quarterly figures\r\n\r\n"
                          "The rain in Spain, \"quoted\" and caf\xc3\xa9.\r\n");
    fixture_append(&f, bob, 0, "Subject: other\r\n\r\nNothing of note.\r\n");
    fixture_append(&f, alice, 0, "Subject: Quarterly\r\n\r\nrain\r\n");
    fixture_ok(&f, smail_store_index_lag(&lag, f.store, &f.err));
    assert_int_equal(lag, 3);

    fixture_ok(&f, smail_store_run_batch(f.store, 100, &f.err));

    fixture_ok(&f, smail_store_index_lag(&lag, f.store, &f.err));
    assert_int_equal(lag, 0);
    assert_int_equal(search(&f, bob, "rain"), 1);
    assert_int_equal(search(&f, bob, "QUARTERLY spai"), 1);
    assert_int_equal(search(&f, bob, "carol cafe"), 1);
    assert_int_equal(search(&f, bob, "rain other"), 0);
    assert_int_equal(search(&f, alice, "figures"), 0);
    assert_int_equal(search(&f, alice, "rain"), 1);
    assert_int_equal(search(&f, bob, "\"quoted\" OR note"), 0);
    assert_int_equal(search(&f, bob, "subject: NEAR( * ) ^ ' \""), 0);
    assert_int_equal(search(&f, bob, "   "), 2); /* asks for nothing */
    fixture_ok(
        &f, smail_email_get(&entry, &cursor, f.store, bob, mail.email, &f.err));
    assert_non_null(strstr(entry.preview, "The rain in Spain"));
    smail_cursor_free(cursor);

    fixture_ok(&f, smail_email_remove(f.store, bob, mail.email, &f.err));
    assert_int_equal(search(&f, bob, "rain"), 0);
    assert_int_equal(
        smail_email_get(&entry, &cursor, f.store, bob, mail.email, &f.err),
        SMAIL_ENOTFOUND);
    fixture_end(&f);
}

struct sql {
    const char *text;
};

static int sql_job(smail_tx *tx, void *arg, smail_error *err)
{
    return smail__db_exec(smail__tx_db(tx), ((struct sql *)arg)->text, err);
}

/* As if the process had died on it three times. */
static void a_message_that_kills_the_parser_is_let_go(void **state)
{
    struct fixture f;
    struct sql sql = { "UPDATE unindexed SET attempts = 3 WHERE id = 1" };
    smail_id bob;
    uint64_t lag;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    bob = fixture_account(&f, "bob@example.test", 0);
    fixture_append(&f, bob, 0, "Subject: poison\r\n\r\npoison\r\n");
    fixture_append(&f, bob, 0, "Subject: honey\r\n\r\nhoney\r\n");
    /* Without the writer of this store: it would index at once. */
    fixture_ok(&f, smail__store_write(f.store, sql_job, &sql, &f.err));
    fixture_ok(&f, smail_store_run_batch(f.store, 100, &f.err));
    fixture_ok(&f, smail_store_index_lag(&lag, f.store, &f.err));
    assert_int_equal(lag, 0);
    assert_int_equal(search(&f, bob, "poison"), 0);
    assert_int_equal(search(&f, bob, "honey"), 1);
    fixture_end(&f);
}

static void the_index_catches_up_by_itself(void **state)
{
    struct fixture f;
    smail_id bob;
    uint64_t lag = 1;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, false);
    bob = fixture_account(&f, "bob@example.test", 0);
    for (int i = 0; i < 100; i++)
        fixture_append(&f, bob, 0, "Subject: x\r\n\r\nneedle\r\n");
    for (int i = 0; i < 1000 && lag > 0; i++) {
        fixture_ok(&f, smail_store_index_lag(&lag, f.store, &f.err));
        if (lag > 0)
            sleep(lag > 50 ? 1 : 0);
    }
    assert_int_equal(lag, 0);
    assert_int_equal(search(&f, bob, "needle"), 100);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_whole_and_newest_first),
        cmocka_unit_test(pages_meet),
        cmocka_unit_test(a_list_lives_through_changes),
        cmocka_unit_test(a_thread_is_listed_alone),
        cmocka_unit_test(hostile_headers_are_only_text),
        cmocka_unit_test(search_finds_words_of_the_owner_alone),
        cmocka_unit_test(a_message_that_kills_the_parser_is_let_go),
        cmocka_unit_test(the_index_catches_up_by_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
