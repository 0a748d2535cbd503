/* SPDX-License-Identifier: MIT */
/*
 * delivery/courier.c - one session with one host of a destination.
 *
 * The hosts are tried in their order, each at all its addresses at once (the
 * world sees to it that the first has a head start), until one greets. What goes wrong before that is the host's affair, and the next one
 * is tried; what the host says about a mail is about that mail.
 */
#include <stdlib.h>
#include <string.h>

#include "account/sasl_client.h"
#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "delivery/sender_internal.h"

static struct smail__sender *sender_of(struct smail__courier *courier)
{
    return courier->sender;
}

static const struct smail__host *host_of(const struct smail__courier *courier)
{
    return &courier->lane->hosts->list[courier->host];
}

static void set_deadline(struct smail__courier *courier, uint64_t milliseconds)
{
    courier->deadline = sender_of(courier)->now_ms + milliseconds;
}

void smail__courier_patience(struct smail__courier *courier)
{
    uint64_t seconds = smail_smtp_client_patience(courier->client);

    set_deadline(courier, seconds * 10 * sender_of(courier)->options.patience);
}

/* --- Its life ------------------------------------------------------------ */

struct smail__courier *smail__courier_new(struct smail__sender *sender,
                                          struct lane *lane,
                                          struct smail__queue_claim *claim)
{
    struct smail__courier *courier = calloc(1, sizeof(*courier));

    if (courier == NULL) {
        smail__queue_claim_free(claim);
        return NULL;
    }
    courier->sender = sender;
    courier->lane = lane;
    courier->id = ++sender->next_id;
    courier->deadline = UINT64_MAX;
    courier->state = COURIER_WAITING;
    courier->has_refused_all = true;
    smail__courier_take(courier, claim);
    courier->all_next = sender->couriers;
    if (sender->couriers != NULL)
        sender->couriers->all_previous = courier;
    sender->couriers = courier;
    courier->next = lane->couriers;
    if (lane->couriers != NULL)
        lane->couriers->previous = courier;
    lane->couriers = courier;
    lane->courier_count++;
    sender->courier_count++;
    return courier;
}

void smail__courier_free(struct smail__courier *courier)
{
    smail__queue_claim_free(courier->claim);
    smail__mail_dispose(courier);
    smail__sasl_client_free(courier->sasl);
    smail_smtp_client_free(courier->client);
    free(courier);
}

static void hang_up(struct smail__courier *courier, bool abort)
{
    if (courier->is_linked)
        sender_of(courier)->world.close(sender_of(courier)->world.world,
                                        courier, abort);
    courier->is_linked = false;
}

void smail__courier_end(struct smail__courier *courier, bool abort)
{
    struct smail__sender *sender = sender_of(courier);
    struct lane *lane = courier->lane;

    if (courier->is_done)
        return;
    courier->is_done = true;
    hang_up(courier, abort);
    if (courier->next != NULL)
        courier->next->previous = courier->previous;
    if (courier->previous != NULL)
        courier->previous->next = courier->next;
    else
        lane->couriers = courier->next;
    if (courier->all_next != NULL)
        courier->all_next->all_previous = courier->all_previous;
    if (courier->all_previous != NULL)
        courier->all_previous->all_next = courier->all_next;
    else
        sender->couriers = courier->all_next;
    lane->courier_count--;
    sender->courier_count--;
    courier->deadline = UINT64_MAX;
    courier->dead_next = sender->dead;
    sender->dead = courier;
    sender->claim_at = 0; /* there is room for another */
}

void smail__courier_take(struct smail__courier *courier,
                         struct smail__queue_claim *claim)
{
    smail__queue_claim_free(courier->claim);
    courier->claim = claim;
    courier->at = 0;
    courier->renew_at =
        sender_of(courier)->now_ms + (uint64_t)SMAIL__LEASE_SECONDS * 500;
}

static bool has_mail(const struct smail__courier *courier)
{
    return courier->claim != NULL && courier->at < courier->claim->count;
}

/* --- What goes wrong ----------------------------------------------------- */

