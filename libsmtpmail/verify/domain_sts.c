/* SPDX-License-Identifier: MIT */
/* verify/domain_sts.c - does MTA-STS ask for TLS on the way to us (RFC 8461),
   and who is told when it fails? (RFC 8460) */
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/span.h"
#include "dns/record.h"
#include "verify/domain_internal.h"
#include "verify/sts.h"
#include "verify/tags.h"

/* "20261123105800": another one whenever the policy changes. */
static void put_id(char out[SMAIL__STS_ID_MAX + 1], int64_t now)
{
    char date[SMAIL__DATE_MAX];
    size_t len = 0;

    smail__date_rfc3339(date, now);
    for (size_t i = 0; date[i] != '\0' && len < SMAIL__STS_ID_MAX; i++) {
        if (smail__is_digit(date[i]))
            out[len++] = date[i];
    }
    out[len] = '\0';
}

/* --- The policy ----------------------------------------------------------- */

/* Every MX has to be in it: mail for others would not be sent. */
static void compare_hosts(struct smail__domain_run *run,
                          struct smail__check *check,
                          const struct smail__sts_policy *policy)
{
    const struct smail__dns_answer *answer =
        smail__questions_ask(run->questions, run->facts->domain, SMAIL__DNS_MX);

    for (size_t i = 0; answer != NULL && i < answer->count; i++) {
        struct smail__dns_mx mx;

        if (smail__dns_read_mx(&mx, answer->records[i]) != 0 ||
            smail__sts_matches(smail__span(policy->hosts), mx.host))
            continue;
        smail__check_say(check,
                         policy->mode == SMAIL__STS_ENFORCE
                             ? SMAIL__CHECK_WRONG
                             : SMAIL__CHECK_WARNING,
                         "The policy does not name %s, which is an MX: add "
                         "\"mx: %s\" to it, and change the id in DNS.",
                         mx.host, mx.host);
    }
}

static void look_at_policy(struct smail__domain_run *run,
                           struct smail__check *check)
{
    struct smail__sts_policy policy = { .hosts = NULL };
    smail_error why = SMAIL_ERROR_INIT;
    int rc = smail__sts_policy_parse(
        &policy, smail__span(run->facts->policy_text), &why);

    if (rc == SMAIL_ENOMEM) {
        run->questions->error = rc;
    } else if (rc != 0) {
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "Nobody can make sense of the policy (%s).",
                         why.message);
    } else {
        compare_hosts(run, check, &policy);
        if (run->facts->is_for_another && policy.mode != SMAIL__STS_NONE)
            smail__check_say(check,
                             policy.mode == SMAIL__STS_ENFORCE
                                 ? SMAIL__CHECK_WRONG
                                 : SMAIL__CHECK_WARNING,
                             "The certificate in [tls] does not name %s: who "
                             "follows the policy does not send to us.",
                             run->facts->hostname);
        if (policy.mode == SMAIL__STS_NONE)
            smail__check_say(check, SMAIL__CHECK_WARNING,
                             "\"mode: none\" in the policy says that there is "
                             "none.");
        else if (policy.mode == SMAIL__STS_TESTING)
            smail__check_say(check, SMAIL__CHECK_WARNING,
                             "\"mode: testing\" in the policy only asks for "
                             "reports: when they are good, make it enforce.");
        else if (check->status == SMAIL__CHECK_OK)
            smail__check_say(check, SMAIL__CHECK_OK,
                             "Others send to us under TLS or not at all.");
    }
    free(policy.hosts);
}

static void tell_policy(struct smail__domain_run *run,
                        struct smail__check *check)
{
    smail__check_say(check, SMAIL__CHECK_OK,
                     "https://mta-sts.%s/.well-known/mta-sts.txt has to say: "
                     "\"version: STSv1\", \"mode: testing\" (later enforce), "
                     "\"mx: %s\", \"max_age: 604800\", a line each.",
                     run->facts->domain, run->facts->hostname);
}

/* --- Where it is ---------------------------------------------------------- */

/* The host of the policy has to be there before it can be asked. */
static void look_at_host(struct smail__domain_run *run,
                         struct smail__check *check)
{
    const struct smail__domain_facts *facts = run->facts;
    char name[SMAIL__DNS_NAME_ROOM];
    const struct smail__dns_answer *ipv4, *ipv6;

