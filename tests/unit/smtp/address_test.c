/* SPDX-License-Identifier: MIT */
/* Mailboxes and paths: RFC 5321, 4.1.2, and a published set of cases. */
#include "smtp/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include <smtpmail/error.h>

#include "base/span.h"
#include "base/utf8.h"

#define FILE_MAX 200000

static void the_parts_are_kept_as_written(void **state)
{
    smail_path path;

    (void)state;
    assert_int_equal(
        smail_path_parse(&path, SMAIL__SPAN("\"a \\\" b\"@Example.ORG"), false),
        0);
    assert_true(smail__span_is(path.local, "\"a \\\" b\""));
    assert_true(smail__span_is(path.domain, "Example.ORG"));
    assert_false(smail_path_is_null(&path));
    assert_int_equal(
        smail_path_parse(&path, SMAIL__SPAN("a@[127.0.0.1]"), false), 0);
    assert_true(smail__span_is(path.domain, "[127.0.0.1]"));
}

static void bare_names_are_no_mailbox(void **state)
{
    static const char *const bad[] = {
        "",      "<>",        "postmaster", "<a@b>",  "a@b>",   "a@b ",
        " a@b",  "a@b@c",     "a@",         "@b",     "a@b..c", "a@.b",
        "a@b.",  ".a@b",      "a.@b",       "a..b@c", "a b@c",  "\"a@b",
        "a@b_c", "a@[1.2.3]", "a@[tag:x]"
    };
    smail_path path;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(smail_path_parse(&path, smail__span(bad[i]), false),
                         SMAIL_EMALFORMED);
}

static void wide_characters_need_leave(void **state)
{
    smail_span text = SMAIL__SPAN("j\xc3\xb6rg@m\xc3\xbcller.example");
    smail_path path;

    (void)state;
    assert_int_equal(smail_path_parse(&path, text, false), SMAIL_EMALFORMED);
    assert_int_equal(smail_path_parse(&path, text, true), 0);
    assert_int_equal(
        smail_path_parse(&path, SMAIL__SPAN("\"\xc3\xb6 \"@b"), true), 0);
    assert_int_equal(
        smail_path_parse(&path, SMAIL__SPAN("\"\\\xc3\xb6\"@b"), true),
        SMAIL_EMALFORMED);
    assert_int_equal(smail_path_parse(&path, SMAIL__SPAN("j\xf6@b"), true),
                     SMAIL_EMALFORMED);
}

/* `local` octets, then `labels` labels of `label` octets each. */
static int parse_sized(size_t local, size_t label, size_t labels, size_t tail)
{
    static char text[1000];
    size_t len = 0;
    smail_path path;

    memset(text, 'a', sizeof(text));
    len += local;
    text[len++] = '@';
    for (size_t i = 0; i < labels; i++) {
        len += label;
        text[len++] = '.';
    }
    len += tail;
    return smail_path_parse(&path, (smail_span){ text, len }, false);
}

static void limits_to_the_octet(void **state)
{
    (void)state;
    assert_int_equal(parse_sized(64, 2, 1, 2), 0);
    assert_int_equal(parse_sized(65, 2, 1, 2), SMAIL_ELIMIT);
    assert_int_equal(parse_sized(1, 63, 1, 63), 0);
    assert_int_equal(parse_sized(1, 64, 1, 2), SMAIL_ELIMIT);
    assert_int_equal(parse_sized(1, 62, 4, 0), SMAIL_EMALFORMED);
    assert_int_equal(parse_sized(1, 62, 3, 63), 0);            /* 252 + 2 */
    assert_int_equal(parse_sized(1, 63, 3, 61), SMAIL_ELIMIT); /* 253 + 2 */
    assert_int_equal(parse_sized(1, 63, 4, 1), SMAIL_ELIMIT);
}

static void every_fault_has_words(void **state)
{
    (void)state;
    for (int i = SMAIL__ADDRESS_FINE; i <= SMAIL__ADDRESS_PATH_LONG; i++)
        assert_non_null(
            smail__address_fault_text((enum smail__address_fault)i));
}

static void what_follows_a_path_is_left(void **state)
{
    smail_span text = SMAIL__SPAN("<a@b> SIZE=1");
    smail_path path;

    (void)state;
    assert_int_equal(
        smail__address_take(&path, &text, SMAIL__ADDRESS_REVERSE, false),
        SMAIL__ADDRESS_FINE);
    assert_true(smail__span_is(text, " SIZE=1"));
    text = SMAIL__SPAN("<>x");
    assert_int_equal(
        smail__address_take(&path, &text, SMAIL__ADDRESS_REVERSE, false),
        SMAIL__ADDRESS_FINE);
    assert_true(smail_path_is_null(&path));
    assert_true(smail__span_is(text, "x"));
}

static void names_for_helo(void **state)
{
    (void)state;
    assert_true(smail__address_is_helo(SMAIL__SPAN("a.example")));
    assert_true(smail__address_is_helo(SMAIL__SPAN("my_pc")));
    assert_true(smail__address_is_helo(SMAIL__SPAN("[127.0.0.1]")));
    assert_false(smail__address_is_helo(SMAIL__SPAN("")));
    assert_false(smail__address_is_helo(SMAIL__SPAN("a b")));
    assert_false(smail__address_is_helo(SMAIL__SPAN("a\"b")));
    assert_false(smail__address_is_helo(SMAIL__SPAN("[a]")));
    assert_false(smail__address_is_helo(SMAIL__SPAN("\xc3\xa4")));
}

/* --- the cases of isemail -------------------------------------------------- */

