/* SPDX-License-Identifier: MIT */
/* Transactions, client side: envelope, content, verdicts, pipelined or not. */
#include "smtp/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/error.h>

#include "smtp/dialogue.h"

static const smail_smtp_client_options plain = SMAIL_SMTP_CLIENT_OPTIONS_INIT;

static const smail_smtp_rcpt people[] = {
    { .recipient = { { "r0", 2 }, { "b.example", 9 } } },
    { .recipient = { { "r1", 2 }, { "b.example", 9 } } },
    { .recipient = { { "r2", 2 }, { "b.example", 9 } } },
};

static smail_smtp_envelope envelope_to(size_t count)
{
    smail_smtp_envelope envelope = SMAIL_SMTP_ENVELOPE_INIT;

    envelope.recipients = people;
    envelope.count = count;
    envelope.mail.sender =
        (smail_path){ SMAIL__SPAN("s"), SMAIL__SPAN("a.example") };
    envelope.mail.size = 10;
    return envelope;
}

static void begin(struct dialogue *d, smail_smtp_client_options options)
{
    dialogue_begin(d, options);
    dialogue_hear(d, DIALOGUE_HELLO);
    assert_said(d, "EHLO c.example\r\n");
    assert_events(d, "ready; ");
}

static void send_to(struct dialogue *d, size_t count)
{
    smail_smtp_envelope envelope = envelope_to(count);

    assert_int_equal(smail_smtp_client_send(d->client, &envelope), 0);
}

static void a_group_is_pipelined(void **state)
{
    smail_span content = SMAIL__SPAN(".dot\r\nx\r\n");
    struct dialogue d;

    (void)state;
    begin(&d, plain);
    send_to(&d, 2);
    assert_said(&d, "MAIL FROM:<s@a.example> SIZE=10\r\n"
                    "RCPT TO:<r0@b.example>\r\n"
                    "RCPT TO:<r1@b.example>\r\nDATA\r\n");
    dialogue_hear(&d, "250 2.1.0 ok\r\n250 ok\r\n550 5.1.1 no\r\n354 go\r\n");
    assert_events(&d, "rcpt 0 250; rcpt 1 550; body; ");
    assert_int_equal(smail_smtp_client_patience(d.client), 180);
    assert_int_equal(smail_smtp_client_body(d.client, &content), 0);
    assert_int_equal(content.len, 0);
    assert_said(&d, "..dot\r\nx\r\n");
    assert_int_equal(smail_smtp_client_body_end(d.client), 0);
    assert_said(&d, ".\r\n");
    assert_int_equal(smail_smtp_client_patience(d.client), 600);
    dialogue_hear(&d, "250 2.0.0 taken\r\n");
    assert_events(&d, "done 250; ready; ");
    send_to(&d, 1);
    dialogue_end(&d);
}

static void without_pipelining_one_by_one(void **state)
{
    smail_smtp_client_options options = plain;
    struct dialogue d;

    (void)state;
    options.no_pipelining = true;
    begin(&d, options);
    send_to(&d, 2);
    assert_said(&d, "MAIL FROM:<s@a.example> SIZE=10\r\n");
    dialogue_hear(&d, "250 ok\r\n");
    assert_said(&d, "RCPT TO:<r0@b.example>\r\n");
    dialogue_hear(&d, "250 ok\r\n");
    assert_said(&d, "RCPT TO:<r1@b.example>\r\n");
    dialogue_hear(&d, "250 ok\r\n");
    assert_said(&d, "DATA\r\n");
    assert_int_equal(smail_smtp_client_patience(d.client), 120);
    dialogue_hear(&d, "354 go\r\n");
    assert_events(&d, "rcpt 0 250; rcpt 1 250; body; ");
    dialogue_end(&d);
}

static void a_refused_sender(void **state)
{
    smail_smtp_client_options options = plain;
    struct dialogue d;

    (void)state;
    begin(&d, plain); /* the rest is on its way and has to be swallowed */
    send_to(&d, 1);
    dialogue_hear(&d, "550 no\r\n");
    assert_events(&d, "done 550; ");
    dialogue_hear(&d, "503 no\r\n503 no\r\n");
    dialogue_hear(&d, "250 reset\r\n");
    assert_events(&d, "ready; ");
    dialogue_end(&d);
    options.no_pipelining = true;
    begin(&d, options);
    send_to(&d, 1);
    dialogue_hear(&d, "550 no\r\n");
    assert_events(&d, "done 550; ready; ");
    dialogue_end(&d);
}

