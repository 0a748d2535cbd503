/* SPDX-License-Identifier: MIT */
#include "config/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <smtpmail/error.h>

#include "base/span.h"

struct number {
    const char *text;
    int code;
    uint64_t value;
};

static void sizes_have_units(void **state)
{
    static const struct number cases[] = {
        { "0", 0, 0 },
        { "500", 0, 500 },
        { "1k", 0, 1024 },
        { "32M", 0, 32 << 20 },
        { "2g", 0, (uint64_t)2 << 30 },
        { "1T", 0, (uint64_t)1 << 40 },
        { "", SMAIL_EMALFORMED, 0 },
        { "M", SMAIL_EMALFORMED, 0 },
        { "-1", SMAIL_EMALFORMED, 0 },
        { "1.5M", SMAIL_EMALFORMED, 0 },
        { "32MB", SMAIL_EMALFORMED, 0 },
        { "32 M", SMAIL_EMALFORMED, 0 },
        { "99999999999999999999", SMAIL_EMALFORMED, 0 },
        { "99999999T", SMAIL_EMALFORMED, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t value = 0;

        assert_int_equal(smail__value_size(&value, smail__span(cases[i].text)),
                         cases[i].code);
        assert_true(value == cases[i].value);
    }
}

static void durations_have_units(void **state)
{
    static const struct number cases[] = {
        { "30", 0, 30 },
        { "30s", 0, 30 },
        { "5m", 0, 300 },
        { "2H", 0, 7200 },
        { "7d", 0, 604800 },
        { "1w", SMAIL_EMALFORMED, 0 },
        { "s", SMAIL_EMALFORMED, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t value = 0;

        assert_int_equal(
            smail__value_duration(&value, smail__span(cases[i].text)),
            cases[i].code);
        assert_true(value == cases[i].value);
    }
}

static void yes_and_no_have_many_names(void **state)
{
    bool value = false;

    (void)state;
    assert_int_equal(smail__value_bool(&value, SMAIL__SPAN("Yes")), 0);
    assert_true(value);
    assert_int_equal(smail__value_bool(&value, SMAIL__SPAN("off")), 0);
    assert_false(value);
    assert_int_equal(smail__value_bool(&value, SMAIL__SPAN("maybe")),
                     SMAIL_EMALFORMED);
    assert_int_equal(smail__value_bool(&value, SMAIL__SPAN("")),
                     SMAIL_EMALFORMED);
}

static void distance_counts_edits(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned distance;
    } cases[] = {
        { "", "", 0 },
        { "", "abc", 3 },
        { "hostname", "hostname", 0 },
        { "hostnam", "hostname", 1 },
        { "hsotname", "hostname", 1 },
        { "hostnames", "hostname", 1 },
        { "hostmane", "hostname", 2 },
        { "kitten", "sitting", 3 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        smail_span a = smail__span(cases[i].a), b = smail__span(cases[i].b);

        assert_int_equal(smail__value_distance(a, b), cases[i].distance);
        assert_int_equal(smail__value_distance(b, a), cases[i].distance);
    }
}

static void distance_of_long_names_is_bounded(void **state)
{
    static const char longest[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    (void)state;
    assert_int_equal(
        smail__value_distance(SMAIL__SPAN(longest), SMAIL__SPAN("")), 48);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_have_units),
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(yes_and_no_have_many_names),
        cmocka_unit_test(distance_counts_edits),
        cmocka_unit_test(distance_of_long_names_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
