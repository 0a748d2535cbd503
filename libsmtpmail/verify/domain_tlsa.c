/* SPDX-License-Identifier: MIT */
/* verify/domain_tlsa.c - does DNS name our certificate? (RFC 7672) */
#include "base/base64.h"
#include "base/span.h"
#include "dns/record.h"
#include "verify/domain_internal.h"

#define HEX_MAX 256 /* octets of a digest that are pasted */

#define DANE_TA 2 /* RFC 7672, 3.1: an authority; the other one is ours */
#define DANE_EE 3

struct tally {
    size_t ours;        /* of usage 3 that are our certificate */
    size_t others;      /* of usage 3 that are not */
    size_t authorities; /* of usage 2 */
    size_t useless;     /* RFC 7672, 3.1.3: what SMTP does not use */
};

static bool is_ours(const struct smail__domain_facts *facts,
                    const struct smail__dns_tlsa *tlsa)
{
    for (size_t i = 0; i < facts->data_count; i++) {
        const struct smail__check_data *data = &facts->data[i];

        if (data->selector == tlsa->selector &&
            data->matching == tlsa->matching &&
            smail__span_equal(data->data, tlsa->data))
            return true;
    }
    return false;
}

static struct tally count(struct smail__domain_run *run,
                          struct smail__check *check,
                          const struct smail__dns_answer *answer)
{
    struct tally tally = { 0 };

    for (size_t i = 0; i < answer->count; i++) {
        struct smail__dns_tlsa tlsa;

        if (smail__dns_read_tlsa(&tlsa, answer->records[i]) != 0)
            continue;
        smail__check_found(check, SMAIL__DNS_TLSA, answer->records[i]);
        if (tlsa.usage == DANE_EE && is_ours(run->facts, &tlsa))
            tally.ours++;
        else if (tlsa.usage == DANE_EE)
            tally.others++;
        else if (tlsa.usage == DANE_TA)
            tally.authorities++;
        else
            tally.useless++;
    }
    return tally;
}

/* --- With our certificate at hand ----------------------------------------- */

/* What is wrong with it is so for those who look: `worst` says whether any
   do. */
static void compare(struct smail__check *check, const struct tally *tally,
                    enum smail__check_status worst)
{
    if (tally->ours > 0 && tally->others > 0)
        smail__check_say(check, SMAIL__CHECK_OK,
                         "It names our certificate, and another one: when "
                         "that is no longer to come, remove its record.");
    else if (tally->ours > 0)
        smail__check_say(check, SMAIL__CHECK_OK, "It names our certificate.");
    else if (tally->authorities > 0)
        smail__check_say(check, SMAIL__CHECK_WARNING,
                         "It names an authority, which is not compared with "
                         "our certificate here.");
    else if (tally->others > 0)
        smail__check_say(check, worst,
                         "It names another certificate than ours: who looks "
                         "at it does not send to us. Publish the record, and "
                         "remove the others.");
    else if (tally->useless == 0)
        smail__check_say(check, worst,
                         "It cannot be read: publish the record in its "
                         "place.");
    if (tally->useless > 0)
        smail__check_say(check, SMAIL__CHECK_WARNING,
                         "Records that begin with 0 or 1 are of no use for "
                         "mail (RFC 7672, 3.1.3): replace them.");
}

static void look(struct smail__domain_run *run, struct smail__check *check,
                 const struct smail__dns_answer *answer, bool is_secure)
{
    struct tally tally = count(run, check, answer);

    if (answer->count > 0)
        compare(check, &tally,
                is_secure || !run->facts->sees_security
                    ? SMAIL__CHECK_WRONG
                    : SMAIL__CHECK_INSECURE);
    if (is_secure && answer->count == 0)
        smail__check_say(check, SMAIL__CHECK_MISSING,
                         "The zone is signed, so this record would make "
                         "others check our certificate (DANE): publish it, "
                         "and renew it before the key of the certificate "
                         "changes.");
    else if (!is_secure && run->facts->sees_security)
        smail__check_say(check, SMAIL__CHECK_INSECURE,
                         "The zone of %s is not signed (DNSSEC), so nobody "
                         "looks at %s.",
                         run->facts->hostname,
                         answer->count > 0 ? "it" : "such a record");
    else if (!is_secure)
        smail__check_say(check,
                         answer->count > 0 ? SMAIL__CHECK_INSECURE
                                           : SMAIL__CHECK_OPTIONAL,
                         "Whether the zone is signed (DNSSEC) is not known, "
                         "for the resolver does not look: set trust-anchor in "
                         "[resolver]. Without, nobody looks at such a record.");
}

/* --- Without -------------------------------------------------------------- */

static void look_alone(struct smail__domain_run *run,
                       struct smail__check *check,
                       const struct smail__dns_answer *answer)
{
    const char *why = run->facts->no_data;

    (void)count(run, check, answer);
    if (answer->count == 0)
        smail__check_say(check, SMAIL__CHECK_OPTIONAL,
                         why != NULL ? "What it would be cannot be said: %s."
                                     : "There is no certificate in [tls] that "
                                       "it could name.%s",
                         why != NULL ? why : "");
    else
        smail__check_say(check, SMAIL__CHECK_WARNING,
                         "It cannot be compared with our certificate: %s.",
                         why != NULL ? why : "there is none in [tls]");
}

void smail__check_tlsa(struct smail__domain_run *run)
{
    const struct smail__domain_facts *facts = run->facts;
    const struct smail__dns_answer *answer, *address;
    char owner[SMAIL__DNS_NAME_ROOM], hex[2 * HEX_MAX + 1];
    struct smail__check *check;

    smail__format(owner, sizeof(owner), "_25._tcp.%s", facts->hostname);
    check = smail__check_begin(run, "TLSA", "TLSA", owner);
    if (facts->data_count > 0 && facts->data[0].data.len <= HEX_MAX) {
        smail__hex_encode(hex, facts->data[0].data.data,
                          facts->data[0].data.len);
        smail__check_expect(check, "%s. 3600 IN TLSA %d %u %u %s", owner,
                            DANE_EE, facts->data[0].selector,
                            facts->data[0].matching, hex);
    }
    answer = smail__check_ask(run, check, owner, SMAIL__DNS_TLSA);
    address = smail__check_ask(run, check, facts->hostname, SMAIL__DNS_A);
    if (answer == NULL || address == NULL)
        return;
    if (facts->data_count == 0)
        look_alone(run, check, answer);
    else
        look(
            run, check, answer,
            answer->security == SMAIL__DNS_SECURE ||
                (answer->count == 0 && address->security == SMAIL__DNS_SECURE));
}
