/* SPDX-License-Identifier: MIT */
/*
 * store_rows.c - what SQLite alone would do: a loop that writes the rows and
 * bytes of a delivery to a store, and nothing else. Nobody talks, nothing is
 * looked up, no key is checked; the log is synced with each group and put in
 * its place as ours is.
 *
 *     bench_store_rows PATH MESSAGES GROUP SIZE [ours]
 *
 * PATH is a store with an account, as `mailctl account add` makes it, and
 * nobody else has it open. Prints messages a second. With `ours` the same goes
 * through the library, on this thread, GROUP messages to a transaction and
 * none indexed: for a profiler.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include <smtpmail/store.h>

#define LOG_PAGES_MAX 4000
#define SIZE_MAX_ROW 65536
#define LINE 80

struct bench {
    sqlite3 *db;
    long count, group, size;
    sqlite3_int64 next_id, modseq, uid;
    int mailbox;
    char *content;
};

/* In the order in which they run. ?1 is the number of the message. */
enum {
    BLOB,
    ACCOUNT,
    THREAD,
    EMAIL,
    MAILBOX,
    PLACE,
    CHANGE,
    UNINDEXED,
    STATEMENTS
};

static const char *const sql[STATEMENTS] = {
    [BLOB] = "INSERT INTO blob (id, sha256, size, last_used, data) "
             "VALUES (?2, ?3, ?4, 1790000000, ?5)",
    [ACCOUNT] = "UPDATE account SET used_bytes = used_bytes + ?4, used_emails "
                "= used_emails + 1, next_id = ?1 + 1, modseq = ?6 "
                "WHERE id = 1",
    [THREAD] = "INSERT INTO thread_new (account, thread, hashes) "
               "VALUES (1, ?1, ?7)",
    [EMAIL] =
        "INSERT INTO email (account, id, blob, thread, received_at, sent_at, "
        "size, flags, keywords, modseq, message_id, subject, sender, "
        "recipients) VALUES (1, ?1, ?2, ?1, 1790000000, 1790000000, ?4, 0, "
        "'', ?6, '<0123.456789AB@vm>', 'from smtp-source', "
        "'<sender@sender.test>', '<user@bench.test>')",
    [MAILBOX] = "UPDATE mailbox SET uidnext = ?8 + 1, total = total + 1, "
                "unread = unread + 1, modseq = ?6 "
                "WHERE account = 1 AND id = ?9",
    [PLACE] = "INSERT INTO email_mailbox (account, mailbox, uid, email, "
              "received_at, modseq) VALUES (1, ?9, ?8, ?1, 1790000000, ?6)",
    [CHANGE] = "INSERT INTO change (account, modseq, type, object, op) VALUES "
               "(1, ?6, 1, ?9, 2), (1, ?6, 2, ?1, 1), (1, ?6, 3, ?1, 1)",
    [UNINDEXED] = "INSERT INTO unindexed (account, email) VALUES (1, ?1)",
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "store_rows: %s: %s\n", what, why);
    exit(1);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void run(struct bench *bench, const char *text)
{
    if (sqlite3_exec(bench->db, text, NULL, NULL, NULL) != SQLITE_OK)
        die(text, sqlite3_errmsg(bench->db));
}

static sqlite3_int64 value(struct bench *bench, const char *text)
{
    sqlite3_stmt *row;
    sqlite3_int64 out;

    if (sqlite3_prepare_v2(bench->db, text, -1, &row, NULL) != SQLITE_OK ||
        sqlite3_step(row) != SQLITE_ROW)
        die(text, sqlite3_errmsg(bench->db));
    out = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    return out;
}

static void begin(struct bench *bench, const char *path)
{
    if (sqlite3_open(path, &bench->db) != SQLITE_OK)
        die(path, sqlite3_errmsg(bench->db));
    run(bench, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; "
               "PRAGMA cache_size = -8192");
    bench->next_id = value(bench, "SELECT next_id FROM account WHERE id = 1");
    bench->modseq = value(bench, "SELECT modseq FROM account WHERE id = 1");
    bench->mailbox = (int)value(
        bench, "SELECT id FROM mailbox WHERE account = 1 AND role = 1");
    bench->uid = value(bench, "SELECT uidnext FROM mailbox WHERE account = 1 "
                              "AND role = 1");
}

static void bind(struct bench *bench, sqlite3_stmt *row, unsigned char id[16],
                 const unsigned char sha256[32])
{
    int size = (int)bench->size;

    sqlite3_bind_int64(row, 1, bench->next_id);
    if (sqlite3_bind_parameter_count(row) < 2)
        return;
    sqlite3_bind_blob(row, 2, id, 16, SQLITE_STATIC);
    sqlite3_bind_blob(row, 3, sha256, 32, SQLITE_STATIC);
    sqlite3_bind_int(row, 4, size);
    sqlite3_bind_blob(row, 5, bench->content, size, SQLITE_STATIC);
    sqlite3_bind_int64(row, 6, bench->modseq);
    sqlite3_bind_blob(row, 7, sha256, 8, SQLITE_STATIC);
    sqlite3_bind_int64(row, 8, bench->uid);
    sqlite3_bind_int(row, 9, bench->mailbox);
}

