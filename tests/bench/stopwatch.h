/* SPDX-License-Identifier: MIT */
/*
 * stopwatch.h - ours and a yardstick in turns, within one run, and the ratio of
 * their medians: absolute figures are the machine's, ratios are ours.
 */
#ifndef STOPWATCH_H
#define STOPWATCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STOPWATCH_ROUNDS 7

/* Do the work once; what comes back must not be thrown away by a compiler. */
typedef uint64_t stopwatch_work(void *user);

/* Of this process alone: others may be using the machine too. */
static inline double stopwatch_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline double stopwatch_once(stopwatch_work *work, void *user)
{
    static volatile uint64_t sink;
    double start = stopwatch_now();

    sink += work(user);
    return stopwatch_now() - start;
}

static inline int stopwatch_order(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;

    return (left > right) - (left < right);
}

static inline double stopwatch_median(double *seconds)
{
    qsort(seconds, STOPWATCH_ROUNDS, sizeof(*seconds), stopwatch_order);
    return seconds[STOPWATCH_ROUNDS / 2];
}

/* `amount` of `unit` are done in one round of each. */
static inline void stopwatch_compare(const char *title, double amount,
                                     const char *unit, stopwatch_work *ours,
                                     stopwatch_work *yardstick, void *user)
{
    double mine[STOPWATCH_ROUNDS];
    double theirs[STOPWATCH_ROUNDS];
    double a, b;

    (void)stopwatch_once(ours, user); /* so that both begin warm */
    (void)stopwatch_once(yardstick, user);
    for (int i = 0; i < STOPWATCH_ROUNDS; i++) {
        mine[i] = stopwatch_once(ours, user);
        theirs[i] = stopwatch_once(yardstick, user);
    }
    a = amount / stopwatch_median(mine);
    b = amount / stopwatch_median(theirs);
    printf("%-34s %8.2f %s   yardstick %8.2f   ratio %.2f\n", title, a, unit, b,
           a / b);
    fflush(stdout);
}

#endif
