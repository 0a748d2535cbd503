/* SPDX-License-Identifier: MIT */
/*
 * server/pace.h - how much a client may do in a time, by the options, and what
 * it is told: 421, or 450 4.7.1, and when it may try again.
 */
#ifndef SMAIL__SERVER_PACE_H
#define SMAIL__SERVER_PACE_H

#include "server/dialogue.h"

/* Room for "in 23 hours". */
#define SMAIL__PACE_WORDS 32
void smail__pace_words(char out[SMAIL__PACE_WORDS], uint32_t seconds);

/* 0: it may come in; else the seconds until it may. */
uint32_t smail__pace_connection(const smail_server *server,
                                const struct smail__settings *settings,
                                smail_listener_kind kind,
                                const struct smail__endpoint *peer);

/* A MAIL, a RCPT that is about to be granted. False: it was refused. */
bool smail__pace_message(struct smail__dialogue *dialogue);
bool smail__pace_recipient(struct smail__dialogue *dialogue);

#endif
