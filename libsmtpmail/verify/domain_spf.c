/* SPDX-License-Identifier: MIT */
/* verify/domain_spf.c - does SPF let us send? (RFC 7208) */
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "verify/domain_internal.h"
#include "verify/spf_record.h"

/* Whose record is looked at: the domain's, or that of the name in EHLO, which
   counts for mail without a sender (RFC 7208, 2.4). */
struct identity {
    const char *domain;
    bool is_helo;
};

/* What we would publish: "v=spf1 mx -all" where an MX leads to all of our
   addresses, else what it lacks as well. */
static void put_wanted(struct smail__buf *out,
                       const struct smail__domain_run *run,
                       const struct identity *identity)
{
    smail__buf_puts(out, identity->is_helo ? "v=spf1 a" : "v=spf1 mx");
    if (!identity->is_helo && !run->mx_has_host && run->host_has_them)
        smail__buf_printf(out, " a:%s", run->facts->hostname);
    for (size_t i = 0; i < run->address_count && !run->host_has_them; i++) {
        char text[SMAIL__IP_TEXT];

        smail__ip_text(text, &run->addresses[i]);
        smail__buf_printf(out, " %s:%s",
                          run->addresses[i].is_ipv6 ? "ip6" : "ip4", text);
    }
    smail__buf_puts(out, " -all");
}

/* How it ends, for those who are not named. */
static void look_at_end(struct smail__check *check,
                        const struct smail__spf_record *record)
{
    const struct smail__spf_term *all = NULL;

    for (size_t i = 0; i < record->count; i++) {
        if (record->terms[i].kind == SMAIL__SPF_ALL && all == NULL)
            all = &record->terms[i];
        if (record->terms[i].kind == SMAIL__SPF_PTR)
            smail__check_say(check, SMAIL__CHECK_WARNING,
                             "\"ptr\" is slow and should not be used any "
                             "more (RFC 7208, 5.5): name addresses instead.");
    }
    if (all == NULL && record->redirect.data != NULL)
        return;
    if (all == NULL || all->result == SMAIL__SPF_NEUTRAL)
        smail__check_say(check, SMAIL__CHECK_WARNING,
                         "It says nothing of hosts that it does not name: end "
                         "it with -all, or ~all at first.");
    else if (all->result == SMAIL__SPF_PASS)
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "\"%.*s\" lets everybody on the Internet send in "
                         "your name: end it with -all.",
                         SMAIL__SPAN_ARG(all->text));
}

/* False: open. */
static bool try_address(struct smail__domain_run *run,
                        struct smail__check *check, const struct smail__ip *ip)
{
    struct smail__spf_request request = { .ip = *ip,
                                          .domain = check->owner,
                                          .sender = check->owner,
                                          .helo = run->facts->hostname,
                                          .now = run->facts->now };
    struct smail__spf_verdict verdict;
    char text[SMAIL__IP_TEXT];

    if (!smail__spf_evaluate(&verdict, run->questions, &request))
        return false;
    smail__ip_text(text, ip);
    switch (verdict.result) {
    case SMAIL__SPF_PASS:
        smail__check_say(check, SMAIL__CHECK_OK,
                         "%s may send, by \"%s\" (%u of %d look-ups).", text,
                         verdict.mechanism, verdict.lookups,
                         SMAIL__SPF_LOOKUPS_MAX);
        break;
    case SMAIL__SPF_TEMPERROR:
        smail__check_say(check, SMAIL__CHECK_UNKNOWN,
                         "Whether %s may send cannot be said now: %s.", text,
                         verdict.why);
        break;
    case SMAIL__SPF_PERMERROR:
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "Other hosts cannot make sense of it, by \"%s\": %s.",
                         verdict.mechanism, verdict.why);
        break;
    default:
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "%s, from which we send, may not (%s, by \"%s\"): put "
                         "%s:%s in front of what matches it.",
                         text, smail__spf_result_name(verdict.result),
                         verdict.mechanism, ip->is_ipv6 ? "ip6" : "ip4", text);
        break;
    }
    return true;
}

static void look_at_record(struct smail__domain_run *run,
                           struct smail__check *check, smail_span text)
{
    struct smail__spf_record *record = calloc(1, sizeof(*record));
    char why[200];

    if (record == NULL) {
        run->questions->error = SMAIL_ENOMEM;
        return;
    }
    if (!smail__spf_parse(record, text, why, sizeof(why))) {
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "Other hosts cannot make sense of it: %s.", why);
    } else {
        for (size_t i = 0; i < run->address_count; i++)
            (void)try_address(run, check, &run->addresses[i]);
        look_at_end(check, record);
        if (run->address_count == 0)
            smail__check_say(check, SMAIL__CHECK_UNKNOWN,
                             "Whether it lets us send cannot be said, for our "
                             "addresses are not known: give them with "
                             "--address.");
    }
    free(record);
}

/* How many of the answer's texts are SPF records; the first in `out`. */
static size_t count_records(struct smail__buf *out, struct smail__check *check,
                            const struct smail__dns_answer *answer)
{
    size_t alike = smail__check_txt(out, check, answer, "v=spf1"), count = 0;
    smail_span lines = smail__buf_span(&check->found);

    if (alike == 1)
        return smail__spf_is_record(smail__buf_span(out)) ? 1 : 0;
    smail__buf_clear(out);
    while (lines.len > 0) {
        smail_span line = smail__span_cut(&lines, '\n');

        if (smail__spf_is_record(line) && count++ == 0)
            smail__buf_append(out, line);
    }
    return count;
}

static void say_missing(struct smail__check *check,
                        const struct identity *identity)
{
    if (identity->is_helo)
        smail__check_say(check, SMAIL__CHECK_OPTIONAL,
                         "With it others can tell that notices, which have no "
                         "sender, are from us.");
    else
        smail__check_say(check, SMAIL__CHECK_MISSING,
                         "There is no SPF record%s: other hosts cannot know "
                         "who may send mail of %s. Publish it.",
                         check->found_count > 0 ? " that is one (\"v=spf1\", a "
                                                  "space, then its terms)"
                                                : "",
                         identity->domain);
}

static void check_identity(struct smail__domain_run *run,
                           const struct identity *identity)
{
    const char *domain = identity->domain;
    struct smail__check *check = smail__check_begin(run, "SPF", "TXT", domain);
    const struct smail__dns_answer *answer =
        smail__check_ask(run, check, domain, SMAIL__DNS_TXT);
    struct smail__buf text;
    size_t count;

    smail__buf_init(&text, 4096, NULL);
    put_wanted(&text, run, identity);
    smail__check_expect_txt(check, domain, smail__buf_span(&text));
    smail__buf_dispose(&text);
    if (answer == NULL)
        return;
    count = count_records(&text, check, answer);
    if (count == 1) {
        look_at_record(run, check, smail__buf_span(&text));
        if (check->status <= SMAIL__CHECK_WARNING)
            smail__check_keep(check, domain, smail__buf_span(&text));
    } else if (count > 1) {
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "There is more than one SPF record, which counts as "
                         "an error (RFC 7208, 4.5): make one of them, and "
                         "remove the others.");
    } else {
        say_missing(check, identity);
    }
    smail__buf_dispose(&text);
}

void smail__check_spf(struct smail__domain_run *run)
{
    struct identity own = { run->facts->domain, false };
    struct identity helo = { run->facts->hostname, true };

    check_identity(run, &own);
    if (strcmp(own.domain, helo.domain) != 0)
        check_identity(run, &helo);
}
