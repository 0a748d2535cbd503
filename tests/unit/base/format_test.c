/* SPDX-License-Identifier: MIT */
/* The small printf gives what the large one would. */
#include "base/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>

#define SAME(...)                                                    \
    do {                                                             \
        char ours[200];                                              \
        char theirs[200];                                            \
        size_t len = smail__format(ours, sizeof(ours), __VA_ARGS__); \
        snprintf(theirs, sizeof(theirs), __VA_ARGS__);               \
        assert_string_equal(ours, theirs);                           \
        assert_int_equal(len, strlen(theirs));                       \
    } while (0)

static void it_formats_like_printf(void **state)
{
    (void)state;
    SAME("%s", "plain");
    SAME("no conversion");
    SAME("%d %i %u", -1, 0, 1u);
    SAME("%d %d", INT32_MAX, INT32_MIN);
    SAME("%" PRId64 " %" PRIu64, INT64_MIN, UINT64_MAX);
    SAME("%lld %llu", -5LL, 5ULL);
    SAME("%ld %lu", -5L, 5UL);
    SAME("%zu", (size_t)-1);
    SAME("%x %08x %llx", 0xbeefu, 0xbeefu, 0xffffffffffffffffULL);
    SAME("%5d|%05d|%2d|%02d", 42, 42, 12345, 12345);
    SAME("%04d|%5d|%02d", -5, -5, -5);
    SAME("%10s|%1s", "abc", "abc");
    SAME("%.*s|%.*s|%.*s", 2, "abc", 0, "abc", 9, "abc");
    SAME("%c%c", 'a', '%');
    SAME("100%%");
}

static void a_span_need_not_end_in_nul(void **state)
{
    const char letters[3] = { 'a', 'b', 'c' };
    char out[10];

    (void)state;
    smail__format(out, sizeof(out), "%.*s", 3, letters);
    assert_string_equal(out, "abc");
}

static void a_null_text_is_shown(void **state)
{
    const char *volatile none = NULL;
    char out[10];

    (void)state;
    smail__format(out, sizeof(out), "%s", none);
    assert_string_equal(out, "(null)");
    smail__format(out, sizeof(out), "%.*s", 0, none);
    assert_string_equal(out, "");
}

static void what_does_not_fit_is_cut_and_counted(void **state)
{
    char out[4] = "xyz";

    (void)state;
    assert_int_equal(smail__format(out, sizeof(out), "%d", 12345), 5);
    assert_string_equal(out, "123");
    assert_int_equal(smail__format(out, 1, "%d", 12345), 5);
    assert_string_equal(out, "");
    assert_int_equal(smail__format(NULL, 0, "%d", 12345), 5);
}

static void what_is_not_known_stands_as_it_is(void **state)
{
    const char *volatile odd = "%q %-5";
    char out[20];

    (void)state;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
    smail__format(out, sizeof(out), odd);
    assert_string_equal(out, "%q %-5");
    smail__format(out, sizeof(out), odd + 5); /* "5" */
    assert_string_equal(out, "5");
    odd = "50%";
    smail__format(out, sizeof(out), odd);
    assert_string_equal(out, "50%");
#pragma GCC diagnostic pop
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_formats_like_printf),
        cmocka_unit_test(a_span_need_not_end_in_nul),
        cmocka_unit_test(a_null_text_is_shown),
        cmocka_unit_test(what_does_not_fit_is_cut_and_counted),
        cmocka_unit_test(what_is_not_known_stands_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
