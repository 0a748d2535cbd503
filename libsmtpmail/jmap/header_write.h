/* SPDX-License-Identifier: MIT */
/* jmap/header_write.h - header fields from JSON. */
#ifndef SMAIL__JMAP_HEADER_WRITE_H
#define SMAIL__JMAP_HEADER_WRITE_H

#include "jmap/header_form.h"
#include "json/read.h"

/* Append the field, or fields; false for a value of the wrong shape, or one
 * that cannot stand in a header. */
bool smail__jmap_header_write(struct smail__buf *out,
                              const struct smail__jmap_header *header,
                              const struct smail__json_value *value);

#endif