/* Ids grow with the time, as ours do; hashes are anywhere. */
static void message(struct bench *bench, sqlite3_stmt *rows[STATEMENTS])
{
    unsigned char id[16] = { 1 }, sha256[32];

    sqlite3_randomness(sizeof(sha256), sha256);
    memcpy(id + 6, sha256, 10);
    for (int i = 0; i < 5; i++)
        id[5 - i] = (unsigned char)(bench->next_id >> (8 * i));
    bench->modseq++;
    for (int i = 0; i < STATEMENTS; i++) {
        bind(bench, rows[i], id, sha256);
        if (sqlite3_step(rows[i]) != SQLITE_DONE)
            die(sql[i], sqlite3_errmsg(bench->db));
        sqlite3_reset(rows[i]);
    }
    bench->next_id++;
    bench->uid++;
}

static void bare(struct bench *bench)
{
    sqlite3_stmt *rows[STATEMENTS];
    int pages = 0, placed = 0;

    for (int i = 0; i < STATEMENTS; i++)
        if (sqlite3_prepare_v3(bench->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &rows[i], NULL) != SQLITE_OK)
            die(sql[i], sqlite3_errmsg(bench->db));
    for (long at = 0, groups = 0; at < bench->count; groups++) {
        run(bench, "BEGIN IMMEDIATE");
        for (long i = 0; i < bench->group && at < bench->count; i++, at++)
            message(bench, rows);
        run(bench, "COMMIT");
        if (groups % (1 + LOG_PAGES_MAX / (8 * bench->group)) == 0)
            sqlite3_wal_checkpoint_v2(
                bench->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &placed);
    }
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(rows[i]);
}

/* --- The same through the library ---------------------------------------- */

static void done(const smail_error *error, const smail_appended *results,
                 void *user)
{
    (void)results;
    (void)user;
    if (error != NULL)
        die("commit", error->message);
}

static void ours(struct bench *bench, const char *path)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    smail_append **appends = calloc((size_t)bench->group, sizeof(*appends));
    smail_target target = { .account = 1 };
    smail_error err = SMAIL_ERROR_INIT;
    smail_store *store;
    char url[512], index[512];
    int lock;

    snprintf(url, sizeof(url), "sqlite:%s", path);
    snprintf(index, sizeof(index), "%s.index", path);
    lock = open(index, O_RDWR | O_CREAT, 0600);
    if (appends == NULL || lock < 0 || flock(lock, LOCK_EX) != 0)
        die(index, "cannot lock it");
    options.manual = true;
    if (smail_store_open(&store, url, &options, &err) != 0)
        die(path, err.message);
    for (long at = 0; at < bench->count;) {
        long many = 0;

        for (; many < bench->group && at < bench->count; many++, at++) {
            int length = snprintf(bench->content, 200,
                                  "From: <sender@sender.test>\r\n"
                                  "To: <user@bench.test>\r\n"
                                  "Message-Id: <%08ld.456789AB@vm>\r\n"
                                  "Subject: from smtp-source\r\n\r\n",
                                  at);

            bench->content[length] = 'X';
            if (smail_append_new(&appends[many], store, &err) != 0 ||
                smail_append_write(
                    appends[many],
                    (smail_span){ bench->content, (size_t)bench->size },
                    &err) != 0 ||
                smail_append_commit_later(appends[many], &target, 1, done, NULL,
                                          &err) != 0)
                die("append", err.message);
        }
        if (smail_store_run_batch(store, 1790000000 + at / 1000, &err) != 0)
            die("batch", err.message);
        for (long i = 0; i < many; i++)
            smail_append_free(appends[i]);
    }
    smail_store_close(store);
    free(appends);
}

int main(int argc, char **argv)
{
    struct bench bench = { 0 };
    double began;

    if (argc < 5)
        die("usage", "PATH MESSAGES GROUP SIZE [ours]");
    bench.count = strtol(argv[2], NULL, 10);
    bench.group = strtol(argv[3], NULL, 10);
    bench.size = strtol(argv[4], NULL, 10);
    if (bench.count < 1 || bench.group < 1 || bench.size < 200 ||
        bench.size > SIZE_MAX_ROW)
        die("usage", "a number is out of bounds");
    bench.content = malloc((size_t)bench.size);
    if (bench.content == NULL)
        die("memory", "there is none");
    memset(bench.content, 'X', (size_t)bench.size);
    for (long i = LINE; i < bench.size; i += LINE)
        memcpy(bench.content + i - 2, "\r\n", 2);
    if (argc == 5)
        begin(&bench, argv[1]);
    began = now();
    if (argc == 5)
        bare(&bench);
    else
        ours(&bench, argv[1]);
    printf("%.0f\n", (double)bench.count / (now() - began));
    sqlite3_close(bench.db);
    free(bench.content);
    return 0;
}
