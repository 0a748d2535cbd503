/* SPDX-License-Identifier: MIT */
/* What an account sends in a day, at the limit, one below, one above. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/account.h>

#include "account/sent.h"
#include "base/span.h"

/* The beginning of a quarter. */
#define NOW 1800000000
#define QUARTER 900
#define DAY 86400

static smail_store *store;
static smail_id bob;

static void at(int64_t now)
{
    assert_int_equal(smail_store_run_batch(store, now, NULL), 0);
}

static int open_store(void **state)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;

    (void)state;
    options.manual = true;
    assert_int_equal(
        smail_store_open(&store, "sqlite::memory:", &options, NULL), 0);
    at(NOW);
    assert_int_equal(smail_domain_add(NULL, store, "example.test", NULL), 0);
    assert_int_equal(
        smail_account_add(&bob, store, "bob@example.test", NULL, NULL), 0);
    return 0;
}

static void print_fault(const char *text, void *user)
{
    (void)user;
    print_error("%s\n", text);
}

static int close_store(void **state)
{
    uint64_t faults = 1;

    (void)state;
    assert_int_equal(smail_store_check(&faults, store, print_fault, NULL, NULL),
                     0);
    assert_int_equal(faults, 0);
    smail_store_close(store);
    return 0;
}

struct taking {
    struct smail__sent_caps caps;
    uint32_t recipients;
    struct smail__sent_excess excess;
};

static int take_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct taking *taking = arg;

    return smail__sent_take(tx, &taking->excess, bob, &taking->caps,
                            taking->recipients, err);
}

static int take(struct taking *taking, uint32_t recipients)
{
    taking->recipients = recipients;
    return smail__store_write(store, take_job, taking, NULL);
}

static int ask(struct taking *taking, uint32_t recipients)
{
    return smail__sent_ask(&taking->excess, store, bob, &taking->caps,
                           recipients, NULL);
}

static void assert_total(uint64_t messages, uint64_t recipients)
{
    uint64_t m = 0, r = 0;

    assert_int_equal(smail__sent_total(&m, &r, store, bob, NULL), 0);
    assert_int_equal(m, messages);
    assert_int_equal(r, recipients);
}

static void recipients_at_the_limit(void **state)
{
    struct taking taking = { .caps = { 100, 5 } };

    (void)state;
    assert_int_equal(take(&taking, 3), 0);
    assert_int_equal(ask(&taking, 1), 0);
    assert_int_equal(ask(&taking, 2), 0);
    assert_int_equal(ask(&taking, 3), SMAIL_ELIMIT);
    assert_string_equal(taking.excess.what, "recipients");
    assert_int_equal(take(&taking, 3), SMAIL_ELIMIT);
    assert_total(1, 3);
    assert_int_equal(take(&taking, 2), 0);
    assert_int_equal(take(&taking, 1), SMAIL_ELIMIT);
    assert_total(2, 5);
}

static void messages_at_the_limit(void **state)
{
    struct taking taking = { .caps = { 2, 100 } };

    (void)state;
    assert_int_equal(take(&taking, 1), 0);
    assert_int_equal(ask(&taking, 1), 0);
    assert_int_equal(take(&taking, 1), 0);
    assert_int_equal(ask(&taking, 1), SMAIL_ELIMIT);
    assert_string_equal(taking.excess.what, "messages");
    assert_int_equal(take(&taking, 1), SMAIL_ELIMIT);
    assert_total(2, 2);
}

static void without_a_limit_it_is_counted_all_the_same(void **state)
{
    struct taking taking = { .caps = { 0, 0 } };

    (void)state;
    assert_int_equal(take(&taking, 1000000), 0);
    assert_int_equal(take(&taking, 1), 0);
    assert_total(2, 1000001);
}

/* A day later, never earlier, at most a quarter later. */
static void what_was_sent_leaves_the_window(void **state)
{
    struct taking taking = { .caps = { 100, 5 } };

    (void)state;
    at(NOW + QUARTER - 1);
    assert_int_equal(take(&taking, 4), 0);
    at(NOW + 2 * QUARTER);
    assert_int_equal(take(&taking, 1), 0);
    assert_int_equal(ask(&taking, 1), SMAIL_ELIMIT);
    assert_int_equal(taking.excess.seconds, DAY - QUARTER);
    assert_int_equal(ask(&taking, 5), SMAIL_ELIMIT);
    assert_int_equal(taking.excess.seconds, DAY + QUARTER);

    at(NOW + DAY + QUARTER - 1);
    assert_int_equal(ask(&taking, 1), SMAIL_ELIMIT);
    assert_int_equal(taking.excess.seconds, 1);
    at(NOW + DAY + QUARTER);
    assert_int_equal(ask(&taking, 4), 0);
    assert_int_equal(ask(&taking, 5), SMAIL_ELIMIT);
    assert_total(1, 1);
    assert_int_equal(take(&taking, 4), 0);
    at(NOW + 10 * DAY);
    assert_total(0, 0);
    assert_int_equal(take(&taking, 5), 0);
}

