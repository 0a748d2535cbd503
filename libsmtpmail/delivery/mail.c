/* SPDX-License-Identifier: MIT */
/*
 * delivery/mail.c - one message within a session: some of its recipients, the
 * content, and what each of them was answered.
 */
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/span.h"
#include "delivery/sender_internal.h"

/* Replies of one mail, all together. */
#define TEXTS_MAX ((size_t)4 * 1024 * 1024)

static const struct smail__queue_message *message_of(
    const struct smail__courier *courier)
{
    const struct smail__queue_claim *claim = courier->claim;

    return &claim->messages[claim->items[courier->at].message];
}

static void close_content(struct smail__courier *courier)
{
    const struct smail__world *world = &courier->sender->world;

    if (courier->mail.content != NULL)
        world->close_content(world->world, courier->mail.content);
    courier->mail.content = NULL;
}

void smail__mail_dispose(struct smail__courier *courier)
{
    struct mail *mail = &courier->mail;

    close_content(courier);
    free(mail->rcpts);
    free(mail->settled);
    free(mail->chunk);
    smail__buf_dispose(&mail->texts);
    *mail = (struct mail){ .first = 0 };
}

int smail__mail_prepare(struct smail__courier *courier, size_t count)
{
    struct mail *mail = &courier->mail;

    smail__mail_dispose(courier);
    mail->first = courier->at;
    mail->count = count;
    mail->started_at = courier->sender->now;
    smail__buf_init(&mail->texts, TEXTS_MAX, NULL);
    mail->settled = calloc(count, sizeof(*mail->settled));
    mail->rcpts = calloc(count, sizeof(*mail->rcpts));
    return mail->settled == NULL || mail->rcpts == NULL ? SMAIL_ENOMEM : 0;
}

/* --- What came of it ----------------------------------------------------- */

/* The texts move while they are added to: offsets, until all are there. */
static smail_span keep(struct mail *mail, smail_span text)
{
    smail_span at = { (const char *)(uintptr_t)mail->texts.len, text.len };

    smail__buf_append(&mail->texts, text);
    return at;
}

static smail_span kept(const struct mail *mail, smail_span at)
{
    size_t offset = (size_t)(uintptr_t)at.data;

    if (offset + at.len > mail->texts.len)
        return (smail_span){ mail->texts.data, 0 };
    return (smail_span){ mail->texts.data + offset, at.len };
}

void smail__mail_set(struct smail__courier *courier, size_t index,
                     smail_queue_outcome outcome, int code, smail_span status,
                     smail_span text, const char *phase, bool is_remote)
{
    struct mail *mail = &courier->mail;
    struct smail__settled *settled = &mail->settled[index];
    bool waits = outcome == SMAIL_QUEUE_PUT_OFF || outcome == 0;
    char first = outcome == SMAIL_QUEUE_TAKEN ? '2' : waits ? '4' : '5';
    smail_span given = status;
    char fallback[] = { first, '.', '0', '.', '0' };

    settled->result.outcome = outcome;
    settled->code = code;
    settled->is_remote = is_remote;
    settled->result.phase = smail__span(phase);
    if (status.len == 0 || status.data[0] != first)
        status = (smail_span){ fallback, sizeof(fallback) };
    settled->status = keep(mail, status);
    if (is_remote && code != 0 && text.len > 0) {
        char words[1100];

        smail__format(words, sizeof(words), "%d %.*s%s%.*s", code,
                      SMAIL__SPAN_ARG(given), given.len > 0 ? " " : "",
                      SMAIL__SPAN_ARG(text));
        settled->result.reply = keep(mail, smail__span(words));
    } else {
        settled->result.reply = keep(mail, text);
    }
}

/* Who takes it tells the sender of the end of it, or cannot: then we say how
 * far it got (RFC 3461, 5.2.2 and 5.2.3). */
static enum reach how_far(const struct smail__courier *courier)
{
    enum smail__route_kind kind = courier->lane->route->kind;

