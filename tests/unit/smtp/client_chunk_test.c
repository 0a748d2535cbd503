/* SPDX-License-Identifier: MIT */
/* Content by BDAT (RFC 3030), in chunks, pipelined or not, and its failures. */
#include "smtp/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/error.h>

#include "smtp/dialogue.h"

#define ONE_BY_ONE "250-8BITMIME\r\n250-BINARYMIME\r\n250 CHUNKING\r\n"
#define PIPELINED "250-PIPELINING\r\n" ONE_BY_ONE
#define ENVELOPE "MAIL FROM:<>\r\nRCPT TO:<r0@b>\r\nRCPT TO:<r1@b>\r\n"

static const smail_smtp_rcpt people[] = {
    { .recipient = { { "r0", 2 }, { "b", 1 } } },
    { .recipient = { { "r1", 2 }, { "b", 1 } } },
};

static smail_smtp_client_options chunks_of(uint32_t size)
{
    smail_smtp_client_options options = SMAIL_SMTP_CLIENT_OPTIONS_INIT;

    options.chunk_size = size;
    return options;
}

static void send_two(struct dialogue *d, smail_smtp_body_type body)
{
    smail_smtp_envelope envelope = SMAIL_SMTP_ENVELOPE_INIT;

    envelope.recipients = people;
    envelope.count = 2;
    envelope.mail.body = body;
    assert_int_equal(smail_smtp_client_send(d->client, &envelope), 0);
}

static void body(struct dialogue *d, const char *text)
{
    smail_span content = smail__span(text);

    assert_int_equal(smail_smtp_client_body(d->client, &content), 0);
    assert_int_equal(content.len, 0);
}

static void to_the_content(struct dialogue *d,
                           smail_smtp_client_options options)
{
    dialogue_greet(d, options, PIPELINED);
    send_two(d, SMAIL_SMTP_BODY_7BIT);
    assert_said(d, ENVELOPE);
    dialogue_hear(d, "250 ok\r\n250 ok\r\n550 no\r\n");
    assert_events(d, "rcpt 0 250; rcpt 1 550; body; ");
}

static void a_small_mail_is_one_chunk(void **state)
{
    struct dialogue d;

    (void)state;
    to_the_content(&d, chunks_of(0));
    body(&d, ".a\r\n");
    body(&d, "..\r\n");
    assert_said(&d, "");
    assert_int_equal(smail_smtp_client_patience(d.client), 180);
    assert_int_equal(smail_smtp_client_body_end(d.client), 0);
    assert_said(&d, "BDAT 8 LAST\r\n.a\r\n..\r\n");
    assert_int_equal(smail_smtp_client_patience(d.client), 600);
    dialogue_hear(&d, "250 taken\r\n");
    assert_events(&d, "done 250; ready; ");
    dialogue_end(&d);
}

static void the_end_of_the_last_line(void **state)
{
    struct dialogue d;

    (void)state;
    to_the_content(&d, chunks_of(0)); /* nothing at all */
    assert_int_equal(smail_smtp_client_body_end(d.client), 0);
    assert_said(&d, "BDAT 0 LAST\r\n");
    dialogue_end(&d);
    to_the_content(&d, chunks_of(4)); /* a CRLF is added to a full chunk */
    body(&d, "abcd");
    assert_int_equal(smail_smtp_client_body_end(d.client), 0);
    assert_said(&d, "BDAT 6 LAST\r\nabcd\r\n");
    dialogue_end(&d);
}

/* No empty chunk at the end, whatever the pieces. */
static void chunks_are_as_large_as_asked(void **state)
{
    struct dialogue d;

    (void)state;
    for (size_t step = 1; step <= 12; step++) {
        smail_span all = SMAIL__SPAN("0123456789\r\n");

        to_the_content(&d, chunks_of(4));
        while (all.len > 0) {
            smail_span piece = smail__span_slice(all, 0, step);

            all = smail__span_from(all, step);
            assert_int_equal(smail_smtp_client_body(d.client, &piece), 0);
            assert_int_equal(piece.len, 0);
        }
        assert_int_equal(smail_smtp_client_body_end(d.client), 0);
        assert_said(&d, "BDAT 4\r\n0123BDAT 4\r\n4567BDAT 4 LAST\r\n89\r\n");
        dialogue_hear(&d, "250 ok\r\n250 ok\r\n");
        assert_events(&d, "");
        dialogue_hear(&d, "250 taken\r\n");
        assert_events(&d, "done 250; ready; ");
        dialogue_end(&d);
    }
}

