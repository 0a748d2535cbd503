/* SPDX-License-Identifier: MIT */
/* verify/spf.c - check_host() (RFC 7208, 4). */
#include "verify/spf.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/format.h"
#include "base/span.h"
#include "base/utf8.h"
#include "dns/record.h"
#include "verify/spf_internal.h"

/* What check_host() comes to; OPEN beside the results. */
#define OPEN (-1)

static const char *const names[] = { "none",     "neutral",  "pass",
                                     "fail",     "softfail", "temperror",
                                     "permerror" };

const char *smail__spf_result_name(enum smail__spf_result result)
{
    return names[result];
}

bool smail__spf_is_record(smail_span text)
{
    return smail__span_istarts(text, "v=spf1") &&
           (text.len == 6 || text.data[6] == ' ');
}

enum smail__spf_step smail__spf_count_lookup(struct smail__spf *spf)
{
    if (++spf->out->lookups <= SMAIL__SPF_LOOKUPS_MAX)
        return SMAIL__SPF_YES;
    smail__format(spf->out->why, sizeof(spf->out->why),
                  "it takes more than %d look-ups in DNS",
                  SMAIL__SPF_LOOKUPS_MAX);
    return SMAIL__SPF_PERMANENT;
}

enum smail__spf_step smail__spf_count_void(struct smail__spf *spf)
{
    if (++spf->out->voids <= SMAIL__SPF_VOID_MAX)
        return SMAIL__SPF_YES;
    smail__format(spf->out->why, sizeof(spf->out->why),
                  "more than %d of its look-ups in DNS find nothing",
                  SMAIL__SPF_VOID_MAX);
    return SMAIL__SPF_PERMANENT;
}

/* --- The record ----------------------------------------------------------- */

/* A name of at least two labels (RFC 7208, 4.3). */
static bool is_domain(const char *text)
{
    char name[SMAIL__DNS_NAME_ROOM];

    return smail__dns_name(name, smail__span(text)) == 0 &&
           strchr(name, '.') != NULL;
}

/* The one SPF record of the answer, in `out`: 1; 0: none, 2: more. */
static int select_record(struct smail__buf *out,
                         const struct smail__dns_answer *answer)
{
    struct smail__buf text;
    int count = 0;

    for (size_t i = 0; i < answer->count && count < 2; i++) {
        smail__buf_init(&text, SMAIL__DNS_RECORD_MAX, NULL);
        if (smail__dns_read_txt(&text, answer->records[i]) == 0 &&
            smail__spf_is_record(smail__buf_span(&text))) {
            if (count++ == 0)
                smail__buf_append(out, smail__buf_span(&text));
        }
        smail__buf_dispose(&text);
    }
    return count;
}

/* PASS: the record is in `out`. */
static int find_record(struct smail__buf *out, struct smail__spf *spf,
                       const char *domain)
{
    const struct smail__dns_answer *answer;
    int count;

    if (!is_domain(domain))
        return SMAIL__SPF_NONE;
    answer = smail__spf_ask(spf, domain, SMAIL__DNS_TXT);
    if (answer == NULL)
        return OPEN;
    if (answer->status == SMAIL__DNS_TEMPORARY) {
        smail__format(spf->out->why, sizeof(spf->out->why), "%s: %s", domain,
                      answer->why);
        return SMAIL__SPF_TEMPERROR;
    }
    count = select_record(out, answer);
    if (count == 0)
        return SMAIL__SPF_NONE;
    if (count == 1)
        return SMAIL__SPF_PASS;
    smail__format(spf->out->why, sizeof(spf->out->why),
                  "%s has more than one SPF record", domain);
    return SMAIL__SPF_PERMERROR;
}

/* --- Why it failed -------------------------------------------------------- */

/* RFC 7208, 6.2: whatever is wrong with it, there is none then. */
static int explain(struct smail__spf *spf, const char *domain, smail_span exp)
{
    struct smail__spf_verdict *out = spf->out;
    char name[SMAIL__DNS_NAME_ROOM];
    const struct smail__dns_answer *answer;
    enum smail__spf_step step = smail__spf_target(name, spf, domain, exp);
    struct smail__buf text;

    if (step == SMAIL__SPF_OPEN)
        return OPEN;
    if (step != SMAIL__SPF_YES)
        return SMAIL__SPF_FAIL;
    answer = smail__spf_ask(spf, name, SMAIL__DNS_TXT);
    if (answer == NULL)
        return OPEN;
    smail__buf_init(&text, SMAIL__DNS_RECORD_MAX, NULL);
    if (answer->count == 1 &&
        smail__dns_read_txt(&text, answer->records[0]) == 0 &&
        smail__spf_is_macro(smail__buf_span(&text), true))
        step = smail__spf_expand(out->explanation, sizeof(out->explanation),
                                 spf, domain, smail__buf_span(&text));
    smail__buf_dispose(&text);
    return step == SMAIL__SPF_OPEN ? OPEN : SMAIL__SPF_FAIL;
}

/* --- check_host() --------------------------------------------------------- */

/* One call of it. */
struct frame {
    struct smail__buf text;
    struct smail__spf_record *record;
};

static int check_host(struct smail__spf *spf, const char *domain,
                      bool is_included);

