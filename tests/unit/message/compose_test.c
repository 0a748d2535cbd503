/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdlib.h>

#include <smtpmail/message.h>

#include "base/span.h"
#include "message/compose.h"

static struct smail__buf begin(void)
{
    struct smail__buf out;

    smail__buf_init(&out, (size_t)1024 * 1024, NULL);
    return out;
}

static void names_are_printable_without_colons(void **state)
{
    (void)state;
    assert_true(smail__compose_is_name(SMAIL__SPAN("X-Note")));
    assert_false(smail__compose_is_name(SMAIL__SPAN("")));
    assert_false(smail__compose_is_name(SMAIL__SPAN("X Note")));
    assert_false(smail__compose_is_name(SMAIL__SPAN("X:")));
    assert_false(smail__compose_is_name(SMAIL__SPAN("X\r\nY")));
    assert_false(smail__compose_is_name(SMAIL__SPAN("X\xc3\xa4")));
}

static void text_stays_on_its_lines(void **state)
{
    struct smail__buf out = begin();

    (void)state;
    smail__compose_text(&out, "Subject", SMAIL__SPAN("a\r\nBcc: b\r\n\r\nc"));
    assert_span(smail__buf_span(&out), "Subject: =?utf-8?B?YSAgQmNjOiBiICAgIGM="
                                       "?=\r\n");
    smail__buf_clear(&out);
    smail__compose_text(&out, "Subject", SMAIL__SPAN("plain words"));
    assert_span(smail__buf_span(&out), "Subject: plain words\r\n");
    smail__buf_dispose(&out);
}

static void raw_values_are_folded_or_refused(void **state)
{
    static const char *const bad[] = { "a\nb",     "a\rb",         "a\r\nb",
                                       "a\r\n",    "a\r\n \r\n b", "a\r\n  ",
                                       "\xc3\xa4", "a\x01" };
    struct smail__buf out = begin();

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(smail__compose_raw(&out, "X", smail__span(bad[i])));
    assert_int_equal(out.len, 0);
    assert_true(smail__compose_raw(&out, "X", SMAIL__SPAN("a\r\n b")));
    assert_span(smail__buf_span(&out), "X: a\r\n b\r\n");
    smail__buf_dispose(&out);
}

static void mailboxes_are_quoted_encoded_and_folded(void **state)
{
    struct smail__buf out = begin();
    struct smail__compose_list list;

    (void)state;
    smail__compose_list_begin(&list, &out, "To");
    smail__compose_list_add(&list, SMAIL__SPAN(""), SMAIL__SPAN("a@x"));
    smail__compose_list_add(&list, SMAIL__SPAN("B, C"), SMAIL__SPAN("b@x"));
    smail__compose_list_add(&list, SMAIL__SPAN("J\xc3\xb6rg"),
                            SMAIL__SPAN("c@x>\r\nBcc: <d@x"));
    smail__compose_list_end(&list);
    assert_span(smail__buf_span(&out),
                "To: <a@x>, \"B, C\" <b@x>, =?utf-8?B?SsO2cmc=?= "
                "<c@x???Bcc:??d@x>\r\n");

    smail__buf_clear(&out);
    smail__compose_list_begin(&list, &out, "To");
    smail__compose_list_group(&list, SMAIL__SPAN("Team"));
    smail__compose_list_add(&list, SMAIL__SPAN(""), SMAIL__SPAN("a@x"));
    smail__compose_list_add(&list, SMAIL__SPAN(""), SMAIL__SPAN("b@x"));
    smail__compose_list_group_end(&list);
    smail__compose_list_add(&list, SMAIL__SPAN(""), SMAIL__SPAN("c@x"));
    smail__compose_list_end(&list);
    assert_span(smail__buf_span(&out), "To: Team: <a@x>, <b@x>;, <c@x>\r\n");

    smail__buf_clear(&out);
    smail__compose_list_begin(&list, &out, "To");
    for (int i = 0; i < 50; i++)
        smail__compose_list_add(&list, SMAIL__SPAN("Somebody With A Name"),
                                SMAIL__SPAN("somebody@example.test"));
    smail__compose_list_end(&list);
    for (smail_span left = smail__buf_span(&out); left.len > 0;)
        assert_true(smail__span_cut(&left, '\n').len <= 79);
    smail__buf_dispose(&out);
}

static void ids_dates_and_parameters(void **state)
{
    struct smail__buf out = begin();
    struct smail__compose_ids ids;

    (void)state;
    smail__compose_ids_begin(&ids, &out, "References");
    assert_true(smail__compose_ids_add(&ids, SMAIL__SPAN("a@b")));
    assert_false(smail__compose_ids_add(&ids, SMAIL__SPAN("a>\r\nX: b")));
    assert_false(smail__compose_ids_add(&ids, SMAIL__SPAN("")));
    assert_true(smail__compose_ids_add(&ids, SMAIL__SPAN("c@d")));
    smail__compose_ids_end(&ids);
    smail__compose_date(&out, "Date", 1795428000, -210);
    smail__compose_begin(&out, "Content-Type", SMAIL__SPAN("a/b"));
    smail__compose_parameter(&out, "name", SMAIL__SPAN("a \"b\".txt"));
    smail__compose_parameter(&out, "name", SMAIL__SPAN("\xc3\xa4\r\n"));
    assert_span(smail__buf_span(&out),
                "References: <a@b> <c@d>\r\n"
                "Date: Mon, 23 Nov 2026 06:30:00 -0330\r\n"
                "Content-Type: a/b;\r\n name=\"a \\\"b\\\".txt\";\r\n"
                " name*0*=utf-8''%C3%A4%20%20");
    smail__buf_dispose(&out);
}

/* --- Parts --------------------------------------------------------------- */

