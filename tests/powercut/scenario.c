/* SPDX-License-Identifier: MIT */
/* tests/powercut/scenario.c - see scenario.h. */
#define _GNU_SOURCE
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/span.h"

#define ALICE 1
#define BOB 2

/* --- A store to begin with ----------------------------------------------- */

static int add_accounts(smail_tx *tx, void *arg, smail_error *err)
{
    smail_id inbox;
    int code = smail__db_exec(smail__tx_db(tx),
                              "INSERT INTO account (address, created_at) "
                              "VALUES ('alice@x.test', 0), ('bob@x.test', 0)",
                              err);

    (void)arg;
    for (smail_id id = ALICE; code == 0 && id <= BOB; id++)
        code = smail__tx_create_mailbox(&inbox, tx, id, 0, SMAIL__SPAN("Inbox"),
                                        SMAIL_ROLE_INBOX, err);
    return code;
}

static void url_of(char *out, size_t room, const char *folder)
{
    snprintf(out, room, "sqlite:%s/mail.db", folder);
}

static void must(int code, const smail_error *err)
{
    if (code == 0)
        return;
    fprintf(stderr, "scenario: %s\n", err->message);
    abort();
}

/* All in the database file; no log, no folder of blobs, unless asked for: so
 * that making these is part of what is recorded. */
static void make_store(const struct scenario *scenario)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    smail_error err = SMAIL_ERROR_INIT;
    smail_store *store = NULL;
    char text[200];

    options.manual = true;
    url_of(text, sizeof(text), scenario->root);
    must(smail_store_open(&store, text, &options, &err), &err);
    must(smail__store_write(store, add_accounts, NULL, &err), &err);
    must(smail_store_run_batch(store, 1000, &err), &err);
    smail_store_close(store);
    snprintf(text, sizeof(text), "%s/mail.db-wal", scenario->root);
    if (!scenario->has_log)
        unlink(text);
    snprintf(text, sizeof(text), "%s/blobs", scenario->root);
    if (!scenario->has_folder)
        folder_remove(text);
}

void scenario_begin(struct scenario *scenario)
{
    const char *folder = getenv("SMTPMAIL_TEST_FOLDER");

    /* No sync reaches the real disk here: memory is as good. */
    if (folder == NULL)
        folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(scenario->root, sizeof(scenario->root), "%s/smtpmail-cut-XXXXXX",
             folder);
    need(mkdtemp(scenario->root) != NULL);
    snprintf(scenario->copy, sizeof(scenario->copy), "%.100s.after",
             scenario->root);
    make_store(scenario);
    disk_init(&scenario->disk, scenario->root);
    scenario->files = disk_files(&scenario->disk);
    disk_record(&scenario->disk);
}

void scenario_end(struct scenario *scenario)
{
    disk_under_sqlite(NULL);
    folder_remove(scenario->root);
    folder_remove(scenario->copy);
    disk_dispose(&scenario->disk);
}

static void warn(const char *text, void *user)
{
    (void)user;
    if (getenv("SMTPMAIL_TEST_VERBOSE") != NULL)
        fprintf(stderr, "store: %s\n", text);
}

void scenario_open(struct scenario *scenario)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    struct smail__store_hooks hooks = { &scenario->files, scenario->unsafe };
    smail_error err = SMAIL_ERROR_INIT;
    char url[200];

    options.manual = !scenario->threads;
    options.warn = warn;
    url_of(url, sizeof(url), scenario->root);
    disk_under_sqlite(&scenario->disk);
    must(smail__store_open_with(&scenario->store, url, &options, &hooks, &err),
         &err);
}

void scenario_close(struct scenario *scenario)
{
    smail_store_close(scenario->store);
    scenario->store = NULL;
    disk_under_sqlite(NULL);
}

/* --- Deliveries ---------------------------------------------------------- */

