/* SPDX-License-Identifier: MIT */
/* Counting content, keeping verdicts. */
#include "smtp/transaction.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/error.h>

#include "base/span.h"

static void size_is_counted_to_the_octet(void **state)
{
    const struct smail__transaction_limits limits = { .size = 10 };
    struct smail__transaction mail;

    (void)state;
    smail__transaction_init(&mail, NULL);
    assert_int_equal(
        smail__transaction_count(&mail, SMAIL__SPAN("12345678"), &limits),
        SMAIL__REFUSAL_NONE);
    assert_int_equal(
        smail__transaction_count(&mail, SMAIL__SPAN("\r\n"), &limits),
        SMAIL__REFUSAL_NONE);
    assert_int_equal(smail__transaction_count(&mail, SMAIL__SPAN("x"), &limits),
                     SMAIL__REFUSAL_SIZE);
}

static void the_limit_that_is_met_first_is_named(void **state)
{
    const struct smail__transaction_limits limits = { .size = 20,
                                                      .text_line = 10 };
    static const struct {
        const char *content;
        enum smail__refusal refusal;
    } cases[] = {
        { "12345678901234567890123", SMAIL__REFUSAL_LINE },
        { "12345678\r\n12345678\r\n12345678901", SMAIL__REFUSAL_SIZE },
        { "12345678\r\n12345678\r\n", SMAIL__REFUSAL_NONE },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t step = 1; step < 30; step++) {
            enum smail__refusal refusal = SMAIL__REFUSAL_NONE;
            smail_span rest = smail__span(cases[i].content);
            struct smail__transaction mail;

            smail__transaction_init(&mail, NULL);
            while (rest.len > 0 && refusal == SMAIL__REFUSAL_NONE) {
                refusal = smail__transaction_count(
                    &mail, smail__span_slice(rest, 0, step), &limits);
                rest = smail__span_from(rest, step);
            }
            assert_int_equal(refusal, cases[i].refusal);
        }
}

static void lines_are_counted_across_chunks(void **state)
{
    const struct smail__transaction_limits limits = { .text_line = 10 };
    struct smail__transaction mail;

    (void)state;
    smail__transaction_init(&mail, NULL);
    assert_int_equal(smail__transaction_count(
                         &mail, SMAIL__SPAN("12345678\r\n1234"), &limits),
                     SMAIL__REFUSAL_NONE);
    assert_int_equal(
        smail__transaction_count(&mail, SMAIL__SPAN("5678\r\n"), &limits),
        SMAIL__REFUSAL_NONE);
    assert_int_equal(
        smail__transaction_count(&mail, SMAIL__SPAN("123456789\r"), &limits),
        SMAIL__REFUSAL_NONE);
    assert_int_equal(
        smail__transaction_count(&mail, SMAIL__SPAN("\n"), &limits),
        SMAIL__REFUSAL_LINE);
}

static void a_verdict_may_change(void **state)
{
    struct smail__transaction mail;

    (void)state;
    smail__transaction_init(&mail, NULL);
    mail.recipients = 2;
    assert_int_equal(smail__transaction_settle(&mail, 1, 450, "4.2.1", "later"),
                     0);
    assert_int_equal(smail__transaction_settle(&mail, 1, 550, "5.1.1", "never"),
                     0);
    assert_int_equal(mail.verdicts[0].code, 0);
    assert_int_equal(mail.verdicts[1].code, 550);
    assert_string_equal(mail.verdicts[1].status, "5.1.1");
    assert_string_equal(mail.verdicts[1].text, "never");
    smail__transaction_clear(&mail);
    assert_null(mail.verdicts);
    assert_int_equal(mail.recipients, 0);
}

/* RFC 9422, 4: different domains, whatever their case; at the limit and above. */
static void domains_are_counted_once(void **state)
{
    struct smail__transaction mail;

    (void)state;
    smail__transaction_init(&mail, NULL);
    assert_int_equal(
        smail__transaction_make_room(&mail, SMAIL__SPAN("a.example"), 2), 0);
    smail__transaction_add_domain(&mail, SMAIL__SPAN("a.example"));
    smail__transaction_add_domain(&mail, SMAIL__SPAN("A.Example"));
    smail__transaction_add_domain(&mail, SMAIL__SPAN(""));
    assert_int_equal(mail.domain_count, 1);
    assert_int_equal(
        smail__transaction_make_room(&mail, SMAIL__SPAN("example"), 1),
        SMAIL_ELIMIT);
    assert_int_equal(
        smail__transaction_make_room(&mail, SMAIL__SPAN("example"), 2), 0);
    smail__transaction_add_domain(&mail, SMAIL__SPAN("example"));
    assert_int_equal(
        smail__transaction_make_room(&mail, SMAIL__SPAN("b.example"), 2),
        SMAIL_ELIMIT);
    assert_int_equal(
        smail__transaction_make_room(&mail, SMAIL__SPAN("EXAMPLE"), 2), 0);
    assert_int_equal(smail__transaction_make_room(&mail, SMAIL__SPAN(""), 2),
                     0);
    smail__transaction_clear(&mail);
    assert_int_equal(mail.domain_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_is_counted_to_the_octet),
        cmocka_unit_test(the_limit_that_is_met_first_is_named),
        cmocka_unit_test(lines_are_counted_across_chunks),
        cmocka_unit_test(a_verdict_may_change),
        cmocka_unit_test(domains_are_counted_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
