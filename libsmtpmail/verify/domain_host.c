/* SPDX-License-Identifier: MIT */
/* verify/domain_host.c - MX, the addresses of our host, and back from them. */
#include <string.h>

#include "base/span.h"
#include "dns/record.h"
#include "verify/domain_internal.h"

static bool is_here(const struct smail__dns_answer *answer)
{
    return answer->status == SMAIL__DNS_FOUND && answer->count > 0;
}

/* Both families of `name`; false: open, or nobody knows. */
static bool ask_addresses(const struct smail__dns_answer *out[2],
                          struct smail__domain_run *run,
                          struct smail__check *check, const char *name)
{
    out[0] = smail__check_ask(run, check, name, SMAIL__DNS_A);
    out[1] = smail__check_ask(run, check, name, SMAIL__DNS_AAAA);
    return out[0] != NULL && out[1] != NULL;
}

/* Is `name` another one's name? RFC 5321, 5.1: no mail host may be. */
static const char *alias_of(const struct smail__dns_answer *const answers[2],
                            const char *name)
{
    for (int i = 0; i < 2; i++) {
        if (is_here(answers[i]) &&
            !smail__dns_name_equal(smail__span(answers[i]->name),
                                   smail__span(name)))
            return answers[i]->name;
    }
    return NULL;
}

static bool has_address(const struct smail__dns_answer *const answers[2],
                        const struct smail__ip *ip)
{
    for (int i = 0; i < 2; i++) {
        for (size_t j = 0; j < answers[i]->count; j++) {
            struct smail__ip one;

            if (smail__ip_read(&one, answers[i]->records[j]) == 0 &&
                smail__ip_equal(&one, ip))
                return true;
        }
    }
    return false;
}

/* --- MX (RFC 5321, 5.1) --------------------------------------------------- */

/* A host that is not ours: the backup's, or a mistake. */
static void look_at_other(struct smail__domain_run *run,
                          struct smail__check *check, const char *host)
{
    const struct smail__dns_answer *answers[2];

    if (host[0] == '\0') {
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "\"MX 0 .\" says that the domain takes no mail at "
                         "all: remove it.");
        return;
    }
    if (!ask_addresses(answers, run, check, host))
        return;
    if (!is_here(answers[0]) && !is_here(answers[1]))
        smail__check_say(check, SMAIL__CHECK_WARNING,
                         "%s, which an MX names, has no address: remove it or "
                         "give it one.",
                         host);
    else if (alias_of(answers, host) != NULL)
        smail__check_say(check, SMAIL__CHECK_WARNING,
                         "%s, which an MX names, is a CNAME: name %s itself.",
                         host, alias_of(answers, host));
}

static void look_at_hosts(struct smail__domain_run *run,
                          struct smail__check *check,
                          const struct smail__dns_answer *answer)
{
    const char *hostname = run->facts->hostname;
    struct smail__dns_mx mx;
    unsigned ours = 65536, best = 65536;
    size_t others = 0;

    for (size_t i = 0; i < answer->count; i++) {
        if (smail__dns_read_mx(&mx, answer->records[i]) != 0)
            continue;
        smail__check_found(check, SMAIL__DNS_MX, answer->records[i]);
        if (strcmp(mx.host, hostname) == 0) {
            run->mx_has_host = true;
            ours = mx.preference < ours ? mx.preference : ours;
            continue;
        }
        others++;
        best = mx.preference < best ? mx.preference : best;
        look_at_other(run, check, mx.host);
    }
    if (!run->mx_has_host)
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "No MX names %s: mail for %s goes elsewhere. Publish "
                         "the record, or set hostname in [server] to the name "
                         "that the MX has.",
                         hostname, run->facts->domain);
    else if (others > 0 && best < ours)
        smail__check_say(check, SMAIL__CHECK_WARNING,
                         "Other hosts come before %s: mail goes there first.",
                         hostname);
    else if (others > 0)
        smail__check_say(check, SMAIL__CHECK_WARNING,
                         "Other hosts take mail for %s too: make sure that "
                         "they pass it on, and refuse what is not for you.",
                         run->facts->domain);
    else
        smail__check_say(check, SMAIL__CHECK_OK, "Mail for %s comes to %s.",
                         run->facts->domain, hostname);
}

