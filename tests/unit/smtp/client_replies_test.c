/* SPDX-License-Identifier: MIT */
/* Every kind of reply in every state: what comes of it, and what is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "smtp/dialogue.h"

#define HELLO "220 mx\r\n250-mx\r\n"
#define DATA_OFFER HELLO "250-PIPELINING\r\n250 AUTH LOGIN\r\n"
#define CHUNK_OFFER HELLO "250-PIPELINING\r\n250 CHUNKING\r\n"

enum deed { NOTHING, SEND, LOGIN, QUIT };
enum content { NONE, SOME, ALL };

/* How to get to a state. */
static const struct state {
    const char *phase;
    const char *greeting;
    enum deed deed;
    const char *words; /* heard after the deed */
    enum content content;
    const char *more; /* heard after the content */
} states[] = {
    { "greeting", "", NOTHING, "", NONE, "" },
    { "EHLO", "220 mx\r\n", NOTHING, "", NONE, "" },
    { "HELO", "220 mx\r\n502 no\r\n", NOTHING, "", NONE, "" },
    { "STARTTLS", HELLO "250 STARTTLS\r\n", NOTHING, "", NONE, "" },
    { "idle", DATA_OFFER, NOTHING, "", NONE, "" },
    { "AUTH", DATA_OFFER, LOGIN, "", NONE, "" },
    { "MAIL", DATA_OFFER, SEND, "", NONE, "" },
    { "RCPT", DATA_OFFER, SEND, "250 ok\r\n", NONE, "" },
    { "DATA", DATA_OFFER, SEND, "250 ok\r\n250 ok\r\n", NONE, "" },
    { "content", DATA_OFFER, SEND, "250 ok\r\n250 ok\r\n354 go\r\n", SOME, "" },
    { "end of content", DATA_OFFER, SEND, "250 ok\r\n250 ok\r\n354 go\r\n", ALL,
      "" },
    { "RCPT", CHUNK_OFFER, SEND, "250 ok\r\n", NONE, "" },
    { "content", CHUNK_OFFER, SEND, "250 ok\r\n250 ok\r\n", SOME, "" },
    { "end of content", CHUNK_OFFER, SEND, "250 ok\r\n250 ok\r\n", ALL, "" },
    { "end of content", CHUNK_OFFER, SEND, "250 ok\r\n250 ok\r\n", ALL,
      "250 ok\r\n" },
    { "content", CHUNK_OFFER, SEND, "250 ok\r\n250 ok\r\n", ALL, "450 no\r\n" },
    { "RSET", CHUNK_OFFER, SEND, "250 ok\r\n550 no\r\n", NONE, "" },
    { "QUIT", DATA_OFFER, QUIT, "", NONE, "" },
};

#define STATES (sizeof(states) / sizeof(states[0]))

static const char *const replies[] = {
    "250 a\r\n", "220 a\r\n", "334 YQ==\r\n", "354 a\r\n",
    "450 a\r\n", "550 a\r\n", "421 a\r\n",    "a\r\n",
};

#define REPLIES (sizeof(replies) / sizeof(replies[0]))

struct outcome {
    const char *events;
    const char *said;
};

