/* SPDX-License-Identifier: MIT */
/* delivery/lane.c - a destination: its hosts, its pace, its troubles. */
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/span.h"
#include "delivery/sender_internal.h"

/* Couriers that a destination nobody knows yet is sent (slow start). */
#define WINDOW_FIRST 2

/* What is known of hosts is asked again after this many seconds at the least
 * and at the most, whatever DNS says. */
#define TTL_MIN 30u
#define TTL_MAX 3600u

/* A lane that is down comes back after this long at the most. */
#define DOWN_DOUBLINGS_MAX 4

static size_t bucket_of(smail_span name)
{
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.data[i]) * 1099511628211u;
    return (size_t)(hash % LANE_BUCKETS);
}

static struct lane *new_lane(struct smail__sender *sender, smail_span name)
{
    struct lane *lane = calloc(1, sizeof(*lane));
    size_t bucket = bucket_of(name);

    if (lane == NULL || name.len >= sizeof(lane->name)) {
        free(lane);
        return NULL;
    }
    memcpy(lane->name, name.data, name.len);
    lane->id = ++sender->next_id;
    lane->route = smail__route_of(&lane->domain, sender->options.routes,
                                  smail__span(lane->name));
    lane->window = WINDOW_FIRST;
    smail__facts_init(&lane->facts);
    lane->next = sender->buckets[bucket];
    sender->buckets[bucket] = lane;
    lane->next_id = sender->by_id[lane->id % LANE_BUCKETS];
    sender->by_id[lane->id % LANE_BUCKETS] = lane;
    sender->lane_count++;
    return lane;
}

void smail__lane_free(struct smail__sender *sender, struct lane *lane)
{
    struct lane **link = &sender->buckets[bucket_of(smail__span(lane->name))];

    while (*link != lane)
        link = &(*link)->next;
    *link = lane->next;
    link = &sender->by_id[lane->id % LANE_BUCKETS];
    while (*link != lane)
        link = &(*link)->next_id;
    *link = lane->next_id;
    sender->lane_count--;
    smail__facts_dispose(&lane->facts);
    smail__hosts_free(lane->hosts);
    free(lane);
}

/* Nothing is under way there, and nothing worth knowing is known. */
static bool is_idle(const struct smail__sender *sender, const struct lane *lane)
{
    return lane->couriers == NULL && lane->questions == 0 &&
           lane->claims == 0 &&
           (lane->state != LANE_DOWN || sender->now_ms >= lane->down_until) &&
           sender->now_ms >= lane->next_mail_at;
}

void smail__lanes_sweep(struct smail__sender *sender, bool all)
{
    for (size_t i = 0; i < LANE_BUCKETS; i++) {
        struct lane *lane = sender->buckets[i];

        while (lane != NULL) {
            struct lane *next = lane->next;

            if (is_idle(sender, lane) &&
                (all || sender->now_ms >= lane->hosts_until))
                smail__lane_free(sender, lane);
            lane = next;
        }
    }
}

struct lane *smail__lane_get(struct smail__sender *sender, smail_span name)
{
    struct lane *lane = sender->buckets[bucket_of(name)];

    while (lane != NULL && !smail__span_is(name, lane->name))
        lane = lane->next;
    if (lane != NULL)
        return lane;
    if (sender->lane_count >= SMAIL__LANES_MAX)
        smail__lanes_sweep(sender, true);
    return new_lane(sender, name);
}

struct lane *smail__lane_by_id(struct smail__sender *sender, uint64_t id)
{
    struct lane *lane = sender->by_id[id % LANE_BUCKETS];

    while (lane != NULL && lane->id != id)
        lane = lane->next_id;
    return lane;
}

/* --- Hosts --------------------------------------------------------------- */

static void go_on(struct lane *lane)
{
    struct smail__courier *courier = lane->couriers;

    while (courier != NULL) {
        struct smail__courier *next = courier->next;

        if (courier->state == COURIER_WAITING)
            smail__courier_go(courier);
        courier = next;
    }
}

/* Questions carry the lane's id, which is not used again. */
static void ask_all(struct smail__sender *sender, struct lane *lane)
{
    const struct smail__fact *fact;

    while ((fact = smail__facts_next(&lane->facts)) != NULL) {
        lane->questions++;
        sender->world.ask(sender->world.world, lane->id, fact->name,
                          fact->type);
    }
    if (lane->facts.wants_sts) {
        lane->facts.wants_sts = false;
        lane->questions++;
        sender->world.fetch_sts(sender->world.world, lane->id,
                                lane->domain.data);
    }
}

