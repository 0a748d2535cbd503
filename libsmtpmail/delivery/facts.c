/* SPDX-License-Identifier: MIT */
/* delivery/facts.c - what is known of a destination, and what has to be asked
 * (delivery/hosts.h). */
#include <stdlib.h>
#include <string.h>

#include "base/format.h"
#include "delivery/hosts.h"

void smail__facts_init(struct smail__facts *facts)
{
    *facts = (struct smail__facts){ .count = 0 };
}

void smail__facts_dispose(struct smail__facts *facts)
{
    for (size_t i = 0; i < facts->count; i++)
        smail__dns_answer_free(facts->list[i].answer);
    free(facts->list);
    free(facts->sts.hosts);
    smail__facts_init(facts);
}

struct smail__fact *smail__facts_find(struct smail__facts *facts,
                                      const char *name,
                                      enum smail__dns_type type)
{
    for (size_t i = 0; i < facts->count; i++)
        if (facts->list[i].type == type &&
            strcmp(facts->list[i].name, name) == 0)
            return &facts->list[i];
    return NULL;
}

struct smail__fact *smail__facts_add(struct smail__facts *facts,
                                     const char *name,
                                     enum smail__dns_type type)
{
    struct smail__fact *list, *fact;

    if (facts->count >= SMAIL__FACTS_MAX)
        return NULL;
    list = realloc(facts->list, (facts->count + 1) * sizeof(*list));
    if (list == NULL)
        return NULL;
    facts->list = list;
    fact = &list[facts->count++];
    *fact = (struct smail__fact){ .type = type };
    smail__format(fact->name, sizeof(fact->name), "%s", name);
    return fact;
}

static struct smail__dns_answer *copy_answer(
    const struct smail__dns_answer *answer)
{
    struct smail__dns_answer *copy;
    size_t octets = 0;

    if (answer == NULL)
        return smail__dns_answer_new(SMAIL__DNS_TEMPORARY, "", "no answer", 0,
                                     0);
    for (size_t i = 0; i < answer->count; i++)
        octets += answer->records[i].len;
    copy = smail__dns_answer_new(answer->status, answer->name, answer->why,
                                 answer->count, octets);
    if (copy == NULL)
        return NULL;
    copy->security = answer->security;
    copy->ttl = answer->ttl;
    for (size_t i = 0; i < answer->count; i++)
        smail__dns_answer_add(copy, answer->records[i]);
    return copy;
}

int smail__facts_put(struct smail__facts *facts, const char *name,
                     enum smail__dns_type type,
                     const struct smail__dns_answer *answer)
{
    struct smail__fact *fact = smail__facts_find(facts, name, type);

    if (fact == NULL)
        fact = smail__facts_add(facts, name, type);
    if (fact == NULL)
        return SMAIL_ENOMEM;
    smail__dns_answer_free(fact->answer);
    fact->answer = copy_answer(answer);
    fact->asked = true;
    return fact->answer != NULL ? 0 : SMAIL_ENOMEM;
}

const struct smail__fact *smail__facts_next(struct smail__facts *facts)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (facts->list[i].asked)
            continue;
        facts->list[i].asked = true;
        return &facts->list[i];
    }
    return NULL;
}
