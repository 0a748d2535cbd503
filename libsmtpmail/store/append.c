/* SPDX-License-Identifier: MIT */
/*
 * store/append.c - takes a message in, piece by piece, and sees it to disk.
 *
 * To SMAIL__SMALL_MAX it stays in memory and becomes a row. The first octet
 * beyond opens a file without a name, which is synced and named by a thread
 * of its own kind (syncer.c) before the rows are written.
 */
#include "store/append.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "store/index.h"
#include "store/known.h"

/* In a store without a folder, a database in memory, nothing can spill. */
#define IN_MEMORY_MAX ((size_t)256 * 1024 * 1024)

/* What is shorter wins nothing. */
#define PACKED_MIN 256

static void count_out(smail_append *append)
{
    if (append->counted)
        atomic_fetch_sub(&append->store->arriving, 1);
    append->counted = false;
}

int smail_append_new(smail_append **out, smail_store *store, smail_error *err)
{
    bool has_folder = store->blobs.folder != NULL;
    smail_append *append = calloc(1, sizeof(*append));
    int code;

    if (append == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    append->store = store;
    append->file = (struct smail__blob_file)SMAIL__BLOB_FILE_INIT;
    smail__buf_init(&append->memory,
                    has_folder ? SMAIL__SMALL_MAX : IN_MEMORY_MAX, NULL);
    smail__buf_init(&append->packed, SMAIL__SMALL_MAX, NULL);
    smail__buf_init(&append->header, SMAIL__HEADER_MAX, NULL);
    code = smail__store_new_id(append->id, store, err);
    if (code < 0) {
        free(append);
        return code;
    }
    smail__hex_encode(append->id_text, append->id, sizeof(append->id));
    atomic_fetch_add(&store->arriving, 1);
    append->counted = true;
    *out = append;
    return 0;
}

static void forget_targets(smail_append *append)
{
    for (size_t i = 0; append->goals != NULL && i < append->count; i++)
        smail__buf_dispose(&append->goals[i].words);
    free(append->goals);
    free(append->results);
    append->goals = NULL;
    append->results = NULL;
    append->count = 0;
}

void smail_append_free(smail_append *append)
{
    if (append == NULL)
        return;
    count_out(append);
    /* A commit that may have happened leaves the file to the sweeper. */
    if (append->file.settled && !append->committed && !append->job.uncertain)
        smail__blob_remove(&append->store->blobs, append->id_text, NULL);
    smail__blob_close(&append->file, &append->store->blobs);
    smail__sha256_free(append->digest);
    smail__buf_dispose(&append->memory);
    smail__buf_dispose(&append->packed);
    smail__buf_dispose(&append->header);
    smail__delivery_dispose(&append->delivery);
    forget_targets(append);
    free(append);
}

const char *smail_append_id(const smail_append *append)
{
    return append->id_text;
}

void smail__append_also(struct smail_append *append,
                        int (*also)(smail_tx *tx, struct smail_append *append,
                                    void *arg, smail_error *err),
                        void *arg)
{
    append->also = also;
    append->also_arg = arg;
}

uint64_t smail_append_size(const smail_append *append)
{
    return append->size;
}

/* --- Bytes in ------------------------------------------------------------ */

static bool ends_header(smail_span text)
{
    return smail__header_length(text) < text.len;
}

/* Keep the front of the message until the header is over. */
static int keep_header(smail_append *append, smail_span bytes, smail_error *err)
{
    size_t room = SMAIL__HEADER_MAX - append->header.len;

    if (append->header_complete)
        return 0;
    if (bytes.len > room)
        bytes.len = room;
    smail__buf_append(&append->header, bytes);
    if (smail__buf_error(&append->header) != 0)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    append->header_complete = append->header.len == SMAIL__HEADER_MAX ||
                              ends_header(smail__buf_span(&append->header));
    return 0;
}

static int flush(smail_append *append, smail_error *err)
{
    smail_span bytes = smail__buf_span(&append->memory);
    int code;

    if (bytes.len == 0)
        return 0;
    smail__sha256_update(append->digest, bytes);
    code = keep_header(append, bytes, err);
    if (code == 0)
        code = smail__blob_write(&append->file, &append->store->blobs, bytes,
                                 append->in_file, err);
    append->in_file += bytes.len;
    smail__buf_clear(&append->memory);
    return code;
}

static int spill(smail_append *append, smail_error *err)
{
    append->digest = smail__sha256_new();
    if (append->digest == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    return smail__blob_create(&append->file, &append->store->blobs,
                              append->id_text, err);
}

static int take(smail_append *append, smail_span bytes, smail_error *err)
{
    while (bytes.len > 0) {
        size_t room = append->memory.max - append->memory.len;
        int code = 0;

        if (room == 0) {
            if (append->store->blobs.folder == NULL)
                return smail__fail(err, SMAIL_ELIMIT,
                                   "a store in memory takes %zu bytes",
                                   IN_MEMORY_MAX);
            if (append->file.fd < 0)
                code = spill(append, err);
            if (code == 0)
                code = flush(append, err);
            if (code < 0)
                return code;
            room = append->memory.max;
        }
        if (room > bytes.len)
            room = bytes.len;
        smail__buf_append(&append->memory, smail__span_slice(bytes, 0, room));
        if (smail__buf_error(&append->memory) != 0)
            return smail__fail(err, SMAIL_ENOMEM, "out of memory");
        bytes = smail__span_from(bytes, room);
        append->size += room;
    }
    return 0;
}

static int stuck(const smail_append *append, smail_error *err)
{
    if (append->failed != 0 && err != NULL)
        *err = append->error;
    return append->failed;
}

/* A failure to keep bytes sticks: what follows would be after a hole. */
static int stick(smail_append *append, int code, const smail_error *error,
                 smail_error *err)
{
    append->failed = code;
    append->error = *error;
    append->error.code = code;
    return stuck(append, err);
}

int smail_append_write(smail_append *append, smail_span content,
                       smail_error *err)
{
    smail_error error = SMAIL_ERROR_INIT;
    int code = stuck(append, err);

    if (code < 0)
        return code;
    if (append->begun || append->has_sha256)
        return smail__fail(err, SMAIL_ESTATE,
                           "the message was committed already");
    code = take(append, content, &error);
    return code < 0 ? stick(append, code, &error, err) : 0;
}

static smail_span header_of(const smail_append *append)
{
    const struct smail__buf *front =
        append->header.len > 0 ? &append->header : &append->memory;
    smail_span header = smail__buf_span(front);

    if (header.len > SMAIL__HEADER_MAX)
        header.len = SMAIL__HEADER_MAX;
    return header;
}

unsigned smail_append_hops(const smail_append *append)
{
    struct smail__summary summary;

    smail__summary_read(&summary, header_of(append));
    return summary.received_count;
}

/* --- Commit -------------------------------------------------------------- */

static int by_account(const void *a, const void *b)
{
    const struct smail__goal *left = a, *right = b;

    if (left->account != right->account)
        return left->account < right->account ? -1 : 1;
    if (left->mailbox != right->mailbox)
        return left->mailbox < right->mailbox ? -1 : 1;
    return left->index < right->index ? -1 : left->index > right->index;
}

static int copy_target(struct smail__goal *goal, const smail_target *target,
                       smail_error *err)
{
    struct smail__keywords keywords;
    int code;

    if (target->account <= 0 || target->mailbox < 0)
        return smail__fail(err, SMAIL_EINVAL, "a target needs an account");
    smail__keywords_init(&keywords);
    code = smail__keywords_add(&keywords, target->keywords, err);
    goal->account = target->account;
    goal->mailbox = target->mailbox;
    goal->received_at = target->received_at;
    goal->flags = keywords.flags;
    goal->words = keywords.words; /* moved */
    return code;
}

/* Accounts in ascending order, as every transaction locks them. */
static int copy_targets(smail_append *append, const smail_target *targets,
                        size_t count, smail_error *err)
{
    int code = 0;

    forget_targets(append);
    if (count == 0 && append->also != NULL)
        return 0;
    if (count == 0 || count > SMAIL__TARGETS_MAX)
        return smail__fail(err, SMAIL_EINVAL,
                           "a message goes to 1 to %d targets",
                           SMAIL__TARGETS_MAX);
    append->goals = calloc(count, sizeof(*append->goals));
    append->results = calloc(count, sizeof(*append->results));
    if (append->goals == NULL || append->results == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    append->count = count;
    for (size_t i = 0; code == 0 && i < count; i++) {
        append->goals[i].index = i;
        code = copy_target(&append->goals[i], &targets[i], err);
    }
    qsort(append->goals, count, sizeof(*append->goals), by_account);
    return code;
}

/* Here and not by the writer, which has no time: it writes half as much. */
static void pack(smail_append *append)
{
    smail_span bytes = smail__buf_span(&append->memory);

    if (append->file.fd < 0 && bytes.len >= PACKED_MIN &&
        bytes.len <= SMAIL__SMALL_MAX)
        (void)smail__pack(&append->packed, &append->store->packer, bytes);
}

/* Once: what is left goes to the file, hash and header are read. */
static int complete(smail_append *append, smail_error *err)
{
    smail_error error = SMAIL_ERROR_INIT;
    int code;

    if (append->has_sha256)
        return 0;
    code = append->file.fd >= 0 ? flush(append, &error) : 0;
    if (code == 0)
        code =
            smail__delivery_read(&append->delivery, header_of(append), &error);
    if (code < 0)
        return stick(append, code, &error, err);
    if (append->digest != NULL)
        smail__sha256_finish(append->sha256, append->digest);
    else
        smail__sha256(append->sha256, smail__buf_span(&append->memory));
    append->digest = NULL;
    append->has_sha256 = true;
    pack(append);
    return 0;
}

int smail__append_digest(const unsigned char **out, struct smail_append *append,
                         smail_error *err)
{
    int code = stuck(append, err);

    if (code == 0)
        code = complete(append, err);
    *out = append->sha256;
    return code;
}

static void tell(smail_append *append, const smail_error *error)
{
    void (*done)(const smail_error *, const smail_appended *, void *) =
        append->done;
    void *user = append->user;

    append->begun = false;
    /* The callback may free the append: nothing of it is used behind. */
    done(error, error == NULL ? append->results : NULL, user);
}

static void written(struct smail__job *job)
{
    smail_append *append = job->arg;
    smail_error error;

    if (job->code == 0) {
        append->committed = true;
        smail__indexer_wake(append->store);
        tell(append, NULL);
        return;
    }
    error = job->error;
    if (error.code == 0)
        smail__fail(&error, job->code, "%s", smail_strerror(job->code));
    tell(append, &error);
}

static int put_job(smail_append *append, smail_error *err)
{
    append->job.run = smail__append_run;
    append->job.arg = append;
    append->job.done = written;
    append->job.repeatable = append->first == NULL && append->also == NULL;
    count_out(append);
    return smail__writer_put(append->store, &append->job, err);
}

void smail__append_settle(struct smail_append *append)
{
    smail_error error = SMAIL_ERROR_INIT;
    int code = 0;

    if (!append->file.settled) {
        code = smail__blob_settle(&append->file, &append->store->blobs,
                                  append->id_text, &error);
        if (code < 0)
            stick(append, code, &error, &error);
    }
    if (code == 0)
        code = put_job(append, &error);
    if (code < 0)
        tell(append, &error);
}

int smail_append_commit_later(smail_append *append, const smail_target *targets,
                              size_t count,
                              void (*done)(const smail_error *error,
                                           const smail_appended *results,
                                           void *user),
                              void *user, smail_error *err)
{
    int code = stuck(append, err);

    if (code < 0)
        return code;
    if (append->begun || append->committed)
        return smail__fail(err, SMAIL_ESTATE,
                           "the message was committed already");
    if (append->job.uncertain)
        return smail__fail(err, SMAIL_EUNKNOWN,
                           "the message may have been stored already");
    code = copy_targets(append, targets, count, err);
    if (code == 0)
        code = complete(append, err);
    if (code < 0)
        return code;
    append->done = done;
    append->user = user;
    append->begun = true;
    if (append->file.fd < 0)
        code = put_job(append, err);
    else
        code = smail__syncers_put(append->store, append, err);
    if (code < 0)
        append->begun = false;
    return code;
}

struct wait {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    smail_store *store;
    bool finished;
    int code;
    smail_error error;
    smail_appended *out;
    size_t count;
};

static void finished(const smail_error *error, const smail_appended *results,
                     void *user)
{
    struct wait *wait = user;

    pthread_mutex_lock(&wait->mutex);
    wait->finished = true;
    if (error != NULL) {
        wait->code = error->code;
        wait->error = *error;
    } else if (wait->out != NULL) {
        memcpy(wait->out, results, wait->count * sizeof(*results));
    }
    pthread_cond_signal(&wait->cond);
    pthread_mutex_unlock(&wait->mutex);
}

static void await(struct wait *wait)
{
    if (wait->store->options.manual) {
        while (!wait->finished)
            smail__writer_batch(wait->store);
        return;
    }
    pthread_mutex_lock(&wait->mutex);
    while (!wait->finished)
        pthread_cond_wait(&wait->cond, &wait->mutex);
    pthread_mutex_unlock(&wait->mutex);
}

int smail_append_commit(smail_append *append, const smail_target *targets,
                        size_t count, smail_appended *out, smail_error *err)
{
    struct wait wait = { .store = append->store, .out = out, .count = count };
    int code;

    pthread_mutex_init(&wait.mutex, NULL);
    pthread_cond_init(&wait.cond, NULL);
    code =
        smail_append_commit_later(append, targets, count, finished, &wait, err);
    if (code == 0) {
        await(&wait);
        code = wait.code;
        if (code < 0 && err != NULL)
            *err = wait.error;
    }
    pthread_cond_destroy(&wait.cond);
    pthread_mutex_destroy(&wait.mutex);
    return code;
}
