/* SPDX-License-Identifier: MIT */
/* delivery/envelope.h - who a message is from and for, by its header. */
#ifndef SMAIL__DELIVERY_ENVELOPE_H
#define SMAIL__DELIVERY_ENVELOPE_H

#include "base/buf.h"

/* Addresses as they stand, each once, parted by newlines. */
struct smail__addresses {
    struct smail__buf text;
    size_t count;
};

void smail__addresses_init(struct smail__addresses *addresses);
void smail__addresses_dispose(struct smail__addresses *addresses);

/* One more, if it is not there yet. */
void smail__addresses_add(struct smail__addresses *addresses,
                          smail_span address);

/* Those of every field called `name`. */
void smail__addresses_collect(struct smail__addresses *addresses,
                              smail_span header, const char *name);

#endif
