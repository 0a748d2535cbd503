/* SPDX-License-Identifier: MIT */
/* zone.c - domains, their hosts, and what DNS says of them. */
#include "sim.h"

/* Faults come to an end, so that what can arrive does. */
#define CALM_FROM (3 * SIM_DAY)

static void make_host(struct sim *sim, struct domain *domain, unsigned number)
{
    struct host *host = &domain->hosts[number];

    host->domain = domain;
    host->number = number;
    host->preference = sim_below(sim, 3) * 10;
    smail__format(host->name, sizeof(host->name), "h%u.%s", number,
                  domain->name);
    host->esmtp = !sim_chance(sim, 100);
    host->pipelining = sim_chance(sim, 700);
    host->chunking = sim_chance(sim, 500);
    host->size = sim_chance(sim, 800);
    host->size_max = sim_chance(sim, 50) ? 300 : 10 * 1024 * 1024;
    host->eight_bit = sim_chance(sim, 900);
    host->utf8 = sim_chance(sim, 700);
    host->dsn = sim_chance(sim, 500);
    host->require_tls = sim_chance(sim, 300);
    host->deliver_by = sim_chance(sim, 300);
    host->priority = sim_chance(sim, 300);
    host->tls = (enum tls_kind)sim_below(sim, TLS_KINDS);
    host->refuses = sim_chance(sim, 100);
    host->silent = sim_chance(sim, 50);
    host->faults = sim_chance(sim, 400) ? sim_below(sim, 300) : 0;
    host->storms = sim_chance(sim, 300) ? sim_below(sim, 600) : 0;
    host->recipients_max = 1 + sim_below(sim, 10);
    host->mails_max = 1 + sim_below(sim, 10);
    host->pieces = sim_chance(sim, 150);
}

static void be_dead(struct domain *domain, struct sim *sim)
{
    for (unsigned i = 0; i < domain->host_count; i++) {
        domain->hosts[i].refuses = sim_chance(sim, 500);
        domain->hosts[i].silent = !domain->hosts[i].refuses;
    }
}

/* Of DANE and MTA-STS: what the one host proves decides. */
static void be_strict(struct domain *domain)
{
    domain->must_tls = true;
    for (unsigned i = 0; i < domain->host_count; i++)
        if (domain->hosts[i].tls == TLS_SELF && domain->kind == DOMAIN_STS)
            domain->is_good = false;
}

/* A relay that one logs in to. */
static void be_submission(struct domain *domain)
{
    domain->must_tls = true;
    for (unsigned i = 0; i < domain->host_count; i++) {
        domain->hosts[i].wants_login = true;
        domain->hosts[i].esmtp = true;
        domain->hosts[i].tls = TLS_GOOD;
    }
}

static bool is_good_host(const struct host *host)
{
    return !host->refuses && !host->silent && host->size_max > 100000 &&
           host->esmtp && host->eight_bit && host->utf8;
}

static void judge(struct domain *domain)
{
    switch (domain->kind) {
    case DOMAIN_NULL:
    case DOMAIN_NO_NAME:
    case DOMAIN_PRIVATE:
    case DOMAIN_LOOP:
    case DOMAIN_FAIL:
        domain->is_hopeless = true;
        break;
    case DOMAIN_MX:
    case DOMAIN_IMPLICIT:
    case DOMAIN_ALIAS:
    case DOMAIN_LATE:
    case DOMAIN_RELAY:
    case DOMAIN_LMTP:
    case DOMAIN_HERE:
        domain->is_good = true;
        break;
    case DOMAIN_DANE:
    case DOMAIN_STS:
    case DOMAIN_DEAD:
    case DOMAIN_BOGUS:
    case DOMAIN_DISCARD:
    case DOMAIN_KINDS:
        break;
    }
    for (unsigned i = 0; i < domain->host_count; i++)
        if (domain->kind != DOMAIN_HERE && !is_good_host(&domain->hosts[i]))
            domain->is_good = false;
}

static void make_domain(struct sim *sim, unsigned number)
{
    struct domain *domain = &sim->domains[number];

    domain->number = number;
    domain->kind = sim_chance(sim, 400)
                       ? DOMAIN_MX
                       : (enum domain_kind)sim_below(sim, DOMAIN_KINDS);
    smail__format(domain->name, sizeof(domain->name), "d%u.test", number);
    domain->host_count = domain->kind == DOMAIN_MX ||
                                 domain->kind == DOMAIN_STS ||
                                 domain->kind == DOMAIN_RELAY
                             ? 1 + sim_below(sim, SIM_HOSTS)
                             : 1;
    for (unsigned i = 0; i < domain->host_count; i++)
        make_host(sim, domain, i);
    domain->calm_from = CALM_FROM;
    domain->dns_from = domain->kind == DOMAIN_LATE
                           ? sim_below(sim, (unsigned)(2 * SIM_DAY))
                           : 0;
    domain->dns_trouble = sim_chance(sim, 150);
    if (domain->kind == DOMAIN_IMPLICIT)
        smail__format(domain->hosts[0].name, sizeof(domain->hosts[0].name),
                      "%s", domain->name);
    if (domain->kind == DOMAIN_DEAD)
        be_dead(domain, sim);
    if (domain->kind == DOMAIN_DANE || domain->kind == DOMAIN_STS)
        be_strict(domain);
    if (domain->kind == DOMAIN_RELAY && sim_chance(sim, 500))
        be_submission(domain);
    judge(domain);
}