static void settle_hosts(struct smail__sender *sender, struct lane *lane)
{
    uint32_t ttl = lane->hosts->ttl;

    if (ttl < TTL_MIN)
        ttl = TTL_MIN;
    if (ttl > TTL_MAX)
        ttl = TTL_MAX;
    lane->hosts_until = sender->now_ms + (uint64_t)ttl * 1000;
    lane->state = LANE_READY;
    smail__facts_dispose(&lane->facts);
    smail__facts_init(&lane->facts);
    go_on(lane);
}

void smail__lane_learned(struct smail__sender *sender, struct lane *lane)
{
    struct smail__hosts_ask ask = {
        .route = lane->route,
        .domain = lane->domain,
        .own_name = smail__span(sender->hostname),
        .allow_private = sender->options.allow_private,
        .mx_port = sender->options.mx_port,
        .use_dane = sender->options.use_dane,
        .use_sts = sender->options.use_sts,
    };
    struct smail__hosts *hosts = NULL;
    int code;

    if (lane->state != LANE_RESOLVING || lane->questions > 0)
        return;
    ask.random = sender->world.random(sender->world.world);
    code = smail__hosts_plan(&hosts, &ask, &lane->facts);
    if (code > 0) {
        ask_all(sender, lane);
        if (lane->questions > 0)
            return;
    }
    if (code != 0) { /* or an answer that could not be kept */
        smail__facts_dispose(&lane->facts);
        lane->state = LANE_NEW;
        smail__lane_down(sender, lane, "out of memory");
        go_on(lane);
        return;
    }
    smail__hosts_free(lane->hosts);
    lane->hosts = hosts;
    for (struct smail__courier *one = lane->couriers; one != NULL;
         one = one->next) { /* where they were is no place in the new list */
        one->host = 0;
        one->address = 0;
        one->begun = false;
    }
    smail__lane_tls(sender, lane);
    settle_hosts(sender, lane);
}

/* Nobody may be amid the old hosts when new ones come. */
static bool is_in_use(const struct lane *lane)
{
    for (const struct smail__courier *one = lane->couriers; one != NULL;
         one = one->next)
        if (one->state != COURIER_WAITING)
            return true;
    return false;
}

void smail__lane_resolve(struct smail__sender *sender, struct lane *lane)
{
    bool stale = lane->hosts != NULL && sender->now_ms >= lane->hosts_until &&
                 !is_in_use(lane);

    if (lane->state == LANE_RESOLVING)
        return;
    if (lane->hosts != NULL && !stale) {
        lane->state = LANE_READY;
        go_on(lane);
        return;
    }
    lane->state = LANE_RESOLVING;
    smail__lane_learned(sender, lane);
}

/* --- Pace ---------------------------------------------------------------- */

static unsigned most(const struct smail__sender *sender,
                     const struct lane *lane)
{
    return lane->route->connections != 0 ? lane->route->connections
                                         : sender->options.connections;
}

bool smail__lane_is_full(const struct smail__sender *sender,
                         const struct lane *lane)
{
    unsigned limit = most(sender, lane), idle = 0;

    if (lane->window < limit)
        limit = lane->window;
    for (const struct smail__courier *one = lane->couriers; one != NULL;
         one = one->next)
        idle += one->state == COURIER_IDLE;
    return lane->courier_count - idle >= limit;
}

/* One courier more for each success of each. */
void smail__lane_success(struct smail__sender *sender, struct lane *lane)
{
    lane->failures = 0;
    if (lane->state == LANE_DOWN)
        lane->state = LANE_READY;
    if (lane->window < most(sender, lane))
        lane->window++;
    if (lane->has_more && !smail__lane_is_full(sender, lane))
        sender->claim_at = 0;
}

void smail__lane_trouble(struct smail__sender *sender, struct lane *lane)
{
    (void)sender;
    lane->window = lane->window > 1 ? lane->window / 2 : 1;
}

void smail__lane_down(struct smail__sender *sender, struct lane *lane,
                      const char *why)
{
    unsigned doublings = lane->failures < DOWN_DOUBLINGS_MAX
                             ? lane->failures
                             : DOWN_DOUBLINGS_MAX;

    uint64_t pause = sender->options.down_time;

    if (pause > sender->options.retry_min)
        pause = sender->options.retry_min;
    lane->state = LANE_DOWN;
    lane->window = 1;
    lane->failures++;
    lane->down_until = sender->now_ms + (pause * 1000 << doublings);
    lane->hosts_until = 0;
    smail__format(lane->why, sizeof(lane->why), "%s", why);
}
