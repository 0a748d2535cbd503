/* SPDX-License-Identifier: MIT */
/* Bodies in chunks: those that are well formed, in pieces of every size, and
 * all ways to be malformed that come to mind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/span.h"
#include "http/chunk.h"

#define MAX 1000

/* Feed it `step` octets at a time; the status, the body, what is left. */
static int run(struct smail__buf *body, size_t *left, smail_span text,
               size_t step, size_t most)
{
    struct smail__http_chunks chunks;
    int status = 0;

    smail__buf_clear(body);
    smail__http_chunks_begin(&chunks, MAX);
    while (status == 0 && text.len > 0 && !chunks.is_done) {
        smail_span input = smail__span_slice(text, 0, step), piece;
        size_t had = input.len;

        while (status == 0 && input.len > 0 && !chunks.is_done) {
            status = smail__http_chunks_read(&piece, &chunks, &input, most);
            assert_true(piece.len <= most);
            smail__buf_append(body, piece);
        }
        text = smail__span_from(text, had - input.len);
    }
    *left = text.len;
    return status != 0 ? status : chunks.is_done ? 200 : 0;
}

static void check(const char *text, size_t len, int status, const char *body,
                  size_t left)
{
    struct smail__buf found;

    smail__buf_init(&found, 65536, NULL);
    for (size_t step = 1; step <= len; step = step < 8 ? step + 1 : len + 1) {
        for (size_t most = 1; most < 100; most += 49) {
            size_t rest;
            int code =
                run(&found, &rest, (smail_span){ text, len }, step, most);

            if (code != status)
                fail_msg("%d and not %d for %.*s", code, status, (int)len,
                         text);
            if (status == 200) {
                assert_string_equal(found.len > 0 ? found.data : "", body);
                assert_int_equal(rest, left);
            }
        }
    }
    smail__buf_dispose(&found);
}

