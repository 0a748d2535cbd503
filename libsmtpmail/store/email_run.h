/* SPDX-License-Identifier: MIT */
/*
 * store/email_run.h - one query while it runs: email_look.c finds messages that
 * may be meant and matches them, email_sort.c keeps those that are, in order.
 */
#ifndef SMAIL__STORE_EMAIL_RUN_H
#define SMAIL__STORE_EMAIL_RUN_H

#include "store/email_match.h"

/* Messages that a query finds at most. */
#define SMAIL__QUERY_FOUND_MAX ((size_t)1000 * 1000)

/* What sorting by text compares, in octets. */
#define SMAIL__QUERY_TEXT_MAX ((size_t)64)

/* A query that takes longer wants too much: who asks has gone, and what it
 * reads holds up checkpoints. */
#define SMAIL__QUERY_MILLISECONDS 10000

struct smail__hit {
    smail_id email, thread;
    int64_t received_at;
    union {
        int64_t number;
        size_t text; /* where it stands in `texts` */
    } keys[SMAIL__SORTS_MAX];
    const struct smail__run *run; /* for the comparison */
};

struct smail__run {
    const struct smail__email_query *query;
    struct smail__match match;
    struct smail__hit *hits;
    size_t count, room;
    struct smail__buf texts;
    bool is_sorted; /* candidates come in the order that is wanted */

    /* Of which threads there is one among the hits, while they come sorted. */
    smail_id *threads;
    size_t thread_count, thread_room;

    int64_t until; /* CLOCK_MONOTONIC, milliseconds */
    size_t looked; /* at how many candidates */
};

/* Newest first is what is wanted. */
bool smail__run_is_newest_first(const struct smail__run *run);
/* There are as many hits as were asked for, and no better ones to come. */
bool smail__run_is_enough(const struct smail__run *run);
/* The candidate that the row is on is a hit. */
int smail__run_keep(struct smail__run *run, smail_error *err);
void smail__run_sort(struct smail__run *run);
/* The first of each thread stays (RFC 8621, 4.4.3). */
int smail__run_collapse(struct smail__run *run, smail_error *err);
void smail__run_dispose(struct smail__run *run);

/* email_look.c: keep all that the filter lets through, or enough of it. */
int smail__run_look(struct smail__run *run, smail_error *err);

#endif