    if (kind == SMAIL__ROUTE_LOCAL || kind == SMAIL__ROUTE_LMTP)
        return REACHED_MAILBOX;
    return courier->client != NULL &&
                   smail_smtp_client_offer(courier->client)->dsn
               ? REACHED_DSN
               : REACHED_OTHER;
}

/* When what is given back untried is worth another look. */
static int64_t back_at(const struct smail__courier *courier)
{
    const struct smail__sender *sender = courier->sender;
    const struct lane *lane = courier->lane;
    uint64_t wait =
        lane->state == LANE_DOWN && lane->down_until > sender->now_ms
            ? lane->down_until - sender->now_ms
            : 0;

    return sender->now + (int64_t)((wait + 999) / 1000);
}

static void fill_in(struct smail__courier *courier)
{
    struct mail *mail = &courier->mail;
    const struct smail__sender *sender = courier->sender;
    const struct smail__queue_message *message = message_of(courier);
    const struct lane *lane = courier->lane;
    bool at_host = courier->begun && lane->hosts != NULL &&
                   courier->host < lane->hosts->count;
    const struct smail__host *host =
        at_host ? &lane->hosts->list[courier->host] : NULL;
    char address[SMAIL__ADDRESS_TEXT] = "";
    smail_span where;

    if (at_host && courier->address < host->address_count)
        smail__endpoint_text(address, &host->addresses[courier->address]);
    where = keep(mail, smail__span(address));
    for (size_t i = 0; i < mail->count; i++) {
        struct smail__settled *one = &mail->settled[i];
        const struct smail__queue_item *item =
            &courier->claim->items[mail->first + i];

        one->recipient = &item->recipient;
        one->result.message = message->id;
        one->result.recipient = item->recipient.id;
        one->result.started_at = mail->started_at;
        one->result.ended_at = sender->now;
        one->status = kept(mail, one->status);
        one->result.reply = kept(mail, one->result.reply);
        one->result.address = kept(mail, where);
        one->result.host =
            smail__span(host != NULL ? host->name : lane->route->host);
        one->result.tls = smail__span(courier->tls_text);
        one->result.next_attempt = back_at(courier);
        if (one->result.outcome == 0 &&
            smail__outcome_is_due(one, sender, message))
            one->result.outcome = SMAIL_QUEUE_PUT_OFF;
        smail__outcome_decide(one, sender, message, how_far(courier));
    }
}

void smail__mail_log(const struct smail__courier *courier)
{
    const struct mail *mail = &courier->mail;
    const struct smail__world *world = &courier->sender->world;

    for (size_t i = 0; i < mail->count; i++)
        if (mail->settled[i].result.outcome != 0)
            world->log(world->world, "attempt", mail->settlement.message,
                       &mail->settled[i], mail->settled[i].result.reply);
}

/* Some of it is to be put into mailboxes here. */
static bool goes_home(const struct smail__courier *courier)
{
    const struct mail *mail = &courier->mail;

    if (courier->lane->route->kind != SMAIL__ROUTE_LOCAL)
        return false;
    for (size_t i = 0; i < mail->count; i++)
        if (mail->settled[i].result.outcome == SMAIL_QUEUE_TAKEN)
            return true;
    return false;
}

void smail__mail_settle(struct smail__courier *courier)
{
    struct mail *mail = &courier->mail;
    const struct smail__world *world = &courier->sender->world;

    close_content(courier);
    mail->is_open = false;
    fill_in(courier);
    mail->settlement = (struct smail__settlement){
        .message = message_of(courier),
        .destination = courier->claim->destination,
        .token = courier->claim->token,
        .now = courier->sender->now,
        .is_local = goes_home(courier),
        .list = mail->settled,
        .count = mail->count,
    };
    if (!mail->settlement.is_local) /* else it is yet to happen */
        smail__mail_log(courier);
    courier->at += mail->count;
    courier->state = COURIER_SETTLING;
    courier->deadline = UINT64_MAX;
    world->settle(world->world, courier, &mail->settlement);
}

