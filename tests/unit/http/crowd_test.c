/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/span.h"
#include "http/crowd.h"

static struct smail__endpoint at(const char *text)
{
    struct smail__endpoint endpoint;

    assert_int_equal(smail__endpoint_parse(&endpoint, smail__span(text), NULL),
                     0);
    return endpoint;
}

static void counts_each_address(void **state)
{
    struct smail__endpoint one = at("192.0.2.1:1"), two = at("192.0.2.2:1");
    struct smail__crowd *crowd;

    (void)state;
    assert_int_equal(smail__crowd_new(&crowd, 2, "", NULL), 0);
    assert_true(smail__crowd_enter(crowd, &one));
    one.port = 2; /* another connection of it */
    assert_true(smail__crowd_enter(crowd, &one));
    assert_false(smail__crowd_enter(crowd, &one));
    assert_true(smail__crowd_enter(crowd, &two));
    smail__crowd_leave(crowd, &one);
    assert_true(smail__crowd_enter(crowd, &one));
    smail__crowd_free(crowd);
}

static void takes_an_ipv6_network_for_one(void **state)
{
    struct smail__endpoint one = at("[2001:db8::1]:1");
    struct smail__endpoint near = at("[2001:db8::ffff:2]:1");
    struct smail__endpoint far = at("[2001:db8:0:1::1]:1");
    struct smail__crowd *crowd;

    (void)state;
    assert_int_equal(smail__crowd_new(&crowd, 1, "", NULL), 0);
    assert_true(smail__crowd_enter(crowd, &one));
    assert_false(smail__crowd_enter(crowd, &near));
    assert_true(smail__crowd_enter(crowd, &far));
    smail__crowd_leave(crowd, &one);
    smail__crowd_leave(crowd, &far);
    smail__crowd_free(crowd);
}

static void lets_the_exempt_be(void **state)
{
    struct smail__endpoint local = at("127.0.0.1:1");
    struct smail__crowd *crowd;

    (void)state;
    assert_int_equal(smail__crowd_new(&crowd, 1, "127.0.0.0/8 ::1", NULL), 0);
    for (int i = 0; i < 10; i++)
        assert_true(smail__crowd_enter(crowd, &local));
    for (int i = 0; i < 10; i++)
        smail__crowd_leave(crowd, &local);
    smail__crowd_free(crowd);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_each_address),
        cmocka_unit_test(takes_an_ipv6_network_for_one),
        cmocka_unit_test(lets_the_exempt_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
