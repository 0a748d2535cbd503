/* SPDX-License-Identifier: MIT */
/*
 * transfer/mbox.h - a stream of messages: one, or an mbox (RFC 4155) in any of
 * its dialects, read piece by piece in bounded memory.
 *
 *   mboxrd   ">From " stands for "From ", ">>From " for ">From " ...
 *   mboxo    ">From " stands for "From ", or for itself: nobody knows
 *   mboxcl   mboxo, and Content-Length says how long the body is
 *   mboxcl2  nothing is quoted, Content-Length alone tells
 *
 * A Content-Length is believed only when the next separator, or the end,
 * stands where it points.
 */
#ifndef SMAIL__TRANSFER_MBOX_H
#define SMAIL__TRANSFER_MBOX_H

#include "base/buf.h"
#include "transfer/input.h"

/* The longest body that a Content-Length is believed for. */
#define SMAIL__MBOX_LENGTH_MAX ((uint64_t)256 * 1024 * 1024)

/* What an export puts in front of a message, beside its first line. */
#define SMAIL__MBOX_BLOCK_MAX ((size_t)512 * 1024)

/* The first field of what an export puts in front. */
#define SMAIL__MBOX_FIELD "X-Smtpmail-Export:"

enum smail__dialect {
    SMAIL__DIALECT_AUTO, /* by looking */
    SMAIL__DIALECT_RD,
    SMAIL__DIALECT_O,
    SMAIL__DIALECT_CL,
    SMAIL__DIALECT_CL2,
    SMAIL__DIALECT_ONE /* one message, whatever it begins with */
};

struct smail__mbox {
    struct smail__input *input;
    enum smail__dialect dialect;
    bool is_mbox;     /* it began with a "From " line */
    bool has_dates;   /* separators have one, so that "From " alone is none */
    bool is_inside;   /* a message was begun */
    bool at_line;     /* the next piece begins a line */
    bool after_empty; /* the line before was empty: it is held back */
    bool empty_crlf;  /* ... and how it ended */
    bool ended_cr;    /* the last piece ended with CR */

    /* Of the message. */
    uint64_t offset; /* of its separator */
    int64_t time;    /* that the separator names; 0: none */
    bool counted;    /* `left` octets of it are to come */
    uint64_t left;
    bool as_it_is;    /* line ends stay */
    bool is_unquoted; /* '>' stays too */
    bool is_at_end;
    bool is_ours;            /* from an export: */
    int64_t received_at;     /* ... when it came */
    struct smail__buf block; /* ... and fields that are not its own */
};

void smail__mbox_init(struct smail__mbox *mbox, struct smail__input *input,
                      enum smail__dialect dialect);
void smail__mbox_dispose(struct smail__mbox *mbox);

/* 1 when another message begins, 0 at the end. What is left of the last one
 * is passed over. */
int smail__mbox_next(struct smail__mbox *mbox, smail_error *err);

/* The next octets of it, appended to the empty `out`: 1, or 0 at its end. A
 * message whose first line ends in LF alone gets CRLF throughout; one that has
 * CRLF there stays as it is. */
int smail__mbox_read(struct smail__buf *out, struct smail__mbox *mbox,
                     smail_error *err);

#endif
