/* SPDX-License-Identifier: MIT */
/*
 * tests/powercut/cut_test.c - cuts the power at every operation of the
 * scenario, or at some of them.
 *
 *   cut_test CUTS [threads]     cuts, or all at least once with 0
 *   cut_test without WHAT       a sync is left out: the test passes only if
 *                               a cut shows that something was lost
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario.h"

/* Cuts until a missing sync must have shown; each has a chance of more than
 * one in twenty. */
#define ATTEMPTS 3000

/* The folder of the store is synced twice at the beginning: for blobs/ by us,
 * and with the first sync of the log by SQLite. Each does for both, so to
 * miss one, what the other is for is there already. */
static const struct {
    const char *name;
    unsigned sync;
    bool has_log, has_folder;
} syncs[] = {
    { "log", DISK_LOG, false, false },
    { "database", DISK_DATABASE, false, false },
    { "log-name", DISK_LOG_NAME, false, true },
    { "blob", DISK_BLOB, false, false },
    { "blob-name", DISK_BLOB_NAME, false, false },
    { "blob-folder", DISK_BLOB_FOLDER, false, false },
    { "root", DISK_ROOT | DISK_LOG_NAME, true, false },
    { "owner", DISK_OWNER, false, false },
    { "synchronous", 0, false, false },
};

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* The first cut that loses something, or -1. */
static long cut_all(struct scenario *scenario, size_t cuts)
{
    size_t count = scenario->disk.count;

    for (size_t i = 0; i < cuts; i++) {
        uint64_t seed = mix(i + 1);
        size_t at = cuts > count ? i % (count + 1) : seed % (count + 1);

        if (!scenario_survives(scenario, at, seed)) {
            printf("cut %zu at operation %zu of %zu, seed %llx: %s\n", i, at,
                   count, (unsigned long long)seed, scenario->why);
            return (long)i;
        }
    }
    return -1;
}

static int without(const char *what)
{
    struct scenario scenario = { .delivered = 0 };
    size_t count = sizeof(syncs) / sizeof(syncs[0]);
    size_t at = 0;
    long found;

    while (at < count && strcmp(syncs[at].name, what) != 0)
        at++;
    if (at == count) {
        fprintf(stderr, "unknown sync: %s\n", what);
        return 2;
    }
    scenario.has_log = syncs[at].has_log;
    scenario.has_folder = syncs[at].has_folder;
    scenario_begin(&scenario);
    scenario.disk.skipped = syncs[at].sync;
    scenario.unsafe = syncs[at].sync == 0;
    scenario_run(&scenario);
    found = cut_all(&scenario, ATTEMPTS);
    scenario_end(&scenario);
    if (found < 0)
        printf("without the sync of '%s' nothing was lost in %d cuts\n", what,
               ATTEMPTS);
    return found < 0;
}

int main(int argc, char **argv)
{
    struct scenario scenario = { .delivered = 0 };
    size_t cuts;
    long found;

    if (argc == 3 && strcmp(argv[1], "without") == 0)
        return without(argv[2]);
    if (argc < 2) {
        fprintf(stderr, "usage: cut_test CUTS [threads] | without WHAT\n");
        return 2;
    }
    scenario.threads = argc > 2;
    scenario_begin(&scenario);
    scenario_run(&scenario);
    cuts = strtoul(argv[1], NULL, 10);
    if (cuts == 0)
        cuts = scenario.disk.count + 1;
    found = cut_all(&scenario, cuts);
    printf("%zu operations, %zu cuts\n", scenario.disk.count, cuts);
    scenario_end(&scenario);
    return found >= 0;
}
