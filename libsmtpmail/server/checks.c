/* SPDX-License-Identifier: MIT */
/*
 * server/checks.c - a chain of questions for the name, one for each list.
 *
 *   name:  PTR, then A or AAAA of each name until one leads back
 *   list:  A; if it is there: A of the test point, which must not be (a list
 *          that lists everything is ignored), then TXT
 */
#include "server/checks.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "dns/record.h"
#include "net/resolver.h"

#define NAMES_MAX 5      /* of one address that are looked at */
#define TXT_MAX 2048     /* octets of a list's words that are read */
#define WARN_SECONDS 600 /* between two words about one list */

enum step { ASK_LISTED, ASK_TEST_POINT, ASK_TEXT };

struct list {
    struct smail__query query;
    struct smail__checks *checks;
    unsigned index;
    enum step step;
};

struct smail__checks {
    struct smail__dialogue *dialogue;
    unsigned char address[16];
    bool is_ipv6;
    unsigned pending; /* chains that have not ended */

    struct smail__query query; /* for the name */
    char *names[NAMES_MAX];
    size_t name_count, name_at;

    struct list lists[];
};

static int ask(struct smail__checks *checks, struct smail__query *query,
               const char *name, enum smail__dns_type type)
{
    const struct smail__dialogue *dialogue = checks->dialogue;

    return smail__resolver_ask(dialogue->server->resolver, query,
                               dialogue->shard->loop, name, type);
}

static void checks_free(struct smail__checks *checks, unsigned lists)
{
    smail__query_cancel(&checks->query);
    for (unsigned i = 0; i < lists; i++)
        smail__query_cancel(&checks->lists[i].query);
    for (size_t i = 0; i < checks->name_count; i++)
        free(checks->names[i]);
    free(checks);
}

/* The recipient that waited need not any more. */
static void release(struct smail__dialogue *dialogue)
{
    if (!dialogue->is_held)
        return;
    dialogue->is_held = false;
    smail__timer_clear(&dialogue->hold, dialogue->shard->loop);
    if (dialogue->question != dialogue->held_question)
        return; /* the session ended meanwhile */
    smail__question_ask(dialogue, SMAIL__ASK_RCPT);
    smail__dialogue_resume(dialogue);
}

/* A chain has ended. With the last one goes `checks`. */
static void chain_ended(struct smail__checks *checks)
{
    struct smail__dialogue *dialogue = checks->dialogue;

    if (--checks->pending > 0)
        return;
    dialogue->checks = NULL;
    checks_free(checks, (unsigned)dialogue->settings->lists.count);
    release(dialogue);
}

/* --- The name ------------------------------------------------------------- */

static bool is_ours(const struct smail__checks *checks,
                    const struct smail__dns_answer *answer)
{
    unsigned char address[16];
    bool is_ipv6;

    for (size_t i = 0; i < answer->count; i++) {
        if (smail__dns_read_address(address, &is_ipv6, answer->records[i]) ==
                0 &&
            is_ipv6 == checks->is_ipv6 &&
            memcmp(address, checks->address, is_ipv6 ? 16 : 4) == 0)
            return true;
    }
    return false;
}

static void ask_next_name(struct smail__checks *checks)
{
    enum smail__dns_type type =
        checks->is_ipv6 ? SMAIL__DNS_AAAA : SMAIL__DNS_A;

    while (checks->name_at < checks->name_count) {
        if (ask(checks, &checks->query, checks->names[checks->name_at], type) ==
            0)
            return;
        checks->name_at++;
    }
    chain_ended(checks);
}

static void on_address(struct smail__query *query,
                       const struct smail__dns_answer *answer)
{
    struct smail__checks *checks =
        (struct smail__checks *)((char *)query -
                                 offsetof(struct smail__checks, query));

    if (!is_ours(checks, answer)) {
        checks->name_at++;
        ask_next_name(checks);
        return;
    }
    checks->dialogue->facts.name = checks->names[checks->name_at];
    checks->names[checks->name_at] = NULL;
    chain_ended(checks);
}

/* A name that fits a trace header, and is no word to deceive with. */
static bool is_host_name(const char *name)
{
    if (name[0] == '\0' || strlen(name) > SMAIL_DOMAIN_MAX)
        return false;
    for (; *name != '\0'; name++) {
        if (!smail__is_alnum(*name) && *name != '-' && *name != '.' &&
            *name != '_')
            return false;
    }
    return true;
}

