/* SPDX-License-Identifier: MIT */
/* The queue: who has what, until when, and that nothing gets lost. */
#include "queue/queue.h"

#include <stdlib.h>

#include "base/format.h"
#include "queue/list.h"
#include "store/append.h"
#include "store/fixture.h"
#include "store/tidy.h"

#define NOW ((int64_t)1800000000)

struct queued {
    const char *sender;
    const char *const *recipients; /* address, destination, ... NULL */
    smail_id id;                   /* out */
    int64_t release_at;
};

static int insert(smail_tx *tx, struct smail_append *append, void *arg,
                  smail_error *err)
{
    struct queued *queued = arg;
    struct smail__queue_message message = {
        .sender = smail__span(queued->sender),
        .prefix = SMAIL__SPAN("DKIM-Signature: x\r\n"),
        .envelope_id = SMAIL__SPAN(""),
        .message_id = SMAIL__SPAN("<1@x>"),
        .subject = SMAIL__SPAN("hello"),
        .size = 100,
        .created_at = NOW,
        .release_at = queued->release_at,
        .warn_at = NOW + 14400,
        .expires_at = NOW + 432000,
    };
    struct smail__queue_recipient list[8] = { { 0 } };
    size_t count = 0;
    int code;

    for (const char *const *r = queued->recipients; *r != NULL; r += 2) {
        list[count].recipient = smail__span(r[0]);
        list[count].original_recipient = SMAIL__SPAN("");
        list[count++].destination = smail__span(r[1]);
    }
    memcpy(message.name, append->id, sizeof(message.name));
    code = smail__queue_insert(tx, &message, list, count, err);
    queued->id = message.id;
    return code;
}

static smail_id put(struct fixture *f, const char *sender,
                    const char *const *recipients, int64_t release_at)
{
    struct queued queued = { sender, recipients, 0, release_at };
    smail_append *append;

    fixture_ok(f, smail_append_new(&append, f->store, &f->err));
    fixture_ok(f, smail_append_write(
                      append, SMAIL__SPAN("Subject: x\r\n\r\ny\r\n"), &f->err));
    smail__append_also(append, insert, &queued);
    fixture_ok(f, smail_append_commit(append, NULL, 0, NULL, &f->err));
    smail_append_free(append);
    return queued.id;
}

struct ask {
    struct smail__queue_wish wish;
    struct smail__queue_claim *claim;
    int64_t now;
    struct smail__queue_result *results;
    size_t count;
    const char *destination;
    int64_t token;
    smail_id in_hand;
    uint64_t number;
};

static int claim_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct ask *ask = arg;

    return smail__queue_claim(&ask->claim, tx, &ask->wish, err);
}

static struct smail__queue_claim *claim(struct fixture *f, int64_t token,
                                        int64_t now, size_t max)
{
    struct ask ask = {
        .wish = { .now = now, .until = now + 300, .token = token, .max = max }
    };

    fixture_ok(f, smail__store_write(f->store, claim_job, &ask, &f->err));
    return ask.claim;
}

static int settle_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct ask *ask = arg;

    return smail__queue_settle(tx, smail__span(ask->destination), ask->token,
                               ask->results, ask->count, ask->now, err);
}

static bool settle(struct fixture *f, int64_t token, const char *destination,
                   smail_id message, smail_id recipient,
                   smail_queue_outcome outcome, int64_t now, int64_t next)
{
    struct smail__queue_result result = {
        .message = message,
        .recipient = recipient,
        .outcome = outcome,
        .next_attempt = next,
        .started_at = now,
        .ended_at = now,
        .host = SMAIL__SPAN("mx.example.org"),
        .address = SMAIL__SPAN("192.0.2.1"),
        .tls = SMAIL__SPAN("TLSv1.3"),
        .phase = SMAIL__SPAN("RCPT"),
        .reply = SMAIL__SPAN("450 4.2.0 not now"),
    };
    struct ask ask = { .results = &result,
                       .count = 1,
                       .destination = destination,
                       .token = token,
                       .now = now };

    fixture_ok(f, smail__store_write(f->store, settle_job, &ask, &f->err));
    return !result.is_lost;
}

