/* SPDX-License-Identifier: MIT */
/* store/append.h - one message on its way in. */
#ifndef SMAIL__STORE_APPEND_H
#define SMAIL__STORE_APPEND_H

#include "base/buf.h"
#include "crypto/digest.h"
#include "message/header.h"
#include "store/internal.h"
#include "store/keyword.h"

/* Targets of one message. A recipient list of SMTP is far shorter. */
#define SMAIL__TARGETS_MAX 10000

/* Ids by which a message finds its thread: its own and the last references. */
#define SMAIL__THREAD_REFS_MAX 24

/* What a list shows, of one field. Longer ones are cut. */
#define SMAIL__FIELD_MAX 2048

/* What a delivery takes from the header. The spans are of `text`. */
struct smail__delivery {
    struct smail__buf text;
    smail_span message_id, subject, sender, recipients;
    int64_t sent_at;
    int64_t refs[SMAIL__THREAD_REFS_MAX]; /* own first, then newest first */
    size_t ref_count;
};

int smail__delivery_read(struct smail__delivery *out, smail_span header,
                         smail_error *err);
void smail__delivery_dispose(struct smail__delivery *delivery);

/* A target, its keywords read. */
struct smail__goal {
    smail_id account, mailbox;
    int64_t received_at;
    unsigned flags;
    struct smail__buf words;
    size_t index; /* of the caller's target */
};

struct smail_append {
    smail_store *store;
    unsigned char id[SMAIL__BLOB_ID_LEN];
    char id_text[SMAIL_QUEUE_ID_LEN + 1];

    struct smail__buf memory; /* not yet in the file */
    struct smail__buf packed; /* all of it, for the row; empty: it stays */
    uint64_t size;
    uint64_t in_file;
    struct smail__blob_file file;
    struct smail__sha256 *digest; /* of what is in the file */
    struct smail__buf header;     /* once there is a file: the front */
    bool header_complete;
    int failed; /* sticks */
    smail_error error;

    bool counted; /* in store->arriving */
    bool begun;   /* a commit is under way */
    bool committed;
    unsigned char sha256[SMAIL__SHA256_LEN];
    bool has_sha256;
    struct smail__delivery delivery;
    struct smail__goal *goals; /* by account */
    smail_appended *results;   /* in the caller's order */
    size_t count;
    struct smail__job job;
    struct smail_append *next; /* of the syncers' queue */
    /* Asked in the transaction before all else; NULL: nobody. */
    int (*first)(smail_tx *tx, struct smail_append *append, void *arg,
                 smail_error *err);
    void *first_arg;
    /* Rows of somebody else, in the same transaction; NULL: none. */
    int (*also)(smail_tx *tx, struct smail_append *append, void *arg,
                smail_error *err);
    void *also_arg;
    void (*done)(const smail_error *error, const smail_appended *results,
                 void *user);
    void *user;
};

/*
 * Let `also` run in the transaction of the commit, behind the rows of the
 * message, whose results it may read; when it fails, nothing is stored. With
 * it a message may have no target at all: the bytes alone are kept, and
 * `also` must write the row that names them.
 */
void smail__append_also(struct smail_append *append,
                        int (*also)(smail_tx *tx, struct smail_append *append,
                                    void *arg, smail_error *err),
                        void *arg);

/* append_job.c: the rows of a message for all its goals. */
int smail__append_run(smail_tx *tx, void *append, smail_error *err);

/* append.c: a file is to be settled; then its job. By a syncer. */
void smail__append_settle(struct smail_append *append);

#endif
