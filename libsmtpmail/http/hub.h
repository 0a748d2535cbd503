/* SPDX-License-Identifier: MIT */
/*
 * http/hub.h - who wants to know about which account, and what there is to
 * know: the middle between the store that changes and the streams that tell
 * (RFC 8620, 7).
 *
 * A topic is an account and a set of types. Its text is made anew, on a
 * thread of the hub, when somebody says that something changed, and each
 * second when the store's version did; only a text that differs is news.
 */
#ifndef SMAIL__HTTP_HUB_H
#define SMAIL__HTTP_HUB_H

#include "http/front.h"

struct smail__hub;
struct smail__topic;

/* `news` is called on the hub's thread after topics changed. All is kept. */
int smail__hub_new(struct smail__hub **out,
                   const struct smail__front_handler *handler, void *user,
                   void (*news)(void *arg), void *arg, smail_error *err);

/* Every topic must have been left. */
void smail__hub_free(struct smail__hub *hub);

/* Something in the store changed. Any thread. */
void smail__hub_notify(struct smail__hub *hub);

/* NULL without memory, or when too many hold it. Any thread; so is leave(). */
struct smail__topic *smail__hub_join(struct smail__hub *hub, smail_id account,
                                     unsigned types);
void smail__hub_leave(struct smail__hub *hub, struct smail__topic *topic);

/* When there is a text newer than `*seen` (0: none was seen), append it to
 * `out`, note it in `*seen` and return true. */
bool smail__hub_read(struct smail__buf *out, struct smail__hub *hub,
                     const struct smail__topic *topic, uint64_t *seen);

#endif