/* Without PIPELINING each BDAT waits for the reply to the one before. */
static void chunks_one_by_one(void **state)
{
    smail_span all = SMAIL__SPAN("0123456789abcd\r\n");
    struct dialogue d;

    (void)state;
    dialogue_greet(&d, chunks_of(4), ONE_BY_ONE);
    send_two(&d, SMAIL_SMTP_BODY_7BIT);
    dialogue_hear(&d, "250 ok\r\n250 ok\r\n250 ok\r\n");
    assert_events(&d, "rcpt 0 250; rcpt 1 250; body; ");
    smail_smtp_client_sent(d.client, 1000);
    assert_int_equal(smail_smtp_client_body(d.client, &all), 0);
    assert_said(&d, "BDAT 4\r\n0123");
    assert_true(smail__span_is(all, "89abcd\r\n"));
    assert_int_equal(smail_smtp_client_body(d.client, &all), 0);
    assert_int_equal(all.len, 8);
    dialogue_hear(&d, "250 ok\r\n");
    assert_events(&d, "body; ");
    assert_int_equal(smail_smtp_client_body(d.client, &all), 0);
    assert_said(&d, "BDAT 4\r\n4567");
    assert_true(smail__span_is(all, "cd\r\n"));
    dialogue_hear(&d, "250 ok\r\n");
    assert_int_equal(smail_smtp_client_body(d.client, &all), 0);
    assert_said(&d, "BDAT 4\r\n89ab");
    assert_int_equal(all.len, 0);
    assert_int_equal(smail_smtp_client_body_end(d.client), 0);
    assert_said(&d, "");
    assert_events(&d, "body; ");
    dialogue_hear(&d, "250 ok\r\n");
    assert_said(&d, "BDAT 4 LAST\r\ncd\r\n");
    dialogue_hear(&d, "250 taken\r\n");
    assert_events(&d, "done 250; ready; ");
    dialogue_end(&d);
}

static void a_chunk_that_fails(void **state)
{
    smail_span more = SMAIL__SPAN("more");
    struct dialogue d;

    (void)state;
    to_the_content(&d, chunks_of(4)); /* the rest is on its way */
    body(&d, "01234567\r\n");
    assert_int_equal(smail_smtp_client_body_end(d.client), 0);
    smail_smtp_client_sent(d.client, 1000);
    dialogue_hear(&d, "452 4.3.1 full\r\n");
    assert_events(&d, "done 452; ");
    dialogue_hear(&d, "503 no\r\n");
    assert_said(&d, "");
    dialogue_hear(&d, "503 no\r\n");
    assert_said(&d, "RSET\r\n");
    dialogue_hear(&d, "250 ok\r\n");
    assert_events(&d, "ready; ");
    dialogue_end(&d);
    to_the_content(&d, chunks_of(4)); /* the rest was not yet handed over */
    body(&d, "0123456");
    smail_smtp_client_sent(d.client, 1000);
    dialogue_hear(&d, "552 no\r\n");
    assert_events(&d, "done 552; ");
    assert_said(&d, "RSET\r\n");
    assert_int_equal(smail_smtp_client_body(d.client, &more), SMAIL_ESTATE);
    assert_int_equal(smail_smtp_client_body_end(d.client), SMAIL_ESTATE);
    dialogue_end(&d);
}

/* RFC 3030, 2: only RSET clears what a failed BDAT leaves behind. */
static void the_last_chunk_fails(void **state)
{
    struct dialogue d;

    (void)state;
    to_the_content(&d, chunks_of(0));
    body(&d, "a\r\n");
    assert_int_equal(smail_smtp_client_body_end(d.client), 0);
    smail_smtp_client_sent(d.client, 1000);
    dialogue_hear(&d, "554 virus\r\n");
    assert_events(&d, "done 554; ");
    assert_said(&d, "RSET\r\n");
    dialogue_hear(&d, "250 ok\r\n");
    assert_events(&d, "ready; ");
    dialogue_end(&d);
}

