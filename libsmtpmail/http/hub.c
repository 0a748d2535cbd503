/* SPDX-License-Identifier: MIT */
/* http/hub.c - see http/hub.h. */
#include "http/hub.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "base/span.h"

/* Octets of a StateChange: six types with their states are 300. */
#define TEXT_MAX 8192

/* Streams of one account that want to know the same: a person has fewer. */
#define HOLDERS_MAX 250

/* Changes that come closer together than this are told as one. */
#define PAUSE_NANOSECONDS (20 * 1000 * 1000)

struct smail__topic {
    struct smail__topic *next;
    smail_id account;
    unsigned types;
    unsigned holders;    /* streams, and a round at work on it */
    uint64_t generation; /* of `text`; 0: there is none yet */
    struct smail__buf text;
};

struct smail__hub {
    const struct smail__front_handler *handler;
    void *user;
    void (*news)(void *arg);
    void *arg;
    pthread_t thread;
    pthread_mutex_t lock; /* over all below */
    pthread_cond_t wake;
    struct smail__topic *topics;
    size_t count;
    int64_t version;
    bool is_notified;
    bool is_stopping;
};

/* --- Topics; the lock is held -------------------------------------------- */

static struct smail__topic *look(struct smail__hub *hub, smail_id account,
                                 unsigned types)
{
    struct smail__topic *topic = hub->topics;

    while (topic != NULL &&
           (topic->account != account || topic->types != types))
        topic = topic->next;
    return topic;
}

static struct smail__topic *add(struct smail__hub *hub, smail_id account,
                                unsigned types)
{
    struct smail__topic *topic = calloc(1, sizeof(*topic));

    if (topic == NULL)
        return NULL;
    topic->account = account;
    topic->types = types;
    smail__buf_init(&topic->text, TEXT_MAX, NULL);
    topic->next = hub->topics;
    hub->topics = topic;
    hub->count++;
    return topic;
}

static void let_go(struct smail__hub *hub, struct smail__topic *topic)
{
    struct smail__topic **at = &hub->topics;

    if (--topic->holders > 0)
        return;
    while (*at != topic)
        at = &(*at)->next;
    *at = topic->next;
    hub->count--;
    smail__buf_dispose(&topic->text);
    free(topic);
}

/* --- The thread ---------------------------------------------------------- */

/* True when `topic` has news. Called without the lock, takes it. */
static bool refresh(struct smail__hub *hub, struct smail__topic *topic)
{
    struct smail__buf text;
    bool is_news = false;
    int rc;

    smail__buf_init(&text, TEXT_MAX, NULL);
    rc = hub->handler->state(&text, hub->user, topic->account, topic->types,
                             NULL);
    if (rc == 0 && smail__buf_error(&text) == 0) {
        pthread_mutex_lock(&hub->lock);
        if (topic->generation == 0 ||
            !smail__span_equal(smail__buf_span(&text),
                               smail__buf_span(&topic->text))) {
            struct smail__buf old = topic->text;

            topic->text = text;
            text = old;
            topic->generation++;
            is_news = true;
        }
        pthread_mutex_unlock(&hub->lock);
    }
    smail__buf_dispose(&text);
    return is_news;
}

/* All topics, each held; NULL when there is none. */
static struct smail__topic **snapshot(struct smail__hub *hub, size_t *count)
{
    struct smail__topic **list = NULL;

    *count = 0;
    if (hub->count > 0)
        list = malloc(hub->count * sizeof(*list));
    if (list == NULL)
        return NULL;
    for (struct smail__topic *at = hub->topics; at != NULL; at = at->next) {
        at->holders++;
        list[(*count)++] = at;
    }
    return list;
}

/* One round; the lock is held before and after, not between. */
static void go_round(struct smail__hub *hub)
{
    size_t count;
    struct smail__topic **list = snapshot(hub, &count);
    bool is_news = false;

    if (list == NULL)
        return;
    pthread_mutex_unlock(&hub->lock);
    for (size_t i = 0; i < count; i++)
        is_news = refresh(hub, list[i]) || is_news;
    if (is_news)
        hub->news(hub->arg);
    nanosleep(&(struct timespec){ 0, PAUSE_NANOSECONDS }, NULL);
    pthread_mutex_lock(&hub->lock);
    for (size_t i = 0; i < count; i++)
        let_go(hub, list[i]);
    free(list);
}

