/* SPDX-License-Identifier: MIT */
/*
 * store/syncer.c - threads that bring large messages to disk, so that neither
 * a loop nor the writer waits for megabytes.
 */
#include "base/error.h"
#include "store/append.h"

static void *syncer_main(void *arg)
{
    smail_store *store = arg;
    struct smail__syncers *syncers = &store->syncers;

    pthread_mutex_lock(&syncers->mutex);
    for (;;) {
        struct smail_append *append = syncers->head;

        if (append != NULL) {
            syncers->head = append->next;
            if (syncers->head == NULL)
                syncers->tail = &syncers->head;
            pthread_mutex_unlock(&syncers->mutex);
            smail__append_settle(append);
            pthread_mutex_lock(&syncers->mutex);
        } else if (syncers->stopping) {
            break;
        } else {
            pthread_cond_wait(&syncers->wake, &syncers->mutex);
        }
    }
    pthread_mutex_unlock(&syncers->mutex);
    return NULL;
}

void smail__syncers_init(struct smail__syncers *syncers)
{
    pthread_mutex_init(&syncers->mutex, NULL);
    pthread_cond_init(&syncers->wake, NULL);
    syncers->tail = &syncers->head;
}

int smail__syncers_put(smail_store *store, struct smail_append *append,
                       smail_error *err)
{
    struct smail__syncers *syncers = &store->syncers;
    int rc = 0;

    if (store->options.manual) {
        smail__append_settle(append);
        return 0;
    }
    append->next = NULL;
    pthread_mutex_lock(&syncers->mutex);
    if (syncers->started < SMAIL__SYNCERS) {
        rc = pthread_create(&syncers->threads[syncers->started], NULL,
                            syncer_main, store);
        if (rc == 0)
            syncers->started++;
    }
    if (syncers->started > 0) {
        *syncers->tail = append;
        syncers->tail = &append->next;
        pthread_cond_signal(&syncers->wake);
        rc = 0;
    }
    pthread_mutex_unlock(&syncers->mutex);
    if (rc != 0)
        return smail__fail_os(err, SMAIL_ETEMP, rc,
                              "cannot start a thread of the store");
    return 0;
}

void smail__syncers_stop(smail_store *store)
{
    struct smail__syncers *syncers = &store->syncers;

    pthread_mutex_lock(&syncers->mutex);
    syncers->stopping = true;
    pthread_cond_broadcast(&syncers->wake);
    pthread_mutex_unlock(&syncers->mutex);
    for (size_t i = 0; i < syncers->started; i++)
        pthread_join(syncers->threads[i], NULL);
    syncers->started = 0;
}

void smail__syncers_dispose(struct smail__syncers *syncers)
{
    pthread_cond_destroy(&syncers->wake);
    pthread_mutex_destroy(&syncers->mutex);
}
