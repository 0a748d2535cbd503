/* SPDX-License-Identifier: MIT */
/*
 * The PostgreSQL driver, on the server that SMTPMAIL_TEST_STORE names; what
 * needs none is tested without. SMTPMAIL_TEST_STATEMENTS: a file with every
 * statement of the library, one a line (tests/system/postgres_test.py).
 */
#include "db/postgres.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/format.h"
#include "base/span.h"
#include "db/migrate.h"
#include "test_store.h"

/* --- Without a server ---------------------------------------------------- */

static void a_question_becomes_one_of_postgresql(void **state)
{
    static const struct {
        const char *asked;
        const char *expected;
    } cases[] = {
        { "(\"one\")", "'one'" },
        { "(\"One\" \"two\"*)", "'one' & 'two':*" },
        { "(\"one two\")", "'one' <-> 'two'" },
        { "{subject} : (\"one two\"*)", "'one':A <-> 'two':*A" },
        { "{body} : (\"one\" \"two\")", "'one':D & 'two':D" },
        { "{sender} : (\"one\"*)", "'one':*B" },
        { "{recipients} : (\"one\")", "'one':C" },
        { "(\"bob@example.org\"*)", "'bob' <-> 'example' <-> 'org':*" },
        { "(\"say \"\"hi\"\" now\")", "'say' <-> 'hi' <-> 'now'" },
        { "(\"it's\" \"&\" \"|!():*\")", "'it' <-> 's'" },
        { "(\"&\" \"one\")", "'one'" },
        { "(\"Zo\303\253\")", "'zo\303\253'" },
        { "(\"\")", "" },
        { "()", "" },
        { "(\"open", "'open'" },
        { "\"", "" },
        { "", "" },
    };
    struct smail__buf out;

    (void)state;
    smail__buf_init(&out, 4096, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(
            smail__postgres_question(&out, smail__span(cases[i].asked)), 0);
        if (!smail__span_is(smail__buf_span(&out), cases[i].expected))
            fail_msg("%s: %.*s", cases[i].asked, (int)out.len, out.data);
    }
    smail__buf_dispose(&out);
}

static void check_spelling(const char *sql, const char *expected, int question)
{
    struct smail__buf out;
    int number = -1;

    assert_int_equal(smail__postgres_spell(&out, &number, sql, NULL), 0);
    assert_string_equal(out.data, expected);
    assert_int_equal(number, question);
    smail__buf_dispose(&out);
}

static void what_differs_is_spelled_otherwise(void **state)
{
    (void)state;
    check_spelling("SELECT 'CROSS JOIN' FROM a CROSS JOIN b ON a.i = $1",
                   "SELECT 'CROSS JOIN' FROM a JOIN b ON a.i = $1", 0);
    check_spelling("SELECT 1 FROM email_text t WHERE email_text MATCH $12 "
                   "AND t.rowid > $2",
                   "SELECT 1 FROM email_text t WHERE words @@ "
                   "email_text_question($12) AND t.rowid > $2",
                   12);
    check_spelling("INSERT INTO email_text (email_text) VALUES ('delete-all')",
                   "DELETE FROM email_text", 0);
    check_spelling("", "", 0);
    assert_int_equal(smail__postgres_verb("BEGIN IMMEDIATE"), POSTGRES_BEGIN);
    assert_int_equal(smail__postgres_verb("BEGIN"), POSTGRES_BEGIN);
    assert_int_equal(smail__postgres_verb("COMMIT"), POSTGRES_COMMIT);
    assert_int_equal(smail__postgres_verb("ROLLBACK"), POSTGRES_OTHER);
}

/* --- With one ------------------------------------------------------------ */

struct world {
    char url[512];
    struct smail__db *db;
    smail_error err;
};

static void check(struct world *w, int code, const char *file, int line)
{
    if (code < 0)
        print_error("%s:%d: %s\n", file, line, w->err.message);
    assert_true(code >= 0);
}

#define OK(w, call) check((w), (call), __FILE__, __LINE__)

