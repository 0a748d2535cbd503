/* SPDX-License-Identifier: MIT */
/* server/outbound.c - see <smtpmail/outbound.h> and server/outbound.h. */
#include "server/outbound.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "store/internal.h"

/* Who could not send because another process does asks again after this. */
#define LOCK_MILLISECONDS 2000

/* Between two looks at what commits of others may have brought: there may be a
 * thousand a second that bring nothing. */
#define LOOK_MILLISECONDS 50

/* --- Time ---------------------------------------------------------------- */

void smail__outbound_now(smail_outbound *outbound)
{
    smail__sender_time(outbound->sender, smail__loop_now(outbound->loop),
                       (int64_t)time(NULL));
}

void smail__outbound_pump(smail_outbound *outbound)
{
    smail__loop_post(outbound->loop, &outbound->pump);
}

static void check_end(smail_outbound *outbound)
{
    uint64_t now = smail__loop_now(outbound->loop);
    bool idle = outbound->sender == NULL || !outbound->has_begun ||
                smail__sender_is_idle(outbound->sender);

    if (!outbound->is_draining || atomic_load(&outbound->ended))
        return;
    if ((!idle || outbound->links > 0) && now < outbound->grace_until) {
        smail__timer_set(&outbound->timer, outbound->loop, 100);
        return;
    }
    smail__outbound_flush_tls(outbound);
    /* What the store has in hand refers to the sender. */
    if (outbound->errands > 0) {
        smail__timer_set(&outbound->timer, outbound->loop, 20);
        return;
    }
    atomic_store(&outbound->ended, true);
    smail__watch_close(outbound->watch);
    outbound->watch = NULL;
    smail__sender_free(outbound->sender);
    outbound->sender = NULL;
    smail__loop_post(outbound->loop, &outbound->last);
}

/* Connections that the sender gave up go first. */
static void on_last(struct smail__task *task)
{
    smail_outbound *outbound =
        (smail_outbound *)((char *)task - offsetof(smail_outbound, last));

    smail__timer_clear(&outbound->timer, outbound->loop);
    smail__timer_clear(&outbound->flush_timer, outbound->loop);
    smail__loop_stop(outbound->loop);
}

/* --- Who sends ----------------------------------------------------------- */

static void on_changed(void *user)
{
    smail_outbound *outbound = user;

    if (outbound->sender == NULL || !outbound->has_begun)
        return;
    outbound->has_changed = true;
    smail__outbound_pump(outbound);
}

/* When to come back for what changed; UINT64_MAX: nothing did. */
static uint64_t look(smail_outbound *outbound, uint64_t now)
{
    if (!outbound->has_changed)
        return UINT64_MAX;
    if (now < outbound->look_at)
        return outbound->look_at;
    outbound->has_changed = false;
    outbound->look_at = now + LOOK_MILLISECONDS;
    smail__sender_poke(outbound->sender);
    return UINT64_MAX;
}

static void watch(smail_outbound *outbound)
{
    const char *path = smail__db_path(outbound->store->db);
    char name[4096];

    if (path == NULL)
        return;
    smail__format(name, sizeof(name), "%s.notify", path);
    if (smail__watch_open(&outbound->watch, outbound->loop, name, on_changed,
                          outbound, NULL) != 0)
        outbound->watch = NULL; /* the sender looks now and then */
}

static bool begin(smail_outbound *outbound)
{
    smail_error err = SMAIL_ERROR_INIT;
    smail_id in_hand;

    if (smail__loop_now(outbound->loop) < outbound->lock_at)
        return false;
    outbound->lock_at = smail__loop_now(outbound->loop) + LOCK_MILLISECONDS;
    if (smail__outbound_lock(outbound, &in_hand) == 0)
        return false;
    if (smail__outbound_recover(outbound, in_hand, &err) < 0) {
        smail__outbound_say(outbound, SMAIL__LOG_ERROR, "queue_failed",
                            err.message);
        smail__outbound_unlock(outbound);
        return false;
    }
    watch(outbound);
    outbound->has_begun = true;
    smail__sender_set_in_hand(outbound->sender, outbound->in_hand);
    smail__sender_poke(outbound->sender);
    smail__outbound_say(outbound, SMAIL__LOG_INFO, "sending", NULL);
    return true;
}

static void pump(smail_outbound *outbound)
{
    uint64_t now = smail__loop_now(outbound->loop), next;

    if (outbound->sender == NULL)
        return;
    smail__outbound_now(outbound);
    if (!outbound->has_begun && !outbound->is_draining && !begin(outbound)) {
        smail__timer_set(&outbound->timer, outbound->loop, LOCK_MILLISECONDS);
        return;
    }
    if (outbound->has_begun) {
        uint64_t later = look(outbound, now);

        next = smail__sender_run(outbound->sender);
        if (next > later)
            next = later;
        if (next != UINT64_MAX)
            smail__timer_set(&outbound->timer, outbound->loop,
                             next > now ? next - now : 1);
    }
    check_end(outbound);
}

static void on_pump(struct smail__task *task)
{
    pump((smail_outbound *)((char *)task - offsetof(smail_outbound, pump)));
}

static void on_timer(struct smail__timer *timer)
{
    pump((smail_outbound *)((char *)timer - offsetof(smail_outbound, timer)));
}

