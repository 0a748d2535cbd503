/* SPDX-License-Identifier: MIT */
/* Errors: one line, in place, whatever a stranger's text holds. */
#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <limits.h>

static void a_failure_is_one_line(void **state)
{
    smail_error err = SMAIL_ERROR_INIT;

    (void)state;
    assert_int_equal(
        smail__fail(&err, SMAIL_ENOTFOUND, "no '%s'", "a\r\nb\x7f"),
        SMAIL_ENOTFOUND);
    assert_int_equal(err.code, SMAIL_ENOTFOUND);
    assert_int_equal(err.os, 0);
    assert_string_equal(err.message, "no 'a??b?'");
}

static void it_may_be_wrapped_in_itself(void **state)
{
    smail_error err = SMAIL_ERROR_INIT;

    (void)state;
    smail__fail_os(&err, SMAIL_EIO, 5, "cannot read");
    assert_int_equal(smail__fail_os(&err, SMAIL_EIO, 7, "'x': %s", err.message),
                     SMAIL_EIO);
    assert_string_equal(err.message, "'x': cannot read");
    assert_int_equal(err.os, 7);
}

static void nobody_need_listen(void **state)
{
    (void)state;
    assert_int_equal(smail__fail(NULL, SMAIL_EINVAL, "x"), SMAIL_EINVAL);
    assert_int_equal(smail__fail_os(NULL, SMAIL_EIO, 1, "x"), SMAIL_EIO);
}

static void a_long_message_is_cut(void **state)
{
    smail_error err = SMAIL_ERROR_INIT;
    char text[500];

    (void)state;
    memset(text, 'x', sizeof(text));
    smail__fail(&err, SMAIL_EINVAL, "%.*s", (int)sizeof(text), text);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
}

static void every_code_has_words(void **state)
{
    (void)state;
    for (int code = 0; code >= SMAIL_EUNKNOWN; code--) {
        assert_non_null(smail_strerror(code));
        assert_string_not_equal(smail_strerror(code), "unknown error");
    }
    assert_string_equal(smail_strerror(SMAIL_EUNKNOWN - 1), "unknown error");
    assert_string_equal(smail_strerror(1), "unknown error");
    assert_string_equal(smail_strerror(INT_MIN), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_is_one_line),
        cmocka_unit_test(it_may_be_wrapped_in_itself),
        cmocka_unit_test(nobody_need_listen),
        cmocka_unit_test(a_long_message_is_cut),
        cmocka_unit_test(every_code_has_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
