/* SPDX-License-Identifier: MIT */
/* zone_fixture.h - questions answered from a zone in JSON. */
#ifndef TESTS_ZONE_FIXTURE_H
#define TESTS_ZONE_FIXTURE_H

#include "unit.h"

#include "base/buf.h"
#include "base/span.h"
#include "net/zone_file.h"
#include "verify/question.h"

static inline struct smail__dns_zone *zone_of(const char *json)
{
    struct smail__dns_zone *zone = NULL;
    smail_error err = SMAIL_ERROR_INIT;
    struct smail__buf text;

    /* Single quotes spare the test its backslashes. */
    smail__buf_init(&text, 1 << 20, NULL);
    for (; *json != '\0'; json++)
        smail__buf_putc(&text, *json == '\'' ? '"' : *json);
    if (smail__zone_file_parse(&zone, smail__buf_span(&text), "zone", &err) !=
        0)
        fail_msg("%s", err.message);
    smail__buf_dispose(&text);
    return zone;
}

static inline void answer_all(struct smail__questions *questions,
                              const struct smail__dns_zone *zone)
{
    struct smail__question *question;

    while ((question = smail__questions_next(questions)) != NULL) {
        struct smail__dns_answer *answer = NULL;

        (void)smail__dns_zone_find(&answer, zone, smail__span(question->name),
                                   question->type);
        smail__question_answer(questions, question, answer);
        smail__dns_answer_free(answer);
    }
}

#endif
