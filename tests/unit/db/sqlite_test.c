/* SPDX-License-Identifier: MIT */
/* Connections, statements, and files that are not ours. */
#include "db/db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/format.h"
#include "base/span.h"
#include "db/migrate.h"

struct place {
    char folder[64];
    char path[128];
    char url[160];
};

static int begin(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    assert_non_null(place);
    smail__format(place->folder, sizeof(place->folder),
                  "/tmp/smtpmail-db-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    smail__format(place->path, sizeof(place->path), "%s/mail.db",
                  place->folder);
    smail__format(place->url, sizeof(place->url), "sqlite:%s", place->path);
    *state = place;
    return 0;
}

static int end(void **state)
{
    struct place *place = *state;
    char command[128];

    smail__format(command, sizeof(command), "rm -rf %s", place->folder);
    assert_int_equal(system(command), 0);
    free(place);
    return 0;
}

static struct smail__db *open_ok(const char *url)
{
    smail_error err = SMAIL_ERROR_INIT;
    struct smail__db *db = NULL;
    int code = smail__db_open(&db, url, 0, &err);

    if (code < 0)
        print_error("%s\n", err.message);
    assert_int_equal(code, 0);
    return db;
}

static void exec_ok(struct smail__db *db, const char *sql)
{
    smail_error err = SMAIL_ERROR_INIT;
    int code = smail__db_exec(db, sql, &err);

    if (code < 0)
        print_error("%s\n", err.message);
    assert_int_equal(code, 0);
}

static int64_t value(struct smail__db *db, const char *sql)
{
    struct smail__statement *row;
    int64_t number;

    assert_int_equal(smail__db_prepare(&row, db, sql, NULL), 0);
    assert_int_equal(smail__statement_step(row, NULL), 1);
    number = smail__column_int(row, 0);
    smail__statement_reset(row);
    return number;
}

/* --- Statements ---------------------------------------------------------- */

static void values_come_back_as_they_went(void **state)
{
    static const char insert[] = "INSERT INTO t (i, t, b, n) "
                                 "VALUES ($1, $2, $3, $4)";
    static const char select[] = "SELECT i, t, b, n FROM t";
    struct smail__db *db = open_ok("sqlite::memory:");
    struct smail__statement *row;

    (void)state;
    exec_ok(db, "CREATE TABLE t (i, t, b, n)");
    assert_int_equal(smail__db_prepare(&row, db, insert, NULL), 0);
    smail__bind_int(row, 1, INT64_MIN);
    smail__bind_text(row, 2, (smail_span){ NULL, 0 });
    smail__bind_blob(row, 3, (smail_span){ "a\0b", 3 });
    smail__bind_null(row, 4);
    assert_int_equal(smail__statement_run(row, NULL), 0);
    assert_int_equal(smail__db_changes(db), 1);

    assert_int_equal(smail__db_prepare(&row, db, select, NULL), 0);
    assert_int_equal(smail__statement_step(row, NULL), 1);

    assert_true(smail__column_int(row, 0) == INT64_MIN);
    assert_false(smail__column_is_null(row, 1)); /* empty, yet a value */
    assert_int_equal(smail__column_span(row, 1).len, 0);
    assert_int_equal(smail__column_span(row, 2).len, 3);
    assert_memory_equal(smail__column_span(row, 2).data, "a\0b", 3);
    assert_true(smail__column_is_null(row, 3));
    assert_null(smail__column_span(row, 3).data);
    assert_int_equal(smail__statement_step(row, NULL), 0);
    smail__db_close(db);
}

static void a_statement_is_prepared_once(void **state)
{
    static const char sql[] = "SELECT 1";
    static char others[300][24];
    struct smail__db *db = open_ok("sqlite::memory:");
    struct smail__statement *first, *again;

    (void)state;
    assert_int_equal(smail__db_prepare(&first, db, sql, NULL), 0);
    for (int i = 0; i < 300; i++) {
        smail__format(others[i], sizeof(others[i]), "SELECT %d", i);
        assert_int_equal(value(db, others[i]), i);
    }
    assert_int_equal(smail__db_prepare(&again, db, sql, NULL), 0);
    assert_ptr_equal(first, again);

    smail__db_nest(db, 1); /* spared: the outer loan may be in the middle */
    assert_int_equal(smail__db_prepare(&again, db, sql, NULL), 0);
    assert_ptr_not_equal(first, again);
    smail__db_nest(db, -1);
    smail__db_close(db);
}

