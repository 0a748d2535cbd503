/* SPDX-License-Identifier: MIT */
/*
 * server/limits.c - a table of addresses, bounded.
 *
 * An IPv6 client has a whole /64 to itself, so that is what is counted
 *.
 */
#include "server/limits.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "crypto/random.h"

#define BUCKETS 4096
/* Addresses remembered for their wrong passwords alone. Beyond this new ones
 * are not: a flood of addresses gets no memory, and each of them still waits
 * for its own connection's failures. */
#define REMEMBERED_MAX 20000
#define FORGIVE_SECONDS 60
#define FAILURES_FREE 3 /* answered after a second each */
#define FAILURES_MAX 20 /* then no password is looked at for a while */
#define DELAY_MAX 30000

struct address {
    unsigned char key[17]; /* family, then up to 16 octets */
    uint32_t connections;
    uint32_t failures;
    int64_t failed_at; /* the time that `failures` was true at */
    struct address *next;
};

struct smail__limits {
    pthread_mutex_t lock; /* over all below */
    uint32_t connections, connections_max, per_address;
    size_t remembered;
    uint32_t seed;
    char *exempt;
    struct address *buckets[BUCKETS];
};

static void make_key(unsigned char key[17], const struct smail__endpoint *peer)
{
    static const unsigned char mapped[12] = { 0, 0, 0, 0, 0,    0,
                                              0, 0, 0, 0, 0xff, 0xff };

    memset(key, 0, 17);
    if (!peer->is_ipv6) {
        key[0] = 4;
        memcpy(key + 1, peer->address, 4);
    } else if (memcmp(peer->address, mapped, sizeof(mapped)) == 0) {
        key[0] = 4;
        memcpy(key + 1, peer->address + sizeof(mapped), 4);
    } else {
        key[0] = 6;
        memcpy(key + 1, peer->address, 8);
    }
}

/* Seeded, so that nobody can choose addresses that fall into one bucket. */
static struct address **bucket_of(struct smail__limits *limits,
                                  const unsigned char key[17])
{
    uint32_t hash = limits->seed;

    for (size_t i = 0; i < 17; i++)
        hash = (hash ^ key[i]) * 16777619u;
    return &limits->buckets[(hash >> 8) % BUCKETS];
}

static struct address **find(struct smail__limits *limits,
                             const unsigned char key[17])
{
    struct address **at = bucket_of(limits, key);

    while (*at != NULL && memcmp((*at)->key, key, 17) != 0)
        at = &(*at)->next;
    return at;
}

static void forgive(struct address *address, int64_t now)
{
    int64_t passed = (now - address->failed_at) / FORGIVE_SECONDS;

    if (address->failures == 0 || passed <= 0)
        return;
    address->failures = passed < (int64_t)address->failures
                            ? address->failures - (uint32_t)passed
                            : 0;
    address->failed_at += passed * FORGIVE_SECONDS;
}

/* Forget whoever there is no more reason to remember. */
static void drop_if_idle(struct smail__limits *limits, struct address **at)
{
    struct address *address = *at;

    if (address->connections > 0 || address->failures > 0)
        return;
    *at = address->next;
    free(address);
    limits->remembered--;
}

static void sweep(struct smail__limits *limits, int64_t now)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        struct address **at = &limits->buckets[i];

        while (*at != NULL) {
            struct address *address = *at;

            forgive(address, now);
            drop_if_idle(limits, at);
            if (*at == address)
                at = &address->next;
        }
    }
}

static struct address *get(struct smail__limits *limits,
                           const struct smail__endpoint *peer, int64_t now)
{
    unsigned char key[17];
    struct address **at, *address;

    make_key(key, peer);
    at = find(limits, key);
    if (*at != NULL)
        return *at;
    if (limits->remembered >= REMEMBERED_MAX + limits->connections_max)
        sweep(limits, now);
    if (limits->remembered >= REMEMBERED_MAX + limits->connections_max)
        return NULL;
    address = calloc(1, sizeof(*address));
    if (address == NULL)
        return NULL;
    memcpy(address->key, key, sizeof(key));
    address->failed_at = now;
    at = bucket_of(limits, key);
    address->next = *at;
    *at = address;
    limits->remembered++;
    return address;
}

