/* SPDX-License-Identifier: MIT */
/* net/race.c - see net/race.h. */
#include "net/race.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "base/error.h"
#include "base/format.h"
#include "net/connect.h"

struct attempt {
    struct smail__race *race;
    uv_poll_t poll;
    int fd; /* -1: not, or no longer, under way */
};

struct smail__race {
    struct smail__loop *loop;
    struct smail__timer timer; /* to the next start */
    struct smail__task task;   /* there is nobody to wait for */
    struct smail__racer list[SMAIL__RACE_ADDRESSES_MAX];
    struct attempt attempts[SMAIL__RACE_ADDRESSES_MAX];
    size_t count, next;
    unsigned running;
    unsigned handles; /* of the loop, that have yet to be closed */
    bool is_over;
    char why[200];
    void (*done)(int fd, size_t index, const char *why, void *user);
    void *user;
};

static void free_if_over(struct smail__race *race)
{
    if (race->is_over && race->handles == 0 && !race->task.posted)
        free(race);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct attempt *attempt = handle->data;

    attempt->race->handles--;
    free_if_over(attempt->race);
}

/* The socket is the caller's then. */
static int release(struct attempt *attempt)
{
    int fd = attempt->fd;

    attempt->fd = -1;
    attempt->race->running--;
    uv_poll_stop(&attempt->poll);
    uv_close((uv_handle_t *)&attempt->poll, on_handle_closed);
    return fd;
}

static void end(struct smail__race *race)
{
    race->is_over = true;
    smail__timer_clear(&race->timer, race->loop);
    for (size_t i = 0; i < race->next; i++)
        if (race->attempts[i].fd >= 0)
            close(release(&race->attempts[i]));
}

static void lose(struct smail__race *race)
{
    end(race);
    race->done(-1, 0, race->why, race->user);
    free_if_over(race);
}

static void win(struct smail__race *race, struct attempt *attempt)
{
    size_t index = (size_t)(attempt - race->attempts);
    int fd = release(attempt);

    end(race);
    race->done(fd, index, "", race->user);
}

static void start_next(struct smail__race *race);

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct attempt *attempt = poll->data;
    struct smail__race *race = attempt->race;
    int error = 0;
    socklen_t len = sizeof(error);

    (void)events;
    /* libuv says EBADF of a socket with an error, whichever it is. */
    if (getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        error = EIO;
    if (error == 0 && status < 0)
        error = -status;
    if (error == 0) {
        win(race, attempt);
        return;
    }
    smail__format(race->why, sizeof(race->why), "cannot connect: %s",
                  strerror(error));
    close(release(attempt));
    if (race->next < race->count)
        start_next(race);
    else if (race->running == 0)
        lose(race);
}

static int start_one(struct smail__race *race, size_t index)
{
    const struct smail__racer *racer = &race->list[index];
    struct attempt *attempt = &race->attempts[index];
    smail_error err = SMAIL_ERROR_INIT;
    int fd;

    if (smail__connect_from(&fd, &racer->to,
                            racer->has_source ? &racer->source : NULL,
                            &err) < 0 ||
        uv_poll_init(smail__loop_uv(race->loop), &attempt->poll, fd) != 0) {
        smail__format(race->why, sizeof(race->why), "%s",
                      err.code != 0 ? err.message : "cannot connect");
        if (err.code == 0)
            close(fd);
        return -1;
    }
    attempt->poll.data = attempt;
    attempt->fd = fd;
    race->handles++;
    race->running++;
    if (uv_poll_start(&attempt->poll, UV_WRITABLE, on_event) == 0)
        return 0;
    close(release(attempt));
    return -1;
}

static void start_next(struct smail__race *race)
{
    while (race->next < race->count)
        if (start_one(race, race->next++) == 0)
            break;
    if (race->next < race->count)
        smail__timer_set(&race->timer, race->loop, SMAIL__RACE_MILLISECONDS);
    else if (race->running == 0)
        smail__loop_post(race->loop, &race->task);
}

static void on_time(struct smail__timer *timer)
{
    start_next((struct smail__race *)((char *)timer -
                                      offsetof(struct smail__race, timer)));
}

static void on_nobody(struct smail__task *task)
{
    struct smail__race *race =
        (struct smail__race *)((char *)task -
                               offsetof(struct smail__race, task));

    if (race->is_over)
        free_if_over(race);
    else
        lose(race);
}

int smail__race_start(struct smail__race **out, struct smail__loop *loop,
                      const struct smail__racer *list, size_t count,
                      void (*done)(int fd, size_t index, const char *why,
                                   void *user),
                      void *user, smail_error *err)
{
    struct smail__race *race = calloc(1, sizeof(*race));

    if (race == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    race->loop = loop;
    race->timer.fire = on_time;
    race->task.run = on_nobody;
    race->count =
        count < SMAIL__RACE_ADDRESSES_MAX ? count : SMAIL__RACE_ADDRESSES_MAX;
    memcpy(race->list, list, race->count * sizeof(*list));
    for (size_t i = 0; i < SMAIL__RACE_ADDRESSES_MAX; i++)
        race->attempts[i] = (struct attempt){ .race = race, .fd = -1 };
    race->done = done;
    race->user = user;
    smail__format(race->why, sizeof(race->why), "there is no address");
    *out = race;
    start_next(race);
    return 0;
}

void smail__race_cancel(struct smail__race *race)
{
    end(race);
    free_if_over(race);
}
