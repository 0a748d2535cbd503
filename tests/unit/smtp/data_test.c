/* SPDX-License-Identifier: MIT */
/*
 * Content on the wire: the fast scanner against a slow one that follows the
 * RFC word by word, over random bytes in random chunks.
 */
#include "smtp/data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/span.h"

#define WIRE_MAX 700

/* What a message on the wire comes to. */
struct outcome {
    char content[2 * WIRE_MAX];
    size_t len;
    bool bare;
    bool ended;
    size_t used; /* bytes of the wire, when it ended */
};

static bool at(const char *wire, size_t len, size_t i, const char *text)
{
    size_t n = strlen(text);

    return i + n <= len && memcmp(wire + i, text, n) == 0;
}

static void put(struct outcome *out, const char *text, size_t len)
{
    if (out->bare)
        return;
    memcpy(out->content + out->len, text, len);
    out->len += len;
}

/* RFC 5321, 4.5.2 and 2.3.8, with the whole wire in view. */
static void scan_slowly(struct outcome *out, const char *wire, size_t len,
                        bool normalize)
{
    bool line_start = true;

    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < len; i++) {
        if (line_start && at(wire, len, i, ".\r\n")) {
            out->ended = true;
            out->used = i + 3;
            return;
        }
        if (line_start && wire[i] == '.' && ++i == len)
            return;
        line_start = false;
        if (at(wire, len, i, "\r\n")) {
            put(out, "\r\n", 2);
            line_start = true;
            i++;
        } else if (wire[i] == '\0' ||
                   (!normalize && (wire[i] == '\r' || wire[i] == '\n'))) {
            if (i + 1 < len || wire[i] != '\r')
                out->bare = true;
        } else if (wire[i] == '\r' || wire[i] == '\n') {
            if (i + 1 < len || wire[i] == '\n')
                put(out, "\r\n", 2);
        } else {
            put(out, wire + i, 1);
        }
    }
}

static void scan(struct outcome *out, const char *wire, size_t len,
                 bool normalize, bool whole)
{
    smail_span all = { wire, len };
    struct smail__data data;

    memset(out, 0, sizeof(*out));
    smail__data_init(&data, normalize);
    while (all.len > 0 && !out->ended) {
        size_t step = whole ? len : 1 + (size_t)(rand() % 130);
        smail_span input = smail__span_slice(all, 0, step);
        size_t before = input.len;

        while (input.len > 0 && !out->ended) {
            smail_span chunk;
            enum smail__data_result result =
                smail__data_next(&chunk, &data, &input);

            if (result == SMAIL__DATA_CONTENT)
                put(out, chunk.data, chunk.len);
            out->ended = result == SMAIL__DATA_END;
        }
        all = smail__span_from(all, before - input.len);
    }
    out->bare = data.bare;
    out->used = out->ended ? len - all.len : 0;
}

/* Mostly text, with what matters sprinkled over it. */
static size_t invent(char *wire, int density)
{
    static const char *const spice[] = { "\r\n", "\r\n",     "\r\n.", "\r\n..",
                                         ".",    "\r\n.\r",  "\r",    "\n",
                                         "\0",   "\r\n.\r\n" };
    size_t len = 0;
    size_t wanted = 1 + (size_t)(rand() % (WIRE_MAX - 10));

    while (len < wanted) {
        if (rand() % density != 0) {
            wire[len++] = (char)('a' + rand() % 26);
            continue;
        }
        size_t kind = (size_t)rand() % (density < 20 ? 10 : 5);
        size_t n = kind == 8 ? 1 : strlen(spice[kind]);

        memcpy(wire + len, spice[kind], n);
        len += n;
    }
    return len;
}

/* A lone CR at the very end may be content already: not yet known. */
static void compare(const char *wire, size_t len, bool normalize)
{
    struct outcome wanted;
    struct outcome got;

    for (int whole = 0; whole < 2; whole++) {
        scan_slowly(&wanted, wire, len, normalize);
        scan(&got, wire, len, normalize, whole != 0);
        if (got.len == wanted.len + 1 && wire[len - 1] == '\r' && !got.ended)
            got.len--;
        assert_int_equal(got.bare, wanted.bare);
        assert_int_equal(got.ended, wanted.ended);
        assert_int_equal(got.used, wanted.used);
        if (wanted.bare)
            continue; /* how much came before does not matter */
        assert_int_equal(got.len, wanted.len);
        assert_memory_equal(got.content, wanted.content, wanted.len);
    }
}

static void it_agrees_with_the_slow_one(void **state)
{
    char wire[WIRE_MAX + 10];

    (void)state;
    srand(20260101);
    for (int round = 0; round < 20000; round++) {
        size_t len = invent(wire, 2 + round % 90);

        compare(wire, len, round % 3 == 0);
    }
}

