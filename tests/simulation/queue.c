/* SPDX-License-Identifier: MIT */
/* queue.c - claims, settlements and contents, of a real store in memory. */
#include "sim.h"

struct errand {
    uint64_t request;
    const struct smail__queue_wish *wish;
    struct smail__queue_claim *claim;
    struct smail__courier *courier;
    const struct smail__settlement *settlement;
    int64_t token, until;
    bool failed, done;
};

static struct errand *new_errand(void)
{
    struct errand *errand = calloc(1, sizeof(*errand));

    if (errand == NULL)
        abort();
    return errand;
}

static int claim_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct errand *errand = arg;

    return smail__queue_claim(&errand->claim, tx, errand->wish, err);
}

static void on_claim(struct sim *sim, void *arg)
{
    struct errand *errand = arg;
    smail_error err = SMAIL_ERROR_INIT;

    if (sim->store_fails && sim_chance(sim, 50)) {
        smail__sender_claimed(sim->sender, errand->request, NULL, &err);
        return;
    }
    if (smail__store_write(sim->store, claim_job, errand, &err) < 0) {
        sim_fail(sim, "claim: %s", err.message);
        smail__sender_claimed(sim->sender, errand->request, NULL, &err);
        return;
    }
    if (errand->wish->destination.len == 0) {
        sim->knows_due = errand->claim->destination.len == 0;
        sim->next_due = errand->claim->next_due;
    }
    smail__sender_claimed(sim->sender, errand->request, errand->claim, NULL);
}

static void do_claim(void *world, uint64_t request,
                     const struct smail__queue_wish *wish)
{
    struct sim *sim = world;
    struct errand *errand = new_errand();

    errand->request = request;
    errand->wish = wish;
    sim->knows_due = false;
    sim_at(sim, sim_below(sim, 50), on_claim, errand, true, false);
}

static void on_settled(const smail_error *error, void *arg)
{
    struct errand *errand = arg;

    errand->done = true;
    errand->failed = error != NULL;
}

static void tell_settled(struct sim *sim, void *arg)
{
    struct errand *errand = arg;
    smail_error err = SMAIL_ERROR_INIT;

    (void)sim;
    smail__courier_settled(errand->courier, errand->failed ? &err : NULL);
}

/* It is written now, and the sender learns of it later: between the two it
 * may die. */
static void on_settle(struct sim *sim, void *arg)
{
    struct errand *errand = new_errand();
    smail_error err = SMAIL_ERROR_INIT;

    *errand = *(struct errand *)arg;
    if (sim->store_fails && sim_chance(sim, 50)) {
        errand->failed = true;
        sim->lost_settlements++;
    } else if (smail__settle_later(sim->store, errand->settlement, SIM_HOSTNAME,
                                   on_settled, errand, &err) < 0) {
        sim_fail(sim, "settle: %s", err.message);
        errand->failed = true;
    } else {
        smail_store_run_batch(sim->store, sim_seconds(sim), NULL);
        if (!errand->done)
            sim_fail(sim, "a settlement is not answered");
    }
    mail_settled(sim, errand->settlement, !errand->failed);
    sim_at(sim, sim_below(sim, 50), tell_settled, errand, true, false);
}

static void do_settle(void *world, struct smail__courier *courier,
                      const struct smail__settlement *settlement)
{
    struct sim *sim = world;
    struct errand *errand = new_errand();

    errand->courier = courier;
    errand->settlement = settlement;
    sim_at(sim, sim_below(sim, 50), on_settle, errand, true, false);
}

static int renew_job(smail_tx *tx, void *arg, smail_error *err)
{
    const struct errand *errand = arg;
    uint64_t count;

    return smail__queue_renew(&count, tx, errand->token, errand->until, err);
}

static void do_renew(void *world, int64_t token, int64_t until)
{
    struct sim *sim = world;
    struct errand errand = { .token = token, .until = until };

    if (smail__store_write(sim->store, renew_job, &errand, NULL) < 0)
        sim_fail(sim, "renew");
}

/* --- Content ------------------------------------------------------------- */

static int do_open(void *world, void **content,
                   const struct smail__queue_message *message, smail_error *err)
{
    struct sim *sim = world;
    smail_content *opened = NULL;
    struct smail__db *db;
    int code = smail__store_begin_read(&db, sim->store, err);

    if (code < 0)
        return code;
    code = smail__content_open_blob(
        &opened, sim->store, db,
        (smail_span){ (const char *)message->name, sizeof(message->name) },
        err);
    smail__store_end_read(sim->store, db);
    if (code < 0)
        sim_fail(sim, "a message has no content: %s",
                 err != NULL ? err->message : "");
    else
        sim->open_contents++;
    *content = opened;
    return code;
}

static int64_t do_read(void *world, void *content, uint64_t offset, char *out,
                       size_t len, smail_error *err)
{
    struct sim *sim = world;

    if (sim->store_fails && sim_chance(sim, 10))
        return SMAIL_EIO;
    return smail_content_read(out, content, offset, len, err);
}

static void do_close_content(void *world, void *content)
{
    struct sim *sim = world;

    sim->open_contents--;
    smail_content_close(content);
}

void queue_make(struct smail__world *out)
{
    out->claim = do_claim;
    out->settle = do_settle;
    out->renew = do_renew;
    out->open = do_open;
    out->read = do_read;
    out->close_content = do_close_content;
}