static int recover_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct ask *ask = arg;

    return smail__queue_recover(tx, ask->in_hand, ask->now, err);
}

static void recover(struct fixture *f, smail_id in_hand, int64_t now)
{
    struct ask ask = { .in_hand = in_hand, .now = now };

    fixture_ok(f, smail__store_write(f->store, recover_job, &ask, &f->err));
}

static int keep_entry(const smail_queue_entry *entry, void *user)
{
    smail_queue_entry *out = user;

    *out = *entry;
    return 0;
}

static smail_queue_entry entry_of(struct fixture *f, smail_id message,
                                  smail_id recipient)
{
    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;
    smail_queue_entry entry = { 0 };

    query.message = message;
    query.recipient_id = recipient;
    fixture_ok(f,
               smail_queue_list(f->store, &query, keep_entry, &entry, &f->err));
    return entry;
}

static void begin(struct fixture *f)
{
    fixture_begin(f);
    fixture_open(f, false);
}

static const char *const two[] = { "a@one.test", "one.test", "b@two.test",
                                   "two.test", NULL };
static const char *const one[] = { "a@one.test", "one.test", NULL };

static void a_claim_is_of_one_destination(void **state)
{
    struct smail__queue_claim *first, *second, *third;
    struct fixture f;
    smail_id id;

    (void)state;
    begin(&f);
    id = put(&f, "me@here.test", two, 0);
    first = claim(&f, 1, NOW, 10);
    second = claim(&f, 2, NOW, 10);
    third = claim(&f, 3, NOW, 10);

    assert_int_equal(first->count, 1);
    assert_int_equal(second->count, 1);
    assert_int_equal(third->count, 0);
    assert_int_equal(third->next_due, NOW + 300);
    assert_true(smail__span_is(first->destination, "one.test"));
    assert_true(smail__span_is(second->destination, "two.test"));
    assert_true(
        smail__span_is(first->items[0].recipient.recipient, "a@one.test"));
    assert_int_equal(first->messages[0].id, id);
    assert_true(smail__span_is(first->messages[0].sender, "me@here.test"));
    assert_true(
        smail__span_is(first->messages[0].prefix, "DKIM-Signature: x\r\n"));
    smail__queue_claim_free(first);
    smail__queue_claim_free(second);
    smail__queue_claim_free(third);
    fixture_end(&f);
}

static void a_lost_lease_settles_nothing(void **state)
{
    struct smail__queue_claim *first, *second;
    struct fixture f;
    smail_id id;

    (void)state;
    begin(&f);
    id = put(&f, "me@here.test", one, 0);
    first = claim(&f, 1, NOW, 10);
    second = claim(&f, 2, NOW + 301, 10);
    assert_int_equal(second->count, 1);

    assert_false(settle(&f, 1, "one.test", id, 1, SMAIL_QUEUE_PUT_OFF,
                        NOW + 302, NOW + 900));
    assert_int_equal(entry_of(&f, id, 1).attempts, 0);
    assert_true(
        settle(&f, 2, "one.test", id, 1, SMAIL_QUEUE_TAKEN, NOW + 303, 0));
    assert_int_equal(entry_of(&f, id, 1).status, SMAIL_QUEUE_DELIVERED);
    smail__queue_claim_free(first);
    smail__queue_claim_free(second);
    fixture_end(&f);
}

static void what_is_put_off_comes_again(void **state)
{
    struct smail__queue_claim *got;
    struct fixture f;
    smail_id id;

    (void)state;
    begin(&f);
    id = put(&f, "me@here.test", one, 0);
    smail__queue_claim_free(claim(&f, 1, NOW, 10));
    assert_true(settle(&f, 1, "one.test", id, 1, SMAIL_QUEUE_PUT_OFF, NOW + 1,
                       NOW + 900));

    got = claim(&f, 2, NOW + 899, 10);
    assert_int_equal(got->count, 0);
    assert_int_equal(got->next_due, NOW + 900);
    smail__queue_claim_free(got);
    got = claim(&f, 3, NOW + 900, 10);
    assert_int_equal(got->count, 1);
    assert_int_equal(got->items[0].recipient.attempts, 1);
    smail__queue_claim_free(got);
    fixture_end(&f);
}

