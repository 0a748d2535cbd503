/* SPDX-License-Identifier: MIT */
/* Lines: CRLF and nothing else, the limit, whatever the chunks. */
#include "smtp/line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

#define LIMIT 12 /* ten octets and CRLF */

struct expected {
    enum smail__line_result result;
    const char *text;
};

struct dialogue {
    const char *bytes;
    size_t len;
    struct expected results[6];
};

#define BYTES(text) text, sizeof(text) - 1
#define READY SMAIL__LINE_READY
#define BARE SMAIL__LINE_BARE
#define LONG SMAIL__LINE_LONG

static const struct dialogue dialogues[] = {
    { BYTES("one\r\n\r\ntwo\r\n"),
      { { READY, "one" }, { READY, "" }, { READY, "two" } } },
    { BYTES("1234567890\r\n12345678901\r\nx\r\n"),
      { { READY, "1234567890" }, { LONG, "" }, { READY, "x" } } },
    { BYTES("a\nb\r\nc\r\n"), { { BARE, "" }, { READY, "c" } } },
    { BYTES("a\rb\r\nc\r\n"), { { BARE, "" }, { READY, "c" } } },
    { BYTES("a\r\r\nc\r\n"), { { BARE, "" }, { READY, "c" } } },
    { BYTES("a\0\r\nc\r\n"), { { BARE, "" }, { READY, "c" } } },
    { BYTES("\n\r\nc\r\n"), { { BARE, "" }, { READY, "c" } } },
    { BYTES("\r\0\r\nc\r\n"), { { BARE, "" }, { READY, "c" } } },
    { BYTES("12345678901\n\rx\r\ny\r\n"), { { LONG, "" }, { READY, "y" } } },
    { BYTES("unfinished"), { { SMAIL__LINE_MORE, "" } } },
};

static void play(const struct dialogue *dialogue, size_t step)
{
    smail_span all = { dialogue->bytes, dialogue->len };
    const struct expected *next = dialogue->results;
    struct smail__line line;

    smail__line_init(&line, NULL);
    while (all.len > 0) {
        smail_span input = smail__span_slice(all, 0, step);

        all = smail__span_from(all, step);
        while (input.len > 0) {
            smail_span text;
            enum smail__line_result result =
                smail__line_next(&text, &line, LIMIT, &input);

            if (result == SMAIL__LINE_MORE)
                continue;
            assert_int_equal(result, next->result);
            assert_true(smail__span_is(text, next->text));
            next++;
        }
    }
    assert_true(next->result == SMAIL__LINE_MORE);
    smail__line_dispose(&line);
}

static void lines_are_the_same_in_any_chunks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(dialogues) / sizeof(dialogues[0]); i++)
        for (size_t step = 1; step <= dialogues[i].len; step++)
            play(&dialogues[i], step);
}

static void a_clipped_line_keeps_its_front(void **state)
{
    smail_span input = SMAIL__SPAN("123456789012345\r\nx\r\n");
    struct smail__line line;
    smail_span text;

    (void)state;
    smail__line_init(&line, NULL);
    line.clip = true;
    assert_int_equal(smail__line_next(&text, &line, LIMIT, &input), READY);
    assert_true(smail__span_is(text, "1234567890"));
    assert_int_equal(smail__line_next(&text, &line, LIMIT, &input), READY);
    assert_true(smail__span_is(text, "x"));
    smail__line_dispose(&line);
}

static void a_long_line_costs_no_memory(void **state)
{
    static char much[100000];
    smail_span input = { much, sizeof(much) };
    struct smail__line line;
    smail_span text;

    (void)state;
    memset(much, 'x', sizeof(much));
    smail__line_init(&line, NULL);
    assert_int_equal(smail__line_next(&text, &line, 5000, &input), LONG);
    assert_int_equal(smail__line_next(&text, &line, 5000, &input),
                     SMAIL__LINE_MORE);
    assert_true(line.buf.room < 6000);
    smail__line_reset(&line);
    assert_int_equal(line.buf.len, 0);
    input = SMAIL__SPAN("y\r\n");
    assert_int_equal(smail__line_next(&text, &line, 5000, &input), READY);
    smail__line_dispose(&line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_the_same_in_any_chunks),
        cmocka_unit_test(a_clipped_line_keeps_its_front),
        cmocka_unit_test(a_long_line_costs_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