static int add_route(struct sim *sim, const struct domain *domain)
{
    char name[16];
    struct smail__route route = { .kind = SMAIL__ROUTE_MX };

    switch (domain->kind) {
    case DOMAIN_RELAY:
        route.kind = SMAIL__ROUTE_RELAY;
        break;
    case DOMAIN_LMTP:
        route.kind = SMAIL__ROUTE_LMTP;
        break;
    case DOMAIN_DISCARD:
        route.kind = SMAIL__ROUTE_DISCARD;
        break;
    case DOMAIN_FAIL:
        route.kind = SMAIL__ROUTE_FAIL;
        route.text = (char *)(uintptr_t) "5.7.1 not from here";
        break;
    default:
        return 0;
    }
    smail__format(name, sizeof(name), "r%u", domain->number);
    smail__format(route.name, sizeof(route.name), "%s", name);
    if (route.kind == SMAIL__ROUTE_RELAY || route.kind == SMAIL__ROUTE_LMTP)
        route.host = (char *)(uintptr_t)domain->hosts[0].name;
    if (domain->host_count > 1) {
        route.host = (char *)(uintptr_t)domain->name;
        route.look_up_mx = true;
    }
    if (domain->hosts[0].wants_login) {
        route.user = (char *)(uintptr_t) "alice";
        route.password = (char *)(uintptr_t) "secret";
        route.tls = SMAIL__TLS_VERIFY;
        route.has_tls = true;
        route.port = 25;
    }
    route.messages_per_minute = sim_chance(sim, 300) ? 6 : 0;
    route.connections = sim_chance(sim, 300) ? 1 : 0;
    if (smail__routes_add(&sim->routes, &route, NULL) < 0)
        return -1;
    return smail__routes_add_rule(&sim->routes, domain->name, NULL, name, NULL);
}

/* Mail from here goes its own way, with a name of its own. */
static int add_way_of_senders(struct sim *sim)
{
    struct smail__route route = { .kind = SMAIL__ROUTE_MX,
                                  .name = "mine",
                                  .connections = 1 };

    route.hostname = (char *)(uintptr_t)SIM_OTHER_NAME;
    sim->has_own_way = true;
    if (smail__routes_add(&sim->routes, &route, NULL) < 0)
        return -1;
    return smail__routes_add_rule(&sim->routes, NULL, "here.test", "mine",
                                  NULL);
}

void zone_make(struct sim *sim)
{
    sim->domain_count = 1 + sim_below(sim, SIM_DOMAINS);
    for (unsigned i = 0; i < sim->domain_count; i++) {
        make_domain(sim, i);
        if (add_route(sim, &sim->domains[i]) < 0)
            sim_fail(sim, "a route cannot be added");
    }
    if (sim_chance(sim, 200) && add_way_of_senders(sim) < 0)
        sim_fail(sim, "a route cannot be added");
}

/* --- Answers ------------------------------------------------------------- */

static struct domain *domain_of(struct sim *sim, const char *name)
{
    size_t len = strlen(name);

    for (unsigned i = 0; i < sim->domain_count; i++) {
        struct domain *domain = &sim->domains[i];
        size_t own = strlen(domain->name);

        if (len >= own && strcmp(name + len - own, domain->name) == 0 &&
            (len == own || name[len - own - 1] == '.'))
            return domain;
    }
    return NULL;
}

static struct host *host_named(struct domain *domain, const char *name)
{
    for (unsigned i = 0; i < domain->host_count; i++)
        if (strcmp(domain->hosts[i].name, name) == 0)
            return &domain->hosts[i];
    return NULL;
}

struct records {
    struct smail__buf bytes;
    size_t ends[SIM_HOSTS + 1];
    size_t count;
};

static void put(struct records *records, enum smail__dns_type type,
                const char *text)
{
    if (smail__dns_write(&records->bytes, type, smail__span(text)) < 0)
        abort();
    records->ends[records->count++] = records->bytes.len;
}