static int begin(void **state)
{
    struct world *w;

    *state = NULL;
    if (test_server_url() == NULL)
        return 0;
    w = calloc(1, sizeof(*w));
    if (w == NULL || test_store_url(w->url, sizeof(w->url), "") < 0 ||
        smail__db_open(&w->db, w->url, 0, &w->err) < 0) {
        print_error("%s\n", w != NULL ? w->err.message : "");
        free(w);
        return -1;
    }
    *state = w;
    return smail__db_exec(w->db,
                          "CREATE TABLE t (i BIGINT PRIMARY KEY, t TEXT, "
                          "b BYTEA, f BOOLEAN, s INTEGER)",
                          &w->err);
}

static int end(void **state)
{
    struct world *w = *state;

    if (w == NULL)
        return 0;
    smail__db_close(w->db);
    free(w);
    return 0;
}

static struct world *need(void **state)
{
    if (*state == NULL)
        skip();
    return *state;
}

static struct smail__db *open_more(struct world *w, unsigned flags)
{
    struct smail__db *db = NULL;

    OK(w, smail__db_open(&db, w->url, flags, &w->err));
    return db;
}

static int64_t value(struct world *w, struct smail__db *db, const char *sql)
{
    struct smail__statement *row;
    int64_t number;

    OK(w, smail__db_prepare(&row, db, sql, &w->err));
    OK(w, smail__statement_step(row, &w->err));
    number = smail__column_int(row, 0);
    smail__statement_reset(row);
    return number;
}

static const char insert_sql[] = "INSERT INTO t (i) VALUES ($1)";

static int insert(struct world *w, struct smail__db *db, int64_t i)
{
    struct smail__statement *row;

    OK(w, smail__db_prepare(&row, db, insert_sql, &w->err));
    smail__bind_int(row, 1, i);
    return smail__statement_run(row, &w->err);
}

static void values_come_back_as_they_went(void **state)
{
    static const char sql[] = "INSERT INTO t (i, t, b, f, s) "
                              "VALUES ($1, $2, $3, $4, $5)";
    static const int64_t numbers[] = {
        0, 1, -1, INT32_MIN, INT64_MAX, INT64_MIN
    };
    struct world *w = need(state);
    struct smail__statement *row;

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        OK(w, smail__db_prepare(&row, w->db, sql, &w->err));
        smail__bind_int(row, 1, numbers[i]);
        smail__bind_text(row, 2, SMAIL__SPAN("Zo\303\253"));
        smail__bind_blob(row, 3, (smail_span){ "\0\377\\x", 4 });
        smail__bind_int(row, 4, numbers[i]);
        smail__bind_int(row, 5, 7);
        OK(w, smail__statement_run(row, &w->err));
        assert_int_equal(smail__db_changes(w->db), 1);
    }
    OK(w,
       smail__db_prepare(&row, w->db,
                         "SELECT i, t, b, f, s FROM t WHERE i = $1", &w->err));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        smail__bind_int(row, 1, numbers[i]);
        assert_int_equal(smail__statement_step(row, &w->err), 1);
        assert_true(smail__column_int(row, 0) == numbers[i]);
        assert_true(smail__span_is(smail__column_span(row, 1), "Zo\303\253"));
        assert_int_equal(smail__column_span(row, 2).len, 4);
        assert_memory_equal(smail__column_span(row, 2).data, "\0\377\\x", 4);
        assert_int_equal(smail__column_int(row, 3), numbers[i] != 0);
        assert_int_equal(smail__column_int(row, 4), 7);
        assert_int_equal(smail__statement_step(row, &w->err), 0);
    }
}

