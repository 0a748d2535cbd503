/* SPDX-License-Identifier: MIT */
/*
 * message/parameter.h - fields of the form `value; name=text; ...` (RFC 2045,
 * 5.1; RFC 2183) with the continuations and charsets of RFC 2231.
 */
#ifndef SMAIL__MESSAGE_PARAMETER_H
#define SMAIL__MESSAGE_PARAMETER_H

#include "base/buf.h"

/* Parameters of one field that are looked at; sections of one value. */
#define SMAIL__PARAMETERS_MAX 64

/* What stands before the first ';', comments and spaces aside. */
smail_span smail__parameter_value(smail_span field);

/* Append the value of the parameter `name`, in UTF-8. False without one. */
bool smail__parameter_find(struct smail__buf *out, smail_span field,
                           const char *name);

/* The same as it was sent, for what is compared and not read. */
bool smail__parameter_octets(struct smail__buf *out, smail_span field,
                             const char *name);

#endif
