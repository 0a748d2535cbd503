/* SPDX-License-Identifier: MIT */
/*
 * tests/powercut/fault_test.c - the disk is full, or refuses to write or to
 * sync. Whoever delivers is told; the store goes on when the disk does; and a
 * cut afterwards takes nothing that was acknowledged, though a failed sync
 * lost pages that the system believes to be written.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "scenario.h"

#define ALICE 1
#define BOTH 3
#define CUTS 30

static void begin(struct scenario *scenario, bool threads)
{
    memset(scenario, 0, sizeof(*scenario));
    scenario->threads = threads;
    scenario_begin(scenario);
    scenario_open(scenario);
}

static void deliver_ok(struct scenario *scenario, size_t size)
{
    smail_error err = SMAIL_ERROR_INIT;
    int code = scenario_deliver(scenario, size, BOTH, &err);

    if (code < 0)
        print_error("%s\n", err.message);
    assert_int_equal(code, 0);
}

static void deliver_fails(struct scenario *scenario, size_t size,
                          const char *says)
{
    smail_error err = SMAIL_ERROR_INIT;
    int code = scenario_deliver(scenario, size, BOTH, &err);

    assert_true(code == SMAIL_ETEMP || code == SMAIL_EIO);
    assert_int_equal(err.code, code);
    if (strstr(err.message, says) == NULL)
        print_error("'%s' does not say '%s'\n", err.message, says);
    assert_non_null(strstr(err.message, says));
}

static void cut_some(struct scenario *scenario, uint64_t cuts)
{
    size_t count = scenario->disk.count;

    disk_under_sqlite(NULL);
    for (uint64_t i = 0; i < cuts; i++) {
        size_t cut = i < cuts / 2 ? count : count * (size_t)i / cuts;

        if (!scenario_survives(scenario, cut, i * 77 + 1)) {
            print_error("cut at %zu of %zu, seed %u: %s\n", cut, count,
                        (unsigned)i * 77 + 1, scenario->why);
            fail();
        }
    }
}

/* Whole now, and after cuts now, and at moments before. */
static void end(struct scenario *scenario)
{
    if (!scenario_is_whole(scenario))
        print_error("%s\n", scenario->why);
    assert_true(scenario_is_whole(scenario));
    assert_int_equal(scenario->disk.again, 0);
    cut_some(scenario, CUTS);
    scenario_close(scenario);
    scenario_end(scenario);
}

static void a_failed_sync_of_the_log_is_told_and_mended(void **state)
{
    struct scenario scenario;

    (void)state;
    begin(&scenario, false);
    deliver_ok(&scenario, 400);
    deliver_ok(&scenario, 30000);
    scenario.disk.failing = DISK_LOG;
    deliver_fails(&scenario, 20000, "mail.db");
    deliver_fails(&scenario, 400, "mail.db"); /* recovery fails as well */
    scenario.disk.failing = 0;
    deliver_ok(&scenario, 400);
    deliver_ok(&scenario, 90000);
    end(&scenario);
}

static void a_failed_sync_of_a_checkpoint_harms_nobody(void **state)
{
    struct scenario scenario;
    smail_error err = SMAIL_ERROR_INIT;

    (void)state;
    begin(&scenario, false);
    for (int i = 0; i < 8; i++)
        deliver_ok(&scenario, 60000);
    scenario.disk.failing = DISK_DATABASE;
    assert_int_equal(smail_store_run_batch(scenario.store, 5000, &err), 0);
    scenario.disk.failing = 0;
    deliver_ok(&scenario, 400);
    assert_int_equal(smail_store_run_batch(scenario.store, 6000, &err), 0);
    for (int i = 0; i < 8; i++)
        deliver_ok(&scenario, 60000);
    end(&scenario);
}

static void a_full_disk_is_named_and_waited_for(void **state)
{
    struct scenario scenario;

    (void)state;
    begin(&scenario, false);
    deliver_ok(&scenario, 400);
    scenario.disk.full = true;
    deliver_fails(&scenario, 400, "disk full");
    deliver_fails(&scenario, 60000, "disk full");
    deliver_fails(&scenario, 200000, "disk full");
    assert_true(scenario_is_whole(&scenario)); /* reading goes on */
    scenario.disk.full = false;
    deliver_ok(&scenario, 400);
    deliver_ok(&scenario, 200000);
    end(&scenario);
}

static void a_large_message_that_cannot_be_synced_is_refused(void **state)
{
    static const unsigned syncs[] = { DISK_BLOB, DISK_BLOB_NAME,
                                      DISK_BLOB_FOLDER };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct scenario scenario;

        begin(&scenario, false);
        scenario.disk.failing = syncs[i];
        deliver_fails(&scenario, 100000, "blobs");
        deliver_ok(&scenario, 400);
        scenario.disk.failing = 0;
        deliver_ok(&scenario, 100000);
        end(&scenario);
    }
}

