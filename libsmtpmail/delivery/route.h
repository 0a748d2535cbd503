/* SPDX-License-Identifier: MIT */
/*
 * delivery/route.h - by which way mail leaves: to the hosts that DNS names for
 * a domain, or to one that the operator has named.
 *
 * A route is chosen by the recipient's domain, else by the sender's, else it
 * is the default; where nothing is configured that is MX.
 */
#ifndef SMAIL__DELIVERY_ROUTE_H
#define SMAIL__DELIVERY_ROUTE_H

#include <smtpmail/address.h>
#include <smtpmail/error.h>

/* The destination of SMAIL__ROUTE_LOCAL. */
#define SMAIL__ROUTE_HERE "*here"

#define SMAIL__ROUTES_MAX 1000
#define SMAIL__ROUTE_NAME_MAX 63

/* "@", a name, ":", a domain, and the NUL. */
#define SMAIL__DESTINATION_ROOM (SMAIL__ROUTE_NAME_MAX + SMAIL_DOMAIN_MAX + 3)

enum smail__route_kind {
    SMAIL__ROUTE_MX,      /* RFC 5321, 5.1 */
    SMAIL__ROUTE_RELAY,   /* a smarthost */
    SMAIL__ROUTE_LMTP,    /* RFC 2033 */
    SMAIL__ROUTE_DISCARD, /* taken, and thrown away */
    SMAIL__ROUTE_FAIL,    /* refused, in the operator's words */
    SMAIL__ROUTE_LOCAL    /* into mailboxes here, by way of the queue */
};

/* In the order of what they demand. */
enum smail__tls_level {
    SMAIL__TLS_NONE,    /* never */
    SMAIL__TLS_MAY,     /* if it is offered and works (RFC 7435) */
    SMAIL__TLS_ENCRYPT, /* with anybody, but not in the clear */
    SMAIL__TLS_VERIFY,  /* a certificate for a name that we know */
    SMAIL__TLS_DANE     /* a certificate that DNS vouches for (RFC 7672) */
};

enum smail__families {
    SMAIL__FAMILIES_BOTH, /* IPv6 first, IPv4 soon after (RFC 8305) */
    SMAIL__FAMILIES_IPV4,
    SMAIL__FAMILIES_IPV6
};

struct smail__route {
    char name[SMAIL__ROUTE_NAME_MAX + 1]; /* "" for the built-in one */
    enum smail__route_kind kind;
    char *host;        /* of RELAY and LMTP: a name, or a literal in [] */
    bool look_up_mx;   /* of RELAY: host is a domain with MX records */
    uint16_t port;     /* 0: 25, 587, 465 or 24, as kind and TLS say */
    bool implicit_tls; /* RFC 8314, 3.3 */
    bool has_tls;      /* `tls` was said; else DNS and MTA-STS may raise it */
    enum smail__tls_level tls;
    enum smail__families families;
    char *user, *password;           /* NULL: no log-in */
    char *source_ipv4, *source_ipv6; /* numeric; NULL: the system chooses */
    char *hostname;                  /* for EHLO; NULL: the server's */
    char *text;                      /* of FAIL: "5.7.1 not from here" */
    uint32_t connections;            /* to one destination; 0: the default */
    uint32_t messages_per_minute;    /* to one destination; 0: any number */
};

/* Who goes by which. */
struct smail__route_rule {
    char *recipient_domain; /* "example.org", ".example.org" for all below it;
                               NULL: any */
    char *sender_domain;    /* likewise; or a whole address */
    size_t route;           /* index */
};

struct smail__routes {
    struct smail__route *list;
    size_t count;
    struct smail__route_rule *rules; /* the first that fits */
    size_t rule_count;
};

void smail__routes_init(struct smail__routes *routes);
void smail__routes_dispose(struct smail__routes *routes);

/* Copies; the route's index, or a negative error. */
int smail__routes_add(struct smail__routes *routes,
                      const struct smail__route *route, smail_error *err);
int smail__routes_add_rule(struct smail__routes *routes,
                           const char *recipient_domain,
                           const char *sender_domain, const char *route,
                           smail_error *err);

/* Never NULL: without a rule it is the built-in MX. Domains in A-labels. */
const struct smail__route *smail__routes_find(
    const struct smail__routes *routes, smail_span recipient_domain,
    smail_span sender);

/* By its name; NULL: there is none. */
const struct smail__route *smail__routes_named(
    const struct smail__routes *routes, smail_span name);

/* The one form of a recipient's domain: lower case, A-labels; a literal as it
 * is. SMAIL_EMALFORMED. */
int smail__route_domain(char out[SMAIL_DOMAIN_MAX + 1], smail_span domain);

/* What queue_recipient.destination holds for it: the domain itself where DNS
 * decides, else "@" and the route's name; both, as "@name:domain", where DNS
 * decides by a route that the sender has chosen. */
void smail__route_destination(char out[SMAIL__DESTINATION_ROOM],
                              const struct smail__routes *routes,
                              const struct smail__route *route,
                              smail_span recipient_domain);

/* Back: the route, and the domain within `destination`. */
const struct smail__route *smail__route_of(smail_span *domain,
                                           const struct smail__routes *routes,
                                           smail_span destination);

/* The default port. */
uint16_t smail__route_port(const struct smail__route *route);

#endif
