/* SPDX-License-Identifier: MIT */
/*
 * server/outbound.h - the thread that sends: delivery/sender.h in the real
 * world.
 *
 * outbound.c         new, start, stop; who of several processes sends
 * outbound_world.c   connections, TLS, DNS
 * outbound_sts.c     MTA-STS policies
 * outbound_tls.c     how TLS went, in rows
 * outbound_store.c   claims and settlements
 * outbound_log.c     what is said of it
 */
#ifndef SMAIL__SERVER_OUTBOUND_H
#define SMAIL__SERVER_OUTBOUND_H

#include <stdatomic.h>

#include <smtpmail/outbound.h>

#include "base/log.h"
#include "crypto/tls.h"
#include "delivery/sender.h"
#include "net/connection.h"
#include "net/resolver.h"
#include "net/watch.h"
#include "queue/tls_result.h"
#include "server/routes.h"

struct smail__sts_desk;

struct smail_outbound {
    smail_outbound_options options;
    char *strings; /* what its strings point into */
    smail_store *store;
    smail_routes *own_routes; /* when none were given */
    struct smail__sender *sender;
    struct smail__loop *loop;
    struct smail__resolver *resolver;
    struct smail__tls_context *tls;
    struct smail__watch *watch;
    struct smail__timer timer;
    struct smail__task pump, drain, begin, last;
    struct smail__log log;
    bool is_pumping, started, is_draining, has_begun;
    atomic_bool ended;    /* drained */
    uint64_t grace_until; /* milliseconds of the loop's clock */

    size_t errands;   /* of the store, not answered yet */
    size_t links;     /* connections */
    size_t questions; /* of DNS */

    struct smail__sts_desk *sts;
    struct smail__tls_tally tally;
    struct smail__timer flush_timer;
    int64_t trimmed_on; /* a day since the epoch */

    int lock_fd;              /* of PATH.sending; -1 */
    _Atomic int64_t *in_hand; /* mapped from there; or own_in_hand */
    _Atomic int64_t own_in_hand;
    uint64_t lock_at; /* when it is tried again */
    uint64_t look_at; /* not before: what others changed */
    bool has_changed;
};

/* Tell the sender what time it is. */
void smail__outbound_now(smail_outbound *outbound);
/* It may have something to do, soon. */
void smail__outbound_pump(smail_outbound *outbound);

/* outbound_world.c */
void smail__outbound_world(struct smail__world *out, smail_outbound *outbound);

/* outbound_tls.c */
void smail__outbound_count_tls(void *world, const char *domain,
                               smail_tls_policy policy, const char *host,
                               enum smail__tls_result result);
void smail__outbound_flush_tls(smail_outbound *outbound);
void smail__outbound_on_flush(struct smail__timer *timer);

/* outbound_sts.c */
int smail__outbound_sts_new(smail_outbound *outbound, smail_error *err);
void smail__outbound_sts_free(smail_outbound *outbound);
void smail__outbound_fetch_sts(void *world, uint64_t question,
                               const char *domain);

/* outbound_store.c */
void smail__outbound_claim(void *world, uint64_t request,
                           const struct smail__queue_wish *wish);
void smail__outbound_settle(void *world, struct smail__courier *courier,
                            const struct smail__settlement *settlement);
void smail__outbound_renew(void *world, int64_t token, int64_t until);
int smail__outbound_open(void *world, void **content,
                         const struct smail__queue_message *message,
                         smail_error *err);
int64_t smail__outbound_read(void *world, void *content, uint64_t offset,
                             char *out, size_t len, smail_error *err);
void smail__outbound_close(void *world, void *content);
/* All leases are void: nobody else is sending. */
int smail__outbound_recover(smail_outbound *outbound, smail_id in_hand,
                            smail_error *err);

/* outbound_log.c */
void smail__outbound_open_log(smail_outbound *outbound);
void smail__outbound_log(void *world, const char *event,
                         const struct smail__queue_message *message,
                         const struct smail__settled *settled,
                         smail_span detail);
void smail__outbound_say(smail_outbound *outbound, enum smail__log_level level,
                         const char *event, const char *reason);

/* outbound_lock.c: one process at a time. 1: it is ours, and `*in_hand` what
 * the last one died on; 0: somebody else's. */
int smail__outbound_lock(smail_outbound *outbound, smail_id *in_hand);
void smail__outbound_unlock(smail_outbound *outbound);

#endif