static void good_bodies_are_read(void **state)
{
    static const struct {
        const char *text, *body;
        size_t left;
    } good[] = {
        { "0\r\n\r\n", "", 0 },
        { "3\r\nabc\r\n0\r\n\r\n", "abc", 0 },
        { "3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "abc", 16 },
        { "a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n",
          "01234567890123456789", 0 },
        { "000000000000003\r\nabc\r\n0\r\n\r\n", "abc", 0 },
        { "3;name=value\r\nabc\r\n0;x\r\n\r\n", "abc", 0 },
        { "3 ; a=\"b;c\" ; d\r\nabc\r\n0\r\n\r\n", "abc", 0 },
        { "2\r\n\r\n\r\n0\r\n\r\n", "\r\n", 0 },
        { "3\r\nabc\r\n0\r\nA: b\r\nContent-Length:7\r\n\r\nx", "abc", 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
        check(good[i].text, strlen(good[i].text), 200, good[i].body,
              good[i].left);
}

static void unfinished_bodies_wait(void **state)
{
    static const char whole[] = "3;a\r\nabc\r\n0\r\nA: b\r\n\r\n";

    (void)state;
    for (size_t len = 1; len < sizeof(whole) - 1; len++)
        check(whole, len, 0, NULL, 0);
}

static void bad_bodies_are_refused(void **state)
{
    static const char *const bad[] = {
        "\r\n",
        "\r\n3\r\nabc\r\n0\r\n\r\n",
        " 3\r\nabc\r\n0\r\n\r\n",
        "+3\r\nabc\r\n0\r\n\r\n",
        "-3\r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "3h\r\nabc\r\n0\r\n\r\n",
        "g\r\n",
        "3 3\r\nabc\r\n0\r\n\r\n",
        "3 \r\nabc\r\n0\r\n\r\n",
        "3\t\r\nabc\r\n0\r\n\r\n",
        "3,a\r\nabc\r\n0\r\n\r\n",
        "3;\r\nabc\r\n0\r\n\r\n",
        "3;=\r\nabc\r\n0\r\n\r\n",
        "3;a\nabc\r\n0\r\n\r\n",
        "3;a\x01\r\nabc\r\n0\r\n\r\n",
        "3;a=\"\r\n\"\r\nabc\r\n0\r\n\r\n3",
        "3\nabc\r\n0\r\n\r\n",
        "3\rabc\r\n0\r\n\r\n",
        "3\r\r\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nabc0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n",
        "3\r\nabc\r0\r\n\r\n",
        "3\r\nabc\r\n\r\n0\r\n\r\n",
        "3\r\nabc\r\n0\r\nA\r\n\r\n",
        "3\r\nabc\r\n0\r\nA : b\r\n\r\n",
        "3\r\nabc\r\n0\r\n: b\r\n\r\n",
        "3\r\nabc\r\n0\r\nA: b\r\n c\r\n\r\n",
        "3\r\nabc\r\n0\r\nA: b\n\r\n",
        "3\r\nabc\r\n0\r\nA: b\x7f\r\n\r\n",
        "3\r\nabc\r\n0\r\n\rX",
        "3\r\nabc\r\n0\r\n\n",
        "0000000000000003\r\nabc\r\n0\r\n\r\n",
        "10000000000000000\r\n",
        "ffffffffffffffffffff\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        check(bad[i], strlen(bad[i]), 400, NULL, 0);
    check("3\0\r\nabc\r\n0\r\n\r\n", 15, 400, NULL, 0);
    check("3\r\nabc\r\n0\r\nA: \0\r\n\r\n", 19, 400, NULL, 0);
}

static void bodies_have_a_maximum(void **state)
{
    struct smail__buf text;

    (void)state;
    smail__buf_init(&text, 65536, NULL);
    for (size_t size = MAX - 1; size <= MAX + 1; size++) {
        smail__buf_clear(&text);
        smail__buf_printf(&text, "%x\r\n", (unsigned)(size - 10));
        for (size_t i = 0; i < size - 10; i++)
            smail__buf_putc(&text, 'x');
        smail__buf_puts(&text, "\r\na\r\n0123456789\r\n0\r\n\r\n");
        if (size > MAX) {
            check(text.data, text.len, 413, NULL, 0);
        } else {
            struct smail__buf body;
            size_t left;

            smail__buf_init(&body, 65536, NULL);
            assert_int_equal(run(&body, &left, smail__buf_span(&text), 7, 64),
                             200);
            assert_int_equal(body.len, size);
            smail__buf_dispose(&body);
        }
    }
    check("ffffffffffffff\r\n", 16, 413, NULL, 0);
    smail__buf_dispose(&text);
}

/* `count` octets of extension, of trailer. */
static int padded(const char *before, size_t count, const char *after)
{
    struct smail__buf text, body;
    size_t left;
    int status;

    smail__buf_init(&text, 65536, NULL);
    smail__buf_init(&body, 65536, NULL);
    smail__buf_puts(&text, before);
    for (size_t i = 0; i < count; i++)
        smail__buf_putc(&text, 'x');
    smail__buf_puts(&text, after);
    status = run(&body, &left, smail__buf_span(&text), 4096, 4096);
    smail__buf_dispose(&text);
    smail__buf_dispose(&body);
    return status;
}

static void what_is_passed_over_has_a_maximum(void **state)
{
    /* ";" and CR, and in trailers "A:", CRLF and CRLF, are counted too. */
    const size_t extension = SMAIL__HTTP_EXTENSIONS_MAX - 2;
    const size_t trailer = SMAIL__HTTP_TRAILERS_MAX - 6;

    (void)state;
    assert_int_equal(padded("0;", extension - 1, "\r\n\r\n"), 200);
    assert_int_equal(padded("0;", extension, "\r\n\r\n"), 200);
    assert_int_equal(padded("0;", extension + 1, "\r\n\r\n"), 400);
    assert_int_equal(padded("0\r\nA:", trailer - 1, "\r\n\r\n"), 200);
    assert_int_equal(padded("0\r\nA:", trailer, "\r\n\r\n"), 200);
    assert_int_equal(padded("0\r\nA:", trailer + 1, "\r\n\r\n"), 431);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_bodies_are_read),
        cmocka_unit_test(unfinished_bodies_wait),
        cmocka_unit_test(bad_bodies_are_refused),
        cmocka_unit_test(bodies_have_a_maximum),
        cmocka_unit_test(what_is_passed_over_has_a_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
