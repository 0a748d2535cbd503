/* SPDX-License-Identifier: MIT */
/* What is kept for a time only goes when it is due, and not before. */
#include "store/fixture.h"

#include "store/tidy.h"

#define NOW ((int64_t)1800000000)
#define DAY 86400

static int execute(smail_tx *tx, void *arg, smail_error *err)
{
    return smail__db_exec(smail__tx_db(tx), arg, err);
}

static void sql(struct fixture *f, const char *text)
{
    char copy[1024];

    smail__format(copy, sizeof(copy), "%s", text);
    fixture_ok(f, smail__store_write(f->store, execute, copy, &f->err));
}

/* Statements are known by their address. */
#define COUNT(f, table) \
    count((f), "SELECT count(*) FROM " table " WHERE $1 = 1")

static int64_t count(struct fixture *f, const char *text)
{
    struct smail__db *db;
    int64_t value = -1;

    fixture_ok(f, smail__store_begin_read(&db, f->store, &f->err));
    fixture_ok(f, smail__db_value(&value, db, text, 1, INT64_MIN, &f->err));
    smail__store_end_read(f->store, db);
    return value;
}

struct told {
    const char *what;
    uint64_t rows;
};

static void each(const char *what, uint64_t rows, void *user)
{
    struct told *told = user;

    if (strcmp(what, told->what) == 0)
        told->rows = rows;
}

/* So many of `what` would go at `now`, and do. */
static void expect(struct fixture *f, const char *what, int64_t now,
                   uint64_t rows)
{
    struct told told = { what, 9999 };
    struct smail__tidied tidied = { each, &told };

    fixture_ok(f, smail__tidy_count(&tidied, f->store, now, &f->err));
    assert_int_equal(told.rows, rows);
    told.rows = 9999;
    fixture_ok(f, smail__tidy_apply(&tidied, f->store, now, &f->err));
    assert_int_equal(told.rows, rows);
    fixture_ok(f, smail__tidy_count(&tidied, f->store, now, &f->err));
    assert_int_equal(told.rows, 0);
}

static smail_id begin(struct fixture *f)
{
    fixture_begin(f);
    fixture_open(f, false);
    return fixture_account(f, "bob@example.test", 0);
}

/* Rows `first` to `last`; `i` is their number in `values`. */
static void fill(struct fixture *f, const char *before, const char *values,
                 int first, int last)
{
    char text[512];

    smail__format(text, sizeof(text),
                  "WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 "
                  "FROM n WHERE i < %d) INSERT INTO %s SELECT %s FROM n",
                  first, last, before, values);
    sql(f, text);
}

static void changes_are_bounded(void **state)
{
    struct fixture f;
    smail_id bob;
    char text[200];

    (void)state;
    bob = begin(&f);
    sql(&f, "DELETE FROM change");
    smail__format(text, sizeof(text), "%lld, i, 2, i, 2", (long long)bob);
    fill(&f, "change (account, modseq, type, object, op)", text, 1, 21300);
    smail__format(text, sizeof(text), "%lld, 1, i, i", (long long)bob);
    fill(&f, "expunged (account, mailbox, uid, modseq)", text, 1, 21300);
    sql(&f, "UPDATE account SET modseq = 20001");
    expect(&f, "changes", NOW, 0); /* 1 is not below 20001 - 20000 */
    sql(&f, "UPDATE account SET modseq = 20002");
    expect(&f, "changes", NOW, 1);
    sql(&f, "UPDATE account SET modseq = 21300");
    expect(&f, "changes", NOW, 1298);
    assert_int_equal(COUNT(&f, "change"), 20001);
    assert_int_equal(COUNT(&f, "expunged"), 20001);
    sql(&f, "DELETE FROM expunged");
    sql(&f, "DELETE FROM change");
    fixture_end(&f);
}

