/* SPDX-License-Identifier: MIT */
/* server/capture.c - pieces of content, joined by connection. */
#include "server/capture.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"

#define BUCKETS 256 /* connections in the middle of a message: few */

struct caught {
    uint64_t connection;
    void *message; /* NULL: it cannot be kept */
    struct caught *next;
};

struct smail__capture {
    struct smail__capture_place place;
    smail_server *server;
    pthread_mutex_t lock; /* over the buckets; each has one owner */
    struct caught *buckets[BUCKETS];
};

static struct caught **bucket_of(struct smail__capture *capture,
                                 uint64_t connection)
{
    return &capture->buckets[(connection >> 8 ^ connection) % BUCKETS];
}

static struct caught *find(struct smail__capture *capture, uint64_t connection)
{
    struct caught *item;

    pthread_mutex_lock(&capture->lock);
    item = *bucket_of(capture, connection);
    while (item != NULL && item->connection != connection)
        item = item->next;
    pthread_mutex_unlock(&capture->lock);
    return item;
}

static struct caught *add(struct smail__capture *capture,
                          const smail_transaction *transaction)
{
    struct caught **bucket = bucket_of(capture, transaction->connection);
    struct caught *item = calloc(1, sizeof(*item));

    if (item == NULL)
        return NULL;
    item->connection = transaction->connection;
    item->message = capture->place.begin(transaction, capture->place.user);
    pthread_mutex_lock(&capture->lock);
    item->next = *bucket;
    *bucket = item;
    pthread_mutex_unlock(&capture->lock);
    return item;
}

/* The message itself, now the caller's; false if there is none. */
static bool take(void **message, struct smail__capture *capture,
                 uint64_t connection)
{
    struct caught **at = bucket_of(capture, connection);
    struct caught *item;

    pthread_mutex_lock(&capture->lock);
    while (*at != NULL && (*at)->connection != connection)
        at = &(*at)->next;
    item = *at;
    if (item != NULL)
        *at = item->next;
    pthread_mutex_unlock(&capture->lock);
    if (item == NULL)
        return false;
    *message = item->message;
    free(item);
    return true;
}

static void on_auth(smail_ticket ticket, const smail_transaction *transaction,
                    const smail_smtp_auth *auth, void *user)
{
    struct smail__capture *capture = user;

    (void)transaction;
    (void)auth;
    (void)smail_server_accept_as(capture->server, ticket, 0, "anybody");
}

static void on_rcpt(smail_ticket ticket, const smail_transaction *transaction,
                    const smail_smtp_rcpt *rcpt, void *user)
{
    struct smail__capture *capture = user;

    (void)transaction;
    (void)rcpt;
    (void)smail_server_accept(capture->server, ticket);
}

static void on_content(const smail_transaction *transaction, smail_span piece,
                       void *user)
{
    struct smail__capture *capture = user;
    struct caught *item = find(capture, transaction->connection);

    if (item == NULL)
        item = add(capture, transaction);
    if (item == NULL || item->message == NULL)
        return;
    if (capture->place.write(item->message, piece, capture->place.user) != 0) {
        capture->place.drop(item->message, capture->place.user);
        item->message = NULL;
    }
}

/* A message without a single octet had no content event: it begins here. */
static void on_message(smail_ticket ticket,
                       const smail_transaction *transaction, void *user)
{
    struct smail__capture *capture = user;
    const struct smail__capture_place *place = &capture->place;
    void *message = NULL;

    if (!take(&message, capture, transaction->connection) &&
        transaction->received == 0)
        message = place->begin(transaction, place->user);
    if (message != NULL && place->keep(message, transaction, place->user) == 0)
        (void)smail_server_accept(capture->server, ticket);
    else
        (void)smail_server_reject(capture->server, ticket, 452, "4.3.1",
                                  "Cannot keep the message, try again");
}

static void on_reset(const smail_transaction *transaction, void *user)
{
    struct smail__capture *capture = user;
    void *message = NULL;

    if (take(&message, capture, transaction->connection) && message != NULL)
        capture->place.drop(message, capture->place.user);
}

int smail__capture_new(struct smail__capture **out,
                       const struct smail__capture_place *place,
                       smail_error *err)
{
    struct smail__capture *capture = calloc(1, sizeof(*capture));

    if (capture == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory to capture mail");
    capture->place = *place;
    pthread_mutex_init(&capture->lock, NULL);
    *out = capture;
    return 0;
}

void smail__capture_free(struct smail__capture *capture)
{
    if (capture == NULL)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        while (capture->buckets[i] != NULL) {
            struct caught *item = capture->buckets[i];

            capture->buckets[i] = item->next;
            if (item->message != NULL)
                capture->place.drop(item->message, capture->place.user);
            free(item);
        }
    }
    pthread_mutex_destroy(&capture->lock);
    free(capture);
}

void smail__capture_policy(smail_policy *out, struct smail__capture *capture)
{
    *out = (smail_policy)SMAIL_POLICY_INIT;
    out->auth = on_auth;
    out->rcpt = on_rcpt;
    out->content = on_content;
    out->message = on_message;
    out->reset = on_reset;
    out->user = capture;
}

void smail__capture_serve(struct smail__capture *capture, smail_server *server)
{
    capture->server = server;
}
