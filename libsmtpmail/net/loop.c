/* SPDX-License-Identifier: MIT */
/*
 * net/loop.c - one uv_loop_t, its thread, its timers and its tasks.
 */
#include "net/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

#include "base/error.h"
#include "crypto/tls.h"
#include "net/wheel.h"

/* A wheel tick in milliseconds: SMTP counts in minutes, and a penalty of a
 * second may well be 1.1. */
#define TICK 100

struct smail__loop {
    uv_loop_t uv;
    uv_async_t async;
    uv_timer_t ticker;
    struct smail__wheel wheel;
    uint64_t origin; /* the wheel's tick 0, in milliseconds */

    pthread_mutex_t lock; /* over the four below */
    struct smail__task *first, *last;
    bool stopping;
    bool has_thread;

    pthread_t thread; /* for join() */
    pthread_t self;   /* written by the thread itself, before is_running */
    atomic_bool is_running;
    void (*woken)(void *user);
    void *user;
    char scratch[SMAIL__LOOP_SCRATCH];
    char plain[SMAIL__LOOP_PLAIN];
};

static struct smail__task *take_tasks(struct smail__loop *loop, bool *stopping)
{
    struct smail__task *tasks;

    pthread_mutex_lock(&loop->lock);
    tasks = loop->first;
    loop->first = loop->last = NULL;
    *stopping = loop->stopping;
    pthread_mutex_unlock(&loop->lock);
    return tasks;
}

/* `posted` is cleared before the task runs, so that what happens meanwhile on
 * another thread posts it once more and is not lost. */
static struct smail__task *begin_task(struct smail__loop *loop,
                                      struct smail__task *task)
{
    struct smail__task *next;

    pthread_mutex_lock(&loop->lock);
    next = task->next;
    task->next = NULL;
    task->posted = false;
    pthread_mutex_unlock(&loop->lock);
    return next;
}

static void on_async(uv_async_t *async)
{
    struct smail__loop *loop = async->data;
    bool stopping = false;
    struct smail__task *task = take_tasks(loop, &stopping);

    while (task != NULL) {
        struct smail__task *next = begin_task(loop, task);

        task->run(task);
        task = next;
    }
    if (loop->woken != NULL)
        loop->woken(loop->user);
    if (stopping) {
        pthread_mutex_lock(&loop->lock);
        stopping = loop->first == NULL;
        pthread_mutex_unlock(&loop->lock);
        if (stopping)
            uv_stop(&loop->uv);
        else
            uv_async_send(&loop->async);
    }
}

static uint64_t tick_of(const struct smail__loop *loop)
{
    return (uv_now(&loop->uv) - loop->origin) / TICK;
}

static void on_ticker(uv_timer_t *ticker);

static void arm(struct smail__loop *loop)
{
    uint64_t ahead = smail__wheel_next(&loop->wheel);

    if (ahead == 0) {
        uv_timer_stop(&loop->ticker);
        return;
    }
    uint64_t at = loop->origin + (loop->wheel.now + ahead) * TICK;
    uint64_t now = uv_now(&loop->uv);

    uv_timer_start(&loop->ticker, on_ticker, at > now ? at - now : 0, 0);
}

static void on_ticker(uv_timer_t *ticker)
{
    struct smail__loop *loop = ticker->data;

    smail__wheel_advance(&loop->wheel, tick_of(loop));
    arm(loop);
}