static void the_third_strike_holds(void **state)
{
    struct smail__queue_claim *got;
    struct fixture f;
    smail_id bad, good;
    int64_t now = NOW;

    (void)state;
    begin(&f);
    bad = put(&f, "me@here.test", one, 0);
    good = put(&f, "me@here.test", one, 0);
    for (int i = 1; i <= SMAIL__QUEUE_STRIKES_MAX; i++) {
        got = claim(&f, i, now, 10);
        assert_int_equal(got->count, i == 1 ? 2 : 1);
        if (i > 1)
            assert_int_equal(got->messages[0].id, bad);
        smail__queue_claim_free(got);
        if (i == 1) /* the other had been done before the worker died */
            assert_true(settle(&f, 1, "one.test", good, 1, SMAIL_QUEUE_PUT_OFF,
                               now, now + 100000));
        now += 301;
    }
    got = claim(&f, 9, now, 10);
    assert_int_equal(got->count, 0);
    smail__queue_claim_free(got);
    assert_int_equal(entry_of(&f, bad, 1).status, SMAIL_QUEUE_HELD);
    assert_int_equal(entry_of(&f, good, 1).status, SMAIL_QUEUE_WAITING);
    fixture_end(&f);
}

static void recovery_blames_what_was_in_hand(void **state)
{
    struct smail__queue_claim *got;
    struct fixture f;
    smail_id bad, good;

    (void)state;
    begin(&f);
    bad = put(&f, "me@here.test", one, 0);
    good = put(&f, "me@here.test", one, 0);
    for (int i = 1; i <= SMAIL__QUEUE_STRIKES_MAX; i++) {
        do {
            got = claim(&f, i, NOW, 10);
            assert_true(got->count > 0);
            if (got->messages[0].id == bad)
                break;
            smail__queue_claim_free(got);
        } while (true);
        smail__queue_claim_free(got);
        recover(&f, bad, NOW);
    }
    assert_int_equal(entry_of(&f, bad, 1).status, SMAIL_QUEUE_HELD);
    assert_int_equal(entry_of(&f, good, 1).status, SMAIL_QUEUE_WAITING);
    got = claim(&f, 9, NOW, 10);
    assert_int_equal(got->count, 1);
    assert_int_equal(got->messages[0].id, good);
    smail__queue_claim_free(got);
    fixture_end(&f);
}

static void by_hand(struct fixture *f, smail_queue_action action,
                    const char *recipient, uint64_t changed, uint64_t busy)
{
    smail_queue_change change = SMAIL_QUEUE_CHANGE_INIT;
    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;

    query.recipient = recipient;
    change.action = action;
    change.now = NOW + 50;
    change.dry_run = true;
    fixture_ok(
        f, smail_queue_steer(f->store, &change, &query, NULL, NULL, &f->err));
    assert_int_equal(change.changed, changed);
    change.dry_run = false;
    fixture_ok(
        f, smail_queue_steer(f->store, &change, &query, NULL, NULL, &f->err));
    assert_int_equal(change.changed, changed);
    assert_int_equal(change.busy, busy);
}

static void held_mail_waits_for_its_release(void **state)
{
    struct smail__queue_claim *got;
    struct fixture f;
    smail_queue_stats stats = SMAIL_QUEUE_STATS_INIT;

    (void)state;
    begin(&f);
    put(&f, "me@here.test", two, 0);
    by_hand(&f, SMAIL_QUEUE_HOLD, "@one.test", 1, 0);
    fixture_ok(&f, smail_queue_get_stats(&stats, f.store, &f.err));
    assert_int_equal(stats.waiting, 1);
    assert_int_equal(stats.held, 1);
    assert_int_equal(stats.destinations, 1);

    got = claim(&f, 1, NOW, 10);
    assert_true(smail__span_is(got->destination, "two.test"));
    smail__queue_claim_free(got);
    got = claim(&f, 2, NOW, 10);
    assert_int_equal(got->count, 0);
    smail__queue_claim_free(got);

    by_hand(&f, SMAIL_QUEUE_RELEASE, "A@ONE.test", 1, 0);
    got = claim(&f, 3, NOW + 50, 10);
    assert_int_equal(got->count, 1);
    smail__queue_claim_free(got);
    fixture_end(&f);
}

