/* SPDX-License-Identifier: MIT */
/*
 * server/limits.c - a table of addresses, bounded.
 *
 * An IPv6 client has a whole /64 to itself, so that is what is counted.
 */
#include "server/limits.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "crypto/random.h"

#define BUCKETS 4096

struct address {
    unsigned char key[17]; /* family, then up to 16 octets */
    uint32_t connections;
    struct address *next;
};

struct smail__limits {
    pthread_mutex_t lock; /* over all below */
    uint32_t connections, connections_max, per_address;
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

/* Forget whoever there is no more reason to remember. */
static void drop_if_idle(struct address **at)
{
    struct address *address = *at;

    if (address->connections > 0)
        return;
    *at = address->next;
    free(address);
}

static struct address *get(struct smail__limits *limits,
                           const struct smail__endpoint *peer)
{
    unsigned char key[17];
    struct address **at, *address;

    make_key(key, peer);
    at = find(limits, key);
    if (*at != NULL)
        return *at;
    address = calloc(1, sizeof(*address));
    if (address == NULL)
        return NULL;
    memcpy(address->key, key, sizeof(key));
    at = bucket_of(limits, key);
    address->next = *at;
    *at = address;
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
                         const struct smail__endpoint *peer)
{
    struct address *address;

    if (smail__endpoint_in(peer, limits->exempt))
        return 0;
    address = get(limits, peer);
    if (address == NULL)
        return 0;
    if (address->connections >= limits->per_address)
        return SMAIL_EBUSY;
    address->connections++;
    return 0;
}

int smail__limits_enter(struct smail__limits *limits,
                        const struct smail__endpoint *peer)
{
    int rc = SMAIL_ELIMIT;

    pthread_mutex_lock(&limits->lock);
    if (limits->connections < limits->connections_max) {
        rc = enter_address(limits, peer);
        if (rc == 0)
            limits->connections++;
    }
    pthread_mutex_unlock(&limits->lock);
    return rc;
}

void smail__limits_leave(struct smail__limits *limits,
                         const struct smail__endpoint *peer)
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
        drop_if_idle(at);
    }
    pthread_mutex_unlock(&limits->lock);
}
