/* SPDX-License-Identifier: MIT */
/* delivery/sender.c - see delivery/sender.h. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "delivery/sender_internal.h"

/* The queue is looked at this often, whatever was told. */
#define LOOK_MILLISECONDS 30000
#define SWEEP_MILLISECONDS 60000

/* Destinations of one claim: what it writes holds up the other writers. */
#define CLAIMS_MAX 16

/* After a claim that failed. */
#define CLAIM_AGAIN_MILLISECONDS 1000

/* Names of busy destinations, all together. */
#define BUSY_MAX ((size_t)1024 * 1024)

static const struct smail__sender_options defaults = {
    .sessions = 100,
    .connections = 20,
    .batch = 50,
    .recipients = 100,
    .mails = 100,
    .connect_time = 30000,
    .idle_time = 2000,
    .patience = 100,
    .retry_min = 300,
    .retry_max = 14400,
    .down_time = 60,
};

static void set_default(uint32_t *value, uint32_t otherwise)
{
    if (*value == 0)
        *value = otherwise;
}

static void set_defaults(struct smail__sender_options *options)
{
    set_default(&options->sessions, defaults.sessions);
    set_default(&options->connections, defaults.connections);
    set_default(&options->batch, defaults.batch);
    set_default(&options->recipients, defaults.recipients);
    set_default(&options->mails, defaults.mails);
    set_default(&options->connect_time, defaults.connect_time);
    set_default(&options->idle_time, defaults.idle_time);
    set_default(&options->patience, defaults.patience);
    set_default(&options->retry_min, defaults.retry_min);
    set_default(&options->retry_max, defaults.retry_max);
    set_default(&options->down_time, defaults.down_time);
}

/* Spare sessions make room for others, and leave: for a moment there are more
 * than may have something to do. */
static unsigned connections_most(const struct smail__sender *sender)
{
    return 2 * sender->options.sessions;
}

