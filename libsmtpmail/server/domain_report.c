/* SPDX-License-Identifier: MIT */
/* server/domain_report.c - from a store and a resolver to a report. */
#include "server/domain_report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <smtpmail/dkim.h>

#include "account/lookup.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "crypto/certificate.h"
#include "json/write.h"

#define DEADLINE 30 /* seconds */
#define JSON_MAX ((size_t)16 << 20)
#define DATA_MAX 65536 /* octets of all forms of a certificate */
#define POLICY_MAX 131072

/* All that a check needs while it runs. */
struct job {
    smail_store *store;
    const smail_domain_check_options *options;
    struct smail__domain_facts facts;
    char domain[SMAIL_DOMAIN_MAX + 1], hostname[SMAIL_DOMAIN_MAX + 1];
    struct smail__ip addresses[SMAIL__CHECK_ADDRESSES_MAX];
    struct smail__check_key keys[SMAIL__CHECK_KEYS_MAX];
    struct smail__check_data data[SMAIL__CHECK_DATA_MAX];
    struct smail__buf octets; /* that `data` points into */
    smail_error no_data;
    struct smail__buf policy;
    struct smail__resolver *resolver;
};

/* --- What we know --------------------------------------------------------- */

static int find_domain(struct job *job, const char *name, smail_error *err)
{
    struct smail__db *db;
    smail_id id;
    int rc = smail__name_domain(job->domain, name, err);

    if (rc == 0)
        rc = smail__store_begin_read(&db, job->store, err);
    if (rc != 0)
        return rc;
    rc = smail__lookup_domain(&id, db, job->domain, err);
    smail__store_end_read(job->store, db);
    if (rc == SMAIL_ENOTFOUND)
        return smail__fail(err, rc, "there is no domain %s here", job->domain);
    return rc;
}

static int read_addresses(struct job *job, smail_error *err)
{
    const smail_domain_check_options *options = job->options;

    if (options->address_count > SMAIL__CHECK_ADDRESSES_MAX)
        return smail__fail(err, SMAIL_EINVAL, "at most %d addresses",
                           SMAIL__CHECK_ADDRESSES_MAX);
    for (size_t i = 0; i < options->address_count; i++) {
        if (smail__ip_parse(&job->addresses[i],
                            smail__span(options->addresses[i])) != 0)
            return smail__fail(err, SMAIL_EINVAL,
                               "'%s' is no IPv4 or IPv6 address",
                               options->addresses[i]);
    }
    job->facts.addresses = job->addresses;
    job->facts.address_count = options->address_count;
    return 0;
}

/* Those that sign are not crowded out by old ones. */
struct listing {
    struct job *job;
    bool wants_retired;
    bool has_memory;
};

static int add_key(const smail_dkim_key *key, void *user)
{
    struct listing *listing = user;
    struct smail__domain_facts *facts = &listing->job->facts;
    struct smail__check_key *to = &listing->job->keys[facts->key_count];

    if ((key->retired_at != 0) != listing->wants_retired ||
        facts->key_count == SMAIL__CHECK_KEYS_MAX)
        return 0;
    to->name = smail__strdup(key->name);
    to->text = smail__strdup(key->text);
    to->is_retired = key->retired_at != 0;
    facts->key_count++;
    listing->has_memory =
        listing->has_memory && to->name != NULL && to->text != NULL;
    return 0;
}

static int read_keys(struct job *job, smail_error *err)
{
    struct listing listing = { job, false, true };
    int rc;

    job->facts.keys = job->keys;
    rc = smail_dkim_list(job->store, job->domain, add_key, &listing, err);
    listing.wants_retired = true;
    if (rc == 0)
        rc = smail_dkim_list(job->store, job->domain, add_key, &listing, err);
    if (rc == 0 && !listing.has_memory)
        rc = smail__fail(err, SMAIL_ENOMEM, "out of memory");
    return rc;
}