static void nothing_is_not_null(void **state)
{
    static const char sql[] = "INSERT INTO t (i, t, b) VALUES (1, $1, $2)";
    struct world *w = need(state);
    struct smail__statement *row;

    OK(w, smail__db_prepare(&row, w->db, sql, &w->err));
    smail__bind_text(row, 1, (smail_span){ NULL, 0 });
    smail__bind_null(row, 2);
    OK(w, smail__statement_run(row, &w->err));
    OK(w, smail__db_prepare(&row, w->db, "SELECT t, b FROM t", &w->err));
    assert_int_equal(smail__statement_step(row, &w->err), 1);
    assert_false(smail__column_is_null(row, 0));
    assert_non_null(smail__column_span(row, 0).data);
    assert_int_equal(smail__column_span(row, 0).len, 0);
    assert_true(smail__column_is_null(row, 1));
    assert_null(smail__column_span(row, 1).data);
    assert_int_equal(smail__column_int(row, 1), 0);
    smail__statement_reset(row);
}

static void text_has_no_nul(void **state)
{
    static const char sql[] = "INSERT INTO t (i, t, b) VALUES ($1, $2, $3)";
    struct world *w = need(state);
    struct smail__statement *row;

    for (int i = 0; i < 3; i++) {
        OK(w, smail__db_prepare(&row, w->db, sql, &w->err));
        smail__bind_int(row, 1, i);
        smail__bind_text(row, 2, (smail_span){ "a\0b\0", (size_t)i * 2 });
        smail__bind_text(row, 3, (smail_span){ "a\0b\0", (size_t)i * 2 });
        OK(w, smail__statement_run(row, &w->err));
    }
    OK(w, smail__db_prepare(&row, w->db, "SELECT t, b FROM t WHERE i = 2",
                            &w->err));
    assert_int_equal(smail__statement_step(row, &w->err), 1);
    assert_true(smail__span_is(smail__column_span(row, 0), "a b "));
    assert_memory_equal(smail__column_span(row, 1).data, "a\0b\0", 4);
    smail__statement_reset(row);
    assert_int_equal(smail__db_changes(w->db), 1);
}

static void sums_are_read(void **state)
{
    struct world *w = need(state);

    assert_int_equal(value(w, w->db, "SELECT sum(i) FROM t"), 0);
    insert(w, w->db, 123456789012345678);
    insert(w, w->db, 1000000000000);
    assert_int_equal(value(w, w->db, "SELECT sum(i) FROM t"),
                     123457789012345678);
    assert_int_equal(value(w, w->db,
                           "SELECT -sum(i) FROM t WHERE i < $1 + "
                           "2000000000000 OR $1 IS NULL AND i = "
                           "1000000000000"),
                     -1000000000000);
    insert(w, w->db, INT64_MAX);
    assert_true(value(w, w->db, "SELECT sum(i) FROM t") == INT64_MAX);
}

static void failures_have_our_codes(void **state)
{
    struct world *w = need(state);
    struct smail__statement *row;

    OK(w, insert(w, w->db, 1));
    assert_int_equal(insert(w, w->db, 1), SMAIL_EEXISTS);
    OK(w, smail__db_exec(w->db,
                         "CREATE TABLE u (i BIGINT REFERENCES t (i)); "
                         "INSERT INTO u VALUES (1)",
                         &w->err));
    assert_int_equal(smail__db_exec(w->db, "DELETE FROM t", &w->err),
                     SMAIL_ESTATE);
    assert_int_equal(
        smail__db_prepare(&row, w->db, "SELECT nothing FROM t", &w->err),
        SMAIL_EINVAL);
    assert_non_null(strstr(w->err.message, "nothing"));
    assert_int_equal(smail__db_exec(w->db, "SELECT 1 / 0", &w->err),
                     SMAIL_EINVAL);
    assert_int_equal(smail__db_exec(w->db,
                                    "DO $$ BEGIN RAISE EXCEPTION USING "
                                    "ERRCODE = '40001'; END $$",
                                    &w->err),
                     SMAIL_ETEMP);
    assert_int_equal(smail__db_exec(w->db,
                                    "DO $$ BEGIN RAISE EXCEPTION USING "
                                    "ERRCODE = '53100'; END $$",
                                    &w->err),
                     SMAIL_ETEMP);
    assert_non_null(strstr(w->err.message, "disk full"));
    assert_false(smail__db_is_broken(w->db));
}

