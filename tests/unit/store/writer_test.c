/* SPDX-License-Identifier: MIT */
/* Jobs share transactions, and nothing else; threads and processes mix. */
#include "store/fixture.h"

#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static const char note_sql[] =
    "INSERT INTO setting (name, value) VALUES ($1, '')";

struct note {
    const char *name;
    int result;
};

static int note_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct note *note = arg;
    struct smail__statement *row;
    int code = smail__db_prepare(&row, smail__tx_db(tx), note_sql, err);

    if (code < 0)
        return code;
    smail__bind_text(row, 1, smail__span(note->name));
    code = smail__statement_run(row, err);
    return code < 0 ? code : note->result;
}

static int64_t settings(struct fixture *f)
{
    struct smail__db *db;
    struct smail__statement *row;
    int64_t count;

    fixture_ok(f, smail__store_begin_read(&db, f->store, &f->err));
    fixture_ok(f, smail__db_prepare(&row, db,
                                    "SELECT count(*) FROM setting "
                                    "WHERE name <> 'store_id'",
                                    &f->err));
    assert_int_equal(smail__statement_step(row, &f->err), 1);
    count = smail__column_int(row, 0);
    smail__store_end_read(f->store, db);
    return count;
}

struct queued {
    struct smail__job job;
    struct note note;
    unsigned called;
};

static void called(struct smail__job *job)
{
    ((struct queued *)job)->called++;
}

/* `repeatable`: a bit for each of five jobs. */
static void fail_in_a_batch(unsigned repeatable)
{
    struct fixture f;
    static const char *const names[] = { "a", "b", "a", "c" };
    struct queued jobs[5];

    fixture_begin(&f);
    fixture_open(&f, true);
    for (int i = 0; i < 5; i++) {
        jobs[i] = (struct queued){ .note = { i < 4 ? names[i] : "d", 0 } };
        jobs[i].job =
            (struct smail__job){ .run = note_job,
                                 .arg = &jobs[i].note,
                                 .done = called,
                                 .repeatable = (repeatable >> i & 1) != 0 };
        fixture_ok(&f, smail__writer_put(f.store, &jobs[i].job, &f.err));
    }
    jobs[4].note.result = SMAIL_EQUOTA; /* fails after it wrote */
    assert_int_equal(settings(&f), 0);

    fixture_ok(&f, smail_store_run_batch(f.store, 1000, &f.err));

    assert_int_equal(settings(&f), 3);
    for (int i = 0; i < 5; i++)
        assert_int_equal(jobs[i].called, 1);
    assert_int_equal(jobs[0].job.code, 0);
    assert_int_equal(jobs[1].job.code, 0);
    assert_int_equal(jobs[2].job.code, SMAIL_EEXISTS);
    assert_int_equal(jobs[3].job.code, 0);
    assert_int_equal(jobs[4].job.code, SMAIL_EQUOTA);
    fixture_end(&f);
}

static void one_failure_spares_the_batch(void **state)
{
    (void)state;
    for (unsigned repeatable = 0; repeatable < 32; repeatable++)
        fail_in_a_batch(repeatable);
}

struct told {
    int code;
    smail_appended result;
};

static void tell(const smail_error *error, const smail_appended *results,
                 void *user)
{
    struct told *told = user;

    told->code = error != NULL ? error->code : 1;
    if (results != NULL)
        told->result = results[0];
}

/* One that is full in the middle: the others get the ids, uids and threads
 * that they would have got without it, by the second run. */
