/* SPDX-License-Identifier: MIT */
/*
 * delivery/settle.h - what came of a message, written down: queue, history,
 * the record that its sender looks at, and the notice to them, all in one
 * transaction.
 */
#ifndef SMAIL__DELIVERY_SETTLE_H
#define SMAIL__DELIVERY_SETTLE_H

#include "delivery/sender.h"

/* In a job: all but the notice. */
int smail__settle(smail_tx *tx, const struct smail__settlement *settlement,
                  smail_error *err);

/* Does anybody have to be told? */
bool smail__settle_tells(const struct smail__settlement *settlement);

/*
 * The whole of it, behind the caller's back: `done` is called once, on a
 * thread of the store. `hostname` is who reports. The settlement is kept until
 * then.
 */
int smail__settle_later(smail_store *store,
                        const struct smail__settlement *settlement,
                        const char *hostname,
                        void (*done)(const smail_error *error, void *arg),
                        void *arg, smail_error *err);

#endif