static void no_day_has_more_than_the_limit(void **state)
{
    struct taking taking = { .caps = { 7, 1000 } };
    int64_t sent[500];
    size_t count = 0;

    (void)state;
    for (int64_t now = NOW; now < NOW + 3 * DAY; now += 17 * 60) {
        at(now);
        if (take(&taking, 1) == 0)
            sent[count++] = now;
    }
    assert_true(count >= 14);
    for (size_t i = 7; i < count; i++)
        assert_true(sent[i] - sent[i - 7] >= DAY);
}

static void an_account_may_have_its_own(void **state)
{
    struct taking taking = { .caps = { 100, 5 } };
    uint64_t value = 2;
    smail_account_limit limit = { "recipients-per-day", &value };
    uint64_t out = 0;

    (void)state;
    assert_int_equal(
        smail_account_limit_get(&out, store, bob, "recipients-per-day", NULL),
        SMAIL_ENOTFOUND);
    assert_int_equal(smail_account_limit_set(store, bob, &limit, NULL), 0);
    assert_int_equal(ask(&taking, 2), 0);
    assert_int_equal(ask(&taking, 3), SMAIL_ELIMIT);
    value = 50;
    assert_int_equal(smail_account_limit_set(store, bob, &limit, NULL), 0);
    assert_int_equal(
        smail_account_limit_get(&out, store, bob, "recipients-per-day", NULL),
        0);
    assert_int_equal(out, 50);
    assert_int_equal(ask(&taking, 50), 0);
    assert_int_equal(ask(&taking, 51), SMAIL_ELIMIT);
    limit.value = NULL;
    assert_int_equal(smail_account_limit_set(store, bob, &limit, NULL), 0);
    assert_int_equal(ask(&taking, 6), SMAIL_ELIMIT);
    limit = (smail_account_limit){ "messages-per-day", &value };
    value = 1;
    assert_int_equal(smail_account_limit_set(store, bob, &limit, NULL), 0);
    assert_int_equal(take(&taking, 1), 0);
    assert_int_equal(ask(&taking, 1), SMAIL_ELIMIT);
    assert_string_equal(taking.excess.what, "messages");
}

static int add_up(const smail_account_limit *limit, void *user)
{
    *(uint64_t *)user += *limit->value;
    return 0;
}

static void limits_have_names_and_bounds(void **state)
{
    uint64_t values[] = { 0, 1, SMAIL_ACCOUNT_LIMIT_MAX,
                          SMAIL_ACCOUNT_LIMIT_MAX + 1 };
    smail_account_limit limit = { "messages-per-hour", NULL };
    smail_account_limit both[] = { { "messages-per-hour", &values[1] },
                                   { "letters-per-day", &values[1] } };
    smail_account_changes changes = SMAIL_ACCOUNT_CHANGES_INIT;
    uint64_t sum = 0;

    (void)state;
    changes.limits = both;
    changes.limit_count = 2;
    assert_int_equal(smail_account_set(store, bob, &changes, NULL),
                     SMAIL_EINVAL);
    assert_int_equal(smail_account_limit_list(store, bob, add_up, &sum, NULL),
                     0);
    assert_int_equal(sum, 0);
    for (size_t i = 0; i < 4; i++) {
        limit.value = &values[i];
        assert_int_equal(smail_account_limit_set(store, bob, &limit, NULL),
                         i == 1 || i == 2 ? 0 : SMAIL_EINVAL);
    }
    assert_int_equal(smail_account_limit_list(store, bob, add_up, &sum, NULL),
                     0);
    assert_int_equal(sum, SMAIL_ACCOUNT_LIMIT_MAX);
    assert_int_equal(smail_account_limit_set(store, bob + 100, &both[0], NULL),
                     SMAIL_ENOTFOUND);
    limit.name = NULL;
    assert_int_equal(smail_account_limit_set(store, bob, &limit, NULL),
                     SMAIL_EINVAL);
}

static void all_of_it_goes_with_the_account(void **state)
{
    struct taking taking = { .caps = { 9, 9 } };
    uint64_t value = 5;
    smail_account_limit limit = { "messages-per-day", &value };

    (void)state;
    assert_int_equal(smail_account_limit_set(store, bob, &limit, NULL), 0);
    assert_int_equal(take(&taking, 1), 0);
    assert_int_equal(smail_account_remove(store, bob, NULL), 0);
    assert_total(0, 0);
}

#define SENT_TEST(test) \
    cmocka_unit_test_setup_teardown(test, open_store, close_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SENT_TEST(recipients_at_the_limit),
        SENT_TEST(messages_at_the_limit),
        SENT_TEST(without_a_limit_it_is_counted_all_the_same),
        SENT_TEST(what_was_sent_leaves_the_window),
        SENT_TEST(no_day_has_more_than_the_limit),
        SENT_TEST(an_account_may_have_its_own),
        SENT_TEST(limits_have_names_and_bounds),
        SENT_TEST(all_of_it_goes_with_the_account),
    };

    return cmocka_run_group_tests_name("account/sent", tests, NULL, NULL);
}