static void a_full_mailbox_spares_the_batch(void **state)
{
    static const char *const texts[] = {
        "Message-ID: <1@x>\r\n\r\n", "Message-ID: <2@x>\r\n\r\n",
        "Message-ID: <3@x>\r\n\r\n",
        "Message-ID: <4@x>\r\nIn-Reply-To: <1@x>\r\n\r\n"
    };
    struct fixture f;
    struct told told[4] = { { 0 } };
    smail_append *appends[4];
    smail_id roomy, small;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    roomy = fixture_account(&f, "roomy@example.test", 0);
    small = fixture_account(&f, "small@example.test", 10);
    fixture_append(&f, small, 0, "Subject: it is full now\r\n\r\n");
    for (int i = 0; i < 4; i++) {
        smail_target target = { i == 2 ? small : roomy, 0, NULL, 0 };

        fixture_ok(&f, smail_append_new(&appends[i], f.store, &f.err));
        fixture_ok(
            &f, smail_append_write(appends[i], smail__span(texts[i]), &f.err));
        fixture_ok(&f, smail_append_commit_later(appends[i], &target, 1, tell,
                                                 &told[i], &f.err));
    }
    fixture_ok(&f, smail_store_run_batch(f.store, 1000, &f.err));
    for (int i = 0; i < 4; i++)
        smail_append_free(appends[i]);
    assert_int_equal(told[2].code, SMAIL_EQUOTA);
    assert_int_equal(told[0].code, 1);
    assert_int_equal(told[1].code, 1);
    assert_int_equal(told[3].code, 1);
    assert_int_equal(told[0].result.uid, 1);
    assert_int_equal(told[1].result.uid, 2);
    assert_int_equal(told[3].result.uid, 3);
    assert_int_equal(told[3].result.thread, told[0].result.thread);
    assert_int_not_equal(told[1].result.thread, told[0].result.thread);
    assert_int_equal(told[3].result.email, told[1].result.email + 1);
    fixture_end(&f);
}

static void run_batch_is_for_manual_stores(void **state)
{
    struct fixture f;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, false);
    assert_int_equal(smail_store_run_batch(f.store, 1, &f.err), SMAIL_ESTATE);
    fixture_end(&f);
}

static void time_is_what_run_batch_says(void **state)
{
    struct fixture f;
    smail_query query = SMAIL_QUERY_INIT;
    smail_cursor *cursor;
    smail_entry entry;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    fixture_ok(&f, smail_store_run_batch(f.store, 1234567, &f.err));
    query.account = fixture_account(&f, "bob@example.test", 0);
    fixture_append(&f, query.account, 0, "Subject: x\r\n\r\n");
    fixture_ok(&f, smail_store_query(&cursor, f.store, &query, &f.err));
    assert_int_equal(smail_cursor_next(&entry, cursor, &f.err), 1);
    assert_int_equal(entry.received_at, 1234567);
    smail_cursor_free(cursor);
    fixture_end(&f);
}

/* --- Threads ------------------------------------------------------------- */

#define THREADS 20
#define MESSAGES 10

struct sender {
    smail_store *store;
    smail_id account;
    int number, failures;
};

static void *send_some(void *arg)
{
    struct sender *sender = arg;
    char text[160];

    for (int i = 0; i < MESSAGES; i++) {
        smail_target target = { sender->account, 0, NULL, 0 };

        smail__format(text, sizeof(text),
                      "Message-ID: <%d.%d@x>\r\nSubject: %d\r\n\r\nbody\r\n",
                      sender->number, i, i);
        if (fixture_append_to(NULL, sender->store, smail__span(text), &target,
                              1, NULL) != 0)
            sender->failures++;
    }
    return NULL;
}

static void threads_append_together(void **state)
{
    struct fixture f;
    pthread_t threads[THREADS];
    struct sender senders[THREADS];
    smail_query query = SMAIL_QUERY_INIT;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, false);
    query.account = fixture_account(&f, "bob@example.test", 0);
    for (int i = 0; i < THREADS; i++) {
        senders[i] = (struct sender){ f.store, query.account, i, 0 };
        assert_int_equal(
            pthread_create(&threads[i], NULL, send_some, &senders[i]), 0);
    }
    for (int i = 0; i < 20; i++)
        fixture_count(&f, &query); /* readers, meanwhile */
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(senders[i].failures, 0);
    }
    assert_int_equal(fixture_count(&f, &query), THREADS * MESSAGES);
    fixture_end(&f);
}

struct later {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    int left, failures;
};

