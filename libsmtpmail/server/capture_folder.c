/* SPDX-License-Identifier: MIT */
/*
 * server/capture_folder.c - captured messages as files.
 *
 * A file is written under a name that begins with a dot and gets its own when
 * it is whole. Nothing is synced: captured mail is for looking at.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "server/capture.h"
#include "server/envelope.h"

/* Small pieces wait, so that a message costs one write. */
#define BUFFERED 16384
#define HEAD_MAX ((size_t)64 * 1024 * 1024) /* recipients have their limit */
#define NAME_ROOM 80

struct smail__capture_folder {
    int fd;
    atomic_uint count;
};

struct file {
    int fd;
    char name[NAME_ROOM];
    size_t len;
    char buffer[BUFFERED];
};

static int write_all(int fd, smail_span bytes)
{
    while (bytes.len > 0) {
        ssize_t len = write(fd, bytes.data, bytes.len);

        if (len < 0 && errno == EINTR)
            continue;
        if (len <= 0)
            return SMAIL_EIO;
        bytes = smail__span_from(bytes, (size_t)len);
    }
    return 0;
}

static int flush(struct file *file)
{
    size_t len = file->len;

    file->len = 0;
    return write_all(file->fd, (smail_span){ file->buffer, len });
}

/* Names sort by time; the process and a count make them differ. */
static void make_name(char out[NAME_ROOM], struct smail__capture_folder *folder)
{
    struct timespec now;
    struct tm parts;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    smail__format(out, NAME_ROOM, ".%04d%02d%02dT%02d%02d%02d.%06dZ-%x-%x.eml",
                  parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday,
                  parts.tm_hour, parts.tm_min, parts.tm_sec,
                  (int)(now.tv_nsec / 1000), (unsigned)getpid(),
                  atomic_fetch_add(&folder->count, 1) + 1);
}

static int write_head(struct file *file, const smail_transaction *transaction)
{
    char path[SMAIL_LOCAL_PART_MAX + SMAIL_DOMAIN_MAX + 2];
    struct smail__buf head;
    int rc;

    smail__buf_init(&head, HEAD_MAX, NULL);
    smail__path_text(path, transaction->sender);
    smail__buf_printf(&head, "Return-Path: <%s>\r\n", path);
    for (size_t i = 0; i < transaction->recipient_count; i++) {
        smail__path_text(path, &transaction->recipients[i]);
        smail__buf_printf(&head, "Envelope-To: <%s>\r\n", path);
    }
    rc = smail__buf_error(&head);
    if (rc == 0)
        rc = write_all(file->fd, smail__buf_span(&head));
    smail__buf_dispose(&head);
    return rc;
}

static void drop(void *message, void *user)
{
    struct smail__capture_folder *folder = user;
    struct file *file = message;

    unlinkat(folder->fd, file->name, 0);
    close(file->fd);
    free(file);
}

static void *begin(const smail_transaction *transaction, void *user)
{
    struct smail__capture_folder *folder = user;
    struct file *file = malloc(sizeof(*file));

    if (file == NULL)
        return NULL;
    file->len = 0;
    make_name(file->name, folder);
    file->fd = openat(folder->fd, file->name,
                      O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file->fd < 0) {
        free(file);
        return NULL;
    }
    if (write_head(file, transaction) != 0) {
        drop(file, folder);
        return NULL;
    }
    return file;
}

static int add(void *message, smail_span piece, void *user)
{
    struct file *file = message;
    int rc = 0;

    (void)user;
    if (file->len + piece.len > BUFFERED)
        rc = flush(file);
    if (rc != 0 || piece.len > BUFFERED)
        return rc != 0 ? rc : write_all(file->fd, piece);
    if (piece.len > 0)
        memcpy(file->buffer + file->len, piece.data, piece.len);
    file->len += piece.len;
    return 0;
}

static int keep(void *message, const smail_transaction *transaction, void *user)
{
    struct smail__capture_folder *folder = user;
    struct file *file = message;

    (void)transaction;
    if (flush(file) != 0 ||
        renameat(folder->fd, file->name, folder->fd, file->name + 1) != 0) {
        drop(file, folder);
        return SMAIL_EIO;
    }
    close(file->fd);
    free(file);
    return 0;
}

int smail__capture_folder_open(struct smail__capture_folder **out,
                               const char *path, smail_error *err)
{
    struct smail__capture_folder *folder = calloc(1, sizeof(*folder));
    char reason[128] = "";

    if (folder == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory to capture mail");
    atomic_init(&folder->count, 0);
    folder->fd = -1;
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        folder->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->fd < 0 || faccessat(folder->fd, ".", W_OK, 0) != 0) {
        int os = errno;

        if (strerror_r(os, reason, sizeof(reason)) != 0)
            reason[0] = '\0';
        smail__capture_folder_free(folder);
        return smail__fail_os(err, SMAIL_EIO, os,
                              "cannot capture mail into '%s': %s", path,
                              reason);
    }
    *out = folder;
    return 0;
}

void smail__capture_folder_free(struct smail__capture_folder *folder)
{
    if (folder == NULL)
        return;
    if (folder->fd >= 0)
        close(folder->fd);
    free(folder);
}

void smail__capture_folder_place(struct smail__capture_place *out,
                                 struct smail__capture_folder *folder)
{
    *out = (struct smail__capture_place){ begin, add, keep, drop, folder };
}
