/* SPDX-License-Identifier: MIT */
/*
 * server/outbound_sts.c - MTA-STS policies for the sender (RFC 8461, 3 and
 * 5.1).
 *
 *    TXT -> what the store has -> addresses of mta-sts.DOMAIN -> HTTPS
 *
 * A policy that still holds counts whatever becomes of the rest; one whose id
 * is no longer that of the record, or that is a day old, is fetched again, the
 * latter behind the sender's back. What cannot be fetched is not tried again
 * for a while.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/format.h"
#include "base/span.h"
#include "dns/record.h"
#include "net/fetch.h"
#include "queue/sts_policy.h"
#include "server/outbound.h"

#define PATH "/.well-known/mta-sts.txt"

/* RFC 8461, 3.3: a minute. */
#define FETCH_MILLISECONDS 60000

/* RFC 8461, 3.3: no fetch for so long after one that failed. */
#define FAILURE_MILLISECONDS 300000

/* RFC 8461, 10.2: a policy is looked at anew long before it ends. */
#define REFRESH_SECONDS 86400

/* Domains whose failures are remembered; another one takes the place of one
 * that falls on the same. */
#define FAILURES 256

struct failure {
    char domain[SMAIL__DNS_NAME_ROOM];
    char id[SMAIL__STS_ID_MAX + 1];
    uint64_t until;
};

struct smail__sts_desk {
    struct smail__fetcher *fetcher;
    struct lookup *lookups;
    struct failure failures[FAILURES];
};

struct address_query {
    struct smail__query query;
    struct lookup *lookup;
};

/* One domain's policy, on its way. */
struct lookup {
    struct lookup *next, *previous;
    smail_outbound *outbound;
    uint64_t question;
    bool is_answered; /* the rest is for the store alone */
    char domain[SMAIL__DNS_NAME_ROOM];
    char id[SMAIL__STS_ID_MAX + 1]; /* of the record */
    struct address_query txt, addresses[2];
    unsigned pending; /* of the addresses */
    struct smail__task no_question;
    struct smail__sts_cached cached;
    bool has_cached;
    struct smail__fetch fetch;
    bool has_fetch; /* to be disposed */
    bool is_private;
    /* While it is saved: */
    struct smail__sts_cached fetched;
    struct smail__task saved;
    smail_error error;
    bool failed;
};

/* --- The end ------------------------------------------------------------- */

static void lookup_free(struct lookup *lookup)
{
    struct smail__sts_desk *desk = lookup->outbound->sts;

    if (lookup->next != NULL)
        lookup->next->previous = lookup->previous;
    if (lookup->previous != NULL)
        lookup->previous->next = lookup->next;
    else
        desk->lookups = lookup->next;
    if (lookup->has_fetch)
        smail__fetch_dispose(&lookup->fetch);
    free(lookup->cached.hosts);
    free(lookup->fetched.hosts);
    free(lookup);
}

static void answer(struct lookup *lookup, enum smail__sts_mode mode,
                   const char *hosts)
{
    smail_outbound *outbound = lookup->outbound;

    if (lookup->is_answered)
        return;
    lookup->is_answered = true;
    outbound->questions--;
    if (outbound->sender == NULL)
        return;
    smail__outbound_now(outbound);
    smail__sender_fetched(outbound->sender, lookup->question, mode, hosts);
    smail__outbound_pump(outbound);
}

/* What held before holds on (RFC 8461, 5.1). */
static void answer_cached(struct lookup *lookup)
{
    if (lookup->has_cached)
        answer(lookup, lookup->cached.mode, lookup->cached.hosts);
    else
        answer(lookup, SMAIL__STS_NONE, NULL);
}

static void end_cached(struct lookup *lookup)
{
    answer_cached(lookup);
    lookup_free(lookup);
}

/* --- Failures ------------------------------------------------------------ */

static struct failure *failure_of(struct lookup *lookup)
{
    uint32_t hash = 2166136261u;

    for (const char *c = lookup->domain; *c != '\0'; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    return &lookup->outbound->sts->failures[hash % FAILURES];
}

/* A new id is always worth a try. */
static bool has_failed(struct lookup *lookup)
{
    const struct failure *failure = failure_of(lookup);

    return smail__loop_now(lookup->outbound->loop) < failure->until &&
           strcmp(failure->domain, lookup->domain) == 0 &&
           strcmp(failure->id, lookup->id) == 0;
}

static void fail(struct lookup *lookup, enum smail__tls_result result,
                 const char *why)
{
    smail_outbound *outbound = lookup->outbound;
    struct failure *failure = failure_of(lookup);
    struct smail__log_field fields[] = {
        SMAIL__LOG_TEXT("domain", smail__span(lookup->domain)),
        SMAIL__LOG_TEXT("result", smail__span(smail__tls_result_name(result))),
        SMAIL__LOG_TEXT("reason", smail__span(why)),
    };

    smail__format(failure->domain, sizeof(failure->domain), "%s",
                  lookup->domain);
    smail__format(failure->id, sizeof(failure->id), "%s", lookup->id);
    failure->until = smail__loop_now(outbound->loop) + FAILURE_MILLISECONDS;
    smail__log_write(&outbound->log, SMAIL__LOG_WARNING, "sts_failed", fields,
                     sizeof(fields) / sizeof(fields[0]));
    smail__outbound_count_tls(outbound, lookup->domain, SMAIL_TLS_POLICY_STS,
                              "", result);
    end_cached(lookup);
}

/* --- Keeping it ---------------------------------------------------------- */

static int save_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct lookup *lookup = arg;

