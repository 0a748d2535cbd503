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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_mail),
        cmocka_unit_test(what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
