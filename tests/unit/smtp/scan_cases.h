/* SPDX-License-Identifier: MIT */
/*
 * scan_cases.h - many bytes at once, against one at a time: the cases that
 * every way of scanning has to pass.
 */
#ifndef SCAN_CASES_H
#define SCAN_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/span.h"
#include "smtp/scan.h"

#define BLOCK 64

/* Whether the pair that begins at `i` is as content has to be. */
static inline bool is_plain_pair(smail_span text, size_t i, char stuffing)
{
    char here = text.data[i];
    char next = text.data[i + 1];

    return (here == '\r') == (next == '\n') && here != '\0' &&
           (here != '\n' || next != stuffing);
}

static inline size_t plain_slowly(smail_span text, char stuffing)
{
    size_t len = 0;

    while (text.len - len > BLOCK) {
        for (size_t i = len; i < len + BLOCK; i++)
            if (!is_plain_pair(text, i, stuffing))
                return len;
        len += BLOCK;
    }
    return len;
}

static inline size_t run_slowly(smail_span text)
{
    size_t len = 0;

    while (len < text.len && text.data[len] != '\r' && text.data[len] != '\n' &&
           text.data[len] != '\0')
        len++;
    return len;
}

/* In memory of its own, so that reading past the end is seen. */
static inline void compare(const char *bytes, size_t len)
{
    char *copy = malloc(len + 1);
    smail_span text = { copy + 1, len };

    assert_non_null(copy);
    memcpy(copy + 1, bytes, len);
    assert_int_equal(smail__scan_plain(text, '.'), plain_slowly(text, '.'));
    assert_int_equal(smail__scan_plain(text, '\0'), plain_slowly(text, '\0'));
    assert_int_equal(smail__scan_run(text), run_slowly(text));
    free(copy);
}

static inline void every_byte_in_every_place(void **state)
{
    static const unsigned char marks[] = { '\r', '\n', '.',  '\0', 0x0c, 0x0e,
                                           0x09, 0x0b, 0x01, '-',  '/',  0x8d,
                                           0x8a, 0x80, 0xae, 0xff };
    char bytes[3 * BLOCK];

    (void)state;
    for (size_t place = 0; place < sizeof(bytes); place++) {
        for (size_t i = 0; i < sizeof(marks); i++) {
            memset(bytes, 'x', sizeof(bytes));
            bytes[place] = (char)marks[i];
            compare(bytes, sizeof(bytes));
        }
    }
}

static inline void pairs_in_every_place(void **state)
{
    static const char *const pairs[] = { "\r\n", "\n.",  "\r.", "\n\r",
                                         "\r\r", "\n\n", "..",  "\r\n." };
    char bytes[3 * BLOCK + 3];

    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        for (size_t place = 0; place < sizeof(bytes) - 3; place++) {
            memset(bytes, 'x', sizeof(bytes));
            memcpy(bytes + place, pairs[i], strlen(pairs[i]));
            compare(bytes, sizeof(bytes));
        }
}

static inline void every_length(void **state)
{
    char bytes[4 * BLOCK];

    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    for (size_t len = 0; len <= sizeof(bytes); len++)
        compare(bytes, len);
    assert_int_equal(smail__scan_plain((smail_span){ bytes, 64 }, '.'), 0);
    assert_int_equal(smail__scan_plain((smail_span){ bytes, 65 }, '.'), 64);
}

static inline void anything(void **state)
{
    static const char letters[] = "\r\n\r\n\r\n..xxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    char bytes[500];

    (void)state;
    srand(20260102);
    for (int round = 0; round < 5000; round++) {
        size_t len = (size_t)rand() % sizeof(bytes);

        for (size_t i = 0; i < len; i++)
            bytes[i] = i > 0 && bytes[i - 1] == '\r' && rand() % 50 != 0
                           ? '\n'
                           : letters[(size_t)rand() % sizeof(letters)];
        compare(bytes, len);
    }
}

#endif
