/* SPDX-License-Identifier: MIT */
/*
 * delivery/sender_internal.h - what the files of the sender share.
 *
 * sender.c    new, time, claims, what is due
 * lane.c      a destination: its hosts, its pace, its troubles
 * courier.c   a claim on its way: hosts, calls, what is done when none answers
 * courier_login.c  the log-in to a relay
 * talk.c      a session with a host that has answered, to QUIT
 * mail.c      one message within a session
 * tls_note.c  how TLS went, for reports and in words
 * outcome.c   what came of it: next attempt, the end, who is to be told
 */
#ifndef SMAIL__DELIVERY_SENDER_INTERNAL_H
#define SMAIL__DELIVERY_SENDER_INTERNAL_H

#include <smtpmail/smtp_client.h>

#include "base/buf.h"
#include "delivery/sender.h"

#define LANE_BUCKETS 1024

/* Destinations that something is remembered of. */
#define SMAIL__LANES_MAX 10000

/* Octets of content read at a time. */
#define CONTENT_CHUNK 16384

enum lane_state { LANE_NEW, LANE_RESOLVING, LANE_READY, LANE_DOWN };

struct lane {
    struct lane *next, *next_id; /* of its buckets */
    char name[SMAIL__DESTINATION_ROOM];
    smail_span domain; /* the end of it, or all */
    const struct smail__route *route;
    enum lane_state state;
    uint64_t id;

    struct smail__facts facts;
    unsigned questions; /* under way */
    struct smail__hosts *hosts;
    uint64_t hosts_until; /* milliseconds */

    struct smail__courier *couriers;
    unsigned courier_count;
    unsigned window;    /* couriers that it may have now */
    unsigned successes; /* since the window grew */

    unsigned failures; /* in a row */
    uint64_t down_until;
    char why[300];   /* it is down */
    unsigned claims; /* asked for it alone, and not answered */
    bool has_more;   /* the last claim left some that are due */
    bool is_counted; /* in the list of busy ones that is being made */

    uint64_t next_mail_at; /* of a pace */
};

enum courier_state {
    COURIER_WAITING,
    COURIER_CONNECTING,
    COURIER_TALKING,
    COURIER_SETTLING,
    COURIER_PACED,
    COURIER_CLAIMING, /* connected; asked for more */
    COURIER_IDLE,
    COURIER_LEAVING
};

/* The mail that is under way: items[first .. first + count). */
struct mail {
    size_t first, count;
    smail_smtp_rcpt *rcpts;
    struct smail__settled *settled; /* one an item */
    size_t answered;
    struct smail__settlement settlement;
    struct smail__buf texts; /* replies; spans are settled late */
    void *content;
    uint64_t offset; /* of prefix and content together */
    char *chunk;
    smail_span left; /* of the chunk */
    bool ended, content_failed;
    bool is_open; /* between send() and DONE */
    int64_t started_at;
};

/* Of all that is left of a claim. */
struct verdict {
    smail_queue_outcome outcome;
    int code;
    bool is_remote;
    char status[12];
    char text[400];
    char phase[24];
};

struct smail__courier {
    struct smail__sender *sender;
    struct lane *lane;
    struct smail__courier *next, *previous; /* of the lane */
    struct smail__courier *all_next, *all_previous;
    struct smail__courier *dead_next;
    enum courier_state state;
    void *link;
    uint64_t id;
    uint64_t deadline; /* milliseconds; UINT64_MAX: none */

    struct smail__queue_claim *claim;
    size_t at; /* the next item */
    uint64_t renew_at;

    size_t host, address; /* the one it is at */
    bool begun;           /* one was tried */
    bool is_linked;       /* the world has a connection for it */
    bool no_tls;          /* it failed with this host, and need not be */
    smail_smtp_client *client;
    unsigned session; /* counts them */
    struct smail__tls_got tls;
    char tls_text[160];
    bool is_secured, is_ready, is_authenticated;
    bool is_shaking; /* the handshake of TLS is under way */
    bool is_counted; /* what came of TLS in this session */
    struct smail__sasl_client *sasl;
    unsigned mails;       /* in this session */
    bool has_refused_all; /* each greeting so far was a 5yz */
    char trouble[400];    /* the last, in words */
    char trouble_status[12];
    char trouble_phase[24];
    int trouble_code;
    int64_t started_at;
    struct mail mail;
    struct verdict verdict;
    bool has_verdict;
    bool
        one_by_one; /* recipients: a mailbox was full, one does not know whose */
    bool needs_wake;
    bool is_done; /* to be freed at the end of a run */
};