    return smail__sts_policy_save(tx, lookup->domain, &lookup->fetched, err);
}

static void on_saved(struct smail__task *task)
{
    struct lookup *lookup =
        (struct lookup *)((char *)task - offsetof(struct lookup, saved));
    smail_outbound *outbound = lookup->outbound;

    if (lookup->failed)
        smail__outbound_say(outbound, SMAIL__LOG_ERROR, "queue_failed",
                            lookup->error.message);
    outbound->errands--;
    answer(lookup, lookup->fetched.mode, lookup->fetched.hosts);
    lookup_free(lookup);
    smail__outbound_pump(outbound);
}

/* On a thread of the store. */
static void saved(const smail_error *error, void *arg)
{
    struct lookup *lookup = arg;

    if (error != NULL) {
        lookup->failed = true;
        lookup->error = *error;
    }
    smail__loop_post(lookup->outbound->loop, &lookup->saved);
}

static void save(struct lookup *lookup, const struct smail__sts_policy *policy)
{
    smail_outbound *outbound = lookup->outbound;
    struct smail__sts_cached *fetched = &lookup->fetched;

    if (outbound->sender == NULL) { /* we stop */
        free(policy->hosts);
        end_cached(lookup);
        return;
    }
    memcpy(fetched->id, lookup->id, sizeof(fetched->id));
    fetched->mode = policy->mode;
    fetched->hosts = policy->hosts;
    fetched->fetched_at = (int64_t)time(NULL);
    fetched->expires_at = fetched->fetched_at + policy->max_age;
    lookup->saved.run = on_saved;
    outbound->errands++;
    if (smail__store_write_later(outbound->store, save_job, lookup, saved,
                                 &lookup->error) < 0) {
        lookup->failed = true;
        smail__loop_post(outbound->loop, &lookup->saved);
    }
}

/* --- Fetching it --------------------------------------------------------- */

static void on_fetched(struct smail__fetch *fetch)
{
    struct lookup *lookup =
        (struct lookup *)((char *)fetch - offsetof(struct lookup, fetch));
    struct smail__sts_policy policy;
    smail_error err = SMAIL_ERROR_INIT;

    if (fetch->result == SMAIL__FETCH_UNTRUSTED)
        fail(lookup, SMAIL__TLS_STS_WEBPKI_INVALID, fetch->why);
    else if (fetch->result != SMAIL__FETCH_DONE)
        fail(lookup, SMAIL__TLS_STS_POLICY_FETCH_ERROR, fetch->why);
    else if (smail__sts_policy_parse(&policy, smail__buf_span(&fetch->text),
                                     &err) != 0)
        fail(lookup, SMAIL__TLS_STS_POLICY_INVALID, err.message);
    else
        save(lookup, &policy);
}

static void fetch(struct lookup *lookup)
{
    smail_outbound *outbound = lookup->outbound;

    if (lookup->fetch.address_count == 0) {
        fail(lookup, SMAIL__TLS_STS_POLICY_FETCH_ERROR,
             lookup->is_private ? "the host of the policy has a private address"
                                : "the host of the policy has no address");
        return;
    }
    lookup->fetch.port = outbound->options.sts_port;
    lookup->fetch.path = PATH;
    lookup->fetch.patience = FETCH_MILLISECONDS;
    lookup->fetch.octets_max = SMAIL__STS_POLICY_MAX;
    lookup->fetch.done = on_fetched;
    lookup->has_fetch = true;
    if (smail__fetch_start(outbound->sts->fetcher, &lookup->fetch,
                           outbound->loop) != 0)
        end_cached(lookup); /* too many at a time: another time */
}

static void on_address(struct smail__query *query,
                       const struct smail__dns_answer *got)
{
    struct lookup *lookup = ((struct address_query *)query)->lookup;
    struct smail__fetch *wanted = &lookup->fetch;

    for (size_t i = 0; got->status == SMAIL__DNS_FOUND && i < got->count; i++) {
        struct smail__endpoint one = { .port = 0 };

        if (wanted->address_count == SMAIL__FETCH_ADDRESSES_MAX ||
            smail__dns_read_address(one.address, &one.is_ipv6,
                                    got->records[i]) != 0)
            continue;
        if (!lookup->outbound->options.allow_private &&
            smail__endpoint_is_private(&one))
            lookup->is_private = true;
        else
            wanted->addresses[wanted->address_count++] = one;
    }
    if (--lookup->pending == 0)
        fetch(lookup);
}