static void set_all(struct smail__courier *courier, smail_queue_outcome outcome,
                    int code, smail_span status, smail_span text,
                    const char *phase, bool is_remote)
{
    for (size_t i = 0; i < courier->mail.count; i++)
        if (courier->mail.settled[i].result.outcome == 0)
            smail__mail_set(courier, i, outcome, code, status, text, phase,
                            is_remote);
}

/* --- Beginning ----------------------------------------------------------- */

static size_t count_recipients(const struct smail__courier *courier)
{
    const struct smail__queue_claim *claim = courier->claim;
    const smail_smtp_offer *offer = smail_smtp_client_offer(courier->client);
    size_t most = courier->sender->options.recipients, count = 0;

    if (offer->max_recipients > 0 && offer->max_recipients < most)
        most = offer->max_recipients;
    if (offer->max_domains == 1 && courier->lane->domain.len > 0 &&
        courier->lane->domain.data[0] == '@')
        most = 1; /* a relay takes many domains, this one does not */
    while (count < most && courier->at + count < claim->count &&
           claim->items[courier->at + count].message ==
               claim->items[courier->at].message)
        count++;
    return count;
}

/* "rfc822;bob@example.org" as it was given. */
static void set_orcpt(smail_smtp_rcpt *out, smail_span text)
{
    out->orcpt_type = smail__span_cut(&text, ';');
    out->orcpt_address = text;
}

static void set_recipient(smail_smtp_rcpt *out,
                          const struct smail__queue_recipient *recipient)
{
    if (smail_path_parse(&out->recipient, recipient->recipient, true) != 0)
        out->recipient = (smail_path){ recipient->recipient, { NULL, 0 } };
    out->notify = recipient->notify;
    if (recipient->original_recipient.len > 0)
        set_orcpt(out, recipient->original_recipient);
}

static void set_envelope(smail_smtp_envelope *out,
                         const struct smail__courier *courier)
{
    const struct smail__queue_message *message = message_of(courier);
    smail_smtp_mail *mail = &out->mail;
    int64_t left = message->by_at - courier->sender->now;

    (void)smail_path_parse(&mail->sender, message->sender, true);
    mail->size = message->size;
    mail->body = (smail_smtp_body_type)message->body;
    mail->smtputf8 = (message->flags & SMAIL__QUEUE_UTF8) != 0;
    mail->require_tls = (message->flags & SMAIL__QUEUE_REQUIRETLS) != 0;
    mail->ret = (smail_smtp_ret)message->ret;
    mail->envelope_id = message->envelope_id;
    mail->has_priority = (message->flags & SMAIL__QUEUE_PRIORITY) != 0;
    mail->priority = message->priority;
    mail->by_mode = (smail_smtp_by_mode)message->by_mode;
    mail->by_trace = (message->flags & SMAIL__QUEUE_BY_TRACE) != 0;
    if (mail->by_mode == SMAIL_SMTP_BY_RETURN && left < 1)
        left = 1; /* put_off() gives it up when it comes to that */
    mail->by_time = (int32_t)(left > 999999999    ? 999999999
                              : left < -999999999 ? -999999999
                                                  : left);
    out->recipients = courier->mail.rcpts;
    out->count = courier->mail.count;
}

/* RFC 8689, 4.2.1: the host must be who it claims to be. */
static bool needs_better_tls(const struct smail__courier *courier)
{
    return (message_of(courier)->flags & SMAIL__QUEUE_REQUIRETLS) != 0 &&
           message_of(courier)->sender.len > 0 &&
           !(courier->is_secured && courier->tls.is_verified);
}

