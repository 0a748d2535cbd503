/* SPDX-License-Identifier: MIT */
/* delivery/submission.h - the record of a message that was sent (RFC 8621, 7). */
#ifndef SMAIL__DELIVERY_SUBMISSION_H
#define SMAIL__DELIVERY_SUBMISSION_H

#include "base/buf.h"
#include "store/store.h"

/* Kept in rows: never renumbered. */
enum smail__delivered {
    SMAIL__DELIVERED_QUEUED = 0,
    SMAIL__DELIVERED_YES = 1,
    SMAIL__DELIVERED_NO = 2,
    SMAIL__DELIVERED_UNKNOWN = 3,
    SMAIL__DELIVERED_CANCELLED = 4 /* taken back before it left */
};

struct smail__submission {
    smail_id id, identity, email, thread;
    int64_t sent_at;
    struct smail__buf sender;
};

void smail__submission_init(struct smail__submission *submission);
void smail__submission_dispose(struct smail__submission *submission);

/* 1, or 0 when the account has no such submission. */
int smail__submission_load(struct smail__submission *out, struct smail__db *db,
                           smail_id account, smail_id id, smail_error *err);

struct smail__submission_recipient {
    smail_span address;
    enum smail__delivered delivered;
    smail_span reply;
};

/* In their order; the spans are good until the next. */
int smail__submission_recipients(
    struct smail__db *db, smail_id account, smail_id submission,
    int (*each)(const struct smail__submission_recipient *recipient,
                void *user),
    void *user, smail_error *err);

/* Every submission of the account, or of one email (0: all), newest last. */
int smail__submission_each(struct smail__db *db, smail_id account,
                           smail_id email,
                           int (*each)(const struct smail__submission *one,
                                       void *user),
                           void *user, smail_error *err);

/* Inside a job: a new record; its id into `submission`. */
int smail__submission_insert(smail_tx *tx, smail_id account,
                             struct smail__submission *submission,
                             const struct smail__submission_recipient *list,
                             size_t count, smail_error *err);

/* Inside a job: what came of one recipient, whose row is found by address.
 * SMAIL_ENOTFOUND. */
int smail__submission_note(smail_tx *tx, smail_id account, smail_id submission,
                           smail_span recipient,
                           enum smail__delivered delivered, smail_span reply,
                           smail_error *err);

/*
 * Take it back, all of it: as long as every recipient's copy waits in the queue
 * and none was tried. SMAIL_ESTATE: it is too late; SMAIL_ENOTFOUND.
 */
int smail__submission_cancel(smail_store *store, smail_id account, smail_id id,
                             smail_error *err);

/* The record alone: nothing is unsent by it. SMAIL_ENOTFOUND. */
int smail__submission_remove(smail_store *store, smail_id account, smail_id id,
                             smail_error *err);

#endif
