/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "http/head.h"

#define HOST "Host: a.test\r\n"

/* The status that find() and parse() come to, or 0; -1: not whole. */
static int status_of(struct smail__http_head *head, smail_span bytes)
{
    size_t len, scanned = 0;
    int status = smail__http_head_find(&len, &scanned, bytes);

    if (status != 0)
        return status;
    if (len == 0)
        return -1;
    return smail__http_head_parse(head, smail__span_slice(bytes, 0, len));
}

static const struct {
    const char *text;
    int status;
} heads[] = {
    { "GET / HTTP/1.1\r\n" HOST "\r\n", 0 },
    { "\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 0 },
    { "GET / HTTP/1.0\r\n" HOST "\r\n", 0 },
    { "GET /?a=b&c=%20d HTTP/1.1\r\n" HOST "\r\n", 0 },
    { "GET / HTTP/1.1\r\nHost:a.test:80\r\n\r\n", 0 },
    { "GET / HTTP/1.1\r\nHost: [::1]:80\t \r\n\r\n", 0 },
    { "GET / HTTP/1.1\r\n" HOST "X: \xc3\xa9\r\n\r\n", 0 },
    { "GET / HTTP/1.1\r\n" HOST "X:\r\n\r\n", 0 },
    { "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 0 },
    { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n", 0 },
    { "GET / HTTP/1.1\r\n" HOST, -1 },
    { "", -1 },

    /* The request line. */
    { "GET  / HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET / HTTP/1.1 \r\n" HOST "\r\n", 400 },
    { " GET / HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /\r\n" HOST "\r\n", 400 },
    { "GET / HTTP/1.1 HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "G(T / HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET / http/1.1\r\n" HOST "\r\n", 400 },
    { "GET / HTTP/1.01\r\n" HOST "\r\n", 400 },
    { "GET / HTTP/11\r\n" HOST "\r\n", 400 },
    { "GET / HTTP/2.0\r\n" HOST "\r\n", 505 },
    { "GET / HTTP/1.2\r\n" HOST "\r\n", 505 },
    { "PRI * HTTP/2.0\r\n\r\n", 505 },
    { "get / HTTP/1.1\r\n" HOST "\r\n", 501 },
    { "CONNECT / HTTP/1.1\r\n" HOST "\r\n", 501 },
    { "TRACE / HTTP/1.1\r\n" HOST "\r\n", 501 },
    { "GET http://a@a.test/ HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET http:///a HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET http://a.test?a HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET http://a.test/ HTTP/1.1\r\n\r\n", 400 },
    { "GET * HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET a HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /../x HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /%2e%2E HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /a/. HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /a%00 HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /a%0d%0aX HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /%5c HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /%zz HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /% HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /%2 HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /<x> HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /?%00 HTTP/1.1\r\n" HOST "\r\n", 400 },
    { "GET /?% HTTP/1.1\r\n" HOST "\r\n", 400 },

    /* Lines and fields. */
    { "GET / HTTP/1.1\n" HOST "\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a\n\r\n", 400 },
    { "GET / HTTP/1.1\rX\r\n" HOST "\r\n", 400 },
    { "GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\n" HOST "X : a\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\n" HOST "Content-Length : 3\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\n" HOST " folded: x\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\n" HOST "X\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\n" HOST "\x80: a\r\n\r\n", 400 },

    /* Host. */
    { "GET / HTTP/1.1\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400 },
    { "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400 },

    /* Framing. */
    { "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n"
      "Content-Length: 1\r\n\r\n",
      400 },
    { "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n"
      "content-length: 2\r\n\r\n",
      400 },
    { "POST / HTTP/1.1\r\n" HOST "Content-Length: 1, 1\r\n\r\n", 400 },
    { "POST / HTTP/1.1\r\n" HOST "Content-Length: +1\r\n\r\n", 400 },
    { "POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n", 400 },
    { "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\n", 400 },
    { "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400 },
    { "POST / HTTP/1.1\r\n" HOST "Content-Length: 1 1\r\n\r\n", 400 },
    { "POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n",
      400 },
    { "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551615\r\n\r\n",
      400 },
    { "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n"
      "Transfer-Encoding: chunked\r\n\r\n",
      400 },
    { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
      "Content-Length: 5\r\n\r\n",
      400 },
    { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n"
      "Content-Length: 5\r\n\r\n",
      400 },
    { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
      "Transfer-Encoding: chunked\r\n\r\n",
      400 },
    { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n\r\n", 501 },
    { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n", 501 },
    { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n",
      501 },
    { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, identity\r\n\r\n",
      501 },
    { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \x0b"
      "chunked\r\n\r\n",
      400 },
    { "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n", 400 },
    { "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 400 },
    { "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n"
      "Expect: 200-maybe\r\n\r\n",
      417 },
    { "GET / HTTP/1.1\r\n" HOST "Authorization: a\r\n"
      "Authorization: b\r\n\r\n",
      400 },
    { "GET / HTTP/1.1\r\n" HOST "Cookie: a=1\r\nCookie: a=2\r\n\r\n", 400 },
};

static void refuses_what_can_be_read_in_two_ways(void **state)
{
    struct smail__http_head head;

    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
        int status = status_of(&head, smail__span(heads[i].text));

        if (status != heads[i].status)
            fail_msg("%s: %d, not %d", heads[i].text, status, heads[i].status);
    }
}

static void finds_the_end_one_byte_at_a_time(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\n" HOST "\r\nGET /two";
    size_t whole = strlen("GET / HTTP/1.1\r\n" HOST "\r\n");
    size_t scanned = 0, len = 0;

    (void)state;
    for (size_t i = 0; i <= whole; i++) {
        assert_int_equal(
            smail__http_head_find(&len, &scanned, (smail_span){ text, i }), 0);
        assert_int_equal(len, i < whole ? 0 : whole);
    }
}

static void refuses_nul_anywhere(void **state)
{
    static const char text[] = "GET / HTTP/1.1\r\n" HOST "X: y\r\n\r\n";

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        struct smail__http_head head;
        char copy[sizeof(text)];

        memcpy(copy, text, sizeof(text));
        copy[i] = '\0';

        assert_int_equal(
            status_of(&head, (smail_span){ copy, sizeof(text) - 1 }), 400);
    }
}

static void reads_the_parts(void **state)
{
    struct smail__http_head head;

    (void)state;
    assert_int_equal(
        status_of(&head, SMAIL__SPAN("POST /a%20b/c?x=1&y HTTP/1.1\r\n" HOST
                                     "Content-Length: 12\r\n"
                                     "Expect: 100-Continue\r\n"
                                     "connection: te, Close\r\n\r\n")),
        0);

    assert_true(smail__span_is(head.method, "POST"));
    assert_true(smail__span_is(head.path, "/a%20b/c"));
    assert_true(smail__span_is(head.query, "x=1&y"));
    assert_true(smail__span_is(head.host, "a.test"));
    assert_true(head.has_length && !head.is_chunked);
    assert_int_equal(head.length, 12);
    assert_true(head.wants_continue);
    assert_false(head.keeps_alive);
    assert_int_equal(head.count, 4);
}

static void keeps_alive_as_the_version_says(void **state)
{
    struct smail__http_head head;

    (void)state;
    status_of(&head, SMAIL__SPAN("GET / HTTP/1.1\r\n" HOST "\r\n"));
    assert_true(head.keeps_alive);
    status_of(&head, SMAIL__SPAN("GET / HTTP/1.0\r\n" HOST "\r\n"));
    assert_false(head.keeps_alive);
    status_of(&head, SMAIL__SPAN("GET / HTTP/1.0\r\n" HOST
                                 "Connection: keep-alive\r\n\r\n"));
    assert_true(head.keeps_alive);
    status_of(&head,
              SMAIL__SPAN("GET / HTTP/1.1\r\n" HOST "Connection: keep-alive\r\n"
                          "Connection: close\r\n\r\n"));
    assert_false(head.keeps_alive);
}

static void has_limits(void **state)
{
    struct smail__http_head head;
    struct smail__buf text;

    (void)state;
    smail__buf_init(&text, 1 << 20, NULL);
    smail__buf_puts(&text, "GET /");
    for (int i = 0; i < SMAIL__HTTP_TARGET_MAX; i++)
        smail__buf_putc(&text, 'a');
    smail__buf_puts(&text, " HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(status_of(&head, smail__buf_span(&text)), 414);

    smail__buf_clear(&text);
    for (int i = 0; i < SMAIL__HTTP_HEAD_MAX; i++)
        smail__buf_putc(&text, 'a');
    assert_int_equal(status_of(&head, smail__buf_span(&text)), 414);

    smail__buf_clear(&text);
    smail__buf_puts(&text, "GET / HTTP/1.1\r\n" HOST);
    for (int i = 0; i < SMAIL__HTTP_FIELDS_MAX; i++)
        smail__buf_puts(&text, "a: b\r\n");
    smail__buf_puts(&text, "\r\n");
    assert_int_equal(status_of(&head, smail__buf_span(&text)), 431);

    smail__buf_clear(&text);
    smail__buf_puts(&text, "GET / HTTP/1.1\r\n" HOST "a: ");
    for (int i = 0; i < SMAIL__HTTP_HEAD_MAX; i++)
        smail__buf_putc(&text, 'a');
    assert_int_equal(status_of(&head, smail__buf_span(&text)), 431);
    smail__buf_dispose(&text);
}

static void reads_answers(void **state)
{
    struct smail__http_answer answer;

    (void)state;
    assert_int_equal(smail__http_answer_parse(
                         &answer, SMAIL__SPAN("HTTP/1.1 204 No Content\r\n"
                                              "Content-Length: 0\r\n"
                                              "X-Y: z\r\n\r\n")),
                     0);
    assert_int_equal(answer.status, 204);
    assert_true(answer.has_length);
    assert_int_equal(answer.count, 2);

    assert_int_not_equal(
        smail__http_answer_parse(&answer, SMAIL__SPAN("HTTP/1.1 20 x\r\n\r\n")),
        0);
    assert_int_not_equal(smail__http_answer_parse(
                             &answer, SMAIL__SPAN("HTTP/1.1 200 OK\r\n"
                                                  "Content-Length: 1\r\n"
                                                  "Content-Length: 2\r\n\r\n")),
                         0);
}

/* RFC 9112, 3.2.2. */
static void an_absolute_target_has_the_host(void **state)
{
    struct smail__http_head head;

    (void)state;
    assert_int_equal(
        smail__http_head_parse(
            &head,
            SMAIL__SPAN("GET HTTP://b.test:8/x?y HTTP/1.1\r\n" HOST "\r\n")),
        0);
    assert_true(smail__span_is(head.host, "b.test:8"));
    assert_true(smail__span_is(head.target, "/x?y"));
    assert_true(smail__span_is(head.path, "/x"));
    assert_int_equal(
        smail__http_head_parse(
            &head, SMAIL__SPAN("GET https://b.test HTTP/1.1\r\n" HOST "\r\n")),
        0);
    assert_true(smail__span_is(head.target, "/"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_absolute_target_has_the_host),
        cmocka_unit_test(refuses_what_can_be_read_in_two_ways),
        cmocka_unit_test(finds_the_end_one_byte_at_a_time),
        cmocka_unit_test(refuses_nul_anywhere),
        cmocka_unit_test(reads_the_parts),
        cmocka_unit_test(keeps_alive_as_the_version_says),
        cmocka_unit_test(has_limits),
        cmocka_unit_test(reads_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
