/* SPDX-License-Identifier: MIT */
/* store/stats.c - how much there is. */
#include <string.h>

#include "base/error.h"
#include "store/internal.h"

static int count(uint64_t *out, struct smail__db *db, const char *sql,
                 smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(&row, db, sql, err);

    if (code == 0)
        code = smail__statement_step(row, err);
    if (code > 0)
        *out = (uint64_t)smail__column_int(row, 0);
    return code < 0 ? code : 0;
}

static int read_all(smail_store_stats *out, struct smail__db *db,
                    smail_error *err)
{
    uint64_t schema = 0;
    int code = count(&out->accounts, db, "SELECT count(*) FROM account", err);

    if (code == 0)
        code = count(&out->mailboxes, db, "SELECT count(*) FROM mailbox", err);
    if (code == 0)
        code = count(&out->emails, db,
                     "SELECT coalesce(sum(used_emails), 0) FROM account", err);
    if (code == 0)
        code = count(&out->blobs, db, "SELECT count(*) FROM blob", err);
    if (code == 0)
        code = count(&out->blob_bytes, db,
                     "SELECT coalesce(sum(size), 0) FROM blob", err);
    if (code == 0)
        code =
            count(&out->queued, db, "SELECT count(*) FROM queue_message", err);
    if (code == 0)
        code =
            count(&out->unindexed, db, "SELECT count(*) FROM unindexed", err);
    if (code == 0)
        code =
            count(&schema, db, "SELECT max(version) FROM schema_version", err);
    out->schema = (uint32_t)schema;
    out->database_bytes = (uint64_t)smail__db_size(db);
    return code;
}

int smail_store_get_stats(smail_store_stats *out, smail_store *store,
                          smail_error *err)
{
    smail_store_stats stats = SMAIL_STORE_STATS_INIT;
    size_t size = out->size < sizeof(stats) ? out->size : sizeof(stats);
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code < 0)
        return code;
    code = read_all(&stats, db, err);
    smail__store_end_read(store, db);
    if (code < 0)
        return code;
    stats.size = out->size;
    memcpy(out, &stats, size);
    return 0;
}
