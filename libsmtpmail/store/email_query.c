/* SPDX-License-Identifier: MIT */
/* store/email_query.c - a query from its filter to its list. */
#include "store/email_query.h"

#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "store/email_run.h"

static int give(struct smail__email_found *out, const struct smail__run *run,
                smail_error *err)
{
    out->ids = calloc(run->count + 1, sizeof(*out->ids));
    if (out->ids == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    for (size_t i = 0; i < run->count; i++)
        out->ids[i] = run->hits[i].email;
    out->count = run->count;
    return 0;
}

static int64_t milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int smail__unindexed_count(uint64_t *out, struct smail__db *db,
                           smail_id account, smail_error *err)
{
    static const char sql[] =
        "SELECT count(*) FROM unindexed WHERE account = $1";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, account);
    code = smail__statement_step(row, err);
    if (code > 0)
        *out = (uint64_t)smail__column_int(row, 0);
    smail__statement_reset(row);
    return code < 0 ? code : 0;
}

int smail__email_query_run(struct smail__email_found *out, smail_store *store,
                           struct smail__db *db,
                           const struct smail__email_query *query,
                           smail_error *err)
{
    struct smail__run run = {
        .query = query,
        .match = { .store = store, .db = db, .account = query->account },
        .until = milliseconds() + SMAIL__QUERY_MILLISECONDS
    };
    int code;

    *out = (struct smail__email_found){ .ids = NULL };
    smail__buf_init(&run.texts,
                    SMAIL__QUERY_FOUND_MAX * (SMAIL__QUERY_TEXT_MAX + 1), NULL);
    code = smail__match_prepare(&run.match, query->filter, err);
    if (code == 0 && run.match.has_words)
        code = smail__unindexed_count(&out->unindexed, db, query->account, err);
    if (code == 0)
        code = smail__run_look(&run, err);
    if (code == 0 && smail__buf_error(&run.texts) != 0)
        code = smail__fail(err, SMAIL_ENOMEM, "out of memory");
    if (code == 0)
        smail__run_sort(&run);
    if (code == 0 && query->collapse)
        code = smail__run_collapse(&run, err);
    if (code == 0)
        code = give(out, &run, err);
    smail__run_dispose(&run);
    return code;
}

void smail__email_found_dispose(struct smail__email_found *found)
{
    free(found->ids);
    *found = (struct smail__email_found){ .ids = NULL };
}
