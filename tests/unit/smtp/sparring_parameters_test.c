/* SPDX-License-Identifier: MIT */
/*
 * Every parameter of MAIL and RCPT that a client session is given comes out of
 * a server session as it went in; and the limits of one are those of the
 * other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <smtpmail/error.h>

#include "smtp/sparring.h"

#define MAILS 1000
#define RECIPIENTS_MAX 5
#define WORD_MAX 40

/* What the server names in its EHLO. */
#define SIZE_LIMIT 1000
#define HOLD_LIMIT 86400
#define HOLD_UNTIL_LIMIT 1893456000
#define BY_LIMIT 60

struct words {
    char id[WORD_MAX];
    char auth[WORD_MAX];
    char local[RECIPIENTS_MAX][WORD_MAX];
    char orcpt[RECIPIENTS_MAX][WORD_MAX];
};

struct bout {
    struct ring ring; /* first */
    unsigned mails;
    unsigned limit; /* of mails */
    struct words words;
    smail_smtp_mail mail; /* what was sent */
    smail_smtp_rcpt rcpts[RECIPIENTS_MAX];
    size_t count;
    size_t heard; /* RCPTs */
    unsigned arrived;
};

/* --- inventing ------------------------------------------------------------ */

/* Printable ASCII, with much of what has to be encoded. */
static smail_span invent_word(char *out, size_t max)
{
    static const char hard[] = "+=\\ <>;,%\"{}";
    size_t len = 1 + chance(max - 1);

    for (size_t i = 0; i < len; i++)
        out[i] = (char)(chance(3) == 0 ? hard[chance(sizeof(hard) - 1)]
                                       : '!' + (char)chance(94));
    return (smail_span){ out, len };
}

static smail_span invent_wide(char *out, size_t max)
{
    static const char *const parts[] = {
        "\xc3\xa4", "\xe2\x82\xac", "a", "+", "\xf0\x9f\x93\xa7", "\\", " ", "="
    };
    size_t len = 0;
    size_t wanted = 1 + chance(6);

    for (size_t i = 0; i < wanted; i++) {
        const char *part = parts[chance(8)];

        if (len + strlen(part) > max)
            break;
        memcpy(out + len, part, strlen(part));
        len += strlen(part);
    }
    return (smail_span){ out, len };
}

static void invent_times(smail_smtp_mail *mail)
{
    if (chance(3) == 0)
        mail->hold_for = (uint32_t)(1 + chance(HOLD_LIMIT));
    else if (chance(3) == 0)
        mail->hold_until = (int64_t)(1 + chance(HOLD_UNTIL_LIMIT));
    if (chance(3) == 0) {
        mail->by_mode = SMAIL_SMTP_BY_RETURN;
        mail->by_time = (int32_t)(BY_LIMIT + chance(1000));
    } else if (chance(3) == 0) {
        mail->by_mode = SMAIL_SMTP_BY_NOTIFY;
        mail->by_time = (int32_t)chance(2000) - 1000;
    }
    if (mail->by_mode != SMAIL_SMTP_BY_UNSAID)
        mail->by_trace = chance(2) == 0;
}

static void invent_mail(struct bout *b)
{
    smail_smtp_mail *mail = &b->mail;

    memset(mail, 0, sizeof(*mail));
    if (chance(3) != 0)
        mail->sender = (smail_path){ SMAIL__SPAN("\"a b\\\"c\""),
                                     SMAIL__SPAN("[IPv6:2001:db8::1]") };
    mail->size = chance(SIZE_LIMIT + 1);
    mail->body = (smail_smtp_body_type)chance(3);
    mail->smtputf8 = chance(2) == 0;
    mail->require_tls = chance(2) == 0;
    mail->ret = (smail_smtp_ret)chance(3);
    if (chance(2) == 0)
        mail->envelope_id = invent_word(b->words.id, 30);
    if (chance(2) == 0)
        mail->auth = invent_word(b->words.auth, WORD_MAX);
    invent_times(mail);
    if (chance(2) == 0) {
        mail->has_priority = true;
        mail->priority = (int)chance(19) - 9;
    }
}

static void invent_rcpt(struct bout *b, size_t i)
{
    smail_smtp_rcpt *rcpt = &b->rcpts[i];

    memset(rcpt, 0, sizeof(*rcpt));
    b->words.local[i][0] = (char)('a' + (char)i);
    rcpt->recipient =
        (smail_path){ { b->words.local[i], 1 }, SMAIL__SPAN("b.test") };
    if (b->mail.smtputf8 && chance(2) == 0)
        rcpt->recipient.domain = SMAIL__SPAN("b\xc3\xbc.test");
    rcpt->notify =
        chance(3) == 0 ? SMAIL_SMTP_NOTIFY_NEVER : (unsigned)chance(8) * 2;
    if (chance(2) == 0) {
        rcpt->orcpt_type = SMAIL__SPAN("rfc822");
        rcpt->orcpt_address = invent_word(b->words.orcpt[i], WORD_MAX);
    } else if (chance(2) == 0) {
        rcpt->orcpt_type = SMAIL__SPAN("utf-8");
        rcpt->orcpt_address = invent_wide(b->words.orcpt[i], WORD_MAX);
    }
}

static void send_mail(struct bout *b)
{
    smail_smtp_envelope envelope = SMAIL_SMTP_ENVELOPE_INIT;

    b->mails++;
    b->heard = 0;
    b->count = 1 + chance(RECIPIENTS_MAX);
    invent_mail(b);
    for (size_t i = 0; i < b->count; i++)
        invent_rcpt(b, i);
    envelope.mail = b->mail;
    envelope.recipients = b->rcpts;
    envelope.count = b->count;
    assert_int_equal(smail_smtp_client_send(b->ring.client, &envelope), 0);
}

