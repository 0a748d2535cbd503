/* SPDX-License-Identifier: MIT */
/*
 * Whole client sessions by script: the same whatever the pieces in which the
 * server's words arrive, and a clean end whatever allocation fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "smtp/dialogue.h"
#include "smtp/memory.h"

#define OFFER                                                         \
    "250-mx\r\n250-PIPELINING\r\n250-SIZE 100000\r\n250-8BITMIME\r\n" \
    "250-DSN\r\n250-SMTPUTF8\r\n250-XCLIENT NAME\r\n"                 \
    "250-MT-PRIORITY MIXER\r\n250-AUTH PLAIN LOGIN\r\n"

static const struct script {
    const char *name;
    smail_smtp_client_options options;
    bool login;
    unsigned mails;
    const char *words; /* the server's, all of them */
    const char *events;
    bool lone; /* of one recipient, not three */
} scripts[] = {
    { "data",
      { .max_reply_lines = 20 },
      false,
      2,
      "220 mx\r\n" OFFER "250 X\r\n"
      "250 ok\r\n250 ok\r\n550 5.1.1 no\r\n250-a\r\n250 b\r\n354 go\r\n"
      "250 2.0.0 taken\r\n"
      "250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n451 4.3.0 no\r\n250 ok\r\n"
      "221 bye\r\n",
      "ready; rcpt 0 250; rcpt 1 550; rcpt 2 250; body; done 250; ready; "
      "rcpt 0 250; rcpt 1 250; rcpt 2 250; done 451; ready; close quit; ",
      false },
    { "chunks",
      { .chunk_size = 1000 },
      false,
      2,
      "220 mx\r\n" OFFER "250 CHUNKING\r\n"
      "250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n"
      "250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n"
      "250 ok\r\n550 no\r\n550 no\r\n550 no\r\n250 reset\r\n221 bye\r\n",
      "ready; rcpt 0 250; rcpt 1 250; rcpt 2 250; body; done 250; ready; "
      "rcpt 0 550; rcpt 1 550; rcpt 2 550; done 550; ready; close quit; ",
      false },
    { "early",
      { .chunk_size = 3000, .early_content = true },
      false,
      1,
      "220 mx\r\n" OFFER "250 CHUNKING\r\n"
      "250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n250 ok\r\n250 taken\r\n"
      "221 bye\r\n",
      "ready; body; rcpt 0 250; rcpt 1 250; rcpt 2 250; done 250; ready; "
      "close quit; ",
      false },
    { "lmtp",
      { .protocol = SMAIL_SMTP_PROTOCOL_LMTP },
      false,
      1,
      "220 mx\r\n" OFFER "250 X\r\n"
      "250 ok\r\n250 ok\r\n450 no\r\n250 ok\r\n354 go\r\n"
      "250 taken\r\n552 5.2.2 full\r\n221 bye\r\n",
      "ready; rcpt 0 250; rcpt 1 450; rcpt 2 250; body; settled 0 250; "
      "settled 2 552; done 552; ready; close quit; ",
      false },
    { "login",
      { .tls = SMAIL_SMTP_TLS_NEVER, .no_pipelining = true },
      true,
      1,
      "220 mx\r\n" OFFER "250 X\r\n"
      "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n235 2.7.0 yes\r\n"
      "250 ok\r\n250 ok\r\n354 go\r\n250 taken\r\n221 bye\r\n",
      "ready; challenge Username:; challenge Password:; auth 235; ready; "
      "rcpt 0 250; body; done 250; ready; close quit; ",
      true },
    { "tls",
      { .tls = SMAIL_SMTP_TLS_REQUIRED },
      false,
      0,
      "220 mx\r\n" OFFER "250 STARTTLS\r\n220 go\r\n",
      "starttls; ",
      true },
    { "helo",
      { .tls = SMAIL_SMTP_TLS_IF_OFFERED },
      false,
      1,
      "220 mx\r\n500 what?\r\n250 hi\r\n"
      "250 ok\r\n250 ok\r\n354 go\r\n554 no\r\n221 bye\r\n",
      "ready; rcpt 0 250; body; done 554; ready; close quit; ",
      true },
};

#define SCRIPTS (sizeof(scripts) / sizeof(scripts[0]))

struct run {
    struct dialogue d;
    const struct script *script;
    struct smail__buf said;
    unsigned mails;
    bool logged_in;
};

static void send_mail(struct run *run)
{
    smail_smtp_rcpt people[3] = {
        { .recipient = { { "a", 1 }, { "b.test", 6 } },
          .notify = SMAIL_SMTP_NOTIFY_NEVER },
        { .recipient = { { "c", 1 }, { "b.test", 6 } },
          .orcpt_type = { "rfc822", 6 },
          .orcpt_address = { "x+y", 3 } },
        { .recipient = { { "d", 1 }, { "b.test", 6 } } },
    };
    smail_smtp_envelope envelope = SMAIL_SMTP_ENVELOPE_INIT;

    envelope.recipients = people;
    envelope.count = run->script->lone ? 1 : 3;
    envelope.mail.size = 5000;
    envelope.mail.envelope_id = SMAIL__SPAN("a=b");
    run->mails++;
    (void)smail_smtp_client_send(run->d.client, &envelope);
}

