/* SPDX-License-Identifier: MIT */
/*
 * transfer/out_file.h - a file that appears whole, and on disk, or not at all.
 */
#ifndef SMAIL__TRANSFER_OUT_FILE_H
#define SMAIL__TRANSFER_OUT_FILE_H

#include <smtpmail/error.h>

#include "base/buf.h"

/* Longest name that Linux has. */
#define SMAIL__FILE_NAME_MAX 256

struct smail__out_file {
    int folder; /* not ours */
    int fd;     /* -1: none is open */
    char temporary[SMAIL__FILE_NAME_MAX];
};

#define SMAIL__OUT_FILE_INIT \
    {                        \
        -1, -1, ""           \
    }

/* A folder below `folder`, made if need be and open; never through a link. */
int smail__out_folder(int *out, int folder, const char *name, smail_error *err);

bool smail__out_exists(int folder, const char *name);

/* Begin it under a name of its own in `folder`. */
int smail__out_begin(struct smail__out_file *file, int folder,
                     smail_error *err);
int smail__out_write(struct smail__out_file *file, smail_span octets,
                     smail_error *err);

/* Sync it and give it its name in `folder`. 1; or 0, and it is gone, when
 * something has the name and that is not to be replaced. */
int smail__out_publish(struct smail__out_file *file, int folder,
                       const char *name, bool replace, smail_error *err);

/* What was begun and not published goes. */
void smail__out_drop(struct smail__out_file *file);

#endif