/* Rows as `states`, columns as `replies`. */
static const struct outcome expected[STATES][REPLIES] = {
    {
        /* greeting */
        { "", "EHLO c.example\r\n" },
        { "", "EHLO c.example\r\n" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "close refused; ", "QUIT\r\n" },
        { "close refused; ", "QUIT\r\n" },
        { "close refused; ", "" },
        { "close nonsense; ", "" },
    },
    {
        /* EHLO */
        { "ready; ", "" },
        { "ready; ", "" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "close refused; ", "QUIT\r\n" },
        { "close refused; ", "QUIT\r\n" },
        { "close refused; ", "" },
        { "close nonsense; ", "" },
    },
    {
        /* HELO */
        { "ready; ", "" },
        { "ready; ", "" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "close refused; ", "QUIT\r\n" },
        { "close refused; ", "QUIT\r\n" },
        { "close refused; ", "" },
        { "close nonsense; ", "" },
    },
    {
        /* STARTTLS */
        { "close nonsense; ", "" },
        { "starttls; ", "" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "ready; ", "" },
        { "ready; ", "" },
        { "close refused; ", "" },
        { "close nonsense; ", "" },
    },
    {
        /* idle */
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "close refused; ", "QUIT\r\n" },
        { "close refused; ", "QUIT\r\n" },
        { "close refused; ", "" },
        { "close nonsense; ", "" },
    },
    {
        /* AUTH */
        { "auth 250; ready; ", "" },
        { "auth 220; ready; ", "" },
        { "challenge a; ", "" },
        { "close nonsense; ", "" },
        { "auth 450; ready; ", "" },
        { "auth 550; ready; ", "" },
        { "close refused; ", "" },
        { "close nonsense; ", "" },
    },
    {
        /* MAIL */
        { "", "" },
        { "", "" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "done 450; ", "" },
        { "done 550; ", "" },
        { "done 421; close refused; ", "" },
        { "close nonsense; ", "" },
    },
    {
        /* RCPT */
        { "rcpt 0 250; ", "" },
        { "rcpt 0 220; ", "" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "rcpt 0 450; done 450; ", "" },
        { "rcpt 0 550; done 550; ", "" },
        { "done 421; close refused; ", "" },
        { "close nonsense; ", "" },
    },
    {
        /* DATA */
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "body; ", "" },
        { "done 450; ", "RSET\r\n" },
        { "done 550; ", "RSET\r\n" },
        { "done 421; close refused; ", "" },
        { "close nonsense; ", "" },
    },
    {
        /* content */
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "done 450; close refused; ", "" },
        { "done 550; close refused; ", "" },
        { "done 421; close refused; ", "" },
        { "close nonsense; ", "" },
    },
    {
        /* end of content */
        { "done 250; ready; ", "" },
        { "done 220; ready; ", "" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "done 450; ready; ", "" },
        { "done 550; ready; ", "" },
        { "done 421; close refused; ", "" },
        { "close nonsense; ", "" },
    },
    {
        /* RCPT, then BDAT */
        { "rcpt 0 250; body; ", "" },
        { "rcpt 0 220; body; ", "" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "rcpt 0 450; done 450; ", "RSET\r\n" },
        { "rcpt 0 550; done 550; ", "RSET\r\n" },
        { "done 421; close refused; ", "" },
        { "close nonsense; ", "" },
    },
    {
        /* BDAT */
        { "", "" },
        { "", "" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "done 450; ", "RSET\r\n" },
        { "done 550; ", "RSET\r\n" },
        { "done 421; close refused; ", "" },
        { "close nonsense; ", "" },
    },
    {
        /* BDAT, the last */
        { "", "" },
        { "", "" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "done 450; ", "" },
        { "done 550; ", "" },
        { "done 421; close refused; ", "" },
        { "close nonsense; ", "" },
    },
    {
        /* BDAT, the last alone */
        { "done 250; ready; ", "" },
        { "done 220; ready; ", "" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "done 450; ", "RSET\r\n" },
        { "done 550; ", "RSET\r\n" },
        { "done 421; close refused; ", "" },
        { "close nonsense; ", "" },
    },
    {
        /* BDATs of a failed mail */
        { "", "RSET\r\n" },
        { "", "RSET\r\n" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "", "RSET\r\n" },
        { "", "RSET\r\n" },
        { "close refused; ", "" },
        { "close nonsense; ", "" },
    },
    {
        /* RSET */
        { "ready; ", "" },
        { "ready; ", "" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "close refused; ", "QUIT\r\n" },
        { "close refused; ", "QUIT\r\n" },
        { "close refused; ", "" },
        { "close nonsense; ", "" },
    },
    {
        /* QUIT */
        { "close quit; ", "" },
        { "close quit; ", "" },
        { "close nonsense; ", "" },
        { "close nonsense; ", "" },
        { "close quit; ", "" },
        { "close quit; ", "" },
        { "close quit; ", "" },
        { "close nonsense; ", "" },
    },
};

static void reach(struct dialogue *d, const struct state *state)
{
    smail_smtp_client_options options = SMAIL_SMTP_CLIENT_OPTIONS_INIT;
    smail_smtp_rcpt rcpt = { .recipient = { { "a", 1 }, { "b", 1 } } };
    smail_smtp_envelope envelope = SMAIL_SMTP_ENVELOPE_INIT;
    smail_span content = SMAIL__SPAN("012345\r\n");

    options.tls = SMAIL_SMTP_TLS_IF_OFFERED;
    options.chunk_size = 4;
    envelope.recipients = &rcpt;
    envelope.count = 1;
    dialogue_begin(d, options);
    dialogue_hear(d, state->greeting);
    if (state->deed == SEND)
        assert_int_equal(smail_smtp_client_send(d->client, &envelope), 0);
    if (state->deed == LOGIN)
        assert_int_equal(smail_smtp_client_auth(d->client, "LOGIN", NULL), 0);
    if (state->deed == QUIT)
        assert_int_equal(smail_smtp_client_quit(d->client), 0);
    dialogue_hear(d, state->words);
    if (state->content != NONE)
        assert_int_equal(smail_smtp_client_body(d->client, &content), 0);
    if (state->content == ALL)
        assert_int_equal(smail_smtp_client_body_end(d->client), 0);
    dialogue_hear(d, state->more);
    assert_string_equal(smail_smtp_client_phase(d->client), state->phase);
    smail_smtp_client_sent(d->client, 10000);
    smail__buf_clear(&d->events);
}

static void every_reply_in_every_state(void **state)
{
    struct dialogue d;

    (void)state;
    for (size_t i = 0; i < STATES; i++)
        for (size_t j = 0; j < REPLIES; j++) {
            reach(&d, &states[i]);
            dialogue_hear(&d, replies[j]);
            assert_events(&d, expected[i][j].events);
            assert_said(&d, expected[i][j].said);
            dialogue_end(&d);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reply_in_every_state),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
