/* SPDX-License-Identifier: MIT */
/*
 * base/buf.h - a byte buffer that is born with a maximum and whose failure
 * sticks.
 *
 * Appends return nothing. The first one that fails (no memory, or over the
 * maximum) marks the buffer, later ones do nothing, and the caller looks at
 * smail__buf_error() once, at the end.
 */
#ifndef SMAIL__BASE_BUF_H
#define SMAIL__BASE_BUF_H

#include <stdarg.h>

#include <smtpmail/base.h>

#include "base/format.h"

struct smail__buf {
    char *data;  /* NUL-terminated once anything was appended */
    size_t len;  /* without the NUL */
    size_t room; /* bytes allocated */
    size_t max;  /* what `len` may never exceed */
    int error;   /* 0, SMAIL_ENOMEM or SMAIL_ELIMIT */
    const smail_mem *mem;
};

/* `mem` NULL means malloc; it is kept. Nothing is allocated yet. */
void smail__buf_init(struct smail__buf *buf, size_t max, const smail_mem *mem);
void smail__buf_dispose(struct smail__buf *buf);

void smail__buf_append(struct smail__buf *buf, smail_span bytes);
void smail__buf_puts(struct smail__buf *buf, const char *text);
void smail__buf_putc(struct smail__buf *buf, char byte);
void smail__buf_printf(struct smail__buf *buf, const char *format, ...)
    SMAIL__PRINTF(2, 3);
void smail__buf_vprintf(struct smail__buf *buf, const char *format,
                        va_list args) SMAIL__PRINTF(2, 0);

/* Make room for `len` more bytes; 0, or the error that now sticks. */
int smail__buf_reserve(struct smail__buf *buf, size_t len);

/* Drop bytes: from the front, behind `len`, or all. The memory stays. */
void smail__buf_consume(struct smail__buf *buf, size_t len);
void smail__buf_truncate(struct smail__buf *buf, size_t len);
void smail__buf_clear(struct smail__buf *buf); /* also forgets the error */

int smail__buf_error(const struct smail__buf *buf);
smail_span smail__buf_span(const struct smail__buf *buf);

/*
 * Give what was built to the caller's `out` and empty `buf`. Fails with the
 * error that stuck; `out` is then untouched. Only for buffers from malloc.
 */
int smail__buf_move(smail_buf *out, struct smail__buf *buf);

#endif
