/* SPDX-License-Identifier: MIT */
/* delivery/talk.c - a courier's session with a host that has answered. */
#include <string.h>

#include "base/format.h"
#include "base/span.h"
#include "delivery/sender_internal.h"

static void start_tls(struct smail__courier *courier)
{
    struct smail__sender *sender = courier->sender;
    const struct smail__host *host = smail__courier_host(courier);
    struct smail__tls_wish wish = { .level = smail__courier_level(courier),
                                    .name = host->tls_name,
                                    .also = host->tls_also,
                                    .host = host };

    courier->is_shaking = true;
    sender->world.start_tls(sender->world.world, courier, &wish);
}

void smail__courier_secured(struct smail__courier *courier,
                            const struct smail__tls_got *got)
{
    courier->is_secured = true;
    courier->is_shaking = false;
    courier->tls = *got;
    smail__format(courier->tls_text, sizeof(courier->tls_text), "%s %s, %s%s",
                  got->protocol, got->cipher,
                  got->is_verified ? "verified: " : "not verified: ",
                  smail__courier_host(courier)->tls_reason);
    smail__courier_tls_done(courier);
    smail_smtp_client_secured(courier->client);
    smail__courier_patience(courier);
}

void smail__courier_connected(struct smail__courier *courier, size_t index)
{
    courier->address += index;
    courier->state = COURIER_TALKING;
    smail__courier_patience(courier);
    if (courier->lane->route->implicit_tls)
        start_tls(courier);
}

void smail__courier_leave(struct smail__courier *courier)
{
    courier->state = COURIER_LEAVING;
    if (smail_smtp_client_quit(courier->client) < 0) {
        smail__courier_end(courier, true);
        return;
    }
    courier->needs_wake = true;
    smail__courier_patience(courier);
    /* Nobody waits for the answer to it for minutes. */
    smail__courier_set_deadline(courier, 5000);
}

bool smail__courier_is_spare(const struct smail__courier *courier)
{
    return courier->state == COURIER_IDLE || courier->state == COURIER_LEAVING;
}

static bool wants_more(const struct smail__courier *courier)
{
    const struct smail__sender *sender = courier->sender;
    const smail_smtp_offer *offer = smail_smtp_client_offer(courier->client);
    unsigned most = sender->options.mails;

    if (offer->max_mails > 0 && offer->max_mails < most)
        most = offer->max_mails;
    return courier->mails < most && !sender->draining;
}

static void ask_for_more(struct smail__courier *courier)
{
    struct smail__sender *sender = courier->sender;

    smail__queue_claim_free(courier->claim);
    courier->claim = NULL;
    courier->state = COURIER_CLAIMING;
    courier->deadline = UINT64_MAX;
    if (smail__sender_claim_lane(sender, courier) < 0)
        smail__courier_leave(courier);
}

/* Ready, and nothing of it is unsettled. */
void smail__courier_next(struct smail__courier *courier)
{
    struct smail__sender *sender = courier->sender;
    struct lane *lane = courier->lane;

    if (courier->state == COURIER_LEAVING) {
        smail__courier_end(courier, true);
    } else if (sender->draining && smail__courier_has_mail(courier)) {
        smail__courier_fail_rest(courier, (smail_queue_outcome)0, 0, "", "", "",
                                 false);
    } else if (!courier->is_ready) {
        courier->state = COURIER_TALKING; /* RSET is under way, or so */
        smail__courier_patience(courier);
    } else if (!smail__courier_has_mail(courier)) {
        if (wants_more(courier))
            ask_for_more(courier);
        else
            smail__courier_leave(courier);
    } else if (!wants_more(courier) && courier->mails > 0) {
        /* The rest goes over a new session. */
        smail__courier_hang_up(courier, false);
        smail__courier_start_anew(courier);
    } else if (sender->now_ms < lane->next_mail_at) {
        courier->state = COURIER_PACED;
        courier->deadline = lane->next_mail_at;
    } else {
        if (lane->route->messages_per_minute > 0)
            lane->next_mail_at =
                sender->now_ms + 60000 / lane->route->messages_per_minute;
        courier->state = COURIER_TALKING;
        courier->is_ready = false;
        smail__mail_begin(courier);
        courier->needs_wake = true;
    }
}

static void on_ready(struct smail__courier *courier)
{
    courier->is_ready = true;
    if (!courier->is_secured)
        smail__courier_tls_missing(courier);
    if (courier->mail.is_open) {
        smail__mail_faulty(courier); /* RSET was said behind a BDAT */
        return;
    }
    if (smail__courier_has_login(courier)) {
        courier->is_ready = false;
        smail__courier_log_in(courier);
        return;
    }
    courier->has_refused_all = false;
    if (courier->state == COURIER_TALKING)
        smail__courier_next(courier);
}

