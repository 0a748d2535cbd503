/* SPDX-License-Identifier: MIT */
/* verify/question.c - see the header. */
#include "verify/question.h"

#include <stdlib.h>
#include <string.h>

#include "base/span.h"

static char nameless[] = "", too_many[] = "too many questions to DNS",
            nothing[] = "";

static const struct smail__dns_answer unknown = {
    SMAIL__DNS_TEMPORARY, SMAIL__DNS_INSECURE, 0, nameless, too_many, NULL, 0
};
static const struct smail__dns_answer no_such = {
    SMAIL__DNS_NO_NAME, SMAIL__DNS_INSECURE, 0, nameless, nothing, NULL, 0
};

void smail__questions_init(struct smail__questions *questions, size_t max)
{
    *questions = (struct smail__questions){ .max = max };
}

void smail__questions_dispose(struct smail__questions *questions)
{
    for (size_t i = 0; i < questions->count; i++) {
        smail__dns_answer_free(questions->list[i]->answer);
        free(questions->list[i]);
    }
    free(questions->list);
    *questions = (struct smail__questions){ .max = questions->max };
}

static struct smail__question *add(struct smail__questions *questions)
{
    struct smail__question *question;

    if (questions->count == questions->room) {
        size_t room = questions->room == 0 ? 32 : questions->room * 2;
        struct smail__question **grown =
            realloc(questions->list, room * sizeof(struct smail__question *));

        if (grown == NULL)
            return NULL;
        questions->list = grown;
        questions->room = room;
    }
    question = calloc(1, sizeof(*question));
    if (question != NULL)
        questions->list[questions->count++] = question;
    return question;
}

const struct smail__dns_answer *smail__questions_ask(
    struct smail__questions *questions, const char *name,
    enum smail__dns_type type)
{
    char text[SMAIL__DNS_NAME_ROOM];
    struct smail__question *question;

    if (smail__dns_name(text, smail__span(name)) != 0 || text[0] == '\0')
        return &no_such;
    for (size_t i = 0; i < questions->count; i++) {
        question = questions->list[i];
        if (question->type == type && strcmp(question->name, text) == 0)
            return question->answer;
    }
    if (questions->count >= questions->max)
        return &unknown;
    question = add(questions);
    if (question == NULL) {
        questions->error = SMAIL_ENOMEM;
        return &unknown;
    }
    memcpy(question->name, text, sizeof(text));
    question->type = type;
    questions->open++;
    return NULL;
}

struct smail__question *smail__questions_next(
    struct smail__questions *questions)
{
    for (size_t i = 0; i < questions->count; i++) {
        struct smail__question *question = questions->list[i];

        if (question->answer == NULL && !question->is_given) {
            question->is_given = true;
            return question;
        }
    }
    return NULL;
}

static struct smail__dns_answer *copy(const struct smail__dns_answer *answer)
{
    struct smail__dns_answer *made;
    size_t octets = 0;

    for (size_t i = 0; i < answer->count; i++)
        octets += answer->records[i].len;
    made = smail__dns_answer_new(answer->status, answer->name, answer->why,
                                 answer->count, octets);
    if (made == NULL)
        return NULL;
    made->security = answer->security;
    made->ttl = answer->ttl;
    for (size_t i = 0; i < answer->count; i++)
        smail__dns_answer_add(made, answer->records[i]);
    return made;
}

void smail__question_answer(struct smail__questions *questions,
                            struct smail__question *question,
                            const struct smail__dns_answer *answer)
{
    if (question->answer != NULL)
        return;
    question->answer = answer != NULL
                           ? copy(answer)
                           : smail__dns_answer_new(SMAIL__DNS_TEMPORARY, "",
                                                   "nobody answered", 0, 0);
    if (question->answer == NULL) {
        questions->error = SMAIL_ENOMEM;
        return; /* open for good: the driver looks at `error` */
    }
    questions->open--;
}