static void arrived(const smail_error *error, const smail_appended *results,
                    void *user)
{
    struct later *later = user;

    pthread_mutex_lock(&later->mutex);
    if (error != NULL || results[0].uid == 0)
        later->failures++;
    later->left--;
    pthread_cond_signal(&later->cond);
    pthread_mutex_unlock(&later->mutex);
}

static void appends_need_not_be_waited_for(void **state)
{
    struct fixture f;
    struct later later = { .left = 50 };
    smail_append *appends[50];
    smail_target target = { 0 };
    smail_query query = SMAIL_QUERY_INIT;
    char *large = calloc(1, 100000);

    (void)state;
    memset(large, 'x', 100000);
    pthread_mutex_init(&later.mutex, NULL);
    pthread_cond_init(&later.cond, NULL);
    fixture_begin(&f);
    fixture_open(&f, false);
    target.account = query.account = fixture_account(&f, "b@example.test", 0);
    for (int i = 0; i < 50; i++) {
        size_t len = i % 10 == 0 ? 100000 : 500;

        fixture_ok(&f, smail_append_new(&appends[i], f.store, &f.err));
        fixture_ok(&f, smail_append_write(appends[i],
                                          (smail_span){ large, len }, &f.err));
        fixture_ok(&f, smail_append_commit_later(appends[i], &target, 1,
                                                 arrived, &later, &f.err));
    }
    pthread_mutex_lock(&later.mutex);
    while (later.left > 0)
        pthread_cond_wait(&later.cond, &later.mutex);
    pthread_mutex_unlock(&later.mutex);
    for (int i = 0; i < 50; i++)
        smail_append_free(appends[i]);
    assert_int_equal(later.failures, 0);
    assert_int_equal(fixture_count(&f, &query), 50);
    free(large);
    fixture_end(&f);
}

/* --- Stores and processes ------------------------------------------------ */

static void two_stores_in_one_process_take_turns(void **state)
{
    struct fixture f, second;
    pthread_t threads[8];
    struct sender senders[8];
    smail_query query = SMAIL_QUERY_INIT;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, false);
    second = f;
    fixture_open(&second, false);
    query.account = fixture_account(&f, "bob@example.test", 0);
    for (int i = 0; i < 8; i++) {
        senders[i] = (struct sender){ i % 2 ? f.store : second.store,
                                      query.account, i, 0 };
        assert_int_equal(
            pthread_create(&threads[i], NULL, send_some, &senders[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(senders[i].failures, 0);
    }
    assert_int_equal(fixture_count(&f, &query), 8 * MESSAGES);
    assert_int_equal(fixture_count(&second, &query), 8 * MESSAGES);
    smail_store_close(second.store);
    fixture_end(&f);
}

static int child(const struct fixture *f, int number)
{
    smail_error err = SMAIL_ERROR_INIT;
    smail_store *store = NULL;
    struct sender sender = { NULL, 1, number, 0 };
    int code = smail_store_open(&store, f->url, NULL, &err);

    if (code < 0) {
        fprintf(stderr, "child %d: %s\n", number, err.message);
        return 1;
    }
    if (number == 0) {
        struct fixture_account account = { "bob@example.test", 0, 0 };

        if (smail__store_write(store, fixture_account_job, &account, &err) < 0)
            return 2;
    } else {
        struct smail__db *db;
        int64_t found = 0;

        while (found == 0) { /* until the first child made the account */
            if (smail__store_begin_read(&db, store, &err) < 0)
                return 3;
            smail__db_value(&found, db, "SELECT id FROM account WHERE id = $1",
                            1, INT64_MIN, NULL);
            smail__store_end_read(store, db);
            nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
        }
    }
    sender.store = store;
    send_some(&sender);
    smail_store_close(store);
    return sender.failures > 0 ? 4 : 0;
}

/* Twenty processes find no store: one makes it, all use it at once. */
static void processes_open_and_write_at_once(void **state)
{
    struct fixture f;
    pid_t pids[20];
    smail_query query = SMAIL_QUERY_INIT;

    (void)state;
    fixture_begin(&f);
    for (int i = 0; i < 20; i++) {
        pids[i] = fork();
        assert_true(pids[i] >= 0);
        if (pids[i] == 0)
            _exit(child(&f, i));
    }
    for (int i = 0; i < 20; i++) {
        int status;

        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    fixture_open(&f, false);
    query.account = 1;
    assert_int_equal(fixture_count(&f, &query), 20 * MESSAGES);
    fixture_end(&f);
}

static void commits_are_told_of(void **state)
{
    struct fixture f;
    char path[160];
    unsigned char record[8];
    smail_id bob;
    struct stat info;
    FILE *file;

    (void)state;
    fixture_begin(&f);
    fixture_open(&f, true);
    bob = fixture_account(&f, "bob@example.test", 0);
    smail__format(path, sizeof(path), "%s.notify", f.path);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 8);
    fixture_append(&f, bob, 0, "Subject: x\r\n\r\n");
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 16);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(record, 1, 8, file), 8);
    fclose(file);
    assert_int_equal(record[0], bob);
    for (int i = 0; i < 9000; i++) {
        smail__tx_touch(&(smail_tx){ .store = f.store }, bob);
        smail__notify_tell(f.store);
    }
    assert_int_equal(stat(path, &info), 0);
    assert_true(info.st_size <= 65536 && info.st_size > 0);
    fixture_end(&f);
}

