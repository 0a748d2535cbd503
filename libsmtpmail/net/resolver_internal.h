/* SPDX-License-Identifier: MIT */
/*
 * net/resolver_internal.h - what resolver.c (questions and patience) and
 * resolver_unbound.c (libunbound) share.
 */
#ifndef SMAIL__NET_RESOLVER_INTERNAL_H
#define SMAIL__NET_RESOLVER_INTERNAL_H

#include <pthread.h>

#include "dns/zone.h"
#include "net/resolver.h"

struct smail__unbound;

/*
 * Belongs to its loop until the loop gives it up, and then to whoever brings
 * the answer. `loop` and `has_answer` say who, under the resolver's lock.
 */
struct smail__resolving {
    struct smail__task task;
    struct smail__timer timer;
    struct smail__resolver *resolver;
    struct smail__loop *loop;   /* NULL: nobody waits any more */
    struct smail__loop *home;   /* the same, for its own thread */
    struct smail__query *query; /* NULL: cancelled */
    struct smail__dns_answer *answer;
    bool has_answer; /* the task was posted */
    bool is_abroad;  /* libunbound has it and will bring it back */
    struct smail__resolving *next, *previous; /* of all under way */
};

struct smail__resolver {
    struct smail__dns_zone *zone;
    struct smail__unbound *unbound;
    uint32_t patience, questions_max;

    pthread_mutex_t lock; /* over all below */
    struct smail__resolving *first;
    uint32_t under_way;
};

/* From any thread: takes `answer`, which may be NULL: no memory. */
void smail__resolver_answer(struct smail__resolving *resolving,
                            struct smail__dns_answer *answer);

int smail__unbound_new(struct smail__unbound **out,
                       const struct smail__resolver_options *options,
                       smail_error *err);
void smail__unbound_free(struct smail__unbound *unbound);
bool smail__unbound_validates(const struct smail__unbound *unbound);

/* 0: smail__resolver_answer() will be called, from another thread. */
int smail__unbound_ask(struct smail__unbound *unbound,
                       struct smail__resolving *resolving, const char *name,
                       enum smail__dns_type type);

#endif
