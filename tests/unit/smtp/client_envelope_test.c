/* SPDX-License-Identifier: MIT */
/* MAIL and RCPT as they go out, by what is asked for and what is offered. */
#include "smtp/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/error.h>

#include "smtp/dialogue.h"

#define ALL                                                            \
    "250-PIPELINING\r\n250-SIZE 10000\r\n250-8BITMIME\r\n250-DSN\r\n"  \
    "250-AUTH PLAIN\r\n250-SMTPUTF8\r\n250-REQUIRETLS\r\n"             \
    "250-FUTURERELEASE 1000 2030-01-01T00:00:00Z\r\n250-DELIVERBY\r\n" \
    "250 MT-PRIORITY\r\n"
#define NOTHING "250 PIPELINING\r\n"

static const smail_smtp_client_options plain = SMAIL_SMTP_CLIENT_OPTIONS_INIT;

static smail_smtp_rcpt rcpt;

static smail_smtp_envelope one(void)
{
    smail_smtp_envelope envelope = SMAIL_SMTP_ENVELOPE_INIT;

    rcpt = (smail_smtp_rcpt){
        .recipient = { SMAIL__SPAN("r"), SMAIL__SPAN("b.test") },
    };
    envelope.recipients = &rcpt;
    envelope.count = 1;
    envelope.mail.sender =
        (smail_path){ SMAIL__SPAN("s"), SMAIL__SPAN("a.test") };
    return envelope;
}

/* What goes out to a server that offers this, over TLS. */
static void expect(const char *offer, const smail_smtp_envelope *envelope,
                   const char *said)
{
    struct dialogue d;

    dialogue_begin(&d, plain);
    assert_int_equal(smail_smtp_client_secured(d.client), 0);
    dialogue_hear(&d, "220 mx\r\n250-mx\r\n");
    dialogue_hear(&d, offer);
    smail_smtp_client_sent(d.client, 1000);
    assert_int_equal(smail_smtp_client_check(d.client, envelope), 0);
    assert_said(&d, "");
    assert_int_equal(smail_smtp_client_send(d.client, envelope), 0);
    assert_said(&d, said);
    dialogue_end(&d);
}

static void nothing_is_asked_for(void **state)
{
    smail_smtp_envelope envelope = one();

    (void)state;
    expect(ALL, &envelope,
           "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n");
    expect(NOTHING, &envelope,
           "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n");
}

static void all_of_mail(void **state)
{
    smail_smtp_envelope envelope = one();
    smail_smtp_mail *mail = &envelope.mail;

    (void)state;
    mail->size = 10000;
    mail->body = SMAIL_SMTP_BODY_8BITMIME;
    mail->smtputf8 = true;
    mail->auth = SMAIL__SPAN("e+mc2=x@example.com");
    mail->require_tls = true;
    mail->ret = SMAIL_SMTP_RET_HDRS;
    mail->envelope_id = SMAIL__SPAN("QQ 314159+");
    mail->hold_for = 1000;
    mail->by_mode = SMAIL_SMTP_BY_NOTIFY;
    mail->by_time = -120;
    mail->by_trace = true;
    mail->priority = -4;
    expect(ALL, &envelope,
           "MAIL FROM:<s@a.test> SIZE=10000 BODY=8BITMIME SMTPUTF8 "
           "AUTH=e+2Bmc2+3Dx@example.com REQUIRETLS RET=HDRS "
           "ENVID=QQ+20314159+2B HOLDFOR=1000 BY=-120;NT MT-PRIORITY=-4\r\n"
           "RCPT TO:<r@b.test>\r\nDATA\r\n");
    *mail = (smail_smtp_mail){
        .auth = SMAIL__SPAN("<>"),
        .ret = SMAIL_SMTP_RET_FULL,
        .hold_until = 1893456000,
        .by_mode = SMAIL_SMTP_BY_RETURN,
        .by_time = 1,
        .has_priority = true,
    };
    expect(ALL, &envelope,
           "MAIL FROM:<> AUTH=<> RET=FULL HOLDUNTIL=2030-01-01T00:00:00Z "
           "BY=1;R MT-PRIORITY=0\r\nRCPT TO:<r@b.test>\r\nDATA\r\n");
}

/* What nobody has to honour is not said to those who do not know it. */
static void what_may_be_left_out(void **state)
{
    smail_smtp_envelope envelope = one();

    (void)state;
    envelope.mail.size = 1;
    envelope.mail.auth = SMAIL__SPAN("<>");
    envelope.mail.ret = SMAIL_SMTP_RET_FULL;
    envelope.mail.envelope_id = SMAIL__SPAN("id");
    envelope.mail.by_mode = SMAIL_SMTP_BY_NOTIFY;
    envelope.mail.by_time = 5;
    envelope.mail.priority = 3;
    rcpt.notify = SMAIL_SMTP_NOTIFY_NEVER;
    rcpt.orcpt_type = SMAIL__SPAN("rfc822");
    rcpt.orcpt_address = SMAIL__SPAN("x@y.test");
    expect(NOTHING, &envelope,
           "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test>\r\nDATA\r\n");
}

