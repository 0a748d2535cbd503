/* SPDX-License-Identifier: MIT */
/*
 * world.c - what the sender asks of its world: names, connections, TLS.
 * Everything is answered later, as the real one does, and now and then not at
 * all.
 */
#include "sim.h"

/* What a connection holds before its writer has to wait. */
#define WINDOW ((size_t)65536)

/* --- Names --------------------------------------------------------------- */

struct question {
    uint64_t number;
    enum smail__dns_type type;
    char name[SMAIL__DNS_NAME_ROOM];
};

static void on_question(struct sim *sim, void *arg)
{
    struct question *question = arg;
    struct smail__dns_answer *answer =
        zone_answer(sim, question->name, question->type);

    smail__sender_answered(sim->sender, question->number, question->name,
                           question->type, answer);
    smail__dns_answer_free(answer);
}

static struct question *new_question(uint64_t number, const char *name,
                                     enum smail__dns_type type)
{
    struct question *question = calloc(1, sizeof(*question));

    if (question == NULL)
        abort();
    question->number = number;
    question->type = type;
    smail__format(question->name, sizeof(question->name), "%s", name);
    return question;
}

static void do_ask(void *world, uint64_t number, const char *name,
                   enum smail__dns_type type)
{
    struct sim *sim = world;

    sim_at(sim, 1 + sim_below(sim, 3000), on_question,
           new_question(number, name, type), true, false);
}

static void on_fetch(struct sim *sim, void *arg)
{
    struct question *question = arg;
    char hosts[128];
    enum smail__sts_mode mode =
        zone_sts(sim, question->name, hosts, sizeof(hosts));

    smail__sender_fetched(sim->sender, question->number, mode, hosts);
}

static void do_fetch_sts(void *world, uint64_t number, const char *domain)
{
    struct sim *sim = world;

    sim_at(sim, 1 + sim_below(sim, 5000), on_fetch,
           new_question(number, domain, SMAIL__DNS_TXT), true, false);
}

/* --- Connections --------------------------------------------------------- */

static void schedule_flush(struct sim *sim, struct link *link);
static void schedule_down(struct sim *sim, struct link *link);

static void shut(struct link *link)
{
    if (link->is_open && link->counted)
        link->host->domain->open--;
    link->is_open = false;
    smail__buf_clear(&link->up);
    smail__buf_clear(&link->down);
    smail__buf_clear(&link->heard);
}

/* The other side, or the line, has ended it. */
static void break_off(struct link *link, const char *why,
                      enum smail__tls_fault fault)
{
    struct smail__courier *courier = link->courier;

    shut(link);
    link->courier = NULL;
    if (courier != NULL)
        smail__courier_closed(courier, why, fault);
}

static void hear(struct sim *sim, struct link *link)
{
    smail_span input = smail__buf_span(&link->heard);
    size_t before = input.len;

    if (link->courier == NULL)
        return;
    smail__courier_input(link->courier, &input);
    link->consumed += before - input.len;
    if (link->is_open)
        smail__buf_consume(&link->heard, before - input.len);
    host_read_by(link, link->consumed);
    schedule_flush(sim, link);
}

static void on_up(struct sim *sim, void *arg)
{
    struct link *link = arg;
    struct smail__buf moved;

    link->up_scheduled = false;
    if (!link->is_open)
        return;
    smail__buf_init(&moved, WINDOW * 4, NULL);
    smail__buf_append(&moved, smail__buf_span(&link->up));
    if (!link->session.is_hung)
        smail__buf_clear(&link->up);
    host_input(sim, link, smail__buf_span(&moved));
    smail__buf_dispose(&moved);
    schedule_flush(sim, link);
    schedule_down(sim, link);
}

static void schedule_up(struct sim *sim, struct link *link)
{
    if (link->up_scheduled || link->up.len == 0 || link->session.is_hung)
        return;
    link->up_scheduled = true;
    sim_at(sim, 1 + sim_below(sim, 100), on_up, link, false, true);
}

static size_t piece(struct sim *sim, const struct link *link, size_t len)
{
    if (len <= 1)
        return len;
    if (link->host->pieces)
        return 1 + sim_below(sim, 3) % len;
    return sim_chance(sim, 900) ? len : 1 + sim_below(sim, (unsigned)len);
}

