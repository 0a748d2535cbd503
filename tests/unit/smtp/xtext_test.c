/* SPDX-License-Identifier: MIT */
/* xtext and unitext, undone in place. */
#include "smtp/xtext.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

/* NULL: malformed. */
static const char *undone(bool (*decode)(smail_span *, smail_span),
                          const char *text)
{
    static char line[100];
    smail_span out;

    memset(line, 0, sizeof(line));
    memcpy(line, text, strlen(text));
    if (!decode(&out, smail__span(line)))
        return NULL;
    line[out.len] = '\0';
    assert_ptr_equal(out.data, line);
    return line;
}

static void xtext_is_undone(void **state)
{
    (void)state;
    assert_string_equal(undone(smail__xtext_decode, ""), "");
    assert_string_equal(undone(smail__xtext_decode, "plain"), "plain");
    assert_string_equal(undone(smail__xtext_decode, "a+2Bb+3Dc+20"), "a+b=c ");
    assert_string_equal(undone(smail__xtext_decode, "+7E+C3+A4"), "~\xc3\xa4");
    assert_null(undone(smail__xtext_decode, "+"));
    assert_null(undone(smail__xtext_decode, "a+4"));
    assert_null(undone(smail__xtext_decode, "+4G"));
    assert_null(undone(smail__xtext_decode, "+00"));
    assert_null(undone(smail__xtext_decode, "+1F"));
    assert_null(undone(smail__xtext_decode, "+7F"));
    assert_null(undone(smail__xtext_decode, "a\x01b"));
    assert_null(undone(smail__xtext_decode, "a\x7f"));
}

static void unitext_is_undone(void **state)
{
    (void)state;
    assert_string_equal(undone(smail__unitext_decode, "a@b"), "a@b");
    assert_string_equal(undone(smail__unitext_decode, "\\x{5C}\\x{2B}"), "\\+");
    assert_string_equal(undone(smail__unitext_decode, "\\x{e4}\\x{20AC}!"),
                        "\xc3\xa4\xe2\x82\xac!");
    assert_string_equal(undone(smail__unitext_decode, "\\x{10FFFF}"),
                        "\xf4\x8f\xbf\xbf");
    assert_string_equal(undone(smail__unitext_decode, "\\x{0000E4}"),
                        "\xc3\xa4");
    assert_null(undone(smail__unitext_decode, "\\"));
    assert_null(undone(smail__unitext_decode, "\\x"));
    assert_null(undone(smail__unitext_decode, "\\x{}"));
    assert_null(undone(smail__unitext_decode, "\\x{4}"));
    assert_null(undone(smail__unitext_decode, "\\X{E4}"));
    assert_null(undone(smail__unitext_decode, "\\x{00000E4}"));
    assert_null(undone(smail__unitext_decode, "\\x{E4"));
    assert_null(undone(smail__unitext_decode, "\\x{EG}"));
    assert_null(undone(smail__unitext_decode, "\\x{D7FF}\\x{D800}"));
    assert_null(undone(smail__unitext_decode, "\\x{DFFF}"));
    assert_null(undone(smail__unitext_decode, "\\x{110000}"));
    assert_null(undone(smail__unitext_decode, "\\x{1F}"));
    assert_null(undone(smail__unitext_decode, "\\x{7F}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xtext_is_undone),
        cmocka_unit_test(unitext_is_undone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