static void no_recipient_is_good(void **state)
{
    smail_smtp_client_options options = plain;
    struct dialogue d;

    (void)state;
    begin(&d, plain);
    send_to(&d, 2);
    dialogue_hear(&d, "250 ok\r\n550 no\r\n550 no\r\n503 no\r\n");
    assert_events(&d, "rcpt 0 550; rcpt 1 550; done 550; ");
    assert_said(&d, "MAIL FROM:<s@a.example> SIZE=10\r\n"
                    "RCPT TO:<r0@b.example>\r\n"
                    "RCPT TO:<r1@b.example>\r\nDATA\r\nRSET\r\n");
    dialogue_hear(&d, "250 ok\r\n");
    assert_events(&d, "ready; ");
    dialogue_end(&d);
    options.no_pipelining = true;
    begin(&d, options);
    send_to(&d, 1);
    dialogue_hear(&d, "250 ok\r\n");
    dialogue_hear(&d, "450 later\r\n");
    assert_events(&d, "rcpt 0 450; done 450; ");
    assert_said(&d, "MAIL FROM:<s@a.example> SIZE=10\r\n"
                    "RCPT TO:<r0@b.example>\r\nRSET\r\n");
    dialogue_hear(&d, "250 ok\r\n");
    assert_events(&d, "ready; ");
    dialogue_end(&d);
}

/* RFC 2920, 3.1: 354 all the same gets the empty message. */
static void data_granted_to_nobody(void **state)
{
    struct dialogue d;

    (void)state;
    begin(&d, plain);
    send_to(&d, 1);
    dialogue_hear(&d, "250 ok\r\n550 no\r\n");
    smail_smtp_client_sent(d.client, 1000);
    dialogue_hear(&d, "354 go\r\n");
    assert_said(&d, ".\r\n");
    dialogue_hear(&d, "554 no recipients\r\n");
    assert_events(&d, "rcpt 0 550; done 550; ready; ");
    dialogue_end(&d);
}

/* Refused MAIL, yet accepted RCPT and DATA: nothing may reach anybody. */
static void a_server_that_contradicts_itself(void **state)
{
    struct dialogue d;

    (void)state;
    begin(&d, plain);
    send_to(&d, 1);
    dialogue_hear(&d, "550 no\r\n250 ok\r\n354 go\r\n");
    assert_events(&d, "done 550; close nonsense; ");
    dialogue_end(&d);
    begin(&d, plain);
    send_to(&d, 1);
    dialogue_hear(&d, "250 ok\r\n250 ok\r\n250 ok\r\n");
    assert_events(&d, "rcpt 0 250; close nonsense; ");
    dialogue_end(&d);
}

static void data_and_content_may_be_refused(void **state)
{
    struct dialogue d;

    (void)state;
    begin(&d, plain);
    send_to(&d, 1);
    dialogue_hear(&d, "250 ok\r\n250 ok\r\n451 not now\r\n");
    assert_events(&d, "rcpt 0 250; done 451; ");
    dialogue_hear(&d, "250 reset\r\n");
    assert_events(&d, "ready; ");
    send_to(&d, 1);
    dialogue_hear(&d, "250 ok\r\n250 ok\r\n354 go\r\n");
    assert_int_equal(smail_smtp_client_body_end(d.client), 0);
    dialogue_hear(&d, "554 virus\r\n");
    assert_events(&d, "rcpt 0 250; body; done 554; ready; ");
    dialogue_end(&d);
}

static void a_reply_in_the_middle_of_content(void **state)
{
    struct dialogue d;

    (void)state;
    begin(&d, plain);
    send_to(&d, 1);
    dialogue_hear(&d, "250 ok\r\n250 ok\r\n354 go\r\n552 enough\r\n");
    assert_events(&d, "rcpt 0 250; body; done 552; close refused; ");
    dialogue_end(&d);
    begin(&d, plain);
    send_to(&d, 1);
    dialogue_hear(&d, "250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n");
    assert_events(&d, "rcpt 0 250; body; close nonsense; ");
    dialogue_end(&d);
    begin(&d, plain);
    send_to(&d, 1);
    dialogue_hear(&d, "250 ok\r\n421 bye\r\n");
    assert_events(&d, "done 421; close refused; ");
    dialogue_end(&d);
}

