/* SPDX-License-Identifier: MIT */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define PIECE 65536

int file_open(int *out, const char *path, smail_error *err)
{
    if (strcmp(path, "-") == 0) {
        *out = STDIN_FILENO;
        return 0;
    }
    *out = open(path, O_RDONLY | O_CLOEXEC);
    if (*out < 0)
        return smail__fail_os(err,
                              errno == ENOENT ? SMAIL_ENOTFOUND : SMAIL_EIO,
                              errno, "%s: %s", path, strerror(errno));
    return 0;
}

void file_close(int fd)
{
    if (fd > STDIN_FILENO)
        close(fd);
}

int64_t file_read(char *out, size_t len, int fd, const char *path,
                  smail_error *err)
{
    ssize_t got;

    do
        got = read(fd, out, len);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return smail__fail_os(err, SMAIL_EIO, errno, "%s: %s", path,
                              strerror(errno));
    return got;
}

int file_read_all(struct smail__buf *out, const char *path, smail_error *err)
{
    int64_t got = 0;
    int fd;
    int rc = file_open(&fd, path, err);

    if (rc != 0)
        return rc;
    while ((rc = smail__buf_reserve(out, PIECE)) == 0 &&
           (got = file_read(out->data + out->len, PIECE, fd, path, err)) > 0) {
        out->len += (size_t)got;
        out->data[out->len] = '\0';
    }
    file_close(fd);
    if (rc == 0)
        return got < 0 ? (int)got : 0;
    return smail__fail(
        err, rc, rc == SMAIL_ELIMIT ? "%s is too large" : "no memory for %s",
        path);
}
