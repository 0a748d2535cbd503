/* SPDX-License-Identifier: MIT */
/*
 * store/writer.c - one thread writes; what waits shares one transaction.
 *
 * Each job has a savepoint of its own, so that one that fails spares the
 * others. A delivery has none at first: it costs a quarter of the work, for the
 * pages are copied, and is next to never needed. When one fails all the same,
 * the transaction is rolled back and run again, with savepoints.
 *
 * The transaction is committed as soon as nothing waits, or the batch
 * is full. One exception: when the last batch had company and more messages
 * are on their way in, it waits up to 300 microseconds for them; that gained
 * an eighth at 16 sessions and costs a lone one nothing.
 *
 * When the system refuses a write or a sync, everybody in the batch is told
 * to try later, the connection is thrown away and made anew
 * (smail__db_reopen() says why), and the store goes on.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "store/internal.h"

#define BATCH_JOBS_MAX 256
#define BATCH_NANOSECONDS ((int64_t)20 * 1000 * 1000)
#define LINGER_NANOSECONDS ((int64_t)300 * 1000)
#define WARY_BATCHES 16 /* behind one that was run again */

/* Jobs of one transaction, in order. */
struct batch {
    struct smail__job *head, **tail;
    size_t count;
    bool once;    /* one of them must not run again */
    bool changed; /* one of them did something */
};

