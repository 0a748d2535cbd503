/* SPDX-License-Identifier: MIT */
/* The reply to EHLO, written and read. */
#include "smtp/extension.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

static void what_is_offered_is_listed(void **state)
{
    const struct smail__extensions all = { .set = 63,
                                           .size = 1000,
                                           .mechanisms = "PLAIN LOGIN" };
    const struct smail__extensions none = { .set = 0 };
    struct smail__buf out;

    (void)state;
    smail__buf_init(&out, 1000, NULL);
    smail__extension_put(&out, SMAIL__SPAN("mx hi\r"), &all);
    assert_string_equal(out.data, "250-mx hi?\r\n250-PIPELINING\r\n"
                                  "250-SIZE 1000\r\n250-8BITMIME\r\n"
                                  "250-STARTTLS\r\n250-AUTH PLAIN LOGIN\r\n"
                                  "250 ENHANCEDSTATUSCODES\r\n");
    smail__buf_clear(&out);
    smail__extension_put(&out, SMAIL__SPAN("mx"), &none);
    assert_string_equal(out.data, "250 mx\r\n");
    smail__buf_dispose(&out);
    smail__buf_init(&out, 50, NULL);
    smail__extension_put(&out, SMAIL__SPAN("mx"), &all);
    assert_int_equal(out.len, 0);
    smail__buf_dispose(&out);
}

static void values_are_told(void **state)
{
    struct smail__extensions some = {
        .set = SMAIL__EXTENSION_DELIVERBY | SMAIL__EXTENSION_FUTURERELEASE |
               SMAIL__EXTENSION_MT_PRIORITY | SMAIL__EXTENSION_LIMITS,
        .min_deliver_by = 60,
        .max_future_release = 999999999,
        .max_future_release_date = 253402300799,
        .mt_priority_profile = "MIXER",
        .max_mails = 999999,
        .max_recipients = 1,
        .max_recipient_domains = 2,
    };
    struct smail__buf out;

    (void)state;
    smail__buf_init(&out, 1000, NULL);
    smail__extension_put(&out, SMAIL__SPAN("mx"), &some);
    assert_string_equal(
        out.data, "250-mx\r\n250-DELIVERBY 60\r\n"
                  "250-FUTURERELEASE 999999999 9999-12-31T23:59:59Z\r\n"
                  "250-MT-PRIORITY MIXER\r\n"
                  "250 LIMITS MAILMAX=999999 RCPTMAX=1 RCPTDOMAINMAX=2\r\n");
    smail__buf_dispose(&out);
}

static void lines_grow_by_what_is_offered(void **state)
{
    const unsigned all = ~0u;

    (void)state;
    assert_int_equal(smail__extension_extra(0, SMAIL__VERB_MAIL), 543);
    assert_int_equal(smail__extension_extra(0, SMAIL__VERB_RCPT), 0);
    assert_int_equal(
        smail__extension_extra(SMAIL__EXTENSION_SMTPUTF8, SMAIL__VERB_MAIL),
        543 + 10);
    assert_int_equal(smail__extension_extra(all, SMAIL__VERB_MAIL),
                     543 + 116 + 10 + 16 + 17 + 34 + 15 + 11);
    assert_int_equal(smail__extension_extra(all, SMAIL__VERB_RCPT), 536);
    assert_int_equal(smail__extension_extra(all, SMAIL__VERB_VRFY), 10);
    assert_int_equal(smail__extension_extra(all, SMAIL__VERB_EXPN), 10);
    assert_int_equal(smail__extension_extra(all, SMAIL__VERB_NOOP), 0);
}

static void a_line_is_read(void **state)
{
    smail_span parameters;

    (void)state;
    assert_int_equal(smail__extension_read(&parameters, SMAIL__SPAN("size 99")),
                     SMAIL__EXTENSION_SIZE);
    assert_true(smail__span_is(parameters, "99"));
    assert_int_equal(
        smail__extension_read(&parameters, SMAIL__SPAN("8bitMIME")),
        SMAIL__EXTENSION_8BITMIME);
    assert_int_equal(smail__extension_read(&parameters, SMAIL__SPAN("AUTH=X")),
                     0);
    assert_int_equal(smail__extension_read(&parameters, SMAIL__SPAN("")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_offered_is_listed),
        cmocka_unit_test(values_are_told),
        cmocka_unit_test(lines_grow_by_what_is_offered),
        cmocka_unit_test(a_line_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
