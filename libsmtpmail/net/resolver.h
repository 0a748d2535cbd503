/* SPDX-License-Identifier: MIT */
/*
 * net/resolver.h - DNS, asked on a loop and answered on the same loop, later.
 *
 * Behind it is libunbound, which validates and caches, on threads of its own;
 * or a zone file, for tests. An answer is secure, insecure, bogus or temporary
 * (dns/answer.h). No question outlives its patience, and there are never more
 * than so many under way.
 */
#ifndef SMAIL__NET_RESOLVER_H
#define SMAIL__NET_RESOLVER_H

#include "dns/answer.h"
#include "net/loop.h"

struct smail__resolver;

/* Zero and NULL mean the default. Strings are not kept. */
struct smail__resolver_options {
    const char *zone_file;    /* nothing else is asked then */
    const char *server;       /* "ADDRESS" or "ADDRESS:PORT" of name servers,
                              parted by spaces; "recursive": from the root
                              down. Default: those of /etc/resolv.conf. */
    const char *trust_anchor; /* file with the key of the root. Default: the
                                 system's, unless `server` names some. */
    uint32_t patience;        /* milliseconds; default 5000 */
    uint32_t questions_max;   /* under way at a time; default 1000 */
};

/* Reads all files and starts the threads: what comes later needs neither. */
int smail__resolver_new(struct smail__resolver **out,
                        const struct smail__resolver_options *options,
                        smail_error *err);

/* When no loop asks any more. NULL is fine. */
void smail__resolver_free(struct smail__resolver *resolver);

/* Are signatures looked at? */
bool smail__resolver_validates(const struct smail__resolver *resolver);

struct smail__resolving;

/* One question, inside the object that asks. Zero it before its first use. */
struct smail__query {
    /* Once, on the loop, never within ask(). The answer is gone when it
       returns. The query may be used again, or freed. */
    void (*done)(struct smail__query *query,
                 const struct smail__dns_answer *answer);
    struct smail__resolving *under_way; /* NULL: nothing is asked */
};

/*
 * On the thread of `loop`. SMAIL_EMALFORMED for a name that is none,
 * SMAIL_ELIMIT when too many are under way, SMAIL_ENOMEM, SMAIL_ESTATE when
 * this query is: done() is not called then.
 */
int smail__resolver_ask(struct smail__resolver *resolver,
                        struct smail__query *query, struct smail__loop *loop,
                        const char *name, enum smail__dns_type type);

/* On the thread of the loop: done() is not called any more. Always fine. */
void smail__query_cancel(struct smail__query *query);

#endif
