/* SPDX-License-Identifier: MIT */
/* Parameters of MAIL and RCPT. */
#include "smtp/parameter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "smtp/extension.h"

static struct smail__parameter_rules rules;

static enum smail__parameter_result parse(smail_smtp_mail *mail,
                                          const char *text)
{
    static char line[2000];

    *mail = (smail_smtp_mail){ .auth = { "", 0 } };
    memcpy(line, text, strlen(text) + 1);
    return smail__parameter_of_mail(mail, smail__span(line), &rules);
}

static void all_of_mail(void **state)
{
    smail_smtp_mail mail;

    (void)state;
    rules = (struct smail__parameter_rules){
        .known = SMAIL__EXTENSION_SIZE | SMAIL__EXTENSION_8BITMIME |
                 SMAIL__EXTENSION_AUTH,
    };
    assert_int_equal(parse(&mail, ""), SMAIL__PARAMETER_FINE);
    assert_int_equal(
        parse(&mail, " Size=12345 body=8BITmime AUTH=a+2Bb+3Dc@d  "),
        SMAIL__PARAMETER_FINE);
    assert_int_equal(mail.size, 12345);
    assert_int_equal(mail.body, SMAIL_SMTP_BODY_8BITMIME);
    assert_true(smail__span_is(mail.auth, "a+b=c@d"));
    assert_int_equal(parse(&mail, " SIZE=18446744073709551616"),
                     SMAIL__PARAMETER_FINE);
    assert_true(mail.size == UINT64_MAX);
}