    smail__format(name, sizeof(name), "mta-sts.%s", facts->domain);
    ipv4 = smail__check_ask(run, check, name, SMAIL__DNS_A);
    ipv6 = smail__check_ask(run, check, name, SMAIL__DNS_AAAA);
    if (ipv4 == NULL || ipv6 == NULL)
        return;
    if (ipv4->count == 0 && ipv6->count == 0) {
        smail__check_say(check,
                         facts->fetches_policy ? SMAIL__CHECK_WRONG
                                               : SMAIL__CHECK_WARNING,
                         "The record promises a policy, but %s, where it has "
                         "to be, has no address.",
                         name);
        tell_policy(run, check);
        return;
    }
    run->out->wants_policy = true;
    if (facts->policy == SMAIL__CHECK_FETCHED) {
        look_at_policy(run, check);
    } else if (facts->policy == SMAIL__CHECK_FETCH_FAILED) {
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "The policy cannot be had: %s.", facts->policy_text);
        tell_policy(run, check);
    } else {
        smail__check_say(check, SMAIL__CHECK_OK,
                         "The record is there; the policy at "
                         "https://%s/.well-known/mta-sts.txt was not looked "
                         "at.",
                         name);
    }
}

void smail__check_sts(struct smail__domain_run *run)
{
    char owner[SMAIL__DNS_NAME_ROOM], id[SMAIL__STS_ID_MAX + 1];
    struct smail__check *check;
    const struct smail__dns_answer *answer;
    struct smail__buf text;

    smail__format(owner, sizeof(owner), "_mta-sts.%s", run->facts->domain);
    check = smail__check_begin(run, "MTA-STS", "TXT", owner);
    put_id(id, run->facts->now);
    smail__check_expect(check, "%s. 3600 IN TXT \"v=STSv1; id=%s\"", owner, id);
    answer = smail__check_ask(run, check, owner, SMAIL__DNS_TXT);
    if (answer == NULL)
        return;
    if (smail__check_txt(&text, check, answer, "v=STS") == 0) {
        smail__check_say(check, SMAIL__CHECK_MISSING,
                         "Nothing asks others to send to us under TLS only: "
                         "who sits on the wire can make them send in the "
                         "clear. Publish the record and, before it, the "
                         "policy.");
        tell_policy(run, check);
    } else if (!smail__sts_read_id(id, answer)) {
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "It cannot be read, so it counts for nothing: there "
                         "is to be one record, \"v=STSv1; id=\" and letters "
                         "and digits, at most %d.",
                         SMAIL__STS_ID_MAX);
    } else {
        look_at_host(run, check);
        smail__check_keep(check, owner, smail__buf_span(&text));
    }
    smail__buf_dispose(&text);
}

/* --- TLS-RPT (RFC 8460, 3) ------------------------------------------------ */

static bool is_receiver(smail_span uri)
{
    return (smail__span_istarts(uri, "mailto:") &&
            smail__span_find(uri, '@') + 1 < uri.len) ||
           (smail__span_istarts(uri, "https://") && uri.len > 8);
}

static void look_at_report(struct smail__check *check, smail_span text)
{
    struct smail__tags tags;
    const smail_span *value = NULL;
    smail_span rest;

    if (smail__tags_read(&tags, text) &&
        smail__span_is(tags.list[0].name, "v") &&
        smail__span_is(tags.list[0].value, "TLSRPTv1"))
        value = smail__tags_find(&tags, "rua");
    if (value == NULL || value->len == 0) {
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "It cannot be read, so it counts for nothing: it is "
                         "\"v=TLSRPTv1; rua=mailto:\" and an address.");
        return;
    }
    rest = *value;
    while (rest.len > 0) {
        smail_span uri = smail__span_trim(smail__span_cut(&rest, ','));

        if (!is_receiver(uri))
            smail__check_say(check, SMAIL__CHECK_WRONG,
                             "rua= holds \"%.*s\", where mailto: and an "
                             "address, or an https: address, should be.",
                             SMAIL__SPAN_ARG(uri));
    }
    if (check->status == SMAIL__CHECK_OK)
        smail__check_keep(check, check->owner, text);
    if (check->status == SMAIL__CHECK_OK)
        smail__check_say(check, SMAIL__CHECK_OK,
                         "Others report when TLS to us fails.");
}

void smail__check_tls_report(struct smail__domain_run *run)
{
    char owner[SMAIL__DNS_NAME_ROOM];
    struct smail__check *check;
    const struct smail__dns_answer *answer;
    struct smail__buf text;
    size_t count;

    smail__format(owner, sizeof(owner), "_smtp._tls.%s", run->facts->domain);
    check = smail__check_begin(run, "TLS-RPT", "TXT", owner);
    smail__check_expect(check,
                        "%s. 3600 IN TXT \"v=TLSRPTv1; "
                        "rua=mailto:postmaster@%s\"",
                        owner, run->facts->domain);
    answer = smail__check_ask(run, check, owner, SMAIL__DNS_TXT);
    if (answer == NULL)
        return;
    count = smail__check_txt(&text, check, answer, "v=TLSRPT");
    if (count == 1)
        look_at_report(check, smail__buf_span(&text));
    else if (count > 1)
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "There is more than one TLSRPT record, and then none "
                         "counts (RFC 8460, 3): keep one.");
    else
        smail__check_say(check, SMAIL__CHECK_MISSING,
                         "Nobody tells us when TLS on the way to us fails: "
                         "publish the record.");
    smail__buf_dispose(&text);
}