static void note_trouble(struct smail__courier *courier, int code,
                         smail_span status, const char *phase, smail_span text)
{
    courier->trouble_code = code;
    smail__format(courier->trouble_status, sizeof(courier->trouble_status),
                  "%.*s", SMAIL__SPAN_ARG(status));
    smail__format(courier->trouble_phase, sizeof(courier->trouble_phase), "%s",
                  phase);
    smail__format(courier->trouble, sizeof(courier->trouble), "%.*s",
                  SMAIL__SPAN_ARG(text));
    if (code / 100 != 5)
        courier->has_refused_all = false;
}

/* What is left of the claim, message by message: each settled before the
 * next. */
static void apply_verdict(struct smail__courier *courier)
{
    const struct verdict *verdict = &courier->verdict;
    struct smail__queue_claim *claim = courier->claim;
    size_t count = 0;

    while (has_mail(courier) && courier->at + count < claim->count &&
           claim->items[courier->at + count].message ==
               claim->items[courier->at].message &&
           (count == 0 || !courier->one_by_one))
        count++;
    if (count == 0 || smail__mail_prepare(courier, count) < 0) {
        smail__courier_end(courier, true);
        return;
    }
    for (size_t i = 0; i < count; i++)
        smail__mail_set(courier, i, verdict->outcome, verdict->code,
                        smail__span(verdict->status),
                        smail__span(verdict->text), verdict->phase,
                        verdict->is_remote);
    smail__mail_settle(courier);
}

void smail__courier_fail_rest(struct smail__courier *courier,
                              smail_queue_outcome outcome, int code,
                              const char *status, const char *text,
                              const char *phase, bool is_remote)
{
    struct verdict *verdict = &courier->verdict;

    hang_up(courier, true);
    courier->has_verdict = true;
    verdict->outcome = outcome;
    verdict->code = code;
    verdict->is_remote = is_remote;
    smail__format(verdict->status, sizeof(verdict->status), "%s", status);
    smail__format(verdict->text, sizeof(verdict->text), "%s", text);
    smail__format(verdict->phase, sizeof(verdict->phase), "%s", phase);
    apply_verdict(courier);
}

/* Nobody at this destination could be talked to. */
static void give_up(struct smail__courier *courier)
{
    struct lane *lane = courier->lane;
    bool never = courier->has_refused_all && courier->trouble_code / 100 == 5;

    if (!never)
        smail__lane_down(sender_of(courier), lane, courier->trouble);
    smail__courier_fail_rest(
        courier, never ? SMAIL_QUEUE_REFUSED : SMAIL_QUEUE_PUT_OFF,
        courier->trouble_code,
        courier->trouble_status[0] != '\0' ? courier->trouble_status
                                           : (never ? "5.3.0" : "4.4.1"),
        courier->trouble, courier->trouble_phase, courier->trouble_code != 0);
}

/* --- Connecting ---------------------------------------------------------- */

static enum smail__tls_level level_of(const struct smail__courier *courier)
{
    return courier->no_tls ? SMAIL__TLS_NONE : host_of(courier)->tls;
}

static int new_client(struct smail__courier *courier)
{
    smail_smtp_client_options options = SMAIL_SMTP_CLIENT_OPTIONS_INIT;
    const struct smail__route *route = courier->lane->route;
    enum smail__tls_level level = level_of(courier);

    courier->session++;
    smail__sasl_client_free(courier->sasl);
    courier->sasl = NULL;
    smail_smtp_client_free(courier->client);
    courier->client = NULL;
    options.hostname = route->hostname != NULL ? route->hostname
                                               : sender_of(courier)->hostname;
    options.protocol = route->kind == SMAIL__ROUTE_LMTP
                           ? SMAIL_SMTP_PROTOCOL_LMTP
                           : SMAIL_SMTP_PROTOCOL_SMTP;
    options.early_content = true;
    options.tls = level == SMAIL__TLS_NONE  ? SMAIL_SMTP_TLS_NEVER
                  : level == SMAIL__TLS_MAY ? SMAIL_SMTP_TLS_IF_OFFERED
                                            : SMAIL_SMTP_TLS_REQUIRED;
    return smail_smtp_client_new(&courier->client, &options);
}

