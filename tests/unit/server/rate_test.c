/* SPDX-License-Identifier: MIT */
/* Buckets at their edges, by a clock of our own. */
#include "server/rate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/span.h"

#define MINUTE 60000u

static const struct smail__rate_rule ten = { SMAIL__RATE_MESSAGES, 10, 60 };

static struct smail__endpoint at(const char *text)
{
    struct smail__endpoint endpoint;

    assert_int_equal(smail__endpoint_parse(&endpoint, smail__span(text), NULL),
                     0);
    return endpoint;
}

static void empty(struct smail__rate *rate, const struct smail__endpoint *peer,
                  uint64_t now)
{
    for (int i = 0; i < 10; i++)
        assert_int_equal(smail__rate_take_peer(rate, &ten, peer, now), 0);
}

static void as_many_as_there_are_and_no_more(void **state)
{
    struct smail__endpoint a = at("192.0.2.1:1"), b = at("192.0.2.2:1");
    struct smail__rate *rate;

    (void)state;
    assert_int_equal(smail__rate_new(&rate, NULL), 0);
    empty(rate, &a, 1000);
    assert_int_equal(smail__rate_take_peer(rate, &ten, &a, 1000), 6);
    /* Another is not concerned, whatever his port. */
    empty(rate, &b, 1000);
    a.port = 99;
    assert_int_equal(smail__rate_take_peer(rate, &ten, &a, 1000), 6);
    smail__rate_free(rate);
}

static void tokens_come_back_one_by_one(void **state)
{
    struct smail__endpoint a = at("192.0.2.1:1");
    struct smail__rate *rate;

    (void)state;
    assert_int_equal(smail__rate_new(&rate, NULL), 0);
    empty(rate, &a, 0);
    assert_int_equal(smail__rate_take_peer(rate, &ten, &a, 5000), 1);
    assert_int_equal(smail__rate_take_peer(rate, &ten, &a, 5999), 1);
    assert_int_equal(smail__rate_take_peer(rate, &ten, &a, 6000), 0);
    assert_int_equal(smail__rate_take_peer(rate, &ten, &a, 6000), 6);
    /* A refusal costs nothing; a minute later all are back, and not more. */
    empty(rate, &a, 6000 + MINUTE);
    assert_int_equal(smail__rate_take_peer(rate, &ten, &a, 6000 + MINUTE), 6);
    empty(rate, &a, 100 * MINUTE);
    assert_int_equal(smail__rate_take_peer(rate, &ten, &a, 100 * MINUTE), 6);
    smail__rate_free(rate);
}

static void a_clock_that_goes_back_gives_nothing(void **state)
{
    struct smail__endpoint a = at("192.0.2.1:1");
    struct smail__rate *rate;

    (void)state;
    assert_int_equal(smail__rate_new(&rate, NULL), 0);
    empty(rate, &a, MINUTE);
    assert_int_equal(smail__rate_take_peer(rate, &ten, &a, 0), 6);
    assert_int_equal(smail__rate_take_peer(rate, &ten, &a, MINUTE + 5999), 1);
    assert_int_equal(smail__rate_take_peer(rate, &ten, &a, MINUTE + 6000), 0);
    smail__rate_free(rate);
}

static void each_kind_and_each_account_has_its_own(void **state)
{
    const struct smail__rate_rule one = { SMAIL__RATE_SUBMITTED, 1, 3600 };
    const struct smail__rate_rule two = { SMAIL__RATE_RECIPIENTS, 1, 3600 };
    struct smail__rate *rate;

    (void)state;
    assert_int_equal(smail__rate_new(&rate, NULL), 0);
    assert_int_equal(smail__rate_take_account(rate, &one, 1, 0), 0);
    assert_int_equal(smail__rate_take_account(rate, &one, 1, 0), 3600);
    assert_int_equal(smail__rate_take_account(rate, &two, 1, 0), 0);
    assert_int_equal(smail__rate_take_account(rate, &one, 2, 0), 0);
    assert_int_equal(smail__rate_take_account(rate, &one, 1, 3599999), 1);
    assert_int_equal(smail__rate_take_account(rate, &one, 1, 3600000), 0);
    smail__rate_free(rate);
}