static void on_down(struct sim *sim, void *arg)
{
    struct link *link = arg;
    size_t len = link->down.len;

    link->down_scheduled = false;
    if (!link->is_open)
        return;
    if (link->session.is_reset) {
        break_off(link, "connection reset by peer", SMAIL__TLS_FAULT_NONE);
        return;
    }
    if (len > 0) {
        len = piece(sim, link, len);
        smail__buf_append(
            &link->heard,
            smail__span_slice(smail__buf_span(&link->down), 0, len));
        smail__buf_consume(&link->down, len);
        hear(sim, link);
    } else if (link->session.is_over) {
        break_off(link, "the host closed the connection",
                  SMAIL__TLS_FAULT_NONE);
    }
    schedule_down(sim, link);
}

static void schedule_down(struct sim *sim, struct link *link)
{
    if (link->down_scheduled || !link->is_open ||
        (link->down.len == 0 && !link->session.is_over))
        return;
    link->down_scheduled = true;
    sim_at(sim, 1 + sim_below(sim, 100) + link->session.delay, on_down, link,
           false, true);
    link->session.delay = 0;
}

/* What the sender has to say goes out. */
static void on_flush(struct sim *sim, void *arg)
{
    struct link *link = arg;

    link->flush_scheduled = false;
    while (link->is_open && link->courier != NULL && link->up.len < WINDOW) {
        smail_span output = smail__courier_output(link->courier);
        size_t len = output.len;

        if (len == 0)
            break;
        if (sim_chance(sim, 300))
            len = 1 + sim_below(sim, (unsigned)len);
        smail__buf_append(&link->up, smail__span_slice(output, 0, len));
        smail__courier_sent(link->courier, len);
    }
    schedule_up(sim, link);
}

static void schedule_flush(struct sim *sim, struct link *link)
{
    if (link->flush_scheduled || link->courier == NULL || !link->is_open)
        return;
    link->flush_scheduled = true;
    sim_at(sim, 0, on_flush, link, false, true);
}

/* As a real connection does: what is there is offered again, and what the
 * sender has to say is fetched. */
static void on_wake(struct sim *sim, void *arg)
{
    struct link *link = arg;

    if (link->is_open && link->courier != NULL)
        hear(sim, link);
}

static void do_wake(void *world, struct smail__courier *courier)
{
    struct sim *sim = world;
    struct link *link = smail__courier_link(courier);

    if (link != NULL)
        sim_at(sim, 0, on_wake, link, false, true);
}

static void do_close(void *world, struct smail__courier *courier, bool abort)
{
    struct link *link = smail__courier_link(courier);

    (void)world;
    smail__courier_set_link(courier, NULL);
    if (link == NULL || link->courier == NULL)
        return;
    link->courier = NULL;
    link->session.is_over = true;
    (void)abort;
    shut(link);
}

static void check_limits(struct sim *sim, const struct link *link)
{
    unsigned limit = sim->options.connections, open = 0, all = 0;
    const struct lane *lane = link->courier->lane;

    if (lane->route->connections != 0)
        limit = lane->route->connections;
    for (const struct link *one = sim->links; one != NULL; one = one->next) {
        if (!one->is_open || one->courier == NULL)
            continue;
        all++;
        if (strcmp(one->lane, link->lane) == 0 &&
            one->courier->state != COURIER_LEAVING)
            open++;
    }
    if (open > limit)
        sim_fail(sim, "%u sessions with %s, of %u", open, link->lane, limit);
    if (all > 2 * sim->options.sessions)
        sim_fail(sim, "%u sessions, of %u", all, sim->options.sessions);
}

static void on_connected(struct sim *sim, void *arg)
{
    struct link *link = arg;

    if (!link->is_open || link->courier == NULL)
        return;
    smail__courier_connected(link->courier, link->address);
    host_begin(sim, link);
    schedule_flush(sim, link);
    schedule_down(sim, link);
}

static void on_refused(struct sim *sim, void *arg)
{
    (void)sim;
    break_off(arg, "connection refused", SMAIL__TLS_FAULT_NONE);
}

static struct link *new_link(struct sim *sim, struct smail__courier *courier)
{
    struct link *link = calloc(1, sizeof(*link));

    if (link == NULL)
        abort();
    smail__buf_init(&link->up, 64 * WINDOW, NULL);
    smail__buf_init(&link->down, 64 * WINDOW, NULL);
    smail__buf_init(&link->heard, 64 * WINDOW, NULL);
    smail__format(link->lane, sizeof(link->lane), "%s", courier->lane->name);
    link->courier = courier;
    link->is_open = true;
    link->next = sim->links;
    sim->links = link;
    return link;
}

/* The first that answers; the last when none does. */
static void find_host(struct sim *sim, struct link *link,
                      const struct smail__endpoint *to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct host *host = zone_host(sim, &to[i]);

        link->host = host;
        link->address = i;
        if (host == NULL || host->domain->kind == DOMAIN_PRIVATE ||
            (!host->silent && !host->refuses))
            break;
    }
}