static void on_names(struct smail__query *query,
                     const struct smail__dns_answer *answer)
{
    struct smail__checks *checks =
        (struct smail__checks *)((char *)query -
                                 offsetof(struct smail__checks, query));
    char name[SMAIL__DNS_NAME_ROOM];

    for (size_t i = 0; i < answer->count && checks->name_count < NAMES_MAX;
         i++) {
        if (smail__dns_read_name(name, answer->records[i]) != 0 ||
            !is_host_name(name))
            continue;
        checks->names[checks->name_count] = smail__strdup(name);
        if (checks->names[checks->name_count] != NULL)
            checks->name_count++;
    }
    query->done = on_address;
    ask_next_name(checks);
}

static void begin_name(struct smail__checks *checks)
{
    char name[SMAIL__DNS_NAME_ROOM];

    checks->query.done = on_names;
    if (smail__dns_reverse(name, checks->address, checks->is_ipv6, "") == 0 &&
        ask(checks, &checks->query, name, SMAIL__DNS_PTR) == 0)
        checks->pending++;
}

/* --- The lists ------------------------------------------------------------ */

static void warn(struct list *list, const char *why)
{
    smail_server *server = list->checks->dialogue->server;
    const char *zone =
        list->checks->dialogue->settings->lists.items[list->index].zone;
    int64_t now = (int64_t)time(NULL);
    int64_t before = atomic_load(&server->list_warned_at[list->index]);
    char text[SMAIL__BLOCK_ZONE_MAX + 120];

    if (now - before < WARN_SECONDS ||
        !atomic_compare_exchange_strong(&server->list_warned_at[list->index],
                                        &before, now))
        return;
    smail__format(text, sizeof(text), "%s: %s", zone, why);
    smail__report_plain(server, SMAIL__LOG_WARNING, "block_list_ignored",
                        "reason", text);
}

static bool is_listed(struct list *list, const struct smail__dns_answer *answer)
{
    bool listed = false;

    for (size_t i = 0; i < answer->count; i++) {
        switch (smail__block_answer_of(answer->records[i])) {
        case SMAIL__BLOCK_LISTED:
            listed = true;
            break;
        case SMAIL__BLOCK_ERROR:
            warn(list, "it refuses our questions (127.255.255.x); ask it by a "
                       "resolver of your own");
            return false;
        case SMAIL__BLOCK_OUTSIDE:
            warn(list, "its answer is not of 127.0.0.0/8");
            return false;
        }
    }
    return listed;
}

/* RFC 5782, 2.1 and 2.4: the words of the list are for the client. */
static void note(struct list *list, const struct smail__dns_answer *answer)
{
    struct smail__dialogue *dialogue = list->checks->dialogue;
    const struct smail__block_list *item =
        &dialogue->settings->lists.items[list->index];
    char words[SMAIL__BLOCK_REASON_MAX + 1] = "";
    char reason[SMAIL__BLOCK_REASON_MAX + SMAIL__BLOCK_ZONE_MAX + 120];
    struct smail__buf text;

    smail__buf_init(&text, TXT_MAX, NULL);
    if (answer->count > 0)
        (void)smail__dns_read_txt(&text, answer->records[0]);
    smail__block_clean(words, smail__buf_span(&text));
    smail__buf_dispose(&text);
    smail__format(reason, sizeof(reason), "Client [%s] is listed by %s%s%s",
                  dialogue->peer_text, item->zone, words[0] != '\0' ? ": " : "",
                  words);
    smail__report_event(dialogue->server, SMAIL__LOG_INFO, "listed", dialogue,
                        "reason", smail__span(reason));
    dialogue->facts.block_score += item->weight;
    if (item->weight > 0 && dialogue->facts.block_reason == NULL)
        dialogue->facts.block_reason = smail__strdup(reason);
}

static void ask_next_step(struct list *list)
{
    struct smail__checks *checks = list->checks;
    const char *zone =
        checks->dialogue->settings->lists.items[list->index].zone;
    char name[SMAIL__DNS_NAME_ROOM];
    int rc =
        list->step == ASK_TEST_POINT
            ? smail__block_test_name(name, checks->is_ipv6, zone)
            : smail__block_name(name, checks->address, checks->is_ipv6, zone);

    if (rc == 0)
        rc = ask(checks, &list->query, name,
                 list->step == ASK_TEXT ? SMAIL__DNS_TXT : SMAIL__DNS_A);
    if (rc != 0)
        chain_ended(checks);
}

