/* SPDX-License-Identifier: MIT */
#include "crypto/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void two_draws_differ(void **state)
{
    unsigned char a[32] = { 0 }, b[32] = { 0 };

    (void)state;
    assert_int_equal(smail__random(a, sizeof(a), NULL), 0);
    assert_int_equal(smail__random(b, sizeof(b), NULL), 0);

    assert_memory_not_equal(a, b, sizeof(a));
}

static void nothing_is_written_beyond_the_length(void **state)
{
    unsigned char bytes[8];

    (void)state;
    memset(bytes, 0x5a, sizeof(bytes));
    assert_int_equal(smail__random(bytes, 0, NULL), 0);
    assert_int_equal(bytes[0], 0x5a);
    assert_int_equal(smail__random(bytes, 4, NULL), 0);
    for (size_t i = 4; i < sizeof(bytes); i++)
        assert_int_equal(bytes[i], 0x5a);
}

/* More than getrandom() gives at once when a signal comes. */
static void a_large_draw_is_filled_to_the_end(void **state)
{
    size_t len = (size_t)1 << 20, zeros = 0;
    unsigned char *bytes = calloc(1, len);

    (void)state;
    assert_non_null(bytes);
    assert_int_equal(smail__random(bytes, len, NULL), 0);
    for (size_t i = len - 64; i < len; i++)
        zeros += bytes[i] == 0;
    assert_true(zeros < 32);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_draws_differ),
        cmocka_unit_test(nothing_is_written_beyond_the_length),
        cmocka_unit_test(a_large_draw_is_filled_to_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