static void connect_here(struct smail__courier *courier)
{
    struct smail__sender *sender = sender_of(courier);
    const struct smail__host *host = host_of(courier);

    if (new_client(courier) < 0) {
        note_trouble(courier, 0, SMAIL__SPAN("4.3.0"), "connect",
                     SMAIL__SPAN("out of memory"));
        give_up(courier);
        return;
    }
    courier->state = COURIER_CONNECTING;
    courier->begun = true;
    courier->is_secured = false;
    courier->is_shaking = false;
    courier->is_counted = courier->no_tls; /* by the one that failed */
    courier->is_ready = false;
    courier->is_authenticated = false;
    courier->mails = 0;
    courier->tls = (struct smail__tls_got){ NULL, NULL, false };
    courier->tls_text[0] = '\0';
    courier->started_at = sender->now;
    courier->is_linked = true;
    set_deadline(courier, sender->options.connect_time);
    sender->world.connect(
        sender->world.world, courier, &host->addresses[courier->address],
        host->address_count - courier->address, courier->lane->route);
}

/* The next address, or host. False: there is none. */
static bool advance(struct smail__courier *courier)
{
    const struct smail__hosts *hosts = courier->lane->hosts;

    courier->no_tls = false;
    if (courier->begun)
        courier->address++;
    while (courier->host < hosts->count &&
           courier->address >= hosts->list[courier->host].address_count) {
        courier->host++;
        courier->address = 0;
    }
    return courier->host < hosts->count;
}

static void try_next(struct smail__courier *courier)
{
    /* All that are left of the host were called, and nobody answered. */
    if (courier->state == COURIER_CONNECTING)
        courier->address = host_of(courier)->address_count - 1;
    hang_up(courier, true);
    if (advance(courier))
        connect_here(courier);
    else
        give_up(courier);
}

static void discard(struct smail__courier *courier)
{
    smail__courier_fail_rest(courier, SMAIL_QUEUE_TAKEN, 0, "2.0.0",
                             "discarded, as its route says", "route", false);
}

static void refuse(struct smail__courier *courier)
{
    const char *text = courier->lane->route->text;
    smail_span left = smail__span(text != NULL ? text : "");
    smail_span status = smail__span_cut(&left, ' ');
    char code[12] = "5.7.1";

    if (status.len > 4 && status.len < sizeof(code) && status.data[0] == '5' &&
        status.data[1] == '.')
        smail__format(code, sizeof(code), "%.*s", SMAIL__SPAN_ARG(status));
    else
        left = smail__span(text);
    smail__courier_fail_rest(courier, SMAIL_QUEUE_REFUSED, 0, code,
                             left.len > 0 ? left.data
                                          : "this server sends nothing there",
                             "route", false);
}

/* The lane knows its hosts, or is down. */
void smail__courier_go(struct smail__courier *courier)
{
    struct lane *lane = courier->lane;
    const struct smail__hosts *hosts = lane->hosts;

    if (lane->route->kind == SMAIL__ROUTE_DISCARD) {
        discard(courier);
    } else if (lane->route->kind == SMAIL__ROUTE_FAIL) {
        refuse(courier);
    } else if (lane->route->kind == SMAIL__ROUTE_LOCAL) {
        smail__courier_fail_rest(courier, SMAIL_QUEUE_TAKEN, 0, "2.1.5",
                                 "250 2.1.5 Delivered", "mailbox", false);
    } else if (lane->state == LANE_DOWN || hosts == NULL) {
        smail__courier_fail_rest(courier, (smail_queue_outcome)0, 0, "4.4.1",
                                 lane->why, "not tried", false);
    } else if (hosts->code != 0) {
        bool never = hosts->code == 5;

        if (!never)
            smail__lane_down(sender_of(courier), lane, hosts->text);
        smail__courier_fail_rest(
            courier, never ? SMAIL_QUEUE_REFUSED : SMAIL_QUEUE_PUT_OFF, 0,
            hosts->status, hosts->text, "DNS", false);
    } else if (advance(courier)) {
        connect_here(courier);
    } else {
        note_trouble(courier, 0, SMAIL__SPAN("4.4.4"), "DNS",
                     SMAIL__SPAN("no host of the destination has an address"));
        give_up(courier);
    }
}

