/* SPDX-License-Identifier: MIT */
/* server/rate.c - token buckets in a table that cannot grow. */
#include "server/rate.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "crypto/random.h"
#include "server/limits.h"

/* 32768 buckets of 40 octets; pages that nobody came to are never touched. */
#define ROWS 4096
#define WAYS 8

#define KEY_LEN (1 + SMAIL__PLACE_KEY)

/* What was taken and has not come back, in parts of a token: a token has as
 * many as `seconds` has milliseconds, and each millisecond brings back `count`
 * of them. So nothing is ever rounded. */
struct bucket {
    unsigned char key[KEY_LEN]; /* the first: kind + 1; 0: free */
    uint64_t taken;
    uint64_t at; /* the time that `taken` was true at */
    uint32_t count;
};

struct smail__rate {
    pthread_mutex_t lock; /* over the buckets */
    uint64_t seed;
    struct bucket buckets[ROWS][WAYS];
};

/* Seeded, so that nobody can choose addresses that fall into one row. */
static struct bucket *row_of(struct smail__rate *rate,
                             const unsigned char key[KEY_LEN])
{
    uint64_t hash = rate->seed;

    for (size_t i = 0; i < KEY_LEN; i++) {
        hash = (hash ^ key[i]) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 29;
    }
    return rate->buckets[(hash >> 20) % ROWS];
}

static void refill(struct bucket *bucket, uint64_t now)
{
    uint64_t passed = now > bucket->at ? now - bucket->at : 0;

    if (passed >= bucket->taken / bucket->count + 1)
        bucket->taken = 0;
    else
        bucket->taken -= passed * bucket->count < bucket->taken
                             ? passed * bucket->count
                             : bucket->taken;
    if (now > bucket->at)
        bucket->at = now;
}

/* How long it would still be remembered for. */
static uint64_t weight(struct bucket *bucket, uint64_t now)
{
    if (bucket->key[0] == 0)
        return 0;
    refill(bucket, now);
    return bucket->taken / bucket->count;
}

static struct bucket *find(struct smail__rate *rate,
                           const unsigned char key[KEY_LEN], uint32_t count,
                           uint64_t now)
{
    struct bucket *row = row_of(rate, key), *least = &row[0];

    for (size_t i = 0; i < WAYS; i++) {
        if (memcmp(row[i].key, key, KEY_LEN) == 0) {
            refill(&row[i], now);
            row[i].count = count; /* it may be another since */
            return &row[i];
        }
    }
    for (size_t i = 1; i < WAYS; i++) {
        if (weight(&row[i], now) < weight(least, now))
            least = &row[i];
    }
    memcpy(least->key, key, KEY_LEN);
    least->taken = 0;
    least->at = now;
    least->count = count;
    return least;
}

static uint32_t take(struct smail__rate *rate,
                     const struct smail__rate_rule *rule,
                     const unsigned char key[KEY_LEN], uint64_t now)
{
    uint64_t token = (uint64_t)rule->seconds * 1000;
    uint64_t most = token * rule->count, wait = 0;
    struct bucket *bucket;

    if (rule->count == 0)
        return 0;
    pthread_mutex_lock(&rate->lock);
    bucket = find(rate, key, rule->count, now);
    if (bucket->taken > most)
        bucket->taken = most; /* there were more, once */
    if (bucket->taken + token <= most)
        bucket->taken += token;
    else
        wait = (bucket->taken + token - most + rule->count - 1) / rule->count;
    pthread_mutex_unlock(&rate->lock);
    return (uint32_t)((wait + 999) / 1000);
}

uint32_t smail__rate_take_peer(struct smail__rate *rate,
                               const struct smail__rate_rule *rule,
                               const struct smail__endpoint *peer, uint64_t now)
{
    unsigned char key[KEY_LEN] = { (unsigned char)(rule->kind + 1) };

    smail__place_of(key + 1, peer);
    return take(rate, rule, key, now);
}

uint32_t smail__rate_take_account(struct smail__rate *rate,
                                  const struct smail__rate_rule *rule,
                                  int64_t account, uint64_t now)
{
    unsigned char key[KEY_LEN] = { (unsigned char)(rule->kind + 1) };

    memcpy(key + 1, &account, sizeof(account));
    return take(rate, rule, key, now);
}

int smail__rate_new(struct smail__rate **out, smail_error *err)
{
    struct smail__rate *rate = calloc(1, sizeof(*rate));
    int rc;

    if (rate == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for rates");
    rc = smail__random(&rate->seed, sizeof(rate->seed), err);
    if (rc != 0) {
        free(rate);
        return rc;
    }
    pthread_mutex_init(&rate->lock, NULL);
    *out = rate;
    return 0;
}

void smail__rate_free(struct smail__rate *rate)
{
    if (rate == NULL)
        return;
    pthread_mutex_destroy(&rate->lock);
    free(rate);
}