static void what_is_under_way_is_not_cancelled(void **state)
{
    struct fixture f;
    smail_id id;

    (void)state;
    begin(&f);
    id = put(&f, "me@here.test", one, 0);
    smail__queue_claim_free(claim(&f, 1, NOW, 10));
    by_hand(&f, SMAIL_QUEUE_CANCEL, NULL, 0, 1);
    assert_true(settle(&f, 1, "one.test", id, 1, SMAIL_QUEUE_PUT_OFF, NOW + 1,
                       NOW + 900));
    by_hand(&f, SMAIL_QUEUE_CANCEL, NULL, 1, 0);
    assert_int_equal(entry_of(&f, id, 1).status, SMAIL_QUEUE_CANCELLED);
    fixture_end(&f);
}

static void mail_for_later_is_not_due_before(void **state)
{
    struct smail__queue_claim *got;
    struct fixture f;

    (void)state;
    begin(&f);
    put(&f, "", one, NOW + 60);
    got = claim(&f, 1, NOW + 59, 10);
    assert_int_equal(got->count, 0);
    smail__queue_claim_free(got);
    got = claim(&f, 2, NOW + 60, 10);
    assert_int_equal(got->count, 1);
    smail__queue_claim_free(got);
    fixture_end(&f);
}

static int count_attempts(const smail_queue_attempt *attempt, void *user)
{
    (void)attempt;
    ++*(int *)user;
    return 0;
}

static void history_is_kept_to_its_limit(void **state)
{
    struct fixture f;
    smail_id id;
    int count = 0;

    (void)state;
    begin(&f);
    id = put(&f, "me@here.test", one, 0);
    for (int i = 0; i <= SMAIL__QUEUE_HISTORY_MAX; i++) {
        smail__queue_claim_free(claim(&f, i + 1, NOW + i, 10));
        assert_true(settle(&f, i + 1, "one.test", id, 1, SMAIL_QUEUE_PUT_OFF,
                           NOW + i, NOW + i + 1));
        if (i == SMAIL__QUEUE_HISTORY_MAX - 1) {
            fixture_ok(&f, smail_queue_history(f.store, id, count_attempts,
                                               &count, &f.err));
            assert_int_equal(count, SMAIL__QUEUE_HISTORY_MAX);
        }
    }
    count = 0;
    fixture_ok(
        &f, smail_queue_history(f.store, id, count_attempts, &count, &f.err));
    assert_int_equal(count, SMAIL__QUEUE_HISTORY_MAX);
    fixture_end(&f);
}

/* So much later than mail is remembered. */
static void trim(struct fixture *f, int64_t later)
{
    fixture_ok(f, smail__tidy_apply(NULL, f->store,
                                    NOW + SMAIL__KEEP_QUEUE + later, &f->err));
}

static int64_t rows(struct fixture *f)
{
    struct smail__db *db;
    int64_t count = -1;

    fixture_ok(f, smail__store_begin_read(&db, f->store, &f->err));
    fixture_ok(f, smail__db_value(&count, db,
                                  "SELECT count(*) FROM queue_recipient "
                                  "WHERE message > $1",
                                  0, INT64_MIN, &f->err));
    smail__store_end_read(f->store, db);
    return count;
}

