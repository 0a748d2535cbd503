/* SPDX-License-Identifier: MIT */
/*
 * server/limits.h - how much one client, and all together, may take: places
 * and wrong passwords. Any thread.
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
                        const struct smail__endpoint *peer, int64_t now);
void smail__limits_leave(struct smail__limits *limits,
                         const struct smail__endpoint *peer, int64_t now);

/* False while an address has too many wrong passwords behind it. */
bool smail__limits_may_login(struct smail__limits *limits,
                             const struct smail__endpoint *peer, int64_t now);

/*
 * A login failed, the `failures`th on its connection: how many milliseconds
 * the client is to wait for its answer. Grows with the failures from one
 * address, of which one a minute is forgiven.
 */
uint32_t smail__limits_login_failed(struct smail__limits *limits,
                                    const struct smail__endpoint *peer,
                                    unsigned failures, int64_t now);

#endif
