/* SPDX-License-Identifier: MIT */
/*
 * net/wheel.h - timers by the thousand: setting and clearing cost the same
 * whatever their number. Knows no clock; ticks are the caller's.
 */
#ifndef SMAIL__NET_WHEEL_H
#define SMAIL__NET_WHEEL_H

#include "net/loop.h"

#define SMAIL__WHEEL_SLOTS 512

struct smail__wheel {
    uint64_t now; /* the last tick that was worked off */
    size_t count; /* timers that are set */
    struct smail__timer *slots[SMAIL__WHEEL_SLOTS];
};

/* At least one tick ahead. The timer must not be set. */
void smail__wheel_add(struct smail__wheel *wheel, struct smail__timer *timer,
                      uint64_t ticks);
void smail__wheel_remove(struct smail__wheel *wheel,
                         struct smail__timer *timer);

/* Fire all that is due up to and with tick `now`. A timer that fires may set
 * and clear any timer, itself included. */
void smail__wheel_advance(struct smail__wheel *wheel, uint64_t now);

/* Ticks until the wheel wants to be advanced; 0 when no timer is set. May be
 * too early for timers that are more than a turn away, never too late. */
uint64_t smail__wheel_next(const struct smail__wheel *wheel);

#endif
