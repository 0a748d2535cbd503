/* SPDX-License-Identifier: MIT */
/* Messages as users send them, and as they are stored; in any pieces. */
#include "server/submit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/span.h"

#define DATE "Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n"
#define ID "Message-ID: <0123@mail.example>\r\n"

static const struct {
    const char *sent, *stored;
} cases[] = {
    { "Subject: x\r\n\r\nbody\r\n", "Subject: x\r\n" DATE ID "\r\nbody\r\n" },
    { "Date: then\r\nMessage-Id: <a@b>\r\n\r\nbody\r\n",
      "Date: then\r\nMessage-Id: <a@b>\r\n\r\nbody\r\n" },
    { "DATE: then\r\n\r\n", "DATE: then\r\n" ID "\r\n" },
    { "Date : then\r\n\r\n", "Date : then\r\n" ID "\r\n" },
    { "Bcc: secret@a.example\r\nTo: b@c\r\n\r\nBcc: kept\r\n",
      "To: b@c\r\n" DATE ID "\r\nBcc: kept\r\n" },
    { "To: b@c\r\nbCC: one@a,\r\n two@b,\r\n\tthree@c\r\nX: y\r\n\r\n",
      "To: b@c\r\nX: y\r\n" DATE ID "\r\n" },
    { "Bcc: a\r\nBcc: b\r\n\r\n", DATE ID "\r\n" },
    { "Bccx: kept\r\nXBcc: kept\r\n\r\n",
      "Bccx: kept\r\nXBcc: kept\r\n" DATE ID "\r\n" },
    { "Resent-Bcc: kept\r\n\r\n", "Resent-Bcc: kept\r\n" DATE ID "\r\n" },
    { "A-Very-Long-Name-Indeed-Of-A-Field: v\r\n more\r\n\r\n",
      "A-Very-Long-Name-Indeed-Of-A-Field: v\r\n more\r\n" DATE ID "\r\n" },
    { "\r\nonly a body\r\n", DATE ID "\r\nonly a body\r\n" },
    { "no field\r\nat all\r\n", DATE ID "\r\nno field\r\nat all\r\n" },
    { "Subject: x\r\nno field\r\n",
      "Subject: x\r\n" DATE ID "\r\nno field\r\n" },
    { "Subject: x\r\n", "Subject: x\r\n" DATE ID },
    { " folded\r\n", DATE ID "\r\n folded\r\n" },
    { ": no name\r\n", DATE ID "\r\n: no name\r\n" },
    { "", DATE ID },
    { "short", DATE ID "\r\nshort" },
    { "Subject: \xe4\xb8\xad\r\n\r\n\xff\r\n",
      "Subject: \xe4\xb8\xad\r\n" DATE ID "\r\n\xff\r\n" },
};

static int collect(void *user, smail_span piece)
{
    smail__buf_append(user, piece);
    return smail__buf_error(user);
}

static void check(const char *sent, const char *stored, size_t step)
{
    struct smail__submit submit;
    struct smail__buf out;
    smail_span rest = smail__span(sent);

    smail__buf_init(&out, 100000, NULL);
    smail__submit_init(&submit, 0, "0123", "mail.example", collect, &out);
    while (rest.len > 0) {
        assert_int_equal(
            smail__submit_feed(&submit, smail__span_slice(rest, 0, step)), 0);
        rest = smail__span_from(rest, step);
    }
    assert_int_equal(smail__submit_end(&submit), 0);
    smail__buf_putc(&out, '\0');
    assert_string_equal(out.data, stored);
    smail__buf_dispose(&out);
}

static void headers_come_out_mended(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (size_t step = 1; step < 50; step += step < 5 ? 1 : 9)
            check(cases[i].sent, cases[i].stored, step);
}

static int refuse(void *user, smail_span piece)
{
    (void)user;
    (void)piece;
    return SMAIL_EIO;
}

static void a_failing_store_is_passed_up(void **state)
{
    struct smail__submit submit;

    (void)state;
    smail__submit_init(&submit, 0, "0123", "mail.example", refuse, NULL);
    assert_int_equal(smail__submit_feed(&submit, SMAIL__SPAN("To: a\r\n")),
                     SMAIL_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_come_out_mended),
        cmocka_unit_test(a_failing_store_is_passed_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