static void a_disk_that_refuses_all_writes_comes_back(void **state)
{
    struct scenario scenario;

    (void)state;
    begin(&scenario, false);
    deliver_ok(&scenario, 400);
    scenario.disk.refusing = true;
    for (int i = 0; i < 5; i++)
        deliver_fails(&scenario, 400, "mail.db");
    deliver_fails(&scenario, 100000, "blobs");
    scenario.disk.refusing = false;
    deliver_ok(&scenario, 400);
    end(&scenario);
}

static uint64_t next(uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    return *random >> 33;
}

/* Anything, at any time, some of it while it mends. */
static void storm(bool threads, uint64_t seed)
{
    struct scenario scenario;
    uint64_t random = seed;
    int failed = 0;

    begin(&scenario, threads);
    for (int i = 0; i < 120; i++) {
        static const size_t sizes[] = { 300, 5000, 64000, 70000, 150000 };
        smail_error err = SMAIL_ERROR_INIT;

        scenario.disk.failing =
            next(&random) % 3 == 0 ? (unsigned)(next(&random) % 64) : 0;
        scenario.disk.full = next(&random) % 10 == 0;
        scenario.disk.refusing = next(&random) % 15 == 0;
        if (scenario_deliver(&scenario, sizes[next(&random) % 5],
                             1 + (unsigned)(next(&random) % 3), &err) < 0)
            failed++;
        if (!threads && next(&random) % 10 == 0)
            smail_store_run_batch(scenario.store, 1000 + i, &err);
    }
    scenario.disk.failing = 0;
    scenario.disk.full = false;
    scenario.disk.refusing = false;
    deliver_ok(&scenario, 400);
    assert_in_range(failed, 10, 110);
    end(&scenario);
}

/* --- Each call once ------------------------------------------------------- */

/* Mail of every size, while the `at`th call from now on fails. False: it had
 * no such call. */
static bool deliver_with_fault(long at, int fault, bool stays)
{
    static const size_t sizes[] = { 400, 100000, 60000, 60000, 66000 };
    struct scenario scenario;
    size_t told = 0;
    bool hit;

    begin(&scenario, false);
    deliver_ok(&scenario, 300);
    scenario.disk.fault = fault;
    scenario.disk.fault_stays = stays;
    scenario.disk.fault_at = at;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        smail_error err = SMAIL_ERROR_INIT;
        int code = scenario_deliver(&scenario, sizes[i], BOTH, &err);

        if (i == 3)
            (void)smail_store_run_batch(scenario.store, 2000, &err);
        if (code == 0)
            continue;
        told++;
        assert_true(code == SMAIL_ETEMP || code == SMAIL_EIO);
        if (fault == ENOSPC && strstr(err.message, "disk full") != NULL)
            assert_int_equal(code, SMAIL_ETEMP);
    }
    hit = scenario.disk.faults > 0;
    if (hit && stays)
        assert_true(told > 0);
    scenario.disk.fault_at = 0;
    assert_int_equal(scenario.disk.again, 0);
    deliver_ok(&scenario, 400);
    deliver_ok(&scenario, 80000);
    assert_true(scenario_is_whole(&scenario));
    cut_some(&scenario, 6);
    scenario_close(&scenario);
    scenario_end(&scenario);
    return hit;
}

/* Every call, or some of them: with the argument `each`, all. */
static long stride = 9;

static void each_call(int fault, bool stays)
{
    long at = 1, count = 0;

    for (; deliver_with_fault(at, fault, stays); at += stride)
        count++;
    print_message("%ld of %ld calls failed, one after the other\n", count, at);
    assert_in_range(at, 20, 2000);
}

static void any_call_may_fail_once(void **state)
{
    (void)state;
    each_call(EIO, false);
    each_call(ENOSPC, false);
}

static void any_call_may_be_the_last_for_a_while(void **state)
{
    (void)state;
    each_call(EIO, true);
    each_call(ENOSPC, true);
}

static void a_storm_of_faults_loses_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++)
        storm(false, seed);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_sync_of_the_log_is_told_and_mended),
        cmocka_unit_test(a_failed_sync_of_a_checkpoint_harms_nobody),
        cmocka_unit_test(a_full_disk_is_named_and_waited_for),
        cmocka_unit_test(a_large_message_that_cannot_be_synced_is_refused),
        cmocka_unit_test(a_disk_that_refuses_all_writes_comes_back),
        cmocka_unit_test(any_call_may_fail_once),
        cmocka_unit_test(any_call_may_be_the_last_for_a_while),
        cmocka_unit_test(a_storm_of_faults_loses_nothing),
    };

    if (argc > 1 && strcmp(argv[1], "each") == 0)
        stride = 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