static void two_statements_read_at_once(void **state)
{
    static const char all[] = "SELECT i FROM t ORDER BY i";
    struct world *w = need(state);
    struct smail__statement *outer, *inner;
    int count = 0;

    OK(w, smail__db_exec(w->db,
                         "INSERT INTO t (i) SELECT generate_series(1, 1000)",
                         &w->err));
    OK(w, smail__db_prepare(&outer, w->db, all, &w->err));
    smail__db_nest(w->db, 1);
    OK(w, smail__db_prepare(&inner, w->db, all, &w->err));
    smail__db_nest(w->db, -1);
    assert_ptr_not_equal(inner, outer);
    while (smail__statement_step(outer, &w->err) > 0) {
        assert_int_equal(smail__column_int(outer, 0), ++count);
        assert_int_equal(smail__statement_step(inner, &w->err), 1);
        assert_int_equal(smail__column_int(inner, 0), 1);
        smail__statement_reset(inner);
    }
    assert_int_equal(count, 1000);
    assert_int_equal(smail__statement_step(outer, &w->err), 1);
    assert_int_equal(smail__column_int(outer, 0), 1);
    smail__db_reset_all(w->db);
}

/* 100 rows of 1 MiB. */
static void what_is_held_has_a_limit(void **state)
{
    static const char sql[] = "SELECT repeat('x', 1048576) "
                              "FROM generate_series(1, 100)";
    struct world *w = need(state);
    struct smail__statement *row;
    int code, count = 0;

    OK(w, smail__db_prepare(&row, w->db, sql, &w->err));
    assert_int_equal(smail__statement_step(row, &w->err), 1);
    assert_int_equal(value(w, w->db, "SELECT 5"), 5);
    assert_int_equal(smail__column_span(row, 0).len, 1048576);
    while ((code = smail__statement_step(row, &w->err)) > 0)
        count++;
    assert_int_equal(code, SMAIL_ELIMIT);
    assert_in_range(count, 50, 64);
    count = 0;
    while (smail__statement_step(row, &w->err) > 0)
        count++;
    assert_int_equal(count, 100);
}

static void a_failed_statement_spoils_the_transaction_only(void **state)
{
    struct world *w = need(state);

    OK(w, smail__db_run(w->db, "BEGIN IMMEDIATE", &w->err));
    assert_true(smail__db_in_transaction(w->db));
    OK(w, insert(w, w->db, 1));
    OK(w, smail__db_run(w->db, "SAVEPOINT job", &w->err));
    assert_int_equal(insert(w, w->db, 1), SMAIL_EEXISTS);
    assert_true(smail__db_in_transaction(w->db));
    OK(w, smail__db_exec(w->db, "ROLLBACK TO job", &w->err));
    OK(w, smail__db_run(w->db, "RELEASE job", &w->err));
    OK(w, insert(w, w->db, 2));
    OK(w, smail__db_run(w->db, "COMMIT", &w->err));
    assert_false(smail__db_in_transaction(w->db));
    assert_int_equal(value(w, w->db, "SELECT count(*) FROM t"), 2);

    /* Without the savepoint COMMIT undoes all, and must not say that it did
     * not. */
    OK(w, smail__db_run(w->db, "BEGIN IMMEDIATE", &w->err));
    OK(w, insert(w, w->db, 3));
    assert_int_equal(insert(w, w->db, 1), SMAIL_EEXISTS);
    assert_int_equal(smail__db_run(w->db, "COMMIT", &w->err), SMAIL_ETEMP);
    assert_false(smail__db_in_transaction(w->db));
    assert_int_equal(value(w, w->db, "SELECT count(*) FROM t"), 2);
}

