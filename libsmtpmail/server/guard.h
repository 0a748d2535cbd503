/* SPDX-License-Identifier: MIT */
/*
 * server/guard.h - who guesses passwords. Any thread; time is an argument.
 *
 * A wrong password is answered late, the later the more there were from its
 * address, or for its account from anywhere. Too many from one address ban it
 * for a while: no login from there is looked at. A right one is never slowed,
 * and an account cannot be locked: whoever tries it elsewhere is on his own
 * account. An IPv6 client has a whole /64, so that is its address.
 *
 * While there are more logins than can be checked those go first that come
 * from where a login of the same account was right before, then those from
 * where nobody has failed.
 */
#ifndef SMAIL__SERVER_GUARD_H
#define SMAIL__SERVER_GUARD_H

#include "net/endpoint.h"

struct smail__guard;

/* Rank of a login from a place that is known; what is worse counts up. */
#define SMAIL__GUARD_RANK_KNOWN 0
#define SMAIL__GUARD_RANK_MAX 1000

/* Logins of one address that wait to be checked; one more is turned away. */
#define SMAIL__GUARD_PENDING_MAX 8

/* `failures` from one address ban it for `ban_seconds`; `exempt` are networks
   that this does not hold for. */
int smail__guard_new(struct smail__guard **out, uint32_t failures,
                     uint32_t ban_seconds, const char *exempt,
                     smail_error *err);
void smail__guard_free(struct smail__guard *guard);

/* Others from now on; who is banned stays so. On failure they stay. */
int smail__guard_change(struct smail__guard *guard, uint32_t failures,
                        uint32_t ban_seconds, const char *exempt,
                        smail_error *err);

bool smail__guard_is_banned(struct smail__guard *guard,
                            const struct smail__endpoint *peer, int64_t now);

/* A login is to be checked: 0 and its rank, or SMAIL_EBUSY when too many from
   there are waiting. Each that was begun is ended. */
int smail__guard_begin(unsigned *rank, struct smail__guard *guard,
                       const struct smail__endpoint *peer, smail_span user,
                       int64_t now);

void smail__guard_end(struct smail__guard *guard,
                      const struct smail__endpoint *peer);

/* It was right. */
void smail__guard_pass(struct smail__guard *guard,
                       const struct smail__endpoint *peer, smail_span user,
                       int64_t now);

/* It was wrong, the `failures`th time on its connection: milliseconds until
   the client is to hear of it. */
uint32_t smail__guard_fail(struct smail__guard *guard,
                           const struct smail__endpoint *peer, smail_span user,
                           unsigned failures, int64_t now);

#endif
