/* SPDX-License-Identifier: MIT */
/*
 * message/structure.h - where the parts of a message begin and end (RFC 2046,
 * 5.1), by one pass over its lines with a stack of open boundaries. Linear in
 * the input whatever it holds.
 */
#ifndef SMAIL__MESSAGE_STRUCTURE_H
#define SMAIL__MESSAGE_STRUCTURE_H

#include <smtpmail/error.h>

/* Multiparts inside multiparts; more is read as one opaque part. */
#define SMAIL__DEPTH_MAX 64

/* Parts of one message, multiparts included; the rest is not looked at. */
#define SMAIL__PARTS_MAX 1000

/* RFC 2046, 5.1.1 allows 70; senders use more. A line holds 998 at most
 * (RFC 5322, 2.1.1). */
#define SMAIL__BOUNDARY_MAX 998

enum smail__structure_defect {
    SMAIL__STRUCTURE_DEEP = 1 << 0,       /* SMAIL__DEPTH_MAX was reached */
    SMAIL__STRUCTURE_MANY = 1 << 1,       /* SMAIL__PARTS_MAX was reached */
    SMAIL__STRUCTURE_UNCLOSED = 1 << 2,   /* a multipart without its end */
    SMAIL__STRUCTURE_NO_BOUNDARY = 1 << 3 /* not named, or never used */
};

/* One part; offsets count from the start of the message. */
struct smail__place {
    size_t header;
    size_t body;
    size_t end; /* without the line end before the boundary */
    int parent; /* -1 for the message itself */
    int depth;
    bool multipart; /* opened by a boundary */
};

struct smail__structure {
    struct smail__place *places; /* in order of their begin */
    size_t count;
    unsigned defects;
};

int smail__structure_read(struct smail__structure *out, smail_span message);
void smail__structure_dispose(struct smail__structure *structure);

#endif
