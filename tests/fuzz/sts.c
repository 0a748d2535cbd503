/* SPDX-License-Identifier: MIT */
/*
 * fuzz/sts.c - any bytes as an MTA-STS policy, and as the record that says
 * there is one.
 *
 * A policy that was read holds what it must, and the hosts that it names match
 * themselves.
 */
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "dns/record.h"
#include "verify/sts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_record(smail_span input)
{
    char id[SMAIL__STS_ID_MAX + 1];
    struct smail__dns_answer answer = { .status = SMAIL__DNS_FOUND,
                                        .records = &input,
                                        .count = 1 };

    if (smail__sts_read_id(id, &answer) &&
        (id[0] == '\0' || strlen(id) > SMAIL__STS_ID_MAX))
        abort();
}

static void check_hosts(const char *hosts)
{
    smail_span rest = smail__span(hosts);

    while (rest.len > 0) {
        smail_span one = smail__span_cut(&rest, '\n');
        char name[SMAIL__DNS_NAME_ROOM];

        if (one.len == 0 || one.len >= sizeof(name))
            abort();
        memcpy(name, one.data, one.len);
        name[one.len] = '\0';
        if (name[0] == '*')
            name[0] = 'x';
        if (!smail__sts_matches(smail__span(hosts), name))
            abort();
    }
}

static void read_policy(smail_span input)
{
    struct smail__sts_policy policy;

    if (smail__sts_policy_parse(&policy, input, NULL) != 0) {
        if (policy.hosts != NULL)
            abort();
        return;
    }
    if (policy.mode == SMAIL__STS_UNKNOWN ||
        policy.max_age > SMAIL__STS_MAX_AGE ||
        (policy.mode != SMAIL__STS_NONE && policy.hosts[0] == '\0'))
        abort();
    check_hosts(policy.hosts);
    free(policy.hosts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    smail_span input = { (const char *)data + 1, size > 0 ? size - 1 : 0 };

    if (size == 0)
        return 0;
    if (data[0] == 'r')
        read_record(input);
    else
        read_policy(input);
    return 0;
}