int smail__limits_new(struct smail__limits **out, uint32_t connections,
                      uint32_t per_address, const char *exempt,
                      smail_error *err)
{
    struct smail__limits *limits = calloc(1, sizeof(*limits));
    int rc;

    if (limits == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for limits");
    limits->connections_max = connections;
    limits->per_address = per_address;
    limits->exempt = smail__strdup(exempt);
    pthread_mutex_init(&limits->lock, NULL);
    rc = limits->exempt == NULL
             ? smail__fail(err, SMAIL_ENOMEM, "no memory for limits")
             : smail__random(&limits->seed, sizeof(limits->seed), err);
    if (rc == 0)
        rc = smail__endpoint_check(exempt, err);
    if (rc != 0) {
        smail__limits_free(limits);
        return rc;
    }
    *out = limits;
    return 0;
}

void smail__limits_free(struct smail__limits *limits)
{
    if (limits == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        while (limits->buckets[i] != NULL) {
            struct address *address = limits->buckets[i];

            limits->buckets[i] = address->next;
            free(address);
        }
    }
    pthread_mutex_destroy(&limits->lock);
    free(limits->exempt);
    free(limits);
}

static int enter_address(struct smail__limits *limits,
                         const struct smail__endpoint *peer, int64_t now)
{
    struct address *address;

    if (smail__endpoint_in(peer, limits->exempt))
        return 0;
    address = get(limits, peer, now);
    if (address == NULL)
        return 0;
    if (address->connections >= limits->per_address)
        return SMAIL_EBUSY;
    address->connections++;
    return 0;
}

int smail__limits_enter(struct smail__limits *limits,
                        const struct smail__endpoint *peer, int64_t now)
{
    int rc = SMAIL_ELIMIT;

    pthread_mutex_lock(&limits->lock);
    if (limits->connections < limits->connections_max) {
        rc = enter_address(limits, peer, now);
        if (rc == 0)
            limits->connections++;
    }
    pthread_mutex_unlock(&limits->lock);
    return rc;
}

void smail__limits_leave(struct smail__limits *limits,
                         const struct smail__endpoint *peer, int64_t now)
{
    unsigned char key[17];
    struct address **at;

    make_key(key, peer);
    pthread_mutex_lock(&limits->lock);
    limits->connections--;
    at = find(limits, key);
    if (*at != NULL) {
        if ((*at)->connections > 0)
            (*at)->connections--;
        forgive(*at, now);
        drop_if_idle(limits, at);
    }
    pthread_mutex_unlock(&limits->lock);
}

bool smail__limits_may_login(struct smail__limits *limits,
                             const struct smail__endpoint *peer, int64_t now)
{
    unsigned char key[17];
    struct address *address;
    bool may = true;

    make_key(key, peer);
    pthread_mutex_lock(&limits->lock);
    address = *find(limits, key);
    if (address != NULL) {
        forgive(address, now);
        may = address->failures < FAILURES_MAX;
    }
    pthread_mutex_unlock(&limits->lock);
    return may;
}

static uint32_t delay_for(uint32_t failures)
{
    uint32_t delay = 1000;

    for (uint32_t i = FAILURES_FREE; i < failures && delay < DELAY_MAX; i++)
        delay *= 2;
    return delay < DELAY_MAX ? delay : DELAY_MAX;
}

uint32_t smail__limits_login_failed(struct smail__limits *limits,
                                    const struct smail__endpoint *peer,
                                    unsigned failures, int64_t now)
{
    struct address *address = NULL;
    uint32_t count = failures;

    pthread_mutex_lock(&limits->lock);
    if (!smail__endpoint_in(peer, limits->exempt))
        address = get(limits, peer, now);
    if (address != NULL) {
        forgive(address, now);
        if (address->failures == 0)
            address->failed_at = now;
        address->failures++;
        count = address->failures;
    }
    pthread_mutex_unlock(&limits->lock);
    return delay_for(count);
}