static void what_is_wrong(void **state)
{
    static const struct {
        const char *text;
        enum smail__parameter_result result;
    } cases[] = {
        { " SIZE", SMAIL__PARAMETER_SYNTAX },
        { " SIZE=", SMAIL__PARAMETER_SYNTAX },
        { " SIZE=1x", SMAIL__PARAMETER_SYNTAX },
        { " SIZE=1 SIZE=1", SMAIL__PARAMETER_SYNTAX },
        { " BODY=", SMAIL__PARAMETER_SYNTAX },
        { " BODY=BINARYMIME", SMAIL__PARAMETER_UNKNOWN },
        { " BODY=9BIT", SMAIL__PARAMETER_SYNTAX },
        { " X-Y=1", SMAIL__PARAMETER_UNKNOWN },
        { " -X=1", SMAIL__PARAMETER_SYNTAX },
        { " X_Y=1", SMAIL__PARAMETER_SYNTAX },
        { " X=a=b", SMAIL__PARAMETER_SYNTAX },
        { " X=\x7f", SMAIL__PARAMETER_SYNTAX },
        { " SMTPUTF8", SMAIL__PARAMETER_UNKNOWN },
        { " AUTH=+4", SMAIL__PARAMETER_SYNTAX },
        { " AUTH=+00", SMAIL__PARAMETER_SYNTAX },
    };
    smail_smtp_mail mail;

    (void)state;
    rules = (struct smail__parameter_rules){
        .known = SMAIL__EXTENSION_SIZE | SMAIL__EXTENSION_8BITMIME |
                 SMAIL__EXTENSION_AUTH,
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(parse(&mail, cases[i].text), cases[i].result);
}

static enum smail__parameter_result parse_rcpt(smail_smtp_rcpt *rcpt,
                                               const char *text)
{
    static char line[2000];

    *rcpt = (smail_smtp_rcpt){ .orcpt_type = { "", 0 } };
    memcpy(line, text, strlen(text) + 1);
    return smail__parameter_of_rcpt(rcpt, smail__span(line), &rules);
}

static void all_of_rcpt(void **state)
{
    smail_smtp_rcpt rcpt;
    char text[600] = " ORCPT=rfc822;";
    size_t start = strlen(text);

    (void)state;
    rules = (struct smail__parameter_rules){ .known = ~0u };
    assert_int_equal(parse_rcpt(&rcpt, " "), SMAIL__PARAMETER_FINE);
    assert_int_equal(rcpt.notify, 0);
    assert_int_equal(parse_rcpt(&rcpt, " NOTIFY=DELAY,delay ORCPT=x-y;+41B"),
                     SMAIL__PARAMETER_FINE);
    assert_int_equal(rcpt.notify, SMAIL_SMTP_NOTIFY_DELAY);
    assert_true(smail__span_is(rcpt.orcpt_type, "x-y"));
    assert_true(smail__span_is(rcpt.orcpt_address, "AB"));
    assert_int_equal(parse_rcpt(&rcpt, " SIZE=1"), SMAIL__PARAMETER_UNKNOWN);
    memset(text + start, 'a', SMAIL__PARAMETER_ORCPT_MAX - 7);
    assert_int_equal(parse_rcpt(&rcpt, text), SMAIL__PARAMETER_FINE);
    assert_int_equal(rcpt.orcpt_address.len, SMAIL__PARAMETER_ORCPT_MAX - 7);
    text[start + SMAIL__PARAMETER_ORCPT_MAX - 7] = 'a';
    assert_int_equal(parse_rcpt(&rcpt, text), SMAIL__PARAMETER_SYNTAX);
}

/* One below, at and above what the options allow. */
static void limits_of_values(void **state)
{
    static const struct {
        const char *text;
        enum smail__parameter_result result;
    } cases[] = {
        { " BY=59;R", SMAIL__PARAMETER_TOO_SOON },
        { " BY=60;R", SMAIL__PARAMETER_FINE },
        { " BY=59;N", SMAIL__PARAMETER_FINE },
        { " BY=999999999;RT", SMAIL__PARAMETER_FINE },
        { " BY=1000000000;RT", SMAIL__PARAMETER_SYNTAX },
        { " HOLDFOR=3600", SMAIL__PARAMETER_FINE },
        { " HOLDFOR=3601", SMAIL__PARAMETER_SYNTAX },
        { " HOLDUNTIL=1970-01-02T00:00:00Z", SMAIL__PARAMETER_FINE },
        { " HOLDUNTIL=1970-01-02T00:00:01Z", SMAIL__PARAMETER_SYNTAX },
        { " HOLDUNTIL=1970-01-01T00:00:01Z", SMAIL__PARAMETER_FINE },
        { " HOLDUNTIL=1970-01-01T00:00:00Z", SMAIL__PARAMETER_SYNTAX },
        { " MT-PRIORITY=-9", SMAIL__PARAMETER_FINE },
        { " MT-PRIORITY=9", SMAIL__PARAMETER_FINE },
        { " MT-PRIORITY=10", SMAIL__PARAMETER_SYNTAX },
    };
    smail_smtp_mail mail;

    (void)state;
    rules = (struct smail__parameter_rules){
        .known = ~0u,
        .min_deliver_by = 60,
        .max_future_release = 3600,
        .max_future_release_date = 86400,
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(parse(&mail, cases[i].text), cases[i].result);
}

static void utf8_only_where_allowed(void **state)
{
    smail_smtp_mail mail;

    (void)state;
    rules = (struct smail__parameter_rules){ .known = ~0u };
    assert_int_equal(parse(&mail, " AUTH=\xc3\xa4@b SMTPUTF8"),
                     SMAIL__PARAMETER_SYNTAX);
    rules.utf8 = true;
    assert_int_equal(parse(&mail, " AUTH=\xc3\xa4@b SMTPUTF8"),
                     SMAIL__PARAMETER_FINE);
    assert_true(mail.smtputf8);
    assert_int_equal(parse(&mail, " AUTH=\xe4@b SMTPUTF8"),
                     SMAIL__PARAMETER_SYNTAX);
    assert_int_equal(parse(&mail, " ENVID=\xc3\xa4 SMTPUTF8"),
                     SMAIL__PARAMETER_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_mail),
        cmocka_unit_test(what_is_wrong),
        cmocka_unit_test(all_of_rcpt),
        cmocka_unit_test(limits_of_values),
        cmocka_unit_test(utf8_only_where_allowed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
