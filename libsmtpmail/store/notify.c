/* SPDX-License-Identifier: MIT */
/*
 * store/notify.c - tells other processes that something was committed.
 *
 * PATH.notify is a list of 64-bit little-endian numbers: the accounts that
 * changed, or 0 for "look at everything". It is written after COMMIT, while
 * the writers' lock is still held, and starts over when it has grown to 64
 * KiB: who watches it and finds it shorter looks at everything. It is a hint
 * and never synced; a reader's net is PRAGMA data_version.
 */
#define _GNU_SOURCE

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "store/internal.h"

#define NOTIFY_MAX ((off_t)64 * 1024)

void smail__notify_open(smail_store *store)
{
    const char *path = smail__db_path(store->db);
    struct smail__buf name;
    struct stat info;

    store->writer.notify = -1;
    if (path == NULL)
        return;
    smail__buf_init(&name, (size_t)64 * 1024, NULL);
    smail__buf_printf(&name, "%s.notify", path);
    if (smail__buf_error(&name) == 0)
        store->writer.notify =
            open(name.data, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (store->writer.notify >= 0 && geteuid() == 0 && stat(path, &info) == 0 &&
        fchown(store->writer.notify, info.st_uid, info.st_gid) != 0)
        smail__store_warn(store, "cannot give PATH.notify to its owner");
    smail__buf_dispose(&name);
}

static size_t put(unsigned char *out, smail_id account)
{
    for (int i = 0; i < 8; i++)
        out[i] = (unsigned char)((uint64_t)account >> (8 * i));
    return 8;
}

void smail__notify_tell(smail_store *store)
{
    struct smail__touched *touched = &store->writer.touched;
    unsigned char record[8 * SMAIL__TOUCHED_MAX];
    struct stat info;
    size_t len = 0;
    int fd = store->writer.notify;

    if (touched->all)
        touched->count = 0;
    for (size_t i = 0; i < touched->count; i++)
        len += put(record + len, touched->accounts[i]);
    if (len == 0)
        len = put(record, 0);
    touched->count = 0;
    touched->all = false;
    if (fd < 0)
        return;
    if (fstat(fd, &info) == 0 && info.st_size + (off_t)len > NOTIFY_MAX &&
        ftruncate(fd, 0) != 0)
        return;
    if (write(fd, record, len) < 0)
        return; /* a hint, no more */
}

void smail__notify_close(smail_store *store)
{
    if (store->writer.notify >= 0)
        close(store->writer.notify);
    store->writer.notify = -1;
}
