/* SPDX-License-Identifier: MIT */
/*
 * delivery/sender.h - mail from the queue to the hosts it is for: the state
 * machine, without I/O.
 *
 * It claims, looks up, connects, talks, settles; each of these it only asks
 * of its world, which calls back when it has happened, never from within the
 * request. Time comes with smail__sender_time(), randomness from the world.
 * So a whole net of servers, faults and five days run in one process, and a
 * seed repeats them (tests/simulation).
 *
 *                 claimed
 *    lane (a destination)      NEW -> RESOLVING -> READY <-> DOWN
 *
 *    courier (a session)
 *      WAITING    for the lane's hosts
 *      CONNECTING to one of their addresses; the next when it fails
 *      TALKING    to it: the client session has the word
 *      SETTLING   what came of a mail is being written down
 *      PACED      the destination gets so many a minute
 *      IDLE       connected, with nothing to send, for a moment
 *      LEAVING    QUIT was said
 *
 * How many couriers a lane has grows with each success and is halved by each
 * trouble; a lane that nobody answers in is down for a while, and its mail is
 * put off without being tried.
 */
#ifndef SMAIL__DELIVERY_SENDER_H
#define SMAIL__DELIVERY_SENDER_H

#include "crypto/tls.h"
#include "delivery/hosts.h"
#include "queue/queue.h"
#include "queue/tls_result.h"

struct smail__sender;
struct smail__courier;

/* Seconds of a lease; it is renewed at half of it. */
#define SMAIL__LEASE_SECONDS 600

struct smail__sender_options {
    const char *hostname;         /* for EHLO, and who reports */
    struct smail__routes *routes; /* kept */
    uint32_t sessions;            /* all together; default 100 */
    uint32_t connections;         /* to one destination; default 20 */
    uint32_t batch;               /* entries of one claim; default 50 */
    uint32_t recipients;          /* of one transaction; default 100 */
    uint32_t mails;               /* of one session; default 100 */
    uint32_t connect_time;        /* milliseconds; default 30000 */
    uint32_t idle_time;           /* milliseconds; default 2000 */
    uint32_t patience;            /* per cent of what RFC 5321, 4.5.3.2 allows;
                               default 100 */
    uint32_t retry_min; /* seconds after the first failure; default 300 */
    uint32_t retry_max; /* seconds, at most; default 14400 */
    uint32_t down_time; /* seconds a lane stays down at first; default 60 */
    uint16_t mx_port;   /* default 25 */
    bool allow_private; /* send to loopback and private addresses */
    bool use_dane, use_sts;
};

/* How TLS has to be, for the world that does it. Good during the call. */
struct smail__tls_wish {
    enum smail__tls_level level;
    const char *name, *also;
    const struct smail__host *host; /* with the records of DANE */
};

/* How it came to be. */
struct smail__tls_got {
    const char *protocol, *cipher; /* constants */
    bool is_verified;              /* by DANE, or a certificate for its name */
    enum smail__tls_fault fault;   /* of the certificate, demanded or not */
};

enum smail__told { /* bits: of what a sender was told */
                   SMAIL__TOLD_FAILURE = 1 << 0,
                   SMAIL__TOLD_DELAY = 1 << 1,
                   SMAIL__TOLD_SUCCESS = 1 << 2,
                   SMAIL__TOLD_RELAYED = 1 << 3
};

/* One recipient's part in a settlement. */
struct smail__settled {
    struct smail__queue_result result;
    const struct smail__queue_recipient *recipient;
    int code;          /* of the reply; 0: it is our word */
    smail_span status; /* "5.1.1"; never empty */
    bool is_remote;    /* `result.reply` is what the other side said */
    unsigned told;     /* what a notice has to tell of this one; 0: nothing */
};

/* What came of one message, at one destination. */
struct smail__settlement {
    const struct smail__queue_message *message;
    smail_span destination;
    int64_t token, now;
    bool is_local; /* what is TAKEN is to be put into mailboxes here, too */
    struct smail__settled *list;
    size_t count;
};

/* One of these per sender; every call gets `world` first. */
struct smail__world {
    void *world;

    /* Later: smail__sender_answered() or _fetched(). */
    void (*ask)(void *world, uint64_t question, const char *name,
                enum smail__dns_type type);
    void (*fetch_sts)(void *world, uint64_t question, const char *domain);

