/* SPDX-License-Identifier: MIT */
/*
 * tests/system/take_turns.c - one more program at a store, that puts the log
 * in its place again and again, and measures how long it waits for that.
 *
 *   take_turns URL PAUSE-MS     until its input ends; then says: checkpoints,
 *                               those that a reader kept from the end, and
 *                               the longest wait in microseconds
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/internal.h"

/* Every so many, one that waits for readers. */
#define RESTART_EVERY 8

static int checkpoint(smail_store *store, enum smail__checkpoint how,
                      smail_error *err)
{
    int code;

    smail__store_take_db(store);
    code = smail__writer_take_turn(store, err);
    if (code == 0)
        code = smail__db_checkpoint(store->db, how, err);
    smail__db_unlock(store->db);
    smail__store_give_db(store);
    return code;
}

static void warn(const char *text, void *user)
{
    (void)user;
    fprintf(stderr, "%s\n", text);
}

int main(int argc, char **argv)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    struct pollfd input = { 0, POLLIN | POLLHUP, 0 };
    smail_error err = SMAIL_ERROR_INIT;
    smail_store *store;
    long count = 0, partial = 0;

    if (argc != 3) {
        fprintf(stderr, "usage: take_turns URL PAUSE-MS\n");
        return 2;
    }
    options.manual = true;
    options.must_exist = true;
    options.warn = warn;
    if (smail_store_open(&store, argv[1], &options, &err) < 0) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    while (poll(&input, 1, (int)strtol(argv[2], NULL, 10)) == 0) {
        int code = checkpoint(store,
                              count % RESTART_EVERY == RESTART_EVERY - 1
                                  ? SMAIL__CHECKPOINT_RESTART
                                  : SMAIL__CHECKPOINT_PASSIVE,
                              &err);

        count++;
        partial += code == SMAIL_EBUSY;
        if (code < 0 && code != SMAIL_EBUSY) {
            fprintf(stderr, "%s\n", err.message);
            return 1;
        }
    }
    printf("%ld %ld %lld\n", count, partial,
           (long long)(store->writer.longest_wait / 1000));
    smail_store_close(store);
    return 0;
}
