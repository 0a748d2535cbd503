/* SPDX-License-Identifier: MIT */
/* queue/sts_policy.c - see queue/sts_policy.h. */
#include "queue/sts_policy.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"

/* Kept in rows: never renumbered. */
static int number_of(enum smail__sts_mode mode)
{
    return mode == SMAIL__STS_ENFORCE ? 2 : mode == SMAIL__STS_TESTING ? 1 : 0;
}

static enum smail__sts_mode mode_of(int64_t number)
{
    return number == 2   ? SMAIL__STS_ENFORCE
           : number == 1 ? SMAIL__STS_TESTING
                         : SMAIL__STS_NONE;
}

static int read_row(struct smail__sts_cached *out, struct smail__statement *row,
                    smail_error *err)
{
    smail_span id = smail__column_span(row, 0);

    *out = (struct smail__sts_cached){ .mode =
                                           mode_of(smail__column_int(row, 1)) };
    if (id.len > SMAIL__STS_ID_MAX)
        id.len = SMAIL__STS_ID_MAX;
    if (id.len > 0)
        memcpy(out->id, id.data, id.len);
    out->fetched_at = smail__column_int(row, 3);
    out->expires_at = smail__column_int(row, 4);
    out->hosts = smail__spandup(smail__column_span(row, 2));
    return out->hosts != NULL ? 1
                              : smail__fail(err, SMAIL_ENOMEM, "out of memory");
}

int smail__sts_policy_find(struct smail__sts_cached *out, struct smail__db *db,
                           const char *domain, int64_t now, smail_error *err)
{
    static const char sql[] =
        "SELECT id, mode, hosts, fetched_at, expires_at FROM sts_policy "
        "WHERE domain = $1 AND expires_at > $2";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code < 0)
        return code;
    smail__bind_text(row, 1, smail__span(domain));
    smail__bind_int(row, 2, now);
    code = smail__statement_step(row, err);
    if (code > 0)
        code = read_row(out, row, err);
    smail__statement_reset(row);
    return code;
}

int smail__sts_policy_save(smail_tx *tx, const char *domain,
                           const struct smail__sts_cached *policy,
                           smail_error *err)
{
    static const char sql[] =
        "INSERT INTO sts_policy (domain, id, mode, hosts, fetched_at, "
        "expires_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (domain) "
        "DO UPDATE SET id = excluded.id, mode = excluded.mode, "
        "hosts = excluded.hosts, fetched_at = excluded.fetched_at, "
        "expires_at = excluded.expires_at";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, smail__tx_db(tx), sql, err);

    if (code < 0)
        return code;
    smail__bind_text(row, 1, smail__span(domain));
    smail__bind_text(row, 2, smail__span(policy->id));
    smail__bind_int(row, 3, number_of(policy->mode));
    smail__bind_text(row, 4, smail__span(policy->hosts));
    smail__bind_int(row, 5, policy->fetched_at);
    smail__bind_int(row, 6, policy->expires_at);
    return smail__statement_run(row, err);
}

int smail__sts_policy_trim(smail_tx *tx, int64_t now, smail_error *err)
{
    static const char sql[] = "DELETE FROM sts_policy WHERE expires_at <= $1";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, smail__tx_db(tx), sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, now);
    return smail__statement_run(row, err);
}
