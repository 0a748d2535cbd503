/* SPDX-License-Identifier: MIT */
/*
 * server/rate.h - how much one client, or one account, may do in a time.
 *
 * A bucket of `count` tokens that fills again within `seconds`: so much may be
 * done at once, and then as much as has come back. Any thread; time is an
 * argument, in milliseconds of a clock that does not go back.
 *
 * The table is bounded: when there are more names than it has places, those
 * are forgotten that have used least.
 */
#ifndef SMAIL__SERVER_RATE_H
#define SMAIL__SERVER_RATE_H

#include "net/endpoint.h"

struct smail__rate;

/* What is counted: each has its own buckets. */
enum smail__rate_kind {
    SMAIL__RATE_CONNECTIONS, /* of an address */
    SMAIL__RATE_MESSAGES,    /* of an address */
    SMAIL__RATE_SUBMITTED,   /* messages of an account */
    SMAIL__RATE_RECIPIENTS,  /* of an account */
    SMAIL__RATE_WARNINGS     /* of an account, to whom reads the log */
};

struct smail__rate_rule {
    enum smail__rate_kind kind;
    uint32_t count;   /* 0: as many as they like; at most 2^20 */
    uint32_t seconds; /* at most a day */
};

int smail__rate_new(struct smail__rate **out, smail_error *err);
void smail__rate_free(struct smail__rate *rate);

/* Take one token. 0, or the seconds until there is one again. */
uint32_t smail__rate_take_peer(struct smail__rate *rate,
                               const struct smail__rate_rule *rule,
                               const struct smail__endpoint *peer,
                               uint64_t now);
uint32_t smail__rate_take_account(struct smail__rate *rate,
                                  const struct smail__rate_rule *rule,
                                  int64_t account, uint64_t now);

#endif
