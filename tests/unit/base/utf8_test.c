/* SPDX-License-Identifier: MIT */
/* RFC 3629: what is UTF-8, what is not, and what is made of the latter. */
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

static void every_code_point_comes_back(void **state)
{
    struct smail__buf buf;

    (void)state;
    smail__buf_init(&buf, 8, NULL);
    for (uint32_t wanted = 0; wanted <= 0x10ffff; wanted += 7) {
        uint32_t got = 0;

        if (wanted >= 0xd800 && wanted <= 0xdfff)
            continue;
        smail__buf_clear(&buf);
        smail__utf8_put(&buf, wanted);
        assert_int_equal(smail__utf8_next(&got, smail__buf_span(&buf)),
                         buf.len);
        assert_int_equal(got, wanted);
        assert_int_equal(
            smail__utf8_next(&got, (smail_span){ buf.data, buf.len - 1 }), 0);
    }
    smail__buf_dispose(&buf);
}

static void what_is_no_code_point_is_replaced(void **state)
{
    struct smail__buf buf;

    (void)state;
    smail__buf_init(&buf, 20, NULL);
    smail__utf8_put(&buf, 0xd800);
    smail__utf8_put(&buf, 0x110000);
    assert_string_equal(buf.data, "\xef\xbf\xbd\xef\xbf\xbd");
    smail__buf_dispose(&buf);
}

static void validity(void **state)
{
    static const char *const bad[] = {
        "\x80",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x80\x80",
        "\xed\xa0\x80",
        "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80",
        "\xff",
        "a\xc3",
        "\xc3(",
        "\xe2\x82",
    };

    (void)state;
    assert_true(smail__utf8_valid(SMAIL__SPAN("")));
    assert_true(smail__utf8_valid(SMAIL__SPAN("\xc3\xa4 \xe2\x82\xac \xf0\x9f"
                                              "\x98\x80")));
    assert_true(smail__utf8_valid(SMAIL__SPAN("\xf4\x8f\xbf\xbf")));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(smail__utf8_valid(smail__span(bad[i])));
    assert_true(smail__is_ascii(SMAIL__SPAN("abc\x7f")));
    assert_false(smail__is_ascii(SMAIL__SPAN("abc\x80")));
}

/* Runs of ASCII are taken by the word: one odd octet at each place of it. */
static void odd_octet_anywhere(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 40; len++)
        for (size_t at = 0; at < len; at++) {
            char text[40];

            memset(text, 'a', sizeof(text));
            assert_true(smail__is_ascii((smail_span){ text, len }));
            text[at] = (char)0x80;
            assert_false(smail__is_ascii((smail_span){ text, len }));
            assert_false(smail__utf8_valid((smail_span){ text, len }));
            if (at + 1 == len)
                continue;
            text[at] = (char)0xc3;
            text[at + 1] = (char)0xa4;
            assert_true(smail__utf8_valid((smail_span){ text, len }));
            assert_false(smail__is_ascii((smail_span){ text, len }));
        }
}

static void scrubbing_replaces_byte_by_byte(void **state)
{
    struct smail__buf buf;

    (void)state;
    smail__buf_init(&buf, 100, NULL);
    smail__utf8_scrub(&buf, SMAIL__SPAN("a\xff\xc3\xa4\xe2\x82"));
    assert_string_equal(buf.data,
                        "a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd");
    smail__buf_dispose(&buf);
}

static void clipping_cuts_no_code_point(void **state)
{
    smail_span text = SMAIL__SPAN("a\xe2\x82\xac"
                                  "b");

    (void)state;
    assert_int_equal(smail__utf8_clip(text, 9).len, 5);
    assert_int_equal(smail__utf8_clip(text, 5).len, 5);
    assert_int_equal(smail__utf8_clip(text, 4).len, 4);
    assert_int_equal(smail__utf8_clip(text, 3).len, 1);
    assert_int_equal(smail__utf8_clip(text, 2).len, 1);
    assert_int_equal(smail__utf8_clip(text, 1).len, 1);
    assert_int_equal(smail__utf8_clip(text, 0).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_comes_back),
        cmocka_unit_test(what_is_no_code_point_is_replaced),
        cmocka_unit_test(validity),
        cmocka_unit_test(odd_octet_anywhere),
        cmocka_unit_test(scrubbing_replaces_byte_by_byte),
        cmocka_unit_test(clipping_cuts_no_code_point),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
