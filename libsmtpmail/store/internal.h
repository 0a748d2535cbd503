/* SPDX-License-Identifier: MIT */
/* store/internal.h - what the files of store/ know of each other. */
#ifndef SMAIL__STORE_INTERNAL_H
#define SMAIL__STORE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "pack/pack.h"
#include "store/blob.h"
#include "store/store.h"
#include "store/thread.h"

/* Up to here a message is a row, beyond a file. Files are faster from about
 * 64 KiB on; a row must not make a transaction long. */
#define SMAIL__SMALL_MAX ((size_t)64 * 1024)

/* For tests: what a store does not ask of everybody. */
struct smail__store_hooks {
    const struct smail__files *files; /* NULL: the system's */
    bool unsafe;                      /* the database syncs nothing */
};

int smail__store_open_with(smail_store **out, const char *url,
                           const smail_store_options *options,
                           const struct smail__store_hooks *hooks,
                           smail_error *err);

/* --- A job of the writer ------------------------------------------------- */

struct smail__job {
    struct smail__job *next;
    int (*run)(smail_tx *tx, void *arg, smail_error *err);
    void *arg;
    void (*done)(struct smail__job *job); /* once; after COMMIT if code is 0 */
    int code;
    smail_error error;
    bool uncertain; /* the COMMIT failed: it may be there after all */
    /* It may run again when what it did was undone: it leaves no trace but in
     * the database and in what the next run overwrites. */
    bool repeatable;
};

/* The modseq that one job got for one account. */
struct smail__tx_seq {
    smail_id account;
    int64_t modseq;
};

/* Accounts that one job can touch with modseqs of their own; recipients of
 * one message, at most. */
#define SMAIL__TX_ACCOUNTS_MAX 10000

struct smail_tx {
    smail_store *store;
    struct smail__db *db;
    int64_t now;
    struct smail__tx_seq *seqs; /* of this job */
    size_t seq_count, seq_room;
    bool unchanged; /* by this job */
    bool changed;   /* by any job */
};

/* Accounts that a transaction changed, for those who watch. */
#define SMAIL__TOUCHED_MAX 512
struct smail__touched {
    smail_id accounts[SMAIL__TOUCHED_MAX];
    size_t count;
    bool all; /* more than fit, or something that is no account's */
};

struct smail__writer {
    pthread_mutex_t mutex; /* of the queue */
    pthread_cond_t wake;
    struct smail__job *head, **tail;
    bool stopping, started;
    pthread_t thread;
    size_t last_batch; /* jobs in it */
    unsigned wary;     /* so many batches more have savepoints throughout */
    bool dirty;        /* something was committed since the last care */
    struct smail__touched touched;
    int notify; /* descriptor of PATH.notify; -1 */
    bool warned;
    int64_t checkpoint_due; /* in pages: where the next one is tried */
    int64_t longest_wait;   /* for a turn, in nanoseconds */
    int64_t wait_warned;    /* when it was last told of */
};

struct smail__readers {
    pthread_mutex_t mutex;
    struct smail__db **idle;
    size_t count, room;
};

/* Large messages on their way to disk. */
#define SMAIL__SYNCERS 2
struct smail__syncers {
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct smail_append *head, **tail;
    bool stopping;
    size_t started;
    pthread_t threads[SMAIL__SYNCERS];
};

struct smail__indexer {
    pthread_mutex_t mutex;
    bool wanted, stopping, started;
    bool full; /* the last batch was cut: more is there */
    pthread_t thread;
    int wake, stop; /* eventfds; -1 */
    int watch;      /* inotify on PATH.notify, while we own the index; -1 */
    int lock;       /* descriptor of PATH.index; -1 */
    bool owner;
};

struct smail__sweeper {
    atomic_bool wanted;
    int64_t next; /* not before */
};

struct smail_store {
    char *url;
    smail_store_options options;
    unsigned db_flags;
    struct smail__db *db;     /* the writer's */
    pthread_mutex_t db_mutex; /* recursive; held while `db` is used */
    unsigned db_depth;        /* how often */
    atomic_llong now;         /* of run_batch(), 0 before the first */
    atomic_int arriving;      /* appends that are not yet queued */
    char store_id[SMAIL__STORE_ID_LEN + 1];
    struct smail__blobs blobs;
    struct smail__packer packer;
    struct smail__writer writer;
    struct smail__threads threads; /* the writer's */
    struct smail__readers readers;
    struct smail__syncers syncers;
    struct smail__indexer indexer;
    struct smail__sweeper sweeper;
    struct smail__sign_cache *signing;
};

void smail__store_warn(smail_store *store, const char *text);

/* The writer's connection, alone. Nested by the same thread, its statements
 * are spared. */
void smail__store_take_db(smail_store *store);
void smail__store_give_db(smail_store *store);

/* writer.c */
int smail__writer_init(struct smail__writer *writer, smail_error *err);
void smail__writer_stop(smail_store *store); /* does what waits, first */
void smail__writer_dispose(struct smail__writer *writer);
/* In manual mode the job waits for run_batch(). */
int smail__writer_put(smail_store *store, struct smail__job *job,
                      smail_error *err);
/* One transaction for what waits; the jobs in it. */
size_t smail__writer_batch(smail_store *store);
/* Wait for this process's turn at the store; whoever waits long is told. */
int smail__writer_take_turn(smail_store *store, smail_error *err);
/* Checkpoint, when it is time; `idle`: nothing else is to be done. */
void smail__writer_care(smail_store *store, bool idle);
/* At the end, when no other process seems to be at work. */
void smail__writer_last_care(smail_store *store);

/* tx.c */
void smail__tx_begin_job(smail_tx *tx);
void smail__tx_dispose(smail_tx *tx);
void smail__tx_touch(smail_tx *tx, smail_id account);
int smail__tx_note_modseq(smail_tx *tx, smail_id account, int64_t modseq,
                          smail_error *err);
/* One value, by a statement with up to two numbers. SMAIL_ENOTFOUND. */
int smail__db_value(int64_t *out, struct smail__db *db, const char *sql,
                    int64_t first, int64_t second, smail_error *err);

/* notify.c */
void smail__notify_open(smail_store *store);
void smail__notify_tell(smail_store *store);
void smail__notify_close(smail_store *store);

/* reader.c */
void smail__readers_init(struct smail__readers *readers);
void smail__readers_dispose(struct smail__readers *readers);

/* syncer.c */
void smail__syncers_init(struct smail__syncers *syncers);
int smail__syncers_put(smail_store *store, struct smail_append *append,
                       smail_error *err);
void smail__syncers_stop(smail_store *store);
void smail__syncers_dispose(struct smail__syncers *syncers);

#endif
