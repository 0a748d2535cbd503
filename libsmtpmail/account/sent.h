/* SPDX-License-Identifier: MIT */
/*
 * account/sent.h - how much an account has sent within a day, so that a
 * password that was stolen does not send without end.
 *
 * The day is the last 24 hours and not a date: at midnight it would be twice
 * as much. It is kept by quarters of an hour, in the store, so that neither a
 * restart nor a second process begins anew; what falls out of the window does
 * so up to a quarter late, never early.
 *
 * A message is counted by the transaction that accepts it, so that two
 * sessions at once cannot both be the last; asking before it is a courtesy,
 * for the refusal comes at RCPT then and not behind the content.
 */
#ifndef SMAIL__ACCOUNT_SENT_H
#define SMAIL__ACCOUNT_SENT_H

#include "store/store.h"

/* What the server lets an account send in a day, unless it has limits of its
 * own; 0: without end. */
struct smail__sent_caps {
    uint32_t messages, recipients;
};

/* Why not, and when again. */
struct smail__sent_excess {
    const char *what; /* "messages", "recipients"; NULL: there is none */
    uint32_t seconds;
};

/* "Too many messages of this account in a day, try again in 3 hours". */
#define SMAIL__SENT_TEXT 128
void smail__sent_text(char out[SMAIL__SENT_TEXT],
                      const struct smail__sent_excess *excess);

/* "in 23 hours". */
#define SMAIL__WAIT_WORDS 32
void smail__wait_words(char out[SMAIL__WAIT_WORDS], uint32_t seconds);

/* May it send one message more, to so many? 0, or SMAIL_ELIMIT. */
int smail__sent_ask(struct smail__sent_excess *out, smail_store *store,
                    smail_id account, const struct smail__sent_caps *caps,
                    uint32_t recipients, smail_error *err);

/* In the job that accepts the message: the same, and it is counted. */
int smail__sent_take(smail_tx *tx, struct smail__sent_excess *out,
                     smail_id account, const struct smail__sent_caps *caps,
                     uint32_t recipients, smail_error *err);

/* In the last day, until now. */
int smail__sent_total(uint64_t *messages, uint64_t *recipients,
                      smail_store *store, smail_id account, smail_error *err);

#endif