static int add_forms(struct job *job,
                     const struct smail__certificate *certificate,
                     smail_error *err)
{
    /* The first is what we would publish. */
    static const unsigned forms[SMAIL__CHECK_DATA_MAX][2] = {
        { 1, 1 }, { 0, 1 }, { 1, 2 }, { 0, 2 }, { 1, 0 }, { 0, 0 },
    };
    size_t starts[SMAIL__CHECK_DATA_MAX + 1] = { 0 };

    for (size_t i = 0; i < SMAIL__CHECK_DATA_MAX; i++) {
        int rc = smail__certificate_data(&job->octets, certificate, forms[i][0],
                                         forms[i][1], err);

        if (rc != 0)
            return rc;
        starts[i + 1] = job->octets.len;
    }
    for (size_t i = 0; i < SMAIL__CHECK_DATA_MAX; i++)
        job->data[i] = (struct smail__check_data){
            (uint8_t)forms[i][0],
            (uint8_t)forms[i][1],
            smail__span_slice(smail__buf_span(&job->octets), starts[i],
                              starts[i + 1] - starts[i]),
        };
    job->facts.data = job->data;
    job->facts.data_count = SMAIL__CHECK_DATA_MAX;
    return 0;
}

/* One that cannot be read is told of by the check of TLSA. */
static void read_certificate(struct job *job)
{
    const char *paths = job->options->certificate;
    struct smail__certificate *certificate = NULL;
    int rc;

    if (paths == NULL || paths[0] == '\0')
        return;
    rc = smail__certificate_open(&certificate, paths, job->hostname,
                                 &job->no_data);
    if (rc == 0) {
        job->facts.is_for_another =
            !smail__certificate_is_for(certificate, job->hostname);
        rc = add_forms(job, certificate, &job->no_data);
    }
    smail__certificate_free(certificate);
    if (rc != 0)
        job->facts.no_data = job->no_data.message;
}

static int read_facts(struct job *job, const char *domain, smail_error *err)
{
    const char *hostname = job->options->hostname;
    int rc;

    if (hostname == NULL)
        return smail__fail(err, SMAIL_EINVAL, "a check wants our hostname");
    rc = find_domain(job, domain, err);
    if (rc == 0)
        rc = smail__name_domain(job->hostname, hostname, err);
    if (rc == 0)
        rc = read_addresses(job, err);
    if (rc == 0)
        rc = read_keys(job, err);
    if (rc != 0)
        return rc;
    read_certificate(job);
    job->facts.domain = job->domain;
    job->facts.hostname = job->hostname;
    job->facts.now = (int64_t)time(NULL);
    return 0;
}

/* --- What DNS knows ------------------------------------------------------- */

