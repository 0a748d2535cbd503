/* SPDX-License-Identifier: MIT */
/* store/thread_map.c - from an account and a hash to a thread, in memory. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/thread.h"

#define START 1024

void smail__threads_dispose(struct smail__threads *threads)
{
    free(threads->slots);
    free(threads->job);
    memset(threads, 0, sizeof(*threads));
}

void smail__threads_forget(struct smail__threads *threads)
{
    free(threads->slots);
    threads->slots = NULL;
    threads->count = 0;
    threads->room = 0;
    threads->first = 0;
    threads->last = 0;
    threads->fresh = false;
    threads->job_count = 0;
}

void smail__threads_begin(struct smail__threads *threads)
{
    threads->fresh = false;
    threads->job_count = 0;
}

void smail__threads_begin_job(struct smail__threads *threads)
{
    threads->job_count = 0;
}

/* Hashes are SHA-256: any bits of them will do, with the account's mixed in. */
static size_t place(const struct smail__threads *threads, smail_id account,
                    int64_t hash)
{
    uint64_t key = (uint64_t)hash ^ (uint64_t)account * 0x9e3779b97f4a7c15u;
    size_t at = (size_t)(key ^ key >> 32) & (threads->room - 1);

    while (threads->slots[at].account != 0 &&
           (threads->slots[at].account != account ||
            threads->slots[at].hash != hash))
        at = (at + 1) & (threads->room - 1);
    return at;
}

smail_id smail__threads_get(const struct smail__threads *threads,
                            smail_id account, int64_t hash)
{
    if (threads->room == 0)
        return 0;
    return threads->slots[place(threads, account, hash)].thread;
}

static int grow(struct smail__threads *threads, smail_error *err)
{
    struct smail__thread_key *old = threads->slots;
    size_t room = threads->room;

    if (threads->count * 2 < room)
        return 0;
    threads->room = room == 0 ? START : room * 2;
    threads->slots = calloc(threads->room, sizeof(*threads->slots));
    if (threads->slots == NULL) {
        threads->slots = old;
        threads->room = room;
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < room; i++)
        if (old[i].account != 0)
            threads->slots[place(threads, old[i].account, old[i].hash)] =
                old[i];
    free(old);
    return 0;
}

/* The first thread that a hash leads to stays. */
int smail__threads_put(struct smail__threads *threads, smail_id account,
                       int64_t hash, smail_id thread, smail_error *err)
{
    struct smail__thread_key *slot;
    int code = grow(threads, err);

    if (code < 0)
        return code;
    slot = &threads->slots[place(threads, account, hash)];
    if (slot->account == 0)
        threads->count++;
    if (slot->thread == 0)
        *slot = (struct smail__thread_key){ account, hash, thread };
    return 0;
}

int smail__threads_add(struct smail__threads *threads, smail_id account,
                       int64_t hash, smail_id thread, smail_error *err)
{
    if (threads->job_count == threads->job_room) {
        size_t room = threads->job_room == 0 ? 32 : threads->job_room * 2;
        struct smail__thread_key *job =
            realloc(threads->job, room * sizeof(*job));

        if (job == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "out of memory");
        threads->job = job;
        threads->job_room = room;
    }
    threads->job[threads->job_count++] =
        (struct smail__thread_key){ account, hash, thread };
    return smail__threads_put(threads, account, hash, thread, err);
}

void smail__threads_undo_job(struct smail__threads *threads)
{
    if (threads->job_count == 0 || threads->room == 0)
        return;
    for (size_t i = 0; i < threads->job_count; i++) {
        const struct smail__thread_key *key = &threads->job[i];
        struct smail__thread_key *slot =
            &threads->slots[place(threads, key->account, key->hash)];

        if (slot->thread == key->thread)
            slot->thread = 0;
    }
    threads->job_count = 0;
    threads->last = threads->last_before;
}
