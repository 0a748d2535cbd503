/* SPDX-License-Identifier: MIT */
/* What a reply to EHLO offers, well formed or not. */
#include "smtp/client_offer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/error.h>

#include "base/span.h"
#include "smtp/memory.h"

static struct smail__client_offer offer;

static const smail_smtp_offer *read_offer(const char *text)
{
    assert_int_equal(smail__client_offer_read(&offer, smail__span(text)), 0);
    return &offer.is;
}

static int begin(void **state)
{
    (void)state;
    smail__client_offer_init(&offer, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    smail__client_offer_dispose(&offer);
    return 0;
}

static void all_that_there_is(void **state)
{
    const smail_smtp_offer *is = read_offer(
        "mx.example at your service\nPIPELINING\nENHANCEDSTATUSCODES\n"
        "STARTTLS\nAUTH PLAIN SCRAM-SHA-256-PLUS\nSIZE 52428800\n8BITMIME\n"
        "CHUNKING\nBINARYMIME\nDSN\nSMTPUTF8\nREQUIRETLS\n"
        "FUTURERELEASE 604800 2026-12-31T23:59:59Z\nDELIVERBY 240\n"
        "MT-PRIORITY MIXER\nLIMITS MAILMAX=10 RCPTMAX=20 RCPTDOMAINMAX=3\n"
        "XCLIENT NAME ADDR");

    (void)state;
    assert_true(is->extended && is->pipelining && is->enhanced_codes);
    assert_true(is->starttls && is->auth && is->size && is->eight_bit);
    assert_true(is->chunking && is->binary && is->dsn && is->utf8);
    assert_true(is->requiretls && is->future_release && is->deliver_by);
    assert_true(is->priority && is->limits && is->xclient);
    assert_true(smail__span_is(is->mechanisms, "PLAIN SCRAM-SHA-256-PLUS"));
    assert_int_equal(is->max_size, 52428800);
    assert_int_equal(is->max_hold, 604800);
    assert_int_equal(is->max_hold_until, 1798761599);
    assert_int_equal(is->min_by, 240);
    assert_true(smail__span_is(is->priority_profile, "MIXER"));
    assert_int_equal(is->max_mails, 10);
    assert_int_equal(is->max_recipients, 20);
    assert_int_equal(is->max_domains, 3);
    assert_true(smail__span_is(is->xclient_attributes, "NAME ADDR"));
    smail__client_offer_clear(&offer);
    assert_false(is->extended || is->pipelining || is->xclient);
    assert_int_equal(is->max_size, 0);
    assert_int_equal(is->mechanisms.len, 0);
}

/* The first line is a greeting, whatever it looks like. */
static void nothing_at_all(void **state)
{
    const smail_smtp_offer *is = read_offer("PIPELINING");

    (void)state;
    assert_true(is->extended);
    assert_false(is->pipelining);
    is = read_offer("");
    assert_true(is->extended);
    is = read_offer("x\nPIPELININGS\n8BITMIM\nXPIPELINING\n\n \nPIPELINING");
    assert_true(is->pipelining);
    assert_false(is->eight_bit);
}

static void any_case_and_loose_spaces(void **state)
{
    const smail_smtp_offer *is =
        read_offer("x\nsize  10 \nAuth  plain   Login \npipelining");

    (void)state;
    assert_true(is->pipelining);
    assert_int_equal(is->max_size, 10);
    assert_true(smail__span_is(is->mechanisms, "PLAIN LOGIN"));
}

static void mechanisms_are_named_once(void **state)
{
    const smail_smtp_offer *is =
        read_offer("x\nAUTH PLAIN LOGIN\nAUTH=LOGIN CRAM-MD5\nAUTH ; A/B \"\" "
                   "TWENTY-LETTERS-LONG1 TWENTY-LETTERS-LONG12");

    (void)state;
    assert_true(smail__span_is(is->mechanisms,
                               "PLAIN LOGIN CRAM-MD5 TWENTY-LETTERS-LONG1"));
    is = read_offer("x\nAUTH=PLAIN");
    assert_true(is->auth);
    assert_true(smail__span_is(is->mechanisms, "PLAIN"));
    is = read_offer("x\nAUTH");
    assert_true(is->auth);
    assert_int_equal(is->mechanisms.len, 0);
}

static void numbers_that_are_none(void **state)
{
    const smail_smtp_offer *is = read_offer(
        "x\nSIZE much\nFUTURERELEASE 1000000000 tomorrow\nDELIVERBY -5\n"
        "LIMITS MAILMAX=1000000 RCPTMAX= RCPTDOMAINMAX X=1 =2 MAILMAX2=3");

    (void)state;
    assert_true(is->size && is->future_release && is->deliver_by && is->limits);
    assert_int_equal(is->max_size, 0);
    assert_int_equal(is->max_hold, 0);
    assert_int_equal(is->max_hold_until, 0);
    assert_int_equal(is->min_by, 0);
    assert_int_equal(is->max_mails, 0);
    assert_int_equal(is->max_recipients, 0);
    assert_int_equal(is->max_domains, 0);
    is = read_offer("x\nSIZE 18446744073709551615\nDELIVERBY 999999999,X\n"
                    "LIMITS mailmax=999999\nFUTURERELEASE 999999999");
    assert_true(is->max_size == UINT64_MAX);
    assert_int_equal(is->min_by, 999999999);
    assert_int_equal(is->max_mails, 999999);
    assert_int_equal(is->max_hold, 999999999);
    is = read_offer("x\nSIZE 18446744073709551616");
    assert_int_equal(is->max_size, 0);
}

/* More words than anyone means are left out. */
static void words_have_a_limit(void **state)
{
    static char text[20000] = "x\nAUTH";
    const smail_smtp_offer *is;
    size_t len = strlen(text);

    (void)state;
    for (unsigned i = 0; i < 900; i++)
        len +=
            smail__format(text + len, sizeof(text) - len, " MECHANISM-%08u", i);
    is = read_offer(text);
    assert_true(is->mechanisms.len <= 4096);
    assert_true(is->mechanisms.len > 4096 - 2 * 20);
}

static void no_memory(void **state)
{
    (void)state;
    for (long n = 1; n < 4; n++) {
        struct meter meter = { .fail_at = n };
        const smail_mem mem = meter_mem(&meter);
        struct smail__client_offer ours;

        smail__client_offer_init(&ours, &mem);
        assert_int_equal(
            smail__client_offer_read(
                &ours, SMAIL__SPAN("x\nAUTH A\nXCLIENT B\nMT-PRIORITY C")),
            SMAIL_ENOMEM);
        smail__client_offer_dispose(&ours);
        assert_int_equal(meter.live, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_there_is),
        cmocka_unit_test(nothing_at_all),
        cmocka_unit_test(any_case_and_loose_spaces),
        cmocka_unit_test(mechanisms_are_named_once),
        cmocka_unit_test(numbers_that_are_none),
        cmocka_unit_test(words_have_a_limit),
        cmocka_unit_test(no_memory),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
