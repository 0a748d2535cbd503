/* SPDX-License-Identifier: MIT */
/*
 * delivery/outgoing.h - what of a message is for others, gathered while it
 * comes in, and put into the queue by the transaction that stores it.
 */
#ifndef SMAIL__DELIVERY_OUTGOING_H
#define SMAIL__DELIVERY_OUTGOING_H

#include <smtpmail/smtp_client.h>

#include "delivery/route.h"
#include "queue/queue.h"
#include "store/append.h"
#include "verify/dkim_sign.h"

/* After this long its sender is told of a delay, and then of the end
 * (RFC 5321, 4.5.4.1). */
#define SMAIL__WARN_SECONDS (4 * 3600)
#define SMAIL__EXPIRE_SECONDS (5 * 86400)

struct smail__outgoing {
    const struct smail__routes *routes;
    struct smail__queue_message message; /* the caller fills in what it knows:
            account, email, submission, kind, ret, flags, priority, by_*,
            release_at; strings are lent until insert() */
    struct smail__queue_recipient *recipients;
    size_t count, room;
    smail_smtp_content content;            /* of what is sent, by scan() */
    struct smail__dkim_signer *signer;     /* NULL: it is not ours to sign */
    struct smail__buf prefix;              /* what it wrote */
    uint32_t warn_seconds, expire_seconds; /* 0: the defaults above */
    char *sender;
};

void smail__outgoing_init(struct smail__outgoing *outgoing,
                          const struct smail__routes *routes);
void smail__outgoing_dispose(struct smail__outgoing *outgoing);

/* Whose message it is; copied. */
int smail__outgoing_sender(struct smail__outgoing *outgoing,
                           const smail_path *sender);

/* One recipient more; copied. `original` as in ORCPT, "type;address", or "".
 * The same address is not added twice. SMAIL_EMALFORMED for a domain that
 * makes no sense, SMAIL_ELIMIT. */
int smail__outgoing_add(struct smail__outgoing *outgoing,
                        const smail_path *recipient, unsigned notify,
                        smail_span original);

/* One that is here, and gets it by way of the queue. */
int smail__outgoing_add_local(struct smail__outgoing *outgoing,
                              const smail_path *recipient, unsigned notify,
                              smail_span original);

/* The first `count` of them stay. */
void smail__outgoing_truncate(struct smail__outgoing *outgoing, size_t count);

bool smail__outgoing_has(const struct smail__outgoing *outgoing,
                         smail_span recipient);

/* The bytes that are to be sent, all of them, in pieces. */
void smail__outgoing_scan(struct smail__outgoing *outgoing, smail_span piece);

/* From now on what scan() sees is to be signed: before the first piece. */
int smail__outgoing_will_sign(struct smail__outgoing *outgoing);

/* Behind the last piece, before the job: sign by the keys of the domain in
 * From, if it has any and the account may send as all whom From names. A
 * failure is the caller's to mind or not: the message
 * goes out unsigned. */
int smail__outgoing_sign(struct smail__outgoing *outgoing, smail_store *store,
                         int64_t now, smail_error *err);

/* In the job of `append` (smail__append_also()): the rows. `now` is when it
 * came. */
int smail__outgoing_insert(smail_tx *tx, smail_append *append,
                           struct smail__outgoing *outgoing, int64_t now,
                           smail_error *err);

#endif
