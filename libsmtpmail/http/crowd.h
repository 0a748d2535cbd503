/* SPDX-License-Identifier: MIT */
/*
 * http/crowd.h - how many of something each network address has, at most so
 * many. An IPv6 network of 64 bits counts as one: that is what one customer
 * gets. May be used from any thread.
 */
#ifndef SMAIL__HTTP_CROWD_H
#define SMAIL__HTTP_CROWD_H

#include "net/endpoint.h"

struct smail__crowd;

/* `exempt` is a list as for smail__endpoint_in(), kept; "" for none. */
int smail__crowd_new(struct smail__crowd **out, unsigned each,
                     const char *exempt, smail_error *err);
void smail__crowd_free(struct smail__crowd *crowd);

/* One more; false when that would be too many. */
bool smail__crowd_enter(struct smail__crowd *crowd,
                        const struct smail__endpoint *who);

/* For each enter() that was true. */
void smail__crowd_leave(struct smail__crowd *crowd,
                        const struct smail__endpoint *who);

#endif
