/* SPDX-License-Identifier: MIT */
/*
 * fuzz/domain_check.c - any bytes as what DNS says of a domain, and as SPF
 * records that lead to one another.
 *
 * The input is lines; each question gets the next of them, as text or as it
 * stands. However they are, the evaluation comes to an end within its limits.
 */
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "dns/record.h"
#include "verify/domain_check.h"
#include "verify/spf.h"

#define LINES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct lines {
    smail_span list[LINES_MAX];
    size_t count, next;
};

static void answer(struct smail__questions *questions,
                   struct smail__question *question, struct lines *lines)
{
    smail_span line = lines->list[lines->next++ % lines->count];
    struct smail__dns_answer *made = NULL;
    struct smail__buf wire;

    smail__buf_init(&wire, SMAIL__DNS_RECORD_MAX, NULL);
    if (question->type == SMAIL__DNS_TXT)
        (void)smail__dns_write(&wire, SMAIL__DNS_TXT, line);
    else if (smail__dns_write(&wire, question->type, line) != 0) {
        smail__buf_clear(&wire);
        smail__buf_append(&wire, line);
    }
    if (line.len > 0 && smail__buf_error(&wire) == 0) {
        made = smail__dns_answer_new(SMAIL__DNS_FOUND, question->name, "", 1,
                                     wire.len);
        smail__dns_answer_add(made, smail__buf_span(&wire));
        made->security =
            line.data[0] & 1 ? SMAIL__DNS_SECURE : SMAIL__DNS_INSECURE;
    } else if (lines->next % 2 == 0) {
        made =
            smail__dns_answer_new(SMAIL__DNS_NO_DATA, question->name, "", 0, 0);
    }
    smail__question_answer(questions, question, made);
    smail__dns_answer_free(made);
    smail__buf_dispose(&wire);
}

static void answer_all(struct smail__questions *questions, struct lines *lines)
{
    struct smail__question *question;
    size_t count = 0;

    while ((question = smail__questions_next(questions)) != NULL) {
        answer(questions, question, lines);
        count++;
    }
    if (count == 0)
        abort(); /* open, and nothing to ask */
}

static void evaluate_spf(struct lines *lines)
{
    struct smail__spf_request request = { .ip = { false, { 192, 0, 2, 3 } },
                                          .domain = "email.example.com",
                                          .sender = "a.b@email.example.com",
                                          .helo = "helo.example.com",
                                          .now = 1700000000 };
    struct smail__spf_verdict verdict;
    struct smail__questions questions;

    smail__questions_init(&questions, SMAIL__SPF_QUESTIONS_MAX);
    while (!smail__spf_evaluate(&verdict, &questions, &request))
        answer_all(&questions, lines);
    if (questions.count > SMAIL__SPF_QUESTIONS_MAX ||
        verdict.lookups > SMAIL__SPF_LOOKUPS_MAX + 1 ||
        verdict.voids > SMAIL__SPF_VOID_MAX + 1 ||
        strlen(verdict.explanation) > SMAIL__SPF_EXPLANATION_MAX)
        abort();
    smail__questions_dispose(&questions);
}

static void evaluate_domain(struct lines *lines)
{
    static const struct smail__check_key key = { "s._domainkey.example.org",
                                                 "v=DKIM1; k=ed25519; p=AAAA",
                                                 false };
    static const struct smail__check_data form = { 1, 1, { "abcd", 4 } };
    struct smail__domain_facts facts = { .domain = "example.org",
                                         .hostname = "mail.example.org",
                                         .keys = &key,
                                         .key_count = 1,
                                         .data = &form,
                                         .data_count = 1,
                                         .sees_security = true };
    struct smail__domain_check *check = calloc(1, sizeof(*check));
    struct smail__questions questions;

    if (check == NULL)
        return;
    smail__questions_init(&questions, SMAIL__CHECK_QUESTIONS_MAX);
    while (!smail__domain_check_evaluate(check, &questions, &facts))
        answer_all(&questions, lines);
    if (check->count == 0 || check->count > SMAIL__CHECKS_MAX)
        abort();
    for (size_t i = 0; i < check->count; i++) {
        if (check->list[i].explanation.len == 0 ||
            check->list[i].found_count > SMAIL__CHECK_FOUND_MAX)
            abort();
    }
    smail__questions_dispose(&questions);
    smail__domain_check_dispose(check);
    free(check);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    smail_span rest = { (const char *)data + 1, size > 0 ? size - 1 : 0 };
    struct lines lines = { .count = 0 };

    while (rest.len > 0 && lines.count < LINES_MAX)
        lines.list[lines.count++] = smail__span_cut(&rest, '\n');
    if (lines.count == 0)
        return 0;
    if (data[0] == 's')
        evaluate_spf(&lines);
    else
        evaluate_domain(&lines);
    return 0;
}
