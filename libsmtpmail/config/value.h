/* SPDX-License-Identifier: MIT */
/* config/value.h - text into values, and names that were meant. */
#ifndef SMAIL__CONFIG_VALUE_H
#define SMAIL__CONFIG_VALUE_H

#include <smtpmail/base.h>

/* "500", "32K", "32M", "2G": powers of 1024. SMAIL_EMALFORMED. */
int smail__value_size(uint64_t *out, smail_span text);

/* "30", "30s", "5m", "2h", "7d": seconds. SMAIL_EMALFORMED. */
int smail__value_duration(uint64_t *out, smail_span text);

/* "yes", "true", "on", "1" and their opposites. SMAIL_EMALFORMED. */
int smail__value_bool(bool *out, smail_span text);

/* How many letters must be added, dropped, changed or swapped to get from one
 * to the other; names beyond 48 letters are compared by their front. */
unsigned smail__value_distance(smail_span a, smail_span b);

#endif
