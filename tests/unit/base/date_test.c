/* SPDX-License-Identifier: MIT */
/* The calendar, both ways, and its two ways of writing. */
#include "base/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/error.h>

#include "base/span.h"

static void known_moments(void **state)
{
    static const struct {
        int64_t seconds;
        const char *rfc5322;
        const char *rfc3339;
    } cases[] = {
        { 0, "Thu, 1 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00Z" },
        { -1, "Wed, 31 Dec 1969 23:59:59 +0000", "1969-12-31T23:59:59Z" },
        { 951782400, "Tue, 29 Feb 2000 00:00:00 +0000",
          "2000-02-29T00:00:00Z" },
        { 1795397160, "Mon, 23 Nov 2026 01:26:00 +0000",
          "2026-11-23T01:26:00Z" },
        { 4107542400, "Mon, 1 Mar 2100 00:00:00 +0000",
          "2100-03-01T00:00:00Z" },
        { INT64_MAX, "Fri, 31 Dec 9999 23:59:59 +0000",
          "9999-12-31T23:59:59Z" },
        { INT64_MIN, "Sat, 1 Jan 0000 00:00:00 +0000", "0000-01-01T00:00:00Z" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[SMAIL__DATE_MAX];

        smail__date_rfc5322(text, cases[i].seconds);
        assert_string_equal(text, cases[i].rfc5322);
        smail__date_rfc3339(text, cases[i].seconds);
        assert_string_equal(text, cases[i].rfc3339);
    }
}

static void every_day_comes_back(void **state)
{
    int last_weekday = 3; /* 1969-12-31 */

    (void)state;
    for (int64_t day = 0; day < 400 * 366; day++) {
        struct smail__date date;

        smail__date_from_seconds(&date, day * 86400 + 3661);
        assert_int_equal(smail__date_to_seconds(&date), day * 86400 + 3661);
        assert_int_equal(date.weekday, (last_weekday + 1) % 7);
        last_weekday = date.weekday;
    }
}

static void reading(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } cases[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "1970-01-01t00:00:00z", 0 },
        { "1970-01-01T01:00:00+01:00", 0 },
        { "1969-12-31T19:00:00.123456-05:00", 0 },
        { "2000-02-29T00:00:00Z", 951782400 },
        { "1990-12-31T23:59:60Z", 662688000 }, /* RFC 3339, 5.8 */
        { "1937-01-01T12:00:27.87+00:20", -1041337173 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t seconds = 1;

        assert_int_equal(
            smail__date_parse_rfc3339(&seconds, smail__span(cases[i].text)), 0);
        assert_int_equal(seconds, cases[i].seconds);
    }
}

static void what_is_no_date_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "1970-01-01",
        "1970-01-01 00:00:00Z",
        "1970-01-01T00:00:00",
        "1970-01-01T00:00:00Zx",
        "1970-13-01T00:00:00Z",
        "1970-00-01T00:00:00Z",
        "1970-01-32T00:00:00Z",
        "1970-04-31T00:00:00Z",
        "1970-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z",
        "1970-01-01T00:00:61Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00+1:00",
        "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00 01:00",
        "+970-01-01T00:00:00Z",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t seconds;

        assert_int_equal(
            smail__date_parse_rfc3339(&seconds, smail__span(bad[i])),
            SMAIL_EMALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_moments),
        cmocka_unit_test(every_day_comes_back),
        cmocka_unit_test(reading),
        cmocka_unit_test(what_is_no_date_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
