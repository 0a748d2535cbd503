/* SPDX-License-Identifier: MIT */
/* jmap/jmap.c - the object behind all requests, and its limits. */
#include <stdlib.h>

#include "base/error.h"
#include "jmap/internal.h"

static const struct smail__jmap_limits defaults = {
    .upload_size = (uint64_t)50 * 1024 * 1024,
    .uploads = 4,
    .request_size = (uint64_t)10 * 1024 * 1024,
    .requests = 8,
    .calls = 32,
    .objects_in_get = 500,
    .objects_in_set = 500,
    .message_size = (uint64_t)50 * 1024 * 1024,
};

static void fill_in(struct smail__jmap_limits *limits)
{
    if (limits->upload_size == 0)
        limits->upload_size = defaults.upload_size;
    if (limits->uploads == 0)
        limits->uploads = defaults.uploads;
    if (limits->request_size == 0)
        limits->request_size = defaults.request_size;
    if (limits->requests == 0)
        limits->requests = defaults.requests;
    if (limits->calls == 0)
        limits->calls = defaults.calls;
    if (limits->objects_in_get == 0)
        limits->objects_in_get = defaults.objects_in_get;
    if (limits->objects_in_set == 0)
        limits->objects_in_set = defaults.objects_in_set;
    if (limits->message_size == 0)
        limits->message_size = defaults.message_size;
}

int smail__jmap_new(struct smail__jmap **out, smail_store *store,
                    const struct smail__jmap_limits *limits, smail_error *err)
{
    struct smail__jmap *jmap = calloc(1, sizeof(*jmap));

    if (jmap == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    jmap->store = store;
    if (limits != NULL)
        jmap->limits = *limits;
    fill_in(&jmap->limits);
    pthread_mutex_init(&jmap->mutex, NULL);
    for (size_t i = 0; i < SMAIL__JMAP_TURNS; i++)
        pthread_mutex_init(&jmap->turns[i], NULL);
    *out = jmap;
    return 0;
}

void smail__jmap_free(struct smail__jmap *jmap)
{
    if (jmap == NULL)
        return;
    pthread_mutex_destroy(&jmap->mutex);
    for (size_t i = 0; i < SMAIL__JMAP_TURNS; i++)
        pthread_mutex_destroy(&jmap->turns[i]);
    free(jmap);
}

void smail__jmap_set_routes(struct smail__jmap *jmap,
                            const struct smail__routes *routes, uint32_t warn,
                            uint32_t expire)
{
    jmap->routes = routes;
    jmap->queue_warn = warn;
    jmap->queue_expire = expire;
}

void smail__jmap_on_excess(struct smail__jmap *jmap,
                           void (*excess)(smail_id account, const char *text,
                                          void *user),
                           void *user)
{
    jmap->excess = excess;
    jmap->excess_user = user;
}

const struct smail__jmap_limits *smail__jmap_limits(
    const struct smail__jmap *jmap)
{
    return &jmap->limits;
}
