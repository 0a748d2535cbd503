/* SPDX-License-Identifier: MIT */
#include "message/prepare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/span.h"

static void assert_prepared(const char *text, const char *expected)
{
    struct smail__buf out;
    int rc;

    smail__buf_init(&out, 1000, NULL);
    rc = smail__prepare(&out, smail__span(text), NULL);
    if (expected == NULL) {
        if (rc != SMAIL_EINVAL)
            fail_msg("'%s' is taken", text);
    } else if (rc != 0 || !smail__span_is(smail__buf_span(&out), expected)) {
        fail_msg("'%s': %d, '%.*s'", text, rc, (int)out.len, out.data);
    }
    smail__buf_dispose(&out);
}

/* RFC 4013, 3, but for what runs from right to left. */
static void prepares_the_examples_of_the_rfc(void **state)
{
    (void)state;
    assert_prepared("I\u00adX", "IX");
    assert_prepared("user", "user");
    assert_prepared("USER", "USER");
    assert_prepared("\u00aa", "a");
    assert_prepared("\u2168", "IX");
    assert_prepared("\x07", NULL);
}

static void two_ways_to_write_are_one(void **state)
{
    (void)state;
    assert_prepared("pa\u0308ss wo\u0308rd", "p\u00e4ss w\u00f6rd");
    assert_prepared("a\u00a0b\u3000c", "a b c");
    assert_prepared("", "");
    assert_prepared("\ufb01", "fi");
}

static void what_cannot_be_typed_alike_is_refused(void **state)
{
    (void)state;
    assert_prepared("\xff", NULL);
    assert_prepared("a\xc2\x85", NULL);
    assert_prepared("\ue000", NULL);
    assert_prepared("a\u200e", NULL);
    assert_prepared("\ufffd", NULL);
    assert_prepared("a\nb", NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(prepares_the_examples_of_the_rfc),
        cmocka_unit_test(two_ways_to_write_are_one),
        cmocka_unit_test(what_cannot_be_typed_alike_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
