/* SPDX-License-Identifier: MIT */
/*
 * account/scram_message.h - the messages of SCRAM, to read and write them on
 * either side (RFC 5802, 7): attributes with commas between, each a letter,
 * '=' and a value.
 */
#ifndef SMAIL__ACCOUNT_SCRAM_MESSAGE_H
#define SMAIL__ACCOUNT_SCRAM_MESSAGE_H

#include "base/buf.h"

/* Cut the attribute `letter` from the front; false if it is another one, or
   no attribute. */
bool smail__scram_take(smail_span *value, smail_span *rest, char letter);

/* Extensions that may be skipped (RFC 5802, 5.1), up to the end or up to the
   attribute `letter`; false for what is none. */
bool smail__scram_skip(smail_span *rest, char letter);

/* Printable ASCII without commas, at least one. */
bool smail__scram_is_nonce(smail_span text);

/* "=2C" is ',' and "=3D" is '='; false for anything else behind a '=', and
   for more than `room` octets. */
bool smail__scram_name_decode(char *out, size_t *len, size_t room,
                              smail_span text);
void smail__scram_name_encode(struct smail__buf *out, smail_span name);

/* Append octets in base64 as the value of an attribute. */
void smail__scram_put(struct smail__buf *out, const char *attribute,
                      smail_span bytes);

#endif
