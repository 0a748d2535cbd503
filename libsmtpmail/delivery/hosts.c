/* SPDX-License-Identifier: MIT */
/*
 * delivery/hosts.c - see delivery/hosts.h.
 *
 * Each step asks need() for the answers it goes by; a NULL makes the whole
 * plan wait, and the steps run on as far as they can, so that what does not
 * depend on each other is asked at once.
 */
#include "delivery/hosts.h"

#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "verify/ip.h"

struct planner {
    const struct smail__hosts_ask *ask;
    struct smail__facts *facts;
    struct smail__hosts *out;
    bool open;         /* something is not known yet */
    bool is_secure;    /* the list of hosts is (RFC 7672, 2.2.1) */
    bool saw_private;  /* and left out */
    bool saw_trouble;  /* an answer could not be had */
    char trouble[200]; /* the last one */
    unsigned own;      /* the least preference of ourselves */
    uint64_t random;
};

/* --- Facts --------------------------------------------------------------- */

/* NULL: it is not known yet. */
static const struct smail__dns_answer *need(struct planner *planner,
                                            const char *name,
                                            enum smail__dns_type type)
{
    struct smail__fact *fact = smail__facts_find(planner->facts, name, type);

    if (fact == NULL)
        fact = smail__facts_add(planner->facts, name, type);
    if (fact == NULL || fact->answer == NULL) {
        planner->open = true;
        return NULL;
    }
    if (fact->answer->ttl < planner->out->ttl &&
        fact->answer->status == SMAIL__DNS_FOUND)
        planner->out->ttl = fact->answer->ttl;
    if (fact->answer->security == SMAIL__DNS_BOGUS)
        planner->out->is_bogus = true;
    if (fact->answer->status == SMAIL__DNS_TEMPORARY) {
        planner->saw_trouble = true;
        smail__format(planner->trouble, sizeof(planner->trouble),
                      "DNS for %s (%s): %s", name, smail__dns_type_name(type),
                      fact->answer->security == SMAIL__DNS_BOGUS
                          ? "the signatures do not hold"
                          : (fact->answer->why[0] != '\0' ? fact->answer->why
                                                          : "no answer"));
    }
    return fact->answer;
}

/* --- Verdicts ------------------------------------------------------------ */

static void verdict(struct planner *planner, int code, const char *status,
                    const char *text)
{
    struct smail__hosts *out = planner->out;

    out->code = code;
    out->count = 0;
    smail__format(out->status, sizeof(out->status), "%s", status);
    smail__format(out->text, sizeof(out->text), "%s", text);
}

/* RFC 7672, 2.1.1: what is bogus is never taken for what is not there. */
static void put_off(struct planner *planner)
{
    verdict(planner, 4, "4.4.3", planner->trouble);
}

/* --- Which hosts --------------------------------------------------------- */

static uint64_t roll(struct planner *planner)
{
    planner->random ^= planner->random << 13;
    planner->random ^= planner->random >> 7;
    planner->random ^= planner->random << 17;
    return planner->random;
}

/* Where the next host goes: of too many, the least wanted ones are left out.
 * NULL: this one is. */
static struct smail__host *room_for(struct smail__hosts *out,
                                    unsigned preference)
{
    struct smail__host *worst = &out->list[0];

    if (out->count < SMAIL__HOSTS_MAX)
        return &out->list[out->count++];
    for (size_t i = 1; i < out->count; i++)
        if (out->list[i].preference > worst->preference)
            worst = &out->list[i];
    return worst->preference > preference ? worst : NULL;
}

static void add_host(struct planner *planner, const char *name,
                     unsigned preference)
{
    const struct smail__hosts_ask *ask = planner->ask;
    struct smail__host *host = room_for(planner->out, preference);

    if (smail__dns_name_equal(smail__span(name), ask->own_name) &&
        preference < planner->own)
        planner->own = preference;
    if (host == NULL)
        return;
    memset(host, 0, sizeof(*host));
    smail__format(host->name, sizeof(host->name), "%s", name);
    host->preference = preference;
    host->port = smail__route_port(ask->route);
    if (ask->route->kind == SMAIL__ROUTE_MX && ask->route->port == 0 &&
        ask->mx_port != 0)
        host->port = ask->mx_port;
}