/* What keeps it from this host, in words for its sender. */
static void cannot(struct smail__courier *courier)
{
    const smail_smtp_obstacle *obstacle =
        smail_smtp_client_obstacle(courier->client);
    bool later = obstacle->code / 100 == 4;
    char text[300];

    smail__format(text, sizeof(text), "not sent: %s", obstacle->text);
    set_all(courier, later ? SMAIL_QUEUE_PUT_OFF : SMAIL_QUEUE_REFUSED, 0,
            smail__span(obstacle->status), smail__span(text), "MAIL", false);
    courier->is_ready = true;
    smail__mail_settle(courier);
}

static void mark_in_hand(const struct smail__courier *courier, int64_t message)
{
    if (courier->sender->in_hand != NULL)
        *courier->sender->in_hand = message;
}

void smail__mail_begin(struct smail__courier *courier)
{
    smail_smtp_envelope envelope = SMAIL_SMTP_ENVELOPE_INIT;
    const struct smail__world *world = &courier->sender->world;
    struct mail *mail = &courier->mail;
    smail_error err = SMAIL_ERROR_INIT;

    mark_in_hand(courier, message_of(courier)->id);
    if (smail__mail_prepare(courier, count_recipients(courier)) < 0) {
        smail__courier_end(courier, true);
        return;
    }
    for (size_t i = 0; i < mail->count; i++)
        set_recipient(&mail->rcpts[i],
                      &courier->claim->items[courier->at + i].recipient);
    set_envelope(&envelope, courier);
    if (needs_better_tls(courier)) {
        set_all(courier, SMAIL_QUEUE_REFUSED, 0, SMAIL__SPAN("5.7.10"),
                SMAIL__SPAN("the message asks for TLS all the way, and this "
                            "host cannot prove who it is"),
                "MAIL", false);
        courier->is_ready = true;
        smail__mail_settle(courier);
    } else if (world->open(world->world, &mail->content, message_of(courier),
                           &err) < 0) {
        set_all(courier, SMAIL_QUEUE_PUT_OFF, 0, SMAIL__SPAN("4.3.0"),
                SMAIL__SPAN("the message cannot be read from the store"),
                "content", false);
        courier->is_ready = true;
        smail__mail_settle(courier);
    } else if (smail_smtp_client_send(courier->client, &envelope) < 0) {
        cannot(courier);
    } else {
        mail->is_open = true;
        smail__courier_patience(courier);
    }
    mark_in_hand(courier, 0);
}

/* --- Content ------------------------------------------------------------- */

/* Bytes from `offset` of prefix and content; 0 at the end. */
static int64_t read_some(struct smail__courier *courier)
{
    const struct smail__queue_message *message = message_of(courier);
    const struct smail__world *world = &courier->sender->world;
    struct mail *mail = &courier->mail;
    uint64_t prefix = message->prefix.len;
    smail_error err = SMAIL_ERROR_INIT;

    if (mail->offset < prefix) {
        size_t left = (size_t)(prefix - mail->offset);
        size_t len = left < CONTENT_CHUNK ? left : CONTENT_CHUNK;

        memcpy(mail->chunk, message->prefix.data + mail->offset, len);
        return (int64_t)len;
    }
    return world->read(world->world, mail->content,
                       mail->offset - prefix + message->skip, mail->chunk,
                       CONTENT_CHUNK, &err);
}

/* False: there is none now. */
static bool refill(struct smail__courier *courier)
{
    struct mail *mail = &courier->mail;
    int64_t got;

    if (mail->chunk == NULL)
        mail->chunk = malloc(CONTENT_CHUNK);
    got = mail->chunk != NULL ? read_some(courier) : SMAIL_ENOMEM;
    if (got > 0) {
        mail->offset += (uint64_t)got;
        mail->left = (smail_span){ mail->chunk, (size_t)got };
        return true;
    }
    mail->ended = true;
    mail->content_failed = got < 0;
    if (got < 0)
        smail_smtp_client_body_fail(courier->client);
    else
        (void)smail_smtp_client_body_end(courier->client);
    return false;
}

