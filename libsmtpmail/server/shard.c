/* SPDX-License-Identifier: MIT */
/*
 * server/shard.c - one loop and the dialogues on it, from the first socket to
 * the last commit.
 */
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "server/dialogue.h"

/* A socket on its way to its shard. */
struct arrival {
    struct smail__task task;
    struct smail__shard *shard;
    struct smail__port *port;
    int fd;
    struct smail__endpoint peer;
};

static void begin(struct smail__shard *shard, struct smail__port *port, int fd,
                  const struct smail__endpoint *peer)
{
    if (shard->is_draining) {
        close(fd);
        smail__limits_leave(shard->server->limits, peer);
    } else {
        smail__dialogue_begin(shard, port, fd, peer);
    }
}

static void arrive(struct smail__task *task)
{
    struct arrival *arrival = (struct arrival *)task;

    begin(arrival->shard, arrival->port, arrival->fd, &arrival->peer);
    free(arrival);
}

void smail__shard_take(struct smail__shard *shard, struct smail__port *port,
                       int fd, const struct smail__endpoint *peer)
{
    struct arrival *arrival;

    if (shard->is_acceptor) {
        begin(shard, port, fd, peer);
        return;
    }
    arrival = malloc(sizeof(*arrival));
    if (arrival == NULL) {
        close(fd);
        smail__limits_leave(shard->server->limits, peer);
        return;
    }
    *arrival = (struct arrival){ .task.run = arrive,
                                 .shard = shard,
                                 .port = port,
                                 .fd = fd,
                                 .peer = *peer };
    smail__loop_post(shard->loop, &arrival->task);
}

static void drain_all(struct smail__shard *shard, bool now)
{
    struct smail__dialogue *dialogue = shard->dialogues, *next;

    while (dialogue != NULL) {
        next = dialogue->next; /* draining may free the one at hand */
        smail__dialogue_drain(dialogue, now);
        dialogue = next;
    }
}

static void on_grace_over(struct smail__timer *timer)
{
    struct smail__shard *shard =
        (struct smail__shard *)((char *)timer -
                                offsetof(struct smail__shard, grace));

    drain_all(shard, true);
    smail__shard_check(shard);
}

static void drain(struct smail__task *task)
{
    struct smail__shard *shard =
        (struct smail__shard *)((char *)task -
                                offsetof(struct smail__shard, drain));

    struct smail__settings *settings = smail__server_settings(shard->server);

    shard->is_draining = true;
    shard->grace.fire = on_grace_over;
    smail__timer_set(&shard->grace, shard->loop,
                     (uint64_t)settings->options.grace * 1000);
    smail__settings_free(settings);
    drain_all(shard, false);
    smail__shard_check(shard);
}

static void beat(struct smail__task *task)
{
    struct smail__shard *shard =
        (struct smail__shard *)((char *)task -
                                offsetof(struct smail__shard, beat));

    atomic_fetch_sub(&shard->server->beats, 1);
}

void smail__shard_check(struct smail__shard *shard)
{
    if (!shard->is_draining || shard->is_done || shard->dialogues != NULL ||
        shard->in_flight > 0)
        return;
    shard->is_done = true;
    smail__timer_clear(&shard->grace, shard->loop);
    smail__loop_post(shard->server->acceptor, &shard->done);
}

int smail__shard_open(struct smail__shard *shard, smail_server *server,
                      unsigned index, smail_error *err)
{
    int rc;

    shard->server = server;
    shard->index = index;
    shard->drain.run = drain;
    shard->done.run = smail__server_shard_done;
    shard->beat.run = beat;
    shard->is_acceptor = server->options.threads == 1;
    rc = shard->is_acceptor ? 0 : smail__loop_new(&shard->loop, err);
    if (rc != 0)
        return rc;
    pthread_mutex_init(&shard->lock, NULL);
    if (shard->is_acceptor)
        shard->loop = server->acceptor;
    else
        rc = smail__loop_start(shard->loop, err);
    if (rc != 0) {
        smail__loop_free(shard->loop);
        shard->loop = NULL;
        pthread_mutex_destroy(&shard->lock);
    }
    return rc;
}

void smail__shard_close(struct smail__shard *shard)
{
    if (shard->loop == NULL)
        return;
    if (!shard->is_acceptor) {
        smail__loop_stop(shard->loop);
        smail__loop_join(shard->loop);
        smail__loop_free(shard->loop);
    }
    shard->loop = NULL;
    free(shard->slots);
    pthread_mutex_destroy(&shard->lock);
}
