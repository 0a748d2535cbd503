/* SPDX-License-Identifier: MIT */
/*
 * verify/question.h - what a verifier wants to know of DNS, and what it was
 * told.
 *
 * A verifier runs straight through. It asks as if the answer were there; what
 * is not there yet is noted as open, and the verifier ends early. Whoever
 * drives it gets the open questions answered and runs it again from the
 * start, until none is left:
 *
 *    while (!evaluate(&verdict, &questions, ...))
 *        while ((question = smail__questions_next(&questions)) != NULL)
 *            smail__question_answer(question, look_up(...));
 */
#ifndef SMAIL__VERIFY_QUESTION_H
#define SMAIL__VERIFY_QUESTION_H

#include "dns/answer.h"

struct smail__question {
    char name[SMAIL__DNS_NAME_ROOM];
    enum smail__dns_type type;
    bool is_given; /* by next() */
    struct smail__dns_answer *answer;
};

struct smail__questions {
    struct smail__question **list;
    size_t count, room;
    size_t max; /* beyond it every answer is TEMPORARY */
    size_t open;
    int error; /* SMAIL_ENOMEM: what comes out is worth nothing */
};

void smail__questions_init(struct smail__questions *questions, size_t max);
void smail__questions_dispose(struct smail__questions *questions);

/* NULL: open. What cannot be a name does not exist. */
const struct smail__dns_answer *smail__questions_ask(
    struct smail__questions *questions, const char *name,
    enum smail__dns_type type);

/* An open question that was not given out yet; NULL: all are. It stays where
   it is until dispose(). */
struct smail__question *smail__questions_next(
    struct smail__questions *questions);

/* Copied; NULL: nobody knows. Once for each. */
void smail__question_answer(struct smail__questions *questions,
                            struct smail__question *question,
                            const struct smail__dns_answer *answer);

#endif