/* The nth message: a header that names it, then bytes of its own. */
static char *message(int number, size_t size, unsigned to)
{
    char *text = malloc(size + 200);
    size_t len;

    need(text != NULL);
    len = (size_t)snprintf(text, 200,
                           "Message-ID: <%d@x>\r\nSubject: %d %u %zu\r\n\r\n",
                           number, number, to, size);
    for (; len < size; len++)
        text[len] =
            (char)('a' + (len * 31 + (size_t)number * 7 + len / 61) % 26);
    text[size] = '\0';
    return text;
}

int scenario_deliver(struct scenario *scenario, size_t size, unsigned to,
                     smail_error *err)
{
    int number = scenario->delivered++;
    char *text = message(number, size, to);
    smail_target targets[2] = { { 0 } };
    smail_append *append = NULL;
    size_t count = 0;
    int code;

    need(number < MESSAGES_MAX);
    for (smail_id id = ALICE; id <= BOB; id++)
        if (to & (unsigned)id)
            targets[count++].account = id;
    code = smail_append_new(&append, scenario->store, err);
    if (code == 0)
        code = smail_append_write(append, (smail_span){ text, size }, err);
    if (code == 0)
        code = smail_append_commit(append, targets, count, NULL, err);
    if (code == 0)
        disk_mark(&scenario->disk, number);
    else
        scenario->refused[number] = true;
    smail_append_free(append);
    free(text);
    return code;
}

static const struct {
    size_t size;
    unsigned to;
} mails[] = {
    { 300, ALICE },          { 70000, BOB },       { 2000, ALICE | BOB },
    { 200000, ALICE | BOB }, { 65536, BOB },       { 65537, ALICE },
    { 60000, ALICE | BOB },  { 500, BOB },         { 60000, ALICE },
    { 90000, ALICE | BOB },  { 300, ALICE | BOB }, { 64000, BOB },
};
#define MAILS (sizeof(mails) / sizeof(mails[0]))

static void deliver_some(struct scenario *scenario, size_t from, size_t to)
{
    smail_error err = SMAIL_ERROR_INIT;

    for (size_t i = from; i < to; i++)
        must(scenario_deliver(scenario, mails[i % MAILS].size,
                              mails[i % MAILS].to, &err),
             &err);
}

void scenario_run(struct scenario *scenario)
{
    smail_error err = SMAIL_ERROR_INIT;

    scenario_open(scenario);
    deliver_some(scenario, 0, 6);
    if (!scenario->threads)
        must(smail_store_run_batch(scenario->store, 2000, &err), &err);
    deliver_some(scenario, 6, 9);
    must(smail_email_flag(scenario->store, ALICE, 2, "$seen", NULL, &err),
         &err);
    if (!scenario->threads)
        must(smail_store_run_batch(scenario->store, 3000, &err), &err);
    deliver_some(scenario, 9, 12);
    scenario_close(scenario);
    scenario_open(scenario);
    deliver_some(scenario, 12, 15);
    scenario_close(scenario);
}

/* --- What is left -------------------------------------------------------- */

struct finding {
    struct scenario *scenario;
    unsigned char got[MESSAGES_MAX][3]; /* by number and account */
    unsigned to[MESSAGES_MAX];
};

static bool fail(struct scenario *scenario, const char *why, const char *more)
{
    snprintf(scenario->why, sizeof(scenario->why), "%s: %.250s", why, more);
    return false;
}

static void note_fault(const char *text, void *user)
{
    struct scenario *scenario = user;

    snprintf(scenario->why, sizeof(scenario->why), "check: %.300s", text);
}

static bool same_bytes(smail_store *store, smail_id account, smail_id email,
                       const char *expected, size_t size)
{
    smail_content *content = NULL;
    char *bytes = malloc(size + 1);
    bool same;

    need(bytes != NULL);
    same = smail_content_open(&content, store, account, email, NULL) == 0 &&
           smail_content_size(content) == size &&
           smail_content_read(bytes, content, 0, size, NULL) == (int64_t)size &&
           memcmp(bytes, expected, size) == 0;
    smail_content_close(content);
    free(bytes);
    return same;
}