static void on_drain(struct smail__task *task)
{
    smail_outbound *outbound =
        (smail_outbound *)((char *)task - offsetof(smail_outbound, drain));

    outbound->is_draining = true;
    outbound->grace_until += smail__loop_now(outbound->loop);
    smail__outbound_now(outbound);
    smail__sender_drain(outbound->sender);
    pump(outbound);
}

/* --- Life ---------------------------------------------------------------- */

/* Copies of what the options point at, in one block. */
static int keep_strings(smail_outbound *outbound, smail_error *err)
{
    smail_outbound_options *options = &outbound->options;
    const char **list[] = { &options->hostname, &options->authorities,
                            &options->name_servers, &options->zone_file,
                            &options->trust_anchor };
    size_t total = 1, at = 0;

    for (size_t i = 0; i < 5; i++)
        total += *list[i] != NULL ? strlen(*list[i]) + 1 : 0;
    outbound->strings = malloc(total);
    if (outbound->strings == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    for (size_t i = 0; i < 5; i++) {
        size_t len = *list[i] != NULL ? strlen(*list[i]) + 1 : 0;

        if (len == 0)
            continue;
        memcpy(outbound->strings + at, *list[i], len);
        *list[i] = outbound->strings + at;
        at += len;
    }
    return 0;
}

static int make_sender(smail_outbound *outbound, smail_error *err)
{
    const smail_outbound_options *ours = &outbound->options;
    struct smail__sender_options options = {
        .hostname = ours->hostname,
        .sessions = ours->sessions,
        .connections = ours->connections,
        .retry_min = ours->retry_min,
        .retry_max = ours->retry_max,
        .down_time = ours->down_time,
        .connect_time = ours->connect_timeout * 1000,
        .allow_private = ours->allow_private,
        .mx_port = ours->mx_port,
        .use_dane =
            !ours->no_dane && smail__resolver_validates(outbound->resolver),
        .use_sts = !ours->no_sts,
    };
    struct smail__world world;
    int code = 0;

    if (ours->routes == NULL)
        code = smail_routes_new(&outbound->own_routes, err);
    if (code < 0)
        return code;
    options.routes = ours->routes != NULL
                         ? &((smail_routes *)(uintptr_t)ours->routes)->routes
                         : &outbound->own_routes->routes;
    smail__outbound_world(&world, outbound);
    return smail__sender_new(&outbound->sender, &options, &world, err);
}

static int set_up(smail_outbound *outbound, smail_error *err)
{
    const smail_outbound_options *ours = &outbound->options;
    struct smail__resolver_options resolver = {
        .zone_file = ours->zone_file,
        .server = ours->name_servers,
        .trust_anchor = ours->trust_anchor,
        .patience = ours->dns_timeout * 1000,
    };
    int code = keep_strings(outbound, err);

    if (code == 0)
        code = smail__resolver_new(&outbound->resolver, &resolver, err);
    if (code == 0)
        code = smail__tls_client_new(&outbound->tls, ours->authorities, err);
    if (code == 0)
        code = smail__outbound_sts_new(outbound, err);
    if (code == 0)
        code = smail__loop_new(&outbound->loop, err);
    if (code == 0)
        code = make_sender(outbound, err);
    return code;
}

int smail_outbound_new(smail_outbound **out,
                       const smail_outbound_options *options, smail_error *err)
{
    smail_outbound *outbound;
    int code;

    if (options->store == NULL || options->hostname == NULL)
        return smail__fail(err, SMAIL_EINVAL,
                           "sending wants a store and a hostname");
    outbound = calloc(1, sizeof(*outbound));
    if (outbound == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    memcpy(&outbound->options, options,
           options->size < sizeof(outbound->options)
               ? options->size
               : sizeof(outbound->options));
    outbound->store = options->store;
    outbound->lock_fd = -1;
    outbound->pump.run = on_pump;
    outbound->drain.run = on_drain;
    outbound->last.run = on_last;
    outbound->timer.fire = on_timer;
    outbound->flush_timer.fire = smail__outbound_on_flush;
    atomic_init(&outbound->ended, false);
    smail__outbound_open_log(outbound);
    code = set_up(outbound, err);
    if (code < 0) {
        smail_outbound_free(outbound);
        return code;
    }
    *out = outbound;
    return 0;
}

int smail_outbound_start(smail_outbound *outbound, smail_error *err)
{
    int code;

    if (outbound->started)
        return smail__fail(err, SMAIL_ESTATE, "it is started once");
    smail__loop_post(outbound->loop, &outbound->pump);
    code = smail__loop_start(outbound->loop, err);
    outbound->started = code == 0;
    return code;
}

void smail_outbound_stop(smail_outbound *outbound, uint32_t grace)
{
    if (outbound == NULL || !outbound->started)
        return;
    outbound->started = false;
    outbound->grace_until = (uint64_t)grace * 1000;
    smail__loop_post(outbound->loop, &outbound->drain);
    smail__loop_join(outbound->loop);
}

void smail_outbound_free(smail_outbound *outbound)
{
    if (outbound == NULL)
        return;
    smail_outbound_stop(outbound, 0);
    smail__sender_free(outbound->sender);
    outbound->sender = NULL;
    smail__outbound_sts_free(outbound);
    smail__tls_tally_dispose(&outbound->tally);
    smail__resolver_free(outbound->resolver);
    smail__tls_context_free(outbound->tls);
    smail__loop_free(outbound->loop);
    smail__outbound_unlock(outbound);
    smail_routes_free(outbound->own_routes);
    free(outbound->strings);
    free(outbound);
}
