/* SPDX-License-Identifier: MIT */
/* dns/answer.c - an answer and all that belongs to it, in one block. */
#include "dns/answer.h"

#include <stdlib.h>
#include <string.h>

#include "base/span.h"

static const struct {
    enum smail__dns_type type;
    const char *name;
} types[] = {
    { SMAIL__DNS_A, "A" },         { SMAIL__DNS_NS, "NS" },
    { SMAIL__DNS_CNAME, "CNAME" }, { SMAIL__DNS_SOA, "SOA" },
    { SMAIL__DNS_PTR, "PTR" },     { SMAIL__DNS_MX, "MX" },
    { SMAIL__DNS_TXT, "TXT" },     { SMAIL__DNS_AAAA, "AAAA" },
    { SMAIL__DNS_TLSA, "TLSA" },   { SMAIL__DNS_SRV, "SRV" },
};

#define TYPES (sizeof(types) / sizeof(types[0]))

const char *smail__dns_type_name(enum smail__dns_type type)
{
    for (size_t i = 0; i < TYPES; i++) {
        if (types[i].type == type)
            return types[i].name;
    }
    return "?";
}

enum smail__dns_type smail__dns_type_of(smail_span name)
{
    for (size_t i = 0; i < TYPES; i++) {
        if (smail__span_iis(name, types[i].name))
            return types[i].type;
    }
    return (enum smail__dns_type)0;
}

struct smail__dns_answer *smail__dns_answer_new(enum smail__dns_status status,
                                                const char *name,
                                                const char *why, size_t count,
                                                size_t octets)
{
    size_t name_len = strlen(name) + 1, why_len = strlen(why) + 1;
    size_t head = sizeof(struct smail__dns_answer) + count * sizeof(smail_span);
    struct smail__dns_answer *answer =
        calloc(1, head + octets + name_len + why_len);

    if (answer == NULL)
        return NULL;
    answer->status = status;
    answer->records = (smail_span *)(answer + 1);
    answer->name = (char *)answer + head;
    answer->why = answer->name + name_len;
    memcpy(answer->name, name, name_len);
    memcpy(answer->why, why, why_len);
    return answer;
}

void smail__dns_answer_add(struct smail__dns_answer *answer, smail_span record)
{
    /* Behind the record before, or behind the texts. */
    char *to = answer->why + strlen(answer->why) + 1;

    if (answer->count > 0) {
        const smail_span *last = &answer->records[answer->count - 1];

        to = (char *)last->data + last->len;
    }
    if (record.len > 0)
        memcpy(to, record.data, record.len);
    answer->records[answer->count++] = (smail_span){ to, record.len };
}

void smail__dns_answer_free(struct smail__dns_answer *answer)
{
    free(answer);
}
