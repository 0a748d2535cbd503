/* SPDX-License-Identifier: MIT */
/* delivery/settle.c - see delivery/settle.h. */
#include "delivery/settle.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/span.h"
#include "delivery/local.h"
#include "delivery/notice.h"
#include "delivery/submission.h"
#include "store/change.h"

bool smail__settle_tells(const struct smail__settlement *settlement)
{
    for (size_t i = 0; i < settlement->count; i++)
        if (settlement->list[i].told != 0)
            return true;
    return false;
}

/* --- The record of a submission ------------------------------------------ */

static enum smail__delivered delivered_of(smail_queue_outcome outcome,
                                          bool is_local)
{
    switch (outcome) {
    case SMAIL_QUEUE_TAKEN: /* RFC 8621, 7: relayed, or arrived */
        return is_local ? SMAIL__DELIVERED_YES : SMAIL__DELIVERED_UNKNOWN;
    case SMAIL_QUEUE_REFUSED:
    case SMAIL_QUEUE_GIVEN_UP:
        return SMAIL__DELIVERED_NO;
    case SMAIL_QUEUE_PUT_OFF:
    case SMAIL_QUEUE_NOTED:
        break;
    }
    return SMAIL__DELIVERED_QUEUED;
}

static int record(smail_tx *tx, const struct smail__settlement *settlement,
                  smail_error *err)
{
    const struct smail__queue_message *message = settlement->message;
    int code = 0;

    if (message->submission == 0)
        return 0;
    for (size_t i = 0; code == 0 && i < settlement->count; i++) {
        const struct smail__settled *one = &settlement->list[i];

        if (one->result.outcome != 0 && !one->result.is_lost)
            code = smail__submission_note(
                tx, message->account, message->submission,
                one->recipient->recipient,
                delivered_of(one->result.outcome, settlement->is_local),
                one->result.reply, err);
    }
    if (code == 0)
        code = smail__tx_change_rare(
            tx, message->account, SMAIL__OBJECT_SUBMISSION, message->submission,
            SMAIL__OP_UPDATED, err);
    return code == SMAIL_ENOTFOUND ? 0 : code; /* the account may be gone */
}

int smail__settle(smail_tx *tx, const struct smail__settlement *settlement,
                  smail_error *err)
{
    struct smail__queue_result *results =
        calloc(settlement->count, sizeof(*results));
    int code;

    if (results == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    for (size_t i = 0; i < settlement->count; i++)
        results[i] = settlement->list[i].result;
    code =
        smail__queue_settle(tx, settlement->destination, settlement->token,
                            results, settlement->count, settlement->now, err);
    for (size_t i = 0; i < settlement->count; i++)
        settlement->list[i].result.is_lost = results[i].is_lost;
    free(results);
    return code == 0 ? record(tx, settlement, err) : code;
}

/* --- Behind the caller's back -------------------------------------------- */

static int job(smail_tx *tx, void *arg, smail_error *err)
{
    return smail__settle(tx, arg, err);
}

struct plain {
    const struct smail__settlement *settlement;
    void (*done)(const smail_error *error, void *arg);
    void *arg;
};

static int plain_job(smail_tx *tx, void *arg, smail_error *err)
{
    const struct plain *plain = arg;

    return job(tx, (void *)(uintptr_t)plain->settlement, err);
}

static void plain_done(const smail_error *error, void *arg)
{
    struct plain *plain = arg;

    plain->done(error, plain->arg);
    free(plain);
}

int smail__settle_later(smail_store *store,
                        const struct smail__settlement *settlement,
                        const char *hostname,
                        void (*done)(const smail_error *error, void *arg),
                        void *arg, smail_error *err)
{
    struct plain *plain;
    int code;

    if (settlement->is_local)
        return smail__local_later(store, settlement, hostname, done, arg, err);
    if (smail__settle_tells(settlement))
        return smail__notice_later(store, settlement, hostname, done, arg, err);
    plain = malloc(sizeof(*plain));
    if (plain == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    *plain = (struct plain){ settlement, done, arg };
    code = smail__store_write_later(store, plain_job, plain, plain_done, err);
    if (code < 0)
        free(plain);
    return code;
}
