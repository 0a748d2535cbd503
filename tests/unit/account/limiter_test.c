/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "account/limiter.h"
#include "base/format.h"
#include "base/span.h"

#define ALICE SMAIL__SPAN("peer alice")
#define BOB SMAIL__SPAN("peer bob")

static struct smail__limiter *make(unsigned burst, unsigned interval)
{
    struct smail__limiter *limiter;

    assert_int_equal(smail__limiter_new(&limiter, burst, interval, NULL), 0);
    return limiter;
}

static void slows_one_key_and_not_another(void **state)
{
    struct smail__limiter *limiter = make(20, 30);

    (void)state;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(smail__limiter_wait(limiter, ALICE, 1000), 0);
        smail__limiter_note(limiter, ALICE, 1000);
    }
    assert_int_equal(smail__limiter_wait(limiter, ALICE, 1000), 30);
    assert_int_equal(smail__limiter_wait(limiter, BOB, 1000), 0);
    smail__limiter_free(limiter);
}

static void leaks_one_each_interval(void **state)
{
    struct smail__limiter *limiter = make(2, 60);

    (void)state;
    smail__limiter_note(limiter, ALICE, 0);
    smail__limiter_note(limiter, ALICE, 0);
    assert_int_equal(smail__limiter_wait(limiter, ALICE, 10), 50);
    assert_int_equal(smail__limiter_wait(limiter, ALICE, 60), 0);
    smail__limiter_note(limiter, ALICE, 60);
    assert_int_equal(smail__limiter_wait(limiter, ALICE, 60), 60);
    assert_int_equal(smail__limiter_wait(limiter, ALICE, 500), 0);
    smail__limiter_free(limiter);
}

static void forgets_when_told_to(void **state)
{
    struct smail__limiter *limiter = make(1, 60);

    (void)state;
    smail__limiter_note(limiter, ALICE, 0);
    smail__limiter_forget(limiter, ALICE);
    smail__limiter_forget(limiter, BOB);
    assert_int_equal(smail__limiter_wait(limiter, ALICE, 0), 0);
    smail__limiter_free(limiter);
}

static void remembers_who_tries_hardest_when_there_are_many(void **state)
{
    struct smail__limiter *limiter = make(20, 30);
    char key[32];

    (void)state;
    for (int i = 0; i < 20; i++)
        smail__limiter_note(limiter, ALICE, 0);
    for (int i = 0; i < 100000; i++) {
        size_t len = smail__format(key, sizeof(key), "peer %d", i);

        smail__limiter_note(limiter, (smail_span){ key, len }, 0);
    }
    assert_true(smail__limiter_wait(limiter, ALICE, 0) > 0);
    smail__limiter_free(limiter);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(slows_one_key_and_not_another),
        cmocka_unit_test(leaks_one_each_interval),
        cmocka_unit_test(forgets_when_told_to),
        cmocka_unit_test(remembers_who_tries_hardest_when_there_are_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