static void a_reader_sees_one_state_and_changes_nothing(void **state)
{
    struct world *w = need(state);
    struct smail__db *reader = open_more(w, SMAIL__DB_READ_ONLY);

    OK(w, smail__db_run(reader, "BEGIN", &w->err));
    assert_int_equal(value(w, reader, "SELECT count(*) FROM t"), 0);
    OK(w, insert(w, w->db, 1));
    assert_int_equal(value(w, reader, "SELECT count(*) FROM t"), 0);
    assert_true(insert(w, reader, 2) < 0);
    OK(w, smail__db_run(reader, "ROLLBACK", &w->err));
    smail__db_close(reader);
}

struct rival {
    struct world *w;
    struct smail__db *db;
    int64_t seen;
};

static void *rival_main(void *arg)
{
    struct rival *rival = arg;

    smail__db_run(rival->db, "BEGIN IMMEDIATE", NULL);
    rival->seen = value(rival->w, rival->db, "SELECT count(*) FROM t");
    smail__db_run(rival->db, "COMMIT", NULL);
    return NULL;
}

/* The other's BEGIN waits; what it then reads holds what was committed. */
static void writers_take_turns(void **state)
{
    static const char waiting_sql[] =
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' "
        "AND NOT granted AND objid = (SELECT objid FROM pg_locks "
        "WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid())";
    struct world *w = need(state);
    struct rival rival = { w, open_more(w, 0), -1 };
    pthread_t thread;

    OK(w, smail__db_run(w->db, "BEGIN IMMEDIATE", &w->err));
    OK(w, insert(w, w->db, 1));
    assert_int_equal(pthread_create(&thread, NULL, rival_main, &rival), 0);
    while (value(w, w->db, waiting_sql) == 0)
        continue;
    OK(w, insert(w, w->db, 2));
    OK(w, smail__db_run(w->db, "COMMIT", &w->err));
    pthread_join(thread, NULL);
    assert_int_equal(rival.seen, 2);
    smail__db_close(rival.db);
}

static void a_lost_connection_is_opened_anew(void **state)
{
    static const char kill_sql[] =
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND pid = (SELECT s FROM t)";
    struct world *w = need(state);
    struct smail__db *other = open_more(w, 0);
    int code;

    OK(w, smail__db_exec(w->db,
                         "INSERT INTO t (i, s) VALUES (1, pg_backend_pid())",
                         &w->err));
    OK(w, smail__db_run(w->db, "BEGIN IMMEDIATE", &w->err));
    OK(w, insert(w, w->db, 2));
    assert_int_equal(value(w, other, kill_sql), 1);
    do {
        code = smail__db_run(w->db, "SELECT 1", &w->err);
    } while (code == 0);
    assert_int_equal(code, SMAIL_ETEMP);
    assert_true(smail__db_is_broken(w->db));
    assert_false(smail__db_in_transaction(w->db));
    OK(w, smail__db_reopen(w->db, &w->err));
    assert_false(smail__db_is_broken(w->db));
    OK(w, insert(w, w->db, 3));
    assert_int_equal(value(w, w->db, "SELECT count(*) FROM t"), 2);
    smail__db_close(other);
}

static void one_of_many_has_the_index(void **state)
{
    struct world *w = need(state);
    struct smail__db *other = open_more(w, 0);

    assert_true(smail__db_claim(w->db));
    assert_true(smail__db_claim(w->db));
    assert_false(smail__db_claim(other));
    OK(w, smail__db_reopen(w->db, &w->err));
    while (!smail__db_claim(other))
        continue; /* the server takes a moment to see that one went */
    assert_false(smail__db_claim(w->db));
    smail__db_close(other);
}

static int open_code(struct world *w, const char *url, unsigned flags)
{
    struct smail__db *db = NULL;
    int code = smail__db_open(&db, url, flags, &w->err);

    smail__db_close(code == 0 ? db : NULL);
    return code;
}

