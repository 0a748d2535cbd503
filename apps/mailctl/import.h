/* SPDX-License-Identifier: MIT */
/* import.h - an import as its commands share it. */
#ifndef MAILCTL_IMPORT_H
#define MAILCTL_IMPORT_H

#include <smtpmail/transfer.h>

#include "progress.h"
#include "json/write.h"

struct import {
    struct ctl *ctl;
    smail_import_options options;
    smail_import_result result; /* of all files */
    struct progress progress;
    struct smail__json json;
};

/* From the options on the command line; CTL_USAGE. */
int import_begin(struct import *import, struct ctl *ctl);

int import_one(struct import *import, const char *path);

/* Around all of it: what is printed, and what the end is. */
void import_tell_begin(struct import *import);
int import_tell_end(struct import *import, int rc);

#endif
