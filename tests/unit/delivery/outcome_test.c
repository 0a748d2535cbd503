/* SPDX-License-Identifier: MIT */
/* When it is tried again, when it is given up, and who is told. */
#include "base/span.h"
#include "delivery/sender_internal.h"
#include "unit.h"

#define NOW ((int64_t)1800000000)
#define HOUR 3600
#define DAY 86400

#define SUCCESS SMAIL_SMTP_NOTIFY_SUCCESS
#define FAILURE SMAIL_SMTP_NOTIFY_FAILURE
#define DELAY SMAIL_SMTP_NOTIFY_DELAY
#define NEVER SMAIL_SMTP_NOTIFY_NEVER

struct fixture {
    struct smail__sender sender;
    struct smail__queue_message message;
    struct smail__queue_recipient recipient;
    struct smail__settled settled;
    uint64_t random;
};

static uint64_t not_random(void *world)
{
    return *(uint64_t *)world;
}

static void begin(struct fixture *f)
{
    memset(f, 0, sizeof(*f));
    f->sender.options.retry_min = 300;
    f->sender.options.retry_max = 4 * HOUR;
    f->sender.now = NOW;
    f->sender.world.world = &f->random;
    f->sender.world.random = not_random;
    f->message.sender = SMAIL__SPAN("alice@here.test");
    f->message.created_at = NOW;
    f->message.warn_at = NOW + 4 * HOUR;
    f->message.expires_at = NOW + 5 * DAY;
    f->settled.recipient = &f->recipient;
    f->settled.status = SMAIL__SPAN("4.2.0");
}

static void decide(struct fixture *f, smail_queue_outcome outcome,
                   enum reach reach)
{
    f->settled.result.outcome = outcome;
    f->settled.result.warned = false;
    smail__outcome_decide(&f->settled, &f->sender, &f->message, reach);
}

/* --- The next attempt ---------------------------------------------------- */

static void pauses_double_up_to_a_most(void **state)
{
    static const int64_t pauses[] = { 300,  600,  1200,  2400,
                                      4800, 9600, 14400, 14400 };
    struct fixture f;

    (void)state;
    begin(&f);
    for (uint32_t i = 0; i < 8; i++) {
        int64_t pause = pauses[i];

        f.random = 0;
        assert_int_equal(smail__outcome_backoff(&f.sender, i),
                         pause - pause / 5);
        f.random = (uint64_t)(pause * 2 / 5);
        assert_int_equal(smail__outcome_backoff(&f.sender, i),
                         pause + pause / 5);
        f.random = UINT64_MAX;
        assert_in_range(smail__outcome_backoff(&f.sender, i), pause - pause / 5,
                        pause + pause / 5);
    }
    assert_in_range(smail__outcome_backoff(&f.sender, UINT32_MAX), 11520,
                    17280);
}

static void is_put_off(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    decide(&f, SMAIL_QUEUE_PUT_OFF, REACHED_OTHER);
    assert_int_equal(f.settled.result.outcome, SMAIL_QUEUE_PUT_OFF);
    assert_int_equal(f.settled.result.next_attempt, NOW + 240);
    assert_int_equal(f.settled.told, 0);
}

static void a_last_attempt_at_the_end(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    f.recipient.attempts = 9;
    f.recipient.warned_at = NOW;
    f.sender.now = f.message.expires_at - 10;
    decide(&f, SMAIL_QUEUE_PUT_OFF, REACHED_OTHER);
    assert_int_equal(f.settled.result.outcome, SMAIL_QUEUE_PUT_OFF);
    assert_int_equal(f.settled.result.next_attempt, f.message.expires_at);
    f.sender.now = f.message.expires_at;
    decide(&f, SMAIL_QUEUE_PUT_OFF, REACHED_OTHER);
    assert_int_equal(f.settled.result.outcome, SMAIL_QUEUE_GIVEN_UP);
    assert_span(f.settled.status, "4.4.7");
    assert_int_equal(f.settled.told, SMAIL__TOLD_FAILURE);
}

/* --- DELIVERBY (RFC 2852) ------------------------------------------------ */

static void by_return(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    f.message.by_mode = SMAIL_SMTP_BY_RETURN;
    f.message.by_at = NOW + 100;
    decide(&f, SMAIL_QUEUE_PUT_OFF, REACHED_OTHER);
    assert_int_equal(f.settled.result.next_attempt, NOW + 100);
    f.sender.now = NOW + 100;
    assert_true(smail__outcome_is_due(&f.settled, &f.sender, &f.message));
    decide(&f, SMAIL_QUEUE_PUT_OFF, REACHED_OTHER);
    assert_int_equal(f.settled.result.outcome, SMAIL_QUEUE_GIVEN_UP);
    assert_span(f.settled.status, "5.4.7");
}