static int64_t monotonic(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static struct timespec deadline(int64_t nanoseconds)
{
    struct timespec at = { 0 };

    at.tv_sec = (time_t)(nanoseconds / 1000000000);
    at.tv_nsec = (int)(nanoseconds % 1000000000);
    return at;
}

static void push(struct batch *batch, struct smail__job *job)
{
    job->next = NULL;
    *batch->tail = job;
    batch->tail = &job->next;
    batch->count++;
    batch->once = batch->once || !job->repeatable;
}

static struct smail__job *pop(struct smail__writer *writer)
{
    struct smail__job *job = writer->head;

    if (job == NULL)
        return NULL;
    writer->head = job->next;
    if (writer->head == NULL)
        writer->tail = &writer->head;
    return job;
}

/* The next job, perhaps after a short wait; NULL: commit. */
static struct smail__job *next_job(smail_store *store,
                                   const struct batch *batch, int64_t began)
{
    struct smail__writer *writer = &store->writer;
    int64_t elapsed = monotonic() - began;
    struct smail__job *job = NULL;

    /* The first one is taken however long this thread was kept waiting. */
    if (batch->count >= BATCH_JOBS_MAX ||
        (batch->count > 0 && elapsed > BATCH_NANOSECONDS))
        return NULL;
    pthread_mutex_lock(&writer->mutex);
    job = pop(writer);
    if (job == NULL && !store->options.manual && writer->last_batch > 1 &&
        elapsed < LINGER_NANOSECONDS && atomic_load(&store->arriving) > 0) {
        struct timespec until = deadline(began + LINGER_NANOSECONDS);

        pthread_cond_timedwait(&writer->wake, &writer->mutex, &until);
        job = pop(writer);
    }
    pthread_mutex_unlock(&writer->mutex);
    return job;
}

/* PostgreSQL keeps nothing of a job of which one statement failed, also when
 * the job went on. */
static void undo_unreleased(smail_tx *tx, struct smail__job *job)
{
    if (job->code == 0)
        smail__threads_undo_job(&tx->store->threads);
    job->code = job->error.code;
    if (smail__db_in_transaction(tx->db) &&
        smail__db_exec(tx->db, "ROLLBACK TO job; RELEASE job", NULL) < 0)
        smail__db_exec(tx->db, "ROLLBACK", NULL);
}

static void run_job(smail_tx *tx, struct smail__job *job)
{
    int code = smail__db_run(tx->db, "SAVEPOINT job", &job->error);

    smail__tx_begin_job(tx);
    smail__threads_begin_job(&tx->store->threads);
    if (code == 0)
        code = job->run(tx, job->arg, &job->error);
    tx->changed = tx->changed || !tx->unchanged;
    job->code = code < 0 ? code : 0;
    if (code < 0)
        smail__threads_undo_job(&tx->store->threads);
    if (!smail__db_in_transaction(tx->db))
        return; /* undone by the database, with all the others */
    if (code < 0 && smail__db_exec(tx->db, "ROLLBACK TO job", NULL) < 0)
        smail__db_exec(tx->db, "ROLLBACK", NULL);
    else if (smail__db_run(tx->db, "RELEASE job", &job->error) < 0)
        undo_unreleased(tx, job);
}

/* Whoever believed to be done is told what undid it. */
static void fail_all(struct batch *batch, const smail_error *error,
                     bool uncertain)
{
    for (struct smail__job *job = batch->head; job != NULL; job = job->next) {
        if (job->code < 0)
            continue;
        job->code = error->code;
        job->error = *error;
        job->uncertain = uncertain;
    }
}

static void finish(struct batch *batch)
{
    struct smail__job *job = batch->head;

    while (job != NULL) {
        struct smail__job *next = job->next;

        job->done(job); /* may free it */
        job = next;
    }
}

static void take_all(struct batch *batch, struct smail__writer *writer)
{
    struct smail__job *job;

    pthread_mutex_lock(&writer->mutex);
    while ((job = pop(writer)) != NULL)
        push(batch, job);
    pthread_mutex_unlock(&writer->mutex);
}

/* Under the lock: what the system did to the connection is made good. */
static int recover(smail_store *store, smail_error *err)
{
    char text[300];
    int code = smail__db_reopen(store->db, err);

    if (code == 0) {
        smail__store_warn(store, "the store was opened anew and goes on");
        store->writer.warned = false;
    } else if (!store->writer.warned) {
        smail__format(text, sizeof(text), "the store cannot write: %s",
                      err->message);
        smail__store_warn(store, text);
        store->writer.warned = true;
    }
    return code;
}

static int begin(smail_store *store, smail_error *err)
{
    int code = smail__writer_take_turn(store, err);

    if (code == 0 && smail__db_is_broken(store->db))
        code = recover(store, err);
    if (code < 0)
        return code;
    code = smail__db_run(store->db, "BEGIN IMMEDIATE", err);
    if (code == 0 || !smail__db_is_broken(store->db))
        return code;
    /* A server that went away meanwhile: it was told nothing of this group. */
    code = recover(store, err);
    return code < 0 ? code : smail__db_run(store->db, "BEGIN IMMEDIATE", err);
}

/* A full disk may have room behind the log's end where its start has none:
 * what can be moved to its place lets the log begin anew. */
static void after_failure(smail_store *store, const smail_error *error)
{
    smail_error err = SMAIL_ERROR_INIT;
    char text[300];

    if (!smail__db_is_broken(store->db) && smail__db_in_transaction(store->db))
        smail__db_exec(store->db, "ROLLBACK", NULL);
    smail__format(text, sizeof(text), "a group of changes was undone: %s",
                  error->message);
    smail__store_warn(store, text);
    if (smail__db_is_broken(store->db))
        recover(store, &err);
    else
        smail__db_checkpoint(store->db, SMAIL__CHECKPOINT_PASSIVE, NULL);
}

/* Whether all of it came to nothing, and why: negative. */
static int look(smail_store *store, const struct smail__job *job,
                smail_error *error)
{
    if (smail__db_in_transaction(store->db) && !smail__db_is_broken(store->db))
        return 0;
    *error = job->error;
    if (error->code == 0)
        smail__fail(error, SMAIL_ETEMP, "the transaction was undone");
    return error->code;
}

/* From the beginning, and with savepoints. */
static int run_again(smail_tx *tx, struct batch *batch, smail_error *error)
{
    int code = smail__db_run(tx->db, "ROLLBACK", error);

    tx->store->writer.wary = WARY_BATCHES;
    smail__threads_forget(&tx->store->threads);
    if (code == 0)
        code = smail__db_run(tx->db, "BEGIN IMMEDIATE", error);
    for (struct smail__job *job = batch->head; code == 0 && job != NULL;
         job = job->next) {
        job->error = (smail_error)SMAIL_ERROR_INIT;
        run_job(tx, job);
        code = look(tx->store, job, error);
    }
    return code;
}

static int run_bare(smail_tx *tx, struct batch *batch, struct smail__job *job,
                    smail_error *error)
{
    int code;

    smail__tx_begin_job(tx);
    smail__threads_begin_job(&tx->store->threads);
    code = job->run(tx, job->arg, &job->error);
    tx->changed = true;
    job->code = code < 0 ? code : 0;
    push(batch, job);
    code = look(tx->store, job, error);
    return code == 0 && job->code < 0 ? run_again(tx, batch, error) : code;
}

/* Run what waits. Negative, and `error` filled, when all of it came to
 * nothing. */
static int run_jobs(smail_store *store, struct batch *batch, smail_error *error)
{
    smail_tx tx = { .store = store,
                    .db = store->db,
                    .now = smail__store_now(store) };
    int64_t began = monotonic();
    struct smail__job *job;
    int code = 0;

    while (code == 0 && (job = next_job(store, batch, began)) != NULL) {
        if (job->repeatable && !batch->once && store->writer.wary == 0) {
            code = run_bare(&tx, batch, job, error);
        } else {
            run_job(&tx, job);
            push(batch, job);
            code = look(store, job, error);
        }
    }
    batch->changed = tx.changed;
    smail__tx_dispose(&tx);
    return code;
}

size_t smail__writer_batch(smail_store *store)
{
    struct batch batch = { .tail = &batch.head };
    smail_error error = SMAIL_ERROR_INIT;
    bool uncertain = false;
    int code;

    smail__store_take_db(store);
    smail__threads_begin(&store->threads);
    code = begin(store, &error);
    if (code < 0) {
        take_all(&batch, &store->writer);
    } else {
        code = run_jobs(store, &batch, &error);
        if (code == 0) {
            code = smail__db_run(store->db, "COMMIT", &error);
            uncertain = smail__db_is_broken(store->db);
        }
    }
    if (code < 0) {
        fail_all(&batch, &error, uncertain);
        smail__threads_forget(&store->threads);
        after_failure(store, &error);
    } else {
        if (batch.changed)
            smail__notify_tell(store);
        store->writer.dirty = true;
    }
    smail__db_unlock(store->db);
    smail__store_give_db(store);
    store->writer.last_batch = batch.count;
    if (store->writer.wary > 0)
        store->writer.wary--;
    finish(&batch);
    return batch.count;
}

/* Sleep until something waits; after a while, do what is due. */
static bool await_work(smail_store *store)
{
    struct smail__writer *writer = &store->writer;
    int64_t idle_at = monotonic() + (int64_t)2 * 1000000000;
    bool work, idle = false;

    pthread_mutex_lock(&writer->mutex);
    while (writer->head == NULL && !writer->stopping && !idle) {
        struct timespec until = deadline(idle_at);

        if (!writer->dirty)
            pthread_cond_wait(&writer->wake, &writer->mutex);
        else if (pthread_cond_timedwait(&writer->wake, &writer->mutex,
                                        &until) != 0)
            idle = writer->head == NULL;
    }
    work = writer->head != NULL || !writer->stopping;
    pthread_mutex_unlock(&writer->mutex);
    if (idle)
        smail__writer_care(store, true);
    return work;
}

static bool has_work(struct smail__writer *writer)
{
    bool work;

    pthread_mutex_lock(&writer->mutex);
    work = writer->head != NULL;
    pthread_mutex_unlock(&writer->mutex);
    return work;
}

static void *writer_main(void *arg)
{
    smail_store *store = arg;

    while (await_work(store)) {
        while (has_work(&store->writer)) {
            smail__writer_batch(store);
            smail__writer_care(store, false);
        }
    }
    return NULL;
}

int smail__writer_init(struct smail__writer *writer, smail_error *err)
{
    pthread_condattr_t attributes;

    memset(writer, 0, sizeof(*writer));
    writer->tail = &writer->head;
    writer->notify = -1;
    if (pthread_condattr_init(&attributes) != 0)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_cond_init(&writer->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return 0;
}

int smail__writer_put(smail_store *store, struct smail__job *job,
                      smail_error *err)
{
    struct smail__writer *writer = &store->writer;
    int rc = 0;

    job->next = NULL;
    job->code = 0;
    job->uncertain = false;
    job->error = (smail_error)SMAIL_ERROR_INIT;
    pthread_mutex_lock(&writer->mutex);
    if (!writer->started && !store->options.manual) {
        rc = pthread_create(&writer->thread, NULL, writer_main, store);
        writer->started = rc == 0;
    }
    if (rc == 0) {
        *writer->tail = job;
        writer->tail = &job->next;
        pthread_cond_signal(&writer->wake);
    }
    pthread_mutex_unlock(&writer->mutex);
    if (rc != 0)
        return smail__fail_os(err, SMAIL_ETEMP, rc,
                              "cannot start the store's writer");
    return 0;
}

void smail__writer_stop(smail_store *store)
{
    struct smail__writer *writer = &store->writer;

    pthread_mutex_lock(&writer->mutex);
    writer->stopping = true;
    pthread_cond_signal(&writer->wake);
    pthread_mutex_unlock(&writer->mutex);
    if (writer->started)
        pthread_join(writer->thread, NULL);
    writer->started = false;
    while (has_work(writer))
        smail__writer_batch(store); /* manual: nobody ran it */
}

void smail__writer_dispose(struct smail__writer *writer)
{
    pthread_cond_destroy(&writer->wake);
    pthread_mutex_destroy(&writer->mutex);
}
