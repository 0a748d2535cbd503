/* SPDX-License-Identifier: MIT */
/* db/postgres_care.c - what PostgreSQL has its own tools for. */
#include "base/error.h"
#include "db/postgres.h"

int smail__postgres_checkpoint(struct smail__db *db, enum smail__checkpoint how,
                               smail_error *err)
{
    (void)db;
    (void)how;
    (void)err;
    return 0;
}

/* That rows refer to rows the server sees to at each change; pages are the
 * business of pg_amcheck. */
int smail__postgres_check(struct smail__db *db,
                          int (*each)(const char *text, void *user), void *user,
                          smail_error *err)
{
    (void)db;
    (void)each;
    (void)user;
    (void)err;
    return 0;
}

int smail__postgres_backup(struct smail__db *db, const char *to,
                           smail_error *err)
{
    (void)db;
    (void)to;
    return smail__fail(err, SMAIL_EINVAL,
                       "a store in PostgreSQL is backed up with pg_dump");
}

int64_t smail__postgres_size(struct smail__db *base)
{
    static const char sql[] =
        "SELECT CAST(sum(pg_total_relation_size(oid)) AS BIGINT) "
        "FROM pg_class WHERE relkind = 'r' "
        "AND relnamespace = CAST(current_schema() AS REGNAMESPACE)";
    struct postgres_db *db = (struct postgres_db *)base;
    PGresult *result;
    int64_t size = 0;

    smail__postgres_hold(db);
    result = PQexecParams(db->handle, sql, 0, NULL, NULL, NULL, NULL, 1);
    if (PQresultStatus(result) == PGRES_TUPLES_OK)
        size = smail__postgres_int(result, 0);
    PQclear(result);
    return size;
}