static void put_mx(struct records *records, const struct domain *domain)
{
    char text[128];

    if (domain->kind == DOMAIN_NULL) {
        put(records, SMAIL__DNS_MX, "0 .");
        return;
    }
    if (domain->kind == DOMAIN_LOOP)
        put(records, SMAIL__DNS_MX, "0 " SIM_HOSTNAME);
    for (unsigned i = 0; i < domain->host_count; i++) {
        smail__format(text, sizeof(text), "%u %s",
                      domain->hosts[i].preference +
                          (domain->kind == DOMAIN_LOOP ? 5 : 0),
                      domain->hosts[i].name);
        put(records, SMAIL__DNS_MX, text);
    }
}

static void put_host(struct records *records, const struct host *host,
                     enum smail__dns_type type)
{
    char text[128];

    if (type == SMAIL__DNS_A) {
        smail__format(text, sizeof(text), "%s.%u.%u",
                      host->domain->kind == DOMAIN_PRIVATE ? "10.9" : "203.0",
                      host->domain->number, host->number + 1);
        put(records, type, text);
    } else if (host->number % 2 == 1 && host->domain->kind != DOMAIN_PRIVATE) {
        smail__format(text, sizeof(text), "2001:db8::%x:%x",
                      host->domain->number, host->number + 1);
        put(records, type, text);
    }
}

static void put_tlsa(struct records *records)
{
    put(records, SMAIL__DNS_TLSA,
        "3 1 1 "
        "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f");
}

static struct smail__dns_answer *finish(struct records *records,
                                        const char *name, bool is_secure)
{
    struct smail__dns_answer *answer = smail__dns_answer_new(
        records->count > 0 ? SMAIL__DNS_FOUND : SMAIL__DNS_NO_DATA, name, "",
        records->count, records->bytes.len);
    size_t at = 0;

    if (answer == NULL)
        abort();
    for (size_t i = 0; i < records->count; i++) {
        smail__dns_answer_add(answer, (smail_span){ records->bytes.data + at,
                                                    records->ends[i] - at });
        at = records->ends[i];
    }
    answer->ttl = 300;
    answer->security = is_secure ? SMAIL__DNS_SECURE : SMAIL__DNS_INSECURE;
    smail__buf_dispose(&records->bytes);
    return answer;
}

static struct smail__dns_answer *no_answer(const char *name, bool bogus)
{
    struct smail__dns_answer *answer =
        smail__dns_answer_new(SMAIL__DNS_TEMPORARY, name, "SERVFAIL", 0, 0);

    if (answer != NULL && bogus)
        answer->security = SMAIL__DNS_BOGUS;
    return answer;
}

struct smail__dns_answer *zone_answer(struct sim *sim, const char *name,
                                      enum smail__dns_type type)
{
    struct domain *domain = domain_of(sim, name);
    struct records records = { .count = 0 };
    const char *at = name, *owner = name;
    struct host *host;

    if (domain == NULL || domain->kind == DOMAIN_NO_NAME)
        return smail__dns_answer_new(SMAIL__DNS_NO_NAME, name, "", 0, 0);
    if (sim->now < domain->dns_from ||
        (domain->dns_trouble && sim->now < domain->calm_from &&
         sim_chance(sim, 300)))
        return no_answer(name, sim_chance(sim, 300));
    if (domain->kind == DOMAIN_BOGUS)
        return no_answer(name, true);
    smail__buf_init(&records.bytes, 65536, NULL);
    if (smail__span_istarts(smail__span(name), "_25._tcp."))
        at = name + strlen("_25._tcp.");
    host = host_named(domain, at);
    if (type == SMAIL__DNS_MX && strcmp(name, domain->name) == 0 &&
        domain->kind != DOMAIN_IMPLICIT)
        put_mx(&records, domain);
    else if ((type == SMAIL__DNS_A || type == SMAIL__DNS_AAAA) && host != NULL)
        put_host(&records, host, type);
    else if (type == SMAIL__DNS_TLSA && host != NULL &&
             domain->kind == DOMAIN_DANE)
        put_tlsa(&records);
    if (domain->kind == DOMAIN_ALIAS && host != NULL)
        owner = "elsewhere.test";
    return finish(&records, owner, domain->kind == DOMAIN_DANE);
}

enum smail__sts_mode zone_sts(struct sim *sim, const char *name, char *hosts,
                              size_t room)
{
    const struct domain *domain = domain_of(sim, name);

    hosts[0] = '\0';
    if (domain == NULL || domain->kind != DOMAIN_STS)
        return sim_chance(sim, 100) ? SMAIL__STS_TESTING : SMAIL__STS_NONE;
    smail__format(hosts, room, "*.%s", domain->name);
    return SMAIL__STS_ENFORCE;
}

struct host *zone_host(struct sim *sim, const struct smail__endpoint *to)
{
    unsigned domain = to->is_ipv6 ? to->address[13] : to->address[2];
    unsigned host = to->is_ipv6 ? to->address[15] : to->address[3];

    if (domain >= sim->domain_count || host == 0 ||
        host > sim->domains[domain].host_count)
        return NULL;
    return &sim->domains[domain].hosts[host - 1];
}
