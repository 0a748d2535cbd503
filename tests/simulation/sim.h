/* SPDX-License-Identifier: MIT */
/*
 * sim.h - a net in memory: names, hosts that speak SMTP well or badly, a
 * queue, a sender, and a clock that jumps to what happens next.
 *
 * All that is left to chance comes from one generator with one seed: the same
 * seed is the same scenario, octet for octet.
 *
 * clock.c     events, chance
 * zone.c      domains, their hosts, what DNS and MTA-STS say of them
 * host.c      one session with a host
 * fault.c     what goes wrong with it
 * world.c     what the sender asks of its world
 * queue.c     the part of it that is the queue
 * mail.c      messages, and what is done to them from outside
 * mail_check.c  how they have to end
 * scenario.c  what a seed makes of all this
 */
#ifndef TESTS_SIMULATION_SIM_H
#define TESTS_SIMULATION_SIM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/format.h"
#include "base/span.h"
#include "delivery/sender_internal.h"
#include "delivery/settle.h"
#include "store/append.h"
#include "store/content.h"

#define SIM_BEGIN ((int64_t)1800000000)
#define SIM_DAY ((uint64_t)86400 * 1000)
#define SIM_DOMAINS 12
#define SIM_HOSTS 4
#define SIM_MESSAGES 12
#define SIM_PERSONS 6 /* of one message */
#define SIM_HOSTNAME "mail.here.test"
#define SIM_OTHER_NAME "out.here.test"
#define SIM_LOCAL_SENDER "alice@here.test"

struct sim;

/* --- clock.c ------------------------------------------------------------- */

struct event {
    uint64_t at, order;
    unsigned life; /* of the sender it is for; 0: of the world */
    void (*run)(struct sim *sim, void *arg);
    void *arg;
    bool owned; /* arg is freed */
};

uint64_t sim_random(struct sim *sim);
/* 0 .. below - 1 */
unsigned sim_below(struct sim *sim, unsigned below);
bool sim_chance(struct sim *sim, unsigned per_thousand);
void sim_at(struct sim *sim, uint64_t delay,
            void (*run)(struct sim *sim, void *arg), void *arg, bool owned,
            bool of_world);
