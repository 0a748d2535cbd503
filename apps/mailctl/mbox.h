/* SPDX-License-Identifier: MIT */
/*
 * mbox.h - a file of messages, read piece by piece in bounded memory: one
 * message, or an mbox (RFC 4155) with mboxrd's quoting, ">From " for "From ".
 */
#ifndef MAILCTL_MBOX_H
#define MAILCTL_MBOX_H

#include "base/buf.h"
#include "ctl.h"

#define MBOX_PIECE ((size_t)64 * 1024)

struct mbox {
    int fd;
    const char *path;
    char *data;       /* MBOX_PIECE octets */
    size_t at, end;   /* what is not given yet */
    bool is_over;     /* the file */
    bool has_dates;   /* separators have one, so that "From " alone is none */
    bool is_mbox;     /* it began with a "From " line */
    bool at_line;     /* the next piece begins a line */
    bool after_empty; /* the line before was empty: it is held back */
    bool is_inside;   /* a message was begun */
    bool ended_cr;    /* the last piece ended with CR */
    int64_t time;     /* of the separator; 0: it has none */
    smail_error *err;
};

int mbox_open(struct mbox *mbox, const char *path, smail_error *err);
void mbox_close(struct mbox *mbox);

/* 1 when another message begins, 0 at the end. */
int mbox_next(struct mbox *mbox);

/* The next octets of it, lines ended by CRLF, appended to the empty `out`: 1,
 * or 0 at its end. */
int mbox_read(struct smail__buf *out, struct mbox *mbox);

#endif
