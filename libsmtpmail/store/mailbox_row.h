/* SPDX-License-Identifier: MIT */
/* store/mailbox_row.h - mailboxes with all that is known of them, and changing
 * it piece by piece. */
#ifndef SMAIL__STORE_MAILBOX_ROW_H
#define SMAIL__STORE_MAILBOX_ROW_H

#include "base/buf.h"
#include "store/store.h"

struct smail__mailbox_row {
    smail_id id, parent;
    smail_span name;
    smail_role role;
    int64_t sort_order;
    bool is_subscribed;
    int64_t total, unread;
    int64_t modseq; /* of the last change of what is counted */
};

/* All of an account, by id. */
struct smail__mailbox_rows {
    struct smail__mailbox_row *list;
    size_t count, room;
    struct smail__buf names;
};

int smail__mailbox_rows_load(struct smail__mailbox_rows *out,
                             struct smail__db *db, smail_id account,
                             smail_error *err);
void smail__mailbox_rows_dispose(struct smail__mailbox_rows *rows);
const struct smail__mailbox_row *smail__mailbox_rows_get(
    const struct smail__mailbox_rows *rows, smail_id id);

/* How many conversations have a message in it, and one that is unread. Reads
 * every message of the mailbox. */
int smail__mailbox_threads(int64_t *total, int64_t *unread,
                           struct smail__db *db, smail_id account,
                           smail_id mailbox, smail_error *err);

/* What is to be different. */
struct smail__mailbox_edit {
    bool has_parent, has_name, has_role, has_sort_order, has_subscribed;
    smail_id parent;
    smail_span name;
    smail_role role;
    int64_t sort_order;
    bool is_subscribed;
};

/* SMAIL_ENOTFOUND for the mailbox, SMAIL_ESTATE for the inbox' name, place
 * and role, SMAIL_EEXISTS for a name or role that is taken, SMAIL_ELIMIT for a
 * parent that cannot be one, SMAIL_EINVAL for what is no name. */
int smail__mailbox_edit(smail_store *store, smail_id account, smail_id mailbox,
                        const struct smail__mailbox_edit *edit,
                        smail_error *err);

/* A new one: `edit` has a name, and what else is wanted. */
int smail__mailbox_make(smail_id *out, smail_store *store, smail_id account,
                        const struct smail__mailbox_edit *edit,
                        smail_error *err);

#endif
