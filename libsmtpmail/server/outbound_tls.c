/* SPDX-License-Identifier: MIT */
/*
 * server/outbound_tls.c - how sessions fared with TLS: counted here, and
 * written down every two seconds, all of them in one transaction.
 */
#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "queue/sts_policy.h"
#include "server/outbound.h"

#define FLUSH_MILLISECONDS 2000
#define DAY 86400

struct flush {
    struct smail__task task;
    smail_outbound *outbound;
    struct smail__tls_tally tally;
    int64_t now;
    bool trims;
    bool failed;
    smail_error error;
};

static int flush_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct flush *flush = arg;
    int code = smail__tls_tally_write(tx, &flush->tally, err);

    if (code == 0 && flush->trims)
        code = smail__tls_result_trim(tx, flush->now, err);
    if (code == 0 && flush->trims)
        code = smail__sts_policy_trim(tx, flush->now, err);
    return code;
}

static void on_flushed(struct smail__task *task)
{
    struct flush *flush = (struct flush *)task;
    smail_outbound *outbound = flush->outbound;

    if (flush->failed)
        smail__outbound_say(outbound, SMAIL__LOG_ERROR, "queue_failed",
                            flush->error.message);
    smail__tls_tally_dispose(&flush->tally);
    free(flush);
    outbound->errands--;
    smail__outbound_pump(outbound);
}

/* On a thread of the store. */
static void flushed(const smail_error *error, void *arg)
{
    struct flush *flush = arg;

    if (error != NULL) {
        flush->failed = true;
        flush->error = *error;
    }
    smail__loop_post(flush->outbound->loop, &flush->task);
}

void smail__outbound_flush_tls(smail_outbound *outbound)
{
    struct flush *flush;

    if (outbound->tally.count == 0)
        return;
    flush = calloc(1, sizeof(*flush));
    if (flush == NULL)
        return; /* with the next one */
    flush->task.run = on_flushed;
    flush->outbound = outbound;
    flush->tally = outbound->tally;
    flush->now = (int64_t)time(NULL);
    flush->trims = flush->now / DAY != outbound->trimmed_on;
    outbound->trimmed_on = flush->now / DAY;
    outbound->tally = (struct smail__tls_tally){ NULL, 0 };
    outbound->errands++;
    if (smail__store_write_later(outbound->store, flush_job, flush, flushed,
                                 &flush->error) < 0) {
        flush->failed = true;
        smail__loop_post(outbound->loop, &flush->task);
    }
}

void smail__outbound_on_flush(struct smail__timer *timer)
{
    smail__outbound_flush_tls(
        (smail_outbound *)((char *)timer -
                           offsetof(smail_outbound, flush_timer)));
}

void smail__outbound_count_tls(void *world, const char *domain,
                               smail_tls_policy policy, const char *host,
                               enum smail__tls_result result)
{
    smail_outbound *outbound = world;

    if (outbound->tally.count == 0)
        smail__timer_set(&outbound->flush_timer, outbound->loop,
                         FLUSH_MILLISECONDS);
    smail__tls_tally_add(&outbound->tally, (int64_t)time(NULL), domain, policy,
                         host, result);
}
