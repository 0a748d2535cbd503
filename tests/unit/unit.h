/* SPDX-License-Identifier: MIT */
/* unit.h - cmocka, in the order it wants its headers, and spans. */
#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/base.h>

static inline void check_span(smail_span span, const char *expected,
                              const char *file, int line)
{
    size_t len = strlen(expected);

    if (span.len != len || (len > 0 && memcmp(span.data, expected, len) != 0)) {
        print_error("%s:%d: '%.*s' is not '%s'\n", file, line, (int)span.len,
                    span.data, expected);
        fail();
    }
}

#define assert_span(span, expected) \
    check_span((span), (expected), __FILE__, __LINE__)

#endif