/* --- comparing ------------------------------------------------------------ */

static void same_span(smail_span got, smail_span sent)
{
    assert_int_equal(got.len, sent.len);
    assert_true(smail__span_equal(got, sent));
}

static void same_path(const smail_path *got, const smail_path *sent)
{
    same_span(got->local, sent->local);
    same_span(got->domain, sent->domain);
}

static void same_mail(const smail_smtp_mail *got, const smail_smtp_mail *sent)
{
    smail_smtp_body_type body = sent->body;

    if (sent->smtputf8 && body == SMAIL_SMTP_BODY_7BIT)
        body = SMAIL_SMTP_BODY_8BITMIME;
    same_path(&got->sender, &sent->sender);
    assert_int_equal(got->size, sent->size);
    assert_int_equal(got->body, body);
    same_span(got->auth, sent->auth);
    assert_int_equal(got->smtputf8, sent->smtputf8);
    assert_int_equal(got->require_tls, sent->require_tls);
    assert_int_equal(got->ret, sent->ret);
    same_span(got->envelope_id, sent->envelope_id);
    assert_int_equal(got->by_mode, sent->by_mode);
    assert_int_equal(got->by_trace, sent->by_trace);
    assert_int_equal(got->by_time, sent->by_time);
    assert_int_equal(got->hold_for, sent->hold_for);
    assert_int_equal(got->hold_until, sent->hold_until);
    assert_int_equal(got->has_priority, sent->has_priority);
    assert_int_equal(got->priority, sent->priority);
}

static void same_rcpt(const smail_smtp_rcpt *got, const smail_smtp_rcpt *sent)
{
    same_path(&got->recipient, &sent->recipient);
    assert_int_equal(got->notify, sent->notify);
    same_span(got->orcpt_type, sent->orcpt_type);
    same_span(got->orcpt_address, sent->orcpt_address);
}

/* --- the two corners ------------------------------------------------------ */

static void on_server(struct ring *ring, const smail_smtp_event *event)
{
    struct bout *b = (struct bout *)ring;

    switch (event->type) {
    case SMAIL_SMTP_STARTTLS:
    case SMAIL_SMTP_CLOSE:
    case SMAIL_SMTP_RESET:
    case SMAIL_SMTP_BODY:
        return;
    case SMAIL_SMTP_MAIL:
        same_mail(&event->mail, &b->mail);
        break;
    case SMAIL_SMTP_RCPT:
        assert_true(b->heard < b->count);
        same_rcpt(&event->rcpt, &b->rcpts[b->heard++]);
        break;
    case SMAIL_SMTP_END_OF_DATA:
        assert_int_equal(b->heard, b->count);
        b->arrived++;
        break;
    default:
        break;
    }
    assert_int_equal(smail_smtp_server_accept(ring->server), 0);
}

/* Priorities and holding are offered once the client is logged in. */
static void on_client(struct ring *ring, const smail_smtp_client_event *event)
{
    struct bout *b = (struct bout *)ring;
    const smail_span empty = SMAIL__SPAN("");

    switch (event->type) {
    case SMAIL_SMTP_CLIENT_READY:
        if (!smail_smtp_client_is_authenticated(ring->client))
            assert_int_equal(
                smail_smtp_client_auth(ring->client, "PLAIN", &empty), 0);
        else if (!smail_smtp_client_offer(ring->client)->priority)
            assert_int_equal(smail_smtp_client_greet(ring->client), 0);
        else if (b->mails < b->limit)
            send_mail(b);
        else
            assert_int_equal(smail_smtp_client_quit(ring->client), 0);
        break;
    case SMAIL_SMTP_CLIENT_RECIPIENT:
    case SMAIL_SMTP_CLIENT_DONE:
        assert_int_equal(event->reply.code, 250);
        break;
    case SMAIL_SMTP_CLIENT_SEND_BODY:
        assert_int_equal(smail_smtp_client_body_end(ring->client), 0);
        break;
    default:
        break;
    }
}

static void on_turn(struct ring *ring)
{
    (void)ring;
}

static smail_smtp_server_options all_offered(void)
{
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;

    options.max_message_size = SIZE_LIMIT;
    options.max_commands = 1000000;
    options.offer_starttls = true;
    options.auth_mechanisms = "PLAIN";
    options.offer_chunking = true;
    options.offer_binarymime = true;
    options.offer_smtputf8 = true;
    options.offer_dsn = true;
    options.offer_requiretls = true;
    options.offer_mt_priority = true;
    options.offer_deliverby = true;
    options.offer_limits = true;
    options.min_deliver_by = BY_LIMIT;
    options.mt_priority_profile = "MIXER";
    options.max_future_release = HOLD_LIMIT;
    options.max_future_release_date = HOLD_UNTIL_LIMIT;
    return options;
}

static void begin(struct bout *b, smail_smtp_server_options server)
{
    smail_smtp_client_options client = SMAIL_SMTP_CLIENT_OPTIONS_INIT;

    client.tls = SMAIL_SMTP_TLS_REQUIRED;
    b->ring.on_server = on_server;
    b->ring.on_client = on_client;
    b->ring.on_turn = on_turn;
    ring_begin(&b->ring, server, client);
}

static void parameters_arrive_as_they_went(void **state)
{
    static struct bout b;

    (void)state;
    for (unsigned seed = 0; seed < 4; seed++) {
        memset(&b, 0, sizeof(b));
        b.limit = MAILS;
        srand(seed);
        begin(&b, all_offered());
        ring_fight(&b.ring);
        assert_int_equal(b.arrived, MAILS);
        ring_end(&b.ring);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_arrive_as_they_went),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
