/* SPDX-License-Identifier: MIT */
/* server/outbound_store.c - what the sender asks of the store: done there by
 * its writer, told on the loop. */
#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "delivery/settle.h"
#include "server/outbound.h"
#include "store/content.h"

struct errand {
    struct smail__task task;
    smail_outbound *outbound;
    uint64_t request;
    const struct smail__queue_wish *wish;
    struct smail__queue_claim *claim;
    struct smail__courier *courier;
    int64_t token, until;
    bool failed;
    smail_error error;
};

static struct errand *new_errand(smail_outbound *outbound,
                                 void (*told)(struct smail__task *task))
{
    struct errand *errand = calloc(1, sizeof(*errand));

    if (errand == NULL)
        return NULL;
    errand->outbound = outbound;
    errand->task.run = told;
    outbound->errands++;
    return errand;
}

/* On a thread of the store. */
static void done(const smail_error *error, void *arg)
{
    struct errand *errand = arg;

    if (error != NULL) {
        errand->failed = true;
        errand->error = *error;
    }
    smail__loop_post(errand->outbound->loop, &errand->task);
}

/* It could not even be begun: told all the same, and not from within. */
static void fail(struct errand *errand, const smail_error *err)
{
    errand->failed = true;
    errand->error = *err;
    smail__loop_post(errand->outbound->loop, &errand->task);
}

static void end(struct errand *errand)
{
    smail_outbound *outbound = errand->outbound;

    if (errand->failed)
        smail__outbound_say(outbound, SMAIL__LOG_ERROR, "queue_failed",
                            errand->error.message);
    outbound->errands--;
    free(errand);
    smail__outbound_pump(outbound);
}

/* --- Claims -------------------------------------------------------------- */

static int claim_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct errand *errand = arg;

    return smail__queue_claim(&errand->claim, tx, errand->wish, err);
}

static void claimed(struct smail__task *task)
{
    struct errand *errand = (struct errand *)task;
    struct smail__queue_claim *claim = errand->claim;

    if (errand->failed) {
        smail__queue_claims_free(claim);
        claim = NULL;
    }
    smail__outbound_now(errand->outbound);
    smail__sender_claimed(errand->outbound->sender, errand->request, claim,
                          errand->failed ? &errand->error : NULL);
    end(errand);
}

void smail__outbound_claim(void *world, uint64_t request,
                           const struct smail__queue_wish *wish)
{
    smail_outbound *outbound = world;
    struct errand *errand = new_errand(outbound, claimed);
    smail_error err = SMAIL_ERROR_INIT;

    if (errand == NULL)
        return; /* the sender has a net for claims that are never answered */
    errand->request = request;
    errand->wish = wish;
    if (smail__store_write_later(outbound->store, claim_job, errand, done,
                                 &err) < 0)
        fail(errand, &err);
}

/* --- Settlements --------------------------------------------------------- */

static void settled(struct smail__task *task)
{
    struct errand *errand = (struct errand *)task;

    smail__outbound_now(errand->outbound);
    smail__courier_settled(errand->courier,
                           errand->failed ? &errand->error : NULL);
    end(errand);
}

void smail__outbound_settle(void *world, struct smail__courier *courier,
                            const struct smail__settlement *settlement)
{
    smail_outbound *outbound = world;
    struct errand *errand = new_errand(outbound, settled);
    smail_error err = SMAIL_ERROR_INIT;

    if (errand == NULL)
        return;
    errand->courier = courier;
    if (smail__settle_later(outbound->store, settlement,
                            outbound->options.hostname, done, errand, &err) < 0)
        fail(errand, &err);
}

/* --- Leases -------------------------------------------------------------- */

static int renew_job(smail_tx *tx, void *arg, smail_error *err)
{
    const struct errand *errand = arg;
    uint64_t count;

    return smail__queue_renew(&count, tx, errand->token, errand->until, err);
}

static void renewed(struct smail__task *task)
{
    end((struct errand *)task);
}

void smail__outbound_renew(void *world, int64_t token, int64_t until)
{
    smail_outbound *outbound = world;
    struct errand *errand = new_errand(outbound, renewed);
    smail_error err = SMAIL_ERROR_INIT;

    if (errand == NULL)
        return;
    errand->token = token;
    errand->until = until;
    if (smail__store_write_later(outbound->store, renew_job, errand, done,
                                 &err) < 0)
        fail(errand, &err);
}

struct recovery {
    smail_id in_hand;
    int64_t now;
};

static int recover_job(smail_tx *tx, void *arg, smail_error *err)
{
    const struct recovery *recovery = arg;

    return smail__queue_recover(tx, recovery->in_hand, recovery->now, err);
}

int smail__outbound_recover(smail_outbound *outbound, smail_id in_hand,
                            smail_error *err)
{
    struct recovery recovery = { in_hand, (int64_t)time(NULL) };

    return smail__store_write(outbound->store, recover_job, &recovery, err);
}

/* --- Content ------------------------------------------------------------- */

int smail__outbound_open(void *world, void **content,
                         const struct smail__queue_message *message,
                         smail_error *err)
{
    smail_outbound *outbound = world;
    smail_content *opened = NULL;
    struct smail__db *db;
    int code = smail__store_begin_read(&db, outbound->store, err);

    if (code < 0)
        return code;
    code = smail__content_open_blob(
        &opened, outbound->store, db,
        (smail_span){ (const char *)message->name, sizeof(message->name) },
        err);
    smail__store_end_read(outbound->store, db);
    *content = opened;
    return code;
}

int64_t smail__outbound_read(void *world, void *content, uint64_t offset,
                             char *out, size_t len, smail_error *err)
{
    (void)world;
    return smail_content_read(out, content, offset, len, err);
}

void smail__outbound_close(void *world, void *content)
{
    (void)world;
    smail_content_close(content);
}