/* False: there is no event. */
bool sim_next_at(const struct sim *sim, uint64_t *at);
void sim_run_event(struct sim *sim);
void sim_forget_events(struct sim *sim);
int64_t sim_seconds(const struct sim *sim);
void sim_fail(struct sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void sim_trace(struct sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --- zone.c -------------------------------------------------------------- */

enum domain_kind {
    DOMAIN_MX,
    DOMAIN_IMPLICIT,
    DOMAIN_ALIAS, /* hosts behind a CNAME */
    DOMAIN_DANE,
    DOMAIN_STS,
    DOMAIN_LATE, /* DNS is not to be had at first */
    DOMAIN_DEAD, /* nobody answers, ever */
    DOMAIN_NULL,
    DOMAIN_NO_NAME,
    DOMAIN_PRIVATE,
    DOMAIN_LOOP,
    DOMAIN_BOGUS,
    DOMAIN_RELAY,
    DOMAIN_LMTP,
    DOMAIN_HERE, /* mailboxes of ours, by way of the queue */
    DOMAIN_DISCARD,
    DOMAIN_FAIL,
    DOMAIN_KINDS
};

enum tls_kind { TLS_NONE, TLS_GOOD, TLS_SELF, TLS_BROKEN, TLS_KINDS };

struct host {
    struct domain *domain;
    char name[64];
    unsigned number, preference;
    enum tls_kind tls;
    bool pipelining, chunking, size, eight_bit, utf8, dsn, esmtp;
    uint64_t size_max;
    bool require_tls, deliver_by, priority; /* extensions */
    bool refuses, silent;                   /* connections */
    unsigned faults;                        /* per thousand replies */
    unsigned storms;                        /* per thousand: 4yz */
    unsigned recipients_max, mails_max;
    bool pieces;      /* octet by octet */
    bool wants_login; /* as a submission service */
};

struct domain {
    char name[32];
    unsigned number;
    enum domain_kind kind;
    struct host hosts[SIM_HOSTS];
    unsigned host_count;
    uint64_t dns_from;  /* before that nobody answers */
    uint64_t calm_from; /* after that there are no faults */
    bool dns_trouble;   /* now and then */
    bool must_tls;      /* nobody may get its mail without a proof */
    bool is_good;       /* nothing stands in the way of its mail */
    bool is_hopeless;   /* it refuses for good, by DNS or route */
    unsigned open;      /* connections now */
};

void zone_make(struct sim *sim);
struct smail__dns_answer *zone_answer(struct sim *sim, const char *name,
                                      enum smail__dns_type type);
enum smail__sts_mode zone_sts(struct sim *sim, const char *domain, char *hosts,
                              size_t room);
struct host *zone_host(struct sim *sim, const struct smail__endpoint *to);

/* --- host.c -------------------------------------------------------------- */

struct person;

/* An answer that takes a mail, and where in the stream it ends. */
struct ack {
    uint64_t end;
    size_t count;
    struct person *persons[SIM_PERSONS];
    unsigned char generation;
};

struct session {
    bool greeted, secured, verified, is_over, is_reset, is_hung, starts_tls;
    bool mail_said, in_data, is_faulty;
    bool logged_in;
    char line[4096];
    size_t line_len;
    char sender[128];
    char hello[64];
    bool requires_tls;
    struct person *persons[SIM_PERSONS];
    char notice_to[128]; /* the recipient of what is from <> */
    size_t person_count;
    struct smail__buf content;
    uint64_t chunk_left;
    bool in_chunk, last_chunk;
    unsigned mails;
    uint64_t said; /* octets, all together */
    struct ack acks[8];
    size_t ack_count;
    uint64_t delay; /* of what it says next */
};

struct link {
    struct link *next;
    struct smail__courier *courier; /* NULL: it has left */
    struct host *host;
    size_t address; /* which of those it was given */
    struct session session;
    struct smail__buf up, down; /* under way */
    struct smail__buf heard;    /* arrived, not consumed */
    uint64_t consumed;
    char lane[300];
    bool is_open, up_scheduled, down_scheduled, flush_scheduled, counted;
};

void host_begin(struct sim *sim, struct link *link);
void host_input(struct sim *sim, struct link *link, smail_span input);
void host_secured(struct link *link, bool verified);
/* The sender has read so far. */
void host_read_by(struct link *link, uint64_t consumed);
void host_free(struct link *link);

/* --- fault.c ------------------------------------------------------------- */

void fault_say(struct link *link, const char *text);
/* False: it was not said, or not in full. */
bool fault_reply(struct sim *sim, struct link *link, const char *text);
bool fault_is_over(const struct sim *sim, const struct link *link);

/* --- world.c ------------------------------------------------------------- */

void world_make(struct smail__world *out, struct sim *sim);
/* As a power cut: nothing is said any more, by anybody to anybody. */
void world_crash(struct sim *sim);
void world_free_links(struct sim *sim);

/* --- queue.c ------------------------------------------------------------- */

void queue_make(struct smail__world *out);

/* --- mail.c -------------------------------------------------------------- */

struct person {
    struct message *message;
    unsigned number;
    char address[96];
    struct domain *domain;
    char kind; /* k: fine, n: unknown, f: full for a time, g: grey, w: never */
    unsigned notify;
    uint64_t first_seen; /* g */
    unsigned tries, full_for;
    unsigned taken;    /* by hosts */
    unsigned answered; /* ... and the sender has read it */
    unsigned recorded; /* outcomes that end it */
    unsigned excuses;  /* answers that were lost, or not written down */
    bool recorded_taken;
    int failures, delays, successes, relays; /* notices of it */
    smail_queue_status status;
    bool seen;
};

struct message {
    unsigned number;
    smail_id id;
    char sender[96];
    bool is_local, is_null;
    struct person persons[SIM_PERSONS];
    size_t person_count;
    char *text; /* as it is to arrive */
    size_t text_len;
    bool is_bad; /* holds what no mail may hold */
    bool requires_tls;
    int by_mode;
    int64_t by_at;
    int64_t release_at;
    unsigned strikes;
    bool was_steered;
};

void mail_make(struct sim *sim);
void mail_free(struct sim *sim);
struct person *mail_person(struct sim *sim, smail_span address);
/* Something is done to the queue from outside. */
void mail_steer(struct sim *sim);

/* --- mail_check.c -------------------------------------------------------- */

/* A host has taken it. */
void mail_taken(struct sim *sim, struct link *link);
void mail_settled(struct sim *sim, const struct smail__settlement *settlement,
                  bool committed);
void mail_check(struct sim *sim);

/* --- scenario.c ---------------------------------------------------------- */

struct sim {
    uint64_t seed, state;
    uint64_t now; /* milliseconds */
    bool failed, trace;

    struct event *events;
    size_t event_count, event_room;
    uint64_t order;
    unsigned life;

    smail_store *store;
    struct smail__routes routes;
    struct smail__sender_options options;
    struct smail__sender *sender;
    struct link *links;
    int64_t next_due; /* as the last claim said */
    bool knows_due;
    unsigned open_contents;
    bool store_fails; /* now and then */
    bool has_own_way; /* of mail from here, where DNS decides */
    unsigned crashes, lost_settlements, thefts;

    struct domain domains[SIM_DOMAINS];
    unsigned domain_count;
    struct message messages[SIM_MESSAGES];
    size_t message_count;
    uint64_t end;
    uint64_t steps, taken, duplicates, notices;
};

/* What one seed makes; false: something was wrong, and was said. */
struct sim_sums {
    uint64_t persons, delivered, failed, held, cancelled, duplicates, crashes;
    uint64_t notices, steps;
};

bool scenario_run(uint64_t seed, bool trace, struct sim_sums *sums);

#endif
