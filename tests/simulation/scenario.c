/* SPDX-License-Identifier: MIT */
/* scenario.c - what a seed makes: a net, its mail, troubles, and the end. */
#include <smtpmail/account.h>

#include "sim.h"

/* A scenario takes a few thousand. */
#define STEPS_MAX 3000000u
#define SPINS_MAX 1000u

static bool open_store(struct sim *sim)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    smail_account_options account = SMAIL_ACCOUNT_OPTIONS_INIT;
    smail_error err = SMAIL_ERROR_INIT;
    smail_id id;

    options.manual = true;
    account.bare = true;
    if (smail_store_open(&sim->store, "sqlite::memory:", &options, &err) < 0 ||
        smail_domain_add(&id, sim->store, "here.test", &err) < 0 ||
        smail_account_add(&id, sim->store, SIM_LOCAL_SENDER, &account, &err) <
            0 ||
        smail_account_add(&id, sim->store, "bob@here.test", &account, &err) <
            0) {
        sim_fail(sim, "no store: %s", err.message);
        return false;
    }
    return true;
}

static void choose_options(struct sim *sim)
{
    sim->options = (struct smail__sender_options){
        .hostname = SIM_HOSTNAME,
        .routes = &sim->routes,
        .sessions = 1 + sim_below(sim, 20),
        .connections = 1 + sim_below(sim, 5),
        .batch = 1 + sim_below(sim, 30),
        .recipients = 1 + sim_below(sim, 8),
        .mails = 1 + sim_below(sim, 10),
        .retry_min = 60 + sim_below(sim, 900),
        .retry_max = 3600 + sim_below(sim, 10800),
        .use_dane = true,
        .use_sts = true,
    };
    sim->store_fails = sim_chance(sim, 150);
}

static void new_sender(struct sim *sim)
{
    struct smail__world world;
    smail_error err = SMAIL_ERROR_INIT;

    world_make(&world, sim);
    if (smail__sender_new(&sim->sender, &sim->options, &world, &err) < 0)
        abort();
    smail__sender_time(sim->sender, sim->now, sim_seconds(sim));
    sim->knows_due = false;
}

static void end_sender(struct sim *sim)
{
    smail__sender_free(sim->sender);
    sim->sender = NULL;
    if (sim->open_contents > 0)
        sim_fail(sim, "%u contents are still open", sim->open_contents);
    sim->open_contents = 0;
}

/* --- Troubles ------------------------------------------------------------ */

static int recover_job(smail_tx *tx, void *arg, smail_error *err)
{
    return smail__queue_recover(tx, 0, sim_seconds(arg), err);
}

/* What was answered and not written down may come again. */
static void excuse_all(struct sim *sim)
{
    for (size_t i = 0; i < sim->message_count; i++)
        for (size_t p = 0; p < sim->messages[i].person_count; p++) {
            struct person *person = &sim->messages[i].persons[p];

            person->excuses =
                person->answered - (person->recorded_taken ? 1 : 0);
        }
}

static void on_crash(struct sim *sim, void *arg)
{
    (void)arg;
    sim_trace(sim, "crash");
    sim->crashes++;
    world_crash(sim);
    end_sender(sim);
    excuse_all(sim);
    new_sender(sim);
    if (sim_chance(sim, 500) &&
        smail__store_write(sim->store, recover_job, sim, NULL) < 0)
        sim_fail(sim, "the queue does not recover");
}

/* Somebody else takes over, as when a sender was stopped for an hour: all its
 * leases are void, and it does not know. */
static void on_theft(struct sim *sim, void *arg)
{
    (void)arg;
    sim_trace(sim, "leases are taken away");
    sim->thefts++;
    if (smail__store_write(sim->store, recover_job, sim, NULL) < 0)
        sim_fail(sim, "the queue does not recover");
    sim->knows_due = false;
    smail__sender_poke(sim->sender);
}

static void on_drain(struct sim *sim, void *arg)
{
    (void)arg;
    sim_trace(sim, "drain");
    smail__sender_drain(sim->sender);
}

static void on_drained(struct sim *sim, void *arg)
{
    (void)arg;
    if (!smail__sender_is_idle(sim->sender)) {
        on_crash(sim, NULL); /* its time was up */
        return;
    }
    sim->life++;
    end_sender(sim);
    new_sender(sim);
}

static void on_steer(struct sim *sim, void *arg)
{
    (void)arg;
    mail_steer(sim);
}

