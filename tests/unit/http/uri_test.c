/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <smtpmail/error.h>

#include "base/span.h"
#include "http/uri.h"

static void knows_paths(void **state)
{
    static const struct {
        const char *path;
        bool is_path;
    } cases[] = {
        { "/", true },        { "/a/b", true },       { "//", true },
        { "/a%20b", true },   { "/%2F", true },       { "/...", true },
        { "/a..", true },     { "/%2e.a", true },     { "", false },
        { "a", false },       { "/.", false },        { "/..", false },
        { "/a/../b", false }, { "/%2e%2E/", false },  { "/.%2e", false },
        { "/%", false },      { "/%1", false },       { "/%g0", false },
        { "/%00", false },    { "/%7f", false },      { "/a\\b", false },
        { "/%5C", false },    { "/\xc3\xa9", false }, { "/a b", false },
        { "/%C3%A9", true },  { "/a?b", false },      { "/\"", false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (smail__uri_is_path(smail__span(cases[i].path)) != cases[i].is_path)
            fail_msg("%s", cases[i].path);
}

static void decodes_once(void **state)
{
    struct smail__buf out;

    (void)state;
    smail__buf_init(&out, 100, NULL);
    assert_int_equal(
        smail__uri_decode(&out, SMAIL__SPAN("a%2541+b%C3%A9"), false), 0);
    assert_true(smail__span_is(smail__buf_span(&out), "a%41+b\xc3\xa9"));
    smail__buf_clear(&out);
    assert_int_equal(smail__uri_decode(&out, SMAIL__SPAN("a+b"), true), 0);
    assert_true(smail__span_is(smail__buf_span(&out), "a b"));
    smail__buf_clear(&out);
    assert_int_equal(smail__uri_decode(&out, SMAIL__SPAN("%ff"), false),
                     SMAIL_EMALFORMED);
    smail__buf_clear(&out);
    assert_int_equal(smail__uri_decode(&out, SMAIL__SPAN("a%00"), false),
                     SMAIL_EMALFORMED);
    smail__buf_dispose(&out);
}

static void finds_parameters(void **state)
{
    smail_span query = SMAIL__SPAN("a=1&types=Email%2CMailbox&b&types=x");
    struct smail__buf out;

    (void)state;
    smail__buf_init(&out, 100, NULL);
    assert_int_equal(smail__uri_parameter(&out, query, "types"), 0);
    assert_true(smail__span_is(smail__buf_span(&out), "Email,Mailbox"));
    smail__buf_clear(&out);
    assert_int_equal(smail__uri_parameter(&out, query, "b"), 0);
    assert_int_equal(out.len, 0);
    assert_int_equal(smail__uri_parameter(&out, query, "none"),
                     SMAIL_ENOTFOUND);
    smail__buf_dispose(&out);
}

static void encodes_all_that_is_not_plain(void **state)
{
    struct smail__buf out;

    (void)state;
    smail__buf_init(&out, 100, NULL);
    smail__uri_encode(&out, SMAIL__SPAN("a b/\xc3\xa9~\"\n"));
    assert_true(smail__span_is(smail__buf_span(&out), "a%20b%2f%c3%a9~%22%0a"));
    smail__buf_dispose(&out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_paths),
        cmocka_unit_test(decodes_once),
        cmocka_unit_test(finds_parameters),
        cmocka_unit_test(encodes_all_that_is_not_plain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
