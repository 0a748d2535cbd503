/* SPDX-License-Identifier: MIT */
/* store/change.h - what changed since, for those who come back and ask. */
#ifndef SMAIL__STORE_CHANGE_H
#define SMAIL__STORE_CHANGE_H

#include "store/store.h"

/* The modseq up to which all that is known of `type` was changed. It grows
 * with each change, and only then, as long as the log reaches back. */
int smail__change_state(int64_t *out, struct smail__db *db, smail_id account,
                        enum smail__object type, smail_error *err);

struct smail__changed {
    smail_id object;
    enum smail__op op;
};

/* Each object once, in the order of its first change. */
struct smail__changes {
    struct smail__changed *list;
    size_t count, room;
    int64_t modseq; /* up to here */
    bool more;      /* it goes on from there */
};

/*
 * Changes after `since`, those of one modseq together, of at most `max`
 * objects. SMAIL_ENOTFOUND when the log no longer reaches back so far, was
 * never there, or one modseq has more than `max`.
 */
int smail__changes_read(struct smail__changes *out, struct smail__db *db,
                        smail_id account, enum smail__object type,
                        int64_t since, size_t max, smail_error *err);
void smail__changes_dispose(struct smail__changes *changes);

/* Inside a job: as smail__tx_change(), for identities and submissions. */
int smail__tx_change_rare(smail_tx *tx, smail_id account,
                          enum smail__object type, smail_id object,
                          enum smail__op op, smail_error *err);

#endif
