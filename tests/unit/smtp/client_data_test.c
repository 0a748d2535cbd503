/* SPDX-License-Identifier: MIT */
/* Content by DATA: dots, line ends and lengths, and what may not be sent. */
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

static void to_the_content(struct dialogue *d)
{
    begin(d, plain);
    send_to(d, 1);
    dialogue_hear(d, "250 ok\r\n250 ok\r\n354 go\r\n");
    assert_events(d, "rcpt 0 250; body; ");
    smail_smtp_client_sent(d->client, 1000);
}

static void dots_are_stuffed_in_any_chunks(void **state)
{
    smail_span whole = SMAIL__SPAN(".\r\n..\r\na.b\r\n\r\n.c\r\nlast");
    struct dialogue d;

    (void)state;
    for (size_t step = 1; step <= whole.len; step++) {
        smail_span rest = whole;

        to_the_content(&d);
        while (rest.len > 0) {
            smail_span content = smail__span_slice(rest, 0, step);

            rest = smail__span_from(rest, step);
            assert_int_equal(smail_smtp_client_body(d.client, &content), 0);
            assert_int_equal(content.len, 0);
        }
        assert_int_equal(smail_smtp_client_body_end(d.client), 0);
        assert_said(&d, "..\r\n...\r\na.b\r\n\r\n..c\r\nlast\r\n.\r\n");
        dialogue_end(&d);
    }
}

static void bare_line_ends_are_never_sent(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } bad[] = { { "a\nb", 3 },   { "a\rb", 3 }, { "a\r\r\n", 4 }, { "a\0b", 3 },
                { "\r\n\n", 3 }, { "\n", 1 },   { "\r\n.\n", 4 } };
    struct dialogue d;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        smail_span content = { bad[i].bytes, bad[i].len };

        to_the_content(&d);
        assert_int_equal(smail_smtp_client_body(d.client, &content),
                         SMAIL_EMALFORMED);
        assert_said(&d, "");
        dialogue_hear(&d, "");
        assert_events(&d, "close content; ");
        dialogue_end(&d);
    }
    to_the_content(&d);
    smail_span content = SMAIL__SPAN("a\r");

    assert_int_equal(smail_smtp_client_body(d.client, &content), 0);
    assert_int_equal(smail_smtp_client_body_end(d.client), SMAIL_EMALFORMED);
    dialogue_hear(&d, "");
    assert_events(&d, "close content; ");
    assert_int_equal(smail_smtp_client_body_end(d.client), SMAIL_ESTATE);
    assert_int_equal(smail_smtp_client_body(d.client, &content), SMAIL_ESTATE);
    dialogue_end(&d);
}

static void fault_of(smail_span content, smail_smtp_content_fault fault)
{
    struct dialogue d;

    to_the_content(&d);
    assert_int_equal(smail_smtp_client_body(d.client, &content),
                     fault == SMAIL_SMTP_CONTENT_FINE ? 0 : SMAIL_EMALFORMED);
    assert_int_equal(smail_smtp_client_content_fault(d.client), fault);
    dialogue_hear(&d, "");
    assert_events(&d,
                  fault == SMAIL_SMTP_CONTENT_FINE ? "" : "close content; ");
    dialogue_end(&d);
}

/* RFC 5321, 4.5.3.1.6; the dot that is stuffed does not count. */
static void lines_have_a_length(void **state)
{
    static char line[1001];

    (void)state;
    memset(line, '.', sizeof(line));
    memcpy(line + 997, "\r\n", 2);
    fault_of((smail_span){ line, 999 }, SMAIL_SMTP_CONTENT_FINE);
    memcpy(line + 997, ".\r\n", 3);
    fault_of((smail_span){ line, 1000 }, SMAIL_SMTP_CONTENT_FINE);
    memcpy(line + 998, ".\r\n", 3);
    fault_of((smail_span){ line, 1001 }, SMAIL_SMTP_CONTENT_LONG);
    fault_of((smail_span){ line, 999 }, SMAIL_SMTP_CONTENT_LONG);
    fault_of(SMAIL__SPAN("a\nb"), SMAIL_SMTP_CONTENT_BARE);
    fault_of(SMAIL__SPAN("\x7f"), SMAIL_SMTP_CONTENT_FINE);
}

static void eight_bits_have_to_be_announced(void **state)
{
    smail_smtp_envelope envelope = envelope_to(1);
    smail_span content = SMAIL__SPAN("\xc3\xa4\r\n");
    struct dialogue d;

    (void)state;
    fault_of(content, SMAIL_SMTP_CONTENT_EIGHT_BIT);
    begin(&d, plain);
    envelope.mail.body = SMAIL_SMTP_BODY_8BITMIME;
    assert_int_equal(smail_smtp_client_send(d.client, &envelope), 0);
    dialogue_hear(&d, "250 ok\r\n250 ok\r\n354 go\r\n");
    smail_smtp_client_sent(d.client, 1000);
    assert_int_equal(smail_smtp_client_body(d.client, &content), 0);
    assert_said(&d, "\xc3\xa4\r\n");
    dialogue_end(&d);
}

static void content_that_cannot_be_had(void **state)
{
    struct dialogue d;

    (void)state;
    to_the_content(&d);
    assert_int_equal(smail_smtp_client_body_fail(d.client), 0);
    assert_said(&d, "");
    dialogue_hear(&d, "250 ok\r\n");
    assert_events(&d, "close content; ");
    dialogue_end(&d);
}

static void much_content_waits_for_the_output(void **state)
{
    static char much[500000];
    smail_span content = { much, sizeof(much) };
    struct dialogue d;
    size_t sent = 0;

    (void)state;
    memset(much, 'x', sizeof(much));
    for (size_t i = 998; i < sizeof(much); i += 1000)
        memcpy(much + i, "\r\n", 2);
    to_the_content(&d);
    while (content.len > 0) {
        size_t before = content.len;

        assert_int_equal(smail_smtp_client_body(d.client, &content), 0);
        assert_true(content.len < before);
        assert_true(smail_smtp_client_output(d.client).len <= 131072);
        sent += smail_smtp_client_output(d.client).len;
        smail_smtp_client_sent(d.client, sizeof(much));
    }
    assert_int_equal(sent, sizeof(much));
    dialogue_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dots_are_stuffed_in_any_chunks),
        cmocka_unit_test(bare_line_ends_are_never_sent),
        cmocka_unit_test(lines_have_a_length),
        cmocka_unit_test(eight_bits_have_to_be_announced),
        cmocka_unit_test(content_that_cannot_be_had),
        cmocka_unit_test(much_content_waits_for_the_output),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