    /* To whichever of these addresses of a host answers first (RFC 8305).
       Later: smail__courier_connected(), _closed(). Output is taken by
       smail__courier_output() whenever there is some. */
    void (*connect)(void *world, struct smail__courier *courier,
                    const struct smail__endpoint *to, size_t count,
                    const struct smail__route *route);
    void (*start_tls)(void *world, struct smail__courier *courier,
                      const struct smail__tls_wish *wish);
    void (*wake)(void *world, struct smail__courier *courier);
    /* No call about this courier from then on; what it has to say still goes
       out, unless it is an abort. */
    void (*close)(void *world, struct smail__courier *courier, bool abort);

    /* Later: smail__sender_claimed(), smail__courier_settled(). `wish` and
       `settlement` are kept until then. */
    void (*claim)(void *world, uint64_t request,
                  const struct smail__queue_wish *wish);
    void (*settle)(void *world, struct smail__courier *courier,
                   const struct smail__settlement *settlement);
    void (*renew)(void *world, int64_t token, int64_t until);

    /* At once. The bytes of the blob, from an offset; 0 at the end, negative
       when they cannot be read. */
    int (*open)(void *world, void **content,
                const struct smail__queue_message *message, smail_error *err);
    int64_t (*read)(void *world, void *content, uint64_t offset, char *out,
                    size_t len, smail_error *err);
    void (*close_content)(void *world, void *content);

    uint64_t (*random)(void *world);
    /* How a session fared with TLS (RFC 8460); may be NULL. */
    void (*count_tls)(void *world, const char *domain, smail_tls_policy policy,
                      const char *host, enum smail__tls_result result);
    /* For the log: a message, or an event of a lane. `result` may be NULL. */
    void (*log)(void *world, const char *event,
                const struct smail__queue_message *message,
                const struct smail__settled *settled, smail_span detail);
};

int smail__sender_new(struct smail__sender **out,
                      const struct smail__sender_options *options,
                      const struct smail__world *world, smail_error *err);
/* Closes what is open; what was leased comes back when the lease ends. */
void smail__sender_free(struct smail__sender *sender);

/* Before any other call that follows an event. */
void smail__sender_time(struct smail__sender *sender, uint64_t milliseconds,
                        int64_t seconds);

/* Do what is due. The clock's milliseconds at which to call again, at the
 * latest; UINT64_MAX: only an event changes anything. */
uint64_t smail__sender_run(struct smail__sender *sender);

/* A place that names the message that is worked on; NULL: none. */
void smail__sender_set_in_hand(struct smail__sender *sender,
                               _Atomic int64_t *in_hand);

/* There may be something new in the queue. */
void smail__sender_poke(struct smail__sender *sender);

/* No more claims; what is under way is brought to an end. */
void smail__sender_drain(struct smail__sender *sender);
/* Nothing is under way. */
bool smail__sender_is_idle(const struct smail__sender *sender);

/* `answer` is copied; NULL: it could not be asked. */
void smail__sender_answered(struct smail__sender *sender, uint64_t question,
                            const char *name, enum smail__dns_type type,
                            const struct smail__dns_answer *answer);
/* `hosts`: the policy's patterns, parted by newlines. */
void smail__sender_fetched(struct smail__sender *sender, uint64_t question,
                           enum smail__sts_mode mode, const char *hosts);
/* Takes `claim`; NULL: `err` says why there is none. */
void smail__sender_claimed(struct smail__sender *sender, uint64_t request,
                           struct smail__queue_claim *claim,
                           const smail_error *err);

/* `index`: of the address that answered. */
void smail__courier_connected(struct smail__courier *courier, size_t index);
void smail__courier_input(struct smail__courier *courier, smail_span *input);
smail_span smail__courier_output(struct smail__courier *courier);
void smail__courier_sent(struct smail__courier *courier, size_t len);
void smail__courier_secured(struct smail__courier *courier,
                            const struct smail__tls_got *got);
/* Refused, broken, timed out, or TLS failed, for `fault` then: `why` in
   words. */
void smail__courier_closed(struct smail__courier *courier, const char *why,
                           enum smail__tls_fault fault);
/* `err` NULL: it is on disk. */
void smail__courier_settled(struct smail__courier *courier,
                            const smail_error *err);

/* The world's own, per courier. */
void smail__courier_set_link(struct smail__courier *courier, void *link);
void *smail__courier_link(const struct smail__courier *courier);

#endif