static void look_up_host(struct lookup *lookup)
{
    static const enum smail__dns_type types[2] = { SMAIL__DNS_AAAA,
                                                   SMAIL__DNS_A };
    smail_outbound *outbound = lookup->outbound;

    if (smail__format(lookup->fetch.host, sizeof(lookup->fetch.host),
                      "mta-sts.%s",
                      lookup->domain) >= sizeof(lookup->fetch.host)) {
        end_cached(lookup);
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        lookup->addresses[i].lookup = lookup;
        lookup->addresses[i].query.done = on_address;
        if (smail__resolver_ask(outbound->resolver, &lookup->addresses[i].query,
                                outbound->loop, lookup->fetch.host,
                                types[i]) == 0)
            lookup->pending++;
    }
    if (lookup->pending == 0)
        end_cached(lookup);
}

/* --- Whether there is one ------------------------------------------------ */

static void find_cached(struct lookup *lookup)
{
    smail_outbound *outbound = lookup->outbound;
    smail_error err = SMAIL_ERROR_INIT;
    struct smail__db *db;
    int code = smail__store_begin_read(&db, outbound->store, &err);

    if (code == 0) {
        code = smail__sts_policy_find(&lookup->cached, db, lookup->domain,
                                      (int64_t)time(NULL), &err);
        smail__store_end_read(outbound->store, db);
    }
    if (code < 0)
        smail__outbound_say(outbound, SMAIL__LOG_ERROR, "queue_failed",
                            err.message);
    lookup->has_cached = code > 0;
}

/* It is a day old, or half of its life is over. */
static bool is_old(const struct smail__sts_cached *policy)
{
    int64_t age = (int64_t)time(NULL) - policy->fetched_at;

    return age >= REFRESH_SECONDS ||
           age >= (policy->expires_at - policy->fetched_at) / 2;
}

static void on_txt(struct smail__query *query,
                   const struct smail__dns_answer *got)
{
    struct lookup *lookup = ((struct address_query *)query)->lookup;
    bool is_one = smail__sts_read_id(lookup->id, got);
    bool is_same;

    find_cached(lookup);
    is_same = lookup->has_cached && strcmp(lookup->cached.id, lookup->id) == 0;
    if (is_same)
        answer_cached(lookup);
    if (!is_one || (is_same && !is_old(&lookup->cached)) || has_failed(lookup))
        end_cached(lookup);
    else
        look_up_host(lookup);
}

static void on_no_question(struct smail__task *task)
{
    struct lookup *lookup =
        (struct lookup *)((char *)task - offsetof(struct lookup, no_question));

    find_cached(lookup);
    end_cached(lookup);
}

void smail__outbound_fetch_sts(void *world, uint64_t question,
                               const char *domain)
{
    smail_outbound *outbound = world;
    struct smail__sts_desk *desk = outbound->sts;
    struct lookup *lookup = calloc(1, sizeof(*lookup));
    char name[SMAIL__DNS_NAME_ROOM + 16];

    if (lookup == NULL)
        return;
    outbound->questions++;
    lookup->outbound = outbound;
    lookup->question = question;
    lookup->no_question.run = on_no_question;
    lookup->txt.lookup = lookup;
    lookup->txt.query.done = on_txt;
    lookup->next = desk->lookups;
    if (desk->lookups != NULL)
        desk->lookups->previous = lookup;
    desk->lookups = lookup;
    if (smail__dns_name(lookup->domain, smail__span(domain)) != 0)
        lookup->domain[0] = '\0'; /* "_mta-sts." is no name either */
    smail__format(name, sizeof(name), "_mta-sts.%s", lookup->domain);
    if (lookup->domain[0] == '\0' ||
        smail__resolver_ask(outbound->resolver, &lookup->txt.query,
                            outbound->loop, name, SMAIL__DNS_TXT) < 0)
        smail__loop_post(outbound->loop, &lookup->no_question);
}

/* --- Life ---------------------------------------------------------------- */

int smail__outbound_sts_new(smail_outbound *outbound, smail_error *err)
{
    outbound->sts = calloc(1, sizeof(*outbound->sts));
    if (outbound->sts == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    return smail__fetcher_new(&outbound->sts->fetcher, outbound->tls, err);
}

/* The loop has ended, and the store has nothing of ours in hand. */
void smail__outbound_sts_free(smail_outbound *outbound)
{
    struct smail__sts_desk *desk = outbound->sts;

    if (desk == NULL)
        return;
    smail__fetcher_free(desk->fetcher);
    while (desk->lookups != NULL) {
        struct lookup *lookup = desk->lookups;

        smail__query_cancel(&lookup->txt.query);
        smail__query_cancel(&lookup->addresses[0].query);
        smail__query_cancel(&lookup->addresses[1].query);
        lookup_free(lookup);
    }
    free(desk);
    outbound->sts = NULL;
}
