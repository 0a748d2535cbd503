/* SPDX-License-Identifier: MIT */
/*
 * store/store.h - what the floors above need of a store beyond
 * <smtpmail/store.h>: jobs for the writer, connections for readers.
 */
#ifndef SMAIL__STORE_STORE_H
#define SMAIL__STORE_STORE_H

#include <smtpmail/store.h>

#include "db/db.h"

/* A transaction of the writer, as one job sees it: its own savepoint. */
typedef struct smail_tx smail_tx;

struct smail__db *smail__tx_db(smail_tx *tx);
int64_t smail__tx_now(const smail_tx *tx); /* seconds since the epoch */

/*
 * Do `fn` in the writer, inside a transaction shared with whatever else waits,
 * and return when it is on disk. A failure of `fn` undoes what it did and
 * nothing else, and is what this returns. `fn` must be quick (under 20 ms; do
 * long work in steps) and must not call back into the store.
 */
int smail__store_write(smail_store *store,
                       int (*fn)(smail_tx *tx, void *arg, smail_error *err),
                       void *arg, smail_error *err);

/*
 * The same without waiting: `done` is called once, on a thread of the store,
 * and may do little but hand the result on. `error` NULL: it is on disk.
 */
int smail__store_write_later(
    smail_store *store, int (*fn)(smail_tx *tx, void *arg, smail_error *err),
    void *arg, void (*done)(const smail_error *error, void *arg),
    smail_error *err);

/* Seconds since the epoch; what run_batch() was told, if manual. */
int64_t smail__store_now(const smail_store *store);

/* Keys that have signed in this process. */
struct smail__sign_cache *smail__store_sign_cache(smail_store *store);

/* A reader's connection, from a pool; give it back soon. */
int smail__store_begin_read(struct smail__db **out, smail_store *store,
                            smail_error *err);
void smail__store_end_read(smail_store *store, struct smail__db *db);

/* Inside a job, when it has looked and changed nothing: nobody need be told. */
void smail__tx_unchanged(smail_tx *tx);

/* Inside a job: a new id for an object of `account`, under its row lock. */
int smail__tx_next_id(smail_id *out, smail_tx *tx, smail_id account,
                      smail_error *err);

/* Inside a job: the modseq of this transaction for `account`, one more than
 * the last; the same for every call in one job. */
int smail__tx_modseq(int64_t *out, smail_tx *tx, smail_id account,
                     smail_error *err);

/* What a row of the change table speaks of (never renumbered). */
enum smail__object {
    SMAIL__OBJECT_MAILBOX = 1,
    SMAIL__OBJECT_EMAIL = 2,
    SMAIL__OBJECT_THREAD = 3,
    SMAIL__OBJECT_IDENTITY = 4,
    SMAIL__OBJECT_SUBMISSION = 5
};

enum smail__op {
    SMAIL__OP_CREATED = 1,
    SMAIL__OP_UPDATED = 2,
    SMAIL__OP_DESTROYED = 3
};

/* Inside a job: note the change for /changes and push, and tell watchers. */
int smail__tx_change(smail_tx *tx, smail_id account, enum smail__object type,
                     smail_id object, enum smail__op op, smail_error *err);

/* Inside a job: create one mailbox under `parent` (0: top). */
int smail__tx_create_mailbox(smail_id *out, smail_tx *tx, smail_id account,
                             smail_id parent, smail_span name, smail_role role,
                             smail_error *err);

/* Inside a job: remove a step's worth (at most `limit` messages) of an
 * account's mail and mailboxes; 1 while there is more, 0 when all is gone. */
int smail__tx_purge_account(smail_tx *tx, smail_id account, int limit,
                            smail_error *err);

/* 16 bytes: milliseconds, then randomness; names rows, files and messages. */
int smail__store_new_id(unsigned char out[16], smail_store *store,
                        smail_error *err);

#endif
