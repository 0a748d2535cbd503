/* SPDX-License-Identifier: MIT */
/* tests/powercut/work_check.c - what is left, and what should be. */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "queue/queue.h"
#include "store/content.h"
#include "store/sweep.h"
#include "work.h"

#define DAY 86400

struct reading {
    struct work *work;
    smail_store *store;
    struct model found;
    bool failed;
};

static bool fail(struct work *work, const char *why, const char *more)
{
    snprintf(work->why, sizeof(work->why), "%s: %.250s", why, more);
    return false;
}

static void note_fault(const char *text, void *user)
{
    struct work *work = user;

    snprintf(work->why, sizeof(work->why), "check: %.300s", text);
}

static bool has_bytes(struct work *work, smail_content *content, int number)
{
    size_t size = work->messages[number].size;
    char *expected = work_message(work, number);
    char *bytes = malloc(size + 1);
    bool same;

    need(bytes != NULL);
    same = smail_content_size(content) == size &&
           smail_content_read(bytes, content, 0, size, NULL) == (int64_t)size &&
           memcmp(bytes, expected, size) == 0;
    free(expected);
    free(bytes);
    return same;
}

static int number_of(const struct work *work, const char *subject)
{
    char *end;
    long number = strtol(subject, &end, 10);

    if (*end != '\0' || number < 0 || number >= WORK_MESSAGES ||
        work->messages[number].size == 0)
        return -1;
    return (int)number;
}

static bool read_entry(struct reading *reading, smail_id account, int place,
                       const smail_entry *entry)
{
    int number = number_of(reading->work, entry->subject);
    smail_content *content = NULL;
    bool same;

    if (number < 0)
        return fail(reading->work, "an unknown message", entry->subject);
    same = smail_content_open(&content, reading->store, account, entry->email,
                              NULL) == 0 &&
           has_bytes(reading->work, content, number);
    smail_content_close(content);
    if (!same)
        return fail(reading->work, "other bytes", entry->subject);
    if (reading->found.place[number][account] != NOWHERE)
        return fail(reading->work, "twice", entry->subject);
    reading->found.place[number][account] = (unsigned char)place;
    reading->found.seen[number][account] =
        strstr(entry->keywords, "$seen") != NULL;
    return true;
}

static bool read_mailbox(struct reading *reading, smail_id account, int place)
{
    static const char *const names[] = { "", "INBOX", "Archive", "Old" };
    smail_query query = SMAIL_QUERY_INIT;
    smail_error err = SMAIL_ERROR_INIT;
    smail_cursor *cursor;
    smail_entry entry;
    bool good = true;
    int code;

    query.account = account;
    code = smail_mailbox_find(&query.mailbox, reading->store, account,
                              names[place], &err);
    if (code == SMAIL_ENOTFOUND)
        return true; /* the model says whether something should be in it */
    if (code == 0)
        code = smail_store_query(&cursor, reading->store, &query, &err);
    if (code < 0)
        return fail(reading->work, "list", err.message);
    while (good && (code = smail_cursor_next(&entry, cursor, &err)) != 0)
        good = code < 0 ? fail(reading->work, "list", err.message)
                        : read_entry(reading, account, place, &entry);
    smail_cursor_free(cursor);
    return good;
}

static int read_queued(const smail_queue_entry *entry, void *user)
{
    struct reading *reading = user;
    unsigned char id[16];
    smail_content *content = NULL;
    struct smail__db *db;
    smail_error err = SMAIL_ERROR_INIT;
    char subject[20];
    int number;

    snprintf(subject, sizeof(subject), "%.*s", (int)entry->subject.len,
             entry->subject.data);
    number = number_of(reading->work, subject);
    smail__hex_decode(id, 16, (smail_span){ entry->queue_id, 32 });
    work_must(smail__store_begin_read(&db, reading->store, &err), &err);
    reading->failed = number < 0 ||
                      smail__content_open_blob(
                          &content, reading->store, db,
                          (smail_span){ (const char *)id, 16 }, &err) < 0 ||
                      !has_bytes(reading->work, content, number);
    smail_content_close(content);
    smail__store_end_read(reading->store, db);
    if (reading->failed)
        return fail(reading->work, "a queued message has no bytes", subject) +
               1;
    reading->found.queued[number]++;
    return 0;
}

