/* SPDX-License-Identifier: MIT */
/*
 * smtpmail/base.h - the few types every other header speaks in.
 *
 * Ownership, everywhere in this library:
 *   - an object returned through `type **out` is yours; give it back with
 *     the `_free` (or `_close`) function of its type, which accepts NULL;
 *   - a pointer or span returned by a getter is borrowed, and stays good
 *     until the object it came from is changed or freed;
 *   - an argument is read during the call and never kept, unless its
 *     comment says "kept".
 *
 * One object belongs to one thread at a time. The exceptions say so where
 * they are declared.
 */
#ifndef SMAIL_BASE_H
#define SMAIL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <smtpmail/export.h>

SMAIL_BEGIN_DECLS

/** Bytes owned by somebody else. Not NUL-terminated; may hold NULs. */
typedef struct smail_span {
    const char *data;
    size_t len;
} smail_span;

/**
 * Bytes owned by you, grown by the library. `data` is NULL while nothing was
 * ever put in; otherwise a NUL, not counted in `len`, follows the last byte.
 */
typedef struct smail_buf {
    char *data;
    size_t len;
    size_t capacity;
} smail_buf;

#define SMAIL_BUF_INIT \
    {                  \
        NULL, 0, 0     \
    }

/** Release what `buf` holds and make it empty again. */
SMAIL_API void smail_buf_dispose(smail_buf *buf);

/**
 * Where the protocol engine takes its memory from. One function does all:
 * `ptr` NULL allocates, `size` 0 frees and returns NULL, otherwise resizes as
 * realloc() does. NULL for a `size` over 0 means that there is no memory; the
 * old block is then untouched.
 */
typedef struct smail_mem {
    void *(*resize)(void *ptr, size_t size, void *user);
    void *user;
} smail_mem;

/** Names a row in a store: an account, a mailbox, a message. Never 0. */
typedef int64_t smail_id;

SMAIL_END_DECLS

#endif
