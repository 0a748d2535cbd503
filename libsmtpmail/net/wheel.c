/* SPDX-License-Identifier: MIT */
/*
 * net/wheel.c - a ring of slots, one per tick; each holds a list.
 *
 * A timer further away than one turn waits in its slot and is passed over
 * until its turn comes.
 */
#include "net/wheel.h"

static struct smail__timer **slot_of(struct smail__wheel *wheel, uint64_t tick)
{
    return &wheel->slots[tick % SMAIL__WHEEL_SLOTS];
}

void smail__wheel_add(struct smail__wheel *wheel, struct smail__timer *timer,
                      uint64_t ticks)
{
    timer->tick = wheel->now + (ticks > 0 ? ticks : 1);

    struct smail__timer **slot = slot_of(wheel, timer->tick);

    timer->previous = NULL;
    timer->next = *slot;
    if (*slot != NULL)
        (*slot)->previous = timer;
    *slot = timer;
    timer->is_set = true;
    wheel->count++;
}

void smail__wheel_remove(struct smail__wheel *wheel, struct smail__timer *timer)
{
    if (!timer->is_set)
        return;
    if (timer->previous != NULL)
        timer->previous->next = timer->next;
    else
        *slot_of(wheel, timer->tick) = timer->next;
    if (timer->next != NULL)
        timer->next->previous = timer->previous;
    timer->next = timer->previous = NULL;
    timer->is_set = false;
    wheel->count--;
}

/* The first timer of a slot that is due. Looked for anew each time, as the
 * one before may have changed the list. */
static struct smail__timer *due(struct smail__wheel *wheel, uint64_t slot,
                                uint64_t now)
{
    struct smail__timer *timer = *slot_of(wheel, slot);

    while (timer != NULL && timer->tick > now)
        timer = timer->next;
    return timer;
}

void smail__wheel_advance(struct smail__wheel *wheel, uint64_t now)
{
    uint64_t from = wheel->now + 1;
    struct smail__timer *timer;

    if (now <= wheel->now)
        return;
    /* After a long sleep one turn sees every slot. */
    if (now - wheel->now > SMAIL__WHEEL_SLOTS)
        from = now - SMAIL__WHEEL_SLOTS + 1;
    wheel->now = now;
    for (uint64_t tick = from; tick <= now && wheel->count > 0; tick++) {
        while ((timer = due(wheel, tick, now)) != NULL) {
            smail__wheel_remove(wheel, timer);
            timer->fire(timer);
        }
    }
}

uint64_t smail__wheel_next(const struct smail__wheel *wheel)
{
    if (wheel->count == 0)
        return 0;
    for (uint64_t ahead = 1; ahead < SMAIL__WHEEL_SLOTS; ahead++)
        if (wheel->slots[(wheel->now + ahead) % SMAIL__WHEEL_SLOTS] != NULL)
            return ahead;
    return SMAIL__WHEEL_SLOTS;
}
