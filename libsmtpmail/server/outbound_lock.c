/* SPDX-License-Identifier: MIT */
/*
 * server/outbound_lock.c - which of several processes sends, and on which
 * message it died.
 *
 * PATH.sending is locked by the one that sends. It holds one number, mapped,
 * so that it outlives a process that is killed at any moment and costs nothing
 * to write: the id of the message that our own code is at work on right now; 0
 * while all wait for the network. Who comes next strikes that one.
 */
#define _GNU_SOURCE

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "server/outbound.h"
#include "store/internal.h"

static int open_file(const smail_outbound *outbound)
{
    const char *path = smail__db_path(outbound->store->db);
    struct smail__buf name;
    int fd = -1;

    if (path == NULL)
        return -1;
    smail__buf_init(&name, (size_t)64 * 1024, NULL);
    smail__buf_printf(&name, "%s.sending", path);
    if (smail__buf_error(&name) == 0)
        fd = open(name.data, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    smail__buf_dispose(&name);
    return fd;
}

static bool map(smail_outbound *outbound)
{
    void *mapped;

    if (ftruncate(outbound->lock_fd, sizeof(int64_t)) != 0)
        return false;
    mapped = mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED,
                  outbound->lock_fd, 0);
    if (mapped == MAP_FAILED)
        return false;
    outbound->in_hand = mapped;
    return true;
}

int smail__outbound_lock(smail_outbound *outbound, smail_id *in_hand)
{
    *in_hand = 0;
    outbound->in_hand = &outbound->own_in_hand;
    if (smail__db_is_shared(outbound->store->db))
        return 1; /* in memory: nobody else can see it */
    if (outbound->lock_fd < 0)
        outbound->lock_fd = open_file(outbound);
    if (outbound->lock_fd < 0 ||
        flock(outbound->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return 0;
    if (!map(outbound)) {
        close(outbound->lock_fd);
        outbound->lock_fd = -1;
        outbound->in_hand = &outbound->own_in_hand;
        return 0;
    }
    *in_hand = atomic_exchange(outbound->in_hand, 0);
    return 1;
}

void smail__outbound_unlock(smail_outbound *outbound)
{
    if (outbound->in_hand != NULL &&
        outbound->in_hand != &outbound->own_in_hand)
        munmap((void *)(uintptr_t)outbound->in_hand, sizeof(int64_t));
    outbound->in_hand = NULL;
    if (outbound->lock_fd >= 0)
        close(outbound->lock_fd);
    outbound->lock_fd = -1;
}
