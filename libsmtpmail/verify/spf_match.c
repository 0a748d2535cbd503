/* SPDX-License-Identifier: MIT */
/* verify/spf_match.c - does a mechanism match? (RFC 7208, 5) */
#include <string.h>

#include "base/format.h"
#include "base/span.h"
#include "dns/record.h"
#include "verify/spf_internal.h"

static enum smail__dns_type type_of(const struct smail__spf *spf)
{
    return spf->ip.is_ipv6 ? SMAIL__DNS_AAAA : SMAIL__DNS_A;
}

static unsigned bits_of(const struct smail__spf *spf,
                        const struct smail__spf_term *term)
{
    return spf->ip.is_ipv6 ? term->bits6 : term->bits4;
}

const struct smail__dns_answer *smail__spf_ask(struct smail__spf *spf,
                                               const char *name,
                                               enum smail__dns_type type)
{
    return smail__questions_ask(spf->questions, name, type);
}

static enum smail__spf_step temporary(struct smail__spf *spf, const char *name,
                                      const struct smail__dns_answer *answer)
{
    smail__format(spf->out->why, sizeof(spf->out->why), "%s: %s", name,
                  answer->why);
    return SMAIL__SPF_TEMPORARY;
}

/* An answer that a mechanism wants: YES when there is something in it. */
static enum smail__spf_step weigh(struct smail__spf *spf, const char *name,
                                  const struct smail__dns_answer *answer)
{
    enum smail__spf_step step;

    if (answer == NULL)
        return SMAIL__SPF_OPEN;
    if (answer->status == SMAIL__DNS_TEMPORARY)
        return temporary(spf, name, answer);
    if (answer->status == SMAIL__DNS_FOUND)
        return SMAIL__SPF_YES;
    step = smail__spf_count_void(spf);
    return step == SMAIL__SPF_YES ? SMAIL__SPF_NO : step;
}

/* Is the client one of the addresses, or in the network of one? */
static bool holds(const struct smail__dns_answer *answer,
                  const struct smail__ip *ip, unsigned bits)
{
    for (size_t i = 0; i < answer->count; i++) {
        struct smail__ip one;

        if (smail__ip_read(&one, answer->records[i]) == 0 &&
            smail__ip_within(ip, &one, bits))
            return true;
    }
    return false;
}

static enum smail__spf_step match_host(struct smail__spf *spf, const char *name,
                                       unsigned bits)
{
    const struct smail__dns_answer *answer =
        smail__spf_ask(spf, name, type_of(spf));
    enum smail__spf_step step = weigh(spf, name, answer);

    if (step != SMAIL__SPF_YES)
        return step;
    return holds(answer, &spf->ip, bits) ? SMAIL__SPF_YES : SMAIL__SPF_NO;
}

/* Ask for all of them at once. */
static bool ask_hosts(struct smail__spf *spf,
                      const struct smail__dns_answer *answer)
{
    bool is_open = false;

    for (size_t i = 0; i < answer->count; i++) {
        struct smail__dns_mx mx;

        if (smail__dns_read_mx(&mx, answer->records[i]) == 0 &&
            smail__spf_ask(spf, mx.host, type_of(spf)) == NULL)
            is_open = true;
    }
    return is_open;
}

static enum smail__spf_step match_mx(struct smail__spf *spf, const char *name,
                                     unsigned bits)
{
    const struct smail__dns_answer *answer =
        smail__spf_ask(spf, name, SMAIL__DNS_MX);
    enum smail__spf_step step = weigh(spf, name, answer);

    if (step != SMAIL__SPF_YES)
        return step;
    if (answer->count > SMAIL__SPF_NAMES_MAX) {
        smail__format(spf->out->why, sizeof(spf->out->why),
                      "%s has more than %d mail hosts", name,
                      SMAIL__SPF_NAMES_MAX);
        return SMAIL__SPF_PERMANENT;
    }
    if (ask_hosts(spf, answer))
        return SMAIL__SPF_OPEN;
    step = SMAIL__SPF_NO;
    for (size_t i = 0; i < answer->count && step == SMAIL__SPF_NO; i++) {
        struct smail__dns_mx mx;

        if (smail__dns_read_mx(&mx, answer->records[i]) == 0)
            step = match_host(spf, mx.host, bits);
    }
    return step;
}