static void on_list(struct smail__query *query,
                    const struct smail__dns_answer *answer)
{
    struct list *list =
        (struct list *)((char *)query - offsetof(struct list, query));
    bool goes_on = false;

    switch (list->step) {
    case ASK_LISTED:
        goes_on = is_listed(list, answer);
        break;
    case ASK_TEST_POINT:
        /* What nobody can tell now counts for the client. */
        goes_on = answer->status == SMAIL__DNS_NO_NAME ||
                  answer->status == SMAIL__DNS_NO_DATA;
        if (answer->status == SMAIL__DNS_FOUND)
            warn(list, "it lists everything (127.0.0.1 too)");
        break;
    case ASK_TEXT:
        note(list, answer);
        break;
    }
    if (!goes_on) {
        chain_ended(list->checks);
        return;
    }
    list->step = list->step == ASK_LISTED ? ASK_TEST_POINT : ASK_TEXT;
    ask_next_step(list);
}

static void begin_lists(struct smail__checks *checks)
{
    const struct smail__block_lists *lists = &checks->dialogue->settings->lists;

    for (unsigned i = 0; i < lists->count; i++) {
        struct list *list = &checks->lists[i];
        char name[SMAIL__DNS_NAME_ROOM];

        list->query.done = on_list;
        list->checks = checks;
        list->index = i;
        if (smail__block_name(name, checks->address, checks->is_ipv6,
                              lists->items[i].zone) == 0 &&
            ask(checks, &list->query, name, SMAIL__DNS_A) == 0)
            checks->pending++;
    }
}

/* --- For the dialogue ----------------------------------------------------- */

/* IPv4 in IPv6 is IPv4, in every list. */
static void set_address(struct smail__checks *checks,
                        const struct smail__endpoint *peer)
{
    static const unsigned char mapped[12] = { 0, 0, 0, 0, 0,    0,
                                              0, 0, 0, 0, 0xff, 0xff };

    checks->is_ipv6 =
        peer->is_ipv6 && memcmp(peer->address, mapped, sizeof(mapped)) != 0;
    if (peer->is_ipv6 && !checks->is_ipv6)
        memcpy(checks->address, peer->address + sizeof(mapped), 4);
    else
        memcpy(checks->address, peer->address, sizeof(checks->address));
}

void smail__checks_begin(struct smail__dialogue *dialogue)
{
    smail_server *server = dialogue->server;
    struct smail__checks *checks;

    smail__checks_end(dialogue);
    if (server->resolver == NULL || dialogue->kind == SMAIL_LISTENER_LMTP ||
        (smail__endpoint_is_loopback(&dialogue->peer) &&
         !server->looks_up_loopback))
        return;
    checks = calloc(1, sizeof(*checks) + dialogue->settings->lists.count *
                                             sizeof(checks->lists[0]));
    if (checks == NULL)
        return;
    checks->dialogue = dialogue;
    set_address(checks, &dialogue->peer);
    if (dialogue->settings->options.reverse_dns)
        begin_name(checks);
    if (dialogue->kind == SMAIL_LISTENER_SMTP)
        begin_lists(checks);
    if (checks->pending > 0)
        dialogue->checks = checks;
    else
        free(checks);
}

void smail__checks_end(struct smail__dialogue *dialogue)
{
    struct smail__client_facts *facts = &dialogue->facts;

    if (dialogue->checks != NULL)
        checks_free(dialogue->checks,
                    (unsigned)dialogue->settings->lists.count);
    dialogue->checks = NULL;
    dialogue->is_held = false;
    smail__timer_clear(&dialogue->hold, dialogue->shard->loop);
    free(facts->name);
    free(facts->block_reason);
    *facts = (struct smail__client_facts){ 0 };
}

static void on_waited(struct smail__timer *timer)
{
    struct smail__dialogue *dialogue =
        (struct smail__dialogue *)((char *)timer -
                                   offsetof(struct smail__dialogue, hold));

    release(dialogue);
}

bool smail__checks_hold(struct smail__dialogue *dialogue)
{
    uint64_t now = smail__loop_now(dialogue->shard->loop);
    uint64_t end = dialogue->begun_at +
                   (uint64_t)dialogue->settings->options.dns_wait * 1000;

    if (dialogue->checks == NULL || dialogue->kind != SMAIL_LISTENER_SMTP ||
        now >= end)
        return false;
    dialogue->is_held = true;
    dialogue->held_question = ++dialogue->question;
    dialogue->hold.fire = on_waited;
    smail__timer_set(&dialogue->hold, dialogue->shard->loop, end - now);
    return true;
}

bool smail__checks_block(const struct smail__dialogue *dialogue)
{
    const smail_server_options *options = &dialogue->settings->options;

    return dialogue->facts.block_reason != NULL &&
           !options->block_record_only &&
           dialogue->facts.block_score >= (int)options->block_score;
}