/* Each byte that matters, in each place of a block. */
static void no_place_in_a_block_is_special(void **state)
{
    static const char *const marks[] = { "\r\n", "\r\n.", "\r\n.\r\n",
                                         "\r",   "\n",    "\r\n..\r\n" };
    char wire[200];

    (void)state;
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
        for (size_t place = 0; place < 140; place++) {
            memset(wire, 'x', sizeof(wire));
            memcpy(wire + place, marks[i], strlen(marks[i]));
            compare(wire, sizeof(wire), false);
            compare(wire, sizeof(wire), true);
        }
    for (size_t place = 0; place < 140; place++) {
        memset(wire, 'x', sizeof(wire));
        wire[place] = '\0';
        compare(wire, sizeof(wire), false);
    }
}

static void plain_content_is_handed_over_whole(void **state)
{
    static char wire[79 * 1000];
    smail_span input = { wire, sizeof(wire) };
    struct smail__data data;
    smail_span chunk;

    (void)state;
    for (size_t i = 0; i < sizeof(wire); i += 79) {
        memset(wire + i, 'x', 77);
        memcpy(wire + i + 77, "\r\n", 2);
    }
    smail__data_init(&data, false);
    assert_int_equal(smail__data_next(&chunk, &data, &input),
                     SMAIL__DATA_CONTENT);
    assert_ptr_equal(chunk.data, wire);
    assert_int_equal(chunk.len, sizeof(wire));
    assert_int_equal(input.len, 0);
}

/* --- Counted content, of BDAT --------------------------------------------- */

/* True if `wire`, in steps of `step`, comes out as `wanted`; NULL: refused. */
static bool counts(const char *wire, size_t step, bool normalize,
                   const char *wanted)
{
    smail_span all = smail__span(wire);
    struct smail__data data;
    char content[100];
    size_t len = 0;
    smail_span chunk;

    smail__data_init(&data, normalize);
    data.counted = true;
    while (all.len > 0) {
        smail_span input = smail__span_slice(all, 0, step);

        all = smail__span_from(all, step);
        while (input.len > 0) {
            enum smail__data_result result =
                smail__data_next(&chunk, &data, &input);

            assert_int_not_equal(result, SMAIL__DATA_END);
            if (result != SMAIL__DATA_CONTENT)
                continue;
            memcpy(content + len, chunk.data, chunk.len);
            len += chunk.len;
        }
    }
    if (smail__data_close(&chunk, &data) == SMAIL__DATA_CONTENT) {
        memcpy(content + len, chunk.data, chunk.len);
        len += chunk.len;
        assert_int_equal(smail__data_close(&chunk, &data), SMAIL__DATA_END);
    }
    if (data.bare)
        return wanted == NULL;
    content[len] = '\0';
    return wanted != NULL && strcmp(content, wanted) == 0;
}

static void counted_content_ends_by_count(void **state)
{
    (void)state;
    for (size_t step = 1; step < 20; step++) {
        assert_true(counts("", step, false, ""));
        assert_true(counts(".\r\n", step, false, ".\r\n"));
        assert_true(counts("a\r\n.\r\n..b", step, false, "a\r\n.\r\n..b"));
        assert_true(counts("a\r", step, false, NULL));
        assert_true(counts("a\nb", step, false, NULL));
        assert_true(counts("a\rb", step, false, NULL));
        assert_true(counts("\n", step, false, NULL));
        assert_true(counts("a\r", step, true, "a\r\n"));
        assert_true(
            counts("a\nb\rc\r\n.\r", step, true, "a\r\nb\r\nc\r\n.\r\n"));
        assert_true(counts("\r\r\n", step, true, "\r\n\r\n"));
    }
}

static void counted_blocks_are_taken_whole(void **state)
{
    char wire[300];
    smail_span input = { wire, sizeof(wire) };
    struct smail__data data;
    smail_span chunk;

    (void)state;
    for (size_t i = 0; i < sizeof(wire); i += 3)
        memcpy(wire + i, ".\r\n", 3);
    smail__data_init(&data, false);
    data.counted = true;
    assert_int_equal(smail__data_next(&chunk, &data, &input),
                     SMAIL__DATA_CONTENT);
    assert_ptr_equal(chunk.data, wire);
    assert_int_equal(chunk.len, sizeof(wire));
    wire[200] = '\0';
    input = (smail_span){ wire, sizeof(wire) };
    (void)smail__data_next(&chunk, &data, &input);
    assert_int_equal(chunk.len, 200);
    assert_int_equal(smail__data_next(&chunk, &data, &input), SMAIL__DATA_MORE);
    assert_true(data.bare);
    assert_int_equal(input.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_agrees_with_the_slow_one),
        cmocka_unit_test(no_place_in_a_block_is_special),
        cmocka_unit_test(plain_content_is_handed_over_whole),
        cmocka_unit_test(counted_content_ends_by_count),
        cmocka_unit_test(counted_blocks_are_taken_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
