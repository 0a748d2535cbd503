/* SPDX-License-Identifier: MIT */
/* pool.h - several rules at once, each in a process of its own. */
#ifndef CONFORMANCE_POOL_H
#define CONFORMANCE_POOL_H

#include "play.h"

#define POOL_JOBS_MAX 64

struct result {
    enum outcome outcome;
    struct text why;
    long milliseconds;
};

void pool_run(struct result *results, const struct rule *rules, size_t count,
              const struct target *target, const struct offer *offer,
              unsigned jobs, bool trace);

#endif