static void on_ready(struct run *run)
{
    if (run->script->login && !run->logged_in) {
        run->logged_in = true;
        (void)smail_smtp_client_auth(run->d.client, "LOGIN", NULL);
    } else if (run->mails < run->script->mails) {
        send_mail(run);
    } else {
        (void)smail_smtp_client_quit(run->d.client);
    }
}

/* 4000 octets in forty lines, many of them beginning with a dot. */
static void on_body(struct run *run)
{
    char line[101];
    smail_span content;

    memset(line, 'x', 98);
    memcpy(line + 98, "\r\n", 2);
    for (unsigned i = 0; i < 40; i++) {
        line[0] = i % 3 == 0 ? '.' : 'x';
        content = (smail_span){ line, 100 };
        if (smail_smtp_client_body(run->d.client, &content) != 0)
            return;
    }
    (void)smail_smtp_client_body_end(run->d.client);
}

static void act(struct run *run, const smail_smtp_client_event *event)
{
    dialogue_note(&run->d, event);
    if (event->type == SMAIL_SMTP_CLIENT_READY)
        on_ready(run);
    else if (event->type == SMAIL_SMTP_CLIENT_SEND_BODY)
        on_body(run);
    else if (event->type == SMAIL_SMTP_CLIENT_CHALLENGE)
        (void)smail_smtp_client_respond(run->d.client, event->challenge);
}

static void flush(struct run *run)
{
    smail_span said = smail_smtp_client_output(run->d.client);

    smail__buf_append(&run->said, said);
    smail_smtp_client_sent(run->d.client, said.len);
}

/* Hear one piece, and do what the events ask for. */
static void hear(struct run *run, smail_span input)
{
    const smail_smtp_client_event *event;

    while (smail_smtp_client_feed(&event, run->d.client, &input) == 0 &&
           event->type != SMAIL_SMTP_CLIENT_NEED_INPUT &&
           event->type != SMAIL_SMTP_CLIENT_WAIT) {
        act(run, event);
        flush(run);
    }
    flush(run);
}

static bool play(struct run *run, const struct script *script, size_t step,
                 const smail_mem *mem)
{
    smail_smtp_client_options options = script->options;
    smail_span words = smail__span(script->words);

    *run = (struct run){ .script = script };
    options.size = sizeof(options);
    options.hostname = "c.example";
    options.mem = mem;
    smail__buf_init(&run->d.events, 10000, NULL);
    smail__buf_init(&run->said, 100000, NULL);
    if (smail_smtp_client_new(&run->d.client, &options) != 0)
        return false;
    while (words.len > 0) {
        hear(run, smail__span_slice(words, 0, step));
        words = smail__span_from(words, step);
    }
    hear(run, words); /* what is owed after an error */
    return true;
}

static void end(struct run *run)
{
    dialogue_end(&run->d);
    smail__buf_dispose(&run->said);
}

static void any_pieces_give_the_same(void **state)
{
    struct run whole;
    struct run pieces;

    (void)state;
    for (size_t i = 0; i < SCRIPTS; i++) {
        assert_true(play(&whole, &scripts[i], 1000000, NULL));
        assert_string_equal(whole.d.events.data, scripts[i].events);
        for (size_t step = 1; step < 20; step++) {
            assert_true(play(&pieces, &scripts[i], step, NULL));
            assert_string_equal(pieces.d.events.data, scripts[i].events);
            assert_string_equal(pieces.said.data, whole.said.data);
            end(&pieces);
        }
        end(&whole);
    }
}

/* The nth allocation fails, for every n there is. */
static void no_memory_ends_it_cleanly(void **state)
{
    (void)state;
    for (size_t i = 0; i < SCRIPTS; i++) {
        struct meter meter = { .fail_at = 0 };

        do {
            const smail_mem mem = meter_mem(&meter);
            struct run run;
            long n = meter.fail_at + 1;

            meter = (struct meter){ .fail_at = n };
            if (play(&run, &scripts[i], 7, &mem)) {
                const char *events = run.d.events.data;
                bool failed = meter.calls >= n;

                if (events != NULL && failed)
                    assert_non_null(strstr(events, "close nomem; "));
                else
                    assert_string_equal(events, scripts[i].events);
            }
            end(&run);
            assert_int_equal(meter.live, 0);
            assert_true(n < 2000);
        } while (meter.calls >= meter.fail_at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_pieces_give_the_same),
        cmocka_unit_test(no_memory_ends_it_cleanly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
