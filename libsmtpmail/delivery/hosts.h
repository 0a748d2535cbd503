/* SPDX-License-Identifier: MIT */
/*
 * delivery/hosts.h - which hosts take a domain's mail, in which order, at
 * which addresses, and how their TLS has to be (RFC 5321, 5.1; RFC 7672;
 * RFC 8461).
 *
 * No I/O: plan() runs through against the answers that are there, and says
 * either what the plan is or which questions are still open. Ask them, put
 * the answers in, and call it again.
 */
#ifndef SMAIL__DELIVERY_HOSTS_H
#define SMAIL__DELIVERY_HOSTS_H

#include <smtpmail/queue.h>

#include "delivery/route.h"
#include "dns/answer.h"
#include "dns/record.h"
#include "net/endpoint.h"
#include "verify/sts.h"

/* Hosts and addresses of one destination that are looked at. */
#define SMAIL__HOSTS_MAX 20
#define SMAIL__HOST_ADDRESSES_MAX 16
#define SMAIL__HOST_TLSA_MAX 16

/* Questions about one destination, all together. */
#define SMAIL__FACTS_MAX 200

/* --- What is known ------------------------------------------------------- */

struct smail__fact {
    enum smail__dns_type type;
    char name[SMAIL__DNS_NAME_ROOM];
    struct smail__dns_answer *answer; /* NULL: not yet */
    bool asked;
};

/* MTA-STS (RFC 8461) of the domain. */
struct smail__sts {
    enum smail__sts_mode mode;
    char *hosts; /* patterns, parted by newlines */
};

struct smail__facts {
    struct smail__fact *list;
    size_t count;
    struct smail__sts sts;
    bool wants_sts; /* out: `sts` is needed and unknown */
};

void smail__facts_init(struct smail__facts *facts);
void smail__facts_dispose(struct smail__facts *facts);

/* A copy of the answer; asked for or not. */
int smail__facts_put(struct smail__facts *facts, const char *name,
                     enum smail__dns_type type,
                     const struct smail__dns_answer *answer);

/* The next question that was not asked yet: it counts as asked then. NULL:
 * all were. */
const struct smail__fact *smail__facts_next(struct smail__facts *facts);
/* NULL: it was not asked for; there is no room for more. */
struct smail__fact *smail__facts_find(struct smail__facts *facts,
                                      const char *name,
                                      enum smail__dns_type type);
struct smail__fact *smail__facts_add(struct smail__facts *facts,
                                     const char *name,
                                     enum smail__dns_type type);

/* --- The plan ------------------------------------------------------------ */

struct smail__host {
    char name[SMAIL__DNS_NAME_ROOM]; /* A-labels; or a literal, as "[::1]" */
    unsigned preference;
    uint16_t port;
    struct smail__endpoint addresses[SMAIL__HOST_ADDRESSES_MAX];
    size_t address_count; /* in the order in which they are tried */
    enum smail__tls_level tls;
    const char *tls_reason; /* "DANE", "MTA-STS", "configured", "opportunistic":
                               a constant */
    smail_tls_policy policy; /* that promised it */
    bool is_unlisted;        /* the MTA-STS policy does not name it */
    char tls_name[SMAIL__DNS_NAME_ROOM]; /* SNI, and whose certificate */
    char tls_also[SMAIL__DNS_NAME_ROOM]; /* another name that will do; "" */
    struct {
        uint8_t usage, selector, matching;
        unsigned char data[512];
        size_t len;
    } tlsa[SMAIL__HOST_TLSA_MAX];
    size_t tlsa_count;
};

struct smail__hosts {
    int code;        /* 0: there are hosts; 4: not now; 5: never */
    char status[12]; /* "5.1.10" */
    char text[300];
    struct smail__host *list;
    size_t count;
    uint32_t ttl;  /* seconds that it holds */
    bool is_bogus; /* a signature of DNSSEC does not hold */
    /* A host that is not used as the MTA-STS policy does not name it; "". */
    char unlisted[SMAIL__DNS_NAME_ROOM];
};

struct smail__hosts_ask {
    const struct smail__route *route;
    smail_span domain;   /* of the recipients, A-labels or a literal; what MX is
                          asked for, unless the route names a host */
    smail_span own_name; /* hosts from ours on are left out (RFC 5321, 5.1) */
    uint16_t mx_port;    /* of what DNS names; 0: 25 */
    bool allow_private;  /* loopback and private addresses may be hosts */
    bool use_dane, use_sts;
    uint64_t random; /* shuffles what is equal */
};

/* 1: questions are open, see smail__facts_next() and wants_sts. 0: `*out` is
 * the plan, to be freed. SMAIL_ENOMEM. */
int smail__hosts_plan(struct smail__hosts **out,
                      const struct smail__hosts_ask *ask,
                      struct smail__facts *facts);
void smail__hosts_free(struct smail__hosts *hosts);

/* Loopback, private, link-local, unspecified, multicast, and what is mapped to
 * one of them (RFC 6890). */
bool smail__endpoint_is_private(const struct smail__endpoint *endpoint);

#endif
