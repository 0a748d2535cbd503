/* SPDX-License-Identifier: MIT */
/*
 * store/cursor.h - a list of messages, read in pages.
 *
 * Candidates come from an index, newest first; each is then looked at and
 * kept or not. No page is read while the caller looks at another, so that a
 * slow reader pins nothing.
 */
#ifndef SMAIL__STORE_CURSOR_H
#define SMAIL__STORE_CURSOR_H

#include "base/buf.h"
#include "store/internal.h"
#include "store/keyword.h"
#include "store/mailbox.h"

/* Candidates of one page: one short read. */
#define SMAIL__PAGE_MAX 200

/* Messages that a search finds at most, the newest. */
#define SMAIL__FOUND_MAX ((size_t)1000 * 1000)

struct smail__candidate {
    int64_t received_at;
    smail_id email;
};

struct smail__candidates {
    struct smail__candidate *list;
    size_t count, room;
};

/* Where text stands in the page. */
struct smail__page_line {
    smail_entry entry; /* its pointers are set when the page is whole */
    size_t queue_id, keywords, from, to, subject, message_id, preview,
        mailboxes;
};

struct smail_cursor {
    smail_store *store;
    smail_id account, mailbox, thread, email;
    uint64_t left; /* to give, at most */
    struct smail__keywords with, without;
    uint64_t unindexed; /* how far the index is behind */

    struct smail__candidate before; /* where the next page begins */
    bool collected;                 /* `found` holds all there is */
    size_t found_at;
    struct smail__candidates found;
    bool ended;

    struct smail__page_line *lines; /* the page */
    size_t count, at;
    struct smail__buf text;
};

/* candidate.c: the next SMAIL__PAGE_MAX of the cursor; none: the end. */
int smail__candidates_next(struct smail__candidates *out, smail_cursor *cursor,
                           struct smail__db *db,
                           const struct smail__mailboxes *mailboxes,
                           smail_error *err);
int smail__candidates_add(struct smail__candidates *to, int64_t received_at,
                          smail_id email, smail_error *err);
void smail__candidates_dispose(struct smail__candidates *candidates);

#endif
