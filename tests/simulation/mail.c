/* SPDX-License-Identifier: MIT */
/* mail.c - messages, and what is done to them from outside. */
#include <smtpmail/account.h>
#include <smtpmail/queue.h>

#include "sim.h"

#define TEXT_MAX 60000

/* --- Making them --------------------------------------------------------- */

static const char kinds[] = "kkkkkkknnffgggw";

static void make_person(struct sim *sim, struct message *message,
                        unsigned number)
{
    static const unsigned wishes[] = { 0,
                                       0,
                                       0,
                                       SMAIL_SMTP_NOTIFY_NEVER,
                                       SMAIL_SMTP_NOTIFY_SUCCESS |
                                           SMAIL_SMTP_NOTIFY_FAILURE,
                                       SMAIL_SMTP_NOTIFY_FAILURE,
                                       SMAIL_SMTP_NOTIFY_DELAY,
                                       SMAIL_SMTP_NOTIFY_SUCCESS |
                                           SMAIL_SMTP_NOTIFY_FAILURE |
                                           SMAIL_SMTP_NOTIFY_DELAY };
    struct person *person = &message->persons[number];

    person->message = message;
    person->number = number;
    person->domain = &sim->domains[sim_below(sim, sim->domain_count)];
    person->kind = kinds[sim_below(sim, sizeof(kinds) - 1)];
    person->full_for = 1 + sim_below(sim, 5);
    person->notify = wishes[sim_below(sim, sizeof(wishes) / sizeof(wishes[0]))];
    if (person->domain->kind == DOMAIN_HERE)
        smail__format(
            person->address, sizeof(person->address), "%s+m%ux%u@here.test",
            person->kind == 'n' ? "nobody" : "bob", message->number, number);
    else
        smail__format(person->address, sizeof(person->address), "%cm%ux%u@%s",
                      person->kind, message->number, number,
                      person->domain->name);
}

static void put_body_line(struct sim *sim, struct smail__buf *text)
{
    unsigned len = sim_below(sim, 78);

    if (sim_chance(sim, 100))
        smail__buf_putc(text, '.');
    if (sim_chance(sim, 30))
        len = 900;
    for (unsigned i = 0; i < len; i++)
        smail__buf_putc(text, (char)('a' + sim_below(sim, 26)));
    if (sim_chance(sim, 50))
        smail__buf_puts(text, "\xc3\xa4");
    smail__buf_puts(text, "\r\n");
}

static void make_text(struct sim *sim, struct message *message)
{
    struct smail__buf text;
    unsigned lines = sim_below(sim, sim_chance(sim, 50) ? 800 : 20);

    smail__buf_init(&text, TEXT_MAX, NULL);
    smail__buf_printf(&text,
                      "From: <%s>\r\nSubject: simulated %u\r\n"
                      "Message-ID: <m%u@here.test>\r\n\r\n",
                      message->sender, message->number, message->number);
    while (lines-- > 0 && text.len < TEXT_MAX - 2000)
        put_body_line(sim, &text);
    if (sim_chance(sim, 50))
        smail__buf_puts(&text, "the last line has no end");
    message->is_bad = sim_chance(sim, 30);
    if (message->is_bad)
        smail__buf_puts(&text, "a\nb\r\n");
    message->text = text.data;
    message->text_len = text.len;
}

struct insertion {
    struct message *message;
    struct sim *sim;
    const char *prefix;
    struct smail__queue_message queued;
    struct smail__queue_recipient list[SIM_PERSONS];
    char destinations[SIM_PERSONS][SMAIL__DESTINATION_ROOM];
};

static int insert_job(smail_tx *tx, smail_append *append, void *arg,
                      smail_error *err)
{
    struct insertion *insertion = arg;

    memcpy(insertion->queued.name, append->id, sizeof(insertion->queued.name));
    return smail__queue_insert(tx, &insertion->queued, insertion->list,
                               insertion->message->person_count, err);
}

static void fill_insertion(struct insertion *insertion)
{
    static const char skipped[] = "Return-Path: <>\r\n";
    struct message *message = insertion->message;
    int64_t now = sim_seconds(insertion->sim);
    int64_t from = message->release_at > now ? message->release_at : now;
    smail_smtp_content content = { 0 };

    smail_smtp_content_scan(&content,
                            (smail_span){ message->text, message->text_len });
    insertion->queued = (struct smail__queue_message){
        .skip = sizeof(skipped) - 1,
        .prefix = SMAIL__SPAN(""),
        .size = message->text_len,
        .sender = smail__span(message->is_null ? "" : message->sender),
        .envelope_id = SMAIL__SPAN(""),
        .message_id = SMAIL__SPAN(""),
        .subject = SMAIL__SPAN("simulated"),
        .body = smail_smtp_content_body(&content),
        .flags = (message->requires_tls ? SMAIL__QUEUE_REQUIRETLS : 0) |
                 (sim_chance(insertion->sim, 200) ? SMAIL__QUEUE_PRIORITY : 0),
        .priority = (int)sim_below(insertion->sim, 10) - 4,
        .by_mode = message->by_mode,
        .by_at = message->by_at,
        .ret = (int)sim_below(insertion->sim, 3),
        .created_at = now,
        .release_at = message->release_at,
        .warn_at = from + 4 * 3600,
        .expires_at = from + 5 * 86400,
    };
    for (size_t i = 0; i < message->person_count; i++) {
        struct person *person = &message->persons[i];
        smail_span domain = smail__span(person->domain->name);

        if (person->domain->kind == DOMAIN_HERE)
            domain = SMAIL__SPAN(SMAIL__ROUTE_HERE);
        smail__route_destination(
            insertion->destinations[i], &insertion->sim->routes,
            smail__routes_find(&insertion->sim->routes, domain,
                               insertion->queued.sender),
            domain);
        insertion->list[i] = (struct smail__queue_recipient){
            .recipient = smail__span(person->address),
            .destination = smail__span(insertion->destinations[i]),
            .notify = person->notify,
            .original_recipient = SMAIL__SPAN(""),
        };
    }
}

