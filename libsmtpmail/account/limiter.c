/* SPDX-License-Identifier: MIT */
/* account/limiter.c - see account/limiter.h. */
#include "account/limiter.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "crypto/digest.h"
#include "crypto/random.h"

/* 4096 buckets of 24 octets; a key lives in one of the 8 of its row. */
#define ROWS 512
#define WAYS 8

struct bucket {
    uint64_t key;  /* 0: nobody's */
    int64_t empty; /* when it will have leaked dry */
};

struct smail__limiter {
    pthread_mutex_t lock;
    unsigned burst, interval;
    unsigned char secret[SMAIL__SHA256_LEN]; /* so that nobody aims at rows */
    struct bucket rows[ROWS][WAYS];
};

static uint64_t hash(const struct smail__limiter *limiter, smail_span key)
{
    unsigned char mac[SMAIL__SHA256_LEN];
    uint64_t number;

    smail__hmac_sha256(
        mac,
        (smail_span){ (const char *)limiter->secret, sizeof(limiter->secret) },
        key);
    memcpy(&number, mac, sizeof(number));
    return number != 0 ? number : 1;
}

static struct bucket *look(struct smail__limiter *limiter, uint64_t key)
{
    struct bucket *row = limiter->rows[key % ROWS];

    for (size_t i = 0; i < WAYS; i++)
        if (row[i].key == key)
            return &row[i];
    return NULL;
}

static struct bucket *take(struct smail__limiter *limiter, uint64_t key)
{
    struct bucket *found = look(limiter, key);
    struct bucket *row = limiter->rows[key % ROWS];

    if (found != NULL)
        return found;
    found = &row[0];
    for (size_t i = 1; i < WAYS; i++)
        if (row[i].empty < found->empty)
            found = &row[i];
    *found = (struct bucket){ key, 0 };
    return found;
}

int smail__limiter_new(struct smail__limiter **out, unsigned burst,
                       unsigned interval, smail_error *err)
{
    struct smail__limiter *limiter = calloc(1, sizeof(*limiter));
    int rc;

    if (limiter == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for a limiter");
    rc = smail__random(limiter->secret, sizeof(limiter->secret), err);
    if (rc != 0) {
        free(limiter);
        return rc;
    }
    pthread_mutex_init(&limiter->lock, NULL);
    limiter->burst = burst;
    limiter->interval = interval;
    *out = limiter;
    return 0;
}

void smail__limiter_free(struct smail__limiter *limiter)
{
    if (limiter == NULL)
        return;
    pthread_mutex_destroy(&limiter->lock);
    free(limiter);
}

int64_t smail__limiter_wait(struct smail__limiter *limiter, smail_span key,
                            int64_t now)
{
    uint64_t number = hash(limiter, key);
    int64_t full = (int64_t)limiter->burst * limiter->interval;
    int64_t wait = 0;
    struct bucket *bucket;

    pthread_mutex_lock(&limiter->lock);
    bucket = look(limiter, number);
    if (bucket != NULL)
        wait = bucket->empty - now - (full - limiter->interval);
    pthread_mutex_unlock(&limiter->lock);
    return wait > 0 ? wait : 0;
}

void smail__limiter_note(struct smail__limiter *limiter, smail_span key,
                         int64_t now)
{
    uint64_t number = hash(limiter, key);
    struct bucket *bucket;

    pthread_mutex_lock(&limiter->lock);
    bucket = take(limiter, number);
    if (bucket->empty < now)
        bucket->empty = now;
    bucket->empty += limiter->interval;
    pthread_mutex_unlock(&limiter->lock);
}

void smail__limiter_forget(struct smail__limiter *limiter, smail_span key)
{
    uint64_t number = hash(limiter, key);
    struct bucket *bucket;

    pthread_mutex_lock(&limiter->lock);
    bucket = look(limiter, number);
    if (bucket != NULL)
        *bucket = (struct bucket){ 0 };
    pthread_mutex_unlock(&limiter->lock);
}
