/* SPDX-License-Identifier: MIT */
/* Reading replies, good, odd and endless. */
#include "smtp/client_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

struct expected {
    enum smail__client_reply_result result;
    int code;
    const char *status;
    const char *text;
};

#define READY SMAIL__CLIENT_REPLY_READY
#define NONSENSE SMAIL__CLIENT_REPLY_NONSENSE
#define ENDLESS SMAIL__CLIENT_REPLY_ENDLESS

static const struct smail__client_reply_limits four = { 4, 65536 };
static const struct smail__client_reply_limits many = { 100, 1000000 };

static const struct {
    const char *bytes;
    struct expected expected;
} cases[] = {
    { "220 mx.example ESMTP\r\n", { READY, 220, "", "mx.example ESMTP" } },
    { "250\r\n", { READY, 250, "", "" } },
    { "250 \r\n", { READY, 250, "", "" } },
    { "250 2.1.5 OK\r\n", { READY, 250, "2.1.5", "OK" } },
    { "250 2.1.5\r\n", { READY, 250, "2.1.5", "" } },
    { "550-5.1.1 No\r\n550 5.1.1 such user\r\n",
      { READY, 550, "5.1.1", "No\nsuch user" } },
    { "550-5.1.1 No\r\n550 such user\r\n",
      { READY, 550, "5.1.1", "No\nsuch user" } },
    { "550 4.1.1 wrong class\r\n", { READY, 550, "", "4.1.1 wrong class" } },
    { "250 2.1 short\r\n", { READY, 250, "", "2.1 short" } },
    { "250 2.1.5. x\r\n", { READY, 250, "", "2.1.5. x" } },
    { "250-\r\n250-\r\n250 x\r\n", { READY, 250, "", "\n\nx" } },
    { "550-Refused\r\n550 5.7.1 by policy\r\n",
      { READY, 550, "5.7.1", "Refused\nby policy" } },
    { "550-5.1.1 a\r\n550 5.7.1 b\r\n", { READY, 550, "5.1.1", "a\nb" } },
    { "250-one\r\n251 two\r\n", { READY, 251, "", "one\ntwo" } },
    { "550-one\r\n554 5.7.1 two\r\n", { READY, 554, "5.7.1", "one\ntwo" } },
    { "550 5.999.999 x\r\n", { READY, 550, "5.999.999", "x" } },
    { "550 5.1000.1 x\r\n", { READY, 550, "", "5.1000.1 x" } },
    { "550 5.1.1000 x\r\n", { READY, 550, "", "5.1.1000 x" } },
    { "550 5..1 x\r\n", { READY, 550, "", "5..1 x" } },
    { "550 5.1.1: x\r\n", { READY, 550, "", "5.1.1: x" } },
    { "550 5.1.\r\n", { READY, 550, "", "5.1." } },
    { "550 5.1.1 \r\n", { READY, 550, "5.1.1", "" } },
    { "550 \x1b[2J\tb\x7f\xff\r\n", { READY, 550, "", "?[2J b??" } },
    { "550 gr\xc3\xbc\xc3\x9f\r\n", { READY, 550, "", "gr\xc3\xbc\xc3\x9f" } },
    { "550 \xe2\x80\xae\xc2\x85\xef\xbb\xbf\r\n", { READY, 550, "", "???" } },
    { "250-one\r\n551 two\r\n", { NONSENSE, 0, "", "551 two" } },
    { "hello\r\n", { NONSENSE, 0, "", "hello" } },
    { "\r\n", { NONSENSE, 0, "", "" } },
    { "25\r\n", { NONSENSE, 0, "", "25" } },
    { "2500 x\r\n", { NONSENSE, 0, "", "2500 x" } },
    { "250x\r\n", { NONSENSE, 0, "", "250x" } },
    { "199 x\r\n", { NONSENSE, 0, "", "199 x" } },
    { "600 x\r\n", { NONSENSE, 0, "", "600 x" } },
    { "-50 x\r\n", { NONSENSE, 0, "", "-50 x" } },
    { "250 x\n", { NONSENSE, 0, "", "250 x" } },
    { "250 x\ry\r\n", { NONSENSE, 0, "", "250 x?y" } },
    { "\x16\x03\x01\n", { NONSENSE, 0, "", "???" } },
};

static void check(smail_span all, size_t step, const struct expected *expected)
{
    struct smail__client_reply reply;
    enum smail__client_reply_result result = SMAIL__CLIENT_REPLY_MORE;
    smail_smtp_reply got = { .code = 0 };

    smail__client_reply_init(&reply, NULL);
    while (all.len > 0 && result == SMAIL__CLIENT_REPLY_MORE) {
        smail_span input = smail__span_slice(all, 0, step);

        all = smail__span_from(all, step);
        result = smail__client_reply_next(&got, &reply, &four, &input);
    }
    assert_int_equal(result, expected->result);
    assert_int_equal(got.code, expected->code);
    assert_true(smail__span_is(got.status, expected->status));
    assert_true(smail__span_is(got.text, expected->text));
    smail__client_reply_dispose(&reply);
}

