/* SPDX-License-Identifier: MIT */
/*
 * net/worker.h - a few threads for what takes too long on a loop, behind a
 * queue with an end: who comes when it is full is told so at once.
 */
#ifndef SMAIL__NET_WORKER_H
#define SMAIL__NET_WORKER_H

#include <smtpmail/error.h>

struct smail__workers;

/* A piece of work, inside the object it is about. run() owns it from then on
 * and hands the result back itself, as by smail__loop_post(). */
struct smail__work {
    void (*run)(struct smail__work *work);
    struct smail__work *next;
    unsigned rank; /* the lower the sooner */
};

/* `nice` over 0 lets other threads go first, where the system can do that for
   one thread. */
int smail__workers_new(struct smail__workers **out, unsigned threads,
                       size_t queue_max, int nice, smail_error *err);

/* Does what is queued, then ends the threads. */
void smail__workers_free(struct smail__workers *workers);

/* Any thread. SMAIL_ELIMIT when the queue is full. */
int smail__workers_submit(struct smail__workers *workers,
                          struct smail__work *work);

/*
 * The same in the order of ranks. When the queue is full the last of it with
 * a worse rank gives way and is `*displaced`, which the caller has back; NULL:
 * nobody had to.
 */
int smail__workers_submit_ranked(struct smail__workers *workers,
                                 struct smail__work *work,
                                 struct smail__work **displaced);

#endif
