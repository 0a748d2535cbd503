/* SPDX-License-Identifier: MIT */
/* net/worker.c - threads, a queue, and a count that may not be exceeded. */
/* clang-format off */
#define _DEFAULT_SOURCE 1 /* setpriority(), which POSIX has under XSI */
/* clang-format on */
#include "net/worker.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/error.h"
#include "crypto/tls.h"

#define THREADS_MAX 64

struct smail__workers {
    pthread_mutex_t lock; /* over all below */
    pthread_cond_t ready;
    struct smail__work *first, *last;
    size_t queued, queue_max;
    bool stopping;
    int nice;
    unsigned threads;
    pthread_t thread[THREADS_MAX];
};

static struct smail__work *take(struct smail__workers *workers)
{
    struct smail__work *work;

    pthread_mutex_lock(&workers->lock);
    while (workers->first == NULL && !workers->stopping)
        pthread_cond_wait(&workers->ready, &workers->lock);
    work = workers->first;
    if (work != NULL) {
        workers->first = work->next;
        workers->queued--;
    }
    pthread_mutex_unlock(&workers->lock);
    return work;
}

static void *thread_main(void *arg)
{
    struct smail__workers *workers = arg;
    struct smail__work *work;

#ifdef __linux__
    /* Here, and here alone, 0 is the calling thread and not the process. */
    if (workers->nice > 0)
        setpriority(PRIO_PROCESS, 0, workers->nice);
#endif
    while ((work = take(workers)) != NULL)
        work->run(work);
    smail__tls_thread_stop();
    return NULL;
}

int smail__workers_new(struct smail__workers **out, unsigned threads,
                       size_t queue_max, int nice, smail_error *err)
{
    struct smail__workers *workers = calloc(1, sizeof(*workers));

    if (workers == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for workers");
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->ready, NULL);
    workers->queue_max = queue_max;
    workers->nice = nice;
    if (threads > THREADS_MAX)
        threads = THREADS_MAX;
    while (workers->threads < threads) {
        int rc = pthread_create(&workers->thread[workers->threads], NULL,
                                thread_main, workers);

        if (rc != 0) {
            smail__workers_free(workers);
            return smail__fail_os(err, SMAIL_EIO, rc, "no thread for a worker");
        }
        workers->threads++;
    }
    *out = workers;
    return 0;
}

void smail__workers_free(struct smail__workers *workers)
{
    if (workers == NULL)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->stopping = true;
    pthread_cond_broadcast(&workers->ready);
    pthread_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->threads; i++)
        pthread_join(workers->thread[i], NULL);
    pthread_cond_destroy(&workers->ready);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}

/* Behind all of the same rank. */
static void insert(struct smail__workers *workers, struct smail__work *work)
{
    struct smail__work **at = &workers->first;

    if (workers->first != NULL && workers->last->rank <= work->rank)
        at = &workers->last->next;
    while (*at != NULL && (*at)->rank <= work->rank)
        at = &(*at)->next;
    work->next = *at;
    *at = work;
    if (work->next == NULL)
        workers->last = work;
    workers->queued++;
    pthread_cond_signal(&workers->ready);
}

static struct smail__work *take_last(struct smail__workers *workers)
{
    struct smail__work *before = NULL, *last = workers->last;

    for (struct smail__work *at = workers->first; at != last; at = at->next)
        before = at;
    workers->last = before;
    if (before != NULL)
        before->next = NULL;
    else
        workers->first = NULL;
    workers->queued--;
    return last;
}

int smail__workers_submit(struct smail__workers *workers,
                          struct smail__work *work)
{
    int rc = SMAIL_ELIMIT;

    work->rank = 0;
    pthread_mutex_lock(&workers->lock);
    if (!workers->stopping && workers->queued < workers->queue_max) {
        insert(workers, work);
        rc = 0;
    }
    pthread_mutex_unlock(&workers->lock);
    return rc;
}

int smail__workers_submit_ranked(struct smail__workers *workers,
                                 struct smail__work *work,
                                 struct smail__work **displaced)
{
    int rc = SMAIL_ELIMIT;

    *displaced = NULL;
    pthread_mutex_lock(&workers->lock);
    if (!workers->stopping && workers->queued >= workers->queue_max &&
        workers->last != NULL && workers->last->rank > work->rank)
        *displaced = take_last(workers);
    if (!workers->stopping && workers->queued < workers->queue_max) {
        insert(workers, work);
        rc = 0;
    }
    pthread_mutex_unlock(&workers->lock);
    return rc;
}