static bool read_queue(struct reading *reading)
{
    smail_queue_query query = SMAIL_QUEUE_QUERY_INIT;
    smail_error err = SMAIL_ERROR_INIT;
    int code =
        smail_queue_list(reading->store, &query, read_queued, reading, &err);

    if (code < 0)
        return fail(reading->work, "queue", err.message);
    return !reading->failed;
}

static bool check(struct work *work, smail_store *store)
{
    smail_error err = SMAIL_ERROR_INIT;
    uint64_t faults = 0;

    if (smail_store_check(&faults, store, note_fault, work, &err) < 0)
        return fail(work, "cannot check", err.message);
    return faults == 0;
}

static bool read_store(struct model *out, struct work *work, smail_store *store)
{
    struct reading reading = { .work = work, .store = store };
    bool good = check(work, store);

    for (smail_id id = 1; good && id <= WORK_ACCOUNTS; id++)
        for (int place = INBOX; good && place <= OLD; place++)
            good = read_mailbox(&reading, id, place);
    good = good && read_queue(&reading);
    *out = reading.found;
    return good;
}

static bool is_same(const struct model *found, const struct model *expected)
{
    return memcmp(found->place, expected->place, sizeof(found->place)) == 0 &&
           memcmp(found->seen, expected->seen, sizeof(found->seen)) == 0 &&
           memcmp(found->queued, expected->queued, sizeof(found->queued)) == 0;
}

/* In words: where it differs from what was acknowledged. */
static bool differs(struct work *work, const char *where,
                    const struct model *found, const struct model *expected)
{
    char text[200];

    for (int i = 0; i < WORK_MESSAGES; i++) {
        for (int id = 0; id <= WORK_ACCOUNTS; id++) {
            if (found->place[i][id] == expected->place[i][id] &&
                found->seen[i][id] == expected->seen[i][id] &&
                found->queued[i] == expected->queued[i])
                continue;
            snprintf(text, sizeof(text),
                     "message %d of account %d: in %d, not %d; seen %d, not "
                     "%d; queued %d, not %d",
                     i, id, found->place[i][id], expected->place[i][id],
                     found->seen[i][id], expected->seen[i][id],
                     found->queued[i], expected->queued[i]);
            return fail(work, where, text);
        }
    }
    return fail(work, where, "differs");
}

/* --- Where the cut was --------------------------------------------------- */

struct moment {
    bool ready; /* the store was opened, with its accounts */
    int done;   /* acts that were acknowledged */
    bool begun; /* the next is under way */
};

static struct moment moment_of(const struct disk *disk, size_t cut)
{
    struct moment moment = { false, 0, false };

    for (size_t i = 0; i < cut; i++) {
        int mark = disk->ops[i].mark;

        if (disk->ops[i].kind != DISK_OP_MARK)
            continue;
        moment.ready = true;
        moment.done = mark / 2;
        moment.begun = mark % 2 == 1;
    }
    return moment;
}

/* --- Beside the store ---------------------------------------------------- */