static void envelopes_that_cannot_be_sent(void **state)
{
    smail_smtp_envelope envelope = envelope_to(1);
    struct dialogue d;

    (void)state;
    dialogue_begin(&d, plain);
    assert_int_equal(smail_smtp_client_send(d.client, &envelope), SMAIL_ESTATE);
    assert_int_equal(smail_smtp_client_check(d.client, &envelope),
                     SMAIL_ESTATE);
    dialogue_end(&d);
    begin(&d, plain);
    envelope.count = 0;
    assert_int_equal(smail_smtp_client_send(d.client, &envelope), SMAIL_EINVAL);
    envelope = envelope_to(1);
    envelope.size = 0;
    assert_int_equal(smail_smtp_client_send(d.client, &envelope), SMAIL_EINVAL);
    envelope = envelope_to(1);
    envelope.recipient_size = 0;
    assert_int_equal(smail_smtp_client_send(d.client, &envelope), SMAIL_EINVAL);
    assert_said(&d, "");
    send_to(&d, 1);
    assert_int_equal(smail_smtp_client_obstacle(d.client)->type,
                     SMAIL_SMTP_OBSTACLE_NONE);
    dialogue_end(&d);
}

/* `again` of the events that the replies bring, in order. */
static void expect_again(const char *replies, const char *again)
{
    smail_span input = smail__span(replies);
    const smail_smtp_client_event *event;
    struct dialogue d;

    begin(&d, plain);
    send_to(&d, 3);
    for (;;) {
        assert_int_equal(smail_smtp_client_feed(&event, d.client, &input), 0);
        if (event->type == SMAIL_SMTP_CLIENT_NEED_INPUT)
            break;
        if (event->type == SMAIL_SMTP_CLIENT_RECIPIENT ||
            event->type == SMAIL_SMTP_CLIENT_DONE)
            assert_int_equal(event->again, *again++ == 'y');
        if (event->type == SMAIL_SMTP_CLIENT_SEND_BODY)
            assert_int_equal(smail_smtp_client_body_end(d.client), 0);
    }
    assert_int_equal(*again, '\0');
    dialogue_end(&d);
}

/* RFC 5321, 4.2.1 and 4.5.3.1.10. */
static void what_may_work_another_time(void **state)
{
    (void)state;
    expect_again("450 no\r\n", "y");
    expect_again("550 no\r\n", "n");
    expect_again("250 ok\r\n250 ok\r\n450 4.2.1 no\r\n550 no\r\n", "nyn");
    expect_again("250 ok\r\n250 ok\r\n552 many\r\n552 5.5.3 many\r\n", "nyy");
    expect_again("250 ok\r\n250 ok\r\n552 5.2.2 full\r\n", "nn");
    expect_again("250 ok\r\n552 many\r\n", "n");
    expect_again("250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"
                 "552 too large\r\n",
                 "nnnn");
    expect_again("250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"
                 "452 full\r\n",
                 "nnny");
}

/* Neither yes nor no is no answer to a command. */
static void replies_of_the_wrong_kind(void **state)
{
    static const char *const words[] = {
        "354 go\r\n",
        "250 ok\r\n354 go\r\n",
        "250 ok\r\n250 ok\r\n334 go\r\n",
        "250 ok\r\n250 ok\r\n220 go\r\n",
    };
    struct dialogue d;

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        begin(&d, plain);
        send_to(&d, 1);
        dialogue_hear(&d, words[i]);
        assert_non_null(strstr(d.events.data, "close nonsense; "));
        dialogue_end(&d);
    }
}

/* RFC 2033, 4.2. */
static void lmtp_settles_each_recipient(void **state)
{
    smail_smtp_client_options options = plain;
    struct dialogue d;

    (void)state;
    options.protocol = SMAIL_SMTP_PROTOCOL_LMTP;
    dialogue_begin(&d, options);
    dialogue_hear(&d, DIALOGUE_HELLO);
    assert_said(&d, "LHLO c.example\r\n");
    send_to(&d, 3);
    dialogue_hear(&d, "250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n");
    assert_int_equal(smail_smtp_client_body_end(d.client), 0);
    dialogue_hear(&d, "250 taken\r\n");
    assert_events(&d, "ready; rcpt 0 250; rcpt 1 550; rcpt 2 250; body; "
                      "settled 0 250; ");
    dialogue_hear(&d, "452 full\r\n");
    assert_events(&d, "settled 2 452; done 452; ready; ");
    dialogue_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_is_pipelined),
        cmocka_unit_test(without_pipelining_one_by_one),
        cmocka_unit_test(a_refused_sender),
        cmocka_unit_test(no_recipient_is_good),
        cmocka_unit_test(data_granted_to_nobody),
        cmocka_unit_test(a_server_that_contradicts_itself),
        cmocka_unit_test(data_and_content_may_be_refused),
        cmocka_unit_test(a_reply_in_the_middle_of_content),
        cmocka_unit_test(envelopes_that_cannot_be_sent),
        cmocka_unit_test(what_may_work_another_time),
        cmocka_unit_test(replies_of_the_wrong_kind),
        cmocka_unit_test(lmtp_settles_each_recipient),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
