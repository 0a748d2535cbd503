/* SPDX-License-Identifier: MIT */
/*
 * webmail/fields.h - the small JSON objects of the calls beside JMAP.
 */
#ifndef WEBMAIL_FIELDS_H
#define WEBMAIL_FIELDS_H

#include "request.h"

/* Octets of a body: an address, two passwords, a name. */
#define FIELDS_BODY_MAX 16384

struct fields;

/* Read the body as one JSON object. NULL: an answer was given. A page from
 * elsewhere can send a form, but not this type unasked (Fetch standard, 4.8:
 * CORS), so the type is demanded. */
struct fields *fields_read(struct request *request);
void fields_free(struct fields *fields);

/* A string's octets, good until free(); data NULL when it is no string. */
smail_span fields_text(const struct fields *fields, const char *name);

/* Append `text` as a JSON string, quotes and all; what is not UTF-8 is
 * replaced. */
void put_json(struct smail__buf *out, smail_span text);

/* Append a time as "2026-11-23T01:26:00Z", or null for 0. */
void put_time(struct smail__buf *out, int64_t seconds);

#endif
