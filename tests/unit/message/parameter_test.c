/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/buf.h"
#include "base/span.h"
#include "message/parameter.h"

static void assert_parameter(const char *field, const char *name,
                             const char *expected)
{
    struct smail__buf out;

    smail__buf_init(&out, 65536, NULL);
    assert_int_equal(smail__parameter_find(&out, smail__span(field), name),
                     expected != NULL);
    if (expected != NULL)
        assert_span(smail__buf_span(&out), expected);
    smail__buf_dispose(&out);
}

static void values_stand_before_the_first_semicolon(void **state)
{
    static const char *const cases[][2] = {
        { " text/plain; charset=x", "text/plain" },
        { "text/plain", "text/plain" },
        { "\r\n\ttext/plain\r\n ;a=b", "text/plain" },
        { "(a (nested) comment) text/html(more)", "text/html" },
        { "text/plain charset=x", "text/plain" },
        { "filename=x", "" },
        { "; a=b", "" },
        { "", "" },
        { "(never closed", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_span(smail__parameter_value(smail__span(cases[i][0])),
                    cases[i][1]);
}

static void parameters_are_found_as_senders_write_them(void **state)
{
    static const char *const cases[][3] = {
        { "a/b; charset=utf-8", "charset", "utf-8" },
        { "a/b; CharSet = \"utf-8\"", "charset", "utf-8" },
        { "a/b; x=\"a;name=no\"; name=yes", "name", "yes" },
        { "a/b; name=\"say \\\"hi\\\"\"", "name", "say \"hi\"" },
        { "a/b; name=two words.txt; x=y", "name", "two words.txt" },
        { "a/b; name=\"never closed", "name", "never closed" },
        { "a/b; name=\"fol\r\n ded\"", "name", "fol ded" },
        { "a/b;;; name=x;", "name", "x" },
        { "a/b name=x", "name", "x" },
        { "name=x", "name", "x" },
        { "a/b; name=", "name", "" },
        { "a/b; names=x", "name", NULL },
        { "a/b", "name", NULL },
        { "", "name", NULL },
        { "a/b; name=\"r\xe9sum\xe9\"", "name", "r\xc3\xa9sum\xc3\xa9" },
        { "a/b; name=\"=?utf-8?B?w7xi?=\r\n =?utf-8?Q?er?=\"", "name",
          "\xc3\xbc"
          "ber" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_parameter(cases[i][0], cases[i][1], cases[i][2]);
}

/* RFC 2231, 3 and 4. */
static void continuations_are_joined(void **state)
{
    static const char *const cases[][2] = {
        { "x; name*0=a; name*1=b", "ab" },
        { "x; name*2=c; name*0=a; name*1=b", "abc" },
        { "x; name*0=a; name*2=c", "a" },
        { "x; name*=utf-8'en'%e2%82%ac", "\xe2\x82\xac" },
        { "x; name*=iso-8859-1''%E9", "\xc3\xa9" },
        { "x; name*=%41", "A" },
        { "x; name*=''%41", "A" },
        { "x; name*0*=utf-8''%e2%82; name*1*=%ac", "\xe2\x82\xac" },
        { "x; name*0*=utf-8''%41; name*1=\"%42\"; name*2*=%43", "A%42C" },
        { "x; name=plain; name*=utf-8''exact", "exact" },
        { "x; name*=utf-8''100%; y=z", "100%" },
        { "x; name*=utf-8''%zz%4", "%zz%4" },
        { "x; name*99999999999999999999=a; name=b", "b" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_parameter(cases[i][0], "name", cases[i][1]);
}

/* The input of a loop in other parsers: a section without anything. */
static void empty_extended_parameters_end(void **state)
{
    (void)state;
    assert_parameter("multipart/mixed; boundary*=", "boundary", "");
    assert_parameter("multipart/mixed; boundary*0*=; boundary*1*=", "boundary",
                     "");
    assert_parameter("multipart/mixed; boundary*0*='", "boundary", "'");
}

static void octets_are_left_as_they_are(void **state)
{
    struct smail__buf out;

    (void)state;
    smail__buf_init(&out, 65536, NULL);
    assert_true(smail__parameter_octets(
        &out, SMAIL__SPAN("x; boundary=\"=?utf-8?q?a?=\xe9\""), "boundary"));
    assert_span(smail__buf_span(&out), "=?utf-8?q?a?=\xe9");
    smail__buf_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_stand_before_the_first_semicolon),
        cmocka_unit_test(parameters_are_found_as_senders_write_them),
        cmocka_unit_test(continuations_are_joined),
        cmocka_unit_test(empty_extended_parameters_end),
        cmocka_unit_test(octets_are_left_as_they_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
