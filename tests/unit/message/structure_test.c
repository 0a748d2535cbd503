/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <smtpmail/message.h>

#include "base/buf.h"
#include "base/span.h"
#include "message/structure.h"

/* The leaves of a message, their bodies as they stand, parted by '|'. */
static void leaves(struct smail__buf *out, unsigned *defects, smail_span raw)
{
    struct smail__structure structure;

    assert_int_equal(smail__structure_read(&structure, raw), 0);
    for (size_t i = 0; i < structure.count; i++) {
        const struct smail__place *place = &structure.places[i];

        assert_true(place->header <= place->body);
        assert_true(place->body <= place->end);
        assert_true(place->end <= raw.len);
        assert_true(place->parent < (int)i);
        if (place->multipart)
            continue;
        smail__buf_append(
            out, smail__span_slice(raw, place->body, place->end - place->body));
        smail__buf_putc(out, '|');
    }
    *defects = structure.defects;
    smail__structure_dispose(&structure);
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\n\n"

static void bodies_are_found_in_any_message(void **state)
{
    static const struct {
        const char *raw;
        const char *bodies;
        unsigned defects;
    } cases[] = {
        { "", "|", 0 },
        { "Subject: s\n\nbody\n", "body\n|", 0 },
        { "Subject: s\r\n\r\n", "|", 0 },
        { "Subject: s\n", "|", 0 },
        { "From me Mon\nSubject: s\n\nbody", "body|", 0 },
        { "From : me\n\nbody", "body|", 0 },
        /* No header, or no line between it and the text. */
        { "Hello\nthere\n\nyou", "Hello\nthere\n\nyou|", 0 },
        { "Subject: s\nHello\nthere\n", "Hello\nthere\n|", 0 },
        { "Received: by x\nReturn-Path: <>\nHello\n\nyou", "Hello\n\nyou|", 0 },
        { "Subject: s\nbad folding\nTo: x\n\nbody", "body|", 0 },
        { "Subject: s\nbad folding\n\nbody", "body|", 0 },
        { MIXED "--b\nHello\n--b--\n", "Hello|", 0 },
        { MIXED "--b\nHello\n\nyou\n--b--\n", "Hello\n\nyou|", 0 },
        /* RFC 2046, 5.1.1: the beginning of the line is what counts. */
        { MIXED "pre\n--b\n\nA\n--b\n\nB\n--b--\npost\n", "A|B|", 0 },
        { MIXED "--b \t\n\nA\n--b junk\n\nB\n--b-- junk\n", "A|B|", 0 },
        { MIXED "--b\n\nA\n--b--junk\npost\n", "A|", 0 },
        { MIXED "--b\n\nA\n--bc\n--b--\n", "A\n--bc|", 0 },
        { MIXED "--b\r\n\r\nA\r\n\r\n--b--\r\n", "A\r\n|", 0 },
        { MIXED "--b\n\n--b\n\n--b--\n", "||", 0 },
        { "Content-Type: multipart/mixed; boundary=\"b c \"\n\n"
          "--b c\n\nA\n--b c--\n",
          "A|", 0 },
        { "Content-Type: multipart/mixed; boundary=\"=?utf-8?q?b?=\"\n\n"
          "--=?utf-8?q?b?=\n\nA\n--=?utf-8?q?b?=--\n",
          "A|", 0 },
        { "Content-Type: multipart/mixed; boundary=\xe9\n\n"
          "--\xe9\n\nA\n--\xe9--\n",
          "A|", 0 },
        /* Ends that are missing, boundaries that are. */
        { MIXED "--b\n\nA\n", "A\n|", SMAIL__STRUCTURE_UNCLOSED },
        { MIXED "--b\n\nA\n--b", "A||", SMAIL__STRUCTURE_UNCLOSED },
        { MIXED "Hello\n", "Hello\n|",
          SMAIL__STRUCTURE_UNCLOSED | SMAIL__STRUCTURE_NO_BOUNDARY },
        { "Content-Type: multipart/mixed\n\nHello\n", "Hello\n|",
          SMAIL__STRUCTURE_NO_BOUNDARY },
        { "Content-Type: multipart/mixed; boundary=\"\"\n\nHello\n", "Hello\n|",
          SMAIL__STRUCTURE_NO_BOUNDARY },
        { MIXED "--b\nContent-Type: multipart/mixed; boundary=c\n\n"
                "--c\n\nA\n--b\n\nB\n--b--\n",
          "A|B|", SMAIL__STRUCTURE_UNCLOSED },
        { MIXED "--b\nContent-Type: multipart/mixed; boundary=b\n\n"
                "--b\n\nA\n--b--\n--b\n\nB\n--b--\n",
          "A|B|", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct smail__buf out;
        unsigned defects;

        smail__buf_init(&out, 65536, NULL);
        leaves(&out, &defects, smail__span(cases[i].raw));
        assert_string_equal(out.data, cases[i].bodies);
        assert_int_equal(defects, cases[i].defects);
        smail__buf_dispose(&out);
    }
}

static void a_long_boundary_parts_and_a_longer_one_does_not(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        size_t len = SMAIL__BOUNDARY_MAX + extra;
        struct smail__buf raw, out;
        unsigned defects;

        smail__buf_init(&raw, 1 << 20, NULL);
        smail__buf_init(&out, 1 << 20, NULL);
        smail__buf_puts(&raw, "Content-Type: multipart/mixed; boundary=");
        for (size_t i = 0; i < len; i++)
            smail__buf_putc(&raw, 'x');
        smail__buf_puts(&raw, "\n\n--");
        for (size_t i = 0; i < len; i++)
            smail__buf_putc(&raw, 'x');
        smail__buf_puts(&raw, "\n\nA\n");
        leaves(&out, &defects, smail__buf_span(&raw));
        assert_int_equal(defects, extra == 0 ? SMAIL__STRUCTURE_UNCLOSED
                                             : SMAIL__STRUCTURE_NO_BOUNDARY);
        if (extra == 0)
            assert_string_equal(out.data, "A\n|");
        smail__buf_dispose(&raw);
        smail__buf_dispose(&out);
    }
}

static void depth_ends_at_its_limit(void **state)
{
    (void)state;
    for (int extra = -1; extra < 2; extra++) {
        struct smail__structure structure;
        struct smail__buf raw;
        bool too_deep = extra > 0;

        smail__buf_init(&raw, 1 << 20, NULL);
        for (int i = 0; i < SMAIL__DEPTH_MAX + extra; i++)
            smail__buf_printf(&raw,
                              "Content-Type: multipart/mixed; boundary=b%d.\n\n"
                              "--b%d.\n",
                              i, i);
        smail__buf_puts(&raw, "\nx\n");
        assert_int_equal(
            smail__structure_read(&structure, smail__buf_span(&raw)), 0);
        assert_int_equal(structure.count, too_deep
                                              ? SMAIL__DEPTH_MAX + 1
                                              : SMAIL__DEPTH_MAX + extra + 1);
        assert_int_equal((structure.defects & SMAIL__STRUCTURE_DEEP) != 0,
                         too_deep);
        smail__structure_dispose(&structure);
        smail__buf_dispose(&raw);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_are_found_in_any_message),
        cmocka_unit_test(a_long_boundary_parts_and_a_longer_one_does_not),
        cmocka_unit_test(depth_ends_at_its_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
