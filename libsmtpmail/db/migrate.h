/* SPDX-License-Identifier: MIT */
/*
 * db/migrate.h - the numbered steps from one shape of the tables to the next.
 *
 * A step is SQL with words in braces that each driver spells its own way,
 * and a piece that only one driver has. Steps only ever go forward; a store
 * that is ahead of the program is refused.
 */
#ifndef SMAIL__DB_MIGRATE_H
#define SMAIL__DB_MIGRATE_H

#include "db/db.h"

struct smail__migration {
    int version; /* 1, 2, 3 ... without gaps */
    const char *common;
    const char *sqlite;
    const char *postgres;
};

/* Made by the build from schema/. */
extern const struct smail__migration smail__migrations[];
extern const size_t smail__migration_count;

/* Version of the tables that `db` has; 0 when it has none. */
int smail__db_version(int *out, struct smail__db *db, smail_error *err);

/*
 * Bring the tables to the last of `count` steps, in one transaction. Nobody
 * else may write meanwhile. SMAIL_ECORRUPT, and nothing done, when they are
 * ahead of it.
 */
int smail__db_migrate(struct smail__db *db,
                      const struct smail__migration *steps, size_t count,
                      smail_error *err);

#endif
