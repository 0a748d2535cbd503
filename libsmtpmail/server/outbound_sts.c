/* SPDX-License-Identifier: MIT */
/* server/outbound_sts.c - MTA-STS policies (RFC 8461), for the sender. */
#include <stdlib.h>

#include "server/outbound.h"

struct fetch {
    struct smail__task task;
    smail_outbound *outbound;
    uint64_t question;
};

static void told(struct smail__task *task)
{
    struct fetch *fetch = (struct fetch *)task;
    smail_outbound *outbound = fetch->outbound;

    smail__outbound_now(outbound);
    smail__sender_fetched(outbound->sender, fetch->question, SMAIL__STS_NONE,
                          NULL);
    outbound->questions--;
    free(fetch);
    smail__outbound_pump(outbound);
}

void smail__outbound_fetch_sts(void *world, uint64_t question,
                               const char *domain)
{
    smail_outbound *outbound = world;
    struct fetch *fetch = calloc(1, sizeof(*fetch));

    (void)domain;
    if (fetch == NULL)
        return;
    outbound->questions++;
    fetch->task.run = told;
    fetch->outbound = outbound;
    fetch->question = question;
    smail__loop_post(outbound->loop, &fetch->task);
}
