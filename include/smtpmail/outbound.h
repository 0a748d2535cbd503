/* SPDX-License-Identifier: MIT */
/*
 * smtpmail/outbound.h - mail to other hosts: by which way, and a thread that
 * sends what the queue holds.
 *
 *    smail_routes_new(&routes, &err);
 *    server_options.routes = routes;           takes and queues it
 *    outbound_options.routes = routes;
 *    smail_outbound_new(&outbound, &outbound_options, &err);
 *    smail_outbound_start(outbound, &err);     sends it
 *
 * Any number of processes may have the same store open and put mail into its
 * queue; one of them at a time sends. The others stand by.
 */
#ifndef SMAIL_OUTBOUND_H
#define SMAIL_OUTBOUND_H

#include <smtpmail/queue.h>
#include <smtpmail/server.h>

SMAIL_BEGIN_DECLS

/* --- Routes -------------------------------------------------------------- */

typedef struct smail_routes smail_routes;

typedef enum smail_route_kind {
    SMAIL_ROUTE_MX,      /**< The hosts that DNS names (RFC 5321, 5.1). */
    SMAIL_ROUTE_RELAY,   /**< `host`, for all: a smarthost. */
    SMAIL_ROUTE_LMTP,    /**< `host`, by LMTP (RFC 2033). */
    SMAIL_ROUTE_DISCARD, /**< Taken, and thrown away. */
    SMAIL_ROUTE_FAIL     /**< Refused, with `text`. */
} smail_route_kind;

typedef enum smail_route_tls {
    SMAIL_ROUTE_TLS_DEFAULT, /**< What DNS and MTA-STS say; with a log-in,
                                VERIFY. */
    SMAIL_ROUTE_TLS_NONE,
    SMAIL_ROUTE_TLS_MAY,     /**< If it is offered (RFC 7435). */
    SMAIL_ROUTE_TLS_ENCRYPT, /**< Not in the clear. */
    SMAIL_ROUTE_TLS_VERIFY   /**< And a certificate for the host's name. */
} smail_route_tls;

typedef enum smail_route_families {
    SMAIL_ROUTE_BOTH,
    SMAIL_ROUTE_IPV4,
    SMAIL_ROUTE_IPV6
} smail_route_families;

/** Zero in any field means the default. Start from the _INIT value. */
typedef struct smail_route {
    size_t size;
    const char *name; /**< Letters, digits, '-'; names destinations. */
    smail_route_kind kind;
    const char *host;  /**< Of RELAY and LMTP; an address in brackets. */
    bool look_up_mx;   /**< `host` has MX records to follow. */
    uint16_t port;     /**< Default: 25; 587 with a log-in; 465 with
                          `implicit_tls`; LMTP 24. */
    bool implicit_tls; /**< TLS from the first octet (RFC 8314, 3.3). */
    smail_route_tls tls;
    smail_route_families families;
    const char *user; /**< Log in as; with `password`. */
    const char *password;
    const char *source_ipv4; /**< Addresses to send from. */
    const char *source_ipv6;
    const char *hostname; /**< To say in EHLO. */
    const char *text;     /**< Of FAIL: "5.7.1 We do not write there". */
    uint32_t connections; /**< To one destination at a time. */
    uint32_t messages_per_minute; /**< To one destination. */
} smail_route;

#define SMAIL_ROUTE_INIT    \
    {                       \
        sizeof(smail_route) \
    }

/** Without any route everything goes by MX. */
SMAIL_API int smail_routes_new(smail_routes **out, smail_error *err);
/** Not while a server or an outbound uses them. */
SMAIL_API void smail_routes_free(smail_routes *routes);
/** Copied. SMAIL_EEXISTS, SMAIL_EINVAL for what makes no sense. */
SMAIL_API int smail_routes_add(smail_routes *routes, const smail_route *route,
                               smail_error *err);
/** Mail for `recipient_domain` ("example.org", ".example.org" for all below
    it, NULL for any) from `sender` (a domain, likewise, or an address) goes by
    `route`. The first rule that fits counts. SMAIL_ENOTFOUND. */
SMAIL_API int smail_routes_add_rule(smail_routes *routes,
                                    const char *recipient_domain,
                                    const char *sender, const char *route,
                                    smail_error *err);

/* --- Sending ------------------------------------------------------------- */

typedef struct smail_outbound smail_outbound;

/** Zero in any field means the default. Start from the _INIT value. */
typedef struct smail_outbound_options {
    size_t size;
    smail_store *store;         /**< Required; must outlive it. */
    const char *hostname;       /**< Required; what EHLO says. */
    const smail_routes *routes; /**< NULL: MX for all. */
    uint32_t sessions;          /**< At a time. Default 100. */
    uint32_t connections;       /**< To one destination. Default 20. */
    uint32_t retry_min;         /**< Seconds after the first failure; doubled
                                   with each. Default 300. */
    uint32_t retry_max;         /**< Default 14400. */
    uint32_t down_time;         /**< Seconds for which a destination where
                                   nobody answers is let be. Default 60. */
    uint32_t connect_timeout;   /**< Seconds. Default 30. */
    bool allow_private; /**< Send to loopback and private addresses that DNS
                           names. */
    bool no_dane;       /**< Do not look for TLSA records (RFC 7672). */
    uint16_t mx_port;   /**< Of the hosts that DNS names. Default 25. */
    bool no_sts;        /**< Nor for MTA-STS policies (RFC 8461). */
    uint16_t sts_port;  /**< Where those are served. Default 443. */
    const char *authorities;  /**< PEM file: who signs certificates. Default:
                                 the system's. */
    const char *name_servers; /**< As in server.h, and so the next three. */
    const char *zone_file;
    const char *trust_anchor;
    uint32_t dns_timeout;
    smail_log_level log_level;
    bool log_json;
    void (*log)(smail_log_level level, const char *line, size_t len,
                void *user);
    void *log_user;
} smail_outbound_options;

#define SMAIL_OUTBOUND_OPTIONS_INIT    \
    {                                  \
        sizeof(smail_outbound_options) \
    }

SMAIL_API int smail_outbound_new(smail_outbound **out,
                                 const smail_outbound_options *options,
                                 smail_error *err);
/** A thread of its own from now on. */
SMAIL_API int smail_outbound_start(smail_outbound *outbound, smail_error *err);
/** Brings what is under way to an end, for `grace` seconds at the most. */
SMAIL_API void smail_outbound_stop(smail_outbound *outbound, uint32_t grace);
/** Stops at once if it was not stopped. */
SMAIL_API void smail_outbound_free(smail_outbound *outbound);

SMAIL_END_DECLS

#endif
