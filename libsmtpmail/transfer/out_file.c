/* SPDX-License-Identifier: MIT */
/* transfer/out_file.c - see transfer/out_file.h. */
#define _GNU_SOURCE
#include "transfer/out_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "crypto/random.h"

/* Names that are tried: one is free, unless somebody plays with us. */
#define TRIES 16

int smail__out_folder(int *out, int folder, const char *name, smail_error *err)
{
    if (mkdirat(folder, name, 0700) != 0 && errno != EEXIST)
        return smail__fail_os(err, SMAIL_EIO, errno, "cannot make %s: %s", name,
                              strerror(errno));
    *out =
        openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (*out < 0)
        return smail__fail_os(err, SMAIL_EIO, errno, "cannot open %s: %s", name,
                              strerror(errno));
    return 0;
}

bool smail__out_exists(int folder, const char *name)
{
    struct stat unused;

    return fstatat(folder, name, &unused, AT_SYMLINK_NOFOLLOW) == 0;
}

int smail__out_begin(struct smail__out_file *file, int folder, smail_error *err)
{
    *file = (struct smail__out_file)SMAIL__OUT_FILE_INIT;
    for (int i = 0; i < TRIES && file->fd < 0; i++) {
        uint32_t number = 0;

        if (smail__random(&number, sizeof(number), err) < 0)
            return SMAIL_EIO;
        smail__format(file->temporary, sizeof(file->temporary),
                      ".smtpmail-%08x.part", number);
        file->fd =
            openat(folder, file->temporary,
                   O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (file->fd < 0 && errno != EEXIST)
            break;
    }
    if (file->fd < 0)
        return smail__fail_os(err, SMAIL_EIO, errno, "cannot make a file: %s",
                              strerror(errno));
    file->folder = folder;
    return 0;
}

int smail__out_write(struct smail__out_file *file, smail_span octets,
                     smail_error *err)
{
    while (octets.len > 0) {
        ssize_t put = write(file->fd, octets.data, octets.len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return smail__fail_os(err, SMAIL_EIO, errno, "cannot write: %s",
                                  strerror(errno));
        octets.data += put;
        octets.len -= (size_t)put;
    }
    return 0;
}

void smail__out_drop(struct smail__out_file *file)
{
    if (file->fd < 0)
        return;
    close(file->fd);
    file->fd = -1;
    unlinkat(file->folder, file->temporary, 0);
}

/* 1 when it has the name now, 0 when something else has it. */
static int give_name(struct smail__out_file *file, int folder, const char *name,
                     bool replace)
{
    if (!replace) {
        if (linkat(file->folder, file->temporary, folder, name, 0) == 0) {
            unlinkat(file->folder, file->temporary, 0);
            return 1;
        }
        if (errno == EEXIST)
            return 0;
        /* A file system without links: then two at once may race. */
        if (smail__out_exists(folder, name))
            return 0;
    }
    return renameat(file->folder, file->temporary, folder, name) == 0 ? 1 : -1;
}

int smail__out_publish(struct smail__out_file *file, int folder,
                       const char *name, bool replace, smail_error *err)
{
    int named;

    if (fsync(file->fd) != 0)
        return smail__fail_os(err, SMAIL_EIO, errno, "cannot sync %s: %s", name,
                              strerror(errno));
    named = give_name(file, folder, name, replace);
    if (named < 0)
        return smail__fail_os(err, SMAIL_EIO, errno, "cannot name %s: %s", name,
                              strerror(errno));
    if (named == 0) {
        smail__out_drop(file);
        return 0;
    }
    close(file->fd);
    file->fd = -1;
    return 1;
}