int smail__loop_new(struct smail__loop **out, smail_error *err)
{
    struct smail__loop *loop = calloc(1, sizeof(*loop));
    int rc;

    if (loop == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for a loop");
    rc = uv_loop_init(&loop->uv);
    if (rc != 0) {
        free(loop);
        return smail__fail_os(err, SMAIL_EIO, -rc, "no event loop: %s",
                              uv_strerror(rc));
    }
    rc = uv_async_init(&loop->uv, &loop->async, on_async);
    if (rc != 0) {
        uv_loop_close(&loop->uv);
        free(loop);
        return smail__fail_os(err, SMAIL_EIO, -rc, "no event loop: %s",
                              uv_strerror(rc));
    }
    uv_timer_init(&loop->uv, &loop->ticker);
    loop->async.data = loop;
    loop->ticker.data = loop;
    loop->uv.data = loop;
    loop->origin = uv_now(&loop->uv);
    pthread_mutex_init(&loop->lock, NULL);
    *out = loop;
    return 0;
}

void smail__loop_free(struct smail__loop *loop)
{
    if (loop == NULL)
        return;
    uv_close((uv_handle_t *)&loop->async, NULL);
    uv_close((uv_handle_t *)&loop->ticker, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_loop_close(&loop->uv);
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}

void smail__loop_run(struct smail__loop *loop)
{
    loop->self = pthread_self();
    atomic_store(&loop->is_running, true);
    /* The wheel stood still while nobody ran the loop. */
    uv_update_time(&loop->uv);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    atomic_store(&loop->is_running, false);
    smail__tls_thread_stop();
}

static void *thread_main(void *arg)
{
    smail__loop_run(arg);
    return NULL;
}

int smail__loop_start(struct smail__loop *loop, smail_error *err)
{
    int rc = pthread_create(&loop->thread, NULL, thread_main, loop);

    if (rc != 0)
        return smail__fail_os(err, SMAIL_EIO, rc, "no thread for a loop: %s",
                              uv_strerror(-rc));
    loop->has_thread = true;
    return 0;
}

void smail__loop_stop(struct smail__loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->stopping = true;
    pthread_mutex_unlock(&loop->lock);
    uv_async_send(&loop->async);
}

void smail__loop_join(struct smail__loop *loop)
{
    if (!loop->has_thread)
        return;
    pthread_join(loop->thread, NULL);
    loop->has_thread = false;
}

void smail__loop_post(struct smail__loop *loop, struct smail__task *task)
{
    bool was_empty = false;

    pthread_mutex_lock(&loop->lock);
    if (!task->posted) {
        task->posted = true;
        task->next = NULL;
        was_empty = loop->first == NULL;
        if (was_empty)
            loop->first = task;
        else
            loop->last->next = task;
        loop->last = task;
    }
    pthread_mutex_unlock(&loop->lock);
    if (was_empty)
        uv_async_send(&loop->async);
}

void smail__loop_on_wake(struct smail__loop *loop, void (*woken)(void *user),
                         void *user)
{
    loop->woken = woken;
    loop->user = user;
}

void smail__loop_wake(struct smail__loop *loop)
{
    uv_async_send(&loop->async);
}

bool smail__loop_is_mine(const struct smail__loop *loop)
{
    return atomic_load(&loop->is_running) &&
           pthread_equal(loop->self, pthread_self());
}

uint64_t smail__loop_now(struct smail__loop *loop)
{
    return uv_now(&loop->uv);
}

void smail__timer_set(struct smail__timer *timer, struct smail__loop *loop,
                      uint64_t milliseconds)
{
    uint64_t now = tick_of(loop);
    uint64_t at =
        (uv_now(&loop->uv) - loop->origin + milliseconds + TICK - 1) / TICK;

    smail__wheel_remove(&loop->wheel, timer);
    /* With no timer set the wheel has not turned. */
    if (loop->wheel.count == 0 && loop->wheel.now < now)
        loop->wheel.now = now;
    smail__wheel_add(&loop->wheel, timer,
                     at > loop->wheel.now ? at - loop->wheel.now : 1);
    arm(loop);
}

void smail__timer_clear(struct smail__timer *timer, struct smail__loop *loop)
{
    smail__wheel_remove(&loop->wheel, timer);
}

char *smail__loop_scratch(struct smail__loop *loop)
{
    return loop->scratch;
}

char *smail__loop_plain(struct smail__loop *loop)
{
    return loop->plain;
}

void *smail__loop_uv(struct smail__loop *loop)
{
    return &loop->uv;
}
