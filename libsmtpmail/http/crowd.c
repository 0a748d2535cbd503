/* SPDX-License-Identifier: MIT */
/* http/crowd.c - see http/crowd.h. */
#include "http/crowd.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define ROWS 1024
#define KEY_LEN 9 /* family, then 4 or 8 octets */

struct member {
    struct member *next;
    unsigned char key[KEY_LEN];
    unsigned count;
};

struct smail__crowd {
    pthread_mutex_t lock;
    const char *exempt;
    unsigned each;
    struct member *rows[ROWS];
};

static void key_of(unsigned char key[KEY_LEN],
                   const struct smail__endpoint *who)
{
    memset(key, 0, KEY_LEN);
    key[0] = who->is_ipv6;
    memcpy(key + 1, who->address, who->is_ipv6 ? 8 : 4);
}

/* Where the member's pointer is, or would be. */
static struct member **place(struct smail__crowd *crowd,
                             const unsigned char key[KEY_LEN])
{
    uint32_t hash = 2166136261u;
    struct member **at;

    for (size_t i = 0; i < KEY_LEN; i++)
        hash = (hash ^ key[i]) * 16777619u;
    at = &crowd->rows[hash % ROWS];
    while (*at != NULL && memcmp((*at)->key, key, KEY_LEN) != 0)
        at = &(*at)->next;
    return at;
}

static bool enter(struct smail__crowd *crowd, const unsigned char key[KEY_LEN])
{
    struct member **at = place(crowd, key);

    if (*at == NULL) {
        *at = calloc(1, sizeof(**at));
        if (*at == NULL)
            return false;
        memcpy((*at)->key, key, KEY_LEN);
    }
    if ((*at)->count >= crowd->each)
        return false;
    (*at)->count++;
    return true;
}

int smail__crowd_new(struct smail__crowd **out, unsigned each,
                     const char *exempt, smail_error *err)
{
    struct smail__crowd *crowd = calloc(1, sizeof(*crowd));

    if (crowd == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory to count addresses");
    pthread_mutex_init(&crowd->lock, NULL);
    crowd->each = each;
    crowd->exempt = exempt;
    *out = crowd;
    return 0;
}

void smail__crowd_free(struct smail__crowd *crowd)
{
    if (crowd == NULL)
        return;
    for (size_t i = 0; i < ROWS; i++)
        while (crowd->rows[i] != NULL) {
            struct member *member = crowd->rows[i];

            crowd->rows[i] = member->next;
            free(member);
        }
    pthread_mutex_destroy(&crowd->lock);
    free(crowd);
}

bool smail__crowd_enter(struct smail__crowd *crowd,
                        const struct smail__endpoint *who)
{
    unsigned char key[KEY_LEN];
    bool result;

    if (smail__endpoint_in(who, crowd->exempt))
        return true;
    key_of(key, who);
    pthread_mutex_lock(&crowd->lock);
    result = enter(crowd, key);
    pthread_mutex_unlock(&crowd->lock);
    return result;
}

void smail__crowd_leave(struct smail__crowd *crowd,
                        const struct smail__endpoint *who)
{
    unsigned char key[KEY_LEN];
    struct member **at;

    if (smail__endpoint_in(who, crowd->exempt))
        return;
    key_of(key, who);
    pthread_mutex_lock(&crowd->lock);
    at = place(crowd, key);
    if (*at != NULL && --(*at)->count == 0) {
        struct member *member = *at;

        *at = member->next;
        free(member);
    }
    pthread_mutex_unlock(&crowd->lock);
}