void smail__check_mx(struct smail__domain_run *run)
{
    const char *domain = run->facts->domain;
    struct smail__check *check = smail__check_begin(run, "MX", "MX", domain);
    const struct smail__dns_answer *answer =
        smail__check_ask(run, check, domain, SMAIL__DNS_MX);

    smail__check_expect(check, "%s. 3600 IN MX 10 %s.", domain,
                        run->facts->hostname);
    if (answer == NULL)
        return;
    if (is_here(answer))
        look_at_hosts(run, check, answer);
    else if (answer->status == SMAIL__DNS_NO_NAME)
        smail__check_say(check, SMAIL__CHECK_MISSING,
                         "DNS knows no %s: register it, and put its records "
                         "on its name servers.",
                         domain);
    else
        smail__check_say(check, SMAIL__CHECK_MISSING,
                         "There is no MX: other hosts do not learn that %s "
                         "takes the mail of %s. Publish the record.",
                         run->facts->hostname, domain);
}

/* --- A and AAAA ----------------------------------------------------------- */

static void expect_addresses(struct smail__domain_run *run,
                             struct smail__check *check)
{
    for (size_t i = 0; i < run->address_count; i++) {
        char text[SMAIL__IP_TEXT];

        smail__ip_text(text, &run->addresses[i]);
        smail__check_expect(check, "%s. 3600 IN %s %s", run->facts->hostname,
                            run->addresses[i].is_ipv6 ? "AAAA" : "A", text);
    }
}

/* What DNS has of our name is what we go by, if nobody told us. */
static void take_addresses(struct smail__domain_run *run,
                           const struct smail__dns_answer *const answers[2])
{
    run->address_count = 0;
    for (int i = 0; i < 2; i++) {
        for (size_t j = 0; j < answers[i]->count &&
                           run->address_count < SMAIL__CHECK_ADDRESSES_MAX;
             j++) {
            struct smail__ip *ip = &run->addresses[run->address_count];

            if (smail__ip_read(ip, answers[i]->records[j]) == 0)
                run->address_count++;
        }
    }
}

static bool is_ours(const struct smail__domain_run *run, smail_span record)
{
    struct smail__ip ip;

    if (smail__ip_read(&ip, record) != 0)
        return true;
    for (size_t i = 0; i < run->address_count; i++) {
        if (smail__ip_equal(&run->addresses[i], &ip))
            return true;
    }
    return false;
}

static void compare_addresses(struct smail__domain_run *run,
                              struct smail__check *check,
                              const struct smail__dns_answer *const answers[2])
{
    char text[SMAIL__IP_TEXT];

    run->host_has_them = true;
    for (size_t i = 0; i < run->address_count; i++) {
        const struct smail__ip *ip = &run->addresses[i];

        smail__ip_text(text, ip);
        if (!has_address(answers, ip)) {
            run->host_has_them = false;
            smail__check_say(check, SMAIL__CHECK_WRONG,
                             "%s does not lead to %s: publish the record.",
                             run->facts->hostname, text);
        }
        if (smail__ip_is_private(ip))
            smail__check_say(check, SMAIL__CHECK_WARNING,
                             "%s is no address that hosts on the Internet can "
                             "reach.",
                             text);
    }
    for (int i = 0; i < 2; i++) {
        for (size_t j = 0; j < answers[i]->count; j++) {
            if (is_ours(run, answers[i]->records[j]))
                continue;
            smail__check_say(check, SMAIL__CHECK_WARNING,
                             "%s also leads to an address that is not among "
                             "ours: mail sent there does not come here.",
                             run->facts->hostname);
            return;
        }
    }
}

static void look_at_addresses(struct smail__domain_run *run,
                              struct smail__check *check,
                              const struct smail__dns_answer *const answers[2])
{
    const char *hostname = run->facts->hostname;

    for (int i = 0; i < 2; i++) {
        for (size_t j = 0; j < answers[i]->count; j++)
            smail__check_found(check, i == 0 ? SMAIL__DNS_A : SMAIL__DNS_AAAA,
                               answers[i]->records[j]);
    }
    if (!is_here(answers[0]) && !is_here(answers[1])) {
        smail__check_say(check, SMAIL__CHECK_MISSING,
                         "%s has no address, so nobody can connect to it. "
                         "Publish an A record%s.",
                         hostname,
                         run->address_count > 0
                             ? ""
                             : " with the address of this machine (--address "
                               "writes it for you)");
        return;
    }
    if (alias_of(answers, hostname) != NULL)
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "%s is a CNAME of %s, which an MX must not name (RFC "
                         "5321, 5.1): give it addresses of its own.",
                         hostname, alias_of(answers, hostname));
    if (run->facts->address_count == 0)
        take_addresses(run, answers);
    compare_addresses(run, check, answers);
    if (check->status == SMAIL__CHECK_OK)
        smail__check_say(check, SMAIL__CHECK_OK, "%s can be reached.",
                         hostname);
}

