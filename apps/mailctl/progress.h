/* SPDX-License-Identifier: MIT */
/*
 * progress.h - how far a long command is: a bar on a terminal, a line now and
 * then when that was asked for and there is none. SIGINT and SIGTERM ask the
 * command to finish what it has begun.
 */
#ifndef MAILCTL_PROGRESS_H
#define MAILCTL_PROGRESS_H

#include <smtpmail/transfer.h>

#include "ctl.h"

#define PROGRESS_OPTION                                                \
    {                                                                  \
        "progress", NULL, "say how far it is, also without a terminal" \
    }

struct progress {
    bool is_shown, is_terminal;
    int64_t began, next;                   /* nanoseconds */
    uint64_t done_before, messages_before; /* by earlier files */
    smail_transfer_progress last;
};

/* Also takes the signals, until the program ends. */
void progress_begin(struct progress *progress, const struct ctl *ctl);

/* Fits `progress` of the options; true: somebody wants us to stop. */
bool progress_tell(const smail_transfer_progress *now, void *progress);

/* The bar goes until the next look: something else is printed. */
void progress_clear(const struct progress *progress);

/* The bar goes, a line for what was done stays where lines were asked for. */
void progress_end(struct progress *progress);

bool progress_is_interrupted(void);

#endif
