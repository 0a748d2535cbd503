/* SPDX-License-Identifier: MIT */
/* The trash empties itself, by when a message came there. */
#include "store/fixture.h"

#include "store/retention.h"

#define DAY 86400

static int execute(smail_tx *tx, void *arg, smail_error *err)
{
    return smail__db_exec(smail__tx_db(tx), arg, err);
}

static int64_t count(struct fixture *f, const char *sql)
{
    struct smail__db *db;
    int64_t value = -1;

    fixture_ok(f, smail__store_begin_read(&db, f->store, &f->err));
    fixture_ok(f, smail__db_value(&value, db, sql, 0, INT64_MIN, &f->err));
    smail__store_end_read(f->store, db);
    return value;
}

static const char emails_sql[] = "SELECT count(*) FROM email WHERE id > $1";

/* A day goes by: all marks are a day older. */
static void pass_days(struct fixture *f, int days)
{
    char day[] = "UPDATE mailbox_mark SET at = at - 86400";

    for (int i = 0; i < days; i++)
        fixture_ok(f, smail__store_write(f->store, execute, day, &f->err));
}

static void what_was_there_long_goes(void **state)
{
    char role[] = "UPDATE mailbox SET role = 6 WHERE name = 'Trash'";
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    struct fixture f;
    smail_id bob, trash;
    smail_appended both;
    uint64_t purged;

    (void)state;
    fixture_begin(&f);
    options.keep_trash = (uint64_t)30 * DAY;
    options.keep_removed = DAY;
    fixture_ok(&f, smail_store_open(&f.store, f.url, &options, &f.err));
    bob = fixture_account(&f, "bob@example.test", 0);
    fixture_ok(&f, smail_mailbox_create(&trash, f.store, bob, "Trash", &f.err));
    fixture_ok(&f, smail__store_write(f.store, execute, role, &f.err));
    for (int i = 0; i < 60; i++)
        fixture_append(&f, bob, trash, "Subject: old\r\n\r\n");
    fixture_append(&f, bob, 0, "Subject: inbox\r\n\r\n");
    fixture_ok(&f, smail__retention_apply(&purged, f.store, &f.err));
    assert_int_equal(purged, 0);
    pass_days(&f, 20);
    /* Received long ago, but thrown away today. */
    both = fixture_append(&f, bob, 0, "Subject: today\r\n\r\n");
    fixture_ok(&f, smail_email_move(f.store, bob, both.email, trash, &f.err));
    fixture_ok(&f, smail__retention_apply(&purged, f.store, &f.err));
    assert_int_equal(purged, 0);
    pass_days(&f, 11);
    fixture_ok(&f, smail__retention_apply(&purged, f.store, &f.err));
    assert_int_equal(purged, 60);
    assert_int_equal(count(&f, emails_sql), 2);
    assert_int_equal(count(&f, "SELECT count(*) FROM removed WHERE email > $1"),
                     0);
    pass_days(&f, 20);
    fixture_ok(&f, smail__retention_apply(&purged, f.store, &f.err));
    assert_int_equal(purged, 1);
    assert_int_equal(count(&f, emails_sql), 1);
    fixture_end(&f);
}

static void zero_is_never(void **state)
{
    struct fixture f;
    uint64_t purged;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, false);
    fixture_account(&f, "bob@example.test", 0);
    fixture_ok(&f, smail__retention_apply(&purged, f.store, &f.err));
    assert_int_equal(purged, 0);
    assert_int_equal(
        count(&f, "SELECT count(*) FROM mailbox_mark WHERE at > $1"), 0);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_there_long_goes),
        cmocka_unit_test(zero_is_never),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