void smail__mail_body(struct smail__courier *courier)
{
    struct mail *mail = &courier->mail;

    if (!mail->is_open || mail->ended)
        return;
    mark_in_hand(courier, message_of(courier)->id);
    for (;;) {
        size_t before = mail->left.len;
        int code;

        /* Asks whether content is wanted, too. */
        code = smail_smtp_client_body(courier->client, &mail->left);
        if (code < 0) {
            mail->ended = code == SMAIL_EMALFORMED;
            break;
        }
        if (mail->left.len > 0 && mail->left.len == before)
            break;
        if (mail->left.len == 0 && !refill(courier))
            break;
    }
    mark_in_hand(courier, 0);
}

/* --- Answers ------------------------------------------------------------- */

static smail_queue_outcome outcome_of(const smail_smtp_client_event *event)
{
    if (event->reply.code / 100 == 2)
        return SMAIL_QUEUE_TAKEN;
    return event->again ? SMAIL_QUEUE_PUT_OFF : SMAIL_QUEUE_REFUSED;
}

void smail__mail_recipient(struct smail__courier *courier,
                           const smail_smtp_client_event *event, bool settled)
{
    struct mail *mail = &courier->mail;
    smail_queue_outcome outcome = outcome_of(event);

    if (!mail->is_open || event->recipient >= mail->count)
        return;
    mail->answered++;
    if (outcome == SMAIL_QUEUE_TAKEN && !settled)
        return; /* that much is not said before the content is */
    smail__mail_set(courier, event->recipient, outcome, event->reply.code,
                    event->reply.status, event->reply.text,
                    settled ? "end of content" : "RCPT", true);
}

void smail__mail_done(struct smail__courier *courier,
                      const smail_smtp_client_event *event)
{
    struct lane *lane = courier->lane;

    if (!courier->mail.is_open)
        return;
    courier->mails++;
    set_all(courier, outcome_of(event), event->reply.code, event->reply.status,
            event->reply.text, courier->mail.ended ? "end of content" : "MAIL",
            true);
    if (event->reply.code == 421)
        smail__lane_trouble(courier->sender, lane);
    else
        smail__lane_success(courier->sender, lane);
    smail__mail_settle(courier);
}

void smail__mail_faulty(struct smail__courier *courier)
{
    if (courier->mail.content_failed)
        set_all(courier, SMAIL_QUEUE_PUT_OFF, 0, SMAIL__SPAN("4.3.0"),
                SMAIL__SPAN("the message cannot be read from the store"),
                "content", false);
    else
        set_all(courier, SMAIL_QUEUE_REFUSED, 0, SMAIL__SPAN("5.6.0"),
                SMAIL__SPAN("not sent: the message holds what no mail may "
                            "hold, a bare CR, LF or NUL, or a line over 998 "
                            "octets"),
                "content", false);
    smail__mail_settle(courier);
}

static void lost(struct smail__courier *courier)
{
    bool doubtful = courier->mail.ended &&
                    strcmp(courier->trouble_phase, "end of content") == 0;
    char text[500];

    smail__format(text, sizeof(text), "%s%s", courier->trouble,
                  doubtful ? " (all of it was sent, and no answer came: it may "
                             "arrive twice)"
                           : "");
    set_all(courier, SMAIL_QUEUE_PUT_OFF, courier->trouble_code,
            smail__span(courier->trouble_status), smail__span(text),
            courier->trouble_phase, courier->trouble_code != 0);
    smail__mail_settle(courier);
}

void smail__mail_cut(struct smail__courier *courier)
{
    bool faulty = courier->mail.content_failed ||
                  smail_smtp_client_content_fault(courier->client) !=
                      SMAIL_SMTP_CONTENT_FINE;

    courier->session++;
    smail_smtp_client_free(courier->client);
    courier->client = NULL;
    courier->is_ready = false;
    if (faulty)
        smail__mail_faulty(courier);
    else
        lost(courier);
}