static bool is_file(const char *folder, const char *name)
{
    char path[300];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

/* The last backup that was acknowledged, or the one under way. */
static bool check_backup(struct work *work, struct moment moment)
{
    const struct act *acts = work->plan->acts;
    smail_error err = SMAIL_ERROR_INIT;
    struct model found;
    smail_store *store;
    char folder[200];
    int last = moment.done - 1;
    bool under_way = moment.begun && acts[moment.done].kind == ACT_BACKUP;
    bool good;

    while (last >= 0 && acts[last].kind != ACT_BACKUP)
        last--;
    snprintf(folder, sizeof(folder), "%s/backup", work->copy);
    if (!is_file(folder, "mail.db"))
        return last < 0 ? true : fail(work, "backup", "is gone");
    if (last < 0 && !under_way)
        return fail(work, "backup", "is there before its time");
    if (work_open(&store, folder, NULL, &err) < 0)
        return fail(work, "cannot open the backup", err.message);
    good = read_store(&found, work, store);
    smail_store_close(store);
    if (!good)
        return false;
    if ((last >= 0 && is_same(&found, &work->models[last])) ||
        (under_way && is_same(&found, &work->models[moment.done])))
        return true;
    return differs(work, "backup", &found,
                   &work->models[last >= 0 ? last : moment.done]);
}

/* What was before the upgrade, kept beside it. */
static bool check_old(struct work *work)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    smail_error err = SMAIL_ERROR_INIT;
    smail_store *store;
    struct model found;
    char url[300], name[40];
    bool good;

    snprintf(name, sizeof(name), "mail.db.backup-v%d", work->plan->schema);
    if (!is_file(work->copy, name))
        return fail(work, name, "is gone");
    options.manual = true;
    options.must_exist = true;
    snprintf(url, sizeof(url), "sqlite:%s/%s", work->copy, name);
    if (smail_store_open(&store, url, &options, &err) < 0)
        return fail(work, name, err.message);
    good = read_store(&found, work, store);
    smail_store_close(store);
    if (good && !is_same(&found, &work->models[0]))
        good = differs(work, name, &found, &work->models[0]);
    return good;
}

/* --- Going on ------------------------------------------------------------ */

/* Imports are repeated by whoever is told that they failed. */
static bool goes_on(struct work *work, smail_store *store,
                    const struct model *before)
{
    struct model found, expected = *before;
    smail_error err = SMAIL_ERROR_INIT;
    uint64_t removed;
    bool good;

    work_import_again(work, store);
    for (int i = 0; work->plan->acts[i].kind != ACT_END; i++) {
        if (work->plan->acts[i].kind != ACT_IMPORT)
            continue;
        for (int number = work->models[i].count;
             number < work->models[i + 1].count; number++)
            expected.place[number][work->plan->acts[i].to] = INBOX;
    }
    if (smail_store_run_batch(store, work->now + 10 * (int64_t)DAY, &err) < 0 ||
        smail__store_sweep(&removed, store, SMAIL__SWEEP_AGE, &err) < 0)
        return fail(work, "later", err.message);
    good = read_store(&found, work, store);
    if (good && !is_same(&found, &expected))
        good = differs(work, "later", &found, &expected);
    return good;
}

static bool check_store(struct work *work, struct moment moment, uint64_t seed)
{
    smail_error err = SMAIL_ERROR_INIT;
    struct model found;
    smail_store *store;
    bool good;

    if (!is_file(work->copy, "mail.db") &&
        (moment.ready || !work->plan->is_new))
        return fail(work, "store", "is gone");
    if (work_open(&store, work->copy, NULL, &err) < 0)
        return fail(work, "cannot open", err.message);
    if (!moment.ready && work->plan->is_new) {
        good = check(work, store);
        smail_store_close(store);
        return good;
    }
    good = read_store(&found, work, store);
    if (good && !is_same(&found, &work->models[moment.done]) &&
        !(moment.begun && is_same(&found, &work->models[moment.done + 1])))
        good = differs(work, "store", &found, &work->models[moment.done]);
    if (good && seed % 4 == 0)
        good = goes_on(work, store, &found);
    smail_store_close(store);
    return good;
}

bool work_survives(struct work *work, size_t cut, uint64_t seed)
{
    struct moment moment = moment_of(&work->disk, cut);

    folder_remove(work->copy);
    disk_rebuild(&work->disk, cut, seed, work->copy);
    return check_store(work, moment, seed) && check_backup(work, moment) &&
           (work->plan->schema == 0 || !moment.ready || check_old(work));
}
