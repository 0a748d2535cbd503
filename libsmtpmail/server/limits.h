/* SPDX-License-Identifier: MIT */
/*
 * server/limits.h - how many places one client, and all together, may take.
 * Any thread. Wrong passwords are guard.h's.
 */
#ifndef SMAIL__SERVER_LIMITS_H
#define SMAIL__SERVER_LIMITS_H

#include "net/endpoint.h"

struct smail__limits;

/* Octets of what names an address: an IPv4 address, or an IPv6 /64, which a
   client has to itself. */
#define SMAIL__PLACE_KEY 17
void smail__place_of(unsigned char key[SMAIL__PLACE_KEY],
                     const struct smail__endpoint *peer);

struct smail__limits_set {
    uint32_t connections;
    uint32_t per_address;
    uint32_t per_network; /* an IPv4 /24 or an IPv6 /48 */
    const char *exempt;   /* networks that only the first holds for; copied */
};

int smail__limits_new(struct smail__limits **out,
                      const struct smail__limits_set *set, smail_error *err);
void smail__limits_free(struct smail__limits *limits);

/* Others from now on; who is in stays in. On failure they stay. */
int smail__limits_change(struct smail__limits *limits,
                         const struct smail__limits_set *set, smail_error *err);

/* A connection comes: 0, SMAIL_ELIMIT when there are too many, SMAIL_EBUSY
   when there are too many from there, SMAIL_EQUOTA from its network; and goes,
   if it was let in. */
int smail__limits_enter(struct smail__limits *limits,
                        const struct smail__endpoint *peer);
void smail__limits_leave(struct smail__limits *limits,
                         const struct smail__endpoint *peer);

#endif
