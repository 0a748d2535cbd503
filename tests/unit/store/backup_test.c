/* SPDX-License-Identifier: MIT */
/* A backup is a store of one moment; what is broken is told of and mended. */
#include "store/fixture.h"

#include <sys/stat.h>

#include "store/sweep.h"

#define LARGE (100 * 1024)

struct world {
    struct fixture f;
    smail_id alice;
    char folder[160];
};

static void put(struct world *world, char letter, size_t len)
{
    char *text = malloc(len + 16);
    smail_target target = { world->alice, 0, NULL, 0 };

    memcpy(text, "Subject: x\r\n\r\n", 14);
    memset(text + 14, letter, len);
    fixture_ok(&world->f, fixture_append_to(NULL, world->f.store,
                                            (smail_span){ text, len + 14 },
                                            &target, 1, &world->f.err));
    free(text);
}

static void begin(struct world *world)
{
    fixture_begin(&world->f);
    fixture_open(&world->f, true);
    world->alice = fixture_account(&world->f, "alice@example.test", 0);
    smail__format(world->folder, sizeof(world->folder), "%s/backup",
                  world->f.folder);
}

static void change(struct world *world, const char *sql)
{
    struct smail__db *db;
    char url[160];

    smail__format(url, sizeof(url), "sqlite:%s", world->f.path);
    fixture_ok(&world->f, smail__db_open(&db, url, 0, &world->f.err));
    fixture_ok(&world->f,
               smail__db_exec(db, "PRAGMA foreign_keys = OFF", NULL));
    fixture_ok(&world->f, smail__db_exec(db, sql, &world->f.err));
    smail__db_close(db);
}

static smail_backup back_up(struct world *world)
{
    smail_backup done = SMAIL_BACKUP_INIT;

    fixture_ok(&world->f,
               smail_store_backup(&done, world->f.store, world->folder,
                                  fixture_print, NULL, &world->f.err));
    return done;
}

static uint64_t emails_of(const char *folder)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    smail_store_stats stats = SMAIL_STORE_STATS_INIT;
    smail_error err = SMAIL_ERROR_INIT;
    smail_store *store;
    uint64_t faults;
    char url[200];

    options.manual = true;
    smail__format(url, sizeof(url), "sqlite:%s/mail.db", folder);
    assert_int_equal(smail_store_open(&store, url, &options, &err), 0);
    assert_int_equal(
        smail_store_check(&faults, store, fixture_print, NULL, &err), 0);
    assert_int_equal(faults, 0);
    assert_int_equal(smail_store_get_stats(&stats, store, &err), 0);
    smail_store_close(store);
    return stats.emails;
}

static void again_copies_what_is_new(void **state)
{
    struct world world;
    smail_backup done;

    (void)state;
    begin(&world);
    put(&world, 'a', 10);
    put(&world, 'b', LARGE);
    put(&world, 'c', LARGE);
    done = back_up(&world);
    assert_int_equal(done.copied, 2);
    assert_int_equal(done.kept, 0);
    assert_true(done.bytes >= (uint64_t)2 * LARGE);
    assert_int_equal(emails_of(world.folder), 3);

    put(&world, 'd', LARGE);
    done = back_up(&world);
    assert_int_equal(done.copied, 1);
    assert_int_equal(done.kept, 2);
    assert_int_equal(emails_of(world.folder), 4);
    fixture_end(&world.f);
}

static void what_was_removed_goes_from_the_backup(void **state)
{
    struct world world;
    uint64_t removed;
    smail_backup done;

    (void)state;
    begin(&world);
    put(&world, 'b', LARGE);
    back_up(&world);
    fixture_ok(&world.f,
               smail_email_remove(world.f.store, world.alice, 2, &world.f.err));
    fixture_ok(&world.f,
               smail_store_run_batch(world.f.store, 4000000000, &world.f.err));
    fixture_ok(&world.f,
               smail__store_sweep(&removed, world.f.store, 0, &world.f.err));
    assert_true(removed >= 1);
    done = back_up(&world);
    assert_int_equal(done.removed, 1);
    assert_int_equal(emails_of(world.folder), 0);
    fixture_end(&world.f);
}

