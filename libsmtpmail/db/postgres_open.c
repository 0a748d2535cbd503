/* SPDX-License-Identifier: MIT */
/*
 * db/postgres_open.c - connections: open, upgrade, reopen, close.
 *
 * The URL goes to libpq as it stands, so all that libpq knows works in it:
 * sockets, TLS, several hosts, a password file, options=-csearch_path=NAME.
 * Settings and why:
 *
 *   client_encoding=UTF8       all our text is
 *   synchronous_commit=on      where the server has it off: what is
 *                              acknowledged is on disk
 *   statement_timeout=0        a COMMIT that is cut off is neither done nor
 *                              undone
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "db/postgres.h"

#define CONNECT_SECONDS "10"

static const char settings[] =
    "SET statement_timeout = 0; SET lock_timeout = 0; "
    "SET idle_in_transaction_session_timeout = 0; "
    "SET client_min_messages = error; "
    "SELECT set_config('synchronous_commit', 'on', false) "
    "WHERE current_setting('synchronous_commit') IN ('off', 'local')";

static void ignore(void *user, const PGresult *result)
{
    (void)user;
    (void)result;
}

static int check_server(struct postgres_db *db, smail_error *err)
{
    const char *encoding = PQparameterStatus(db->handle, "server_encoding");

    if (PQserverVersion(db->handle) < 130000)
        return smail__fail(err, SMAIL_EINVAL,
                           "PostgreSQL 13 or newer is needed");
    if (encoding == NULL || strcmp(encoding, "UTF8") != 0)
        return smail__fail(err, SMAIL_EINVAL,
                           "the encoding of the database is %s, not UTF8",
                           encoding != NULL ? encoding : "unknown");
    return 0;
}

static int connect_to(struct postgres_db *db, smail_error *err)
{
    const char *keys[] = { "connect_timeout", "fallback_application_name",
                           "dbname", "client_encoding", NULL };
    const char *values[] = { CONNECT_SECONDS, "smtpmail", db->url, "UTF8",
                             NULL };
    int code;

    db->handle = PQconnectdbParams(keys, values, 1);
    if (db->handle == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    if (PQstatus(db->handle) != CONNECTION_OK) {
        db->broken = true;
        return smail__fail(err, SMAIL_EIO, "%.*s",
                           (int)strcspn(PQerrorMessage(db->handle), "\n"),
                           PQerrorMessage(db->handle));
    }
    PQsetNoticeReceiver(db->handle, ignore, NULL);
    code = check_server(db, err);
    return code < 0 ? code : smail__postgres_exec(&db->base, settings, err);
}

/* Whether the schema that the URL leads to holds a store. */
static int look(bool *out, struct postgres_db *db, smail_error *err)
{
    struct smail__statement *row;
    int code = smail__db_prepare(
        &row, &db->base,
        "SELECT 1 FROM pg_class WHERE relname = 'schema_version' "
        "AND relnamespace = CAST(current_schema() AS REGNAMESPACE)",
        err);

    if (code == 0)
        code = smail__statement_step(row, err);
    if (code < 0)
        return code;
    *out = code > 0;
    smail__statement_reset(row);
    return 0;
}

static int migrate(struct postgres_db *db, smail_error *err)
{
    int code = smail__db_migrate(&db->base, smail__migrations,
                                 smail__migration_count, err);

    /* Another program may have been quicker, and the statements that were
     * prepared before know nothing of the new tables. */
    smail__postgres_forget(db);
    return code;
}

static int check_version(struct postgres_db *db, smail_error *err)
{
    int known = (int)smail__migration_count;
    int version = 0, code;
    bool found = false;

    code = look(&found, db, err);
    if (code == 0 && !found && (db->flags & SMAIL__DB_MUST_EXIST))
        return smail__fail(err, SMAIL_ENOTFOUND,
                           "there is no store in that database");
    if (code == 0 && found)
        code = smail__db_version(&version, &db->base, err);
    if (code < 0 || version == known)
        return code;
    if (version > known)
        return smail__fail(err, SMAIL_ECORRUPT,
                           "the database has schema %d, this program knows %d "
                           "and older; it was left as it is; use a newer "
                           "program",
                           version, known);
    return migrate(db, err);
}

static void disconnect(struct postgres_db *db)
{
    if (db->active != NULL)
        smail__postgres_reset(db->active);
    smail__postgres_forget(db);
    PQfinish(db->handle);
    db->handle = NULL;
}

void smail__postgres_close(struct smail__db *base)
{
    struct postgres_db *db = (struct postgres_db *)base;

    disconnect(db);
    free(db->url);
    free(db);
}

int smail__postgres_reopen(struct smail__db *base, smail_error *err)
{
    struct postgres_db *db = (struct postgres_db *)base;
    int code;

    disconnect(db);
    db->broken = false;
    db->is_claimed = false;
    code = connect_to(db, err);
    if (code == 0 && !(db->flags & SMAIL__DB_READ_ONLY))
        code = check_version(db, err);
    db->broken = code < 0;
    return code;
}

static char *join(const char *location)
{
    struct smail__buf url;

    smail__buf_init(&url, (size_t)64 * 1024, NULL);
    smail__buf_printf(&url, "postgresql:%s", location);
    if (smail__buf_error(&url) != 0) {
        smail__buf_dispose(&url);
        return NULL;
    }
    return url.data;
}

int smail__postgres_open(struct smail__db **out, const char *location,
                         unsigned flags, smail_error *err)
{
    struct postgres_db *db;
    int code;

    if (strncmp(location, "//", 2) != 0)
        return smail__fail(err, SMAIL_EINVAL,
                           "a store in PostgreSQL is "
                           "postgresql://[USER@]HOST/DATABASE");
    db = calloc(1, sizeof(*db));
    if (db == NULL || (db->url = join(location)) == NULL) {
        free(db);
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    }
    db->base.driver = &smail__db_postgres;
    db->flags = flags;
    code = connect_to(db, err);
    if (code == 0 && !(flags & SMAIL__DB_READ_ONLY))
        code = check_version(db, err);
    if (code < 0) {
        smail__postgres_close(&db->base);
        return code;
    }
    *out = &db->base;
    return 0;
}
