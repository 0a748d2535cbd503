/* SPDX-License-Identifier: MIT */
/* file.h - files that are read, "-" being standard input. */
#ifndef MAILCTL_FILE_H
#define MAILCTL_FILE_H

#include "base/buf.h"
#include "ctl.h"

/* A descriptor; SMAIL_ENOTFOUND, SMAIL_EIO. */
int file_open(int *out, const char *path, smail_error *err);
void file_close(int fd);

/* Bytes read, 0 at the end. */
int64_t file_read(char *out, size_t len, int fd, const char *path,
                  smail_error *err);

/* Append all of it; SMAIL_ELIMIT when it does not fit. */
int file_read_all(struct smail__buf *out, const char *path, smail_error *err);

#endif
