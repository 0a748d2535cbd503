/* SPDX-License-Identifier: MIT */
/*
 * server/relay.h - the part of a submission that is not for mailboxes here, or
 * not yet: it goes into the queue, in the transaction that stores it.
 */
#ifndef SMAIL__SERVER_RELAY_H
#define SMAIL__SERVER_RELAY_H

#include "delivery/outgoing.h"
#include "delivery/srs.h"
#include "server/dialogue.h"

/* At MAIL: what the queue would have to know. 0 also when nothing is relayed
   for this client. */
int smail__relay_begin(struct smail__envelope *envelope,
                       const struct smail__dialogue *dialogue,
                       const smail_smtp_mail *mail);
void smail__relay_free(struct smail__envelope *envelope);

/* May this client write to other hosts? */
bool smail__relay_is_open(const struct smail__dialogue *dialogue);

/* At RCPT: one for another host; answers it. */
void smail__relay_take(struct smail__dialogue *dialogue);

/* At RCPT: one of ours that the queue delivers, because it is for later, or
   its sender wants to hear of it. */
bool smail__relay_wants(const struct smail__dialogue *dialogue);
void smail__relay_take_local(struct smail__dialogue *dialogue);

/* At RCPT: what an account has no room for waits in the queue, if there is
   one; as smail__relay_forward(). */
bool smail__relay_can_wait(const struct smail__dialogue *dialogue);
int smail__relay_wait(struct smail__dialogue *dialogue, smail_id account);

/* At RCPT: addresses elsewhere, parted by newlines, to which an alias of ours
   leads; from a sender that leads back here (SRS). 0, SMAIL_ESTATE when nothing
   is passed on, or as smail__outgoing_add(). */
int smail__relay_forward(struct smail__dialogue *dialogue, smail_span list);

/* At RCPT: is this a bounce to a sender that we made up, and where does it
   go? */
bool smail__relay_unwrap(char address[SMAIL__SRS_ROOM],
                         const struct smail__dialogue *dialogue);

/* Before a RCPT is decided, and when it was refused: what was added for it is
   taken out again. */
void smail__relay_mark(struct smail__envelope *envelope);
void smail__relay_undo(struct smail__envelope *envelope);

/* The server's secret for that, from its store or into it. */
int smail__relay_open(smail_server *server, smail_error *err);

/* Content begins: all recipients are known. */
void smail__relay_begin_content(struct smail__envelope *envelope);

/* Content, as it is stored, behind Return-Path. */
void smail__relay_scan(struct smail__envelope *envelope, smail_span piece);

/* Have the transaction of `envelope->append` write the queue's rows, if there
   are any. */
void smail__relay_commit(struct smail__envelope *envelope, smail_store *store);

#endif
