/* SPDX-License-Identifier: MIT */
/*
 * net/watch.h - a loop that is told when a file is written to.
 *
 * Everything here happens on the loop's thread. Events may be lost (network
 * file systems, a file that is replaced): whoever depends on them also looks
 * now and then.
 */
#ifndef SMAIL__NET_WATCH_H
#define SMAIL__NET_WATCH_H

#include "net/loop.h"

struct smail__watch;

/* `changed` is called once or more for each change. */
int smail__watch_open(struct smail__watch **out, struct smail__loop *loop,
                      const char *path, void (*changed)(void *user), void *user,
                      smail_error *err);

/* Frees, soon; nothing is called after this. NULL is fine. */
void smail__watch_close(struct smail__watch *watch);

#endif
