/* SPDX-License-Identifier: MIT */
/* What is kept about TLS: counts by day, and policies of MTA-STS. */
#include "queue/tls_result.h"

#include <stdlib.h>

#include "queue/sts_policy.h"
#include "store/fixture.h"

#define DAY 86400
#define NOW ((int64_t)20000 * DAY + 3600)

static int write_job(smail_tx *tx, void *arg, smail_error *err)
{
    return smail__tls_tally_write(tx, arg, err);
}

static void write_down(struct fixture *f, struct smail__tls_tally *tally)
{
    fixture_ok(f, smail__store_write(f->store, write_job, tally, &f->err));
    smail__tls_tally_dispose(tally);
}

struct seen {
    char text[1000];
    size_t rows;
    uint64_t sessions;
};

static int see(const smail_tls_result *one, void *user)
{
    struct seen *seen = user;
    size_t len = strlen(seen->text);

    seen->rows++;
    seen->sessions += one->sessions;
    smail__format(seen->text + len, sizeof(seen->text) - len,
                  "%d %s %s %s %s %u\n", (int)(one->day / DAY), one->domain,
                  smail_tls_policy_name(one->policy), one->host, one->result,
                  (unsigned)one->sessions);
    return 0;
}

static struct seen list(struct fixture *f, const char *domain)
{
    smail_tls_result_query query = SMAIL_TLS_RESULT_QUERY_INIT;
    struct seen seen = { "", 0, 0 };

    query.domain = domain;
    fixture_ok(f, smail_tls_result_list(f->store, &query, see, &seen, &f->err));
    return seen;
}

static void sessions_that_fare_alike_are_one_row(struct fixture *f)
{
    struct smail__tls_tally tally = { NULL, 0 };

    for (int i = 0; i < 3; i++)
        smail__tls_tally_add(&tally, NOW + i, "a.test", SMAIL_TLS_POLICY_TLSA,
                             "mx.a.test", SMAIL__TLS_SUCCESSFUL);
    smail__tls_tally_add(&tally, NOW, "a.test", SMAIL_TLS_POLICY_TLSA,
                         "mx.a.test", SMAIL__TLS_TLSA_INVALID);
    smail__tls_tally_add(&tally, NOW, "b.test", SMAIL_TLS_POLICY_NONE,
                         "mx.b.test", SMAIL__TLS_STARTTLS_NOT_SUPPORTED);
    assert_int_equal(tally.count, 3);
    write_down(f, &tally);
    smail__tls_tally_add(&tally, NOW, "a.test", SMAIL_TLS_POLICY_TLSA,
                         "mx.a.test", SMAIL__TLS_SUCCESSFUL);
    smail__tls_tally_add(&tally, NOW + DAY, "a.test", SMAIL_TLS_POLICY_STS,
                         "mx.a.test", SMAIL__TLS_SUCCESSFUL);
    write_down(f, &tally);

    assert_string_equal(
        list(f, NULL).text,
        "20000 a.test tlsa mx.a.test successful 4\n"
        "20000 a.test tlsa mx.a.test tlsa-invalid 1\n"
        "20000 b.test no-policy-found mx.b.test starttls-not-supported 1\n"
        "20001 a.test sts mx.a.test successful 1\n");
    assert_string_equal(
        list(f, "b.test").text,
        "20000 b.test no-policy-found mx.b.test starttls-not-supported 1\n");
}

static void what_is_too_much_counts_as_nobodys(struct fixture *f)
{
    struct smail__tls_tally tally = { NULL, 0 };
    struct seen seen;

    for (int i = 0; i < SMAIL__TLS_TALLY_MAX + 100; i++) {
        char domain[40];

        smail__format(domain, sizeof(domain), "d%d.test", i);
        smail__tls_tally_add(&tally, NOW, domain, SMAIL_TLS_POLICY_NONE, "mx",
                             SMAIL__TLS_SUCCESSFUL);
        if (i == SMAIL__TLS_TALLY_MAX - 2)
            assert_int_equal(tally.count, SMAIL__TLS_TALLY_MAX - 1);
    }
    assert_int_equal(tally.count, SMAIL__TLS_TALLY_MAX);
    write_down(f, &tally);
    seen = list(f, NULL);
    assert_int_equal(seen.rows, SMAIL__TLS_TALLY_MAX);
    assert_int_equal(seen.sessions, SMAIL__TLS_TALLY_MAX + 100);
}

