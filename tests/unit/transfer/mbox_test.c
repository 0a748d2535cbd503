/* SPDX-License-Identifier: MIT */
/* Messages come out of an mbox as they went in, whatever the dialect. */
#include "transfer/mbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "transfer/export.h"
#include "transfer/from_line.h"
#include "transfer/name.h"
#include "transfer/status.h"

#define FROM "From a@b Mon Nov 23 10:00:00 2020\n"

struct text {
    smail_span rest;
    size_t step;
};

static int64_t read_text(char *out, size_t len, void *user, smail_error *err)
{
    struct text *text = user;

    (void)err;
    if (len > text->step)
        len = text->step;
    if (len > text->rest.len)
        len = text->rest.len;
    if (len > 0)
        memcpy(out, text->rest.data, len);
    text->rest = smail__span_from(text->rest, len);
    return (int64_t)len;
}

/* All messages, a '|' behind each. */
static void read_all(struct smail__buf *out, smail_span mbox_text, size_t step,
                     enum smail__dialect dialect)
{
    struct text text = { mbox_text, step };
    struct smail__input input;
    struct smail__mbox mbox;
    struct smail__buf piece;

    smail__buf_init(out, (size_t)1 << 24, NULL);
    smail__buf_init(&piece, 4 * SMAIL__INPUT_PIECE, NULL);
    assert_int_equal(smail__input_open(&input, -1, read_text, &text, NULL), 0);
    smail__mbox_init(&mbox, &input, dialect);
    while (smail__mbox_next(&mbox, NULL) > 0) {
        while (smail__mbox_read(&piece, &mbox, NULL) > 0) {
            smail__buf_append(out, smail__buf_span(&piece));
            smail__buf_clear(&piece);
        }
        smail__buf_putc(out, '|');
    }
    smail__mbox_dispose(&mbox);
    smail__buf_dispose(&piece);
    smail__input_close(&input);
}

struct example {
    enum smail__dialect dialect;
    const char *mbox, *messages;
};

static const struct example examples[] = {
    { SMAIL__DIALECT_AUTO, "", "" },
    { SMAIL__DIALECT_AUTO, FROM "a: b\n\nc\n\n" FROM "d: e\n\nf\n",
      "a: b\r\n\r\nc\r\n|d: e\r\n\r\nf\r\n|" },
    { SMAIL__DIALECT_AUTO, FROM "a: b\r\n\r\nc\nd\r\n\r\n" FROM "\n",
      "a: b\r\n\r\nc\nd\r\n||" },
    { SMAIL__DIALECT_AUTO, FROM "\n>From x\n>>From y\n> From z\n",
      "\r\nFrom x\r\n>From y\r\n> From z\r\n|" },
    { SMAIL__DIALECT_O, FROM "\n>From x\n>>From y\n",
      "\r\nFrom x\r\n>>From y\r\n|" },
    /* A length that is right: what it covers is no separator ... */
    { SMAIL__DIALECT_AUTO,
      FROM "Content-Length: 36\n\n" FROM "x\n\n" FROM "y: z\n\n",
      "Content-Length: 36\r\n\r\nFrom a@b Mon Nov 23 10:00:00 2020\r\nx\r\n|"
      "y: z\r\n|" },
    /* ... one that is one too small, or one too large, is not believed. */
    { SMAIL__DIALECT_CL,
      FROM "Content-Length: 4\n\n>From x\n\n" FROM "y: z\n\n",
      "Content-Length: 4\r\n\r\nFrom x\r\n|y: z\r\n|" },
    { SMAIL__DIALECT_CL,
      FROM "Content-Length: 11\n\n>From x\n\n" FROM "y: z\n\n",
      "Content-Length: 11\r\n\r\nFrom x\r\n|y: z\r\n|" },
    { SMAIL__DIALECT_CL, FROM "Content-Length: 8\n\n>From x\n\n" FROM "\n",
      "Content-Length: 8\r\n\r\nFrom x\r\n||" },
    { SMAIL__DIALECT_CL2, FROM "Content-Length: 8\n\n>From x\n\n" FROM "\n",
      "Content-Length: 8\r\n\r\n>From x\r\n||" },
    { SMAIL__DIALECT_RD,
      FROM "Content-Length: 36\n\n" FROM "x\n\n" FROM "y: z\n\n",
      "Content-Length: 36\r\n|x\r\n|y: z\r\n|" },
    { SMAIL__DIALECT_AUTO, FROM "Content-Length: 99999999999999999999\n\nx\n",
      "Content-Length: 99999999999999999999\r\n\r\nx\r\n|" },
    /* Without an empty line: only with a date and a header behind. */
    { SMAIL__DIALECT_AUTO, FROM "\nx\n" FROM "a: b\n\ny\n",
      "\r\nx\r\n|a: b\r\n\r\ny\r\n|" },
    { SMAIL__DIALECT_AUTO, FROM "\nx\n" FROM "no field\n",
      "\r\nx\r\nFrom a@b Mon Nov 23 10:00:00 2020\r\nno field\r\n|" },
    { SMAIL__DIALECT_AUTO, FROM "\n\nFrom the text\n\nFrom that too\n",
      "\r\n\r\nFrom the text\r\n\r\nFrom that too\r\n|" },
    { SMAIL__DIALECT_AUTO, "a: b\n\nFrom x\n\n",
      "a: b\r\n\r\nFrom x\r\n\r\n|" },
    { SMAIL__DIALECT_ONE, FROM "\nx", FROM "\r\nx|" },
    /* From an export: as it was, and nothing of what stands before it. */
    { SMAIL__DIALECT_O,
      FROM "X-Smtpmail-Export: 1 block=12 stored=15 received=1\nStatus: RO\n\n"
           "a: b\n\n>>From x\n\n" FROM "\n",
      "a: b\n\n>From x\n||" },
    { SMAIL__DIALECT_AUTO,
      FROM "X-Smtpmail-Export: 1 block=0 stored=1 received=1\nx\n\n" FROM "\n",
      "x||" },
    { SMAIL__DIALECT_AUTO,
      FROM "X-Smtpmail-Export: 1 block=0 stored=0 received=1\n\n\n" FROM "\n",
      "||" },
    /* One that lies is a field like others. */
    { SMAIL__DIALECT_AUTO,
      FROM "X-Smtpmail-Export: 1 block=0 stored=9 received=1\nx\n\n" FROM "\n",
      "X-Smtpmail-Export: 1 block=0 stored=9 received=1\r\nx\r\n||" },
};

