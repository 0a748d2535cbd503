/* SPDX-License-Identifier: MIT */
/* base/error.h - filling in a smail_error. */
#ifndef SMAIL__BASE_ERROR_H
#define SMAIL__BASE_ERROR_H

#include <smtpmail/error.h>

#include "base/format.h"

/*
 * Fill `err`, if there is one, and return `code`, so that a failing function
 * ends in one line: `return smail__fail(err, SMAIL_EINVAL, "...", ...)`.
 * The format is that of base/format.h. Controls in the result are replaced
 * by '?': a message is one line, whatever a stranger's text in it holds.
 */
int smail__fail(smail_error *err, int code, const char *format, ...)
    SMAIL__PRINTF(3, 4);

/* The same, with an errno or a driver's own code kept beside it. */
int smail__fail_os(smail_error *err, int code, int os, const char *format, ...)
    SMAIL__PRINTF(4, 5);

#endif