static void by_notify(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    f.message.by_mode = SMAIL_SMTP_BY_NOTIFY;
    f.message.by_at = NOW + 100;
    decide(&f, SMAIL_QUEUE_PUT_OFF, REACHED_OTHER);
    assert_int_equal(f.settled.told, 0);
    f.sender.now = NOW + 101;
    decide(&f, SMAIL_QUEUE_PUT_OFF, REACHED_OTHER);
    assert_int_equal(f.settled.result.outcome, SMAIL_QUEUE_PUT_OFF);
    assert_int_equal(f.settled.told, SMAIL__TOLD_DELAY);
    assert_true(f.settled.result.warned);
    f.recipient.warned_at = NOW + 101;
    decide(&f, SMAIL_QUEUE_PUT_OFF, REACHED_OTHER);
    assert_int_equal(f.settled.told, 0);
    assert_false(smail__outcome_is_due(&f.settled, &f.sender, &f.message));
    f.recipient.warned_at = 0;
    f.recipient.notify = NEVER;
    decide(&f, SMAIL_QUEUE_PUT_OFF, REACHED_OTHER);
    assert_int_equal(f.settled.told, 0);
    assert_true(f.settled.result.warned);
}

/* --- Who is told (RFC 3461, 4.1) ----------------------------------------- */

static void delays_are_told_once(void **state)
{
    struct fixture f;

    (void)state;
    begin(&f);
    f.sender.now = f.message.warn_at - 1;
    decide(&f, SMAIL_QUEUE_PUT_OFF, REACHED_OTHER);
    assert_int_equal(f.settled.told, 0);
    f.sender.now = f.message.warn_at;
    assert_true(smail__outcome_is_due(&f.settled, &f.sender, &f.message));
    decide(&f, SMAIL_QUEUE_PUT_OFF, REACHED_OTHER);
    assert_int_equal(f.settled.told, SMAIL__TOLD_DELAY);
    assert_true(f.settled.result.warned);
    f.recipient.warned_at = f.sender.now;
    assert_false(smail__outcome_is_due(&f.settled, &f.sender, &f.message));
    decide(&f, SMAIL_QUEUE_PUT_OFF, REACHED_OTHER);
    assert_int_equal(f.settled.told, 0);
    assert_false(f.settled.result.warned);
}

static void who_wants_what(void **state)
{
    static const struct {
        unsigned notify;
        smail_queue_outcome outcome;
        enum reach reach;
        unsigned told;
    } table[] = {
        { 0, SMAIL_QUEUE_REFUSED, REACHED_OTHER, SMAIL__TOLD_FAILURE },
        { FAILURE, SMAIL_QUEUE_REFUSED, REACHED_OTHER, SMAIL__TOLD_FAILURE },
        { NEVER, SMAIL_QUEUE_REFUSED, REACHED_OTHER, 0 },
        { SUCCESS | DELAY, SMAIL_QUEUE_REFUSED, REACHED_OTHER, 0 },
        { 0, SMAIL_QUEUE_PUT_OFF, REACHED_OTHER, SMAIL__TOLD_DELAY },
        { DELAY, SMAIL_QUEUE_PUT_OFF, REACHED_OTHER, SMAIL__TOLD_DELAY },
        { FAILURE, SMAIL_QUEUE_PUT_OFF, REACHED_OTHER, 0 },
        { NEVER, SMAIL_QUEUE_PUT_OFF, REACHED_OTHER, 0 },
        { 0, SMAIL_QUEUE_TAKEN, REACHED_OTHER, 0 },
        { SUCCESS, SMAIL_QUEUE_TAKEN, REACHED_OTHER, SMAIL__TOLD_RELAYED },
        { SUCCESS, SMAIL_QUEUE_TAKEN, REACHED_DSN, 0 },
        { SUCCESS, SMAIL_QUEUE_TAKEN, REACHED_MAILBOX, SMAIL__TOLD_SUCCESS },
        { FAILURE, SMAIL_QUEUE_TAKEN, REACHED_MAILBOX, 0 },
        { NEVER, SMAIL_QUEUE_TAKEN, REACHED_MAILBOX, 0 },
    };
    struct fixture f;

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        begin(&f);
        f.sender.now = f.message.warn_at + 1;
        f.recipient.notify = table[i].notify;
        decide(&f, table[i].outcome, table[i].reach);
        assert_int_equal(f.settled.told, table[i].told);
        /* RFC 5321, 4.5.5: never to <>, never of a notice. */
        f.message.sender = SMAIL__SPAN("");
        decide(&f, table[i].outcome, table[i].reach);
        assert_int_equal(f.settled.told, 0);
        f.message.sender = SMAIL__SPAN("alice@here.test");
        f.message.kind = SMAIL__QUEUE_NOTICE;
        decide(&f, table[i].outcome, table[i].reach);
        assert_int_equal(f.settled.told, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_double_up_to_a_most),
        cmocka_unit_test(is_put_off),
        cmocka_unit_test(a_last_attempt_at_the_end),
        cmocka_unit_test(by_return),
        cmocka_unit_test(by_notify),
        cmocka_unit_test(delays_are_told_once),
        cmocka_unit_test(who_wants_what),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
