/* SPDX-License-Identifier: MIT */
/* check.h - what a pattern of codes cannot say about a reply. */
#ifndef CONFORMANCE_CHECK_H
#define CONFORMANCE_CHECK_H

#include "peer.h"

/* Whether `codes`, as "250 5xx close", allow the reply. */
bool check_codes(const char *codes, const struct reply *reply);

/* Some line of the reply, without its code, matches. */
bool check_has(const char *glob, const struct reply *reply);

/*
 * A check by its name:
 *   greeting  220, our peer's name and what it likes (RFC 5321, 4.2)
 *   ehlo      its name, then a keyword a line (RFC 5321, 4.1.1.1)
 *   status    each line has an enhanced code of the reply's class (RFC 2034, 4)
 *   printable  it holds no other octets (RFC 5321, 4.2)
 * NULL if it holds, else what does not.
 */
const char *check_named(const char *name, const struct reply *reply);

#endif