int smail__sender_new(struct smail__sender **out,
                      const struct smail__sender_options *options,
                      const struct smail__world *world, smail_error *err)
{
    struct smail__sender *sender = calloc(1, sizeof(*sender));

    if (sender == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    sender->options = *options;
    set_defaults(&sender->options);
    sender->world = *world;
    smail__buf_init(&sender->busy_text, BUSY_MAX, NULL);
    sender->hostname = smail__strdup(options->hostname);
    sender->busy = calloc(connections_most(sender), sizeof(*sender->busy));
    if (sender->hostname == NULL || sender->busy == NULL) {
        smail__sender_free(sender);
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    }
    *out = sender;
    return 0;
}

static void bury(struct smail__sender *sender)
{
    while (sender->dead != NULL) {
        struct smail__courier *courier = sender->dead;

        sender->dead = courier->dead_next;
        smail__courier_free(courier);
    }
}

void smail__sender_free(struct smail__sender *sender)
{
    if (sender == NULL)
        return;
    while (sender->couriers != NULL)
        smail__courier_end(sender->couriers, true);
    bury(sender);
    for (size_t i = 0; i < LANE_BUCKETS; i++)
        while (sender->buckets[i] != NULL)
            smail__lane_free(sender, sender->buckets[i]);
    while (sender->lane_claims != NULL) {
        struct lane_claim *next = sender->lane_claims->next;

        free(sender->lane_claims);
        sender->lane_claims = next;
    }
    smail__buf_dispose(&sender->busy_text);
    free(sender->busy);
    free(sender->hostname);
    free(sender);
}

void smail__sender_time(struct smail__sender *sender, uint64_t milliseconds,
                        int64_t seconds)
{
    sender->now_ms = milliseconds;
    sender->now = seconds;
}

void smail__sender_set_in_hand(struct smail__sender *sender,
                               _Atomic int64_t *in_hand)
{
    sender->in_hand = in_hand;
}

void smail__sender_poke(struct smail__sender *sender)
{
    sender->claim_at = 0;
}

void smail__sender_drain(struct smail__sender *sender)
{
    sender->draining = true;
    for (struct smail__courier *one = sender->couriers; one != NULL;) {
        struct smail__courier *next = one->all_next;

        if (one->state == COURIER_IDLE)
            smail__courier_leave(one);
        else if (one->state == COURIER_WAITING ||
                 one->state == COURIER_CONNECTING ||
                 one->state == COURIER_PACED)
            smail__courier_fail_rest(one, (smail_queue_outcome)0, 0, "", "", "",
                                     false);
        one = next;
    }
}

bool smail__sender_is_idle(const struct smail__sender *sender)
{
    return sender->courier_count == 0 && !sender->claim_pending &&
           sender->lane_claims == NULL;
}

/* --- Claims -------------------------------------------------------------- */

static void fill_wish(struct smail__queue_wish *wish,
                      const struct smail__sender *sender)
{
    *wish = (struct smail__queue_wish){
        .now = sender->now,
        .until = sender->now + SMAIL__LEASE_SECONDS,
        .token = (int64_t)(sender->world.random(sender->world.world) >> 2 | 1),
        .max = sender->options.batch,
    };
}

/* Sessions that have something to do. */
static unsigned active(const struct smail__sender *sender)
{
    unsigned count = 0;

    for (const struct smail__courier *one = sender->couriers; one != NULL;
         one = one->all_next)
        count += !smail__courier_is_spare(one);
    return count;
}

static unsigned room(const struct smail__sender *sender)
{
    unsigned limit = sender->options.sessions, busy = active(sender);
    unsigned most = connections_most(sender), all = sender->courier_count;

    if (busy >= limit || all >= most)
        return 0;
    return limit - busy < most - all ? limit - busy : most - all;
}

/* The one that has had nothing to send for longest. */
static struct smail__courier *longest_idle(const struct smail__sender *sender)
{
    struct smail__courier *found = NULL;

    for (struct smail__courier *one = sender->couriers; one != NULL;
         one = one->all_next)
        if (one->state == COURIER_IDLE &&
            (found == NULL || one->deadline < found->deadline))
            found = one;
    return found;
}

/* Destinations that have all the sessions they may have. */
static size_t list_busy(struct smail__sender *sender)
{
    size_t count = 0, at = 0;

    smail__buf_clear(&sender->busy_text);
    for (struct smail__courier *one = sender->couriers;
         one != NULL && count < connections_most(sender); one = one->all_next) {
        struct lane *lane = one->lane;

        if (lane->is_counted || !smail__lane_is_full(sender, lane))
            continue;
        lane->is_counted = true;
        smail__buf_puts(&sender->busy_text, lane->name);
        sender->busy[count++].len = strlen(lane->name);
    }
    for (struct smail__courier *one = sender->couriers; one != NULL;
         one = one->all_next)
        one->lane->is_counted = false;
    if (smail__buf_error(&sender->busy_text) != 0)
        return 0;
    for (size_t i = 0; i < count; i++) {
        sender->busy[i].data = sender->busy_text.data + at;
        at += sender->busy[i].len;
    }
    return count;
}

static void claim_any(struct smail__sender *sender)
{
    struct smail__queue_wish *wish = &sender->wish;

    fill_wish(wish, sender);
    wish->destinations = room(sender);
    if (wish->destinations > CLAIMS_MAX)
        wish->destinations = CLAIMS_MAX;
    wish->busy = sender->busy;
    wish->busy_count = list_busy(sender);
    sender->claim_pending = true;
    sender->claim_request = ++sender->next_id;
    sender->claim_at = UINT64_MAX;
    sender->world.claim(sender->world.world, sender->claim_request, wish);
}

int smail__sender_claim_lane(struct smail__sender *sender,
                             struct smail__courier *courier)
{
    struct lane_claim *ask = calloc(1, sizeof(*ask));

    if (ask == NULL)
        return SMAIL_ENOMEM;
    fill_wish(&ask->wish, sender);
    ask->wish.destination = smail__span(courier->lane->name);
    ask->request = ++sender->next_id;
    ask->courier = courier->id;
    ask->lane = courier->lane;
    ask->lane->claims++;
    ask->next = sender->lane_claims;
    sender->lane_claims = ask;
    sender->world.claim(sender->world.world, ask->request, &ask->wish);
    return 0;
}

static void hand_over(struct smail__sender *sender, struct lane *lane,
                      struct smail__courier *courier,
                      struct smail__queue_claim *claim)
{
    lane->has_more = claim->is_more;
    if (courier != NULL) {
        smail__courier_take(courier, claim);
        courier->state = COURIER_TALKING;
        smail__courier_next(courier);
        return;
    }
    if (sender->courier_count >= sender->options.sessions &&
        (courier = longest_idle(sender)) != NULL)
        smail__courier_leave(courier);
    courier = smail__courier_new(sender, lane, claim);
    if (courier == NULL)
        return;
    if (sender->draining)
        smail__courier_fail_rest(courier, (smail_queue_outcome)0, 0, "", "", "",
                                 false);
    else if (lane->state == LANE_DOWN && sender->now_ms < lane->down_until)
        smail__courier_go(courier);
    else if (lane->route->kind == SMAIL__ROUTE_DISCARD ||
             lane->route->kind == SMAIL__ROUTE_FAIL ||
             lane->route->kind == SMAIL__ROUTE_LOCAL)
        smail__courier_go(courier);
    else
        smail__lane_resolve(sender, lane);
}

static struct smail__courier *idle_in(const struct lane *lane)
{
    struct smail__courier *one = lane->couriers;

    while (one != NULL && one->state != COURIER_IDLE)
        one = one->next;
    return one;
}

/* Nothing is due: when to look again. */
static void rest(struct smail__sender *sender, int64_t next_due)
{
    uint64_t wait = LOOK_MILLISECONDS;

    if (next_due > sender->now &&
        (uint64_t)(next_due - sender->now) * 1000 < wait)
        wait = (uint64_t)(next_due - sender->now) * 1000;
    if (sender->claim_at > sender->now_ms + wait)
        sender->claim_at = sender->now_ms + wait;
}

static void claimed_one(struct smail__sender *sender,
                        struct smail__queue_claim *claim)
{
    struct lane *lane;

    if (claim->destination.len == 0)
        rest(sender, claim->next_due);
    else
        sender->claim_at = 0;
    lane =
        claim->count > 0 ? smail__lane_get(sender, claim->destination) : NULL;
    if (lane == NULL)
        smail__queue_claim_free(claim);
    else
        hand_over(sender, lane, idle_in(lane), claim);
}

static void claimed_any(struct smail__sender *sender,
                        struct smail__queue_claim *claims)
{
    while (claims != NULL) {
        struct smail__queue_claim *next = claims->next;

        claims->next = NULL;
        claimed_one(sender, claims);
        claims = next;
    }
}

static void claimed_lane(struct smail__sender *sender, struct lane_claim *ask,
                         struct smail__queue_claim *claim)
{
    struct lane *lane = ask->lane;
    struct smail__courier *courier = lane->couriers;

    lane->claims--;
    while (courier != NULL && courier->id != ask->courier)
        courier = courier->next;
    if (courier != NULL && courier->state != COURIER_CLAIMING)
        courier = NULL;
    if (claim != NULL && claim->count > 0) {
        hand_over(sender, lane, courier, claim);
        return;
    }
    lane->has_more = false;
    smail__queue_claim_free(claim);
    if (courier == NULL)
        return;
    courier->state = COURIER_IDLE;
    courier->deadline = sender->now_ms + sender->options.idle_time;
}

static struct lane_claim *take_ask(struct smail__sender *sender,
                                   uint64_t request)
{
    struct lane_claim **link = &sender->lane_claims, *found;

    while (*link != NULL && (*link)->request != request)
        link = &(*link)->next;
    found = *link;
    if (found != NULL)
        *link = found->next;
    return found;
}

void smail__sender_claimed(struct smail__sender *sender, uint64_t request,
                           struct smail__queue_claim *claim,
                           const smail_error *err)
{
    struct lane_claim *ask;

    (void)err; /* the world has it in its log */
    if (sender->claim_pending && request == sender->claim_request) {
        sender->claim_pending = false;
        if (claim != NULL)
            claimed_any(sender, claim);
        else
            sender->claim_at = sender->now_ms + CLAIM_AGAIN_MILLISECONDS;
        return;
    }
    ask = take_ask(sender, request);
    if (ask != NULL)
        claimed_lane(sender, ask, claim);
    else
        smail__queue_claims_free(claim);
    free(ask);
}

/* --- DNS ----------------------------------------------------------------- */

void smail__sender_answered(struct smail__sender *sender, uint64_t question,
                            const char *name, enum smail__dns_type type,
                            const struct smail__dns_answer *answer)
{
    struct lane *lane = smail__lane_by_id(sender, question);

    if (lane == NULL || lane->questions == 0)
        return;
    lane->questions--;
    (void)smail__facts_put(&lane->facts, name, type, answer);
    smail__lane_learned(sender, lane);
}

void smail__sender_fetched(struct smail__sender *sender, uint64_t question,
                           enum smail__sts_mode mode, const char *hosts)
{
    struct lane *lane = smail__lane_by_id(sender, question);

    if (lane == NULL || lane->questions == 0)
        return;
    lane->questions--;
    lane->facts.sts.mode = mode;
    free(lane->facts.sts.hosts);
    lane->facts.sts.hosts = hosts != NULL ? smail__strdup(hosts) : NULL;
    smail__lane_learned(sender, lane);
}

/* --- What is due --------------------------------------------------------- */

static void earlier(uint64_t *next, uint64_t at)
{
    if (at < *next)
        *next = at;
}

static void care_for(struct smail__sender *sender,
                     struct smail__courier *courier)
{
    const struct smail__world *world = &sender->world;

    if (sender->now_ms >= courier->deadline)
        smail__courier_expired(courier);
    if (courier->is_done)
        return;
    if (courier->claim != NULL && sender->now_ms >= courier->renew_at) {
        courier->renew_at =
            sender->now_ms + (uint64_t)SMAIL__LEASE_SECONDS * 500;
        world->renew(world->world, courier->claim->token,
                     sender->now + SMAIL__LEASE_SECONDS);
    }
    if (courier->needs_wake && courier->is_linked) {
        courier->needs_wake = false;
        world->wake(world->world, courier);
    }
}

static bool may_claim(const struct smail__sender *sender)
{
    return !sender->draining && !sender->claim_pending && room(sender) > 0;
}

uint64_t smail__sender_run(struct smail__sender *sender)
{
    uint64_t next = UINT64_MAX;

    for (struct smail__courier *one = sender->couriers; one != NULL;) {
        struct smail__courier *after = one->all_next;

        care_for(sender, one);
        one = after;
    }
    if (sender->now_ms >= sender->sweep_at) {
        smail__lanes_sweep(sender, false);
        sender->sweep_at = sender->now_ms + SWEEP_MILLISECONDS;
    }
    if (sender->now_ms >= sender->claim_at && may_claim(sender))
        claim_any(sender);
    bury(sender);
    for (struct smail__courier *one = sender->couriers; one != NULL;
         one = one->all_next) {
        earlier(&next, one->deadline);
        if (one->claim != NULL)
            earlier(&next, one->renew_at);
    }
    if (sender->claim_at < next && may_claim(sender))
        next = sender->claim_at;
    return next;
}
