/* SPDX-License-Identifier: MIT */
#include "json/write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/error.h>

#include "base/span.h"

static int set_up(void **state)
{
    struct smail__buf *buf = calloc(1, sizeof(*buf));

    smail__buf_init(buf, 4096, NULL);
    *state = buf;
    return 0;
}

static int tear_down(void **state)
{
    smail__buf_dispose(*state);
    free(*state);
    return 0;
}

static void assert_document(const struct smail__buf *buf, const char *text)
{
    assert_int_equal(smail__buf_error(buf), 0);
    assert_string_equal(buf->data, text);
}

static void items_are_parted_by_commas(void **state)
{
    struct smail__json json;

    smail__json_init(&json, *state);
    smail__json_begin_object(&json);
    smail__json_key(&json, "a");
    smail__json_begin_array(&json);
    smail__json_int(&json, -1);
    smail__json_uint(&json, UINT64_MAX);
    smail__json_begin_object(&json);
    smail__json_end_object(&json);
    smail__json_begin_array(&json);
    smail__json_end_array(&json);
    smail__json_null(&json);
    smail__json_end_array(&json);
    smail__json_key(&json, "b");
    smail__json_bool(&json, true);
    smail__json_key(&json, "c");
    smail__json_bool(&json, false);
    smail__json_end_object(&json);

    assert_document(*state, "{\"a\":[-1,18446744073709551615,{},[],null],"
                            "\"b\":true,\"c\":false}");
}

static void ids_are_strings_and_times_rfc_3339(void **state)
{
    struct smail__json json;

    smail__json_init(&json, *state);
    smail__json_begin_array(&json);
    smail__json_id(&json, INT64_MAX);
    smail__json_time(&json, 0);
    smail__json_string(&json, NULL);
    smail__json_end_array(&json);

    assert_document(*state, "[\"9223372036854775807\","
                            "\"1970-01-01T00:00:00Z\",\"\"]");
}

static void controls_are_escaped(void **state)
{
    struct smail__json json;

    smail__json_init(&json, *state);
    smail__json_text(&json, SMAIL__SPAN("\"\\/\b\f\n\r\t\0\x1b\x7f"
                                        "\xc2\x85\xe2\x80\xa8 z\xc3\xbc"));

    assert_document(*state, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001b\\u007f"
                            "\\u0085\\u2028 z\xc3\xbc\"");
}

static void broken_utf8_is_replaced(void **state)
{
    struct smail__json json;

    smail__json_init(&json, *state);
    smail__json_text(&json, SMAIL__SPAN("a\xff\xc3"));

    assert_document(*state, "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void a_full_buffer_is_an_error_that_sticks(void **state)
{
    struct smail__buf buf;
    struct smail__json json;

    (void)state;
    smail__buf_init(&buf, 4, NULL);
    smail__json_init(&json, &buf);
    smail__json_begin_array(&json);
    smail__json_string(&json, "too long");
    smail__json_end_array(&json);

    assert_int_equal(smail__buf_error(&buf), SMAIL_ELIMIT);
    smail__buf_dispose(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(items_are_parted_by_commas, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(ids_are_strings_and_times_rfc_3339,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(controls_are_escaped, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(broken_utf8_is_replaced, set_up,
                                        tear_down),
        cmocka_unit_test(a_full_buffer_is_an_error_that_sticks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
