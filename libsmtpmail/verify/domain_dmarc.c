/* SPDX-License-Identifier: MIT */
/* verify/domain_dmarc.c - what others are to do with mail that is not ours
   (RFC 7489, 6.3). */
#include <string.h>

#include "base/span.h"
#include "verify/domain_internal.h"
#include "verify/tags.h"

/* Labels above a domain that are looked at for a record. */
#define PARENTS_MAX 8

#define REPORTS_MAX 10 /* addresses of rua that are looked at */

static bool is_policy(smail_span value)
{
    return smail__span_iis(value, "none") ||
           smail__span_iis(value, "quarantine") ||
           smail__span_iis(value, "reject");
}

/* Tags whose values are of a few letters. */
static void look_at_words(struct smail__check *check,
                          const struct smail__tags *tags)
{
    static const struct {
        const char *name, *first, *second;
    } words[] = { { "adkim", "r", "s" },
                  { "aspf", "r", "s" },
                  { "t", "y", "n" } };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const smail_span *value = smail__tags_find(tags, words[i].name);

        if (value != NULL && !smail__span_iis(*value, words[i].first) &&
            !smail__span_iis(*value, words[i].second))
            smail__check_say(check, SMAIL__CHECK_WRONG,
                             "%s= is %s or %s, and not \"%.*s\".",
                             words[i].name, words[i].first, words[i].second,
                             SMAIL__SPAN_ARG(*value));
    }
}

static void look_at_share(struct smail__check *check,
                          const struct smail__tags *tags)
{
    const smail_span *value = smail__tags_find(tags, "pct");
    uint64_t number = 0;

    if (value == NULL)
        return;
    if (smail__span_number(&number, *value) != 0 || number > 100)
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "pct= is a number from 0 to 100, and not \"%.*s\".",
                         SMAIL__SPAN_ARG(*value));
    else if (number < 100)
        smail__check_say(check, SMAIL__CHECK_WARNING,
                         "pct=%.*s: the policy holds for a part of the mail "
                         "only.",
                         SMAIL__SPAN_ARG(*value));
}

/* --- Reports -------------------------------------------------------------- */

static bool is_under(smail_span name, smail_span top)
{
    return smail__span_iequal(name, top) ||
           (name.len > top.len && name.data[name.len - top.len - 1] == '.' &&
            smail__span_iequal(smail__span_from(name, name.len - top.len),
                               top));
}

/* RFC 7489, 7.1: who gets reports of another's domain has to say so. */
static void look_at_receiver(struct smail__domain_run *run,
                             struct smail__check *check, smail_span domain)
{
    smail_span ours = smail__span(run->facts->domain);
    char name[SMAIL__DNS_NAME_ROOM];
    const struct smail__dns_answer *answer;
    size_t count = 0;

    if (is_under(domain, ours) || is_under(ours, domain))
        return;
    if (smail__format(name, sizeof(name), "%s._report._dmarc.%.*s",
                      run->facts->domain,
                      SMAIL__SPAN_ARG(domain)) >= sizeof(name))
        return;
    answer = smail__check_ask(run, check, name, SMAIL__DNS_TXT);
    if (answer == NULL)
        return;
    for (size_t i = 0; i < answer->count; i++) {
        smail_span record = answer->records[i];

        /* One string, as all of them are. */
        if (record.len > 1 &&
            smail__span_istarts(smail__span_from(record, 1), "v=DMARC1"))
            count++;
    }
    if (count == 0)
        smail__check_say(check, SMAIL__CHECK_WARNING,
                         "Reports go to %.*s, which does not say that it "
                         "wants them: it has to publish %s TXT \"v=DMARC1\".",
                         SMAIL__SPAN_ARG(domain), name);
}

static void look_at_reports(struct smail__domain_run *run,
                            struct smail__check *check,
                            const struct smail__tags *tags)
{
    const smail_span *value = smail__tags_find(tags, "rua");
    smail_span rest = value != NULL ? *value : (smail_span){ "", 0 };

    if (value == NULL) {
        smail__check_say(check, SMAIL__CHECK_WARNING,
                         "Nobody gets reports, by which one learns who sends "
                         "in one's name: add rua=mailto:postmaster@%s.",
                         run->facts->domain);
        return;
    }
    for (int i = 0; rest.len > 0 && i < REPORTS_MAX; i++) {
        smail_span uri = smail__span_trim(smail__span_cut(&rest, ','));
        smail_span domain = uri;

        if (!smail__span_istarts(uri, "mailto:") ||
            smail__span_find(uri, '@') + 1 >= uri.len) {
            smail__check_say(check, SMAIL__CHECK_WRONG,
                             "rua= holds \"%.*s\", where mailto: and an "
                             "address should be.",
                             SMAIL__SPAN_ARG(uri));
            continue;
        }
        (void)smail__span_cut(&domain, '@');
        domain = smail__span_cut(&domain, '!'); /* how large it may be */
        look_at_receiver(run, check, domain);
    }
}