static void replies_are_read_in_any_chunks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t step = 1; step < 30; step++)
            check(smail__span(cases[i].bytes), step, &cases[i].expected);
}

static void lines_have_a_number(void **state)
{
    const struct expected fine = { READY, 250, "", "a\nb\nc\nd" };
    const struct expected over = { ENDLESS, 0, "", "" };

    (void)state;
    check(SMAIL__SPAN("250-a\r\n250-b\r\n250-c\r\n250 d\r\n"), 100, &fine);
    check(SMAIL__SPAN("250-a\r\n250-b\r\n250-c\r\n250-d\r\n250 e\r\n"), 100,
          &over);
}

static void nul_is_nonsense(void **state)
{
    const struct expected expected = { NONSENSE, 0, "", "250 a?b" };

    (void)state;
    check(SMAIL__SPAN("250 a\0b\r\n"), 100, &expected);
}

/* A line of `len` octets, CRLF included. */
static enum smail__client_reply_result read_long(
    smail_smtp_reply *got, struct smail__client_reply *reply, size_t len,
    const struct smail__client_reply_limits *limits)
{
    static char wire[200000];
    smail_span input = { wire, len };

    assert_true(len <= sizeof(wire));
    memset(wire, 'x', len);
    memcpy(wire, "250 ", 4);
    memcpy(wire + len - 2, "\r\n", 2);
    return smail__client_reply_next(got, reply, limits, &input);
}

static void a_long_line_is_cut(void **state)
{
    struct smail__client_reply reply;
    smail_smtp_reply got;
    smail_span input = SMAIL__SPAN("250 next\r\n");

    (void)state;
    smail__client_reply_init(&reply, NULL);
    for (size_t len = 12287; len < 12290; len++) {
        assert_int_equal(read_long(&got, &reply, len, &many), READY);
        assert_int_equal(got.text.len, len - 6);
    }
    for (size_t len = 12290; len < 12293; len++) {
        assert_int_equal(read_long(&got, &reply, len, &many), READY);
        assert_int_equal(got.text.len, 12288 - 4);
    }
    assert_int_equal(read_long(&got, &reply, 200000, &many), READY);
    assert_int_equal(got.text.len, 12288 - 4);
    assert_int_equal(smail__client_reply_next(&got, &reply, &many, &input),
                     READY);
    assert_true(smail__span_is(got.text, "next"));
    smail__client_reply_dispose(&reply);
}

static void octets_have_a_number(void **state)
{
    struct smail__client_reply reply;
    smail_smtp_reply got;
    smail_span input;

    (void)state;
    smail__client_reply_init(&reply, NULL);
    assert_int_equal(read_long(&got, &reply, 65535, &four), READY);
    assert_int_equal(read_long(&got, &reply, 65536, &four), READY);
    assert_int_equal(read_long(&got, &reply, 65537, &four), ENDLESS);
    assert_int_equal(got.code, 0);
    assert_int_equal(got.text.len, 256);
    for (size_t i = 0; i < 65536; i++) { /* a line that never ends */
        input = SMAIL__SPAN("2");
        assert_int_equal(smail__client_reply_next(&got, &reply, &four, &input),
                         SMAIL__CLIENT_REPLY_MORE);
    }
    input = SMAIL__SPAN("2");
    assert_int_equal(smail__client_reply_next(&got, &reply, &four, &input),
                     ENDLESS);
    assert_true(reply.line.room < 40000);
    smail__client_reply_dispose(&reply);
}

static void text_has_a_limit(void **state)
{
    static char line[4000];
    struct smail__client_reply reply;
    smail_smtp_reply got;
    smail_span input;

    (void)state;
    memset(line, 'x', sizeof(line));
    memcpy(line + sizeof(line) - 2, "\r\n", 2);
    smail__client_reply_init(&reply, NULL);
    for (int i = 0; i < 20; i++) {
        memcpy(line, i < 19 ? "250-" : "250 ", 4);
        input = (smail_span){ line, sizeof(line) };
        assert_int_equal(smail__client_reply_next(&got, &reply, &many, &input),
                         i < 19 ? SMAIL__CLIENT_REPLY_MORE : READY);
    }
    assert_int_equal(got.text.len, 16384);
    smail__client_reply_dispose(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_are_read_in_any_chunks),
        cmocka_unit_test(lines_have_a_number),
        cmocka_unit_test(nul_is_nonsense),
        cmocka_unit_test(a_long_line_is_cut),
        cmocka_unit_test(octets_have_a_number),
        cmocka_unit_test(text_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
