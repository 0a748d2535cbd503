/* SPDX-License-Identifier: MIT */
/*
 * tests/powercut/scenario.h - deliveries on a watched disk, and what must be
 * left of them: each message that was acknowledged is there for each of its
 * recipients, once, with its bytes; one that was not is there for all of them
 * or for none; the store checks clean.
 */
#ifndef TESTS_POWERCUT_SCENARIO_H
#define TESTS_POWERCUT_SCENARIO_H

#include "disk.h"
#include "store/internal.h"

#define MESSAGES_MAX 400

struct scenario {
    char root[128], copy[128]; /* the folder, and that of the rebuilt disk */
    struct disk disk;
    struct smail__files files;
    smail_store *store;
    bool unsafe;                /* synchronous=OFF */
    bool has_log;               /* mail.db-wal is there at the beginning */
    bool has_folder;            /* and blobs/ is */
    bool threads;               /* not manual */
    int delivered;              /* numbers given out */
    bool refused[MESSAGES_MAX]; /* the caller was told that it failed */
    char why[400];              /* of the last failure */
};

/* An empty store with two accounts in a folder of its own, on a disk that
 * begins to record. */
void scenario_begin(struct scenario *scenario);
void scenario_end(struct scenario *scenario);

void scenario_open(struct scenario *scenario);
void scenario_close(struct scenario *scenario);

/* Deliver one message; its number is marked on the disk when it was
 * acknowledged. Returns what the commit returned. */
int scenario_deliver(struct scenario *scenario, size_t size, unsigned to,
                     smail_error *err);

/* All of it: small and large ones to one and to both, an index run, a
 * checkpoint, a new log, a restart. */
void scenario_run(struct scenario *scenario);

/* True if the disk after a cut at `cut` is as it must be; else `why`. */
bool scenario_survives(struct scenario *scenario, size_t cut, uint64_t seed);

/* The same for the store as it is open now, everything being acknowledged
 * that was not refused. */
bool scenario_is_whole(struct scenario *scenario);

#endif
