/* SPDX-License-Identifier: MIT */
/* Opening, reopening, and what else may stand at the path. */
#include "store/fixture.h"

#include <sys/stat.h>

static void a_store_survives_reopening(void **state)
{
    struct fixture f;
    smail_query query = SMAIL_QUERY_INIT;
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    char *large = malloc(200000), *back;
    smail_target target = { 0 };
    smail_appended out;
    size_t len;

    (void)state;
    memset(large, 'q', 200000);
    fixture_begin(&f);
    options.must_exist = true;
    assert_int_equal(smail_store_open(&f.store, f.url, &options, &f.err),
                     SMAIL_ENOTFOUND);
    fixture_open(&f, false);
    query.account = target.account = fixture_account(&f, "b@x.test", 0);
    fixture_append(&f, query.account, 0, "Subject: x\r\n\r\n");
    fixture_ok(&f,
               fixture_append_to(&out, f.store, (smail_span){ large, 200000 },
                                 &target, 1, &f.err));
    fixture_check(&f);
    smail_store_close(f.store);

    fixture_ok(&f, smail_store_open(&f.store, f.url, &options, &f.err));

    assert_int_equal(fixture_count(&f, &query), 2);
    back = fixture_read(&f, query.account, out.email, &len);
    assert_int_equal(len, 200000);
    assert_memory_equal(back, large, len);
    free(back);
    free(large);
    fixture_end(&f);
}

static void two_stores_never_share_blobs(void **state)
{
    struct fixture f;
    smail_store *other = NULL;
    char url[200];

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, false);
    smail__format(url, sizeof(url), "sqlite:%s/other.db", f.folder);
    assert_int_equal(smail_store_open(&other, url, NULL, &f.err),
                     SMAIL_ECORRUPT);
    assert_non_null(strstr(f.err.message, "belongs to another store"));
    fixture_end(&f);
}

static void foreign_paths_are_refused(void **state)
{
    struct fixture f;
    char url[200];
    FILE *file;

    (void)state;
    fixture_begin(&f);
    smail__format(url, sizeof(url), "sqlite:%s", f.folder);
    assert_int_equal(smail_store_open(&f.store, url, NULL, &f.err),
                     SMAIL_EINVAL);
    file = fopen(f.path, "w");
    fputs("not a database, but long enough to look like one of some kind\n",
          file);
    fclose(file);
    assert_int_equal(smail_store_open(&f.store, f.url, NULL, &f.err),
                     SMAIL_ECORRUPT);
    assert_null(f.store);
    fixture_end(&f);
}

static void damage_is_found(void **state)
{
    struct fixture f;
    char command[300];
    smail_target target = { 0 };
    char *large = malloc(100000);
    uint64_t faults = 0;

    (void)state;
    memset(large, 'q', 100000);
    fixture_begin(&f);
    fixture_open(&f, false);
    target.account = fixture_account(&f, "b@x.test", 0);
    fixture_ok(&f,
               fixture_append_to(NULL, f.store, (smail_span){ large, 100000 },
                                 &target, 1, &f.err));
    free(large);
    smail__format(command, sizeof(command),
                  "printf X | dd of=$(find %s/blobs -type f ! -name OWNER) "
                  "bs=1 seek=777 conv=notrunc 2>/dev/null",
                  f.folder);
    assert_int_equal(system(command), 0);
    fixture_ok(&f, smail_store_check(&faults, f.store, NULL, NULL, &f.err));
    assert_int_equal(faults, 1);
    smail__format(command, sizeof(command),
                  "rm $(find %s/blobs -type f ! -name OWNER)", f.folder);
    assert_int_equal(system(command), 0);
    fixture_ok(&f, smail_store_check(&faults, f.store, NULL, NULL, &f.err));
    assert_int_equal(faults, 1);
    smail_store_close(f.store);
    f.store = NULL;
    fixture_end(&f);
}

struct sql {
    const char *text;
};

static int sql_job(smail_tx *tx, void *arg, smail_error *err)
{
    return smail__db_exec(smail__tx_db(tx), ((struct sql *)arg)->text, err);
}

static void wrong_counts_are_found(void **state)
{
    static const struct sql faults[] = {
        { "UPDATE mailbox SET total = total + 1" },
        { "UPDATE mailbox SET unread = unread + 1" },
        { "UPDATE mailbox SET uidnext = 1" },
        { "UPDATE account SET used_bytes = 1" },
        { "UPDATE account SET used_emails = 2" },
        { "UPDATE account SET next_id = 1" },
        { "UPDATE account SET modseq = 1" },
        { "UPDATE email SET size = size + 1; UPDATE account SET used_bytes = "
          "used_bytes + 1" },
        { "DELETE FROM email_mailbox; UPDATE mailbox SET total = 0, "
          "unread = 0" },
        { "UPDATE blob SET sha256 = x'00'" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct fixture f;
        struct sql sql = faults[i];
        uint64_t count = 0;

        fixture_begin(&f);
        fixture_open(&f, true);
        fixture_append(&f, fixture_account(&f, "b@x.test", 0), 0,
                       "Subject: x\r\n\r\n");
        fixture_check(&f);
        fixture_ok(&f, smail__store_write(f.store, sql_job, &sql, &f.err));
        fixture_ok(&f, smail_store_check(&count, f.store, NULL, NULL, &f.err));
        if (count != 1)
            print_error("%s: %d faults\n", sql.text, (int)count);
        assert_int_equal(count, 1);
        smail_store_close(f.store);
        f.store = NULL;
        fixture_end(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_survives_reopening),
        cmocka_unit_test(two_stores_never_share_blobs),
        cmocka_unit_test(foreign_paths_are_refused),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(wrong_counts_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