static int take(void *user, smail_span bytes, smail_error *err)
{
    (void)err;
    smail__buf_append(user, bytes);
    return smail__buf_error(user);
}

static int64_t give(void *out, void *source, uint64_t offset, size_t len,
                    smail_error *err)
{
    smail_span rest = smail__span_from(*(smail_span *)source, (size_t)offset);

    (void)err;
    if (len > rest.len)
        len = rest.len;
    if (len > 0)
        memcpy(out, rest.data, len);
    return (int64_t)len;
}

static void init(struct smail__compose_part *part,
                 enum smail__compose_kind kind, const char *header)
{
    memset(part, 0, sizeof(*part));
    part->kind = kind;
    smail__buf_init(&part->header, 10000, NULL);
    smail__buf_puts(&part->header, header);
}

/* The text comes back as it was, whatever way it went. */
static void expect_text_round(const char *text, const char *encoding)
{
    struct smail__compose_part part;
    struct smail__buf out = begin();
    smail_message *message;
    smail_buf back = SMAIL_BUF_INIT;

    init(&part, SMAIL__COMPOSE_TEXT,
         "Content-Type: text/plain; charset=utf-8\r\n");
    part.text = smail__span(text);
    assert_int_equal(smail__compose_write(&part, take, &out, NULL), 0);
    assert_int_equal(smail_message_parse(&message, smail__buf_span(&out), NULL),
                     0);
    assert_string_equal(smail_message_part(message, 0)->encoding, encoding);
    assert_int_equal(smail_message_text(&back, message, 0, NULL), 0);
    assert_string_equal(back.data != NULL ? back.data : "", text);
    for (smail_span left = smail__buf_span(&out); left.len > 0;) {
        smail_span line = smail__span_cut(&left, '\n');

        assert_true(line.len <= 999);
        for (size_t i = 0; i < line.len; i++)
            assert_true((unsigned char)line.data[i] < 0x80);
    }
    smail_buf_dispose(&back);
    smail_message_free(message);
    smail__buf_dispose(&part.header);
    smail__buf_dispose(&out);
}

static void texts_come_back(void **state)
{
    char longest[3000];

    (void)state;
    expect_text_round("", "7bit");
    expect_text_round("hello\nworld\n", "7bit");
    expect_text_round("h\xc3\xa4llo =\n.\n..\nFrom me \nend ",
                      "quoted-printable");
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    expect_text_round(longest, "quoted-printable");
    memset(longest, '=', sizeof(longest) - 1);
    expect_text_round(longest, "quoted-printable");
    for (size_t i = 0; i + 2 < sizeof(longest); i += 2)
        memcpy(longest + i, "\xc3\xa4", 2);
    longest[sizeof(longest) - 2] = 'x';
    expect_text_round(longest, "quoted-printable");
}

static void octets_and_messages_come_back(void **state)
{
    struct smail__compose_part all, text, file, inner;
    char octets[20000];
    smail_span bytes = { octets, sizeof(octets) };
    smail_span letter = SMAIL__SPAN("Subject: in\nX: y\n\nbody\n");
    struct smail__buf out = begin();
    smail_buf back = SMAIL_BUF_INIT;
    smail_message *message;
    static const char seed[16] = "0123456789abcde";

    (void)state;
    for (size_t i = 0; i < sizeof(octets); i++)
        octets[i] = (char)(i * 31);
    init(&all, SMAIL__COMPOSE_MULTIPART, "Content-Type: multipart/mixed");
    smail__compose_boundary(&all, (smail_span){ seed, sizeof(seed) });
    smail__compose_parameter(&all.header, "boundary",
                             smail__span(all.boundary));
    smail__buf_puts(&all.header, "\r\n");
    init(&text, SMAIL__COMPOSE_TEXT, "Content-Type: text/plain\r\n");
    text.text = SMAIL__SPAN("no line end");
    init(&file, SMAIL__COMPOSE_BASE64, "Content-Type: a/b\r\n");
    file.read = give;
    file.source = &bytes;
    init(&inner, SMAIL__COMPOSE_AS_IS, "Content-Type: message/rfc822\r\n");
    inner.read = give;
    inner.source = &letter;
    all.first = &text;
    text.next = &file;
    file.next = &inner;
    assert_int_equal(smail__compose_write(&all, take, &out, NULL), 0);
    assert_int_equal(smail_message_parse(&message, smail__buf_span(&out), NULL),
                     0);
    assert_int_equal(smail_message_defects(message), 0);
    assert_int_equal(smail_message_part_count(message), 4);
    assert_int_equal(smail_message_decode(&back, message, 1, NULL), 0);
    assert_string_equal(back.data, "no line end");
    smail_buf_dispose(&back);
    assert_int_equal(smail_message_decode(&back, message, 2, NULL), 0);
    assert_int_equal(back.len, sizeof(octets));
    assert_memory_equal(back.data, octets, sizeof(octets));
    smail_buf_dispose(&back);
    assert_int_equal(smail_message_decode(&back, message, 3, NULL), 0);
    assert_string_equal(back.data, "Subject: in\r\nX: y\r\n\r\nbody\r\n");
    smail_buf_dispose(&back);
    smail_message_free(message);
    smail__buf_dispose(&all.header);
    smail__buf_dispose(&text.header);
    smail__buf_dispose(&file.header);
    smail__buf_dispose(&inner.header);
    smail__buf_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_printable_without_colons),
        cmocka_unit_test(text_stays_on_its_lines),
        cmocka_unit_test(raw_values_are_folded_or_refused),
        cmocka_unit_test(mailboxes_are_quoted_encoded_and_folded),
        cmocka_unit_test(ids_dates_and_parameters),
        cmocka_unit_test(texts_come_back),
        cmocka_unit_test(octets_and_messages_come_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
