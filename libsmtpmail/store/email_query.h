/* SPDX-License-Identifier: MIT */
/*
 * store/email_query.h - messages by any condition, in any order (RFC 8621,
 * 4.4). smail_store_query() is the list of one mailbox, newest first; this is
 * the rest.
 */
#ifndef SMAIL__STORE_EMAIL_QUERY_H
#define SMAIL__STORE_EMAIL_QUERY_H

#include "base/buf.h"
#include "store/store.h"

/* Conditions of one filter, and words of one condition. */
#define SMAIL__FILTER_MAX 100
#define SMAIL__FILTER_TEXT_MAX 1000

/* Messages whose header has to be read because of a condition, in one query. */
#define SMAIL__FILTER_READS_MAX 50000

enum smail__filter_kind {
    /* Of others. */
    SMAIL__FILTER_AND,
    SMAIL__FILTER_OR,
    SMAIL__FILTER_NOT, /* of any */
    /* Of `ids`. */
    SMAIL__FILTER_IN_MAILBOX,
    SMAIL__FILTER_IN_OTHER_THAN,
    /* Of `number`. */
    SMAIL__FILTER_BEFORE,
    SMAIL__FILTER_AFTER,
    SMAIL__FILTER_MIN_SIZE,
    SMAIL__FILTER_MAX_SIZE,
    SMAIL__FILTER_HAS_ATTACHMENT,
    /* Of `text`, a keyword. */
    SMAIL__FILTER_KEYWORD,
    SMAIL__FILTER_NOT_KEYWORD,
    SMAIL__FILTER_ALL_IN_THREAD,
    SMAIL__FILTER_SOME_IN_THREAD,
    SMAIL__FILTER_NONE_IN_THREAD,
    /* Of `text`, words that occur. */
    SMAIL__FILTER_TEXT,
    SMAIL__FILTER_BODY,
    SMAIL__FILTER_SUBJECT,
    SMAIL__FILTER_FROM,
    SMAIL__FILTER_TO,
    SMAIL__FILTER_HEADER, /* of the field `name`; without `text`: it is there */
    /* Nothing left to ask. */
    SMAIL__FILTER_TRUE
};

struct smail__filter {
    enum smail__filter_kind kind;
    struct smail__filter *first; /* of others */
    struct smail__filter *next;
    int64_t number;
    smail_id *ids;
    size_t count;
    char *text;
    char *name;
    bool is_exact; /* the last word of `text` does not go on */

    /* What the query makes of it: hits of the index, ascending. */
    bool is_searched;
    smail_id *hits;
    size_t hit_count;
};

/* NULL without memory. */
struct smail__filter *smail__filter_new(enum smail__filter_kind kind);
void smail__filter_free(struct smail__filter *filter); /* and all below */
/* At the end of the list below `to`. */
void smail__filter_add(struct smail__filter *to, struct smail__filter *filter);

enum smail__sort_key {
    SMAIL__SORT_RECEIVED,
    SMAIL__SORT_SENT,
    SMAIL__SORT_SIZE,
    SMAIL__SORT_FROM,
    SMAIL__SORT_TO,
    SMAIL__SORT_SUBJECT,
    SMAIL__SORT_KEYWORD,
    SMAIL__SORT_ALL_IN_THREAD,
    SMAIL__SORT_SOME_IN_THREAD
};

#define SMAIL__SORTS_MAX 4

struct smail__sort {
    enum smail__sort_key key;
    bool descending;
    const char *keyword;
};

struct smail__email_query {
    smail_id account;
    struct smail__filter *filter; /* NULL: all */
    struct smail__sort sorts[SMAIL__SORTS_MAX];
    size_t sort_count; /* 0: newest first */
    bool collapse;     /* the first of each thread */
    size_t enough;     /* when the order allows, stop there; 0: all */
};

struct smail__email_found {
    smail_id *ids;
    size_t count;
    /* When words were asked for: messages of the account of which only
     * subject, sender and recipients were looked at, for the index has yet to
     * see them. */
    uint64_t unindexed;
};

/* SMAIL_EINVAL for words or keywords that cannot be, SMAIL_ELIMIT for a
 * question that would read too much. The filter is changed: one use. */
int smail__email_query_run(struct smail__email_found *out, smail_store *store,
                           struct smail__db *db,
                           const struct smail__email_query *query,
                           smail_error *err);
void smail__email_found_dispose(struct smail__email_found *found);

/* Messages of the account that the index has yet to see. */
int smail__unindexed_count(uint64_t *out, struct smail__db *db,
                           smail_id account, smail_error *err);

#endif
