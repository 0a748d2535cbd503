/* SPDX-License-Identifier: MIT */
/*
 * out.h - standard output through one buffer. What goes wrong sticks; a
 * reader that has seen enough (`| head`) is not an error.
 */
#ifndef OUT_H
#define OUT_H

#include "base/buf.h"

struct out {
    struct smail__buf buf;
    int failure;    /* errno of the first failed write */
    bool is_closed; /* nobody reads any more: EPIPE */
};

void out_init(struct out *out);
void out_dispose(struct out *out);

/* Write when much is waiting: 0, or a value that ends a walk, when there is
 * no use in going on. */
int out_offer(struct out *out);

/* Write all that waits. */
int out_flush(struct out *out);

/* Copy bytes past the buffer, for large contents. */
int out_bytes(struct out *out, smail_span bytes);

#endif