static void one_site_of_ipv6_is_one_client(void **state)
{
    struct smail__endpoint a = at("[2001:db8:1:2::1]:1");
    struct smail__endpoint b = at("[2001:db8:1:2:ffff::9]:1");
    struct smail__endpoint c = at("[2001:db8:1:3::1]:1");
    struct smail__rate *rate;

    (void)state;
    assert_int_equal(smail__rate_new(&rate, NULL), 0);
    empty(rate, &a, 0);
    assert_int_equal(smail__rate_take_peer(rate, &ten, &b, 0), 6);
    assert_int_equal(smail__rate_take_peer(rate, &ten, &c, 0), 0);
    smail__rate_free(rate);
}

static void the_largest_rule_does_not_overflow(void **state)
{
    const struct smail__rate_rule most = { SMAIL__RATE_SUBMITTED, 1000000,
                                           86400 };
    struct smail__rate *rate;

    (void)state;
    assert_int_equal(smail__rate_new(&rate, NULL), 0);
    for (int i = 0; i < 1000000; i++)
        assert_int_equal(smail__rate_take_account(rate, &most, 1, 7), 0);
    assert_int_equal(smail__rate_take_account(rate, &most, 1, 7), 1);
    assert_int_equal(smail__rate_take_account(rate, &most, 1, 7 + 87), 0);
    assert_int_equal(smail__rate_take_account(rate, &most, 1, UINT64_MAX / 2),
                     0);
    smail__rate_free(rate);
}

static void a_rule_may_change(void **state)
{
    struct smail__rate_rule rule = ten;
    struct smail__endpoint a = at("192.0.2.1:1");
    struct smail__rate *rate;

    (void)state;
    assert_int_equal(smail__rate_new(&rate, NULL), 0);
    empty(rate, &a, 0);
    rule.count = 12;
    assert_int_equal(smail__rate_take_peer(rate, &rule, &a, 0), 0);
    assert_int_equal(smail__rate_take_peer(rate, &rule, &a, 0), 0);
    assert_int_equal(smail__rate_take_peer(rate, &rule, &a, 0), 5);
    rule.count = 1;
    assert_int_equal(smail__rate_take_peer(rate, &rule, &a, 0), 60);
    rule.count = 0;
    assert_int_equal(smail__rate_take_peer(rate, &rule, &a, 0), 0);
    smail__rate_free(rate);
}

/* Who has used his up is still known behind a crowd that came once. */
static void a_crowd_does_not_wash_it_away(void **state)
{
    struct smail__endpoint a = at("192.0.2.1:1"), other = at("10.0.0.0:1");
    struct smail__rate *rate;

    (void)state;
    assert_int_equal(smail__rate_new(&rate, NULL), 0);
    empty(rate, &a, 0);
    for (unsigned i = 0; i < 200000; i++) {
        other.address[1] = (unsigned char)(i >> 16);
        other.address[2] = (unsigned char)(i >> 8);
        other.address[3] = (unsigned char)i;
        assert_int_equal(smail__rate_take_peer(rate, &ten, &other, 1), 0);
    }
    assert_int_equal(smail__rate_take_peer(rate, &ten, &a, 1), 6);
    smail__rate_free(rate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_as_there_are_and_no_more),
        cmocka_unit_test(tokens_come_back_one_by_one),
        cmocka_unit_test(a_clock_that_goes_back_gives_nothing),
        cmocka_unit_test(each_kind_and_each_account_has_its_own),
        cmocka_unit_test(one_site_of_ipv6_is_one_client),
        cmocka_unit_test(the_largest_rule_does_not_overflow),
        cmocka_unit_test(a_rule_may_change),
        cmocka_unit_test(a_crowd_does_not_wash_it_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
