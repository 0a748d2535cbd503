/* SPDX-License-Identifier: MIT */
/* cmd_queue.c - mail on its way to other hosts: seen and steered. */
#include <string.h>
#include <time.h>

#include <smtpmail/queue.h>

#include "base/date.h"
#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "dns/idna.h"
#include "queue.h"

/* A domain, or a route behind its "@". */
#define DESTINATION_ROOM (SMAIL_DOMAIN_MAX + 1)

const struct column queue_columns[] = {
    { .name = "id" },
    { .name = "queueId", .is_hidden = true },
    { .name = "status" },
    { .name = "from", .width = 32 },
    { .name = "to", .width = 32 },
    { .name = "destination", .is_hidden = true },
    { .name = "createdAt" },
    { .name = "nextAttempt" },
    { .name = "lastAttempt", .is_hidden = true },
    { .name = "expiresAt", .is_hidden = true },
    { .name = "attempts" },
    { .name = "priority", .is_hidden = true },
    { .name = "size", .is_hidden = true },
    { .name = "messageId", .is_hidden = true },
    { .name = "subject", .is_hidden = true },
    { .name = "account", .is_hidden = true },
    { .name = "lastHost", .is_hidden = true },
    { .name = "lastTls", .is_hidden = true },
    { .name = "lastReply", .width = 48 },
    { .name = NULL },
};

static bool has_ended(const smail_queue_entry *entry)
{
    return entry->status != SMAIL_QUEUE_WAITING &&
           entry->status != SMAIL_QUEUE_HELD;
}

static void report_address(struct report *report, smail_span address)
{
    if (address.len == 0)
        report_string(report, "<>");
    else
        report_text(report, address);
}

void queue_report(struct report *report, const smail_queue_entry *entry)
{
    bool trying = entry->is_leased && !has_ended(entry);
    char id[48], priority[16];

    smail__format(id, sizeof(id), "%lld.%lld", (long long)entry->message,
                  (long long)entry->recipient_id);
    report_string(report, id);
    report_string(report, entry->queue_id);
    report_string(report,
                  trying ? "sending" : smail_queue_status_name(entry->status));
    report_address(report, entry->sender);
    report_address(report, entry->recipient);
    report_text(report, entry->destination);
    report_time(report, entry->created_at);
    report_time(report, trying || entry->status != SMAIL_QUEUE_WAITING
                            ? 0
                            : entry->next_attempt);
    report_time(report, entry->last_attempt);
    report_time(report, entry->expires_at);
    report_uint(report, entry->attempts);
    smail__format(priority, sizeof(priority), "%d", (int)entry->priority);
    report_string(report, priority);
    report_uint(report, entry->size);
    report_text(report, entry->message_id);
    report_text(report, entry->subject);
    report_optional(report, (uint64_t)entry->account);
    report_text(report, entry->last_host);
    report_text(report, entry->last_tls);
    report_text(report, entry->last_reply);
}

/* --- Which --------------------------------------------------------------- */

/* "17", "17.2" (its second recipient), or 32 hexadecimal digits. */
static int read_id(smail_queue_query *query, struct ctl *ctl, const char *text)
{
    smail_span left = smail__span(text);
    uint64_t number;

    if (strlen(text) == SMAIL_QUEUE_ID_LEN) {
        query->queue_id = text;
        return 0;
    }
    if (smail__span_number(&number, smail__span_cut(&left, '.')) != 0 ||
        number == 0 || number > INT64_MAX)
        return ctl_usage(ctl,
                         "'%s' is no id of the queue: a number, as 17, or "
                         "17.2 for one recipient, or the id of the log",
                         text);
    query->message = (smail_id)number;
    if (left.len > 0) {
        if (smail__span_number(&number, left) != 0 || number == 0)
            return ctl_usage(ctl, "'%s' is no id of the queue", text);
        query->recipient_id = (smail_id)number;
    }
    return 0;
}

static int read_status(smail_queue_query *query, struct ctl *ctl,
                       const char *text)
{
    for (int i = 0; i <= SMAIL_QUEUE_CANCELLED; i++)
        if (strcmp(text, smail_queue_status_name((smail_queue_status)i)) == 0) {
            query->statuses |= 1u << i;
            return 0;
        }
    if (strcmp(text, "all") == 0) {
        query->statuses = 0x1f;
        return 0;
    }
    return ctl_usage(ctl,
                     "--status is waiting, held, delivered, failed, cancelled "
                     "or all");
}

