/* SPDX-License-Identifier: MIT */
/*
 * The dialogues that RFCs print, played by the client session. Lines with
 * "S: " are heard, those with "C: " have to be said next. Where an RFC goes on
 * before the verdict is in, ours waits for it; after a refused mail it says
 * RSET.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "smtp/dialogue.h"

#define RECIPIENTS_MAX 3

struct play {
    const char *rfc;
    smail_smtp_client_options options;
    const char *sender;
    const char *recipients[RECIPIENTS_MAX];
    const char *content;
    const char *dialogue;
    const char *mechanism; /* to log in with */
    const char *responses; /* parted by '\n' */
};

static const struct play plays[] = {
    { "RFC 2920, 4: three recipients",
      { .hostname = "dbc.mtview.ca.us" },
      "mrose@dbc.mtview.ca.us",
      { "ned@innosoft.com", "dan@innosoft.com", "kvc@innosoft.com" },
      "text\r\n",
      "S: 220 innosoft.com SMTP service ready\n"
      "C: EHLO dbc.mtview.ca.us\n"
      "S: 250-innosoft.com\n"
      "S: 250 PIPELINING\n"
      "C: MAIL FROM:<mrose@dbc.mtview.ca.us>\n"
      "C: RCPT TO:<ned@innosoft.com>\n"
      "C: RCPT TO:<dan@innosoft.com>\n"
      "C: RCPT TO:<kvc@innosoft.com>\n"
      "C: DATA\n"
      "S: 250 sender <mrose@dbc.mtview.ca.us> OK\n"
      "S: 250 recipient <ned@innosoft.com> OK\n"
      "S: 250 recipient <dan@innosoft.com> OK\n"
      "S: 250 recipient <kvc@innosoft.com> OK\n"
      "S: 354 enter mail, end with line containing only \".\"\n"
      "C: text\n"
      "C: .\n"
      "S: 250 message sent\n"
      "C: QUIT\n"
      "S: 221 goodbye\n",
      NULL,
      NULL },
    { "RFC 2920, 4: no valid recipient, and DATA is refused",
      { .hostname = "dbc.mtview.ca.us" },
      "mrose@dbc.mtview.ca.us",
      { "nsb@thumper.bellcore.com", "galvin@tis.com" },
      "text\r\n",
      "S: 220 innosoft.com SMTP service ready\n"
      "C: EHLO dbc.mtview.ca.us\n"
      "S: 250-innosoft.com\n"
      "S: 250 PIPELINING\n"
      "C: MAIL FROM:<mrose@dbc.mtview.ca.us>\n"
      "C: RCPT TO:<nsb@thumper.bellcore.com>\n"
      "C: RCPT TO:<galvin@tis.com>\n"
      "C: DATA\n"
      "S: 250 sender <mrose@dbc.mtview.ca.us> OK\n"
      "S: 550 remote mail to <nsb@thumper.bellore.com> not allowed\n"
      "S: 550 remote mail to <galvin@tis.com> not allowed\n"
      "S: 554 no valid recipients given\n"
      "C: RSET\n"
      "S: 250 OK\n"
      "C: QUIT\n"
      "S: 221 goodbye\n",
      NULL,
      NULL },
    { "RFC 2920, 4: no valid recipient, and DATA is granted",
      { .hostname = "dbc.mtview.ca.us" },
      "mrose@dbc.mtview.ca.us",
      { "nsb@thumper.bellcore.com", "galvin@tis.com" },
      "text\r\n",
      "S: 220 innosoft.com SMTP service ready\n"
      "C: EHLO dbc.mtview.ca.us\n"
      "S: 250-innosoft.com\n"
      "S: 250 PIPELINING\n"
      "C: MAIL FROM:<mrose@dbc.mtview.ca.us>\n"
      "C: RCPT TO:<nsb@thumper.bellcore.com>\n"
      "C: RCPT TO:<galvin@tis.com>\n"
      "C: DATA\n"
      "S: 250 sender <mrose@dbc.mtview.ca.us> OK\n"
      "S: 550 remote mail to <nsb@thumper.bellore.com> not allowed\n"
      "S: 550 remote mail to <galvin@tis.com> not allowed\n"
      "S: 354 enter mail, end with line containing only \".\"\n"
      "C: .\n"
      "S: 554 no valid recipients\n"
      "C: QUIT\n"
      "S: 221 goodbye\n",
      NULL,
      NULL },
    { "RFC 3030, 4.1: simple chunking",
      { .hostname = "ymir.claremont.edu" },
      "Sam@Random.com",
      { "Susan@Random.com" },
      "To: Susan@random.com\r\nFrom: Sam@random.com\r\n"
      "Subject: This is a bodyless test message\r\n",
      "S: 220 cnri.reston.va.us SMTP service ready\n"
      "C: EHLO ymir.claremont.edu\n"
      "S: 250-cnri.reston.va.us says hello\n"
      "S: 250 CHUNKING\n"
      "C: MAIL FROM:<Sam@Random.com>\n"
      "S: 250 <Sam@Random.com> Sender ok\n"
      "C: RCPT TO:<Susan@Random.com>\n"
      "S: 250 <Susan@random.com> Recipient ok\n"
      "C: BDAT 86 LAST\n"
      "C: To: Susan@random.com\n"
      "C: From: Sam@random.com\n"
      "C: Subject: This is a bodyless test message\n"
      "S: 250 Message OK, 86 octets received\n"
      "C: QUIT\n"
      "S: 221 Goodbye\n",
      NULL,
      NULL },
    { "RFC 2033, 4.2: a verdict for each recipient",
      { .hostname = "foo.edu", .protocol = SMAIL_SMTP_PROTOCOL_LMTP },
      "chris@bar.com",
      { "pat@foo.edu", "jones@foo.edu", "green@foo.edu" },
      "Blah blah blah...\r\n...etc. etc. etc.\r\n",
      "S: 220 foo.edu LMTP server ready\n"
      "C: LHLO foo.edu\n"
      "S: 250-foo.edu\n"
      "S: 250-PIPELINING\n"
      "S: 250 SIZE\n"
      "C: MAIL FROM:<chris@bar.com>\n"
      "C: RCPT TO:<pat@foo.edu>\n"
      "C: RCPT TO:<jones@foo.edu>\n"
      "C: RCPT TO:<green@foo.edu>\n"
      "C: DATA\n"
      "S: 250 OK\n"
      "S: 250 OK\n"
      "S: 550 No such user here\n"
      "S: 250 OK\n"
      "S: 354 Start mail input; end with <CRLF>.<CRLF>\n"
      "C: Blah blah blah...\n"
      "C: ....etc. etc. etc.\n"
      "C: .\n"
      "S: 250 OK\n"
      "S: 452 <green@foo.edu> is temporarily over quota\n"
      "C: QUIT\n"
      "S: 221 foo.edu closing connection\n",
      NULL,
      NULL },
    { "RFC 7677, 3: SCRAM-SHA-256 in the framing of RFC 4954, 4",
      { .hostname = "client.example.com" },
      NULL,
      { NULL },
      NULL,
      "S: 220-smtp.example.com ESMTP Server\n"
      "S: 220 ready\n"
      "C: EHLO client.example.com\n"
      "S: 250-smtp.example.com Hello client.example.com\n"
      "S: 250 AUTH GSSAPI SCRAM-SHA-256\n"
      "C: AUTH SCRAM-SHA-256\n"
      "S: 334 \n"
      "C: biwsbj11c2VyLHI9ck9wck5HZndFYmVSV2diTkVrcU8=\n"
      "S: 334 cj1yT3ByTkdmd0ViZVJXZ2JORWtxTyVodllEcFdVYTJSYVRDQWZ1e"
      "EZJbGopaE5sRiRrMCxzPVcyMlphSjBTTlk3c29Fc1VFamI2Z1E9PSxpPTQwO"
      "TY=\n"
      "C: Yz1iaXdzLHI9ck9wck5HZndFYmVSV2diTkVrcU8laHZZRHBXVWEyUmFUQ"
      "0FmdXhGSWxqKWhObEYkazAscD1kSHpiWmFwV0lrNGpVaE4rVXRlOXl0YWc5e"
      "mpmTUhnc3FtbWl6N0FuZFZRPQ==\n"
      "S: 334 dj02cnJpVFJCaTIzV3BSUi93dHVwK21NaFVaVW4vZEI1bkxUSlJza"
      "mw5NUc0PQ==\n"
      "C: \n"
      "S: 235 2.7.0 Authentication successful\n"
      "C: QUIT\n"
      "S: 221 bye\n",
      "SCRAM-SHA-256",
      "n,,n=user,r=rOprNGfwEbeRWgbNEkqO\n"
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
      "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=\n\n" },
};