static uint64_t some_time(struct sim *sim)
{
    switch (sim_below(sim, 3)) {
    case 0:
        return sim_below(sim, 20000);
    case 1:
        return sim_below(sim, 3600000);
    default:
        return sim_below(sim, (unsigned)(4 * SIM_DAY));
    }
}

static void plan_troubles(struct sim *sim)
{
    unsigned crashes = sim_chance(sim, 400) ? 1 + sim_below(sim, 3) : 0;
    unsigned steers = sim_chance(sim, 250) ? 1 + sim_below(sim, 6) : 0;

    while (crashes-- > 0)
        sim_at(sim, some_time(sim), on_crash, NULL, false, true);
    while (steers-- > 0)
        sim_at(sim, some_time(sim), on_steer, NULL, false, true);
    if (sim_chance(sim, 150)) {
        unsigned thefts = 1 + sim_below(sim, 20);

        while (thefts-- > 0)
            sim_at(sim, some_time(sim), on_theft, NULL, false, true);
    }
    if (sim_chance(sim, 200)) {
        uint64_t at = some_time(sim);

        sim_at(sim, at, on_drain, NULL, false, true);
        sim_at(sim, at + sim_below(sim, 1200000), on_drained, NULL, false,
               true);
    }
}

/* --- Time ---------------------------------------------------------------- */

static void jump_to(struct sim *sim, uint64_t at)
{
    if (at > sim->now)
        sim->now = at;
    smail__sender_time(sim->sender, sim->now, sim_seconds(sim));
}

/* Nothing goes on, and the queue has said when something will. */
static bool skip(struct sim *sim)
{
    uint64_t at = 0;
    bool has_event = sim_next_at(sim, &at);

    if (!sim->knows_due || !smail__sender_is_idle(sim->sender))
        return false;
    if (sim->next_due != 0) {
        uint64_t due = (uint64_t)(sim->next_due - SIM_BEGIN) * 1000;

        if (!has_event || due < at)
            at = due + sim_below(sim, 2000);
        has_event = true;
    }
    if (!has_event) {
        sim->now = sim->end;
        return true;
    }
    jump_to(sim, at);
    smail__sender_poke(sim->sender);
    sim->knows_due = false;
    return true;
}

static void play(struct sim *sim)
{
    unsigned spins = 0;

    while (sim->now < sim->end && !sim->failed) {
        uint64_t before = sim->now, next = smail__sender_run(sim->sender);
        uint64_t at = UINT64_MAX;

        if (sim_next_at(sim, &at) && (at <= next || at <= sim->now)) {
            sim_run_event(sim);
            spins = 0;
        } else if (!skip(sim)) {
            if (next == UINT64_MAX)
                break;
            jump_to(sim, next);
        }
        spins = sim->now == before ? spins + 1 : 0;
        if (++sim->steps > STEPS_MAX || spins > SPINS_MAX)
            sim_fail(sim, "the sender runs in circles");
    }
}

/* --- The whole ----------------------------------------------------------- */

static void add_up(struct sim_sums *sums, const struct sim *sim)
{
    for (size_t i = 0; i < sim->message_count; i++)
        for (size_t p = 0; p < sim->messages[i].person_count; p++) {
            smail_queue_status status = sim->messages[i].persons[p].status;

            sums->persons++;
            sums->delivered += status == SMAIL_QUEUE_DELIVERED;
            sums->failed += status == SMAIL_QUEUE_FAILED;
            sums->held += status == SMAIL_QUEUE_HELD;
            sums->cancelled += status == SMAIL_QUEUE_CANCELLED;
        }
    sums->duplicates += sim->duplicates;
    sums->crashes += sim->crashes;
    sums->notices += sim->notices;
    sums->steps += sim->steps;
}

bool scenario_run(uint64_t seed, bool trace, struct sim_sums *sums)
{
    struct sim *sim = calloc(1, sizeof(*sim));
    bool good;

    if (sim == NULL)
        abort();
    sim->seed = seed;
    sim->state = seed;
    sim->trace = trace;
    sim->life = 1;
    sim->end = 7 * SIM_DAY;
    smail__routes_init(&sim->routes);
    zone_make(sim);
    choose_options(sim);
    if (open_store(sim)) {
        new_sender(sim);
        mail_make(sim);
        plan_troubles(sim);
        play(sim);
        end_sender(sim);
        if (!sim->failed)
            mail_check(sim);
    }
    add_up(sums, sim);
    good = !sim->failed;
    sim_forget_events(sim);
    world_free_links(sim);
    mail_free(sim);
    smail_store_close(sim->store);
    smail__routes_dispose(&sim->routes);
    free(sim);
    return good;
}