static bool read_one(struct finding *finding, smail_store *store,
                     smail_id account, const smail_entry *entry)
{
    struct scenario *scenario = finding->scenario;
    unsigned to;
    size_t size;
    int number;
    char *expected;
    bool same;

    if (sscanf(entry->subject, "%d %u %zu", &number, &to, &size) != 3 ||
        number < 0 || number >= scenario->delivered)
        return fail(scenario, "an unknown message", entry->subject);
    expected = message(number, size, to);
    same = same_bytes(store, account, entry->email, expected, size);
    free(expected);
    if (!same)
        return fail(scenario, "other bytes", entry->subject);
    if (++finding->got[number][account] > 1)
        return fail(scenario, "twice", entry->subject);
    finding->to[number] = to;
    return true;
}

static bool read_account(struct finding *finding, smail_store *store,
                         smail_id account)
{
    smail_query query = SMAIL_QUERY_INIT;
    smail_error err = SMAIL_ERROR_INIT;
    smail_cursor *cursor;
    smail_entry entry;
    bool good = true;
    int code;

    query.account = account;
    if (smail_store_query(&cursor, store, &query, &err) < 0)
        return fail(finding->scenario, "query", err.message);
    while (good && (code = smail_cursor_next(&entry, cursor, &err)) != 0)
        good = code < 0 ? fail(finding->scenario, "list", err.message)
                        : read_one(finding, store, account, &entry);
    smail_cursor_free(cursor);
    return good;
}

/* `acknowledged`: by number. */
static bool read_store(struct scenario *scenario, smail_store *store,
                       const bool *acknowledged)
{
    struct finding *finding = calloc(1, sizeof(*finding));
    smail_error err = SMAIL_ERROR_INIT;
    uint64_t faults = 0;
    bool good;

    need(finding != NULL);
    finding->scenario = scenario;
    good = smail_store_check(&faults, store, note_fault, scenario, &err) == 0
               ? faults == 0
               : fail(scenario, "cannot check", err.message);
    for (smail_id id = ALICE; good && id <= BOB; id++)
        good = read_account(finding, store, id);
    for (int i = 0; good && i < scenario->delivered; i++) {
        unsigned got =
            finding->got[i][ALICE] * ALICE | finding->got[i][BOB] * BOB;
        char number[20];

        snprintf(number, sizeof(number), "%d", i);
        if (acknowledged[i] && got == 0)
            good = fail(scenario, "lost", number);
        else if (got != 0 && got != finding->to[i])
            good = fail(scenario, "half", number);
    }
    free(finding);
    return good;
}

bool scenario_survives(struct scenario *scenario, size_t cut, uint64_t seed)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    smail_error err = SMAIL_ERROR_INIT;
    bool acknowledged[MESSAGES_MAX] = { false };
    smail_store *store = NULL;
    char url[200];
    bool good;

    folder_remove(scenario->copy);
    disk_rebuild(&scenario->disk, cut, seed, scenario->copy);
    for (size_t i = 0; i < cut; i++)
        if (scenario->disk.ops[i].kind == DISK_OP_MARK)
            acknowledged[scenario->disk.ops[i].mark] = true;
    options.manual = true;
    options.must_exist = true;
    url_of(url, sizeof(url), scenario->copy);
    if (smail_store_open(&store, url, &options, &err) < 0)
        return fail(scenario, "cannot open", err.message);
    good = read_store(scenario, store, acknowledged);
    smail_store_close(store);
    return good;
}

bool scenario_is_whole(struct scenario *scenario)
{
    bool acknowledged[MESSAGES_MAX] = { false };

    for (int i = 0; i < scenario->delivered; i++)
        acknowledged[i] = !scenario->refused[i];
    return read_store(scenario, scenario->store, acknowledged);
}
