/* SPDX-License-Identifier: MIT */
/*
 * server/pace.h - how much a client may do in a time, by the options, and what
 * it is told: 421, or 450 4.7.1, and when it may try again.
 *
 * Rates of minutes and hours are this process's and are forgotten with it;
 * what an account sends in a day is kept in the store (account/sent.h).
 */
#ifndef SMAIL__SERVER_PACE_H
#define SMAIL__SERVER_PACE_H

#include "account/sent.h"
#include "server/dialogue.h"

/* 0: it may come in; else the seconds until it may. */
uint32_t smail__pace_connection(const smail_server *server,
                                const struct smail__settings *settings,
                                smail_listener_kind kind,
                                const struct smail__endpoint *peer);

/* A MAIL, a RCPT that is about to be granted. False: it was refused. */
bool smail__pace_message(struct smail__dialogue *dialogue);
bool smail__pace_recipient(struct smail__dialogue *dialogue);

/* 450 4.7.1, and once a day a warning in the log. */
void smail__pace_refuse_excess(struct smail__dialogue *dialogue,
                               const struct smail__sent_excess *excess);

#endif
