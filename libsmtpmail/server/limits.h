/* SPDX-License-Identifier: MIT */
/*
 * server/limits.h - how many places one client, and all together, may take.
 * Any thread. Wrong passwords are guard.h's.
 */
#ifndef SMAIL__SERVER_LIMITS_H
#define SMAIL__SERVER_LIMITS_H

#include "net/endpoint.h"

struct smail__limits;

/* `exempt` are networks that no limit per address holds for. */
int smail__limits_new(struct smail__limits **out, uint32_t connections,
                      uint32_t per_address, const char *exempt,
                      smail_error *err);
void smail__limits_free(struct smail__limits *limits);

/* A connection comes: 0, SMAIL_ELIMIT when there are too many, SMAIL_EBUSY
   when there are too many from there; and goes, if it was let in. */
int smail__limits_enter(struct smail__limits *limits,
                        const struct smail__endpoint *peer);
void smail__limits_leave(struct smail__limits *limits,
                         const struct smail__endpoint *peer);

#endif