static void only_a_store_that_is_ours_is_opened(void **state)
{
    struct world *w = need(state);
    char url[512];
    int version = 0;

    OK(w, smail__db_version(&version, w->db, &w->err));
    assert_int_equal(version, smail__migration_count);
    assert_int_equal(open_code(w, w->url, SMAIL__DB_MUST_EXIST), 0);
    OK(w, test_store_url(url, sizeof(url), ""));
    assert_int_equal(open_code(w, url, SMAIL__DB_MUST_EXIST), SMAIL_ENOTFOUND);
    OK(w, smail__db_exec(w->db, "INSERT INTO schema_version VALUES (99, 0)",
                         &w->err));
    assert_int_equal(open_code(w, w->url, 0), SMAIL_ECORRUPT);
    assert_non_null(strstr(w->err.message, "99"));
}

static void it_answers_what_the_store_asks(void **state)
{
    struct world *w = need(state);

    assert_null(smail__db_path(w->db));
    assert_false(smail__db_is_shared(w->db));
    assert_true(smail__db_size(w->db) > 100000);
    assert_int_equal(smail__db_log(w->db).pages, 0);
    OK(w, smail__db_checkpoint(w->db, SMAIL__CHECKPOINT_TRUNCATE, &w->err));
    OK(w, smail__db_check(w->db, NULL, NULL, &w->err));
    assert_int_equal(smail__db_backup(w->db, "/nowhere", &w->err),
                     SMAIL_EINVAL);
    assert_non_null(strstr(w->err.message, "pg_dump"));
}

/* --- Every statement ----------------------------------------------------- */

#define STATEMENTS_MAX 4096

/* Lines of the file, which stay, for statements go by their address. */
static size_t read_lines(char **lines, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0, count = 0;
    ssize_t len;

    assert_non_null(file);
    while ((len = getline(&line, &room, file)) > 0) {
        assert_true(count < STATEMENTS_MAX);
        line[len - 1] = '\0';
        lines[count++] = line;
        line = NULL;
        room = 0;
    }
    free(line);
    fclose(file);
    return count;
}

static size_t prepare_all(struct smail__db *db, char **lines, size_t count)
{
    struct smail__statement *row;
    smail_error err = SMAIL_ERROR_INIT;
    size_t faults = 0;

    for (size_t i = 0; i < count; i++) {
        if (smail__db_prepare(&row, db, lines[i], &err) == 0)
            continue;
        print_error("%s\n    %s\n", lines[i], err.message);
        faults++;
    }
    return faults;
}

static void every_statement_is_prepared(void **state)
{
    static char *lines[STATEMENTS_MAX];
    const char *path = getenv("SMTPMAIL_TEST_STATEMENTS");
    struct world *w = need(state);
    struct smail__db *sqlite = NULL;
    size_t count, faults;

    if (path == NULL)
        skip();
    count = read_lines(lines, path);
    assert_true(count > 100);
    OK(w, smail__db_open(&sqlite, "sqlite::memory:", 0, &w->err));
    faults = prepare_all(sqlite, lines, count);
    smail__db_close(sqlite);
    faults += prepare_all(w->db, lines, count);
    smail__db_close(w->db);
    w->db = NULL;
    for (size_t i = 0; i < count; i++)
        free(lines[i]);
    assert_int_equal(faults, 0);
}

#define SERVER_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_becomes_one_of_postgresql),
        cmocka_unit_test(what_differs_is_spelled_otherwise),
        SERVER_TEST(values_come_back_as_they_went),
        SERVER_TEST(nothing_is_not_null),
        SERVER_TEST(text_has_no_nul),
        SERVER_TEST(sums_are_read),
        SERVER_TEST(failures_have_our_codes),
        SERVER_TEST(two_statements_read_at_once),
        SERVER_TEST(what_is_held_has_a_limit),
        SERVER_TEST(a_failed_statement_spoils_the_transaction_only),
        SERVER_TEST(a_reader_sees_one_state_and_changes_nothing),
        SERVER_TEST(writers_take_turns),
        SERVER_TEST(a_lost_connection_is_opened_anew),
        SERVER_TEST(one_of_many_has_the_index),
        SERVER_TEST(only_a_store_that_is_ours_is_opened),
        SERVER_TEST(it_answers_what_the_store_asks),
        SERVER_TEST(every_statement_is_prepared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