/* "[192.0.2.1]", "[IPv6:::1]", "[::1]". */
static bool read_literal(struct smail__endpoint *out, smail_span text,
                         uint16_t port)
{
    char room[SMAIL__ADDRESS_TEXT + 16];
    smail_span inner;

    if (text.len < 4 || text.data[0] != '[' || text.data[text.len - 1] != ']')
        return false;
    inner = smail__span_slice(text, 1, text.len - 2);
    if (smail__span_istarts(inner, "IPv6:"))
        inner = smail__span_from(inner, 5);
    if (inner.len >= SMAIL__ADDRESS_TEXT)
        return false;
    if (smail__span_find(inner, ':') < inner.len)
        smail__format(room, sizeof(room), "[%.*s]:%u", SMAIL__SPAN_ARG(inner),
                      (unsigned)port);
    else
        smail__format(room, sizeof(room), "%.*s:%u", SMAIL__SPAN_ARG(inner),
                      (unsigned)port);
    return smail__endpoint_parse(out, smail__span(room), NULL) == 0;
}

static void swap(struct smail__host *a, struct smail__host *b)
{
    struct smail__host kept = *a;

    *a = *b;
    *b = kept;
}

/* By preference; what is equal in any order (RFC 5321, 5.1). */
static void sort_hosts(struct planner *planner)
{
    struct smail__host *list = planner->out->list;
    size_t count = planner->out->count;

    for (size_t i = count; i > 1; i--)
        swap(&list[i - 1], &list[roll(planner) % i]);
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && list[j].preference < list[j - 1].preference;
             j--)
            swap(&list[j], &list[j - 1]);
}

/* RFC 5321, 5.1: who is in the list sends to those before it only. */
static void drop_from_ourselves(struct planner *planner)
{
    struct smail__hosts *out = planner->out;
    unsigned own = planner->own;

    for (size_t i = 0; i < out->count && own != UINT32_MAX; i++)
        if (out->list[i].preference >= own) {
            out->count = i;
            break;
        }
    if (own != UINT32_MAX && out->count == 0)
        verdict(planner, 5, "5.4.6",
                "DNS leads back here: this server is the first host for the "
                "domain, and does not know it as its own");
}

static void read_mx(struct planner *planner,
                    const struct smail__dns_answer *answer)
{
    bool is_null = false;

    for (size_t i = 0; i < answer->count; i++) {
        struct smail__dns_mx mx;

        if (smail__dns_read_mx(&mx, answer->records[i]) != 0)
            continue;
        if (mx.host[0] == '\0')
            is_null = true;
        else
            add_host(planner, mx.host, mx.preference);
    }
    if (planner->out->count == 0)
        verdict(planner, 5, is_null ? "5.1.10" : "5.4.4",
                is_null ? "the domain takes no mail: it says so in DNS "
                          "(RFC 7505)"
                        : "the domain's MX records make no sense");
}

/* The hosts that DNS names for `domain`. */
static void find_mx(struct planner *planner, const char *domain)
{
    const struct smail__dns_answer *answer =
        need(planner, domain, SMAIL__DNS_MX);

    if (answer == NULL)
        return;
    planner->is_secure = answer->security == SMAIL__DNS_SECURE;
    switch (answer->status) {
    case SMAIL__DNS_FOUND:
        read_mx(planner, answer);
        break;
    case SMAIL__DNS_NO_DATA:
        add_host(planner, domain, 0); /* RFC 5321, 5.1: the implicit MX */
        break;
    case SMAIL__DNS_NO_NAME:
        verdict(planner, 5, "5.1.2", "there is no such domain");
        break;
    case SMAIL__DNS_TEMPORARY:
        put_off(planner);
        break;
    }
    if (planner->out->code == 0) {
        sort_hosts(planner);
        drop_from_ourselves(planner);
    }
}

static void find_hosts(struct planner *planner)
{
    const struct smail__route *route = planner->ask->route;
    bool named = route->kind != SMAIL__ROUTE_MX && route->host != NULL;
    smail_span target = named ? smail__span(route->host) : planner->ask->domain;
    char name[SMAIL__DNS_NAME_ROOM];

    if (target.len > 0 && target.data[0] == '[') {
        smail__format(name, sizeof(name), "%.*s", SMAIL__SPAN_ARG(target));
        add_host(planner, name, 0);
    } else if (smail__dns_name(name, target) != 0 || name[0] == '\0') {
        verdict(planner, 5, "5.1.2", "that is no domain name");
    } else if (named && !route->look_up_mx) {
        planner->is_secure = true; /* the operator's word */
        add_host(planner, name, 0);
    } else {
        find_mx(planner, name);
    }
}

