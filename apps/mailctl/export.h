/* SPDX-License-Identifier: MIT */
/* export.h - an export as its commands share it. */
#ifndef MAILCTL_EXPORT_H
#define MAILCTL_EXPORT_H

#include <smtpmail/transfer.h>

#include "progress.h"
#include "report.h"

struct export
{
    struct ctl *ctl;
    smail_export_options options;
    struct progress progress;
    struct report report;
    bool is_quiet; /* a row for what is bad only */
    bool was_stopped;
    uint64_t bad;
};

/* From the options on the command line; CTL_USAGE, and nothing begun. */
int export_begin(struct export *export, struct ctl *ctl);
int export_one(struct export *export, const char *target);
int export_end(struct export *export, int rc);

#define EXPORT_OPTIONS                                        \
    { "format", "NAME", "eml, mbox, maildir or zip" },        \
        { "skip-bad", NULL,                                   \
          "go past messages whose bytes are gone or wrong" }, \
        PROGRESS_OPTION

#endif
