/* SPDX-License-Identifier: MIT */
/*
 * store/writer_care.c - when the log is put in its place.
 *
 * At about 4,000 pages: it costs 12 microseconds a message and stalls for 21
 * ms at the longest; 16,000 pages stalled for 46. A reader that stays keeps
 * the log from beginning anew: then it may grow, and is tried again further
 * on, never at each commit.
 */
#include <time.h>

#include "base/error.h"
#include "store/internal.h"

#define CHECKPOINT_PAGES 4000
#define LOG_PAGES_MAX ((int64_t)16 * CHECKPOINT_PAGES)
#define IDLE_PAGES 64

/* A turn takes milliseconds, a checkpoint some tens: a dozen programs keep
 * each other under 100. Beyond a second something is wrong with the disk. */
#define PATIENCE ((int64_t)1000 * 1000000)
#define WARN_AGAIN ((int64_t)10 * 1000000000)

static int64_t monotonic(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int smail__writer_take_turn(smail_store *store, smail_error *err)
{
    struct smail__writer *writer = &store->writer;
    int64_t began = monotonic(), got, waited;
    char text[120];
    int code = smail__db_lock(store->db, err);

    got = monotonic();
    waited = got - began;
    if (waited > writer->longest_wait)
        writer->longest_wait = waited;
    if (waited <= PATIENCE ||
        (writer->wait_warned != 0 && got < writer->wait_warned + WARN_AGAIN))
        return code;
    writer->wait_warned = got;
    smail__format(text, sizeof(text),
                  "waited %lld ms for a turn at the store: other programs "
                  "are busy with it, or its disk is slow",
                  (long long)(waited / 1000000));
    smail__store_warn(store, text);
    return code;
}

static void checkpoint(smail_store *store, enum smail__checkpoint how)
{
    smail_error err = SMAIL_ERROR_INIT;
    char text[300];
    int code;

    smail__store_take_db(store);
    code = smail__writer_take_turn(store, &err);
    if (code == 0 && !smail__db_is_broken(store->db))
        code = smail__db_checkpoint(store->db, how, &err);
    smail__db_unlock(store->db);
    smail__store_give_db(store);
    if (code == 0 || code == SMAIL_EBUSY)
        return;
    smail__format(text, sizeof(text), "checkpoint: %s", err.message);
    smail__store_warn(store, text);
}

void smail__writer_care(smail_store *store, bool idle)
{
    struct smail__db_log log = smail__db_log(store->db);
    int64_t enough = idle ? IDLE_PAGES : CHECKPOINT_PAGES;

    if (idle)
        store->writer.dirty = false;
    if (log.waiting >= enough)
        checkpoint(store, SMAIL__CHECKPOINT_PASSIVE);
    log = smail__db_log(store->db);
    if (log.pages > LOG_PAGES_MAX &&
        (idle || log.pages > store->writer.checkpoint_due)) {
        checkpoint(store, SMAIL__CHECKPOINT_RESTART);
        store->writer.checkpoint_due = log.pages + CHECKPOINT_PAGES;
    }
}

/* So that the database file alone is the store after a clean end. */
void smail__writer_last_care(smail_store *store)
{
    if (store->indexer.owner && smail__db_log(store->db).pages > 0)
        checkpoint(store, SMAIL__CHECKPOINT_TRUNCATE);
}
