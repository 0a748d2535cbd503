/* SPDX-License-Identifier: MIT */
/* mail.c - messages, what is known of their way, and how they have to end. */
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
    smail__format(person->address, sizeof(person->address), "%cm%ux%u@%s",
                  person->kind, message->number, number, person->domain->name);
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
    char destinations[SIM_PERSONS][SMAIL__ROUTE_NAME_MAX + 256];
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
        .ret = (int)sim_below(insertion->sim, 3),
        .created_at = now,
        .release_at = message->release_at,
        .warn_at = from + 4 * 3600,
        .expires_at = from + 5 * 86400,
    };
    for (size_t i = 0; i < message->person_count; i++) {
        struct person *person = &message->persons[i];
        smail_span domain = smail__span(person->domain->name);

        smail__route_destination(insertion->destinations[i],
                                 smail__routes_find(&insertion->sim->routes,
                                                    domain,
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

/* --- Notices ------------------------------------------------------------- */

static void count_action(struct person *person, smail_span action)
{
    if (smail__span_is(action, "failed"))
        person->failures++;
    else if (smail__span_is(action, "delayed"))
        person->delays++;
    else if (smail__span_is(action, "delivered"))
        person->successes++;
    else if (smail__span_is(action, "relayed"))
        person->relays++;
}

static smail_span next_line(smail_span *text)
{
    smail_span line = smail__span_cut(text, '\n');

    return smail__span_trim(line);
}

static void read_notice(struct sim *sim, smail_span text, const char *to)
{
    struct person *person = NULL;

    sim->notices++;
    while (text.len > 0) {
        smail_span line = next_line(&text);

        if (smail__span_istarts(line, "Final-Recipient: rfc822; ")) {
            person = mail_person(sim, smail__span_from(line, 25));
            if (person == NULL)
                sim_fail(sim, "a notice of nobody: %.*s",
                         SMAIL__SPAN_ARG(line));
            else if (strcmp(person->message->sender, to) != 0 ||
                     person->message->is_null)
                sim_fail(sim, "a notice of %s went to %s", person->address, to);
        } else if (person != NULL && smail__span_istarts(line, "Action: ")) {
            count_action(person, smail__span_from(line, 8));
        } else if (person != NULL && smail__span_istarts(line, "Status: ") &&
                   person->delays > 0 && person->failures == 0 &&
                   person->successes == 0 && person->relays == 0 &&
                   line.data[8] != '4') {
            sim_fail(sim, "a delay of status %.*s", SMAIL__SPAN_ARG(line));
        }
    }
}

/* --- Taken by a host ----------------------------------------------------- */

static bool is_as_sent(const struct message *message, smail_span got)
{
    smail_span text = { message->text, message->text_len };

    if (smail__span_equal(got, text))
        return true;
    return got.len == text.len + 2 &&
           smail__span_equal(smail__span_slice(got, 0, text.len), text) &&
           memcmp(got.data + text.len, "\r\n", 2) == 0;
}

void mail_taken(struct sim *sim, struct link *link)
{
    struct session *session = &link->session;

    sim->taken++;
    if (session->notice_to[0] != '\0' && session->sender[0] != '\0')
        sim_fail(sim, "a notice from %s", session->sender);
    for (size_t i = 0; i < session->person_count; i++) {
        struct person *person = session->persons[i];

        if (person->domain->kind != DOMAIN_RELAY &&
            person->domain != link->host->domain)
            sim_fail(sim, "%s came to %s", person->address, link->host->name);
        if (!is_as_sent(person->message, smail__buf_span(&session->content)))
            sim_fail(sim, "what came for %s is not what was sent",
                     person->address);
        if (person->taken > 0)
            sim->duplicates++;
        person->taken++;
    }
}

/* --- Written down -------------------------------------------------------- */

static void note_result(struct sim *sim, struct person *person,
                        const struct smail__settled *one, bool committed)
{
    smail_queue_outcome outcome = one->result.outcome;
    unsigned fresh =
        person->answered - person->excuses - (person->recorded_taken ? 1 : 0);
    bool counts = committed && !one->result.is_lost;
    bool ends = outcome == SMAIL_QUEUE_TAKEN ||
                outcome == SMAIL_QUEUE_REFUSED ||
                outcome == SMAIL_QUEUE_GIVEN_UP;

    if (fresh > 0 && outcome != SMAIL_QUEUE_TAKEN)
        sim_fail(sim, "%s was taken, and is recorded as %d", person->address,
                 (int)outcome);
    if (outcome == SMAIL_QUEUE_TAKEN && fresh == 0 &&
        person->domain->kind != DOMAIN_DISCARD)
        sim_fail(sim, "%s is recorded as taken, and was not", person->address);
    if (counts && ends) {
        if (person->recorded > 0)
            sim_fail(sim, "%s ends twice", person->address);
        person->recorded++;
        person->recorded_taken = outcome == SMAIL_QUEUE_TAKEN;
    } else {
        person->excuses += fresh;
    }
}

void mail_settled(struct sim *sim, const struct smail__settlement *settlement,
                  bool committed)
{
    for (size_t i = 0; i < settlement->count; i++) {
        const struct smail__settled *one = &settlement->list[i];
        struct person *person = mail_person(sim, one->recipient->recipient);

        if (person != NULL)
            note_result(sim, person, one, committed);
        else if (one->told != 0)
            sim_fail(sim, "a notice about a notice");
    }
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

/* --- The end ------------------------------------------------------------- */

static int see(const smail_queue_entry *entry, void *user)
{
    struct sim *sim = user;
    struct person *person = mail_person(sim, entry->recipient);

    if (entry->status == SMAIL_QUEUE_WAITING)
        sim_fail(sim, "%.*s still waits, after %u attempts: %.*s",
                 SMAIL__SPAN_ARG(entry->recipient), entry->attempts,
                 SMAIL__SPAN_ARG(entry->last_reply));
    if (person == NULL && !entry->is_notice)
        sim_fail(sim, "an entry of nobody");
    if (person == NULL)
        return 0;
    person->seen = true;
    person->status = entry->status;
    return 0;
}

static int count_waiting(const smail_queue_entry *entry, void *user)
{
    (void)entry;
    *(bool *)user = true;
    return 1;
}

bool mail_is_waiting(struct sim *sim)
{
    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;
    bool waits = false;

    query.statuses = 1u << SMAIL_QUEUE_WAITING;
    query.limit = 1;
    (void)smail_queue_list(sim->store, &query, count_waiting, &waits, NULL);
    return waits;
}

static void check_status(struct sim *sim, const struct person *person)
{
    const struct message *message = person->message;
    unsigned counted = person->answered - person->excuses;
    bool delivered = person->status == SMAIL_QUEUE_DELIVERED;
    bool free_to_go = !message->was_steered && !message->is_bad &&
                      sim->crashes == 0 && sim->lost_settlements == 0;
    bool can =
        person->domain->is_good && person->kind != 'n' && person->kind != 'w';

    if (!person->seen)
        sim_fail(sim, "%s is gone", person->address);
    if (delivered != person->recorded_taken)
        sim_fail(sim, "%s: status %d, recorded %d", person->address,
                 (int)person->status, (int)person->recorded_taken);
    if (person->domain->kind != DOMAIN_DISCARD &&
        counted != (delivered ? 1u : 0u))
        sim_fail(sim, "%s was taken %u times, %u excused", person->address,
                 person->answered, person->excuses);
    if (person->status == SMAIL_QUEUE_HELD && !message->was_steered &&
        sim->crashes + sim->lost_settlements < 3)
        sim_fail(sim, "%s is held, and nobody did that", person->address);
    if (person->status == SMAIL_QUEUE_CANCELLED && !message->was_steered)
        sim_fail(sim, "%s is cancelled, and nobody did that", person->address);
    if (free_to_go && can && !delivered)
        sim_fail(sim, "%s could have been delivered, and is %d",
                 person->address, (int)person->status);
    if (delivered && (person->domain->is_hopeless || message->is_bad) &&
        person->domain->kind != DOMAIN_DISCARD)
        sim_fail(sim, "%s cannot have been delivered", person->address);
}

static bool wanted(const struct person *person, unsigned what)
{
    return person->notify == 0 ? what != SMAIL_SMTP_NOTIFY_SUCCESS
                               : (person->notify & what) != 0;
}

static void check_notices(struct sim *sim, const struct person *person)
{
    const struct message *message = person->message;
    bool failed = person->status == SMAIL_QUEUE_FAILED;
    int failures =
        failed && !message->is_null && wanted(person, SMAIL_SMTP_NOTIFY_FAILURE)
            ? 1
            : 0;

    if (message->is_local ? person->failures != failures
                          : person->failures > failures)
        sim_fail(sim, "%s: %d notices of failure, not %d", person->address,
                 person->failures, failures);
    if (person->delays > (wanted(person, SMAIL_SMTP_NOTIFY_DELAY) ? 1 : 0))
        sim_fail(sim, "%s: %d notices of delay", person->address,
                 person->delays);
    if (person->successes + person->relays >
        (wanted(person, SMAIL_SMTP_NOTIFY_SUCCESS) &&
                 person->status == SMAIL_QUEUE_DELIVERED
             ? 1
             : 0))
        sim_fail(sim, "%s: %d notices of success", person->address,
                 person->successes + person->relays);
}

static void read_one(struct sim *sim, smail_id account, smail_id email)
{
    smail_content *content = NULL;
    size_t size;
    char *bytes;
    int64_t got;

    if (smail_content_open(&content, sim->store, account, email, NULL) < 0) {
        sim_fail(sim, "a notice cannot be read");
        return;
    }
    size = (size_t)smail_content_size(content);
    bytes = malloc(size + 1);
    if (bytes == NULL)
        abort();
    got = smail_content_read(bytes, content, 0, size, NULL);
    if (got == (int64_t)size)
        read_notice(sim, (smail_span){ bytes, size }, SIM_LOCAL_SENDER);
    free(bytes);
    smail_content_close(content);
}

static void read_notices(struct sim *sim)
{
    smail_query query = SMAIL_QUERY_INIT;
    smail_cursor *cursor = NULL;
    smail_entry entry;
    smail_id ids[1000];
    size_t count = 0;

    if (smail_account_find(&query.account, sim->store, SIM_LOCAL_SENDER, NULL) <
            0 ||
        smail_store_query(&cursor, sim->store, &query, NULL) < 0) {
        sim_fail(sim, "the sender's mailbox cannot be read");
        return;
    }
    while (count < sizeof(ids) / sizeof(ids[0]) &&
           smail_cursor_next(&entry, cursor, NULL) > 0)
        ids[count++] = entry.email;
    smail_cursor_free(cursor);
    for (size_t i = 0; i < count; i++)
        read_one(sim, query.account, ids[i]);
}

void mail_check(struct sim *sim)
{
    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;

    read_notices(sim);
    if (smail_queue_list(sim->store, &query, see, sim, NULL) < 0)
        sim_fail(sim, "the queue cannot be read");
    for (size_t i = 0; i < sim->message_count; i++)
        for (size_t p = 0; p < sim->messages[i].person_count; p++) {
            check_status(sim, &sim->messages[i].persons[p]);
            check_notices(sim, &sim->messages[i].persons[p]);
        }
}