static void do_connect(void *world, struct smail__courier *courier,
                       const struct smail__endpoint *to, size_t count,
                       const struct smail__route *route)
{
    struct sim *sim = world;
    struct link *link = new_link(sim, courier);
    bool trouble;

    (void)route;
    smail__courier_set_link(courier, link);
    find_host(sim, link, to, count);
    if (link->host == NULL || link->host->domain->kind == DOMAIN_PRIVATE) {
        sim_fail(sim, "a connection to nowhere, for %s", link->lane);
        sim_at(sim, 10, on_refused, link, false, true);
        return;
    }
    link->counted = true;
    link->host->domain->open++;
    check_limits(sim, link);
    trouble = sim->now < link->host->domain->calm_from &&
              sim_chance(sim, link->host->faults / 2);
    sim_trace(sim, "connect %s for %s", link->host->name, link->lane);
    if (link->host->silent || (trouble && sim_chance(sim, 500)))
        return; /* nobody answers */
    sim_at(sim, 1 + sim_below(sim, 300),
           link->host->refuses || trouble ? on_refused : on_connected, link,
           false, true);
}

/* --- TLS ----------------------------------------------------------------- */

struct handshake {
    struct link *link;
    enum smail__tls_level level;
    size_t records;
};

static void on_handshake(struct sim *sim, void *arg)
{
    struct handshake *handshake = arg;
    struct link *link = handshake->link;
    enum tls_kind kind;
    struct smail__tls_got got = { "TLSv1.3", "TLS_AES_128_GCM_SHA256", false };
    bool good;

    if (!link->is_open || link->courier == NULL)
        return;
    kind = link->host->tls;
    good = kind == TLS_GOOD ||
           (kind == TLS_SELF && handshake->level != SMAIL__TLS_VERIFY);
    if (handshake->level == SMAIL__TLS_DANE && handshake->records == 0)
        good = false;
    if (!good) {
        break_off(link, "the certificate is not good", SMAIL__TLS_FAULT_TRUST);
        return;
    }
    got.is_verified = handshake->level >= SMAIL__TLS_VERIFY;
    smail__buf_clear(&link->heard);
    host_secured(link, got.is_verified);
    smail__courier_secured(link->courier, &got);
    schedule_flush(sim, link);
}

static void do_start_tls(void *world, struct smail__courier *courier,
                         const struct smail__tls_wish *wish)
{
    struct sim *sim = world;
    struct handshake *handshake = calloc(1, sizeof(*handshake));

    if (handshake == NULL)
        abort();
    handshake->link = smail__courier_link(courier);
    handshake->level = wish->level;
    handshake->records = wish->host->tlsa_count;
    sim_at(sim, 1 + sim_below(sim, 300), on_handshake, handshake, true, true);
}

/* --- The rest ------------------------------------------------------------ */

static uint64_t do_random(void *world)
{
    return sim_random(world);
}

static void do_log(void *world, const char *event,
                   const struct smail__queue_message *message,
                   const struct smail__settled *settled, smail_span detail)
{
    if (settled != NULL)
        sim_trace(world, "%s %.*s: %d %.*s", event,
                  SMAIL__SPAN_ARG(settled->recipient->recipient),
                  (int)settled->result.outcome, SMAIL__SPAN_ARG(detail));
    (void)message;
}

void world_make(struct smail__world *out, struct sim *sim)
{
    *out = (struct smail__world){
        .world = sim,
        .ask = do_ask,
        .fetch_sts = do_fetch_sts,
        .connect = do_connect,
        .start_tls = do_start_tls,
        .wake = do_wake,
        .close = do_close,
        .random = do_random,
        .log = do_log,
    };
    queue_make(out);
}

void world_crash(struct sim *sim)
{
    sim->life++; /* what was to be said to it is not */
    for (struct link *link = sim->links; link != NULL; link = link->next) {
        if (!link->is_open)
            continue;
        /* What was on its way arrives, or does not. */
        if (link->courier != NULL && sim_chance(sim, 500) &&
            !link->session.is_hung)
            host_input(sim, link, smail__buf_span(&link->up));
        link->courier = NULL;
        shut(link);
    }
}

void world_free_links(struct sim *sim)
{
    while (sim->links != NULL) {
        struct link *next = sim->links->next;

        smail__buf_dispose(&sim->links->up);
        smail__buf_dispose(&sim->links->down);
        smail__buf_dispose(&sim->links->heard);
        host_free(sim->links);
        free(sim->links);
        sim->links = next;
    }
}