/* A domain as the queue has it, in lower case and by A-labels; a route's name,
 * "@smarthost", is as it is. */
static int read_destination(char out[DESTINATION_ROOM], struct ctl *ctl,
                            const char *text)
{
    if (text[0] == '@' || text[0] == '[') {
        smail__format(out, DESTINATION_ROOM, "%s", text);
        return 0;
    }
    if (smail__idna_to_ascii(out, smail__span(text)) != 0)
        return ctl_usage(ctl, "'%s' is no domain", text);
    return 0;
}

static int read_query(smail_queue_query *query, char room[DESTINATION_ROOM],
                      struct ctl *ctl)
{
    const char *domain = ctl_option(ctl, "domain");
    const char *status = ctl_option(ctl, "status");
    const char *account = ctl_option(ctl, "account");
    int rc = 0;

    query->sender = ctl_option(ctl, "from");
    query->recipient = ctl_option(ctl, "to");
    if (domain != NULL)
        rc = read_destination(room, ctl, domain);
    query->destination = domain != NULL ? room : NULL;
    if (rc == 0 && account != NULL)
        rc =
            smail_account_find(&query->account, ctl->store, account, &ctl->err);
    if (rc == 0 && status != NULL)
        rc = read_status(query, ctl, status);
    return rc;
}

/* --- list ---------------------------------------------------------------- */

static int print(const smail_queue_entry *entry, void *user)
{
    struct report *report = user;

    queue_report(report, entry);
    return report_row(report);
}

static int list(struct ctl *ctl)
{
    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;
    char room[DESTINATION_ROOM];
    struct report report;
    int rc = read_query(&query, room, ctl);

    if (rc != 0)
        return rc;
    /* What is over is asked for by name. */
    if (query.statuses == 0)
        query.statuses = 1u << SMAIL_QUEUE_WAITING | 1u << SMAIL_QUEUE_HELD;
    query.limit = ctl->limit;
    report_begin(&report, ctl, queue_columns, false);
    rc = smail_queue_list(ctl->store, &query, print, &report, &ctl->err);
    report_end(&report);
    return rc < 0 ? rc : 0;
}

static int print_destination(const smail_queue_destination *one, void *user)
{
    struct report *report = user;

    report_string(report, one->name);
    report_uint(report, one->waiting);
    report_time(report, one->next_due);
    report_bool(report, one->is_held);
    return report_row(report);
}

static int destinations(struct ctl *ctl)
{
    static const struct column columns[] = { { .name = "destination" },
                                             { .name = "waiting" },
                                             { .name = "nextAttempt" },
                                             { .name = "held" },
                                             { .name = NULL } };
    struct report report;
    int rc;

    report_begin(&report, ctl, columns, false);
    rc = smail_queue_destinations(ctl->store, print_destination, &report,
                                  &ctl->err);
    report_end(&report);
    return rc < 0 ? rc : 0;
}

/* --- show ---------------------------------------------------------------- */

static int find_message(const smail_queue_entry *entry, void *user)
{
    *(smail_id *)user = entry->message;
    return 1;
}

static int show(struct ctl *ctl)
{
    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;
    smail_id message = 0;
    int rc = read_id(&query, ctl, ctl->arguments[0]);

    if (rc == 0)
        rc = smail_queue_list(ctl->store, &query, find_message, &message,
                              &ctl->err);
    if (rc < 0)
        return rc;
    if (message == 0)
        return smail__fail(&ctl->err, SMAIL_ENOTFOUND,
                           "the queue has no message '%s'", ctl->arguments[0]);
    return queue_story(ctl, message);
}

/* --- Steering ------------------------------------------------------------ */

struct steering {
    struct report report;
    bool is_open;
};

static int steered(const smail_queue_entry *entry, void *user)
{
    struct steering *steering = user;

    queue_report(&steering->report, entry);
    return report_row(&steering->report);
}

