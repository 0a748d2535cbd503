/* SPDX-License-Identifier: MIT */
/*
 * store/index_thread.c - when there is something to index.
 *
 * Our own deliveries wake the thread. Those of other processes do while we own
 * the index, by the file they tell of commits in (store/notify.c); who does
 * not own it looks now and then whether the owner has gone.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "store/index.h"
#include "store/sweep.h"

/* New messages come in groups: wait for the group, and, as long as more come,
 * between batches, for the sake of who delivers them. */
#define GATHER_MILLISECONDS 50
/* Others may leave us something, and the lock. */
#define POLL_MILLISECONDS 5000
#define NICE 19

bool smail__indexer_is_stopping(smail_store *store)
{
    bool stop;

    pthread_mutex_lock(&store->indexer.mutex);
    stop = store->indexer.stopping;
    pthread_mutex_unlock(&store->indexer.mutex);
    return stop;
}

/* True if it began just now: what came before was not told of. */
static bool watch_others(smail_store *store)
{
    struct smail__indexer *indexer = &store->indexer;
    const char *path = smail__db_path(store->db);
    struct smail__buf name;

    if (!indexer->owner || indexer->watch >= 0 || path == NULL)
        return false;
    smail__buf_init(&name, (size_t)64 * 1024, NULL);
    smail__buf_printf(&name, "%s.notify", path);
    indexer->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (indexer->watch >= 0 &&
        (smail__buf_error(&name) != 0 ||
         inotify_add_watch(indexer->watch, name.data, IN_MODIFY) < 0)) {
        close(indexer->watch); /* looking each few seconds has to do */
        indexer->watch = -1;
    }
    smail__buf_dispose(&name);
    return indexer->watch >= 0;
}

/* What was told before the look that follows says nothing new. */
static void forget_wakes(struct smail__indexer *indexer)
{
    char events[4096];
    uint64_t count;

    pthread_mutex_lock(&indexer->mutex);
    indexer->wanted = false;
    pthread_mutex_unlock(&indexer->mutex);
    while (indexer->wake >= 0 && read(indexer->wake, &count, sizeof(count)) > 0)
        continue;
    while (indexer->watch >= 0 &&
           read(indexer->watch, events, sizeof(events)) > 0)
        continue;
}

/* Until the store closes, there is work, or the time is over. */
static void nap(struct smail__indexer *indexer, int milliseconds, bool for_work)
{
    struct pollfd fds[] = {
        { .fd = indexer->stop, .events = POLLIN },
        { .fd = for_work ? indexer->wake : -1, .events = POLLIN },
        { .fd = for_work ? indexer->watch : -1, .events = POLLIN },
    };

    (void)poll(fds, sizeof(fds) / sizeof(fds[0]), milliseconds);
}

/* All that is there, in batches as large as they may be. */
static void index_all(smail_store *store)
{
    while (!smail__indexer_is_stopping(store) &&
           smail__indexer_step(store) > 0) {
        smail__threads_merge(store);
        if (!store->indexer.full || atomic_load(&store->arriving) > 0)
            nap(&store->indexer, GATHER_MILLISECONDS, false);
    }
}

static void *indexer_main(void *arg)
{
    smail_store *store = arg;
    struct smail__indexer *indexer = &store->indexer;

    /* Linux gives each thread a nice value of its own. Search may be late;
     * a delivery may not. */
    setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
    while (!smail__indexer_is_stopping(store)) {
        nap(indexer, GATHER_MILLISECONDS, false);
        forget_wakes(indexer);
        index_all(store);
        if (indexer->owner)
            smail__sweeper_step(store);
        if (!watch_others(store))
            nap(indexer, POLL_MILLISECONDS, true);
    }
    return NULL;
}

void smail__indexer_init(struct smail__indexer *indexer)
{
    memset(indexer, 0, sizeof(*indexer));
    indexer->lock = -1;
    indexer->watch = -1;
    indexer->wake = -1;
    indexer->stop = -1;
    pthread_mutex_init(&indexer->mutex, NULL);
}

void smail__indexer_open(smail_store *store)
{
    struct smail__indexer *indexer = &store->indexer;

    if (store->options.manual)
        return;
    indexer->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    indexer->stop = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    indexer->started =
        indexer->stop >= 0 &&
        pthread_create(&indexer->thread, NULL, indexer_main, store) == 0;
}

static void signal_event(int fd)
{
    const uint64_t one = 1;

    if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
        return; /* it is signalled already */
}

void smail__indexer_wake(smail_store *store)
{
    struct smail__indexer *indexer = &store->indexer;

    pthread_mutex_lock(&indexer->mutex);
    if (!indexer->wanted)
        signal_event(indexer->wake);
    indexer->wanted = true;
    pthread_mutex_unlock(&indexer->mutex);
}

void smail__indexer_stop(smail_store *store)
{
    struct smail__indexer *indexer = &store->indexer;

    pthread_mutex_lock(&indexer->mutex);
    indexer->stopping = true;
    signal_event(indexer->stop);
    pthread_mutex_unlock(&indexer->mutex);
    if (indexer->started)
        pthread_join(indexer->thread, NULL);
    indexer->started = false;
}

static void shut(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void smail__indexer_dispose(struct smail__indexer *indexer)
{
    shut(&indexer->lock);
    shut(&indexer->watch);
    shut(&indexer->wake);
    shut(&indexer->stop);
    pthread_mutex_destroy(&indexer->mutex);
}