static void constraints_have_their_codes(void **state)
{
    smail_error err = SMAIL_ERROR_INIT;
    struct smail__db *db = open_ok("sqlite::memory:");

    (void)state;
    exec_ok(db, "CREATE TABLE p (id INTEGER PRIMARY KEY, n TEXT UNIQUE);"
                "CREATE TABLE c (p INTEGER REFERENCES p (id));"
                "INSERT INTO p VALUES (1, 'a'); INSERT INTO c VALUES (1)");
    assert_int_equal(smail__db_exec(db, "INSERT INTO p VALUES (1, 'b')", &err),
                     SMAIL_EEXISTS);
    assert_int_equal(smail__db_exec(db, "INSERT INTO p VALUES (2, 'a')", &err),
                     SMAIL_EEXISTS);
    assert_int_equal(smail__db_exec(db, "DELETE FROM p", &err), SMAIL_ESTATE);
    assert_int_equal(smail__db_exec(db, "nonsense", &err), SMAIL_EINVAL);
    smail__db_close(db);
}

static void settings_are_what_they_should_be(void **state)
{
    struct place *place = *state;
    struct smail__db *db = open_ok(place->url);
    struct stat info;

    assert_int_equal(value(db, "PRAGMA synchronous"), 2);
    assert_int_equal(value(db, "PRAGMA page_size"), 4096);
    assert_int_equal(value(db, "PRAGMA foreign_keys"), 1);
    assert_int_equal(value(db, "PRAGMA wal_autocheckpoint"), 0);
    assert_int_equal(value(db, "PRAGMA secure_delete"), 2);
    assert_int_equal(value(db, "PRAGMA temp_store"), 2);
    assert_int_equal(
        value(db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    assert_int_equal(stat(place->path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600); /* it is mail */
    smail__db_close(db);
}

/* --- Files --------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void refused(const char *url, unsigned flags, int code, const char *says)
{
    smail_error err = SMAIL_ERROR_INIT;
    struct smail__db *db = NULL;

    assert_int_equal(smail__db_open(&db, url, flags, &err), code);
    if (strstr(err.message, says) == NULL)
        print_error("'%s' does not say '%s'\n", err.message, says);
    assert_non_null(strstr(err.message, says));
}

static bool exists(const char *folder, const char *name)
{
    char path[200];

    smail__format(path, sizeof(path), "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

static void strange_urls_are_refused(void **state)
{
    (void)state;
    refused("mail.db", 0, SMAIL_EINVAL, "sqlite:PATH");
    refused("sqlite:", 0, SMAIL_EINVAL, "names no file");
    refused("postgresql:db", 0, SMAIL_EINVAL, "postgresql://");
    refused("postgresql:///db?host=/nowhere", 0, SMAIL_EIO, "/nowhere");
    refused("", 0, SMAIL_EINVAL, "sqlite:PATH");
}

static void what_is_missing_is_named(void **state)
{
    struct place *place = *state;
    char url[200];

    refused(place->url, SMAIL__DB_MUST_EXIST, SMAIL_ENOTFOUND, place->path);
    assert_false(exists(place->folder, "mail.db"));
    assert_false(exists(place->folder, "mail.db.lock"));
    smail__format(url, sizeof(url), "sqlite:%s/no/mail.db", place->folder);
    refused(url, 0, SMAIL_ENOTFOUND, "create it first");
    smail__format(url, sizeof(url), "sqlite:%s", place->folder);
    refused(url, 0, SMAIL_EINVAL, "is a folder");
    write_file(place->path, "");
    refused(place->url, SMAIL__DB_MUST_EXIST, SMAIL_ENOTFOUND, "no store");
    smail__db_close(open_ok(place->url)); /* an empty file may become one */
}

static long length(const char *path)
{
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    return (long)info.st_size;
}

static void foreign_files_are_left_alone(void **state)
{
    struct place *place = *state;
    char command[300];

    write_file(place->path, "Dear diary,\n");
    refused(place->url, 0, SMAIL_ECORRUPT, "is not a mail store");
    assert_int_equal(length(place->path), 12);
    assert_false(exists(place->folder, "mail.db.lock"));

    unlink(place->path);
    smail__format(command, sizeof(command),
                  "sqlite3 %s 'PRAGMA journal_mode=WAL; CREATE TABLE t (a); "
                  "INSERT INTO t VALUES (1)' >/dev/null 2>&1",
                  place->path);
    if (system(command) != 0)
        skip();
    smail__format(command, sizeof(command), "cp %s %s.before", place->path,
                  place->path);
    assert_int_equal(system(command), 0);
    refused(place->url, 0, SMAIL_ECORRUPT, "is not a mail store");
    smail__format(command, sizeof(command), "cmp %s %s.before", place->path,
                  place->path);
    assert_int_equal(system(command), 0);
    assert_false(exists(place->folder, "mail.db-wal"));
    assert_false(exists(place->folder, "mail.db.lock"));
}

static void odd_characters_in_a_path_are_no_matter(void **state)
{
    struct place *place = *state;
    char url[200];

    smail__format(url, sizeof(url), "sqlite:/%s/a b%%41?x=#1.db",
                  place->folder);
    smail__db_close(open_ok(url));
    smail__db_close(open_ok(url));
    assert_true(exists(place->folder, "a b%41?x=#1.db"));
}

static void an_unreadable_file_is_named(void **state)
{
    struct place *place = *state;

    if (geteuid() == 0)
        skip();
    smail__db_close(open_ok(place->url));
    chmod(place->path, 0);
    refused(place->url, 0, SMAIL_EIO, place->path);
}

static void a_newer_schema_is_refused(void **state)
{
    struct place *place = *state;
    struct smail__db *db = open_ok(place->url);
    char command[300];

    exec_ok(db, "INSERT INTO schema_version VALUES (99, 0)");
    smail__db_checkpoint(db, SMAIL__CHECKPOINT_TRUNCATE, NULL);
    smail__db_close(db);
    smail__format(command, sizeof(command), "cp %s %s.before", place->path,
                  place->path);
    assert_int_equal(system(command), 0);

    refused(place->url, 0, SMAIL_ECORRUPT, "99");

    smail__format(command, sizeof(command), "cmp %s %s.before", place->path,
                  place->path);
    assert_int_equal(system(command), 0);
}

/* --- Migrations ---------------------------------------------------------- */

static const struct smail__migration steps[] = {
    { 1, "CREATE TABLE a (id {ID} PRIMARY KEY {NEVER_REUSED}, n {INT});",
      "INSERT INTO a (n) VALUES (1);" },
    { 2,
      "CREATE TABLE b (n {INT} PRIMARY KEY, t {TEXT}, x {BLOB}) "
      "{CLUSTERED};",
      "" },
    { 3, "CREATE TABLE c (n {INT}); CREATE TABLE c (n {INT});", "" },
};

static void steps_are_taken_once_and_wholly(void **state)
{
    smail_error err = SMAIL_ERROR_INIT;
    struct smail__db *db = open_ok("sqlite::memory:");
    int version;

    (void)state;
    exec_ok(db, "DELETE FROM schema_version");
    assert_int_equal(smail__db_migrate(db, steps, 1, &err), 0);
    assert_int_equal(smail__db_migrate(db, steps, 2, &err), 0);
    assert_int_equal(smail__db_migrate(db, steps, 2, &err), 0);
    assert_int_equal(value(db, "SELECT count(*) FROM a"), 1);
    assert_int_equal(smail__db_migrate(db, steps, 3, &err), SMAIL_EINVAL);
    assert_int_equal(smail__db_version(&version, db, &err), 0);
    assert_int_equal(version, 2);
    assert_int_equal(
        value(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'c'"), 0);
    assert_int_equal(smail__db_migrate(db, steps, 1, &err), SMAIL_ECORRUPT);
    smail__db_close(db);
}

static void an_upgrade_leaves_a_backup(void **state)
{
    static const char sql[] = "SELECT count(*) FROM setting";
    struct place *place = *state;
    struct smail__db *db = open_ok(place->url);
    char backup[200];

    exec_ok(db, "PRAGMA foreign_keys = OFF; INSERT INTO setting VALUES "
                "('a', 'b'); UPDATE schema_version SET version = 0");
    smail__db_close(db);
    /* Version 0 with tables of version 1: the step fails, nothing is lost. */
    refused(place->url, 0, SMAIL_EINVAL, "already exists");
    assert_true(exists(place->folder, "mail.db.backup-v0"));
    assert_false(exists(place->folder, "mail.db.backup-v0.new"));

    smail__format(backup, sizeof(backup),
                  "sqlite3 %s/mail.db.backup-v0 "
                  "\"UPDATE schema_version SET version = %d\" 2>/dev/null",
                  place->folder, (int)smail__migration_count);
    if (system(backup) != 0)
        skip();
    smail__format(backup, sizeof(backup), "%s.backup-v0", place->url);
    db = open_ok(backup);
    assert_int_equal(value(db, sql), 1);
    smail__db_close(db);
}

static void an_empty_store_upgrades_in_place(void **state)
{
    struct place *place = *state;
    char command[600];
    struct smail__db *db = open_ok(place->url);

    smail__db_checkpoint(db, SMAIL__CHECKPOINT_TRUNCATE, NULL);
    smail__db_close(db);
    /* A store as it was before the first table. */
    smail__format(command, sizeof(command),
                  "rm %s*; sqlite3 %s 'PRAGMA application_id = %d; PRAGMA "
                  "journal_mode = WAL; CREATE TABLE schema_version (version "
                  "INTEGER NOT NULL, applied_at INTEGER NOT NULL)' "
                  ">/dev/null 2>&1",
                  place->path, place->path, 0x536d6169);
    if (system(command) != 0)
        skip();
    db = open_ok(place->url);
    assert_int_equal(value(db, "SELECT count(*) FROM email"), 0);
    assert_true(exists(place->folder, "mail.db.backup-v0"));
    smail__db_close(db);
}

static void the_log_goes_to_its_place(void **state)
{
    struct place *place = *state;
    struct smail__db *db = open_ok(place->url);
    struct smail__db *reader;
    smail_error err = SMAIL_ERROR_INIT;

    exec_ok(db, "INSERT INTO setting VALUES ('a', 'b')");
    assert_true(smail__db_log(db).waiting > 0);
    assert_int_equal(smail__db_lock(db, &err), 0);
    assert_int_equal(smail__db_checkpoint(db, SMAIL__CHECKPOINT_PASSIVE, &err),
                     0);
    smail__db_unlock(db);
    assert_int_equal(smail__db_log(db).waiting, 0);

    assert_int_equal(
        smail__db_open(&reader, place->url, SMAIL__DB_READ_ONLY, &err), 0);
    exec_ok(reader, "BEGIN");
    assert_int_equal(value(reader, "SELECT count(*) FROM setting"), 1);
    exec_ok(db, "INSERT INTO setting VALUES ('c', 'd')");
    assert_int_equal(smail__db_checkpoint(db, SMAIL__CHECKPOINT_TRUNCATE, &err),
                     SMAIL_EBUSY);
    assert_int_equal(smail__db_exec(reader, "DELETE FROM setting", &err),
                     SMAIL_EIO);
    smail__db_close(reader);
    assert_int_equal(smail__db_checkpoint(db, SMAIL__CHECKPOINT_TRUNCATE, &err),
                     0);
    assert_int_equal(smail__db_log(db).pages, 0);
    assert_int_equal(smail__db_reopen(db, &err), 0);
    assert_int_equal(value(db, "SELECT count(*) FROM setting"), 2);
    smail__db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back_as_they_went),
        cmocka_unit_test(a_statement_is_prepared_once),
        cmocka_unit_test(constraints_have_their_codes),
        cmocka_unit_test(strange_urls_are_refused),
        cmocka_unit_test(steps_are_taken_once_and_wholly),
        cmocka_unit_test_setup_teardown(settings_are_what_they_should_be, begin,
                                        end),
        cmocka_unit_test_setup_teardown(what_is_missing_is_named, begin, end),
        cmocka_unit_test_setup_teardown(foreign_files_are_left_alone, begin,
                                        end),
        cmocka_unit_test_setup_teardown(odd_characters_in_a_path_are_no_matter,
                                        begin, end),
        cmocka_unit_test_setup_teardown(an_unreadable_file_is_named, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_newer_schema_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(an_upgrade_leaves_a_backup, begin, end),
        cmocka_unit_test_setup_teardown(an_empty_store_upgrades_in_place, begin,
                                        end),
        cmocka_unit_test_setup_teardown(the_log_goes_to_its_place, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
