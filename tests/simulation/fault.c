/* SPDX-License-Identifier: MIT */
/* fault.c - what a host says, and what goes wrong while it does. */
#include "sim.h"

enum fault {
    FAULT_CLOSE,
    FAULT_RESET,
    FAULT_HANG,
    FAULT_HALF,
    FAULT_HALF_HANG,
    FAULT_BYE,
    FAULT_NONSENSE,
    FAULT_CODE,
    FAULT_ENDLESS,
    FAULT_SLOW, /* from here on the reply comes all the same */
    FAULT_LONG,
    FAULT_CONTROLS,
    FAULTS
};

static void put(struct link *link, const char *text, size_t len)
{
    smail__buf_append(&link->down, (smail_span){ text, len });
    link->session.said += len;
}

void fault_say(struct link *link, const char *text)
{
    put(link, text, strlen(text));
    put(link, "\r\n", 2);
}

bool fault_is_over(const struct sim *sim, const struct link *link)
{
    return sim->now >= link->host->domain->calm_from;
}

static void put_half(struct sim *sim, struct link *link, const char *text)
{
    size_t len = strlen(text);

    put(link, text, 1 + sim_below(sim, (unsigned)len));
}

static void put_endless(struct link *link)
{
    for (unsigned i = 0; i < 3000; i++)
        fault_say(link, "250-and another thing that is to be said here");
}

/* False: nothing more comes. */
static bool misbehave(struct sim *sim, struct link *link, const char *text)
{
    struct session *session = &link->session;
    enum fault fault = (enum fault)sim_below(sim, FAULTS);

    sim_trace(sim, "%s: fault %d at '%.20s'", link->host->name, (int)fault,
              text);
    switch (fault) {
    case FAULT_CLOSE:
        session->is_over = true;
        return false;
    case FAULT_RESET:
        session->is_over = true;
        session->is_reset = true;
        return false;
    case FAULT_HANG:
        session->is_hung = true;
        return false;
    case FAULT_HALF:
        put_half(sim, link, text);
        session->is_over = true;
        return false;
    case FAULT_HALF_HANG:
        put_half(sim, link, text);
        session->is_hung = true;
        return false;
    case FAULT_BYE:
        fault_say(link, "421 4.3.2 shutting down");
        session->is_over = true;
        return false;
    case FAULT_NONSENSE:
        fault_say(link, sim_chance(sim, 500) ? "hello?" : "25");
        session->is_hung = true;
        return false;
    case FAULT_CODE:
        fault_say(link, sim_chance(sim, 500) ? "199 hm" : "999 what");
        session->is_hung = true;
        return false;
    case FAULT_ENDLESS:
        put_endless(link);
        session->is_hung = true;
        return false;
    case FAULT_SLOW:
        session->delay = 1000 + sim_below(sim, 900000);
        return true;
    case FAULT_LONG:
        put(link, text, 3);
        fault_say(link, "-this takes a line more");
        return true;
    case FAULT_CONTROLS:
        put(link, text, 3);
        put(link, "-\x01\x1b[31m\x80\xff\x7f\r\n", 12);
        return true;
    case FAULTS:
        break;
    }
    return true;
}

/* False: it was not said, or not in full. */
bool fault_reply(struct sim *sim, struct link *link, const char *text)
{
    if (link->session.is_over || link->session.is_hung)
        return false;
    if (!fault_is_over(sim, link) && sim_chance(sim, link->host->faults) &&
        !misbehave(sim, link, text))
        return false;
    fault_say(link, text);
    return true;
}