/* --- The record ----------------------------------------------------------- */

static void look_at_policy(struct smail__check *check,
                           const struct smail__tags *tags)
{
    const smail_span *policy = smail__tags_find(tags, "p");
    const smail_span *below = smail__tags_find(tags, "sp");

    if (policy == NULL)
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "It has no p=: put p=quarantine behind v=DMARC1.");
    else if (!is_policy(*policy))
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "p= is none, quarantine or reject, and not \"%.*s\".",
                         SMAIL__SPAN_ARG(*policy));
    else if (smail__span_iis(*policy, "none"))
        smail__check_say(check, SMAIL__CHECK_WARNING,
                         "p=none only watches: when the reports show that "
                         "your own mail passes, make it p=quarantine.");
    else if (policy != &tags->list[1].value)
        smail__check_say(check, SMAIL__CHECK_WARNING,
                         "p= should come right behind v=DMARC1: some who read "
                         "it insist.");
    if (below != NULL && !is_policy(*below))
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "sp= is none, quarantine or reject, and not "
                         "\"%.*s\".",
                         SMAIL__SPAN_ARG(*below));
}

static void look_at_record(struct smail__domain_run *run,
                           struct smail__check *check, smail_span text)
{
    struct smail__tags tags;

    if (!smail__tags_read(&tags, text) ||
        !smail__span_is(tags.list[0].name, "v") ||
        !smail__span_is(tags.list[0].value, "DMARC1")) {
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "It cannot be read, so it counts for nothing: it has "
                         "to begin with v=DMARC1, and is made of NAME=VALUE "
                         "with ; between them.");
        return;
    }
    look_at_policy(check, &tags);
    look_at_words(check, &tags);
    look_at_share(check, &tags);
    look_at_reports(run, check, &tags);
    if (check->status <= SMAIL__CHECK_WARNING)
        smail__check_keep(check, check->owner, text);
    if (check->status == SMAIL__CHECK_OK)
        smail__check_say(check, SMAIL__CHECK_OK,
                         "Others are told what to do with mail that is not "
                         "yours.");
}

/* A record of a domain above, which holds for those below it as well. */
static bool find_above(struct smail__domain_run *run,
                       struct smail__check *check)
{
    const char *above = run->facts->domain;

    for (int i = 0; i < PARENTS_MAX; i++) {
        char name[SMAIL__DNS_NAME_ROOM];
        const struct smail__dns_answer *answer;
        struct smail__buf text;
        size_t count;

        above = strchr(above, '.');
        if (above == NULL || strchr(++above, '.') == NULL)
            return false;
        smail__format(name, sizeof(name), "_dmarc.%s", above);
        answer = smail__check_ask(run, check, name, SMAIL__DNS_TXT);
        if (answer == NULL)
            return true;
        count = smail__check_txt(&text, check, answer, "v=DMARC1");
        smail__buf_dispose(&text);
        if (count == 0)
            continue;
        smail__check_say(check, SMAIL__CHECK_OK,
                         "The record of %s holds for %s as well, its sp= if "
                         "it has one.",
                         above, run->facts->domain);
        return true;
    }
    return false;
}

void smail__check_dmarc(struct smail__domain_run *run)
{
    const char *domain = run->facts->domain;
    char owner[SMAIL__DNS_NAME_ROOM];
    struct smail__check *check;
    const struct smail__dns_answer *answer;
    struct smail__buf text;
    size_t count;

    smail__format(owner, sizeof(owner), "_dmarc.%s", domain);
    check = smail__check_begin(run, "DMARC", "TXT", owner);
    smail__check_expect(check,
                        "%s. 3600 IN TXT \"v=DMARC1; p=quarantine; "
                        "rua=mailto:postmaster@%s\"",
                        owner, domain);
    answer = smail__check_ask(run, check, owner, SMAIL__DNS_TXT);
    if (answer == NULL)
        return;
    count = smail__check_txt(&text, check, answer, "v=DMARC");
    if (count == 1)
        look_at_record(run, check, smail__buf_span(&text));
    else if (count > 1)
        smail__check_say(check, SMAIL__CHECK_WRONG,
                         "There is more than one DMARC record, and then none "
                         "counts (RFC 7489, 6.6.3): keep one.");
    else if (!find_above(run, check))
        smail__check_say(check, SMAIL__CHECK_MISSING,
                         "There is no DMARC record: large providers want one "
                         "from everybody who sends to them. Publish it.");
    smail__buf_dispose(&text);
}