static void a_store_in_memory_does_all_of_it(void **state)
{
    struct fixture f = { .url = "sqlite::memory:" };
    pthread_t threads[4];
    struct sender senders[4];
    smail_query query = SMAIL_QUERY_INIT;
    char *large = malloc(300000);
    smail_target target = { 0 };

    (void)state;
    fixture_open(&f, false);
    query.account = fixture_account(&f, "bob@example.test", 0);
    for (int i = 0; i < 4; i++) {
        senders[i] = (struct sender){ f.store, query.account, i, 0 };
        assert_int_equal(
            pthread_create(&threads[i], NULL, send_some, &senders[i]), 0);
    }
    for (int i = 0; i < 20; i++)
        fixture_count(&f, &query);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(senders[i].failures, 0);
    }
    memset(large, 'x', 300000);
    target.account = query.account;
    fixture_ok(&f,
               fixture_append_to(NULL, f.store, (smail_span){ large, 300000 },
                                 &target, 1, &f.err));
    free(large);
    assert_int_equal(fixture_count(&f, &query), 4 * MESSAGES + 1);
    fixture_check(&f);
    smail_store_close(f.store);
}

static int64_t log_size(const struct fixture *f)
{
    char path[160];
    struct stat info;

    smail__format(path, sizeof(path), "%s-wal", f->path);
    assert_int_equal(stat(path, &info), 0);
    return info.st_size;
}

/* A log that begins anew stops growing. A reader at the wrong moment puts that
 * off, so it has a few rounds, of some 6,000 pages each. */
static void the_log_stays_bounded(void **state)
{
    struct fixture f;
    smail_target target = { 0 };
    char *body = malloc(60000);
    int64_t before;
    int round = 0;

    (void)state;
    memset(body, 'y', 60000);
    fixture_begin(&f);
    fixture_open(&f, false);
    target.account = fixture_account(&f, "bob@example.test", 0);
    do {
        before = log_size(&f);
        for (int i = 0; i < 350; i++)
            fixture_ok(&f, fixture_append_to(NULL, f.store,
                                             (smail_span){ body, 60000 },
                                             &target, 1, &f.err));
    } while (log_size(&f) > before && ++round < 8);
    free(body);
    assert_true(round < 8);
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_failure_spares_the_batch),
        cmocka_unit_test(a_full_mailbox_spares_the_batch),
        cmocka_unit_test(run_batch_is_for_manual_stores),
        cmocka_unit_test(time_is_what_run_batch_says),
        cmocka_unit_test(threads_append_together),
        cmocka_unit_test(appends_need_not_be_waited_for),
        cmocka_unit_test(two_stores_in_one_process_take_turns),
        cmocka_unit_test(processes_open_and_write_at_once),
        cmocka_unit_test(commits_are_told_of),
        cmocka_unit_test(a_store_in_memory_does_all_of_it),
        cmocka_unit_test(the_log_stays_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