static const char *words_of(smail_smtp_close_reason reason)
{
    switch (reason) {
    case SMAIL_SMTP_CLOSE_NO_TLS:
        return "TLS is required, and the host does not offer it";
    case SMAIL_SMTP_CLOSE_NONSENSE:
        return "what the host says is not SMTP";
    case SMAIL_SMTP_CLOSE_ENDLESS:
        return "the host's reply has no end";
    case SMAIL_SMTP_CLOSE_CONTENT:
        return "the content cannot be sent";
    case SMAIL_SMTP_CLOSE_NOMEM:
        return "out of memory";
    case SMAIL_SMTP_CLOSE_QUIT:
    case SMAIL_SMTP_CLOSE_REFUSED:
    case SMAIL_SMTP_CLOSE_ABANDONED:
        break;
    }
    return "the host closed the connection";
}

/* A host may close between two mails, also right behind the next MAIL, which
 * it has not seen then. */
static bool is_between_mails(const struct smail__courier *courier, int code,
                             const char *phase)
{
    return courier->mails > 0 && code == 0 &&
           (!courier->mail.is_open ||
            (courier->mail.answered == 0 && strcmp(phase, "MAIL") == 0));
}

/* The session is over, for whatever reason. */
static void over(struct smail__courier *courier, int code, smail_span status,
                 smail_span text, const char *phase)
{
    bool between = is_between_mails(courier, code, phase);

    smail__courier_hang_up(courier, true);
    if (courier->state == COURIER_SETTLING) {
        smail_smtp_client_free(courier->client);
        courier->client = NULL;
        return;
    }
    smail__courier_note(courier, code, status, phase, text);
    if (between && courier->mail.is_open)
        smail__mail_dispose(courier);
    if (courier->mail.is_open) {
        smail__lane_trouble(courier->sender, courier->lane);
        smail__mail_cut(courier);
    } else if (!smail__courier_has_mail(courier)) {
        smail__courier_end(courier, true);
    } else if (between) {
        smail__courier_start_anew(courier);
    } else {
        smail__lane_trouble(courier->sender, courier->lane);
        smail__courier_try_next(courier);
    }
}

static void on_close(struct smail__courier *courier,
                     const smail_smtp_client_event *event)
{
    const smail_smtp_reply *reply = &event->reply;
    const char *phase = smail_smtp_client_phase(courier->client);
    smail_span status = reply->status;
    char text[400];

    if (courier->state == COURIER_LEAVING) {
        smail__courier_end(courier, false);
        return;
    }
    if (reply->code != 0)
        smail__format(text, sizeof(text), "%.*s", SMAIL__SPAN_ARG(reply->text));
    else if (reply->text.len > 0)
        smail__format(text, sizeof(text), "%s: %.*s", words_of(event->reason),
                      SMAIL__SPAN_ARG(reply->text));
    else
        smail__format(text, sizeof(text), "%s", words_of(event->reason));
    if (event->reason == SMAIL_SMTP_CLOSE_NO_TLS) {
        smail__courier_tls_missing(courier);
        smail__courier_tls_words(text, sizeof(text), courier,
                                 words_of(event->reason),
                                 SMAIL__TLS_FAULT_NONE);
        status = SMAIL__SPAN("4.7.5");
    }
    over(courier, reply->code, status, smail__span(text), phase);
}

static bool can_go_without(const struct smail__courier *courier)
{
    return smail__courier_level(courier) == SMAIL__TLS_MAY &&
           !courier->is_secured && !courier->lane->route->implicit_tls;
}

void smail__courier_closed(struct smail__courier *courier, const char *why,
                           enum smail__tls_fault fault)
{
    /* Many a host says nothing of what it does not like, and hangs up. */
    bool tls_failed = fault != SMAIL__TLS_FAULT_NONE || courier->is_shaking;
    char words[400];
    const char *phase = courier->state == COURIER_CONNECTING ? "connect"
                        : tls_failed                         ? "STARTTLS"
                        : courier->client != NULL
                            ? smail_smtp_client_phase(courier->client)
                            : "connect";