struct smail__sender {
    struct smail__sender_options options;
    char *hostname;
    struct smail__world world;
    uint64_t now_ms;
    int64_t now;

    struct lane *buckets[LANE_BUCKETS], *by_id[LANE_BUCKETS];
    size_t lane_count;
    struct smail__courier *couriers;
    struct smail__courier *dead; /* to be freed */
    unsigned courier_count;
    uint64_t next_id;

    _Atomic int64_t *in_hand;
    bool draining;
    bool claim_pending; /* the general one */
    struct smail__queue_wish wish;
    uint64_t claim_request;
    smail_span *busy; /* as many as there may be sessions, spare ones too */
    struct smail__buf busy_text;
    uint64_t claim_at; /* milliseconds: worth asking again */
    uint64_t sweep_at;

    /* Claims for one lane, by a courier that has nothing left. */
    struct lane_claim *lane_claims;
};

struct lane_claim {
    struct lane_claim *next;
    uint64_t request;
    uint64_t courier; /* its id */
    struct lane *lane;
    struct smail__queue_wish wish;
};

/* --- sender.c ------------------------------------------------------------ */

/* More for a courier that has nothing left. */
int smail__sender_claim_lane(struct smail__sender *sender,
                             struct smail__courier *courier);

/* --- tls_note.c ---------------------------------------------------------- */

/* Count what came of TLS, once a session: the handshake is done, or has
 * failed; or the session goes on in the clear, or not at all. */
void smail__courier_tls_done(struct smail__courier *courier);
void smail__courier_tls_failed(struct smail__courier *courier,
                               enum smail__tls_fault fault);
void smail__courier_tls_missing(struct smail__courier *courier);

/* Of a destination whose hosts were looked up. */
void smail__lane_tls(struct smail__sender *sender, struct lane *lane);

/* What was wrong with TLS, in words for whoever sent the mail. */
void smail__courier_tls_words(char *out, size_t size,
                              const struct smail__courier *courier,
                              const char *why, enum smail__tls_fault fault);

/* --- lane.c -------------------------------------------------------------- */

struct lane *smail__lane_get(struct smail__sender *sender, smail_span name);
struct lane *smail__lane_by_id(struct smail__sender *sender, uint64_t id);
void smail__lane_free(struct smail__sender *sender, struct lane *lane);
/* Forget those where nothing goes on; `all`: what is still good to know too. */
void smail__lanes_sweep(struct smail__sender *sender, bool all);

/* Have its hosts looked up, unless they are known: couriers that wait go on
 * then. */
void smail__lane_resolve(struct smail__sender *sender, struct lane *lane);
void smail__lane_learned(struct smail__sender *sender, struct lane *lane);

void smail__lane_success(struct smail__sender *sender, struct lane *lane);
void smail__lane_trouble(struct smail__sender *sender, struct lane *lane);
/* Nobody there answers. */
void smail__lane_down(struct smail__sender *sender, struct lane *lane,
                      const char *why);
bool smail__lane_is_full(const struct smail__sender *sender,
                         const struct lane *lane);

/* --- courier.c ----------------------------------------------------------- */

/* Takes the claim. NULL without memory: it is given back by its lease. */
struct smail__courier *smail__courier_new(struct smail__sender *sender,
                                          struct lane *lane,
                                          struct smail__queue_claim *claim);
void smail__courier_free(struct smail__courier *courier);

/* The lane's hosts are known, or known not to be. */
void smail__courier_go(struct smail__courier *courier);
void smail__courier_expired(struct smail__courier *courier);

/* Connected and idle, with a claim or without. */
void smail__courier_next(struct smail__courier *courier);
void smail__courier_take(struct smail__courier *courier,
                         struct smail__queue_claim *claim);
