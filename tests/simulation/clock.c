/* SPDX-License-Identifier: MIT */
/* clock.c - events in the order of their time, and chance. */
#include <stdarg.h>

#include "base/format.h"
#include "sim.h"

/* Octet for octet the same everywhere, and good enough to choose by. */
uint64_t sim_random(struct sim *sim)
{
    uint64_t value = sim->state += 0x9e3779b97f4a7c15u;

    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

unsigned sim_below(struct sim *sim, unsigned below)
{
    return (unsigned)(sim_random(sim) >> 11) % below;
}

bool sim_chance(struct sim *sim, unsigned per_thousand)
{
    return sim_below(sim, 1000) < per_thousand;
}

int64_t sim_seconds(const struct sim *sim)
{
    return SIM_BEGIN + (int64_t)(sim->now / 1000);
}

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void swap(struct event *a, struct event *b)
{
    struct event kept = *a;

    *a = *b;
    *b = kept;
}

void sim_at(struct sim *sim, uint64_t delay,
            void (*run)(struct sim *sim, void *arg), void *arg, bool owned,
            bool of_world)
{
    size_t i = sim->event_count;

    if (sim->event_count == sim->event_room) {
        sim->event_room = sim->event_room * 2 + 64;
        sim->events =
            realloc(sim->events, sim->event_room * sizeof(*sim->events));
        if (sim->events == NULL)
            abort();
    }
    sim->events[sim->event_count++] =
        (struct event){ .at = sim->now + delay,
                        .order = ++sim->order,
                        .life = of_world ? 0 : sim->life,
                        .run = run,
                        .arg = arg,
                        .owned = owned };
    while (i > 0 && is_before(&sim->events[i], &sim->events[(i - 1) / 2])) {
        swap(&sim->events[i], &sim->events[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

static struct event take_first(struct sim *sim)
{
    struct event first = sim->events[0];
    size_t i = 0;

    sim->events[0] = sim->events[--sim->event_count];
    for (;;) {
        size_t least = i;

        for (size_t child = 2 * i + 1;
             child <= 2 * i + 2 && child < sim->event_count; child++)
            if (is_before(&sim->events[child], &sim->events[least]))
                least = child;
        if (least == i)
            return first;
        swap(&sim->events[i], &sim->events[least]);
        i = least;
    }
}

bool sim_next_at(const struct sim *sim, uint64_t *at)
{
    if (sim->event_count == 0)
        return false;
    *at = sim->events[0].at;
    return true;
}

void sim_run_event(struct sim *sim)
{
    struct event event = take_first(sim);

    if (event.at > sim->now)
        sim->now = event.at;
    smail__sender_time(sim->sender, sim->now, sim_seconds(sim));
    if (event.life == 0 || event.life == sim->life)
        event.run(sim, event.arg);
    if (event.owned)
        free(event.arg);
}

void sim_forget_events(struct sim *sim)
{
    for (size_t i = 0; i < sim->event_count; i++)
        if (sim->events[i].owned)
            free(sim->events[i].arg);
    free(sim->events);
    sim->events = NULL;
    sim->event_count = 0;
    sim->event_room = 0;
}

SMAIL__PRINTF(2, 0)
static void say(const struct sim *sim, const char *format, va_list args)
{
    fprintf(stderr, "seed %llu, %llu.%03llu s: ", (unsigned long long)sim->seed,
            (unsigned long long)sim->now / 1000,
            (unsigned long long)sim->now % 1000);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void sim_fail(struct sim *sim, const char *format, ...)
{
    va_list args;

    sim->failed = true;
    va_start(args, format);
    say(sim, format, args);
    va_end(args);
}

void sim_trace(struct sim *sim, const char *format, ...)
{
    va_list args;

    if (!sim->trace)
        return;
    va_start(args, format);
    say(sim, format, args);
    va_end(args);
}