static void the_end_of_the_last_lets_the_bytes_go(void **state)
{
    struct fixture f;
    smail_store_stats stats = SMAIL_STORE_STATS_INIT;
    smail_id id;

    (void)state;
    begin(&f);
    id = put(&f, "me@here.test", two, 0);
    smail__queue_claim_free(claim(&f, 1, NOW, 10));
    smail__queue_claim_free(claim(&f, 2, NOW, 10));
    assert_true(settle(&f, 1, "one.test", id, 1, SMAIL_QUEUE_TAKEN, NOW, 0));
    fixture_ok(&f, smail_store_get_stats(&stats, f.store, &f.err));
    assert_int_equal(stats.blobs, 1);
    trim(&f, 10);
    assert_int_equal(rows(&f), 2);
    assert_true(settle(&f, 2, "two.test", id, 2, SMAIL_QUEUE_REFUSED, NOW, 0));
    trim(&f, 0);
    assert_int_equal(rows(&f), 2);
    trim(&f, 10);
    assert_int_equal(rows(&f), 0);
    fixture_ok(&f, smail_store_get_stats(&stats, f.store, &f.err));
    assert_int_equal(stats.queued, 0);
    fixture_end(&f);
}

#define MANY 250 /* more than are changed in one go */

struct many {
    smail_id id;
    uint64_t cancelled;
};

static int insert_many(smail_tx *tx, struct smail_append *append, void *arg,
                       smail_error *err)
{
    static struct smail__queue_recipient list[MANY];
    static char names[MANY][32];
    struct many *many = arg;
    struct smail__queue_message message = { .sender = SMAIL__SPAN("me@x.test"),
                                            .prefix = SMAIL__SPAN(""),
                                            .envelope_id = SMAIL__SPAN(""),
                                            .message_id = SMAIL__SPAN(""),
                                            .subject = SMAIL__SPAN(""),
                                            .size = 100,
                                            .created_at = NOW,
                                            .expires_at = NOW + 432000 };
    int code;

    for (size_t i = 0; i < MANY; i++) {
        smail__format(names[i], sizeof(names[i]), "r%d@one.test", (int)i);
        list[i] = (struct smail__queue_recipient){
            .recipient = smail__span(names[i]),
            .destination = SMAIL__SPAN("one.test"),
            .original_recipient = SMAIL__SPAN("")
        };
    }
    memcpy(message.name, append->id, sizeof(message.name));
    code = smail__queue_insert(tx, &message, list, MANY, err);
    many->id = message.id;
    return code;
}

static int cancel_many(smail_tx *tx, void *arg, smail_error *err)
{
    struct many *many = arg;
    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;

    query.message = many->id;
    return smail__queue_cancel(&many->cancelled, tx, &query, NOW, err);
}

/* Those that are under way are passed by, however many they are. */
static void cancelling_comes_to_an_end(void **state)
{
    struct fixture f;
    struct many many = { .id = 0 };
    smail_append *append;

    (void)state;
    begin(&f);
    fixture_ok(&f, smail_append_new(&append, f.store, &f.err));
    fixture_ok(&f, smail_append_write(
                       append, SMAIL__SPAN("Subject: x\r\n\r\ny\r\n"), &f.err));
    smail__append_also(append, insert_many, &many);
    fixture_ok(&f, smail_append_commit(append, NULL, 0, NULL, &f.err));
    smail_append_free(append);
    smail__queue_claim_free(claim(&f, 1, NOW, 220));
    fixture_ok(&f, smail__store_write(f.store, cancel_many, &many, &f.err));
    assert_int_equal(many.cancelled, MANY - 220);
    fixture_ok(&f, smail__store_write(f.store, cancel_many, &many, &f.err));
    assert_int_equal(many.cancelled, 0);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_claim_is_of_one_destination),
        cmocka_unit_test(a_lost_lease_settles_nothing),
        cmocka_unit_test(what_is_put_off_comes_again),
        cmocka_unit_test(the_third_strike_holds),
        cmocka_unit_test(recovery_blames_what_was_in_hand),
        cmocka_unit_test(held_mail_waits_for_its_release),
        cmocka_unit_test(what_is_under_way_is_not_cancelled),
        cmocka_unit_test(cancelling_comes_to_an_end),
        cmocka_unit_test(mail_for_later_is_not_due_before),
        cmocka_unit_test(history_is_kept_to_its_limit),
        cmocka_unit_test(the_end_of_the_last_lets_the_bytes_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
