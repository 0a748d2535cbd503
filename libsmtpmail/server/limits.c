/* SPDX-License-Identifier: MIT */
/*
 * server/limits.c - a table of addresses, bounded.
 *
 * An IPv6 client has a whole /64 to itself, so that is what is counted, and
 * who has many has a /48; of IPv4 it is a /24. All are counted, the exempt as
 * well, for who is exempt may change while they are here.
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
    unsigned char key[SMAIL__PLACE_KEY];
    uint32_t connections;
    struct address *next;
};

struct smail__limits {
    pthread_mutex_t lock; /* over all below */
    uint32_t connections, connections_max, per_address, per_network;
    uint32_t seed;
    char *exempt;
    struct address *buckets[BUCKETS];
};

/* The first octet: the family, a number of its own for networks. */
static void make_key(unsigned char key[SMAIL__PLACE_KEY],
                     const struct smail__endpoint *peer, bool is_network)
{
    static const unsigned char mapped[12] = { 0, 0, 0, 0, 0,    0,
                                              0, 0, 0, 0, 0xff, 0xff };
    bool is_mapped =
        peer->is_ipv6 && memcmp(peer->address, mapped, sizeof(mapped)) == 0;

    memset(key, 0, SMAIL__PLACE_KEY);
    if (peer->is_ipv6 && !is_mapped) {
        key[0] = is_network ? 16 : 6;
        memcpy(key + 1, peer->address, is_network ? 6 : 8);
    } else {
        key[0] = is_network ? 14 : 4;
        memcpy(key + 1, peer->address + (is_mapped ? sizeof(mapped) : 0),
               is_network ? 3 : 4);
    }
}

void smail__place_of(unsigned char key[SMAIL__PLACE_KEY],
                     const struct smail__endpoint *peer)
{
    make_key(key, peer, false);
}

/* Seeded, so that nobody can choose addresses that fall into one bucket. */
static struct address **bucket_of(struct smail__limits *limits,
                                  const unsigned char key[SMAIL__PLACE_KEY])
{
    uint32_t hash = limits->seed;

    for (size_t i = 0; i < SMAIL__PLACE_KEY; i++)
        hash = (hash ^ key[i]) * 16777619u;
    return &limits->buckets[(hash >> 8) % BUCKETS];
}

static struct address **find(struct smail__limits *limits,
                             const unsigned char key[SMAIL__PLACE_KEY])
{
    struct address **at = bucket_of(limits, key);

    while (*at != NULL && memcmp((*at)->key, key, SMAIL__PLACE_KEY) != 0)
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
                           const struct smail__endpoint *peer, bool is_network)
{
    unsigned char key[SMAIL__PLACE_KEY];
    struct address **at, *address;

    make_key(key, peer, is_network);
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

int smail__limits_change(struct smail__limits *limits,
                         const struct smail__limits_set *set, smail_error *err)
{
    int rc = smail__endpoint_check(set->exempt, err);
    char *exempt = rc == 0 ? smail__strdup(set->exempt) : NULL;

    if (rc == 0 && exempt == NULL)
        rc = smail__fail(err, SMAIL_ENOMEM, "no memory for limits");
    if (rc != 0)
        return rc;
    pthread_mutex_lock(&limits->lock);
    free(limits->exempt);
    limits->exempt = exempt;
    limits->connections_max = set->connections;
    limits->per_address = set->per_address;
    limits->per_network = set->per_network;
    pthread_mutex_unlock(&limits->lock);
    return 0;
}

int smail__limits_new(struct smail__limits **out,
                      const struct smail__limits_set *set, smail_error *err)
{
    struct smail__limits *limits = calloc(1, sizeof(*limits));
    int rc;

    if (limits == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for limits");
    pthread_mutex_init(&limits->lock, NULL);
    rc = smail__random(&limits->seed, sizeof(limits->seed), err);
    if (rc == 0)
        rc = smail__limits_change(limits, set, err);
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
    bool is_exempt = smail__endpoint_in(peer, limits->exempt);
    struct address *address = get(limits, peer, false);
    struct address *network = get(limits, peer, true);

    if (!is_exempt && address != NULL &&
        address->connections >= limits->per_address)
        return SMAIL_EBUSY;
    if (!is_exempt && network != NULL &&
        network->connections >= limits->per_network)
        return SMAIL_EQUOTA;
    if (address != NULL)
        address->connections++;
    if (network != NULL)
        network->connections++;
    return 0;
}

/* What get() made for nobody goes, too. */
static void leave_address(struct smail__limits *limits,
                          const struct smail__endpoint *peer, uint32_t places)
{
    for (int is_network = 0; is_network < 2; is_network++) {
        unsigned char key[SMAIL__PLACE_KEY];
        struct address **at;

        make_key(key, peer, is_network != 0);
        at = find(limits, key);
        if (*at == NULL)
            continue;
        if ((*at)->connections >= places)
            (*at)->connections -= places;
        drop_if_idle(at);
    }
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
        else
            leave_address(limits, peer, 0);
    }
    pthread_mutex_unlock(&limits->lock);
    return rc;
}

void smail__limits_leave(struct smail__limits *limits,
                         const struct smail__endpoint *peer)
{
    pthread_mutex_lock(&limits->lock);
    limits->connections--;
    leave_address(limits, peer, 1);
    pthread_mutex_unlock(&limits->lock);
}
