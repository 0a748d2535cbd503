/* SPDX-License-Identifier: MIT */
/*
 * net/loop.h - a thread that waits for sockets, timers and other threads.
 *
 * All that a loop owns (connections, timers) is touched on its thread only.
 * Other threads hand it tasks.
 */
#ifndef SMAIL__NET_LOOP_H
#define SMAIL__NET_LOOP_H

#include <smtpmail/error.h>

struct smail__loop;

/* Something to be done on a loop's thread, inside the object it is about, so
 * that handing it over needs no memory and cannot fail. */
struct smail__task {
    void (*run)(struct smail__task *task);
    struct smail__task *next; /* the loop's own, as is `posted` */
    bool posted;
};

/* One moment at which something is to happen. Zero it before its first use. */
struct smail__timer {
    void (*fire)(struct smail__timer *timer);
    uint64_t tick; /* when, in ticks of the wheel */
    struct smail__timer *next, *previous;
    bool is_set;
};

/* Octets that a loop lends to whoever reads on it, and for plaintext. */
#define SMAIL__LOOP_SCRATCH 65536
#define SMAIL__LOOP_PLAIN 16384

int smail__loop_new(struct smail__loop **out, smail_error *err);

/* The thread must have ended, and everything on the loop been closed. */
void smail__loop_free(struct smail__loop *loop);

/* Run it on a thread of its own until stop(), or on the caller's. */
int smail__loop_start(struct smail__loop *loop, smail_error *err);
void smail__loop_run(struct smail__loop *loop);

/* Ends the loop once all that was posted is done. Any thread. */
void smail__loop_stop(struct smail__loop *loop);
void smail__loop_join(struct smail__loop *loop);

/*
 * Do `task` on the loop's thread, soon. Any thread. A task that waits already
 * is not added again; one that is running may be.
 */
void smail__loop_post(struct smail__loop *loop, struct smail__task *task);

/* Wake the loop without a task: `woken` is called on its thread. This, and
   nothing else here, may be called in a signal handler. */
void smail__loop_on_wake(struct smail__loop *loop, void (*woken)(void *user),
                         void *user);
void smail__loop_wake(struct smail__loop *loop);

/* True on the loop's own thread. */
bool smail__loop_is_mine(const struct smail__loop *loop);

/* Milliseconds of a clock that only goes forward. */
uint64_t smail__loop_now(struct smail__loop *loop);

/* --- On the loop's thread only ------------------------------------------- */

/* Fires once, up to a tenth of a second late, or earlier set() again. */
void smail__timer_set(struct smail__timer *timer, struct smail__loop *loop,
                      uint64_t milliseconds);
void smail__timer_clear(struct smail__timer *timer, struct smail__loop *loop);

char *smail__loop_scratch(struct smail__loop *loop);
char *smail__loop_plain(struct smail__loop *loop);

/* The uv_loop_t, for the files of this folder. */
void *smail__loop_uv(struct smail__loop *loop);

#endif