/* A new session with the host that it was at. */
static void start_anew(struct smail__courier *courier)
{
    courier->begun = false;
    courier->state = COURIER_WAITING;
    smail__lane_resolve(sender_of(courier), courier->lane);
}

/* --- Log-in -------------------------------------------------------------- */

static bool has_login(const struct smail__courier *courier)
{
    return courier->lane->route->user != NULL && !courier->is_authenticated;
}

static void no_login(struct smail__courier *courier, const char *text)
{
    note_trouble(courier, 0, SMAIL__SPAN("4.7.0"), "AUTH", smail__span(text));
    try_next(courier);
}

static void log_in(struct smail__courier *courier)
{
    const struct smail__route *route = courier->lane->route;
    const smail_smtp_offer *offer = smail_smtp_client_offer(courier->client);
    struct smail__sasl_credentials credentials = {
        .user = smail__span(route->user),
        .password = smail__span(route->password),
        .host = smail__span(host_of(courier)->name),
        .port = host_of(courier)->port,
        .is_secure = courier->is_secured,
        .offered = offer->mechanisms,
    };
    const char *name = smail__sasl_client_choose(&credentials);
    smail_span initial;
    smail_error err = SMAIL_ERROR_INIT;
    int first = 0;

    if (name == NULL) {
        no_login(courier, courier->is_secured
                              ? "the relay offers no way to log in that we know"
                              : "the relay offers no TLS, and a password is "
                                "not sent in the clear");
        return;
    }
    if (smail__sasl_client_new(&courier->sasl, name, &credentials, &err) < 0 ||
        (first = smail__sasl_client_initial(&initial, courier->sasl, &err)) <
            0 ||
        smail_smtp_client_auth(courier->client, name,
                               first > 0 ? &initial : NULL) < 0)
        no_login(courier, "cannot log in to the relay");
}

static void answer_challenge(struct smail__courier *courier,
                             smail_span challenge)
{
    smail_error err = SMAIL_ERROR_INIT;
    smail_span response;

    if (smail__sasl_client_respond(&response, courier->sasl, challenge, &err) <
        0)
        smail_smtp_client_cancel(courier->client);
    else
        smail_smtp_client_respond(courier->client, response);
}

static void logged_in(struct smail__courier *courier,
                      const smail_smtp_reply *reply)
{
    smail_error err = SMAIL_ERROR_INIT;
    bool yes = reply->code == 235 &&
               smail__sasl_client_finish(courier->sasl, &err) == 0;

    smail__sasl_client_free(courier->sasl);
    courier->sasl = NULL;
    courier->is_authenticated = yes;
    if (yes)
        return;
    /* A wrong password is the operator's to mend: the mail waits. */
    note_trouble(courier, reply->code == 235 ? 0 : reply->code,
                 SMAIL__SPAN("4.7.8"), "AUTH",
                 reply->code == 235 ? SMAIL__SPAN("the relay did not prove who "
                                                  "it is")
                                    : reply->text);
    courier->has_refused_all = false;
    try_next(courier);
}

/* --- Talking ------------------------------------------------------------- */

