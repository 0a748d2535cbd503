/* SPDX-License-Identifier: MIT */
/* db/migrate.c - spells out the steps for a driver and takes those that are
 * missing. */
#include "db/migrate.h"

#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/span.h"
#include "db/driver.h"

/* All steps together; the first is by far the longest. */
#define SQL_MAX ((size_t)1 << 20)

static const char create_sql[] =
    "CREATE TABLE IF NOT EXISTS schema_version ("
    "version {INT} NOT NULL, applied_at {INT} NOT NULL)";
static const char read_sql[] = "SELECT max(version) FROM schema_version";
static const char note_sql[] =
    "INSERT INTO schema_version (version, applied_at) VALUES ($1, $2)";

static const char *spell(const struct smail__db_word *words, smail_span word)
{
    for (; words->word != NULL; words++)
        if (smail__span_is(word, words->word))
            return words->written;
    return NULL;
}

/* Append `sql` with every {WORD} as the driver writes it. */
static int expand(struct smail__buf *out, const struct smail__db *db,
                  const char *sql, smail_error *err)
{
    smail_span left = smail__span(sql);

    while (left.len > 0) {
        smail_span word;
        const char *written;

        smail__buf_append(out, smail__span_cut(&left, '{'));
        if (left.len == 0)
            break;
        word = smail__span_cut(&left, '}');
        written = spell(db->driver->words, word);
        if (written == NULL)
            return smail__fail(err, SMAIL_EINVAL, "unknown {%.*s} in SQL",
                               SMAIL__SPAN_ARG(word));
        smail__buf_puts(out, written);
    }
    return 0;
}

static int exec_expanded(struct smail__db *db, const char *sql,
                         smail_error *err)
{
    struct smail__buf text;
    int code;

    smail__buf_init(&text, SQL_MAX, NULL);
    code = expand(&text, db, sql, err);
    if (code == 0 && smail__buf_error(&text) != 0)
        code = smail__fail(err, smail__buf_error(&text),
                           "a migration is too "
                           "long");
    if (code == 0 && text.len > 0)
        code = smail__db_exec(db, text.data, err);
    smail__buf_dispose(&text);
    return code;
}

static int note(struct smail__db *db, int version, smail_error *err)
{
    struct smail__statement *statement;
    int code = smail__db_prepare(&statement, db, note_sql, err);

    if (code < 0)
        return code;
    smail__bind_int(statement, 1, version);
    smail__bind_int(statement, 2, (int64_t)time(NULL));
    return smail__statement_run(statement, err);
}

static int apply(struct smail__db *db, const struct smail__migration *step,
                 smail_error *err)
{
    int code = exec_expanded(db, step->common, err);

    if (code == 0)
        code = exec_expanded(db, db->driver->own_sql(step), err);
    if (code == 0)
        code = note(db, step->version, err);
    return code;
}

int smail__db_version(int *out, struct smail__db *db, smail_error *err)
{
    struct smail__statement *statement;
    int code;

    *out = 0;
    code = smail__db_prepare(&statement, db, read_sql, err);
    if (code < 0)
        return code;
    code = smail__statement_step(statement, err);
    if (code > 0)
        *out = (int)smail__column_int(statement, 0);
    smail__statement_reset(statement);
    return code < 0 ? code : 0;
}

int smail__db_migrate(struct smail__db *db,
                      const struct smail__migration *steps, size_t count,
                      smail_error *err)
{
    int version = 0;
    int code = smail__db_exec(db, "BEGIN", err);

    if (code < 0)
        return code;
    code = exec_expanded(db, create_sql, err);
    if (code == 0)
        code = smail__db_version(&version, db, err);
    if (code == 0 && version > (int)count)
        code = smail__fail(err, SMAIL_ECORRUPT,
                           "the store has schema %d, this program knows "
                           "schema %d and older; use a newer program",
                           version, (int)count);
    for (size_t i = (size_t)version; code == 0 && i < count; i++)
        code = apply(db, &steps[i], err);
    if (code == 0)
        code = smail__db_exec(db, "COMMIT", err);
    if (code < 0 && smail__db_in_transaction(db))
        smail__db_exec(db, "ROLLBACK", NULL);
    return code;
}
