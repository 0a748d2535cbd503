/* SPDX-License-Identifier: MIT */
/*
 * delivery/courier.c - what brings the mail of one claim to one destination:
 * its life, its calls, and what is done when nobody answers.
 *
 * The hosts are tried in their order, each at all its addresses at once (the
 * world sees to it that the first has a head start), until one greets. What
 * goes wrong before that is the host's affair, and the next one is tried; what
 * the host says about a mail is about that mail (talk.c).
 */
#include <stdlib.h>
#include <string.h>

#include "account/sasl_client.h"
#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "delivery/sender_internal.h"

const struct smail__host *smail__courier_host(
    const struct smail__courier *courier)
{
    return &courier->lane->hosts->list[courier->host];
}

void smail__courier_set_deadline(struct smail__courier *courier,
                                 uint64_t milliseconds)
{
    courier->deadline = courier->sender->now_ms + milliseconds;
}

void smail__courier_patience(struct smail__courier *courier)
{
    uint64_t seconds = smail_smtp_client_patience(courier->client);

    smail__courier_set_deadline(courier, seconds * 10 *
                                             courier->sender->options.patience);
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

void smail__courier_hang_up(struct smail__courier *courier, bool abort)
{
    if (courier->is_linked)
        courier->sender->world.close(courier->sender->world.world, courier,
                                     abort);
    courier->is_linked = false;
}

void smail__courier_end(struct smail__courier *courier, bool abort)
{
    struct smail__sender *sender = courier->sender;
    struct lane *lane = courier->lane;

    if (courier->is_done)
        return;
    courier->is_done = true;
    smail__courier_hang_up(courier, abort);
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
        courier->sender->now_ms + (uint64_t)SMAIL__LEASE_SECONDS * 500;
}

bool smail__courier_has_mail(const struct smail__courier *courier)
{
    return courier->claim != NULL && courier->at < courier->claim->count;
}

/* --- What goes wrong ----------------------------------------------------- */

void smail__courier_note(struct smail__courier *courier, int code,
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

    while (smail__courier_has_mail(courier) &&
           courier->at + count < claim->count &&
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

    smail__courier_hang_up(courier, true);
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
        smail__lane_down(courier->sender, lane, courier->trouble);
    smail__courier_fail_rest(
        courier, never ? SMAIL_QUEUE_REFUSED : SMAIL_QUEUE_PUT_OFF,
        courier->trouble_code,
        courier->trouble_status[0] != '\0' ? courier->trouble_status
                                           : (never ? "5.3.0" : "4.4.1"),
        courier->trouble, courier->trouble_phase, courier->trouble_code != 0);
}

/* --- Connecting ---------------------------------------------------------- */

enum smail__tls_level smail__courier_level(const struct smail__courier *courier)
{
    return courier->no_tls ? SMAIL__TLS_NONE
                           : smail__courier_host(courier)->tls;
}

static int new_client(struct smail__courier *courier)
{
    smail_smtp_client_options options = SMAIL_SMTP_CLIENT_OPTIONS_INIT;
    const struct smail__route *route = courier->lane->route;
    enum smail__tls_level level = smail__courier_level(courier);

    courier->session++;
    smail__sasl_client_free(courier->sasl);
    courier->sasl = NULL;
    smail_smtp_client_free(courier->client);
    courier->client = NULL;
    options.hostname =
        route->hostname != NULL ? route->hostname : courier->sender->hostname;
    options.protocol = route->kind == SMAIL__ROUTE_LMTP
                           ? SMAIL_SMTP_PROTOCOL_LMTP
                           : SMAIL_SMTP_PROTOCOL_SMTP;
    options.early_content = true;
    options.tls = level == SMAIL__TLS_NONE  ? SMAIL_SMTP_TLS_NEVER
                  : level == SMAIL__TLS_MAY ? SMAIL_SMTP_TLS_IF_OFFERED
                                            : SMAIL_SMTP_TLS_REQUIRED;
    return smail_smtp_client_new(&courier->client, &options);
}

void smail__courier_connect(struct smail__courier *courier)
{
    struct smail__sender *sender = courier->sender;
    const struct smail__host *host = smail__courier_host(courier);

    if (new_client(courier) < 0) {
        smail__courier_note(courier, 0, SMAIL__SPAN("4.3.0"), "connect",
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
    smail__courier_set_deadline(courier, sender->options.connect_time);
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

void smail__courier_try_next(struct smail__courier *courier)
{
    /* All that are left of the host were called, and nobody answered. */
    if (courier->state == COURIER_CONNECTING)
        courier->address = smail__courier_host(courier)->address_count - 1;
    smail__courier_hang_up(courier, true);
    if (advance(courier))
        smail__courier_connect(courier);
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
            smail__lane_down(courier->sender, lane, hosts->text);
        smail__courier_fail_rest(
            courier, never ? SMAIL_QUEUE_REFUSED : SMAIL_QUEUE_PUT_OFF, 0,
            hosts->status, hosts->text, "DNS", false);
    } else if (advance(courier)) {
        smail__courier_connect(courier);
    } else {
        smail__courier_note(
            courier, 0, SMAIL__SPAN("4.4.4"), "DNS",
            SMAIL__SPAN("no host of the destination has an address"));
        give_up(courier);
    }
}

/* A new session with the host that it was at. */
void smail__courier_start_anew(struct smail__courier *courier)
{
    courier->begun = false;
    courier->state = COURIER_WAITING;
    smail__lane_resolve(courier->sender, courier->lane);
}

/* --- What became of a mail was written down ------------------------------ */

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
    } else if (!smail__courier_has_mail(courier)) {
        smail__courier_end(courier, true);
    } else if (courier->has_verdict) {
        apply_verdict(courier);
    } else {
        smail__courier_start_anew(courier);
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