/* Nothing named would be everything. */
static int check_named(struct ctl *ctl)
{
    if (ctl->argument_count > 0 || ctl_option(ctl, "all") != NULL ||
        ctl_option(ctl, "from") != NULL || ctl_option(ctl, "to") != NULL ||
        ctl_option(ctl, "domain") != NULL ||
        ctl_option(ctl, "status") != NULL || ctl_option(ctl, "account") != NULL)
        return 0;
    return ctl_usage(ctl, "which? ids, --from, --to, --domain, --account, "
                          "--status or --all");
}

static int read_time(int64_t *out, struct ctl *ctl)
{
    const char *at = ctl_option(ctl, "at");

    if (at == NULL || smail__date_parse_rfc3339(out, smail__span(at)) == 0)
        return 0;
    return ctl_usage(ctl, "--at is a time, as 2026-11-23T12:00:00Z");
}

static int steer_one(struct ctl *ctl, smail_queue_change *change,
                     smail_queue_query *query, struct steering *steering,
                     uint64_t *changed, uint64_t *busy)
{
    int rc = smail_queue_steer(ctl->store, change, query, steered, steering,
                               &ctl->err);

    *changed += change->changed;
    *busy += change->busy;
    return rc < 0 ? rc : 0;
}

static int steer_all(struct ctl *ctl, smail_queue_change *change,
                     struct steering *steering, uint64_t *changed,
                     uint64_t *busy)
{
    smail_queue_query base = SMAIL_QUEUE_QUERY_INIT;
    char room[DESTINATION_ROOM];
    int rc = read_query(&base, room, ctl);

    if (rc == 0 && ctl->argument_count == 0)
        rc = steer_one(ctl, change, &base, steering, changed, busy);
    for (size_t i = 0; rc == 0 && i < ctl->argument_count; i++) {
        smail_queue_query query = base;
        uint64_t before = *changed + *busy;

        rc = read_id(&query, ctl, ctl->arguments[i]);
        if (rc == 0)
            rc = steer_one(ctl, change, &query, steering, changed, busy);
        if (rc == 0 && *changed + *busy == before)
            rc = smail__fail(&ctl->err, SMAIL_ENOTFOUND,
                             "'%s': nothing in the queue that this can be "
                             "done to",
                             ctl->arguments[i]);
    }
    return rc;
}

static int steer(struct ctl *ctl, smail_queue_action action, const char *verb)
{
    smail_queue_change change = SMAIL_QUEUE_CHANGE_INIT;
    struct steering steering = { .is_open = true };
    uint64_t changed = 0, busy = 0;
    char busy_text[80] = "";
    int rc = check_named(ctl);

    change.action = action;
    change.now = (int64_t)time(NULL);
    change.dry_run = ctl_option(ctl, "dry-run") != NULL;
    if (rc == 0)
        rc = read_time(&change.at, ctl);
    if (rc != 0)
        return rc;
    report_begin(&steering.report, ctl, queue_columns, false);
    rc = steer_all(ctl, &change, &steering, &changed, &busy);
    report_end(&steering.report);
    if (busy > 0)
        smail__format(busy_text, sizeof(busy_text),
                      "; %llu left alone, being sent right now",
                      (unsigned long long)busy);
    if (rc == 0 && !ctl->json)
        smail__buf_printf(&ctl->out.buf, "%s%llu %s%s\n",
                          change.dry_run ? "would be: " : "",
                          (unsigned long long)changed, verb, busy_text);
    return rc;
}

static int hold(struct ctl *ctl)
{
    return steer(ctl, SMAIL_QUEUE_HOLD, "held");
}

static int release(struct ctl *ctl)
{
    return steer(ctl, SMAIL_QUEUE_RELEASE, "released");
}

static int retry(struct ctl *ctl)
{
    return steer(ctl, SMAIL_QUEUE_RETRY, "to be tried again");
}

static int cancel(struct ctl *ctl)
{
    return steer(ctl, SMAIL_QUEUE_CANCEL, "cancelled");
}

static int hold_destination(struct ctl *ctl, bool is_held)
{
    char name[DESTINATION_ROOM], sentence[512];
    int rc = read_destination(name, ctl, ctl->arguments[0]);

    if (rc == 0)
        rc = smail_queue_hold_destination(ctl->store, name, is_held, &ctl->err);
    if (rc != 0)
        return rc;
    smail__format(sentence, sizeof(sentence),
                  is_held ? "nothing is sent to %s now" : "sending to %s again",
                  name);
    return ctl_done(ctl, "destination", name, sentence);
}

