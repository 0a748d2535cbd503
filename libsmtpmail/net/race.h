/* SPDX-License-Identifier: MIT */
/*
 * net/race.h - a connection to whichever address of a host answers first
 * (RFC 8305, 5).
 *
 * The addresses are tried in their order, the next one a moment after the
 * last, or at once when that was refused; who answers first is taken and the
 * others are let go. So an address that swallows packets costs a moment and
 * not the whole time that a host may take.
 */
#ifndef SMAIL__NET_RACE_H
#define SMAIL__NET_RACE_H

#include "net/endpoint.h"
#include "net/loop.h"

/* RFC 8305, 5: the recommended delay. The wheel may add a tenth of a second. */
#define SMAIL__RACE_MILLISECONDS 250

#define SMAIL__RACE_ADDRESSES_MAX 16

struct smail__race;

struct smail__racer {
    struct smail__endpoint to;
    struct smail__endpoint source;
    bool has_source; /* else the system chooses */
};

/*
 * On the loop's thread; `list` is copied. `done` is called once, later: with
 * a socket that is connected and its place in the list, or with -1 and what
 * was wrong with the last. Those beyond SMAIL__RACE_ADDRESSES_MAX are left
 * out.
 */
int smail__race_start(struct smail__race **out, struct smail__loop *loop,
                      const struct smail__racer *list, size_t count,
                      void (*done)(int fd, size_t index, const char *why,
                                   void *user),
                      void *user, smail_error *err);

/* Before done(), which is not called then. */
void smail__race_cancel(struct smail__race *race);

#endif
