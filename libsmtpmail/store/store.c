/* SPDX-License-Identifier: MIT */
/* store/store.c - opening, closing, and jobs that somebody waits for. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "crypto/random.h"
#include "crypto/sign.h"
#include "store/index.h"
#include "store/internal.h"

struct smail__sign_cache *smail__store_sign_cache(smail_store *store)
{
    return store->signing;
}

int64_t smail__store_now(const smail_store *store)
{
    int64_t now = atomic_load(&store->now);

    return now != 0 ? now : (int64_t)time(NULL);
}

void smail__store_warn(smail_store *store, const char *text)
{
    if (store->options.warn != NULL)
        store->options.warn(text, store->options.user);
}

int smail__store_new_id(unsigned char out[16], smail_store *store,
                        smail_error *err)
{
    struct timespec now;
    uint64_t milliseconds;

    (void)store;
    clock_gettime(CLOCK_REALTIME, &now);
    milliseconds =
        (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    for (int i = 0; i < 6; i++)
        out[i] = (unsigned char)(milliseconds >> (40 - 8 * i));
    return smail__random(out + 6, 10, err);
}

/* --- Jobs that somebody waits for ---------------------------------------- */

struct waiter {
    struct smail__job job;
    smail_store *store;
    pthread_cond_t cond;
    bool finished;
};

static void wake(struct smail__job *job)
{
    struct waiter *waiter = (struct waiter *)job;
    smail_store *store = waiter->store;

    pthread_mutex_lock(&store->writer.mutex);
    waiter->finished = true;
    pthread_cond_signal(&waiter->cond);
    pthread_mutex_unlock(&store->writer.mutex);
}

int smail__store_write(smail_store *store,
                       int (*fn)(smail_tx *tx, void *arg, smail_error *err),
                       void *arg, smail_error *err)
{
    struct waiter waiter = { .job = { .run = fn, .arg = arg, .done = wake },
                             .store = store };
    int code;

    pthread_cond_init(&waiter.cond, NULL);
    code = smail__writer_put(store, &waiter.job, err);
    if (code == 0 && store->options.manual) {
        while (!waiter.finished)
            smail__writer_batch(store);
    } else if (code == 0) {
        pthread_mutex_lock(&store->writer.mutex);
        while (!waiter.finished)
            pthread_cond_wait(&waiter.cond, &store->writer.mutex);
        pthread_mutex_unlock(&store->writer.mutex);
    }
    pthread_cond_destroy(&waiter.cond);
    if (code == 0 && waiter.job.code < 0) {
        code = waiter.job.code;
        if (err != NULL)
            *err = waiter.job.error;
        if (err != NULL && err->code == 0)
            smail__fail(err, code, "%s", smail_strerror(code));
    }
    return code;
}

/* --- Jobs that nobody waits for ------------------------------------------- */

struct errand {
    struct smail__job job;
    void (*done)(const smail_error *error, void *arg);
};

static void tell(struct smail__job *job)
{
    struct errand *errand = (struct errand *)job;

    if (job->code < 0 && job->error.code == 0)
        smail__fail(&job->error, job->code, "%s", smail_strerror(job->code));
    errand->done(job->code < 0 ? &job->error : NULL, job->arg);
    free(errand);
}

