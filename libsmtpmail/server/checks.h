/* SPDX-License-Identifier: MIT */
/*
 * server/checks.h - what DNS says of a client: its name, forward-confirmed,
 * and the block lists that know it.
 *
 * Both are looked up from the moment it connects. The greeting waits for
 * neither; on port 25 its first recipient waits, for so long and no longer.
 * What could not be found out counts for the client.
 */
#ifndef SMAIL__SERVER_CHECKS_H
#define SMAIL__SERVER_CHECKS_H

#include "server/dialogue.h"

/* Begin, if there is anything to look up for such a client. */
void smail__checks_begin(struct smail__dialogue *dialogue);

/* Stop, and forget what is known. */
void smail__checks_end(struct smail__dialogue *dialogue);

/* At RCPT: is it to wait? Then smail__question_ask() is called again. */
bool smail__checks_hold(struct smail__dialogue *dialogue);

/* Is it to be refused? */
bool smail__checks_block(const struct smail__dialogue *dialogue);

#endif