void smail__check_address(struct smail__domain_run *run)
{
    const struct smail__domain_facts *facts = run->facts;
    struct smail__check *check =
        smail__check_begin(run, "address", "A, AAAA", facts->hostname);
    const struct smail__dns_answer *answers[2];

    for (size_t i = 0;
         i < facts->address_count && i < SMAIL__CHECK_ADDRESSES_MAX; i++)
        run->addresses[run->address_count++] = facts->addresses[i];
    if (strchr(facts->hostname, '.') == NULL)
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "'%s', which we say in EHLO, is no full name of a "
                         "host: set hostname in [server].",
                         facts->hostname);
    if (ask_addresses(answers, run, check, facts->hostname))
        look_at_addresses(run, check, answers);
    expect_addresses(run, check);
}

/* --- PTR: many hosts refuse mail from addresses without a name ------------ */

static void look_back(struct smail__domain_run *run, struct smail__check *check,
                      const struct smail__ip *ip)
{
    const struct smail__dns_answer *answers[2];
    char text[SMAIL__IP_TEXT];

    if (!ask_addresses(answers, run, check, run->facts->hostname))
        return;
    smail__ip_text(text, ip);
    if (has_address(answers, ip))
        smail__check_say(check, SMAIL__CHECK_OK, "%s is %s, there and back.",
                         text, run->facts->hostname);
    else
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "%s names %s, but %s does not lead back to it: "
                         "publish its A or AAAA record.",
                         text, run->facts->hostname, run->facts->hostname);
}

static void look_at_names(struct smail__domain_run *run,
                          struct smail__check *check,
                          const struct smail__dns_answer *answer,
                          const struct smail__ip *ip)
{
    char name[SMAIL__DNS_NAME_ROOM], other[SMAIL__DNS_NAME_ROOM] = "";
    bool is_named = false;

    for (size_t i = 0; i < answer->count; i++) {
        if (smail__dns_read_name(name, answer->records[i]) != 0)
            continue;
        smail__check_found(check, SMAIL__DNS_PTR, answer->records[i]);
        if (strcmp(name, run->facts->hostname) == 0)
            is_named = true;
        else
            memcpy(other, name, sizeof(other));
    }
    if (!is_named) {
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "The address is called %s, but we say %s in EHLO; "
                         "many hosts refuse that. Ask whoever gave you the "
                         "address for this record, or set hostname in "
                         "[server] to %s.",
                         other, run->facts->hostname, other);
        return;
    }
    if (other[0] != '\0')
        smail__check_say(check, SMAIL__CHECK_WARNING,
                         "It has other names besides: keep one.");
    look_back(run, check, ip);
}

static void check_reverse(struct smail__domain_run *run,
                          const struct smail__ip *ip)
{
    char name[SMAIL__DNS_NAME_ROOM], text[SMAIL__IP_TEXT];
    struct smail__check *check;
    const struct smail__dns_answer *answer;

    if (smail__dns_reverse(name, ip->octets, ip->is_ipv6, "") != 0)
        return;
    check = smail__check_begin(run, "PTR", "PTR", name);
    smail__check_expect(check, "%s. 3600 IN PTR %s.", name,
                        run->facts->hostname);
    answer = smail__check_ask(run, check, name, SMAIL__DNS_PTR);
    if (answer == NULL)
        return;
    if (is_here(answer)) {
        look_at_names(run, check, answer, ip);
        return;
    }
    smail__ip_text(text, ip);
    smail__check_say(check, SMAIL__CHECK_MISSING,
                     "%s has no name, and many hosts refuse mail from such "
                     "addresses. Ask whoever gave you the address, your host "
                     "or provider, for this record: it is in their zone.",
                     text);
}

void smail__check_reverse(struct smail__domain_run *run)
{
    for (size_t i = 0; i < run->address_count; i++)
        check_reverse(run, &run->addresses[i]);
    if (run->address_count > 0)
        return;
    smail__check_say(
        smail__check_begin(run, "PTR", "PTR", run->facts->hostname),
        SMAIL__CHECK_UNKNOWN,
        "Whether our address has a name cannot be said, for %s has no "
        "address: give it with --address.",
        run->facts->hostname);
}