/* All changes of one modseq, far more than a step has. */
static void one_change_of_much_goes_whole(void **state)
{
    struct fixture f;
    smail_id bob;
    char text[200];

    (void)state;
    bob = begin(&f);
    sql(&f, "DELETE FROM change");
    smail__format(text, sizeof(text), "%lld, 1, 2, i, 2", (long long)bob);
    fill(&f, "change (account, modseq, type, object, op)", text, 1, 1700);
    sql(&f, "UPDATE account SET modseq = 30000");
    expect(&f, "changes", NOW, 1700);
    assert_int_equal(COUNT(&f, "change"), 0);
    fixture_end(&f);
}

static void mail_that_left_is_forgotten(void **state)
{
    char text[300];
    struct fixture f;

    (void)state;
    begin(&f);
    for (int i = 1; i <= 3; i++) {
        /* The third waits still. */
        smail__format(
            text, sizeof(text),
            "INSERT INTO queue_message (id, name, prefix, size, sender, "
            "envelope_id, message_id, subject, created_at, warn_at, "
            "expires_at, open, closed_at) VALUES (%d, '', '', 1, '', '', '', "
            "'', 1, 1, 1, %d, %lld)",
            i, i == 3, (long long)(i == 3 ? 0 : NOW + i));
        sql(&f, text);
        smail__format(text, sizeof(text),
                      "%d, i, 1, 1, 1, '', '', '', 0, '', "
                      "''",
                      i);
        fill(&f,
             "attempt (message, recipient, number, started_at, ended_at, "
             "host, address, tls, outcome, phase, reply)",
             text, 1, 1200);
        smail__format(text, sizeof(text), "%d, i, '', 'a.test', 2, 0, '', ''",
                      i);
        fill(&f,
             "queue_recipient (message, id, recipient, destination, status, "
             "next_attempt, original_recipient, last_reply)",
             text, 1, 700);
    }
    expect(&f, "queue", NOW + SMAIL__KEEP_QUEUE + 1, 0);
    assert_int_equal(COUNT(&f, "attempt"), 3600);
    expect(&f, "queue", NOW + SMAIL__KEEP_QUEUE + 2, 1);
    assert_int_equal(COUNT(&f, "attempt"), 2400);
    assert_int_equal(COUNT(&f, "queue_recipient"), 1400);
    expect(&f, "queue", NOW + 100 * SMAIL__KEEP_QUEUE, 1);
    assert_int_equal(COUNT(&f, "queue_message"), 1);
    assert_int_equal(COUNT(&f, "attempt"), 1200);
    sql(&f, "DELETE FROM attempt");
    sql(&f, "DELETE FROM queue_recipient");
    sql(&f, "DELETE FROM queue_message");
    fixture_end(&f);
}

static void log_ins_are_forgotten(void **state)
{
    char text[200];
    struct fixture f;
    smail_id bob;

    (void)state;
    bob = begin(&f);
    smail__format(text, sizeof(text), "%lld, i, %lld + i, '', '', '', 0",
                  (long long)bob, (long long)NOW);
    fill(&f, "login_event (account, id, at, service, method, peer, outcome)",
         text, 1, 1500);
    expect(&f, "logins", NOW + SMAIL__KEEP_LOGINS + 1, 0);
    expect(&f, "logins", NOW + SMAIL__KEEP_LOGINS + 1201, 1200);
    assert_int_equal(COUNT(&f, "login_event"), 300);
    fixture_end(&f);
}

