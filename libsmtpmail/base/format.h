/* SPDX-License-Identifier: MIT */
/*
 * base/format.h - a small printf without stdio and without locale.
 *
 * Understands %s %.*s %c %d %i %u %x %zu %llu %lld (with PRId64 and friends)
 * and %%, and a width with or without a leading 0 for the numbers: what
 * replies, errors and log lines need. Anything else is copied as it stands.
 * A %s of NULL prints "(null)".
 */
#ifndef SMAIL__BASE_FORMAT_H
#define SMAIL__BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

#if defined(__GNUC__)
#define SMAIL__PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define SMAIL__PRINTF(text, first)
#endif

/*
 * Write at most `capacity` - 1 bytes and a NUL. Returns the length that the
 * whole text has, which is `capacity` or more when it did not fit.
 */
size_t smail__vformat(char *out, size_t capacity, const char *format,
                      va_list args) SMAIL__PRINTF(3, 0);
size_t smail__format(char *out, size_t capacity, const char *format, ...)
    SMAIL__PRINTF(3, 4);

#endif
