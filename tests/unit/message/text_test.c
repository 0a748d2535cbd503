/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <smtpmail/message.h>

#include "base/buf.h"
#include "base/span.h"
#include "base/utf8.h"
#include "message/index.h"

static void assert_preview(const char *header, const char *body,
                           const char *expected)
{
    struct smail__buf raw;
    smail_message *message;
    smail_buf preview = SMAIL_BUF_INIT;

    smail__buf_init(&raw, 1 << 20, NULL);
    smail__buf_printf(&raw, "%s\r\n\r\n%s", header, body);
    assert_int_equal(smail_message_parse(&message, smail__buf_span(&raw), NULL),
                     0);
    assert_int_equal(smail_message_preview(&preview, message, 256, NULL), 0);
    assert_span(smail__span_of(&preview), expected);
    smail_buf_dispose(&preview);
    smail_message_free(message);
    smail__buf_dispose(&raw);
}

static void html_shows_what_a_reader_sees(void **state)
{
    static const char *const cases[][2] = {
        { "<p>one <b>t</b>wo</p><p>three&nbsp;&amp; &euro;", "one two three & "
                                                             "\xe2\x82\xac" },
        { "<head><title>no</title><style>p{}</style></head>yes", "yes" },
        { "<script>if (a < b) no()</script>yes<!-- no -->", "yes" },
        { "<td>a</td><td>b</td><li>c<li>d<br>e", "a b c d e" },
        { "<p>a</p", "a" },
        { "a < b", "a < b" },
        { "&foo; &#0; a", "&foo; a" },
        { "", "" },
        /* The charset of the field counts: the text is converted by then. */
        { "<meta http-equiv=Content-Type "
          "content=\"text/html; charset=iso-8859-1\"><p>\xc3\xbc",
          "\xc3\xbc" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_preview("Content-Type: text/html; charset=utf-8", cases[i][0],
                       cases[i][1]);
}

static void text_is_folded_and_quotations_left_out(void **state)
{
    static const char *const cases[][2] = {
        { "one\r\n\r\n  two\tthree\r\n", "one two three" },
        { "> asked\r\n>> before\r\nanswered\r\n", "answered" },
        { "> asked\r\n", "" },
        { "a\xe2\x80\x8b\xc2\xa0 b", "a b" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_preview("Subject: s", cases[i][0], cases[i][1]);
}

static void previews_end_between_characters(void **state)
{
    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        struct smail__buf raw;
        struct smail__index index;

        smail__buf_init(&raw, 1 << 20, NULL);
        smail__buf_puts(&raw, "Subject: s\r\n\r\n");
        for (size_t i = 0; i < shift; i++)
            smail__buf_putc(&raw, 'x');
        for (size_t i = 0; i < 200; i++)
            smail__buf_puts(&raw, "\xf0\x9f\x93\xa7");
        assert_int_equal(smail__index_make(&index, smail__buf_span(&raw), NULL),
                         0);
        assert_true(index.preview.len <= SMAIL__PREVIEW_MAX);
        assert_true(index.preview.len > SMAIL__PREVIEW_MAX - 4);
        assert_true(smail__utf8_valid(smail__span_of(&index.preview)));
        smail__index_dispose(&index);
        smail__buf_dispose(&raw);
    }
}

static void an_index_holds_what_is_searched(void **state)
{
    struct smail__index index;

    (void)state;
    assert_int_equal(
        smail__index_make(
            &index,
            SMAIL__SPAN("Subject: =?utf-8?Q?caf=C3=A9?=\r\n"
                        "From: Bob <bob@x>\r\nTo: Al <al@y>\r\n"
                        "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
                        "--b\r\n\r\n> quoted\r\nwords\r\n"
                        "--b\r\nContent-Type: application/pdf\r\n\r\nP\r\n"
                        "--b--\r\n"),
            NULL),
        0);
    assert_span(smail__span_of(&index.subject), "cafe\n");
    assert_non_null(strstr(index.sender.data, "bob@x"));
    assert_non_null(strstr(index.recipients.data, "al"));
    assert_non_null(strstr(index.body.data, "> quoted\nwords"));
    assert_span(smail__span_of(&index.preview), "words");
    assert_true(index.has_attachment);
    smail__index_dispose(&index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html_shows_what_a_reader_sees),
        cmocka_unit_test(text_is_folded_and_quotations_left_out),
        cmocka_unit_test(previews_end_between_characters),
        cmocka_unit_test(an_index_holds_what_is_searched),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
