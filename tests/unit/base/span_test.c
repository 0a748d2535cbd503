/* SPDX-License-Identifier: MIT */
/* Looking at bytes: comparing, cutting, trimming, numbers. */
#include "base/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/error.h>

static void an_empty_span_needs_no_memory(void **state)
{
    smail_span none = smail__span(NULL);

    (void)state;
    assert_int_equal(none.len, 0);
    assert_true(smail__span_equal(none, SMAIL__SPAN("")));
    assert_true(smail__span_iequal(none, SMAIL__SPAN("")));
    assert_int_equal(smail__span_find(none, 'x'), 0);
    assert_int_equal(smail__span_from(none, 3).len, 0);
    assert_int_equal(smail__span_trim(none).len, 0);
    assert_int_equal(smail__span_cut(&none, ' ').len, 0);
}

static void comparing_knows_case_and_length(void **state)
{
    (void)state;
    assert_true(smail__span_is(SMAIL__SPAN("abc"), "abc"));
    assert_false(smail__span_is(SMAIL__SPAN("abc"), "ab"));
    assert_false(smail__span_is(SMAIL__SPAN("abc"), "Abc"));
    assert_true(smail__span_iis(SMAIL__SPAN("aBc"), "AbC"));
    assert_false(smail__span_iis(SMAIL__SPAN("[["), "{{"));
    assert_true(smail__span_istarts(SMAIL__SPAN("FROM:<>"), "from:"));
    assert_false(smail__span_istarts(SMAIL__SPAN("FRO"), "from:"));
    assert_int_equal(smail__span_compare(SMAIL__SPAN("a"), SMAIL__SPAN("b")),
                     memcmp("a", "b", 1));
    assert_true(smail__span_compare(SMAIL__SPAN("a"), SMAIL__SPAN("ab")) < 0);
    assert_true(smail__span_compare(SMAIL__SPAN("ab"), SMAIL__SPAN("a")) > 0);
    assert_int_equal(smail__span_compare(SMAIL__SPAN("a"), SMAIL__SPAN("a")),
                     0);
}

static void slices_clip(void **state)
{
    smail_span text = SMAIL__SPAN("abcdef");

    (void)state;
    assert_true(smail__span_is(smail__span_slice(text, 2, 3), "cde"));
    assert_true(smail__span_is(smail__span_slice(text, 4, 9), "ef"));
    assert_true(smail__span_is(smail__span_slice(text, 9, 9), ""));
    assert_true(smail__span_is(smail__span_from(text, 5), "f"));
}

static void cutting_takes_words_off_the_front(void **state)
{
    smail_span text = SMAIL__SPAN("a,b,,c");

    (void)state;
    assert_true(smail__span_is(smail__span_cut(&text, ','), "a"));
    assert_true(smail__span_is(smail__span_cut(&text, ','), "b"));
    assert_true(smail__span_is(smail__span_cut(&text, ','), ""));
    assert_true(smail__span_is(smail__span_cut(&text, ','), "c"));
    assert_int_equal(text.len, 0);
}

static void trimming_takes_blanks_off_both_ends(void **state)
{
    (void)state;
    assert_true(
        smail__span_is(smail__span_trim(SMAIL__SPAN(" \t a b\r\n")), "a b"));
    assert_true(smail__span_is(smail__span_trim(SMAIL__SPAN(" \t\r\n")), ""));
}

static void numbers_are_digits_that_fit(void **state)
{
    static const struct {
        const char *text;
        int error;
        uint64_t value;
    } cases[] = {
        { "0", 0, 0 },
        { "007", 0, 7 },
        { "18446744073709551615", 0, UINT64_MAX },
        { "18446744073709551616", SMAIL_EMALFORMED, 0 },
        { "99999999999999999999", SMAIL_EMALFORMED, 0 },
        { "", SMAIL_EMALFORMED, 0 },
        { "-1", SMAIL_EMALFORMED, 0 },
        { "+1", SMAIL_EMALFORMED, 0 },
        { " 1", SMAIL_EMALFORMED, 0 },
        { "1x", SMAIL_EMALFORMED, 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t value = 0;

        assert_int_equal(smail__span_number(&value, smail__span(cases[i].text)),
                         cases[i].error);
        assert_int_equal(value, cases[i].value);
    }
}

static void letters_are_ascii(void **state)
{
    (void)state;
    assert_true(smail__is_alpha('z') && smail__is_alpha('A'));
    assert_false(smail__is_alpha('[') || smail__is_alpha('\xe4'));
    assert_true(smail__is_digit('9') && !smail__is_digit(':'));
    assert_true(smail__is_alnum('0') && !smail__is_alnum('_'));
    assert_true(smail__is_space('\t') && !smail__is_space('\n'));
    assert_int_equal(smail__lower('Z'), 'z');
    assert_int_equal(smail__lower('['), '[');
    assert_int_equal(smail__upper('a'), 'A');
    assert_int_equal(smail__upper('\xe4'), '\xe4');
}

static void a_buf_is_a_span_too(void **state)
{
    char data[] = "abc";
    smail_buf buf = { data, 3, 4 };

    (void)state;
    assert_true(smail__span_is(smail__span_of(&buf), "abc"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_span_needs_no_memory),
        cmocka_unit_test(comparing_knows_case_and_length),
        cmocka_unit_test(slices_clip),
        cmocka_unit_test(cutting_takes_words_off_the_front),
        cmocka_unit_test(trimming_takes_blanks_off_both_ends),
        cmocka_unit_test(numbers_are_digits_that_fit),
        cmocka_unit_test(letters_are_ascii),
        cmocka_unit_test(a_buf_is_a_span_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