struct stage {
    struct dialogue d;
    const struct play *play;
    smail_span responses;
    bool logged_in;
    bool sent;
};

static smail_path path_of(const char *text)
{
    smail_path path;

    assert_int_equal(smail_path_parse(&path, smail__span(text), false), 0);
    return path;
}

static void on_ready(struct stage *s)
{
    smail_smtp_rcpt people[RECIPIENTS_MAX];
    smail_smtp_envelope envelope = SMAIL_SMTP_ENVELOPE_INIT;

    if (s->play->mechanism != NULL && !s->logged_in) {
        s->logged_in = true;
        assert_int_equal(
            smail_smtp_client_auth(s->d.client, s->play->mechanism, NULL), 0);
        return;
    }
    if (s->play->sender == NULL || s->sent) {
        assert_int_equal(smail_smtp_client_quit(s->d.client), 0);
        return;
    }
    memset(people, 0, sizeof(people));
    envelope.mail.sender = path_of(s->play->sender);
    envelope.recipients = people;
    while (envelope.count < RECIPIENTS_MAX &&
           s->play->recipients[envelope.count] != NULL) {
        people[envelope.count].recipient =
            path_of(s->play->recipients[envelope.count]);
        envelope.count++;
    }
    s->sent = true;
    assert_int_equal(smail_smtp_client_send(s->d.client, &envelope), 0);
}