static void messages_come_out_as_they_are(void **state)
{
    static const size_t steps[] = { 1, 2, 7, 4096 };

    (void)state;
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        for (size_t j = 0; j < sizeof(steps) / sizeof(steps[0]); j++) {
            char wanted[512];
            struct smail__buf out;
            const char *text = examples[i].messages;
            bool has_lf_from = strncmp(text, FROM, strlen(FROM)) == 0;

            /* FROM in a converted message ends in CR LF. */
            smail__format(wanted, sizeof(wanted), "%s%s",
                          has_lf_from ? "From a@b Mon Nov 23 10:00:00 2020\r\n"
                                      : "",
                          has_lf_from ? text + strlen(FROM) : text);
            read_all(&out, smail__span(examples[i].mbox), steps[j],
                     examples[i].dialect);
            if (strcmp(out.data != NULL ? out.data : "", wanted) != 0)
                print_error("example %zu, step %zu: %s\n", i, steps[j],
                            examples[i].mbox);
            assert_string_equal(out.data != NULL ? out.data : "", wanted);
            smail__buf_dispose(&out);
        }
    }
}

/* A line may begin with more '>' than is held at once. */
static void what_was_quoted_is_read_again(void **state)
{
    static const size_t marks[] = { 0,     1,     65530, 65531, 65535,
                                    65536, 65537, 65538, 131072 };

    (void)state;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        struct smail__quoter quoter = { .inside = false };
        struct smail__buf message, mbox, out;

        smail__buf_init(&message, (size_t)1 << 20, NULL);
        smail__buf_init(&mbox, (size_t)1 << 20, NULL);
        smail__buf_puts(&message, "a: b\r\n\r\n");
        for (size_t j = 0; j < marks[i]; j++)
            smail__buf_putc(&message, '>');
        smail__buf_puts(&message, "From x\r\nFro\r\n");
        smail__buf_puts(&mbox, FROM);
        for (size_t j = 0; j < message.len; j++)
            smail__quote(&mbox, &quoter, (smail_span){ message.data + j, 1 });
        smail__quote_end(&mbox, &quoter);
        assert_int_equal(quoter.added, 1);
        read_all(&out, smail__buf_span(&mbox), 70000, SMAIL__DIALECT_AUTO);
        smail__buf_putc(&message, '|');
        assert_int_equal(out.len, message.len);
        assert_memory_equal(out.data, message.data, message.len);
        smail__buf_dispose(&message);
        smail__buf_dispose(&mbox);
        smail__buf_dispose(&out);
    }
}