int smail__store_write_later(
    smail_store *store, int (*fn)(smail_tx *tx, void *arg, smail_error *err),
    void *arg, void (*done)(const smail_error *error, void *arg),
    smail_error *err)
{
    struct errand *errand = calloc(1, sizeof(*errand));
    int code;

    if (errand == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    errand->job.run = fn;
    errand->job.arg = arg;
    errand->job.done = tell;
    errand->done = done;
    code = smail__writer_put(store, &errand->job, err);
    if (code < 0)
        free(errand);
    return code;
}

int smail_store_run_batch(smail_store *store, int64_t now, smail_error *err)
{
    bool more;

    if (!store->options.manual)
        return smail__fail(err, SMAIL_ESTATE,
                           "the store was not opened as manual");
    atomic_store(&store->now, now);
    do {
        more = smail__writer_batch(store) > 0;
        more = smail__indexer_step(store) > 0 || more;
        more = smail__threads_merge(store) > 0 || more;
    } while (more);
    smail__writer_care(store, true);
    return 0;
}

/* --- Opening and closing ------------------------------------------------- */

static int read_store_id(smail_store *store, smail_error *err)
{
    struct smail__statement *statement;
    int code = smail__db_prepare(
        &statement, store->db,
        "SELECT value FROM setting WHERE name = 'store_id'", err);

    if (code == 0)
        code = smail__statement_step(statement, err);
    if (code > 0) {
        smail_span id = smail__column_span(statement, 0);

        if (id.len == SMAIL__STORE_ID_LEN)
            memcpy(store->store_id, id.data, id.len);
        smail__statement_reset(statement);
    }
    return code;
}

/* Under the lock: the first who opens a new store gives it its id. */
static int make_store_id(smail_store *store, smail_error *err)
{
    unsigned char id[SMAIL__STORE_ID_LEN / 2];
    char text[SMAIL__STORE_ID_LEN + 1];
    struct smail__statement *statement;
    int code = read_store_id(store, err);

    if (code != 0)
        return code < 0 ? code : 0;
    code = smail__random(id, sizeof(id), err);
    if (code < 0)
        return code;
    smail__hex_encode(text, id, sizeof(id));
    code = smail__db_prepare(&statement, store->db,
                             "INSERT INTO setting (name, value) "
                             "VALUES ('store_id', $1)",
                             err);
    if (code < 0)
        return code;
    smail__bind_text(statement, 1, smail__span(text));
    code = smail__statement_run(statement, err);
    memcpy(store->store_id, text, sizeof(text));
    return code;
}

static int identify(smail_store *store, smail_error *err)
{
    int code = read_store_id(store, err);

    if (code > 0)
        code = smail__blobs_claim(&store->blobs, store->store_id, false, err);
    else if (code == 0)
        code = 1;
    if (code <= 0)
        return code;
    code = smail__db_lock(store->db, err);
    if (code == 0)
        code = smail__db_exec(store->db, "BEGIN IMMEDIATE", err);
    if (code == 0)
        code = make_store_id(store, err);
    if (code == 0)
        code = smail__db_exec(store->db, "COMMIT", err);
    if (code < 0 && smail__db_in_transaction(store->db))
        smail__db_exec(store->db, "ROLLBACK", NULL);
    if (code == 0)
        code = smail__blobs_claim(&store->blobs, store->store_id, true, err);
    smail__db_unlock(store->db);
    return code;
}

static smail_store *allocate(const smail_store_options *options,
                             smail_error *err)
{
    smail_store *store = calloc(1, sizeof(*store));
    pthread_mutexattr_t recursive;

    if (store == NULL)
        return NULL;
    if (options != NULL) {
        size_t len = options->size;

        if (len > sizeof(store->options))
            len = sizeof(store->options);
        memcpy(&store->options, options, len);
    }
    if (pthread_mutexattr_init(&recursive) != 0) {
        free(store);
        return NULL;
    }
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&store->db_mutex, &recursive);
    pthread_mutexattr_destroy(&recursive);
    if (smail__writer_init(&store->writer, err) < 0) {
        pthread_mutex_destroy(&store->db_mutex);
        free(store);
        return NULL;
    }
    store->signing = smail__sign_cache_new(); /* NULL: none is kept */
    smail__packer_init(&store->packer);
    smail__readers_init(&store->readers);
    smail__syncers_init(&store->syncers);
    smail__indexer_init(&store->indexer);
    return store;
}

/* What opened half is closed half. */
static void dispose(smail_store *store)
{
    smail__readers_dispose(&store->readers);
    smail__notify_close(store);
    smail__indexer_dispose(&store->indexer);
    smail__writer_dispose(&store->writer);
    smail__syncers_dispose(&store->syncers);
    smail__threads_dispose(&store->threads);
    smail__db_close(store->db);
    smail__packer_dispose(&store->packer);
    smail__sign_cache_free(store->signing);
    if (store->blobs.files != NULL)
        smail__blobs_close(&store->blobs);
    pthread_mutex_destroy(&store->db_mutex);
    free(store->url);
    free(store);
}

int smail__store_open_with(smail_store **out, const char *url,
                           const smail_store_options *options,
                           const struct smail__store_hooks *hooks,
                           smail_error *err)
{
    smail_store *store = allocate(options, err);
    unsigned flags = 0;
    int code;

    if (store == NULL || (store->url = smail__strdup(url)) == NULL) {
        if (store != NULL)
            dispose(store);
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    }
    if (hooks != NULL && hooks->unsafe)
        store->db_flags = SMAIL__DB_UNSAFE;
    flags = store->db_flags;
    if (store->options.must_exist)
        flags |= SMAIL__DB_MUST_EXIST;
    code = smail__db_open(&store->db, url, flags, err);
    if (code == 0)
        code = smail__blobs_open(&store->blobs, smail__db_path(store->db),
                                 hooks != NULL ? hooks->files : NULL, err);
    if (code == 0)
        code = identify(store, err);
    if (code < 0) {
        dispose(store);
        return code;
    }
    smail__notify_open(store);
    smail__indexer_open(store);
    *out = store;
    return 0;
}

void smail_store_tune_process(void)
{
    smail__db_tune_process();
}

int smail_store_open(smail_store **out, const char *url,
                     const smail_store_options *options, smail_error *err)
{
    return smail__store_open_with(out, url, options, NULL, err);
}

void smail_store_close(smail_store *store)
{
    if (store == NULL)
        return;
    smail__syncers_stop(store);
    smail__indexer_stop(store);
    smail__writer_stop(store);
    smail__writer_last_care(store);
    dispose(store);
}