/* --- MTA-STS ------------------------------------------------------------- */

/* What the policy says of each host. Whom it does not name is left out later,
 * as DANE comes first (RFC 8461, 2). */
static void heed_sts(struct planner *planner)
{
    struct smail__facts *facts = planner->facts;
    struct smail__hosts *out = planner->out;
    bool applies = planner->ask->use_sts &&
                   planner->ask->route->kind == SMAIL__ROUTE_MX &&
                   !planner->ask->route->has_tls && out->count > 0 &&
                   out->list[0].name[0] != '[';

    if (!applies)
        return;
    if (facts->sts.mode == SMAIL__STS_UNKNOWN) {
        facts->wants_sts = true;
        planner->open = true;
        return;
    }
    if (facts->sts.mode == SMAIL__STS_NONE)
        return;
    for (size_t i = 0; i < out->count; i++) {
        struct smail__host *host = &out->list[i];
        bool enforced = facts->sts.mode == SMAIL__STS_ENFORCE;

        host->policy = SMAIL_TLS_POLICY_STS;
        host->is_unlisted =
            !smail__sts_matches(smail__span(facts->sts.hosts), host->name);
        host->tls = enforced ? SMAIL__TLS_VERIFY : SMAIL__TLS_MAY;
        host->tls_reason = enforced ? "MTA-STS" : "MTA-STS, testing";
    }
}

/* RFC 8461, 5: mail does not go to a host that is not in the policy. */
static bool is_refused(struct planner *planner, const struct smail__host *host)
{
    if (!host->is_unlisted || planner->facts->sts.mode != SMAIL__STS_ENFORCE ||
        host->tls == SMAIL__TLS_DANE)
        return false;
    smail__format(planner->out->unlisted, sizeof(planner->out->unlisted), "%s",
                  host->name);
    return true;
}

/* --- Addresses ----------------------------------------------------------- */

bool smail__endpoint_is_private(const struct smail__endpoint *endpoint)
{
    struct smail__ip ip = { .is_ipv6 = endpoint->is_ipv6 };

    memcpy(ip.octets, endpoint->address, endpoint->is_ipv6 ? 16 : 4);
    return smail__ip_is_private(&ip);
}

static bool may_go_to(struct planner *planner,
                      const struct smail__endpoint *endpoint)
{
    bool named = planner->ask->route->kind != SMAIL__ROUTE_MX;

    if (named || planner->ask->allow_private ||
        !smail__endpoint_is_private(endpoint))
        return true;
    planner->saw_private = true;
    return false;
}

static void read_addresses(struct planner *planner, struct smail__host *host,
                           const struct smail__dns_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++) {
        struct smail__endpoint one = { .port = host->port };

        if (host->address_count < SMAIL__HOST_ADDRESSES_MAX &&
            smail__dns_read_address(one.address, &one.is_ipv6,
                                    answer->records[i]) == 0 &&
            may_go_to(planner, &one))
            host->addresses[host->address_count++] = one;
    }
}

/* RFC 8305, 4: the families take turns, IPv6 first. */
static void interleave(struct smail__host *host, size_t ipv6)
{
    struct smail__endpoint sorted[SMAIL__HOST_ADDRESSES_MAX];
    size_t six = 0, four = ipv6, n = 0;

    while (n < host->address_count) {
        if (six < ipv6)
            sorted[n++] = host->addresses[six++];
        if (four < host->address_count && n < host->address_count)
            sorted[n++] = host->addresses[four++];
    }
    memcpy(host->addresses, sorted, n * sizeof(*sorted));
}

struct family_answers {
    const struct smail__dns_answer *six, *four;
};

/* False: it is not known yet. */
static bool find_addresses(struct planner *planner, struct smail__host *host,
                           struct family_answers *answers)
{
    enum smail__families families = planner->ask->route->families;
    size_t ipv6 = 0;

    answers->six = NULL;
    answers->four = NULL;
    if (families != SMAIL__FAMILIES_IPV4)
        answers->six = need(planner, host->name, SMAIL__DNS_AAAA);
    if (families != SMAIL__FAMILIES_IPV6)
        answers->four = need(planner, host->name, SMAIL__DNS_A);
    if ((families != SMAIL__FAMILIES_IPV4 && answers->six == NULL) ||
        (families != SMAIL__FAMILIES_IPV6 && answers->four == NULL))
        return false;
    if (answers->six != NULL)
        read_addresses(planner, host, answers->six);
    ipv6 = host->address_count;
    if (answers->four != NULL)
        read_addresses(planner, host, answers->four);
    interleave(host, ipv6);
    return true;
}