static void nobody_takes_it(void **state)
{
    struct dialogue d;

    (void)state;
    dialogue_greet(&d, chunks_of(0), PIPELINED);
    send_two(&d, SMAIL_SMTP_BODY_7BIT);
    smail_smtp_client_sent(d.client, 1000);
    dialogue_hear(&d, "250 ok\r\n550 no\r\n550 no\r\n");
    assert_events(&d, "rcpt 0 550; rcpt 1 550; done 550; ");
    assert_said(&d, "RSET\r\n");
    dialogue_hear(&d, "250 ok\r\n");
    assert_events(&d, "ready; ");
    send_two(&d, SMAIL_SMTP_BODY_7BIT);
    smail_smtp_client_sent(d.client, 1000);
    dialogue_hear(&d, "550 no\r\n503 no\r\n503 no\r\n");
    assert_events(&d, "done 550; ");
    assert_said(&d, "RSET\r\n");
    dialogue_end(&d);
}

static void replies_that_make_no_sense(void **state)
{
    static const char *const words[] = { "354 go\r\n", "250 ok\r\n250 ok\r\n" };
    struct dialogue d;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        to_the_content(&d, chunks_of(4));
        body(&d, "01234");
        dialogue_hear(&d, words[i]);
        assert_events(&d, "close nonsense; ");
        dialogue_end(&d);
    }
    to_the_content(&d, chunks_of(4)); /* not asked, but plain */
    dialogue_hear(&d, "451 I am tired\r\n");
    assert_events(&d, "done 451; close refused; ");
    dialogue_end(&d);
    to_the_content(&d, chunks_of(4));
    body(&d, "01234");
    dialogue_hear(&d, "421 bye\r\n");
    assert_events(&d, "done 421; close refused; ");
    dialogue_end(&d);
}

static void binary_octets_pass_untouched(void **state)
{
    static const char octets[] = "\0\r\n\n.\r\rx\xff";
    smail_span content = { octets, sizeof(octets) - 1 };
    struct dialogue d;
    smail_span said;

    (void)state;
    dialogue_greet(&d, chunks_of(0), PIPELINED);
    send_two(&d, SMAIL_SMTP_BODY_BINARYMIME);
    assert_said(&d, "MAIL FROM:<> BODY=BINARYMIME\r\n"
                    "RCPT TO:<r0@b>\r\nRCPT TO:<r1@b>\r\n");
    dialogue_hear(&d, "250 ok\r\n250 ok\r\n250 ok\r\n");
    assert_int_equal(smail_smtp_client_body(d.client, &content), 0);
    assert_int_equal(smail_smtp_client_body_end(d.client), 0);
    said = smail_smtp_client_output(d.client);
    assert_int_equal(said.len, strlen("BDAT 9 LAST\r\n") + 9);
    assert_memory_equal(said.data + said.len - 9, octets, 9);
    dialogue_end(&d);
}

/* The connection lives on: BDAT can be taken back. */
static void content_that_cannot_be_sent(void **state)
{
    smail_span bad = SMAIL__SPAN("a\nb");
    smail_span eight = SMAIL__SPAN("\xc3\xa4");
    struct dialogue d;

    (void)state;
    to_the_content(&d, chunks_of(4));
    body(&d, "01234");
    assert_int_equal(smail_smtp_client_body(d.client, &bad), SMAIL_EMALFORMED);
    assert_int_equal(smail_smtp_client_content_fault(d.client),
                     SMAIL_SMTP_CONTENT_BARE);
    assert_said(&d, "BDAT 4\r\n0123");
    dialogue_hear(&d, "250 ok\r\n");
    assert_said(&d, "RSET\r\n");
    dialogue_hear(&d, "250 ok\r\n");
    assert_events(&d, "ready; ");
    send_two(&d, SMAIL_SMTP_BODY_7BIT);
    dialogue_hear(&d, "250 ok\r\n250 ok\r\n250 ok\r\n");
    smail_smtp_client_sent(d.client, 1000);
    assert_int_equal(smail_smtp_client_body(d.client, &eight),
                     SMAIL_EMALFORMED);
    assert_int_equal(smail_smtp_client_content_fault(d.client),
                     SMAIL_SMTP_CONTENT_EIGHT_BIT);
    assert_said(&d, "RSET\r\n");
    dialogue_hear(&d, "250 ok\r\n");
    assert_events(&d, "rcpt 0 250; rcpt 1 250; body; ready; ");
    dialogue_end(&d);
    to_the_content(&d, chunks_of(0));
    assert_int_equal(smail_smtp_client_body_fail(d.client), 0);
    assert_said(&d, "RSET\r\n");
    assert_int_equal(smail_smtp_client_body_fail(d.client), SMAIL_ESTATE);
    dialogue_end(&d);
}