static void start_tls(struct smail__courier *courier)
{
    struct smail__sender *sender = sender_of(courier);
    const struct smail__host *host = host_of(courier);
    struct smail__tls_wish wish = { .level = level_of(courier),
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
                  host_of(courier)->tls_reason);
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
    set_deadline(courier, 5000);
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
    struct smail__sender *sender = sender_of(courier);

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
    struct smail__sender *sender = sender_of(courier);
    struct lane *lane = courier->lane;

    if (courier->state == COURIER_LEAVING) {
        smail__courier_end(courier, true);
    } else if (sender->draining && has_mail(courier)) {
        smail__courier_fail_rest(courier, (smail_queue_outcome)0, 0, "", "", "",
                                 false);
    } else if (!courier->is_ready) {
        courier->state = COURIER_TALKING; /* RSET is under way, or so */
        smail__courier_patience(courier);
    } else if (!has_mail(courier)) {
        if (wants_more(courier))
            ask_for_more(courier);
        else
            smail__courier_leave(courier);
    } else if (!wants_more(courier) && courier->mails > 0) {
        /* The rest goes over a new session. */
        hang_up(courier, false);
        start_anew(courier);
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
    if (has_login(courier)) {
        courier->is_ready = false;
        log_in(courier);
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

    hang_up(courier, true);
    if (courier->state == COURIER_SETTLING) {
        smail_smtp_client_free(courier->client);
        courier->client = NULL;
        return;
    }
    note_trouble(courier, code, status, phase, text);
    if (between && courier->mail.is_open)
        smail__mail_dispose(courier);
    if (courier->mail.is_open) {
        smail__lane_trouble(sender_of(courier), courier->lane);
        smail__mail_cut(courier);
    } else if (!has_mail(courier)) {
        smail__courier_end(courier, true);
    } else if (between) {
        start_anew(courier);
    } else {
        smail__lane_trouble(sender_of(courier), courier->lane);
        try_next(courier);
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
    return level_of(courier) == SMAIL__TLS_MAY && !courier->is_secured &&
           !courier->lane->route->implicit_tls;
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
    if (courier->state == COURIER_LEAVING && !has_mail(courier)) {
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
        note_trouble(courier, 0, SMAIL__SPAN("4.7.5"), phase, smail__span(why));
        connect_here(courier);
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
        note_trouble(courier, 0, SMAIL__SPAN("4.4.1"), "connect",
                     SMAIL__SPAN("no answer in time"));
        try_next(courier);
        break;
    case COURIER_TALKING:
        if (courier->is_shaking) {
            hang_up(courier, true);
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
        answer_challenge(courier, event->challenge);
        break;
    case SMAIL_SMTP_CLIENT_AUTH_DONE:
        logged_in(courier, &event->reply);
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

/* Mail for mailboxes here came to one that is full. All of a message are one
 * transaction: each recipient alone then, so that the others get theirs. */
static void put_off_full(struct smail__courier *courier, size_t first,
                         size_t count)
{
    courier->at = first;
    courier->one_by_one = true;
    if (count > 1) {
        apply_verdict(courier);
    } else if (smail__mail_prepare(courier, 1) < 0) {
        smail__courier_end(courier, true);
    } else {
        smail__mail_set(courier, 0, SMAIL_QUEUE_PUT_OFF, 0,
                        SMAIL__SPAN("4.2.2"),
                        SMAIL__SPAN("the mailbox is full"), "mailbox", false);
        smail__mail_settle(courier);
    }
}

/* Where it failed for another reason it is not on disk: its lease ends, and it
 * is tried again. */
void smail__courier_settled(struct smail__courier *courier,
                            const smail_error *err)
{
    bool connected = courier->is_linked && courier->client != NULL;
    bool went_home = courier->mail.settlement.is_local;
    size_t first = courier->mail.first, count = courier->mail.count;

    if (went_home && err == NULL)
        smail__mail_log(courier);
    smail__mail_dispose(courier);
    if (went_home && err != NULL && err->code == SMAIL_EQUOTA) {
        put_off_full(courier, first, count);
    } else if (connected) {
        courier->state = COURIER_TALKING;
        smail__courier_next(courier);
    } else if (!has_mail(courier)) {
        smail__courier_end(courier, true);
    } else if (courier->has_verdict) {
        apply_verdict(courier);
    } else {
        start_anew(courier);
    }
}

void smail__courier_set_link(struct smail__courier *courier, void *link)
{
    courier->link = link;
}

void *smail__courier_link(const struct smail__courier *courier)
{
    return courier->link;
}
