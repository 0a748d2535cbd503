/* SPDX-License-Identifier: MIT */
/*
 * simulation_test COUNT [FIRST] - so many scenarios, each of the next seed.
 *
 * SIMULATION_SEED=n plays that one alone, SIMULATION_TRACE=1 tells its story,
 * SIMULATION_COUNT=n overrides COUNT.
 */
#include <inttypes.h>
#include <time.h>

#include "sim.h"

static uint64_t number(const char *text, uint64_t otherwise)
{
    uint64_t value;

    if (text == NULL || smail__span_number(&value, smail__span(text)) != 0)
        return otherwise;
    return value;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    uint64_t count = number(argc > 1 ? argv[1] : NULL, 100);
    uint64_t first = number(argc > 2 ? argv[2] : NULL, 1), bad = 0;
    const char *only = getenv("SIMULATION_SEED");
    bool trace = getenv("SIMULATION_TRACE") != NULL;
    struct sim_sums sums = { 0 };
    double begin = seconds(), took;

    count = number(getenv("SIMULATION_COUNT"), count);
    if (only != NULL) {
        first = number(only, first);
        count = 1;
    }
    for (uint64_t i = 0; i < count && bad < 10; i++)
        if (!scenario_run(first + i, trace, &sums)) {
            fprintf(stderr, "again: SIMULATION_SEED=%" PRIu64 " %s\n",
                    first + i, argv[0]);
            bad++;
        }
    took = seconds() - begin;
    printf("%" PRIu64 " scenarios in %.1f s (%.0f a second), %" PRIu64
           " bad\n%" PRIu64 " recipients: %" PRIu64 " delivered, %" PRIu64
           " failed, %" PRIu64 " held, %" PRIu64 " cancelled\n%" PRIu64
           " notices, %" PRIu64 " crashes, %" PRIu64
           " delivered again, %" PRIu64 " steps\n",
           count, took, (double)count / (took > 0 ? took : 1), bad,
           sums.persons, sums.delivered, sums.failed, sums.held, sums.cancelled,
           sums.notices, sums.crashes, sums.duplicates, sums.steps);
    return bad > 0;
}