/* It comes in. */
static void on_message(struct sim *sim, void *arg)
{
    struct insertion *insertion = calloc(1, sizeof(*insertion));
    struct message *message = arg;
    smail_append *append = NULL;
    smail_error err = SMAIL_ERROR_INIT;
    int code;

    if (insertion == NULL)
        abort();
    insertion->message = message;
    insertion->sim = sim;
    if (message->release_at != 0)
        message->release_at += sim_seconds(sim);
    if (message->by_mode != SMAIL_SMTP_BY_UNSAID)
        message->by_at = (message->release_at != 0 ? message->release_at
                                                   : sim_seconds(sim)) +
                         1 + sim_below(sim, sim_chance(sim, 500) ? 600 : 86400);
    fill_insertion(insertion);
    code = smail_append_new(&append, sim->store, &err);
    if (code == 0)
        code = smail_append_write(append, SMAIL__SPAN("Return-Path: <>\r\n"),
                                  &err);
    if (code == 0)
        code = smail_append_write(
            append, (smail_span){ message->text, message->text_len }, &err);
    smail__append_also(append, insert_job, insertion);
    if (code == 0)
        code = smail_append_commit(append, NULL, 0, NULL, &err);
    if (code < 0)
        sim_fail(sim, "a message is not stored: %s", err.message);
    smail_append_free(append);
    message->id = insertion->queued.id;
    /* Five days, five more of a notice about it, and some. */
    if (sim->end < sim->now + 12 * SIM_DAY)
        sim->end = sim->now + 12 * SIM_DAY;
    free(insertion);
    sim->knows_due = false;
    smail__sender_poke(sim->sender);
}

void mail_make(struct sim *sim)
{
    sim->message_count = 1 + sim_below(sim, SIM_MESSAGES);
    for (unsigned i = 0; i < sim->message_count; i++) {
        struct message *message = &sim->messages[i];
        unsigned whose = sim_below(sim, 10);

        message->number = i;
        message->is_local = whose < 6;
        message->is_null = whose > 7;
        smail__format(message->sender, sizeof(message->sender), "s%u@%s", i,
                      sim->domains[sim_below(sim, sim->domain_count)].name);
        if (message->is_local)
            smail__format(message->sender, sizeof(message->sender), "%s",
                          SIM_LOCAL_SENDER);
        message->person_count = 1 + sim_below(sim, SIM_PERSONS);
        for (unsigned p = 0; p < message->person_count; p++)
            make_person(sim, message, p);
        make_text(sim, message);
        message->requires_tls = sim_chance(sim, 60);
        if (sim_chance(sim, 80))
            message->by_mode = sim_chance(sim, 500) ? SMAIL_SMTP_BY_RETURN
                                                    : SMAIL_SMTP_BY_NOTIFY;
        if (sim_chance(sim, 100))
            message->release_at = 1 + sim_below(sim, 86400);
        sim_at(sim,
               sim_chance(sim, 700) ? sim_below(sim, 5000)
                                    : sim_below(sim, 86400000),
               on_message, message, false, true);
    }
}

void mail_free(struct sim *sim)
{
    for (size_t i = 0; i < sim->message_count; i++)
        free(sim->messages[i].text);
}

struct person *mail_person(struct sim *sim, smail_span address)
{
    for (size_t i = 0; i < sim->message_count; i++)
        for (size_t p = 0; p < sim->messages[i].person_count; p++)
            if (smail__span_is(address, sim->messages[i].persons[p].address))
                return &sim->messages[i].persons[p];
    return NULL;
}

/* --- From outside -------------------------------------------------------- */

void mail_steer(struct sim *sim)
{
    smail_queue_change change = SMAIL_QUEUE_CHANGE_INIT;
    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;
    struct message *message =
        &sim->messages[sim_below(sim, (unsigned)sim->message_count)];
    smail_error err = SMAIL_ERROR_INIT;

    if (message->id == 0)
        return;
    change.action = (smail_queue_action)sim_below(sim, 4);
    change.now = sim_seconds(sim);
    query.message = message->id;
    if (sim_chance(sim, 500))
        query.recipient_id =
            1 + (smail_id)sim_below(sim, (unsigned)message->person_count);
    if (change.action != SMAIL_QUEUE_RETRY)
        message->was_steered = true;
    sim_trace(sim, "steer m%u: %d", message->number, (int)change.action);
    if (smail_queue_steer(sim->store, &change, &query, NULL, NULL, &err) < 0)
        sim_fail(sim, "steer: %s", err.message);
    sim->knows_due = false;
    smail__sender_poke(sim->sender);
}