static void separators_say_when(void **state)
{
    static const struct {
        const char *line;
        int64_t time;
    } lines[] = {
        { "From a@b Mon Nov 23 10:00:00 2020\n", 1606125600 },
        { "From - Mon Nov 23 10:00:00 2020", 1606125600 },
        { "From a b c Mon Nov  2 10:00 2020\r\n", 1604311200 },
        { "From 17@xxx Mon Nov 23 10:00:00 +0100 2020\n", 1606122000 },
        { "From a Mon Nov 23 10:00:00 2020 -0130\n", 1606131000 },
        { "From the text\n", 0 },
        { "From a Mon Nov 32 10:00:00 2020\n", 0 },
        { "From a Mon Nov 23 24:00:00 2020\n", 0 },
        { "From a Mon Nov 23 10:00:00 1969\n", 0 },
        { "From a Mon Nov 23 10:00:00 10000\n", 0 },
    };
    char line[SMAIL__FROM_LINE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        assert_int_equal(smail__from_line_time(smail__span(lines[i].line)),
                         lines[i].time);
    smail__from_line_format(line, 1606125600);
    assert_int_equal(smail__from_line_time(smail__span(line)), 1606125600);
}

static void names_go_both_ways(void **state)
{
    static const struct {
        const char *name, *utf7, *file;
    } names[] = {
        { "Work", "Work", "Work" },
        { "Entw\xc3\xbcrfe & Co", "Entw&APw-rfe &- Co",
          "Entw\xc3\xbcrfe & Co" },
        { "\xf0\x9d\x84\x9e", "&2DTdHg-", "\xf0\x9d\x84\x9e" },
        { "a.b", "a&AC4-b", "a.b" },
        { "..", "&AC4ALg-", "%2E%2E" },
        { "cur", "cur", "%63ur" },
        { "50%:?", "50%:?", "50%25%3A%3F" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct smail__buf out;

        smail__buf_init(&out, 1024, NULL);
        smail__utf7_encode(&out, smail__span(names[i].name), "./");
        assert_string_equal(out.data, names[i].utf7);
        smail__buf_clear(&out);
        assert_true(smail__utf7_decode(&out, smail__span(names[i].utf7)));
        assert_string_equal(out.data, names[i].name);
        smail__buf_clear(&out);
        smail__name_to_file(&out, smail__span(names[i].name));
        assert_string_equal(out.data, names[i].file);
        smail__buf_dispose(&out);
    }
}

static void bad_utf7_is_no_utf7(void **state)
{
    static const char *const bad[] = { "&",     "a&AP",     "&A-",   "&2DQ-",
                                       "&3B4-", "\xc3\xbc", "&AP!-", "a\tb" };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct smail__buf out;

        smail__buf_init(&out, 1024, NULL);
        assert_false(smail__utf7_decode(&out, smail__span(bad[i])));
        smail__buf_dispose(&out);
    }
}

static void headers_say_what_was_done(void **state)
{
    static const struct {
        const char *header, *keywords;
        bool is_kept;
    } headers[] = {
        { "Status: RO\nX-Status: AFT\n\n", "$seen $answered $flagged $draft",
          true },
        { "X-Keywords: a NonJunk b(c A\n\n", "a $notjunk", true },
        { "X-Mozilla-Status: 1003\nX-Mozilla-Keys: $label1  work\n\n",
          "$seen $answered $forwarded $label1 work", true },
        { "X-Mozilla-Status: 0009\n\n", "$seen", false },
        { "X-Gmail-Labels: Inbox,Unread,Starred\n\n", "$flagged", true },
        { "X-Gmail-Labels: =?UTF-8?Q?Wichtig,Important?=\n\n",
          "$important $seen", true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        struct smail__buf out;

        smail__buf_init(&out, SMAIL__STATUS_MAX, NULL);
        assert_int_equal(
            smail__status_read(&out, smail__span(headers[i].header)),
            headers[i].is_kept);
        assert_string_equal(out.data, headers[i].keywords);
        smail__buf_dispose(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_come_out_as_they_are),
        cmocka_unit_test(what_was_quoted_is_read_again),
        cmocka_unit_test(separators_say_when),
        cmocka_unit_test(names_go_both_ways),
        cmocka_unit_test(bad_utf7_is_no_utf7),
        cmocka_unit_test(headers_say_what_was_done),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
