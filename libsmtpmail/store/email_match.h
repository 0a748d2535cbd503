/* SPDX-License-Identifier: MIT */
/* store/email_match.h - does a message meet a condition? For the query. */
#ifndef SMAIL__STORE_EMAIL_MATCH_H
#define SMAIL__STORE_EMAIL_MATCH_H

#include "store/email_query.h"

/* The columns of a candidate, in this order. */
#define SMAIL__MATCH_COLUMNS                                      \
    "e.id, e.thread, e.received_at, e.sent_at, e.size, e.flags, " \
    "e.keywords, e.subject, e.sender, e.recipients "

enum smail__match_column {
    SMAIL__MATCH_ID,
    SMAIL__MATCH_THREAD,
    SMAIL__MATCH_RECEIVED,
    SMAIL__MATCH_SENT,
    SMAIL__MATCH_SIZE,
    SMAIL__MATCH_FLAGS,
    SMAIL__MATCH_KEYWORDS,
    SMAIL__MATCH_SUBJECT,
    SMAIL__MATCH_SENDER,
    SMAIL__MATCH_RECIPIENTS
};

struct smail__match {
    smail_store *store;
    struct smail__db *db;
    smail_id account;
    struct smail__statement *row; /* the candidate */
    size_t reads;                 /* headers read so far */
    bool has_words;               /* the index was asked */
};

/* So many hits are looked up one by one sooner than found in the order of
 * time. */
#define SMAIL__SEARCH_FEW_HITS 2000

/* email_search.c: search the index for every condition that asks for it. */
int smail__match_prepare(struct smail__match *match,
                         struct smail__filter *filter, smail_error *err);

/* Is it one of those that the index knows? */
bool smail__filter_is_indexed(const struct smail__filter *filter);

/* Of a condition that was searched. */
bool smail__filter_is_hit(const struct smail__filter *filter, smail_id email);

/* 1 or 0. */
int smail__match(struct smail__match *match, const struct smail__filter *filter,
                 smail_error *err);

/* 1 or 0: do all (some) messages of the thread have the keyword? */
int smail__match_thread(struct smail__match *match, smail_id thread,
                        const char *keyword, bool all, smail_error *err);

/* Has the candidate it? */
bool smail__match_keyword(struct smail__match *match, const char *keyword);

#endif
