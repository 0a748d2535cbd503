/* SPDX-License-Identifier: MIT */
/*
 * db/sqlite_lock.c - processes take turns at writing.
 *
 * SQLite before 3.51.3 can lose a committed transaction when a commit of one
 * connection meets a checkpoint of another. So every BEGIN to COMMIT and every
 * checkpoint holds flock() on PATH.lock. flock() alone is unfair: who comes
 * back at once gets it before those who wait. So all queue at PATH.turn first;
 * only its holder waits for PATH.lock, and gives turn up when it has it.
 *
 * The locks belong to the open file, so that two stores in one process are
 * two parties like any others, and a crash frees them.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "db/sqlite.h"

void smail__sqlite_turn_init(struct sqlite_turn *turn)
{
    turn->turn = -1;
    turn->lock = -1;
    turn->held = false;
}

static int open_beside(const char *path, const char *suffix, smail_error *err)
{
    char *name = smail__sqlite_join(path, suffix);
    int fd;

    if (name == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    fd = smail__sqlite_open_private(name, err);
    free(name);
    return fd;
}

int smail__sqlite_turn_open(struct sqlite_turn *turn, const char *path,
                            smail_error *err)
{
    turn->turn = open_beside(path, ".turn", err);
    if (turn->turn < 0)
        return SMAIL_EIO;
    turn->lock = open_beside(path, ".lock", err);
    return turn->lock < 0 ? SMAIL_EIO : 0;
}

static int hold(int fd, smail_error *err)
{
    while (flock(fd, LOCK_EX) != 0)
        if (errno != EINTR)
            return smail__fail_os(err, SMAIL_EIO, errno,
                                  "cannot lock the store: %s", strerror(errno));
    return 0;
}

int smail__sqlite_turn_take(struct sqlite_turn *turn, smail_error *err)
{
    int code;

    if (turn->turn < 0 || turn->held)
        return 0;
    code = hold(turn->turn, err);
    if (code < 0)
        return code;
    code = hold(turn->lock, err);
    flock(turn->turn, LOCK_UN);
    turn->held = code == 0;
    return code;
}

void smail__sqlite_turn_drop(struct sqlite_turn *turn)
{
    if (!turn->held)
        return;
    flock(turn->lock, LOCK_UN);
    turn->held = false;
}

void smail__sqlite_turn_close(struct sqlite_turn *turn)
{
    smail__sqlite_turn_drop(turn);
    if (turn->turn >= 0)
        close(turn->turn);
    if (turn->lock >= 0)
        close(turn->lock);
    smail__sqlite_turn_init(turn);
}
