/* SPDX-License-Identifier: MIT */
/*
 * store/thread.h - which conversation a message belongs to.
 *
 * An index by hash dirties another page with every message. So ids go to
 * thread_new, which is written in order, and are held in memory by each
 * writer; the indexer moves them to thread_ref, sorted, by the thousand.
 */
#ifndef SMAIL__STORE_THREAD_H
#define SMAIL__STORE_THREAD_H

#include "store/store.h"

/* What is in memory, at most; beyond it goes to thread_ref at once. */
#define SMAIL__THREADS_MAX ((size_t)64 * 1024)

struct smail__thread_key {
    smail_id account; /* 0: empty */
    int64_t hash;
    smail_id thread; /* 0: taken back */
};

/* Of one writer; used in its transactions alone. */
struct smail__threads {
    struct smail__thread_key *slots; /* open addressing, a power of two */
    size_t count, room;
    int64_t first, last; /* rows of thread_new that are in it */
    bool fresh;          /* others' rows were read in this transaction */
    int64_t last_before; /* this job's */
    struct smail__thread_key *job;
    size_t job_count, job_room;
};

void smail__threads_dispose(struct smail__threads *threads);
/* A new transaction, a new job; the job was undone, or all of it. */
void smail__threads_begin(struct smail__threads *threads);
void smail__threads_begin_job(struct smail__threads *threads);
void smail__threads_undo_job(struct smail__threads *threads);
void smail__threads_forget(struct smail__threads *threads);

/* thread_map.c. get(): 0 when it is not there. */
smail_id smail__threads_get(const struct smail__threads *threads,
                            smail_id account, int64_t hash);
int smail__threads_put(struct smail__threads *threads, smail_id account,
                       int64_t hash, smail_id thread, smail_error *err);
/* The same, to be undone with the job. */
int smail__threads_add(struct smail__threads *threads, smail_id account,
                       int64_t hash, smail_id thread, smail_error *err);

/* In a job: the thread of a message, or its own id for a new one. */
int smail__thread_find(smail_id *out, bool *is_new, smail_tx *tx,
                       smail_id account, smail_id email, const int64_t *refs,
                       size_t count, smail_error *err);

/* thread_merge.c: move what has gathered, if it is enough; rows moved. */
size_t smail__threads_merge(smail_store *store);

#endif