static int suspend(struct ctl *ctl)
{
    return hold_destination(ctl, true);
}

static int resume(struct ctl *ctl)
{
    return hold_destination(ctl, false);
}

/* --- tls ----------------------------------------------------------------- */

static int print_tls(const smail_tls_result *one, void *user)
{
    struct report *report = user;
    char day[SMAIL__DATE_MAX];

    smail__date_rfc3339(day, one->day);
    report_text(report, (smail_span){ day, sizeof("2026-11-23") - 1 });
    report_string(report, one->domain);
    report_string(report, smail_tls_policy_name(one->policy));
    report_string(report, one->host);
    report_string(report, one->result);
    report_uint(report, one->sessions);
    return report_row(report);
}

static int tls(struct ctl *ctl)
{
    static const struct column columns[] = {
        { .name = "day" },  { .name = "domain" }, { .name = "policy" },
        { .name = "host" }, { .name = "result" }, { .name = "sessions" },
        { .name = NULL }
    };
    smail_tls_result_query query = SMAIL_TLS_RESULT_QUERY_INIT;
    const char *domain = ctl_option(ctl, "domain");
    char room[DESTINATION_ROOM];
    struct report report;
    int rc;

    if (domain != NULL && (rc = read_destination(room, ctl, domain)) != 0)
        return rc;
    query.domain = domain != NULL ? room : NULL;
    query.limit = ctl->limit;
    report_begin(&report, ctl, columns, false);
    rc = smail_tls_result_list(ctl->store, &query, print_tls, &report,
                               &ctl->err);
    report_end(&report);
    return rc < 0 ? rc : 0;
}

#define WHICH                                                                  \
    { "from", "ADDRESS",                                                       \
      "of this sender; @domain for all of one, <> for "                        \
      "notices" },                                                             \
        { "to", "ADDRESS", "for this recipient, or @domain" },                 \
        { "domain", "NAME", "of this destination" },                           \
        { "account", "ADDRESS", "sent by this account" },                      \
    {                                                                          \
        "status", "WORD", "waiting, held, delivered, failed, cancelled or all" \
    }

static const struct option list_options[] = { WHICH, { NULL, NULL, NULL } };

static const struct option steer_options[] = { WHICH,
                                               { "all", NULL, "all there is" },
                                               { "dry-run", NULL,
                                                 "only say which" },
                                               { NULL, NULL, NULL } };

static const struct option retry_options[] = {
    WHICH,
    { "all", NULL, "all there is" },
    { "dry-run", NULL, "only say which" },
    { "at", "TIME", "not now, but then" },
    { NULL, NULL, NULL }
};

static const struct option tls_options[] = {
    { "domain", "NAME", "to hosts of this domain" }, { NULL, NULL, NULL }
};

static const struct command items[] = {
    { "queue", "list", "", "what waits to be sent, a line for each recipient",
      0, 0, STORE, list_options, list },
    { "queue", "show", "ID", "one message, with all attempts", 1, 1, STORE,
      NULL, show },
    { "queue", "retry", "[ID]...", "try it now", 0, ARGUMENTS_MAX, STORE,
      retry_options, retry },
    { "queue", "hold", "[ID]...", "keep it until it is released", 0,
      ARGUMENTS_MAX, STORE, steer_options, hold },
    { "queue", "release", "[ID]...", "of what is held", 0, ARGUMENTS_MAX, STORE,
      steer_options, release },
    { "queue", "cancel", "[ID]...", "take it out; nobody is told", 0,
      ARGUMENTS_MAX, STORE, steer_options, cancel },
    { "queue", "destinations", "", "where mail waits to go", 0, 0, STORE, NULL,
      destinations },
    { "queue", "suspend", "DESTINATION", "send nothing there", 1, 1, STORE,
      NULL, suspend },
    { "queue", "resume", "DESTINATION", "send there again", 1, 1, STORE, NULL,
      resume },
    { "queue", "tls", "", "how sessions with other hosts were secured, by day",
      0, 0, STORE, tls_options, tls },
};

const struct commands queue_commands = { items,
                                         sizeof(items) / sizeof(items[0]) };