static void act(struct stage *s, const smail_smtp_client_event *event)
{
    smail_span content;

    switch (event->type) {
    case SMAIL_SMTP_CLIENT_READY:
        on_ready(s);
        break;
    case SMAIL_SMTP_CLIENT_SEND_BODY:
        content = smail__span(s->play->content);
        assert_int_equal(smail_smtp_client_body(s->d.client, &content), 0);
        assert_int_equal(smail_smtp_client_body_end(s->d.client), 0);
        break;
    case SMAIL_SMTP_CLIENT_CHALLENGE:
        assert_int_equal(smail_smtp_client_respond(
                             s->d.client, smail__span_cut(&s->responses, '\n')),
                         0);
        break;
    case SMAIL_SMTP_CLIENT_CLOSE:
        assert_int_equal(event->reason, SMAIL_SMTP_CLOSE_QUIT);
        break;
    default:
        break;
    }
}

static void hear(struct stage *s, smail_span words)
{
    const smail_smtp_client_event *event;

    for (;;) {
        assert_int_equal(smail_smtp_client_feed(&event, s->d.client, &words),
                         0);
        if (event->type == SMAIL_SMTP_CLIENT_NEED_INPUT ||
            event->type == SMAIL_SMTP_CLIENT_WAIT)
            return;
        act(s, event);
    }
}

/* The next line that is said. */
static void expect(struct stage *s, smail_span line)
{
    smail_span said = smail_smtp_client_output(s->d.client);

    assert_true(said.len >= line.len + 2);
    assert_memory_equal(said.data, line.data, line.len);
    assert_memory_equal(said.data + line.len, "\r\n", 2);
    smail_smtp_client_sent(s->d.client, line.len + 2);
}

static void play(const struct play *play)
{
    struct stage s = { .play = play };
    smail_smtp_client_options options = play->options;
    smail_span dialogue = smail__span(play->dialogue);

    print_message("%s\n", play->rfc);
    options.size = sizeof(options);
    s.responses = smail__span(play->responses);
    smail__buf_init(&s.d.events, 1000, NULL);
    assert_int_equal(smail_smtp_client_new(&s.d.client, &options), 0);
    while (dialogue.len > 0) {
        smail_span line = smail__span_cut(&dialogue, '\n');
        smail_span words = smail__span_from(line, 3);

        if (line.data[0] == 'C') {
            expect(&s, words);
            continue;
        }
        hear(&s, words);
        hear(&s, SMAIL__SPAN("\r\n"));
    }
    assert_int_equal(smail_smtp_client_output(s.d.client).len, 0);
    assert_string_equal(smail_smtp_client_phase(s.d.client), "closed");
    dialogue_end(&s.d);
}

static void dialogues_of_the_rfcs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(plays) / sizeof(plays[0]); i++)
        play(&plays[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dialogues_of_the_rfcs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