/* The net under the notices: did the store change at all? */
static bool has_new_version(struct smail__hub *hub)
{
    int64_t version;

    if (hub->count == 0)
        return false;
    pthread_mutex_unlock(&hub->lock);
    version = hub->handler->version(hub->user);
    pthread_mutex_lock(&hub->lock);
    if (version == hub->version)
        return false;
    hub->version = version;
    return true;
}

static void *thread_main(void *arg)
{
    struct smail__hub *hub = arg;

    pthread_mutex_lock(&hub->lock);
    while (!hub->is_stopping) {
        struct timespec until;
        int rc = 0;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec++;
        while (!hub->is_notified && !hub->is_stopping && rc != ETIMEDOUT)
            rc = pthread_cond_timedwait(&hub->wake, &hub->lock, &until);
        if (hub->is_stopping)
            break;
        if (hub->is_notified || has_new_version(hub)) {
            hub->is_notified = false;
            go_round(hub);
        }
    }
    pthread_mutex_unlock(&hub->lock);
    return NULL;
}

/* --- For others ---------------------------------------------------------- */

int smail__hub_new(struct smail__hub **out,
                   const struct smail__front_handler *handler, void *user,
                   void (*news)(void *arg), void *arg, smail_error *err)
{
    struct smail__hub *hub = calloc(1, sizeof(*hub));
    pthread_condattr_t attributes;
    int rc;

    if (hub == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for push");
    hub->handler = handler;
    hub->user = user;
    hub->news = news;
    hub->arg = arg;
    pthread_mutex_init(&hub->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&hub->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    rc = pthread_create(&hub->thread, NULL, thread_main, hub);
    if (rc != 0) {
        pthread_cond_destroy(&hub->wake);
        pthread_mutex_destroy(&hub->lock);
        free(hub);
        return smail__fail_os(err, SMAIL_EIO, rc, "no thread for push");
    }
    *out = hub;
    return 0;
}

void smail__hub_free(struct smail__hub *hub)
{
    if (hub == NULL)
        return;
    pthread_mutex_lock(&hub->lock);
    hub->is_stopping = true;
    pthread_cond_signal(&hub->wake);
    pthread_mutex_unlock(&hub->lock);
    pthread_join(hub->thread, NULL);
    pthread_cond_destroy(&hub->wake);
    pthread_mutex_destroy(&hub->lock);
    free(hub);
}

void smail__hub_notify(struct smail__hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    hub->is_notified = true;
    pthread_cond_signal(&hub->wake);
    pthread_mutex_unlock(&hub->lock);
}

struct smail__topic *smail__hub_join(struct smail__hub *hub, smail_id account,
                                     unsigned types)
{
    struct smail__topic *topic;

    pthread_mutex_lock(&hub->lock);
    topic = look(hub, account, types);
    if (topic == NULL)
        topic = add(hub, account, types);
    if (topic != NULL && topic->holders > HOLDERS_MAX)
        topic = NULL;
    if (topic != NULL) {
        topic->holders++;
        hub->is_notified = true;
        pthread_cond_signal(&hub->wake);
    }
    pthread_mutex_unlock(&hub->lock);
    return topic;
}

void smail__hub_leave(struct smail__hub *hub, struct smail__topic *topic)
{
    if (topic == NULL)
        return;
    pthread_mutex_lock(&hub->lock);
    let_go(hub, topic);
    pthread_mutex_unlock(&hub->lock);
}

bool smail__hub_read(struct smail__buf *out, struct smail__hub *hub,
                     const struct smail__topic *topic, uint64_t *seen)
{
    bool is_news;

    pthread_mutex_lock(&hub->lock);
    is_news = topic->generation != *seen;
    if (is_news) {
        *seen = topic->generation;
        smail__buf_append(out, smail__buf_span(&topic->text));
    }
    pthread_mutex_unlock(&hub->lock);
    return is_news;
}
