/* SPDX-License-Identifier: MIT */
/*
 * tests/powercut/work_test.c - cuts the power while a store works.
 *
 *   work_test PLAN CUTS           CUTS of them, at operations by their seed;
 *                                 0: one at each operation
 *   work_test PLAN without WHAT   a sync is left out: passes only if a cut
 *                                 shows that something was lost
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "work.h"

/* Cuts until a missing sync must have shown. */
#define ATTEMPTS 3000

/* A file that SQLite makes under another name is synced by SQLite, and then
 * by us; its folder likewise, and once more with the first sync of the log.
 * To miss one, those that do the same are left out with it. */
static const struct {
    const char *name;
    unsigned sync;
} syncs[] = {
    { "log", DISK_LOG },
    { "database", DISK_DATABASE },
    { "blob", DISK_BLOB },
    { "blob-name", DISK_BLOB_NAME },
    { "blob-folder", DISK_BLOB_FOLDER },
    { "copy", DISK_COPY | DISK_DATABASE },
    { "copy-name", DISK_COPY_NAME | DISK_LOG_NAME | DISK_ROOT },
    { "backup-folder", DISK_BACKUP | DISK_COPY_NAME },
    { "backup-name", DISK_ROOT | DISK_LOG_NAME },
    { "synchronous", 0 },
};

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* The first cut that loses something, or -1. */
static long cut_all(struct work *work, size_t cuts, bool each)
{
    size_t count = work->disk.count;

    for (size_t i = 0; i < cuts; i++) {
        uint64_t seed = mix(i + 1);
        size_t at = each ? i % (count + 1) : seed % (count + 1);

        if (!work_survives(work, at, seed)) {
            printf("%s: cut %zu at operation %zu of %zu, seed %llx: %s\n",
                   work->plan->name, i, at, count, (unsigned long long)seed,
                   work->why);
            return (long)i;
        }
    }
    return -1;
}

static const struct plan *find_plan(const char *name)
{
    for (const struct plan *plan = plans; plan->name != NULL; plan++)
        if (strcmp(plan->name, name) == 0)
            return plan;
    fprintf(stderr, "unknown plan: %s\n", name);
    exit(2);
}

static int without(struct work *work, const struct plan *plan, const char *what)
{
    size_t count = sizeof(syncs) / sizeof(syncs[0]);
    size_t at = 0;
    long found;

    while (at < count && strcmp(syncs[at].name, what) != 0)
        at++;
    if (at == count) {
        fprintf(stderr, "unknown sync: %s\n", what);
        return 2;
    }
    work_begin(work, plan);
    work->disk.skipped = syncs[at].sync;
    work->unsafe = syncs[at].sync == 0;
    work_run(work);
    found = cut_all(work, ATTEMPTS, false);
    work_end(work);
    if (found < 0)
        printf("%s: without the sync of '%s' nothing was lost in %d cuts\n",
               plan->name, what, ATTEMPTS);
    return found < 0;
}

int main(int argc, char **argv)
{
    struct work *work = calloc(1, sizeof(*work));
    int code;

    need(work != NULL);
    if (argc == 4 && strcmp(argv[2], "without") == 0) {
        code = without(work, find_plan(argv[1]), argv[3]);
    } else if (argc == 3) {
        size_t cuts = strtoul(argv[2], NULL, 10);
        bool each = cuts == 0;

        work_begin(work, find_plan(argv[1]));
        work_run(work);
        if (each)
            cuts = work->disk.count + 1;
        code = cut_all(work, cuts, each) >= 0;
        printf("%s: %zu operations, %zu cuts\n", argv[1], work->disk.count,
               cuts);
        work_end(work);
    } else {
        fprintf(stderr, "usage: work_test PLAN CUTS | PLAN without WHAT\n");
        code = 2;
    }
    free(work);
    return code;
}
