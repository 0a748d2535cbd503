/* SPDX-License-Identifier: MIT */
/* mail_check.c - what is known of a message's way, and how it has to end. */
#include <smtpmail/account.h>
#include <smtpmail/queue.h>

#include "sim.h"

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
        if (person->message->requires_tls && !person->message->is_null &&
            !session->verified)
            sim_fail(sim, "%s came without the TLS that was demanded",
                     person->address);
        if (person->message->by_mode == SMAIL_SMTP_BY_RETURN &&
            sim_seconds(sim) > person->message->by_at + 7200)
            sim_fail(sim, "%s came too late", person->address);
        if (person->taken > 0)
            sim->duplicates++;
        person->taken++;
    }
}

/* --- Written down -------------------------------------------------------- */

static bool is_by_smtp(const struct person *person)
{
    return person->domain->kind != DOMAIN_DISCARD &&
           person->domain->kind != DOMAIN_HERE;
}

static void note_result(struct sim *sim, struct person *person,
                        const struct smail__settled *one, bool committed)
{
    smail_queue_outcome outcome = one->result.outcome;
    unsigned known = person->excuses + (person->recorded_taken ? 1 : 0);
    unsigned fresh = person->answered > known ? person->answered - known : 0;
    bool counts = committed && !one->result.is_lost;
    bool ends = outcome == SMAIL_QUEUE_TAKEN ||
                outcome == SMAIL_QUEUE_REFUSED ||
                outcome == SMAIL_QUEUE_GIVEN_UP;

    if (fresh > 0 && outcome != SMAIL_QUEUE_TAKEN && sim->thefts == 0)
        sim_fail(sim, "%s was taken, and is recorded as %d", person->address,
                 (int)outcome);
    if (outcome == SMAIL_QUEUE_TAKEN && fresh == 0 && sim->thefts == 0 &&
        is_by_smtp(person))
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

static void check_status(struct sim *sim, const struct person *person)
{
    const struct message *message = person->message;
    unsigned counted = person->answered - person->excuses;
    bool delivered = person->status == SMAIL_QUEUE_DELIVERED;
    bool free_to_go =
        !message->requires_tls && message->by_mode != SMAIL_SMTP_BY_RETURN &&
        !message->was_steered && !message->is_bad && sim->crashes == 0 &&
        sim->lost_settlements == 0 && sim->thefts == 0;
    bool can =
        person->domain->is_good && person->kind != 'n' && person->kind != 'w';

    if (!person->seen)
        sim_fail(sim, "%s is gone", person->address);
    if (delivered != person->recorded_taken)
        sim_fail(sim, "%s: status %d, recorded %d", person->address,
                 (int)person->status, (int)person->recorded_taken);
    if (is_by_smtp(person) && sim->thefts == 0 &&
        counted != (delivered ? 1u : 0u))
        sim_fail(sim, "%s was taken %u times, %u excused", person->address,
                 person->answered, person->excuses);
    if (person->status == SMAIL_QUEUE_HELD && !message->was_steered &&
        sim->crashes + sim->lost_settlements + sim->thefts < 3)
        sim_fail(sim, "%s is held, and nobody did that", person->address);
    if (person->status == SMAIL_QUEUE_CANCELLED && !message->was_steered)
        sim_fail(sim, "%s is cancelled, and nobody did that", person->address);
    if (free_to_go && can && !delivered)
        sim_fail(sim, "%s could have been delivered, and is %d",
                 person->address, (int)person->status);
    if (delivered && is_by_smtp(person) &&
        (person->domain->is_hopeless || message->is_bad))
        sim_fail(sim, "%s cannot have been delivered", person->address);
}

static bool wanted(const struct person *person, unsigned what)
{
    return person->notify == 0 ? what != SMAIL_SMTP_NOTIFY_SUCCESS
                               : (person->notify & what) != 0;
}

/* RFC 2852, 4.1.4.2: by N without asking for it. */
static bool wants_delays(const struct person *person)
{
    return wanted(person, SMAIL_SMTP_NOTIFY_DELAY) ||
           (person->message->by_mode == SMAIL_SMTP_BY_NOTIFY &&
            person->notify != SMAIL_SMTP_NOTIFY_NEVER);
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
    if (person->delays > (wants_delays(person) ? 1 : 0))
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
