/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "store/change.h"
#include "store/email_patch.h"

static struct smail__changes since(struct fixture *f, smail_id account,
                                   enum smail__object type, int64_t modseq,
                                   size_t max, int expected)
{
    struct smail__changes changes;
    struct smail__db *db;
    int code;

    fixture_ok(f, smail__store_begin_read(&db, f->store, &f->err));
    code =
        smail__changes_read(&changes, db, account, type, modseq, max, &f->err);
    smail__store_end_read(f->store, db);
    assert_int_equal(code, expected);
    return changes;
}

static int64_t state_of(struct fixture *f, smail_id account,
                        enum smail__object type)
{
    struct smail__db *db;
    int64_t state = -1;

    fixture_ok(f, smail__store_begin_read(&db, f->store, &f->err));
    fixture_ok(f, smail__change_state(&state, db, account, type, &f->err));
    smail__store_end_read(f->store, db);
    return state;
}

static void expect(struct smail__changes changes, size_t count, bool more)
{
    assert_int_equal(changes.count, count);
    assert_int_equal(changes.more, more);
    smail__changes_dispose(&changes);
}

static void several_changes_of_one_object_are_one(void **state)
{
    struct fixture f;
    smail_id account;
    smail_appended one, two;
    struct smail__changes changes;
    int64_t begin;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    account = fixture_account(&f, "a@example.test", 0);
    begin = state_of(&f, account, SMAIL__OBJECT_EMAIL);
    one = fixture_append(&f, account, 0, "Subject: a\r\n\r\n");
    two = fixture_append(&f, account, 0, "Subject: b\r\n\r\n");
    fixture_ok(&f, smail_email_flag(f.store, account, one.email, "$seen", NULL,
                                    &f.err));
    changes = since(&f, account, SMAIL__OBJECT_EMAIL, begin, 10, 0);
    assert_int_equal(changes.list[0].object, one.email);
    assert_int_equal(changes.list[0].op, SMAIL__OP_CREATED);
    assert_int_equal(changes.modseq,
                     state_of(&f, account, SMAIL__OBJECT_EMAIL));
    expect(changes, 2, false);

    /* What came and went was never there. */
    fixture_ok(&f, smail_email_remove(f.store, account, two.email, &f.err));
    expect(since(&f, account, SMAIL__OBJECT_EMAIL, begin, 10, 0), 1, false);
    expect(since(&f, account, SMAIL__OBJECT_EMAIL, begin, 1, 0), 1, true);
    expect(since(&f, account, SMAIL__OBJECT_EMAIL, 999, 10, SMAIL_ENOTFOUND), 0,
           false);
    fixture_end(&f);
}

static int trim_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, smail__tx_db(tx),
                                 "DELETE FROM change WHERE modseq <= $1", err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, *(int64_t *)arg);
    return smail__statement_run(row, err);
}

static void a_log_that_was_cut_says_so(void **state)
{
    struct fixture f;
    smail_id account;
    smail_appended one;
    int64_t before, middle, mailbox;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    account = fixture_account(&f, "a@example.test", 0);
    before = state_of(&f, account, SMAIL__OBJECT_EMAIL);
    one = fixture_append(&f, account, 0, "Subject: a\r\n\r\n");
    middle = state_of(&f, account, SMAIL__OBJECT_EMAIL);
    fixture_ok(
        &f, smail_email_flag(f.store, account, one.email, "x", NULL, &f.err));
    fixture_ok(&f, smail__store_write(f.store, trim_job, &middle, &f.err));
    expect(since(&f, account, SMAIL__OBJECT_EMAIL, before, 10, SMAIL_ENOTFOUND),
           0, false);
    expect(since(&f, account, SMAIL__OBJECT_EMAIL, middle, 10, 0), 1, false);

    /* Nothing of the mailbox is left in the log: its state is the floor, and
     * never again an older one. */
    mailbox = state_of(&f, account, SMAIL__OBJECT_MAILBOX);
    assert_int_equal(mailbox, middle);
    expect(since(&f, account, SMAIL__OBJECT_MAILBOX, mailbox, 10, 0), 0, false);
    middle = INT64_MAX;
    fixture_ok(&f, smail__store_write(f.store, trim_job, &middle, &f.err));
    assert_true(state_of(&f, account, SMAIL__OBJECT_MAILBOX) > mailbox);
    fixture_end(&f);
}

static int rare_job(smail_tx *tx, void *arg, smail_error *err)
{
    return smail__tx_change_rare(tx, *(smail_id *)arg, SMAIL__OBJECT_IDENTITY,
                                 77, SMAIL__OP_CREATED, err);
}

static void rare_types_keep_their_state(void **state)
{
    struct fixture f;
    smail_id account;
    int64_t all = INT64_MAX, now;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    account = fixture_account(&f, "a@example.test", 0);
    assert_int_equal(state_of(&f, account, SMAIL__OBJECT_IDENTITY), 0);
    fixture_ok(&f, smail__store_write(f.store, rare_job, &account, &f.err));
    now = state_of(&f, account, SMAIL__OBJECT_IDENTITY);
    assert_true(now > 0);
    expect(since(&f, account, SMAIL__OBJECT_IDENTITY, 0, 10, 0), 1, false);
    fixture_ok(&f, smail__store_write(f.store, trim_job, &all, &f.err));
    assert_int_equal(state_of(&f, account, SMAIL__OBJECT_IDENTITY), now);
    expect(since(&f, account, SMAIL__OBJECT_IDENTITY, now, 10, 0), 0, false);
    fixture_end(&f);
}

static void patches_that_fail_leave_the_others_alone(void **state)
{
    struct fixture f;
    smail_id account, other;
    struct smail__email_patch patches[3];
    smail_appended one, two;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    account = fixture_account(&f, "a@example.test", 0);
    fixture_ok(&f,
               smail_mailbox_create(&other, f.store, account, "Other", &f.err));
    one = fixture_append(&f, account, 0, "Subject: a\r\n\r\n");
    two = fixture_append(&f, account, 0, "Subject: b\r\n\r\n");
    smail__email_patch_init(&patches[0], one.email);
    smail__email_patch_keyword(&patches[0], SMAIL__SPAN("$seen"), true);
    fixture_ok(&f, smail__email_patch_place(&patches[0], other, true, &f.err));
    fixture_ok(&f, smail__email_patch_place(&patches[0], other, true, &f.err));
    smail__email_patch_init(&patches[1], 12345);
    smail__email_patch_init(&patches[2], two.email);
    smail__email_patch_keyword(&patches[2], SMAIL__SPAN("$seen"), true);
    fixture_ok(&f, smail__email_patch_place(&patches[2], 999, true, &f.err));
    fixture_ok(&f,
               smail__email_patch_all(f.store, account, patches, 3, &f.err));
    assert_int_equal(patches[0].code, 0);
    assert_int_equal(patches[1].code, SMAIL_ENOTFOUND);
    assert_int_equal(patches[2].code, SMAIL_ESTATE);
    for (int i = 0; i < 3; i++)
        smail__email_patch_dispose(&patches[i]);
    {
        smail_query query = SMAIL_QUERY_INIT;

        query.account = account;
        query.with = "$seen";
        assert_int_equal(fixture_count(&f, &query), 1);
        query.with = NULL;
        query.mailbox = other;
        assert_int_equal(fixture_count(&f, &query), 1);
    }
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_changes_of_one_object_are_one),
        cmocka_unit_test(a_log_that_was_cut_says_so),
        cmocka_unit_test(rare_types_keep_their_state),
        cmocka_unit_test(patches_that_fail_leave_the_others_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
