/* SPDX-License-Identifier: MIT */
/* Replies: one line or several, and what somebody's text cannot do to them. */
#include "smtp/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

static void they_look_as_the_rfc_says(void **state)
{
    struct smail__buf out;

    (void)state;
    smail__buf_init(&out, 10000, NULL);
    smail__reply_put(&out, 250, "2.0.0", "OK");
    smail__reply_put(&out, 220, NULL, "mx");
    smail__reply_put(&out, 550, "5.7.1", "one\ntwo\n");
    smail__reply_put(&out, 250, "", "");
    assert_string_equal(out.data, "250 2.0.0 OK\r\n220 mx\r\n"
                                  "550-5.7.1 one\r\n550 5.7.1 two\r\n"
                                  "250 \r\n");
    smail__buf_dispose(&out);
}

static void text_cannot_break_out(void **state)
{
    struct smail__buf out;

    (void)state;
    smail__buf_init(&out, 10000, NULL);
    smail__reply_put(&out, 550, "5.0.0", "a\r\n250 x\t\x7f\xc3\xa4");
    assert_string_equal(out.data, "550-5.0.0 a?\r\n550 5.0.0 250 x????\r\n");
    smail__buf_dispose(&out);
}

/* RFC 6531, 3.7.4: addresses in UTF-8, and nothing that only looks like it. */
static void utf8_stays_where_it_may(void **state)
{
    struct smail__buf out;
    char text[600];

    (void)state;
    smail__buf_init(&out, 10000, NULL);
    smail__reply_put_utf8(&out, 250, "2.1.5",
                          "\xc3\xa4\r\xc3\xe2\x82\xac\n\xc2\x85");
    assert_string_equal(out.data, "250-2.1.5 \xc3\xa4??\xe2\x82\xac\r\n"
                                  "250 2.1.5 ?\r\n");
    smail__buf_clear(&out);
    memset(text, 'x', sizeof(text));
    memcpy(text + 499, "\xc3\xa4", 3); /* on the edge of the line */
    smail__reply_put_utf8(&out, 250, "2.1.5", text);
    assert_int_equal(out.len, SMAIL__REPLY_LINE_MAX - 1);
    smail__buf_dispose(&out);
}

static void lines_and_their_number_are_bounded(void **state)
{
    struct smail__buf out;
    char text[3000];

    (void)state;
    smail__buf_init(&out, 100000, NULL);
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    smail__reply_put(&out, 550, "5.0.0", text);
    assert_int_equal(out.len, SMAIL__REPLY_LINE_MAX);
    smail__buf_clear(&out);
    memset(text, '\n', sizeof(text) - 1);
    smail__reply_put(&out, 550, "5.0.0", text);
    assert_int_equal(out.len,
                     SMAIL__REPLY_LINES_MAX * strlen("550 5.0.0 \r\n"));
    assert_string_equal(out.data + out.len - 12, "550 5.0.0 \r\n");
    smail__buf_dispose(&out);
}

static void all_or_nothing(void **state)
{
    struct smail__buf out;

    (void)state;
    smail__buf_init(&out, 30, NULL);
    smail__reply_put(&out, 250, "2.0.0", "OK");
    smail__reply_put(&out, 250, "2.0.0", "a longer text");
    assert_string_equal(out.data, "250 2.0.0 OK\r\n");
    smail__buf_dispose(&out);
}

static void enhanced_codes(void **state)
{
    (void)state;
    assert_true(smail__reply_status_is_valid("5.1.1", 550));
    assert_true(smail__reply_status_is_valid("4.123.999", 450));
    assert_false(smail__reply_status_is_valid("4.1.1", 550));
    assert_false(smail__reply_status_is_valid("5.1", 550));
    assert_false(smail__reply_status_is_valid("5.1.1.1", 550));
    assert_false(smail__reply_status_is_valid("5.1.1234", 550));
    assert_false(smail__reply_status_is_valid("5..1", 550));
    assert_false(smail__reply_status_is_valid("", 550));
    assert_false(smail__reply_status_is_valid("5.1.1\r", 550));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_look_as_the_rfc_says),
        cmocka_unit_test(text_cannot_break_out),
        cmocka_unit_test(utf8_stays_where_it_may),
        cmocka_unit_test(lines_and_their_number_are_bounded),
        cmocka_unit_test(all_or_nothing),
        cmocka_unit_test(enhanced_codes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