    courier->is_linked = false;
    if (courier->is_done)
        return;
    if (courier->state == COURIER_LEAVING &&
        !smail__courier_has_mail(courier)) {
        smail__courier_end(courier, true);
        return;
    }
    courier->is_shaking = false;
    if (tls_failed) {
        if (fault == SMAIL__TLS_FAULT_NONE)
            fault = SMAIL__TLS_FAULT_OTHER;
        smail__courier_tls_failed(courier, fault);
        smail__courier_tls_words(words, sizeof(words), courier, why, fault);
        why = words;
    }
    if (tls_failed && can_go_without(courier)) {
        /* RFC 7435: better in the clear than not at all, where nobody has
         * promised more. */
        courier->no_tls = true;
        smail__courier_note(courier, 0, SMAIL__SPAN("4.7.5"), phase,
                            smail__span(why));
        smail__courier_connect(courier);
        return;
    }
    over(courier, 0, smail__span(tls_failed ? "4.7.5" : "4.4.2"),
         smail__span(why), phase);
}

void smail__courier_expired(struct smail__courier *courier)
{
    courier->deadline = UINT64_MAX;
    switch (courier->state) {
    case COURIER_CONNECTING:
        smail__courier_note(courier, 0, SMAIL__SPAN("4.4.1"), "connect",
                            SMAIL__SPAN("no answer in time"));
        smail__courier_try_next(courier);
        break;
    case COURIER_TALKING:
        if (courier->is_shaking) {
            smail__courier_hang_up(courier, true);
            smail__courier_closed(courier, "no answer in time",
                                  SMAIL__TLS_FAULT_OTHER);
            break;
        }
        over(courier, 0, SMAIL__SPAN("4.4.2"), SMAIL__SPAN("no answer in time"),
             smail_smtp_client_phase(courier->client));
        break;
    case COURIER_PACED:
        courier->state = COURIER_TALKING;
        smail__courier_next(courier);
        break;
    case COURIER_IDLE:
        smail__courier_leave(courier);
        break;
    case COURIER_LEAVING:
        smail__courier_end(courier, true);
        break;
    case COURIER_WAITING:
    case COURIER_SETTLING:
    case COURIER_CLAIMING:
        break;
    }
}

/* --- Events of the session ----------------------------------------------- */

/* False: nothing more can be done with the input now. */
static bool on_event(struct smail__courier *courier,
                     const smail_smtp_client_event *event)
{
    switch (event->type) {
    case SMAIL_SMTP_CLIENT_NEED_INPUT:
    case SMAIL_SMTP_CLIENT_WAIT:
        return false;
    case SMAIL_SMTP_CLIENT_READY:
        on_ready(courier);
        break;
    case SMAIL_SMTP_CLIENT_CHALLENGE:
        smail__courier_challenged(courier, event->challenge);
        break;
    case SMAIL_SMTP_CLIENT_AUTH_DONE:
        smail__courier_logged_in(courier, &event->reply);
        break;
    case SMAIL_SMTP_CLIENT_RECIPIENT:
        smail__mail_recipient(courier, event, false);
        break;
    case SMAIL_SMTP_CLIENT_SETTLED:
        smail__mail_recipient(courier, event, true);
        break;
    case SMAIL_SMTP_CLIENT_SEND_BODY:
        smail__mail_body(courier);
        courier->needs_wake = true;
        break;
    case SMAIL_SMTP_CLIENT_DONE:
        smail__mail_done(courier, event);
        break;
    case SMAIL_SMTP_CLIENT_STARTTLS:
        start_tls(courier);
        break;
    case SMAIL_SMTP_CLIENT_CLOSE:
        on_close(courier, event);
        return false;
    }
    return true;
}

void smail__courier_input(struct smail__courier *courier, smail_span *input)
{
    const smail_smtp_client_event *event;
    unsigned session = courier->session;
    size_t before = input->len;

    while (!courier->is_done && courier->session == session &&
           courier->client != NULL && courier->is_linked) {
        if (smail_smtp_client_feed(&event, courier->client, input) < 0)
            break;
        if (!on_event(courier, event))
            break;
    }
    if (input->len != before && courier->state == COURIER_TALKING &&
        !courier->is_done && courier->client != NULL)
        smail__courier_patience(courier);
}

smail_span smail__courier_output(struct smail__courier *courier)
{
    if (courier->client == NULL)
        return (smail_span){ NULL, 0 };
    if (courier->mail.is_open)
        smail__mail_body(courier);
    return smail_smtp_client_output(courier->client);
}

void smail__courier_sent(struct smail__courier *courier, size_t len)
{
    if (courier->client == NULL)
        return;
    smail_smtp_client_sent(courier->client, len);
    if (courier->state == COURIER_TALKING && len > 0)
        smail__courier_patience(courier);
}