static void notify_and_orcpt(void **state)
{
    smail_smtp_envelope envelope = one();

    (void)state;
    rcpt.notify = SMAIL_SMTP_NOTIFY_NEVER;
    expect(ALL, &envelope,
           "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test> NOTIFY=NEVER\r\n"
           "DATA\r\n");
    rcpt.notify = SMAIL_SMTP_NOTIFY_DELAY;
    rcpt.orcpt_type = SMAIL__SPAN("rfc822");
    rcpt.orcpt_address = SMAIL__SPAN("\"a b\"+c=d@y.test");
    expect(ALL, &envelope,
           "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test> NOTIFY=DELAY "
           "ORCPT=rfc822;\"a+20b\"+2Bc+3Dd@y.test\r\nDATA\r\n");
    rcpt.notify = SMAIL_SMTP_NOTIFY_SUCCESS | SMAIL_SMTP_NOTIFY_FAILURE |
                  SMAIL_SMTP_NOTIFY_DELAY;
    rcpt.orcpt_type.len = 0;
    rcpt.orcpt_address.len = 0;
    expect(ALL, &envelope,
           "MAIL FROM:<s@a.test>\r\n"
           "RCPT TO:<r@b.test> NOTIFY=SUCCESS,FAILURE,DELAY\r\nDATA\r\n");
}

/* RFC 6533, 3: as it stands among those who know UTF-8, else as \x{HEX}. */
static void orcpt_in_utf8(void **state)
{
    smail_smtp_envelope envelope = one();

    (void)state;
    rcpt.orcpt_type = SMAIL__SPAN("utf-8");
    rcpt.orcpt_address = SMAIL__SPAN("\xc3\xa4 +=\\\xe2\x82\xac@y.test");
    expect(ALL, &envelope,
           "MAIL FROM:<s@a.test>\r\nRCPT TO:<r@b.test> "
           "ORCPT=utf-8;\\x{E4}\\x{20}\\x{2B}\\x{3D}\\x{5C}\\x{20AC}@y.test\r\n"
           "DATA\r\n");
    envelope.mail.smtputf8 = true;
    expect(ALL, &envelope,
           "MAIL FROM:<s@a.test> BODY=8BITMIME SMTPUTF8\r\n"
           "RCPT TO:<r@b.test> "
           "ORCPT=utf-8;\xc3\xa4\\x{20}\\x{2B}\\x{3D}\\x{5C}\xe2\x82\xac"
           "@y.test\r\nDATA\r\n");
}

/* RFC 6531, 3.4 and 3.6. */
static void an_address_in_utf8_asks_for_smtputf8(void **state)
{
    smail_smtp_envelope envelope = one();

    (void)state;
    rcpt.recipient.local = SMAIL__SPAN("\xc3\xa4");
    expect(ALL, &envelope,
           "MAIL FROM:<s@a.test> BODY=8BITMIME SMTPUTF8\r\n"
           "RCPT TO:<\xc3\xa4@b.test>\r\nDATA\r\n");
    envelope = one();
    envelope.mail.sender.domain = SMAIL__SPAN("\xc3\xa4.test");
    expect(ALL, &envelope,
           "MAIL FROM:<s@\xc3\xa4.test> BODY=8BITMIME SMTPUTF8\r\n"
           "RCPT TO:<r@b.test>\r\nDATA\r\n");
}

/* Older and smaller structs of the caller's are filled up with zeros. */
static void an_older_caller(void **state)
{
    struct old_rcpt {
        smail_path recipient;
    } people[2] = {
        { { SMAIL__SPAN("x"), SMAIL__SPAN("b.test") } },
        { { SMAIL__SPAN("y"), SMAIL__SPAN("b.test") } },
    };
    smail_smtp_envelope envelope = one();

    (void)state;
    envelope.size =
        offsetof(smail_smtp_envelope, mail) + offsetof(smail_smtp_mail, size);
    envelope.mail.size = 99; /* not there yet */
    envelope.recipient_size = sizeof(people[0]);
    envelope.recipients = (const smail_smtp_rcpt *)(const void *)people;
    envelope.count = 2;
    expect(ALL, &envelope,
           "MAIL FROM:<s@a.test>\r\nRCPT TO:<x@b.test>\r\n"
           "RCPT TO:<y@b.test>\r\nDATA\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_asked_for),
        cmocka_unit_test(all_of_mail),
        cmocka_unit_test(what_may_be_left_out),
        cmocka_unit_test(notify_and_orcpt),
        cmocka_unit_test(orcpt_in_utf8),
        cmocka_unit_test(an_address_in_utf8_asks_for_smtputf8),
        cmocka_unit_test(an_older_caller),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