/* RFC 2033, 4.3: the verdicts follow the last chunk, so that one waits. */
static void lmtp_settles_each_recipient(void **state)
{
    smail_smtp_client_options options = chunks_of(4);
    struct dialogue d;

    (void)state;
    options.protocol = SMAIL_SMTP_PROTOCOL_LMTP;
    dialogue_greet(&d, options, PIPELINED);
    send_two(&d, SMAIL_SMTP_BODY_7BIT);
    dialogue_hear(&d, "250 ok\r\n250 ok\r\n250 ok\r\n");
    smail_smtp_client_sent(d.client, 1000);
    body(&d, "0123456\r\n");
    assert_int_equal(smail_smtp_client_body_end(d.client), 0);
    assert_said(&d, "BDAT 4\r\n0123BDAT 4\r\n456\r");
    dialogue_hear(&d, "250 ok\r\n");
    assert_said(&d, "");
    dialogue_hear(&d, "250 ok\r\n");
    assert_said(&d, "BDAT 1 LAST\r\n\n");
    dialogue_hear(&d, "250 yes\r\n552 5.2.2 full\r\n");
    assert_events(&d, "rcpt 0 250; rcpt 1 250; body; settled 0 250; "
                      "settled 1 552; done 552; ready; ");
    dialogue_end(&d);
}

/* --- early content -------------------------------------------------------- */

static void begin_early(struct dialogue *d, smail_smtp_protocol protocol)
{
    smail_smtp_client_options options = chunks_of(4);

    options.early_content = true;
    options.protocol = protocol;
    dialogue_greet(d, options, PIPELINED);
    send_two(d, SMAIL_SMTP_BODY_7BIT);
    dialogue_hear(d, "");
    assert_events(d, "body; ");
}

static void one_round_trip(void **state)
{
    struct dialogue d;

    (void)state;
    begin_early(&d, SMAIL_SMTP_PROTOCOL_SMTP);
    body(&d, "01234\r\n");
    assert_int_equal(smail_smtp_client_body_end(d.client), 0);
    assert_said(&d, ENVELOPE "BDAT 4\r\n0123BDAT 3 LAST\r\n4\r\n");
    dialogue_hear(&d, "250 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n250 taken\r\n");
    assert_events(&d, "rcpt 0 250; rcpt 1 550; done 250; ready; ");
    dialogue_end(&d);
    begin_early(&d, SMAIL_SMTP_PROTOCOL_SMTP); /* replies in between */
    body(&d, "01234");
    dialogue_hear(&d, "250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n");
    body(&d, "56");
    assert_int_equal(smail_smtp_client_body_end(d.client), 0);
    dialogue_hear(&d, "250 taken\r\n");
    assert_events(&d, "rcpt 0 250; rcpt 1 250; done 250; ready; ");
    dialogue_end(&d);
}

