/* SPDX-License-Identifier: MIT */
/* jmap/blob.h - blobs inside requests (RFC 8620, 6; RFC 8621, 4.1.4). */
#ifndef SMAIL__JMAP_BLOB_H
#define SMAIL__JMAP_BLOB_H

#include "jmap/internal.h"

/*
 * All of a blob that `account` may see, from malloc, with a NUL behind it.
 * SMAIL_ENOTFOUND; SMAIL_ELIMIT when it has more than `max` octets.
 */
int smail__jmap_blob_read_all(char **out, size_t *len, struct smail__jmap *jmap,
                              smail_id account, smail_span blob_id, size_t max,
                              smail_error *err);

#endif