/* --- TLS ----------------------------------------------------------------- */

static const char *const level_reason[] = { [SMAIL__TLS_NONE] = "configured",
                                            [SMAIL__TLS_MAY] = "opportunistic",
                                            [SMAIL__TLS_ENCRYPT] = "configured",
                                            [SMAIL__TLS_VERIFY] = "configured",
                                            [SMAIL__TLS_DANE] = "DANE" };

static void set_level(struct planner *planner, struct smail__host *host)
{
    const struct smail__route *route = planner->ask->route;

    smail__format(host->tls_name, sizeof(host->tls_name), "%s", host->name);
    if (route->has_tls) {
        host->tls = route->tls;
        host->tls_reason = level_reason[route->tls];
    } else if (route->user != NULL && host->tls < SMAIL__TLS_VERIFY) {
        host->tls = SMAIL__TLS_VERIFY; /* a password goes there */
        host->tls_reason = "log-in";
    } else if (host->tls_reason == NULL) {
        host->tls = SMAIL__TLS_MAY;
        host->tls_reason = level_reason[SMAIL__TLS_MAY];
    }
}

/* RFC 7672, 3.1: only DANE-TA and DANE-EE are for SMTP. */
static bool is_usable(const struct smail__dns_tlsa *tlsa)
{
    return (tlsa->usage == 2 || tlsa->usage == 3) && tlsa->selector <= 1 &&
           tlsa->matching <= 2 && tlsa->data.len > 0 &&
           (tlsa->matching != 1 || tlsa->data.len == 32) &&
           (tlsa->matching != 2 || tlsa->data.len == 64);
}

static void read_tlsa(struct planner *planner, struct smail__host *host,
                      const struct smail__dns_answer *answer, const char *base)
{
    for (size_t i = 0; i < answer->count; i++) {
        struct smail__dns_tlsa tlsa;
        size_t n = host->tlsa_count;

        if (n == SMAIL__HOST_TLSA_MAX ||
            smail__dns_read_tlsa(&tlsa, answer->records[i]) != 0 ||
            !is_usable(&tlsa) || tlsa.data.len > sizeof(host->tlsa[n].data))
            continue;
        host->tlsa[n].usage = tlsa.usage;
        host->tlsa[n].selector = tlsa.selector;
        host->tlsa[n].matching = tlsa.matching;
        host->tlsa[n].len = tlsa.data.len;
        memcpy(host->tlsa[n].data, tlsa.data.data, tlsa.data.len);
        host->tlsa_count++;
    }
    host->policy = SMAIL_TLS_POLICY_TLSA;
    /* RFC 7672, 2.2: records of which none is of use still promise TLS. */
    if (host->tlsa_count == 0 && host->tls >= SMAIL__TLS_ENCRYPT)
        return;
    host->tls = host->tlsa_count > 0 ? SMAIL__TLS_DANE : SMAIL__TLS_ENCRYPT;
    host->tls_reason = "DANE";
    smail__format(host->tls_name, sizeof(host->tls_name), "%s", base);
    smail__format(host->tls_also, sizeof(host->tls_also), "%.*s",
                  SMAIL__SPAN_ARG(planner->ask->domain));
}

enum dane { DANE_NO, DANE_YES, DANE_WAIT, DANE_TROUBLE };

static enum dane look_at(struct planner *planner, struct smail__host *host,
                         const char *base)
{
    char name[SMAIL__DNS_NAME_ROOM];
    const struct smail__dns_answer *answer;

    if (smail__format(name, sizeof(name), "_%u._tcp.%s", (unsigned)host->port,
                      base) >= sizeof(name))
        return DANE_NO;
    answer = need(planner, name, SMAIL__DNS_TLSA);
    if (answer == NULL)
        return DANE_WAIT;
    if (answer->status == SMAIL__DNS_TEMPORARY)
        return DANE_TROUBLE;
    if (answer->status != SMAIL__DNS_FOUND ||
        answer->security != SMAIL__DNS_SECURE)
        return DANE_NO;
    read_tlsa(planner, host, answer, base);
    return DANE_YES;
}