static enum smail__spf_step match_exists(struct smail__spf *spf,
                                         const char *name)
{
    return weigh(spf, name, smail__spf_ask(spf, name, SMAIL__DNS_A));
}

/* --- Names of the client -------------------------------------------------- */

/* `name` is `domain` (2), under it (1), or elsewhere (0). */
static int nearness(const char *name, const char *domain)
{
    char own[SMAIL__DNS_NAME_ROOM];
    size_t len, name_len = strlen(name);

    if (smail__dns_name(own, smail__span(domain)) != 0)
        return 0;
    len = strlen(own);
    if (strcmp(name, own) == 0)
        return 2;
    return name_len > len + 1 && name[name_len - len - 1] == '.' &&
                   strcmp(name + name_len - len, own) == 0
               ? 1
               : 0;
}

enum smail__spf_step smail__spf_validated(char out[SMAIL__DNS_NAME_ROOM],
                                          struct smail__spf *spf,
                                          const char *domain, bool is_any)
{
    char reverse[SMAIL__DNS_NAME_ROOM], name[SMAIL__DNS_NAME_ROOM];
    const struct smail__dns_answer *names, *addresses;
    int best = is_any ? -1 : 0;
    bool is_open = false;

    if (smail__dns_reverse(reverse, spf->ip.octets, spf->ip.is_ipv6, "") != 0)
        return SMAIL__SPF_NO;
    names = smail__spf_ask(spf, reverse, SMAIL__DNS_PTR);
    if (names == NULL)
        return SMAIL__SPF_OPEN;
    for (size_t i = 0; i < names->count && i < SMAIL__SPF_NAMES_MAX; i++) {
        if (smail__dns_read_name(name, names->records[i]) != 0)
            continue;
        addresses = smail__spf_ask(spf, name, type_of(spf));
        if (addresses == NULL) {
            is_open = true;
        } else if (nearness(name, domain) > best &&
                   holds(addresses, &spf->ip, spf->ip.is_ipv6 ? 128 : 32)) {
            best = nearness(name, domain);
            memcpy(out, name, sizeof(name));
        }
    }
    if (is_open)
        return SMAIL__SPF_OPEN;
    return best > (is_any ? -1 : 0) ? SMAIL__SPF_YES : SMAIL__SPF_NO;
}

static enum smail__spf_step match_ptr(struct smail__spf *spf, const char *name)
{
    char reverse[SMAIL__DNS_NAME_ROOM], found[SMAIL__DNS_NAME_ROOM];
    const struct smail__dns_answer *names;
    enum smail__spf_step step;

    if (smail__dns_reverse(reverse, spf->ip.octets, spf->ip.is_ipv6, "") != 0)
        return SMAIL__SPF_NO;
    names = smail__spf_ask(spf, reverse, SMAIL__DNS_PTR);
    /* RFC 7208, 5.5: an error here is no match. */
    if (names != NULL && names->status == SMAIL__DNS_TEMPORARY)
        return SMAIL__SPF_NO;
    step = weigh(spf, reverse, names);
    return step == SMAIL__SPF_YES
               ? smail__spf_validated(found, spf, name, false)
               : step;
}

enum smail__spf_step smail__spf_match(struct smail__spf *spf,
                                      const char *domain,
                                      const struct smail__spf_term *term)
{
    char name[SMAIL__DNS_NAME_ROOM];
    enum smail__spf_step step;

    if (term->kind == SMAIL__SPF_IP4 || term->kind == SMAIL__SPF_IP6)
        return smail__ip_within(&spf->ip, &term->network, bits_of(spf, term))
                   ? SMAIL__SPF_YES
                   : SMAIL__SPF_NO;
    step = smail__spf_target(name, spf, domain, term->target);
    if (step != SMAIL__SPF_YES)
        return step;
    switch (term->kind) {
    case SMAIL__SPF_A:
        return match_host(spf, name, bits_of(spf, term));
    case SMAIL__SPF_MX:
        return match_mx(spf, name, bits_of(spf, term));
    case SMAIL__SPF_PTR:
        return match_ptr(spf, name);
    case SMAIL__SPF_EXISTS:
        return match_exists(spf, name);
    default:
        return SMAIL__SPF_NO;
    }
}