/* The sweeper waits while somebody copies, and goes on when that is over. */
static void files_are_held(void **state)
{
    struct world world;
    uint64_t removed;

    (void)state;
    begin(&world);
    put(&world, 'b', LARGE);
    fixture_ok(&world.f,
               smail_email_remove(world.f.store, world.alice, 2, &world.f.err));
    fixture_ok(&world.f,
               smail_store_run_batch(world.f.store, 4000000000, &world.f.err));
    change(&world, "INSERT INTO setting VALUES ('files_held_until', "
                   "'4000000010')");
    fixture_ok(&world.f,
               smail__store_sweep(&removed, world.f.store, 0, &world.f.err));
    assert_int_equal(removed, 0);
    fixture_ok(&world.f,
               smail_store_run_batch(world.f.store, 4000000011, &world.f.err));
    fixture_ok(&world.f,
               smail__store_sweep(&removed, world.f.store, 0, &world.f.err));
    assert_true(removed >= 1);
    fixture_end(&world.f);
}

static void way_back(void **state)
{
    struct world world;
    smail_backup done = SMAIL_BACKUP_INIT;
    char url[200], folder[160];

    (void)state;
    begin(&world);
    put(&world, 'a', 10);
    put(&world, 'b', LARGE);
    back_up(&world);
    smail__format(folder, sizeof(folder), "%s/again", world.f.folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    smail__format(url, sizeof(url), "sqlite:%s/mail.db", folder);
    fixture_ok(&world.f,
               smail_store_restore(&done, url, world.folder, fixture_print,
                                   NULL, &world.f.err));
    assert_int_equal(done.copied, 1);
    assert_int_equal(emails_of(folder), 2);
    assert_int_equal(
        smail_store_restore(&done, url, world.folder, NULL, NULL, &world.f.err),
        SMAIL_EEXISTS);
    smail__format(url, sizeof(url), "sqlite:%s/other.db", world.f.folder);
    assert_int_equal(
        smail_store_restore(&done, url, folder + 1, NULL, NULL, &world.f.err),
        SMAIL_ENOTFOUND);
    assert_int_equal(smail_store_restore(&done, "sqlite::memory:", folder, NULL,
                                         NULL, &world.f.err),
                     SMAIL_EINVAL);
    fixture_end(&world.f);
}

static void another_stores_backup_is_left_alone(void **state)
{
    struct world world, other;
    smail_backup done = SMAIL_BACKUP_INIT;

    (void)state;
    begin(&world);
    begin(&other);
    put(&world, 'a', 10);
    back_up(&world);
    assert_int_equal(smail_store_backup(&done, other.f.store, world.folder,
                                        NULL, NULL, &other.f.err),
                     SMAIL_ECORRUPT);
    assert_non_null(strstr(other.f.err.message, "another store"));
    assert_int_equal(emails_of(world.folder), 1);
    fixture_end(&other.f);
    fixture_end(&world.f);
}

static void count_line(const char *text, void *user)
{
    (void)text;
    ++*(int *)user;
}

static void damage_is_told_of_and_the_rest_copied(void **state)
{
    struct world world;
    smail_backup done = SMAIL_BACKUP_INIT;
    char command[256];
    int lines = 0;

    (void)state;
    begin(&world);
    put(&world, 'a', LARGE);
    put(&world, 'b', LARGE);
    smail__format(command, sizeof(command),
                  "cd %s/blobs && f=$(ls -d */* | head -n 1) && "
                  "printf x | dd of=$f bs=1 seek=50 conv=notrunc 2>/dev/null",
                  world.f.folder);
    assert_int_equal(system(command), 0);
    assert_int_equal(smail_store_backup(&done, world.f.store, world.folder,
                                        count_line, &lines, &world.f.err),
                     SMAIL_ECORRUPT);
    assert_int_equal(done.damaged, 1);
    assert_int_equal(lines, 1);
    assert_int_equal(done.copied, 1);
    smail_store_close(world.f.store);
    world.f.store = NULL;
    fixture_end(&world.f);
}

/* Each fault is found, mended, and gone. */
static void faults_are_mended(void **state)
{
    static const char *const faults[] = {
        "UPDATE account SET used_emails = 7",
        "UPDATE account SET used_bytes = 7",
        "UPDATE account SET next_id = 1",
        "UPDATE account SET modseq = 0",
        "UPDATE mailbox SET total = 9",
        "UPDATE mailbox SET unread = 9",
        "UPDATE mailbox SET uidnext = 1",
        "UPDATE mailbox SET parent = 4711 WHERE role = 0",
        "DELETE FROM email_mailbox WHERE email = (SELECT min(id) FROM email)",
        "INSERT INTO email_mailbox SELECT account, mailbox, 77, 4711, 0, 1 "
        "FROM email_mailbox LIMIT 1",
        "INSERT INTO email_mailbox SELECT account, 4711, 77, email, 0, 1 "
        "FROM email_mailbox LIMIT 1",
        "INSERT INTO email_mailbox SELECT account, mailbox, 77, email, 0, 1 "
        "FROM email_mailbox LIMIT 1",
        "UPDATE email SET size = size + 1 WHERE id = (SELECT min(id) "
        "FROM email)",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct world world;
        uint64_t count = 0;
        smail_id box;
        int lines = 0;

        begin(&world);
        fixture_ok(&world.f,
                   smail_mailbox_create(&box, world.f.store, world.alice, "Box",
                                        &world.f.err));
        put(&world, 'a', 10);
        put(&world, 'b', 10);
        change(&world, faults[i]);
        fixture_ok(&world.f,
                   smail_store_check(&count, world.f.store, count_line, &lines,
                                     &world.f.err));
        if (count == 0)
            print_error("not found: %s\n", faults[i]);
        assert_true(count > 0);
        fixture_ok(&world.f,
                   smail_store_repair(&count, world.f.store, &world.f.err));
        assert_true(count > 0);
        fixture_ok(&world.f,
                   smail_store_repair(&count, world.f.store, &world.f.err));
        assert_int_equal(count, 0);
        fixture_end(&world.f); /* checks again */
    }
}

static void index_is_made_anew(void **state)
{
    struct world world;
    smail_query query = SMAIL_QUERY_INIT;
    smail_cursor *cursor;
    smail_entry entry;
    uint64_t lag;

    (void)state;
    begin(&world);
    put(&world, 'a', 10);
    put(&world, 'b', 10);
    fixture_ok(&world.f,
               smail_store_run_batch(world.f.store, 1800000000, &world.f.err));
    for (int i = 0; i < 2; i++) {
        fixture_ok(&world.f, smail_store_reindex(world.f.store, &world.f.err));
        fixture_ok(&world.f, smail_store_index_lag(&lag, world.f.store, NULL));
        assert_int_equal(lag, 2);
        fixture_ok(&world.f, smail_store_run_batch(world.f.store, 1800000000,
                                                   &world.f.err));
        fixture_ok(&world.f, smail_store_index_lag(&lag, world.f.store, NULL));
        assert_int_equal(lag, 0);
    }
    query.account = world.alice;
    query.search = "bbbbbbbbbb";
    fixture_ok(&world.f,
               smail_store_query(&cursor, world.f.store, &query, &world.f.err));
    assert_int_equal(smail_cursor_next(&entry, cursor, &world.f.err), 1);
    assert_string_equal(entry.preview, "bbbbbbbbbb");
    assert_int_equal(smail_cursor_next(&entry, cursor, &world.f.err), 0);
    smail_cursor_free(cursor);
    fixture_end(&world.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(again_copies_what_is_new),
        cmocka_unit_test(what_was_removed_goes_from_the_backup),
        cmocka_unit_test(files_are_held),
        cmocka_unit_test(way_back),
        cmocka_unit_test(another_stores_backup_is_left_alone),
        cmocka_unit_test(damage_is_told_of_and_the_rest_copied),
        cmocka_unit_test(faults_are_mended),
        cmocka_unit_test(index_is_made_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