/* A family that cannot be had, forged perhaps, gives no addresses, and takes
 * nothing from the word of the other (RFC 7672, 2.1.1). */
static bool is_fine(const struct smail__dns_answer *answer)
{
    return answer == NULL || answer->status == SMAIL__DNS_TEMPORARY ||
           answer->security == SMAIL__DNS_SECURE;
}

static bool is_secure(const struct family_answers *answers)
{
    return is_fine(answers->six) && is_fine(answers->four);
}

/* RFC 7672, 2.2.2: only where the addresses are signed too is TLSA asked
 * for; behind a CNAME at its end first. */
static enum dane find_tlsa(struct planner *planner, struct smail__host *host,
                           const struct family_answers *answers)
{
    const struct smail__dns_answer *one =
        answers->four != NULL && answers->four->status == SMAIL__DNS_FOUND
            ? answers->four
            : answers->six;
    enum dane dane = DANE_NO;

    if (!planner->ask->use_dane || planner->ask->route->has_tls ||
        !planner->is_secure || one == NULL || !is_secure(answers))
        return DANE_NO;
    if (one->name[0] != '\0' && strcmp(one->name, host->name) != 0)
        dane = look_at(planner, host, one->name);
    if (dane == DANE_NO)
        dane = look_at(planner, host, host->name);
    return dane;
}

/* --- One host ------------------------------------------------------------ */

/* False: it is of no use. */
static bool complete(struct planner *planner, struct smail__host *host)
{
    struct smail__endpoint literal;
    struct family_answers answers;

    if (host->name[0] == '[') {
        if (!read_literal(&literal, smail__span(host->name), host->port) ||
            !may_go_to(planner, &literal))
            return false;
        host->addresses[host->address_count++] = literal;
        set_level(planner, host);
        return true;
    }
    if (!find_addresses(planner, host, &answers))
        return true;
    if (host->address_count == 0)
        return false;
    set_level(planner, host);
    switch (find_tlsa(planner, host, &answers)) {
    case DANE_WAIT:
        return true;
    case DANE_TROUBLE: /* RFC 7672, 2.1.2: it is not used */
        return false;
    case DANE_NO:
    case DANE_YES:
        break;
    }
    return !is_refused(planner, host);
}

static void complete_all(struct planner *planner)
{
    struct smail__hosts *out = planner->out;
    size_t kept = 0;

    for (size_t i = 0; i < out->count; i++) {
        if (!complete(planner, &out->list[i]))
            continue;
        if (kept != i)
            out->list[kept] = out->list[i];
        kept++;
    }
    out->count = kept;
    if (kept > 0)
        return;
    if (planner->saw_trouble)
        put_off(planner);
    else if (out->unlisted[0] != '\0')
        verdict(planner, 4, "4.7.5",
                "none of the domain's hosts is in its MTA-STS policy "
                "(RFC 8461)");
    else if (planner->saw_private)
        verdict(planner, 5, "5.4.4",
                "the domain's hosts have loopback or private addresses only, "
                "where no mail is sent");
    else
        verdict(planner, 5, "5.4.4",
                "no host that takes the domain's mail has an address");
}

void smail__hosts_free(struct smail__hosts *hosts)
{
    if (hosts == NULL)
        return;
    free(hosts->list);
    free(hosts);
}

int smail__hosts_plan(struct smail__hosts **out,
                      const struct smail__hosts_ask *ask,
                      struct smail__facts *facts)
{
    struct planner planner = {
        .ask = ask, .facts = facts, .own = UINT32_MAX, .random = ask->random | 1
    };
    struct smail__hosts *hosts = calloc(1, sizeof(*hosts));

    if (hosts == NULL)
        return SMAIL_ENOMEM;
    hosts->list = calloc(SMAIL__HOSTS_MAX, sizeof(*hosts->list));
    hosts->ttl = UINT32_MAX;
    planner.out = hosts;
    if (hosts->list == NULL) {
        free(hosts);
        return SMAIL_ENOMEM;
    }
    facts->wants_sts = false;
    find_hosts(&planner);
    if (hosts->code == 0)
        heed_sts(&planner);
    if (hosts->code == 0 && hosts->count > 0)
        complete_all(&planner);
    if (planner.open) {
        smail__hosts_free(hosts);
        return 1;
    }
    *out = hosts;
    return 0;
}