/* It is of no use any more; freed at the end of the run. */
void smail__courier_end(struct smail__courier *courier, bool abort);
void smail__courier_leave(struct smail__courier *courier);
/* Idle, or on its way out. */
bool smail__courier_is_spare(const struct smail__courier *courier);
void smail__courier_patience(struct smail__courier *courier);

/* What is left of the claim, all alike. `outcome` 0: given back. */
void smail__courier_fail_rest(struct smail__courier *courier,
                              smail_queue_outcome outcome, int code,
                              const char *status, const char *text,
                              const char *phase, bool is_remote);

const struct smail__host *smail__courier_host(
    const struct smail__courier *courier);
/* How TLS has to be with that host. */
enum smail__tls_level smail__courier_level(
    const struct smail__courier *courier);
bool smail__courier_has_mail(const struct smail__courier *courier);
void smail__courier_set_deadline(struct smail__courier *courier,
                                 uint64_t milliseconds);
void smail__courier_hang_up(struct smail__courier *courier, bool abort);
/* Call the host that it is at. */
void smail__courier_connect(struct smail__courier *courier);
/* The next address or host; what is left is put off when there is none. */
void smail__courier_try_next(struct smail__courier *courier);
/* A new session with the host that it was at. */
void smail__courier_start_anew(struct smail__courier *courier);
/* The trouble of which it will be told if nobody can be talked to. */
void smail__courier_note(struct smail__courier *courier, int code,
                         smail_span status, const char *phase, smail_span text);

/* --- courier_login.c ----------------------------------------------------- */

/* The route wants one, and it is still to come. */
bool smail__courier_has_login(const struct smail__courier *courier);
void smail__courier_log_in(struct smail__courier *courier);
void smail__courier_challenged(struct smail__courier *courier,
                               smail_span challenge);
void smail__courier_logged_in(struct smail__courier *courier,
                              const smail_smtp_reply *reply);

/* --- mail.c -------------------------------------------------------------- */

/* Begin with items[at]. */
void smail__mail_begin(struct smail__courier *courier);
void smail__mail_body(struct smail__courier *courier);
void smail__mail_recipient(struct smail__courier *courier,
                           const smail_smtp_client_event *event, bool settled);
void smail__mail_done(struct smail__courier *courier,
                      const smail_smtp_client_event *event);
/* The content cannot be sent to anybody. */
void smail__mail_faulty(struct smail__courier *courier);
/* The session ended amid it. */
void smail__mail_cut(struct smail__courier *courier);
void smail__mail_dispose(struct smail__courier *courier);

/* Room for `count` items from courier->at on, all of one message. */
int smail__mail_prepare(struct smail__courier *courier, size_t count);
/* Set what came of one of them. The strings are copied. */
void smail__mail_set(struct smail__courier *courier, size_t index,
                     smail_queue_outcome outcome, int code, smail_span status,
                     smail_span text, const char *phase, bool is_remote);
/* Hand it to the world. */
void smail__mail_settle(struct smail__courier *courier);
/* What came of it, for the log. */
void smail__mail_log(const struct smail__courier *courier);

/* --- outcome.c ----------------------------------------------------------- */

/* Where a message is that was taken. */
enum reach {
    REACHED_DSN,    /* with a host that reports from there on */
    REACHED_OTHER,  /* with one that does not */
    REACHED_MAILBOX /* with its recipient */
};

/* The next attempt, whether it is over, and who is to be told. */
void smail__outcome_decide(struct smail__settled *settled,
                           const struct smail__sender *sender,
                           const struct smail__queue_message *message,
                           enum reach reach);

/* Is its sender to be told of a failure? */
bool smail__outcome_tells_failure(const struct smail__settled *settled,
                                  const struct smail__queue_message *message);

/* Has an entry that is given back untried come to an end all the same, or has
 * its sender to be told? */
bool smail__outcome_is_due(const struct smail__settled *settled,
                           const struct smail__sender *sender,
                           const struct smail__queue_message *message);

/* Seconds from now, after so many attempts. */
int64_t smail__outcome_backoff(const struct smail__sender *sender,
                               uint32_t attempts);

#endif