static void note(struct smail__spf *spf, smail_span text)
{
    text = smail__utf8_clip(text, sizeof(spf->out->mechanism) - 1);
    smail__format(spf->out->mechanism, sizeof(spf->out->mechanism), "%.*s",
                  SMAIL__SPAN_ARG(text));
}

static int result_of(enum smail__spf_step step)
{
    return step == SMAIL__SPF_OPEN        ? OPEN
           : step == SMAIL__SPF_TEMPORARY ? SMAIL__SPF_TEMPERROR
                                          : SMAIL__SPF_PERMERROR;
}

/* RFC 7208, 5.2; 6.1. No record there is an error of who names it. */
static int descend(struct smail__spf *spf, const char *domain,
                   smail_span target, bool is_included)
{
    char name[SMAIL__DNS_NAME_ROOM];
    enum smail__spf_step step = smail__spf_target(name, spf, domain, target);
    int result = SMAIL__SPF_NONE;

    if (step == SMAIL__SPF_OPEN)
        return OPEN;
    if (step == SMAIL__SPF_YES)
        result = check_host(spf, name, is_included);
    if (result != SMAIL__SPF_NONE)
        return result;
    smail__format(spf->out->why, sizeof(spf->out->why),
                  "'%.*s' has no SPF record", SMAIL__SPAN_ARG(target));
    return SMAIL__SPF_PERMERROR;
}

static enum smail__spf_step include(struct smail__spf *spf, const char *domain,
                                    const struct smail__spf_term *term)
{
    switch (descend(spf, domain, term->target, true)) {
    case OPEN:
        return SMAIL__SPF_OPEN;
    case SMAIL__SPF_PASS:
        return SMAIL__SPF_YES;
    case SMAIL__SPF_TEMPERROR:
        return SMAIL__SPF_TEMPORARY;
    case SMAIL__SPF_PERMERROR:
        return SMAIL__SPF_PERMANENT;
    default:
        return SMAIL__SPF_NO;
    }
}

static enum smail__spf_step match(struct smail__spf *spf, const char *domain,
                                  const struct smail__spf_term *term)
{
    enum smail__spf_step step = SMAIL__SPF_YES;

    if (term->kind == SMAIL__SPF_ALL)
        return step;
    if (term->kind != SMAIL__SPF_IP4 && term->kind != SMAIL__SPF_IP6)
        step = smail__spf_count_lookup(spf);
    if (step != SMAIL__SPF_YES)
        return step;
    return term->kind == SMAIL__SPF_INCLUDE
               ? include(spf, domain, term)
               : smail__spf_match(spf, domain, term);
}

static int evaluate(struct smail__spf *spf, const char *domain,
                    const struct smail__spf_record *record, bool is_included)
{
    enum smail__spf_step step = SMAIL__SPF_NO;
    size_t i = 0;

    while (i < record->count && step == SMAIL__SPF_NO)
        step = match(spf, domain, &record->terms[i++]);
    if (step == SMAIL__SPF_YES) {
        int result = (int)record->terms[i - 1].result;

        note(spf, record->terms[i - 1].text);
        return result == SMAIL__SPF_FAIL && !is_included &&
                       record->exp.data != NULL
                   ? explain(spf, domain, record->exp)
                   : result;
    }
    if (step != SMAIL__SPF_NO) {
        note(spf, record->terms[i - 1].text);
        return result_of(step);
    }
    if (record->redirect.data == NULL) {
        note(spf, SMAIL__SPAN("default"));
        return SMAIL__SPF_NEUTRAL;
    }
    step = smail__spf_count_lookup(spf);
    return step == SMAIL__SPF_YES
               ? descend(spf, domain, record->redirect, is_included)
               : result_of(step);
}

/* It calls itself by include and redirect: not more than ten times, for each
   is a look-up. */
static int check_host(struct smail__spf *spf, const char *domain,
                      bool is_included)
{
    struct frame frame = { .record = calloc(1, sizeof(*frame.record)) };
    int result;

    smail__buf_init(&frame.text, SMAIL__DNS_RECORD_MAX, NULL);
    if (frame.record == NULL) {
        spf->questions->error = SMAIL_ENOMEM;
        return SMAIL__SPF_TEMPERROR;
    }
    result = find_record(&frame.text, spf, domain);
    if (result == SMAIL__SPF_PASS)
        result = smail__spf_parse(frame.record, smail__buf_span(&frame.text),
                                  spf->out->why, sizeof(spf->out->why))
                     ? evaluate(spf, domain, frame.record, is_included)
                     : SMAIL__SPF_PERMERROR;
    smail__buf_dispose(&frame.text);
    free(frame.record);
    return result;
}

bool smail__spf_evaluate(struct smail__spf_verdict *out,
                         struct smail__questions *questions,
                         const struct smail__spf_request *request)
{
    struct smail__spf spf = { questions, request, request->ip, out };
    int result;

    *out = (struct smail__spf_verdict){ .result = SMAIL__SPF_NONE };
    smail__ip_unmap(&spf.ip);
    result = check_host(&spf, request->domain, false);
    if (result == OPEN)
        return false;
    out->result = (enum smail__spf_result)result;
    if (result != SMAIL__SPF_TEMPERROR && result != SMAIL__SPF_PERMERROR)
        out->why[0] = '\0';
    return true;
}
