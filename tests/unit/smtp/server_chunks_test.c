/* SPDX-License-Identifier: MIT */
/*
 * Random talk: commands whole and broken, in random order, answered at random.
 * Whatever comes, a session fed at once and a session fed in bits have to say
 * and to ask the same, and events have to come in an order that makes sense.
 */
#include "smtp/server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/span.h"

#define ROUNDS 6000
#define WORDS_MAX 60
#define TALK_MAX 60000

static const struct {
    const char *bytes;
    size_t len;
} words[] = {
#define WORD(text)             \
    {                          \
        text, sizeof(text) - 1 \
    }
    WORD("EHLO c.example\r\n"),
    WORD("LHLO c.example\r\n"),
    WORD("HELO c.example\r\n"),
    WORD("MAIL FROM:<a@b.example>\r\n"),
    WORD("MAIL FROM:<> SIZE=10 BODY=8BITMIME\r\n"),
    WORD("MAIL FROM:<a@b.example> SIZE=99999\r\n"),
    WORD("RCPT TO:<y1@b.example>\r\n"),
    WORD("RCPT TO:<y2@b.example>\r\n"),
    WORD("RCPT TO:<n@b.example>\r\n"),
    WORD("RCPT TO:<broken\r\n"),
    WORD("DATA\r\n"),
    WORD("DATA\r\n"),
    WORD("DATA\r\n"),
    WORD("some text\r\n"),
    WORD("..\r\n.x\r\n"),
    WORD(".\r\n"),
    WORD(".\r\n"),
    WORD(".\r\n"),
    WORD("a much longer line of text that is longer than what fits in one\r\n"),
    WORD("RSET\r\n"),
    WORD("NOOP\r\n"),
    WORD("VRFY x\r\n"),
    WORD("AUTH PLAIN AGEAYg==\r\n"),
    WORD("AUTH LOGIN\r\n"),
    WORD("YWxpY2U=\r\n"),
    WORD("*\r\n"),
    WORD("QUIT\r\n"),
    WORD("\r\n"),
    WORD("\n"),
    WORD("\r"),
    WORD("\0"),
    WORD("NOOP\n"),
    WORD("\r\n.\r\n"),
    WORD("\xff\xfe"),
};

#define WORDS (sizeof(words) / sizeof(words[0]))

/* What a session came to. */
struct record {
    struct smail__buf said;
    struct smail__buf asked;
    unsigned questions;
    bool in_mail; /* between an accepted MAIL and its end */
    bool closed;
};

/* The same answer to the same question, whatever the chunks. */
static void decide(struct record *record, smail_smtp_server *session,
                   const smail_smtp_event *event)
{
    unsigned mood = record->questions++ % 11;
    bool yes = mood != 0;

    if (event->type == SMAIL_SMTP_RCPT)
        yes = event->rcpt.recipient.local.data[0] == 'y';
    if (event->type == SMAIL_SMTP_MAIL)
        assert_false(record->in_mail);
    if (event->type == SMAIL_SMTP_RCPT || event->type == SMAIL_SMTP_DATA ||
        event->type == SMAIL_SMTP_END_OF_DATA)
        assert_true(record->in_mail);
    if (event->type == SMAIL_SMTP_END_OF_DATA)
        record->in_mail = false;
    if (event->type == SMAIL_SMTP_AUTH && mood > 3)
        assert_int_equal(
            smail_smtp_server_challenge(session, SMAIL__SPAN("more")), 0);
    else if (yes)
        assert_int_equal(smail_smtp_server_accept(session), 0);
    else
        assert_int_equal(smail_smtp_server_reject(session, 550, "5.7.1", "no"),
                         0);
    if (event->type == SMAIL_SMTP_MAIL)
        record->in_mail = smail_smtp_server_in_transaction(session);
}

static void note(struct record *record, smail_smtp_server *session,
                 const smail_smtp_event *event)
{
    assert_false(record->closed);
    if (event->type == SMAIL_SMTP_BODY) {
        assert_true(record->in_mail);
        smail__buf_append(&record->asked, event->body);
        return;
    }
    smail__buf_printf(&record->asked, "<%d>", (int)event->type);
    switch (event->type) {
    case SMAIL_SMTP_RESET:
        assert_true(record->in_mail);
        record->in_mail = false;
        break;
    case SMAIL_SMTP_CLOSE:
        assert_false(record->in_mail);
        record->closed = true;
        break;
    default:
        decide(record, session, event);
    }
}

static void feed(struct record *record, smail_smtp_server *session,
                 smail_span input)
{
    const smail_smtp_event *event;

    for (;;) {
        smail_span output;

        assert_int_equal(smail_smtp_server_feed(&event, session, &input), 0);
        output = smail_smtp_server_output(session);
        smail__buf_append(&record->said, output);
        smail_smtp_server_sent(session, output.len);
        if (event->type == SMAIL_SMTP_NEED_INPUT ||
            (event->type == SMAIL_SMTP_WAIT && record->closed))
            break;
        if (event->type != SMAIL_SMTP_WAIT)
            note(record, session, event);
    }
}

static void talk(struct record *record, unsigned kind, smail_span all,
                 size_t step)
{
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;
    smail_smtp_server *session;

    *record = (struct record){ .closed = false };
    smail__buf_init(&record->said, TALK_MAX, NULL);
    smail__buf_init(&record->asked, TALK_MAX, NULL);
    options.hostname = "mx.example";
    options.auth_mechanisms = "PLAIN LOGIN";
    options.auth_without_tls = true;
    options.max_message_size = (kind & 1) != 0 ? 100 : 0;
    options.max_text_line = (kind & 2) != 0 ? 60 : 0;
    options.normalize_line_ends = (kind & 4) != 0;
    options.max_recipients = 2;
    options.max_command_line = (kind & 8) != 0 ? 64 : 0;
    if ((kind & 16) != 0)
        options.protocol = SMAIL_SMTP_PROTOCOL_LMTP;
    assert_int_equal(smail_smtp_server_new(&session, &options), 0);
    feed(record, session, SMAIL__SPAN(""));
    while (all.len > 0 && !record->closed) {
        feed(record, session, smail__span_slice(all, 0, step));
        all = smail__span_from(all, step);
    }
    smail_smtp_server_free(session);
}

static void forget(struct record *record)
{
    smail__buf_dispose(&record->said);
    smail__buf_dispose(&record->asked);
}

static void invent(struct smail__buf *out)
{
    size_t count = 1 + (size_t)rand() % WORDS_MAX;

    smail__buf_clear(out);
    if (rand() % 4 != 0) /* a sensible start gets further */
        smail__buf_puts(out, rand() % 2 ? "EHLO c\r\n" : "LHLO c\r\n");
    while (count-- > 0) {
        size_t i = (size_t)rand() % WORDS;

        smail__buf_append(out, (smail_span){ words[i].bytes, words[i].len });
    }
}

static void bits_make_no_difference(void **state)
{
    struct smail__buf wire;

    (void)state;
    smail__buf_init(&wire, TALK_MAX, NULL);
    srand(5321);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct record whole;
        struct record bits;

        invent(&wire);
        talk(&whole, round, smail__buf_span(&wire), SIZE_MAX);
        talk(&bits, round, smail__buf_span(&wire), 1 + (size_t)rand() % 9);
        assert_string_equal(whole.said.data, bits.said.data);
        assert_int_equal(whole.closed, bits.closed);
        forget(&whole);
        forget(&bits);
    }
    smail__buf_dispose(&wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_make_no_difference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
