/* SPDX-License-Identifier: MIT */
/* Timers fire once, in their tick, however far away and however many. */
#include "net/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct probe {
    struct smail__timer timer;
    struct smail__wheel *wheel;
    uint64_t fired_at;
    unsigned fired;
    struct smail__timer *clears;
    uint64_t again;
};

static void fire(struct smail__timer *timer)
{
    struct probe *probe = (struct probe *)timer;

    probe->fired++;
    probe->fired_at = probe->wheel->now;
    if (probe->clears != NULL)
        smail__wheel_remove(probe->wheel, probe->clears);
    if (probe->again > 0)
        smail__wheel_add(probe->wheel, timer, probe->again);
}

static void every_timer_fires_in_its_tick(void **state)
{
    struct smail__wheel wheel = { 0 };
    static struct probe probes[3000];

    (void)state;
    for (size_t i = 0; i < 3000; i++) {
        probes[i] = (struct probe){ .timer.fire = fire, .wheel = &wheel };
        smail__wheel_add(&wheel, &probes[i].timer, i + 1);
    }
    for (uint64_t now = 1; now <= 3000; now++) {
        assert_in_range(smail__wheel_next(&wheel), 1, SMAIL__WHEEL_SLOTS);
        smail__wheel_advance(&wheel, now);
    }
    for (size_t i = 0; i < 3000; i++) {
        assert_int_equal(probes[i].fired, 1);
        assert_int_equal(probes[i].fired_at, i + 1);
    }
    assert_int_equal(wheel.count, 0);
    assert_int_equal(smail__wheel_next(&wheel), 0);
}

static void a_long_sleep_loses_none(void **state)
{
    struct smail__wheel wheel = { 0 };
    struct probe probes[100];

    (void)state;
    for (size_t i = 0; i < 100; i++) {
        probes[i] = (struct probe){ .timer.fire = fire, .wheel = &wheel };
        smail__wheel_add(&wheel, &probes[i].timer, i * 97 + 1);
    }
    smail__wheel_advance(&wheel, 100000);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(probes[i].fired, 1);
}

static void a_timer_may_clear_its_neighbour_and_set_itself(void **state)
{
    struct smail__wheel wheel = { 0 };
    struct probe a = { .timer.fire = fire, .wheel = &wheel };
    struct probe b = a, c = a;

    (void)state;
    smail__wheel_add(&wheel, &a.timer, 5);
    smail__wheel_add(&wheel, &b.timer, 5);
    smail__wheel_add(&wheel, &c.timer, 5);
    c.clears = &b.timer;
    a.clears = &b.timer;
    c.again = 512;
    smail__wheel_advance(&wheel, 5);
    assert_int_equal(a.fired + b.fired + c.fired, 2);
    assert_int_equal(b.fired, 0);
    smail__wheel_advance(&wheel, 516);
    assert_int_equal(c.fired, 1);
    c.again = 0;
    smail__wheel_advance(&wheel, 517);
    assert_int_equal(c.fired, 2);
    assert_int_equal(wheel.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_timer_fires_in_its_tick),
        cmocka_unit_test(a_long_sleep_loses_none),
        cmocka_unit_test(a_timer_may_clear_its_neighbour_and_set_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
