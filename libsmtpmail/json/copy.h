/* SPDX-License-Identifier: MIT */
/* json/copy.h - what was read, written again; and how much there is to read. */
#ifndef SMAIL__JSON_COPY_H
#define SMAIL__JSON_COPY_H

#include "json/read.h"
#include "json/write.h"

/* `value` as it was given, in ASCII. NULL is null. */
void smail__json_value(struct smail__json *json,
                       const struct smail__json_value *value);

/*
 * At least as many values as reading `text` makes: each costs memory many
 * times its length, so a reader asks before it reads.
 */
size_t smail__json_values(smail_span text);

#endif