/* The text between <tag> and </tag>, and the file moved behind it. */
static smail_span element(smail_span *file, const char *tag)
{
    char open[40];
    char close[40];
    const char *from;
    const char *to;
    smail_span text = { "", 0 };

    snprintf(open, sizeof(open), "<%s>", tag);
    snprintf(close, sizeof(close), "</%s>", tag);
    from = strstr(file->data, open);
    if (from == NULL)
        return text;
    from += strlen(open);
    to = strstr(from, close);
    if (to == NULL)
        return text;
    text = (smail_span){ from, (size_t)(to - from) };
    *file = smail__span_from(*file, (size_t)(to - file->data));
    return text;
}

static uint32_t entity(smail_span *text)
{
    static const struct {
        const char *name;
        uint32_t value;
    } named[] = { { "amp;", '&' },
                  { "lt;", '<' },
                  { "gt;", '>' },
                  { "quot;", '"' },
                  { "apos;", '\'' } };
    smail_span name = smail__span_cut(text, ';');

    if (smail__span_istarts(name, "#x"))
        return (uint32_t)strtoul(name.data + 2, NULL, 16);
    if (smail__span_istarts(name, "#"))
        return (uint32_t)strtoul(name.data + 1, NULL, 10);
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++)
        if (strncmp(named[i].name, name.data, name.len) == 0)
            return named[i].value;
    return '?';
}

/* XML entities resolved, U+24xx turned into the control it stands for. */
static void decode(struct smail__buf *out, smail_span text)
{
    while (text.len > 0) {
        uint32_t code_point = 0;
        size_t len = smail__utf8_next(&code_point, text);

        text = smail__span_from(text, len);
        if (code_point == '&')
            code_point = entity(&text);
        if (code_point >= 0x2400 && code_point < 0x2420)
            code_point -= 0x2400;
        smail__utf8_put(out, code_point);
    }
}

static bool read_file(struct smail__buf *out, const char *path)
{
    FILE *file = fopen(path, "rb");
    char chunk[4096];
    size_t len;

    if (file == NULL)
        return false;
    while ((len = fread(chunk, 1, sizeof(chunk), file)) > 0)
        smail__buf_append(out, (smail_span){ chunk, len });
    fclose(file);
    return true;
}

static void published_cases(void **state)
{
    struct smail__buf file;
    struct smail__buf address;
    smail_span rest;
    int seen = 0;

    (void)state;
    smail__buf_init(&file, FILE_MAX, NULL);
    smail__buf_init(&address, FILE_MAX, NULL);
    if (!read_file(&file,
                   SMTPMAIL_SOURCE_DIR "/../shared/data/address/tests.xml")) {
        smail__buf_dispose(&file);
        skip();
    }
    rest = smail__buf_span(&file);
    for (;;) {
        smail_span test = element(&rest, "address");
        smail_span category = element(&rest, "category");
        smail_path path;
        int error;

        if (category.len == 0)
            break;
        smail__buf_clear(&address);
        decode(&address, test);
        error = smail_path_parse(&path, smail__buf_span(&address), false);
        if (smail__span_is(category, "ISEMAIL_ERR") && error == 0)
            fail_msg("accepted: %s", address.data);
        if (smail__span_is(category, "ISEMAIL_VALID_CATEGORY") && error != 0)
            fail_msg("refused: %s", address.data);
        if (smail__span_is(category, "ISEMAIL_RFC5321") && error != 0)
            fail_msg("refused, though RFC 5321 has it: %s", address.data);
        seen++;
    }
    assert_true(seen > 150);
    smail__buf_dispose(&file);
    smail__buf_dispose(&address);
}

/* In brackets there is a short way through; without them there is none. */
static void the_short_way_agrees_with_the_long_one(void **state)
{
    static const char letters[] = "aaaabbb12..--@@@\"\\_+[] \xc3\xa4<>:,";
    char text[40];

    (void)state;
    srand(20260103);
    for (int round = 0; round < 200000; round++) {
        size_t len = 3 + (size_t)rand() % 12;
        smail_span path = { text, len + 2 };
        smail_path taken = { { "", 0 }, { "", 0 } };
        smail_path parsed = { { "", 0 }, { "", 0 } };
        enum smail__address_fault fault;
        enum smail__address_fault expected;

        text[0] = '<';
        for (size_t i = 1; i <= len; i++)
            text[i] = letters[(size_t)rand() % (sizeof(letters) - 1)];
        text[len + 1] = '>';
        if (text[1] == '@')
            continue; /* a route */
        fault = smail__address_take(&taken, &path, SMAIL__ADDRESS_REVERSE,
                                    round % 2 == 0);
        expected = smail__address_parse(&parsed, (smail_span){ text + 1, len },
                                        round % 2 == 0);
        if (fault == SMAIL__ADDRESS_FINE && path.len > 0)
            continue; /* a shorter path at the front */
        assert_int_equal(fault, expected);
        if (fault != SMAIL__ADDRESS_FINE)
            continue;
        assert_true(smail__span_equal(taken.local, parsed.local));
        assert_true(smail__span_equal(taken.domain, parsed.domain));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_are_kept_as_written),
        cmocka_unit_test(bare_names_are_no_mailbox),
        cmocka_unit_test(wide_characters_need_leave),
        cmocka_unit_test(limits_to_the_octet),
        cmocka_unit_test(every_fault_has_words),
        cmocka_unit_test(what_follows_a_path_is_left),
        cmocka_unit_test(names_for_helo),
        cmocka_unit_test(published_cases),
        cmocka_unit_test(the_short_way_agrees_with_the_long_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