static void in_vain(void **state)
{
    static const char *const words[][2] = {
        { "550 no\r\n503 no\r\n503 no\r\n503 no\r\n503 no\r\n", "done 550; " },
        { "250 ok\r\n550 no\r\n451 no\r\n503 no\r\n503 no\r\n",
          "rcpt 0 550; rcpt 1 451; done 451; " },
        { "250 ok\r\n250 ok\r\n250 no\r\n552 no\r\n503 no\r\n",
          "rcpt 0 250; rcpt 1 250; done 552; " },
    };
    struct dialogue d;

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        begin_early(&d, SMAIL_SMTP_PROTOCOL_SMTP);
        body(&d, "01234\r\n");
        assert_int_equal(smail_smtp_client_body_end(d.client), 0);
        smail_smtp_client_sent(d.client, 1000);
        dialogue_hear(&d, words[i][0]);
        assert_events(&d, words[i][1]);
        assert_said(&d, "RSET\r\n");
        dialogue_hear(&d, "250 ok\r\n");
        assert_events(&d, "ready; ");
        dialogue_end(&d);
    }
    begin_early(&d, SMAIL_SMTP_PROTOCOL_SMTP); /* nothing was handed over */
    dialogue_hear(&d, "550 no\r\n");
    assert_int_equal(smail_smtp_client_body_end(d.client), SMAIL_ESTATE);
    smail_smtp_client_sent(d.client, 1000);
    dialogue_hear(&d, "503 no\r\n503 no\r\n");
    assert_said(&d, "RSET\r\n");
    dialogue_end(&d);
    begin_early(&d, SMAIL_SMTP_PROTOCOL_SMTP); /* nor can it be */
    assert_int_equal(smail_smtp_client_body_fail(d.client), 0);
    smail_smtp_client_sent(d.client, 1000);
    dialogue_hear(&d, "250 ok\r\n250 ok\r\n250 ok\r\n");
    assert_events(&d, "");
    assert_said(&d, "RSET\r\n");
    dialogue_end(&d);
}

/* With nobody to take it, LMTP does not answer the last chunk at all. */
static void lmtp_keeps_the_last_chunk(void **state)
{
    struct dialogue d;

    (void)state;
    begin_early(&d, SMAIL_SMTP_PROTOCOL_LMTP);
    body(&d, "01234\r\n");
    assert_int_equal(smail_smtp_client_body_end(d.client), 0);
    assert_said(&d, ENVELOPE "BDAT 4\r\n0123");
    dialogue_hear(&d, "250 ok\r\n250 ok\r\n550 no\r\n");
    assert_said(&d, "");
    dialogue_hear(&d, "250 ok\r\n");
    assert_said(&d, "BDAT 3 LAST\r\n4\r\n");
    dialogue_hear(&d, "250 yes\r\n");
    assert_events(&d, "rcpt 0 250; rcpt 1 550; settled 0 250; done 250; "
                      "ready; ");
    dialogue_end(&d);
    begin_early(&d, SMAIL_SMTP_PROTOCOL_LMTP);
    body(&d, "0\r\n");
    assert_int_equal(smail_smtp_client_body_end(d.client), 0);
    assert_said(&d, ENVELOPE);
    dialogue_hear(&d, "250 ok\r\n250 ok\r\n550 no\r\n");
    assert_said(&d, "BDAT 3 LAST\r\n0\r\n");
    dialogue_end(&d);
}

static void chunks_have_a_size(void **state)
{
    smail_smtp_client_options options = chunks_of(1024 * 1024);
    smail_smtp_client *client;

    (void)state;
    options.hostname = "c";
    assert_int_equal(smail_smtp_client_new(&client, &options), 0);
    smail_smtp_client_free(client);
    options.chunk_size++;
    assert_int_equal(smail_smtp_client_new(&client, &options), SMAIL_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_mail_is_one_chunk),
        cmocka_unit_test(the_end_of_the_last_line),
        cmocka_unit_test(chunks_are_as_large_as_asked),
        cmocka_unit_test(chunks_one_by_one),
        cmocka_unit_test(a_chunk_that_fails),
        cmocka_unit_test(the_last_chunk_fails),
        cmocka_unit_test(nobody_takes_it),
        cmocka_unit_test(replies_that_make_no_sense),
        cmocka_unit_test(binary_octets_pass_untouched),
        cmocka_unit_test(content_that_cannot_be_sent),
        cmocka_unit_test(lmtp_settles_each_recipient),
        cmocka_unit_test(one_round_trip),
        cmocka_unit_test(in_vain),
        cmocka_unit_test(lmtp_keeps_the_last_chunk),
        cmocka_unit_test(chunks_have_a_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
