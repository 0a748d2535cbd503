/* SPDX-License-Identifier: MIT */
/* What content is made of, in pieces of any size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/smtp_client.h>

#include "base/span.h"

#define SEVEN SMAIL_SMTP_BODY_7BIT
#define EIGHT SMAIL_SMTP_BODY_8BITMIME
#define BINARY SMAIL_SMTP_BODY_BINARYMIME

static const struct {
    smail_span octets;
    smail_smtp_body_type body;
    size_t longest_line;
    bool bare;
    bool utf8_header;
} cases[] = {
    { SMAIL__SPAN(""), SEVEN, 0, false, false },
    { SMAIL__SPAN("\r\n"), SEVEN, 0, false, false },
    { SMAIL__SPAN("A: b\r\n\r\ntext\r\n"), SEVEN, 4, false, false },
    { SMAIL__SPAN("no end"), SEVEN, 6, false, false },
    { SMAIL__SPAN("A: b\r\n\r\n\xc3\xa4\r\n"), EIGHT, 4, false, false },
    { SMAIL__SPAN("A: \xc3\xa4\r\n\r\n"), EIGHT, 5, false, true },
    { SMAIL__SPAN("\r\n\x80"), EIGHT, 1, false, false },
    { SMAIL__SPAN("a\x7f\r\n"), SEVEN, 2, false, false },
    { SMAIL__SPAN("a\r"), BINARY, 1, false, false },
    { SMAIL__SPAN("a\n"), BINARY, 1, true, false },
    { SMAIL__SPAN("a\rb\r\n"), BINARY, 3, true, false },
    { SMAIL__SPAN("a\r\r\n"), BINARY, 2, true, false },
    { SMAIL__SPAN("a\r\r\r\n"), BINARY, 3, true, false },
    { SMAIL__SPAN("\n"), BINARY, 0, true, false },
    { SMAIL__SPAN("\r\n\n"), BINARY, 0, true, false },
    { SMAIL__SPAN("a\0b\r\n"), BINARY, 3, true, false },
    { SMAIL__SPAN("\0"), BINARY, 1, true, false },
};

static void any_pieces_give_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t step = 1; step < 20; step++) {
            smail_smtp_content content = SMAIL_SMTP_CONTENT_INIT;
            smail_span rest = cases[i].octets;

            while (rest.len > 0) {
                smail_smtp_content_scan(&content,
                                        smail__span_slice(rest, 0, step));
                rest = smail__span_from(rest, step);
            }
            assert_int_equal(content.size, cases[i].octets.len);
            assert_int_equal(smail_smtp_content_body(&content), cases[i].body);
            assert_int_equal(content.bare, cases[i].bare);
            assert_int_equal(content.utf8_header, cases[i].utf8_header);
            /* a CR that was no line end may be counted or not */
            if (!cases[i].bare)
                assert_int_equal(content.longest_line, cases[i].longest_line);
        }
    }
}

static void a_line_may_be_so_long(void **state)
{
    static char line[1001];

    (void)state;
    memset(line, 'x', sizeof(line));
    for (size_t len = 997; len <= 999; len++) {
        smail_smtp_content content = SMAIL_SMTP_CONTENT_INIT;

        smail_smtp_content_scan(&content, (smail_span){ line, len });
        smail_smtp_content_scan(&content, SMAIL__SPAN("\r"));
        smail_smtp_content_scan(&content, SMAIL__SPAN("\n"));
        assert_int_equal(content.longest_line, len);
        assert_int_equal(smail_smtp_content_body(&content),
                         len <= SMAIL_SMTP_TEXT_LINE_MAX ? SEVEN : BINARY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_pieces_give_the_same),
        cmocka_unit_test(a_line_may_be_so_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