static int trim_job(smail_tx *tx, void *arg, smail_error *err)
{
    int64_t now = *(int64_t *)arg;
    int code = smail__tls_result_trim(tx, now, err);

    return code == 0 ? smail__sts_policy_trim(tx, now, err) : code;
}

static void trim(struct fixture *f, int64_t now)
{
    fixture_ok(f, smail__store_write(f->store, trim_job, &now, &f->err));
}

static void old_days_are_forgotten(struct fixture *f)
{
    struct smail__tls_tally tally = { NULL, 0 };

    smail__tls_tally_add(&tally, NOW, "a.test", SMAIL_TLS_POLICY_NONE, "mx",
                         SMAIL__TLS_SUCCESSFUL);
    write_down(f, &tally);
    trim(f, NOW + (int64_t)SMAIL__TLS_RESULT_DAYS * DAY);
    assert_int_equal(list(f, NULL).rows, 1);
    trim(f, NOW + (int64_t)(SMAIL__TLS_RESULT_DAYS + 1) * DAY);
    assert_int_equal(list(f, NULL).rows, 0);
}

/* --- Policies ------------------------------------------------------------ */

static int save_job(smail_tx *tx, void *arg, smail_error *err)
{
    return smail__sts_policy_save(tx, "a.test", arg, err);
}

static int find(struct fixture *f, struct smail__sts_cached *out,
                const char *domain, int64_t now)
{
    struct smail__db *db;
    int code;

    fixture_ok(f, smail__store_begin_read(&db, f->store, &f->err));
    code = smail__sts_policy_find(out, db, domain, now, &f->err);
    smail__store_end_read(f->store, db);
    return code;
}

static void a_policy_holds_for_its_time(struct fixture *f)
{
    char one[] = "mx.a.test\n", two[] = "mx.a.test\n*.b.test\n";
    struct smail__sts_cached first = { .id = "1",
                                       .mode = SMAIL__STS_TESTING,
                                       .hosts = one,
                                       .fetched_at = NOW,
                                       .expires_at = NOW + 100 };
    struct smail__sts_cached second = first, found;

    fixture_ok(f, smail__store_write(f->store, save_job, &first, &f->err));
    assert_int_equal(find(f, &found, "a.test", NOW + 99), 1);
    assert_string_equal(found.id, "1");
    assert_int_equal(found.mode, SMAIL__STS_TESTING);
    free(found.hosts);
    assert_int_equal(find(f, &found, "a.test", NOW + 100), 0);
    assert_int_equal(find(f, &found, "b.test", NOW), 0);

    memcpy(second.id, "2", 2);
    second.mode = SMAIL__STS_ENFORCE;
    second.hosts = two;
    second.expires_at = NOW + 200;
    fixture_ok(f, smail__store_write(f->store, save_job, &second, &f->err));
    trim(f, NOW + 199);
    assert_int_equal(find(f, &found, "a.test", NOW + 199), 1);
    assert_string_equal(found.id, "2");
    assert_int_equal(found.mode, SMAIL__STS_ENFORCE);
    assert_int_equal(found.fetched_at, NOW);
    assert_int_equal(found.expires_at, NOW + 200);
    assert_string_equal(found.hosts, "mx.a.test\n*.b.test\n");
    free(found.hosts);
    trim(f, NOW + 200);
    assert_int_equal(find(f, &found, "a.test", NOW), 0);
}

static void with_store(void (*test)(struct fixture *f))
{
    struct fixture f;

    fixture_begin(&f);
    fixture_open(&f, false);
    test(&f);
    fixture_end(&f);
}

static void test_sessions_that_fare_alike_are_one_row(void **state)
{
    (void)state;
    with_store(sessions_that_fare_alike_are_one_row);
}

static void test_what_is_too_much_counts_as_nobodys(void **state)
{
    (void)state;
    with_store(what_is_too_much_counts_as_nobodys);
}

static void test_old_days_are_forgotten(void **state)
{
    (void)state;
    with_store(old_days_are_forgotten);
}

static void test_a_policy_holds_for_its_time(void **state)
{
    (void)state;
    with_store(a_policy_holds_for_its_time);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions_that_fare_alike_are_one_row),
        cmocka_unit_test(test_what_is_too_much_counts_as_nobodys),
        cmocka_unit_test(test_old_days_are_forgotten),
        cmocka_unit_test(test_a_policy_holds_for_its_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