static const char *if_given(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static int look(struct smail__domain_check *out, struct job *job,
                smail_error *err)
{
    const smail_domain_check_options *options = job->options;
    struct smail__resolver_options resolver = {
        .zone_file = if_given(options->zone_file),
        .server = if_given(options->name_servers),
        .trust_anchor = if_given(options->trust_anchor),
        .patience = options->dns_timeout * 1000,
    };
    struct smail__domain_asking asking = {
        .authorities = if_given(options->authorities),
        .https_port = options->https_port,
        .milliseconds =
            (options->deadline != 0 ? options->deadline : DEADLINE) * 1000,
    };
    int rc = smail__resolver_new(&job->resolver, &resolver, err);

    if (rc != 0)
        return rc;
    asking.resolver = job->resolver;
    asking.fetches = !options->no_fetch &&
                     (resolver.zone_file == NULL || options->https_port != 0);
    job->facts.fetches_policy = asking.fetches;
    job->facts.sees_security =
        resolver.zone_file != NULL || smail__resolver_validates(job->resolver);
    return smail__domain_ask(out, &job->facts, &job->policy, &asking, err);
}

static void job_free(struct job *job)
{
    for (size_t i = 0; i < job->facts.key_count; i++) {
        free((char *)(uintptr_t)job->keys[i].name);
        free((char *)(uintptr_t)job->keys[i].text);
    }
    smail__resolver_free(job->resolver);
    smail__buf_dispose(&job->octets);
    smail__buf_dispose(&job->policy);
    free(job);
}

/* --- The report ----------------------------------------------------------- */

static const char *const status_names[] = { "ok",      "optional", "insecure",
                                            "warning", "unknown",  "missing",
                                            "wrong" };

/* "" for nothing; the line end behind the last line goes. */
static const char *text_of(struct smail__buf *buf)
{
    if (buf->len > 0 && buf->data[buf->len - 1] == '\n')
        smail__buf_truncate(buf, buf->len - 1);
    return buf->len > 0 ? buf->data : "";
}

static void put_lines(struct smail__json *json, const char *key,
                      const char *text)
{
    smail_span rest = smail__span(text);

    smail__json_key(json, key);
    smail__json_begin_array(json);
    while (rest.len > 0)
        smail__json_text(json, smail__span_cut(&rest, '\n'));
    smail__json_end_array(json);
}

static void put_item(struct smail__json *json,
                     const smail_domain_check_item *item)
{
    smail__json_begin_object(json);
    smail__json_key(json, "name");
    smail__json_string(json, item->name);
    smail__json_key(json, "type");
    smail__json_string(json, item->type);
    smail__json_key(json, "owner");
    smail__json_string(json, item->owner);
    smail__json_key(json, "status");
    smail__json_string(json, smail_check_status_name(item->status));
    put_lines(json, "found", item->found);
    put_lines(json, "expected", item->expected);
    smail__json_key(json, "explanation");
    smail__json_string(json, item->explanation);
    smail__json_end_object(json);
}

static int put_json(smail_domain_report *report)
{
    struct smail__json json;

    smail__json_init(&json, &report->json);
    smail__json_begin_object(&json);
    smail__json_key(&json, "domain");
    smail__json_string(&json, report->domain);
    smail__json_key(&json, "hostname");
    smail__json_string(&json, report->hostname);
    smail__json_key(&json, "ok");
    smail__json_bool(&json, smail_domain_report_is_well(report));
    smail__json_key(&json, "checks");
    smail__json_begin_array(&json);
    for (size_t i = 0; i < report->check.count; i++)
        put_item(&json, &report->items[i]);
    smail__json_end_array(&json);
    smail__json_end_object(&json);
    return smail__buf_error(&report->json);
}

static int finish(smail_domain_report *report, const struct job *job,
                  smail_error *err)
{
    report->domain = smail__strdup(job->domain);
    report->hostname = smail__strdup(job->hostname);
    if (report->domain == NULL || report->hostname == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    for (size_t i = 0; i < report->check.count; i++) {
        struct smail__check *check = &report->check.list[i];

        report->items[i] = (smail_domain_check_item){
            .name = check->name,
            .type = check->type,
            .owner = check->owner,
            .status = (smail_check_status)check->status,
            .expected = text_of(&check->expected),
            .found = text_of(&check->found),
            .explanation = text_of(&check->explanation),
        };
    }
    if (put_json(report) != 0)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    return 0;
}

int smail_domain_check(smail_domain_report **out, smail_store *store,
                       const char *domain,
                       const smail_domain_check_options *options,
                       smail_error *err)
{
    smail_domain_check_options whole = SMAIL_DOMAIN_CHECK_OPTIONS_INIT;
    smail_domain_report *report = calloc(1, sizeof(*report));
    struct job *job = calloc(1, sizeof(*job));
    int rc;

    if (report == NULL || job == NULL) {
        free(report);
        free(job);
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    }
    memcpy(&whole, options,
           options->size < sizeof(whole) ? options->size : sizeof(whole));
    job->store = store;
    job->options = &whole;
    smail__buf_init(&job->octets, DATA_MAX, NULL);
    smail__buf_init(&job->policy, POLICY_MAX, NULL);
    smail__buf_init(&report->json, JSON_MAX, NULL);
    rc = read_facts(job, domain, err);
    if (rc == 0)
        rc = look(&report->check, job, err);
    if (rc == 0)
        rc = finish(report, job, err);
    job_free(job);
    if (rc != 0) {
        smail_domain_report_free(report);
        return rc;
    }
    *out = report;
    return 0;
}

void smail_domain_report_free(smail_domain_report *report)
{
    if (report == NULL)
        return;
    smail__domain_check_dispose(&report->check);
    smail__buf_dispose(&report->json);
    free(report->domain);
    free(report->hostname);
    free(report);
}

const char *smail_check_status_name(smail_check_status status)
{
    return status_names[status];
}

bool smail_domain_report_is_well(const smail_domain_report *report)
{
    for (size_t i = 0; i < report->check.count; i++) {
        if (report->items[i].status >= SMAIL_CHECK_UNKNOWN)
            return false;
    }
    return true;
}

const char *smail_domain_report_domain(const smail_domain_report *report)
{
    return report->domain;
}

size_t smail_domain_report_count(const smail_domain_report *report)
{
    return report->check.count;
}

const smail_domain_check_item *smail_domain_report_item(
    const smail_domain_report *report, size_t index)
{
    return index < report->check.count ? &report->items[index] : NULL;
}

const char *smail_domain_report_json(const smail_domain_report *report)
{
    return report->json.data;
}
