/* SPDX-License-Identifier: MIT */
/*
 * account/limiter.h - how often somebody may try, in a table that cannot
 * grow.
 *
 * Each key has a bucket that fills by one with every note() and leaks one
 * each `interval` seconds; while it is full, wait() says for how long. When
 * the table is full the emptiest bucket of a few is given up, so that
 * somebody with many addresses cannot make it forget those who try hardest.
 *
 * May be used from any thread. Time is an argument.
 */
#ifndef SMAIL__ACCOUNT_LIMITER_H
#define SMAIL__ACCOUNT_LIMITER_H

#include <smtpmail/error.h>

struct smail__limiter;

/* `burst` tries at once, then one each `interval` seconds. */
int smail__limiter_new(struct smail__limiter **out, unsigned burst,
                       unsigned interval, smail_error *err);
void smail__limiter_free(struct smail__limiter *limiter);

/* Seconds until `key` may try again; 0: now. */
int64_t smail__limiter_wait(struct smail__limiter *limiter, smail_span key,
                            int64_t now);

void smail__limiter_note(struct smail__limiter *limiter, smail_span key,
                         int64_t now);

/* It was right after all: empty the bucket. */
void smail__limiter_forget(struct smail__limiter *limiter, smail_span key);

#endif
