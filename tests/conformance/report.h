/* SPDX-License-Identifier: MIT */
/* report.h - what came of it, for people and for programs. */
#ifndef CONFORMANCE_REPORT_H
#define CONFORMANCE_REPORT_H

#include "pool.h"

struct report_options {
    bool json;
    bool quiet;
};

void report_list(const struct rule *rules, size_t count);

/* Returns the exit code: 1 if a MUST does not hold, else 0. */
int report(const struct rule *rules, const struct result *results, size_t count,
           const struct offer *offer, const struct report_options *options);

#endif
