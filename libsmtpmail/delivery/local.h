/* SPDX-License-Identifier: MIT */
/*
 * delivery/local.h - from the queue into mailboxes here: mail that was sent in
 * advance, and mail whose sender wants to hear of its arrival.
 */
#ifndef SMAIL__DELIVERY_LOCAL_H
#define SMAIL__DELIVERY_LOCAL_H

#include "delivery/sender.h"

/*
 * Put the message into the mailboxes of all its recipients, and settle, in
 * one transaction. Who is not there any more, or full, is settled as such;
 * notices follow. As smail__settle_later().
 */
int smail__local_later(smail_store *store,
                       const struct smail__settlement *settlement,
                       const char *hostname,
                       void (*done)(const smail_error *error, void *arg),
                       void *arg, smail_error *err);

#endif