static void what_ended_is_forgotten(void **state)
{
    char text[300];
    struct fixture f;
    smail_id bob;

    (void)state;
    bob = begin(&f);
    for (int i = 0; i < 3; i++) {
        /* Ends now, a second ago, and never. */
        smail__format(text, sizeof(text),
                      "INSERT INTO session (account, id, token, created_at, "
                      "expires_at, last_used) VALUES (%lld, %d, 't%d', 1, "
                      "%lld, 1)",
                      (long long)bob, 10 + i, i,
                      (long long)(i == 2 ? NOW * 2 : NOW - i));
        sql(&f, text);
        smail__format(text, sizeof(text),
                      "INSERT INTO app_password (account, id, name, secret, "
                      "created_at, expires_at) VALUES (%lld, %d, 'x', 's%d', "
                      "1, %lld)",
                      (long long)bob, 20 + i, i,
                      (long long)(i == 2 ? 0 : NOW - i));
        sql(&f, text);
    }
    expect(&f, "sessions", NOW, 1);
    expect(&f, "app-passwords", NOW, 0);
    expect(&f, "app-passwords", NOW + SMAIL__KEEP_APP_PASSWORDS, 1);
    expect(&f, "app-passwords", NOW * 2, 1);
    assert_int_equal(COUNT(&f, "app_password"), 1);
    assert_int_equal(COUNT(&f, "session"), 1);
    sql(&f, "DELETE FROM app_password");
    sql(&f, "DELETE FROM session");
    fixture_end(&f);
}

static void contents_go_with_their_messages(void **state)
{
    smail_appended mail;
    struct fixture f;
    char text[200];
    smail_id bob;

    (void)state;
    bob = begin(&f);
    mail = fixture_append(&f, bob, 0, "Subject: a\r\n\r\n");
    smail__format(text, sizeof(text), "%lld, i - 900, 100000 + i",
                  (long long)bob);
    fill(&f, "email_content (account, hash, email)", text, 1, 1700);
    smail__format(text, sizeof(text), "%lld, i, %lld", (long long)bob,
                  (long long)mail.email);
    fill(&f, "email_content (account, hash, email)", text, 5, 5);
    expect(&f, "contents", NOW, 1700);
    assert_int_equal(COUNT(&f, "email_content"), 1);
    fixture_end(&f);
}

/* --- The whole ----------------------------------------------------------- */

struct sum {
    uint64_t removed, blobs, all;
};

static void add(const char *what, uint64_t rows, void *user)
{
    struct sum *sum = user;

    sum->all += rows;
    if (strcmp(what, "removed") == 0)
        sum->removed = rows;
    if (strcmp(what, "blobs") == 0)
        sum->blobs = rows;
}

static void all_of_it_is_told(void **state)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    struct sum sum = { 0 };
    smail_appended mail;
    struct fixture f;
    smail_id bob;

    (void)state;
    fixture_begin(&f);
    options.keep_removed = DAY;
    fixture_ok(&f, smail_store_open(&f.store, f.url, &options, &f.err));
    bob = fixture_account(&f, "bob@example.test", 0);
    mail = fixture_append(&f, bob, 0, "Subject: a\r\n\r\n");
    fixture_ok(&f, smail_email_remove(f.store, bob, mail.email, &f.err));
    fixture_ok(&f, smail_store_tidy(f.store, true, add, &sum, &f.err));
    assert_int_equal(sum.all, 0);
    sql(&f, "UPDATE removed SET expires_at = 1");
    sql(&f, "UPDATE blob SET last_used = 1");
    fixture_ok(&f, smail_store_tidy(f.store, true, add, &sum, &f.err));
    assert_int_equal(sum.removed, 1);
    assert_int_equal(COUNT(&f, "removed"), 1);
    fixture_ok(&f, smail_store_tidy(f.store, false, add, &sum, &f.err));
    assert_int_equal(sum.removed, 1);
    assert_int_equal(sum.blobs, 1);
    assert_int_equal(COUNT(&f, "removed"), 0);
    assert_int_equal(COUNT(&f, "blob"), 0);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_bounded),
        cmocka_unit_test(one_change_of_much_goes_whole),
        cmocka_unit_test(mail_that_left_is_forgotten),
        cmocka_unit_test(log_ins_are_forgotten),
        cmocka_unit_test(what_ended_is_forgotten),
        cmocka_unit_test(contents_go_with_their_messages),
        cmocka_unit_test(all_of_it_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
