/* SPDX-License-Identifier: MIT */
/*
 * cmd_import.c - messages from files: each .eml is one, an mbox is many. A few
 * are on their way to the disk at a time, so that they share its syncs, and
 * none needs more memory than a piece.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/span.h"
#include "ctl.h"
#include "mbox.h"
#include "message/header.h"
#include "report.h"

/* Messages that are committed together. */
#define GROUP 64

/* What is kept of a message to learn its date and keywords. */
#define FRONT_MAX ((size_t)64 * 1024)

#define PATH_SIZE 4096

struct slot {
    smail_append *append;
    struct import *import;
    smail_error error;
    smail_appended appended;
    uint64_t size;
    uint64_t number; /* in its file */
};

struct import {
    struct ctl *ctl;
    smail_id account, mailbox;
    const char *keywords;
    struct report report;
    const char *path;
    uint64_t number;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct slot slots[GROUP];
    size_t count, finished;
};

static const struct column columns[] = {
    { .name = "id" },   { .name = "file" }, { .name = "number" },
    { .name = "size" }, { .name = NULL },
};

/* --- To the store -------------------------------------------------------- */

/* By a thread of the store. */
static void committed(const smail_error *error, const smail_appended *results,
                      void *user)
{
    struct slot *slot = user;
    struct import *import = slot->import;

    pthread_mutex_lock(&import->mutex);
    if (error != NULL)
        slot->error = *error;
    else
        slot->appended = results[0];
    import->finished++;
    pthread_cond_signal(&import->cond);
    pthread_mutex_unlock(&import->mutex);
}

static int report_slot(struct import *import, struct slot *slot)
{
    if (slot->error.code != 0)
        return smail__fail(&import->ctl->err, slot->error.code,
                           "%s, message %llu: %s", import->path,
                           (unsigned long long)slot->number,
                           slot->error.message);
    report_id(&import->report, slot->appended.email);
    report_string(&import->report, import->path);
    report_uint(&import->report, slot->number);
    report_uint(&import->report, slot->size);
    (void)report_row(&import->report);
    return 0;
}

/* Wait for all that is under way. The first that failed is told of. */
static int settle(struct import *import, size_t begun)
{
    int rc = 0;

    pthread_mutex_lock(&import->mutex);
    while (import->finished < begun)
        pthread_cond_wait(&import->cond, &import->mutex);
    pthread_mutex_unlock(&import->mutex);
    for (size_t i = 0; i < import->count; i++) {
        struct slot *slot = &import->slots[i];

        if (i < begun && rc == 0)
            rc = report_slot(import, slot);
        smail_append_free(slot->append);
    }
    import->count = 0;
    import->finished = 0;
    return rc;
}

/* --- What a message says of itself --------------------------------------- */

/* The fields that mail programs kept beside an mbox's messages. */
static void add_status(struct smail__buf *keywords, smail_span header)
{
    static const struct {
        const char *field;
        char letter;
        const char *keyword;
    } known[] = {
        { "Status", 'R', " $seen" },
        { "X-Status", 'A', " $answered" },
        { "X-Status", 'F', " $flagged" },
        { "X-Status", 'T', " $draft" },
    };
    smail_span value;

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (smail__header_find(&value, header, known[i].field, 0) &&
            smail__span_find(value, known[i].letter) < value.len)
            smail__buf_puts(keywords, known[i].keyword);
}

/* When it came: by the separator, else as it was dated. */
static int64_t time_of(const struct mbox *mbox, smail_span header)
{
    struct smail__summary summary;

    if (mbox->time > 0)
        return mbox->time;
    smail__summary_read(&summary, header);
    return summary.sent_at > 0 ? summary.sent_at : 0;
}

static int commit(struct import *import, struct slot *slot,
                  const struct mbox *mbox, smail_span front)
{
    smail_target target = { .account = import->account,
                            .mailbox = import->mailbox,
                            .received_at = time_of(mbox, front) };
    struct smail__buf keywords;
    int rc;

    smail__buf_init(&keywords, 4096, NULL);
    smail__buf_puts(&keywords,
                    import->keywords != NULL ? import->keywords : "");
    if (mbox->is_mbox)
        add_status(&keywords, front);
    target.keywords = keywords.data;
    slot->size = smail_append_size(slot->append);
    rc = smail_append_commit_later(slot->append, &target, 1, committed, slot,
                                   &import->ctl->err);
    smail__buf_dispose(&keywords);
    return rc;
}

/* --- From the files ------------------------------------------------------ */

static int copy(struct smail__buf *front, struct slot *slot, struct mbox *mbox,
                smail_error *err)
{
    struct smail__buf piece;
    int rc;

    smail__buf_init(&piece, 4 * MBOX_PIECE, NULL);
    while ((rc = mbox_read(&piece, mbox)) > 0) {
        smail_span text = smail__buf_span(&piece);

        smail__buf_append(front,
                          smail__span_slice(text, 0, front->max - front->len));
        rc = smail_append_write(slot->append, text, err);
        if (rc != 0)
            break;
        smail__buf_clear(&piece);
    }
    smail__buf_dispose(&piece);
    return rc;
}

/* 0 also for one that is empty, which is none. */
static int import_one(struct import *import, struct mbox *mbox, size_t *begun)
{
    struct slot *slot = &import->slots[import->count];
    smail_error *err = &import->ctl->err;
    struct smail__buf front;
    int rc;

    *slot = (struct slot){ .import = import };
    rc = smail_append_new(&slot->append, import->ctl->store, err);
    if (rc != 0)
        return rc;
    import->count++;
    smail__buf_init(&front, FRONT_MAX, NULL);
    rc = copy(&front, slot, mbox, err);
    slot->number = ++import->number;
    if (rc == 0 && smail_append_size(slot->append) == 0) {
        smail_append_free(slot->append);
        import->count--;
    } else if (rc == 0) {
        rc = commit(import, slot, mbox, smail__buf_span(&front));
        *begun += rc == 0;
    }
    smail__buf_dispose(&front);
    return rc;
}

static int import_file(struct import *import, const char *path)
{
    struct mbox mbox;
    size_t begun = 0;
    int rc = mbox_open(&mbox, path, &import->ctl->err), settled;

    import->path = path;
    import->number = 0;
    while (rc == 0 && (rc = mbox_next(&mbox)) > 0) {
        rc = import_one(import, &mbox, &begun);
        if (rc == 0 && import->count == GROUP) {
            rc = settle(import, begun);
            begun = 0;
        }
    }
    settled = settle(import, begun);
    mbox_close(&mbox);
    return rc != 0 ? rc : settled;
}

static int is_message_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);

    return len > 4 && entry->d_name[0] != '.' &&
           smail__span_iis(smail__span(entry->d_name + len - 4), ".eml");
}

/* What `message export` writes, in the same order. */
static int import_folder(struct import *import, const char *folder)
{
    struct dirent **entries = NULL;
    char path[PATH_SIZE];
    int count = scandir(folder, &entries, is_message_file, alphasort);
    int rc = 0;

    if (count < 0)
        return smail__fail_os(&import->ctl->err, SMAIL_EIO, errno, "%s: %s",
                              folder, strerror(errno));
    for (int i = 0; i < count; i++) {
        size_t len = smail__format(path, sizeof(path), "%s/%s", folder,
                                   entries[i]->d_name);

        if (rc == 0 && len >= sizeof(path))
            rc = smail__fail(&import->ctl->err, SMAIL_ELIMIT,
                             "%s: the path is too long", folder);
        if (rc == 0)
            rc = import_file(import, path);
        free(entries[i]);
    }
    free(entries);
    return rc;
}

static int import_all(struct import *import)
{
    int rc = 0;

    for (size_t i = 1; rc == 0 && i < import->ctl->argument_count; i++) {
        const char *path = import->ctl->arguments[i];
        struct stat info;

        if (strcmp(path, "-") != 0 && stat(path, &info) == 0 &&
            S_ISDIR(info.st_mode))
            rc = import_folder(import, path);
        else
            rc = import_file(import, path);
    }
    return rc;
}

static int run(struct ctl *ctl)
{
    struct import import = { .ctl = ctl };
    const char *path = ctl_option(ctl, "mailbox");
    int rc = ctl_account(&import.account, ctl);

    import.keywords = ctl_option(ctl, "keywords");
    if (rc == 0 && path != NULL)
        rc = smail_mailbox_find(&import.mailbox, ctl->store, import.account,
                                path, &ctl->err);
    if (rc != 0)
        return rc;
    pthread_mutex_init(&import.mutex, NULL);
    pthread_cond_init(&import.cond, NULL);
    report_begin(&import.report, ctl, columns, false);
    rc = import_all(&import);
    report_end(&import.report);
    pthread_cond_destroy(&import.cond);
    pthread_mutex_destroy(&import.mutex);
    return rc;
}

static const struct option options[] = {
    { "mailbox", "PATH", "into this one; else the inbox" },
    { "keywords", "WORDS", "that all of them get, as '$seen mine'" },
    { NULL, NULL, NULL },
};

static const struct command items[] = {
    { "message", "import", "ADDRESS FILE|DIR|-...",
      "add messages: .eml files, folders of them, mbox files", 2, ARGUMENTS_MAX,
      STORE, options, run },
};

const struct commands message_import_commands = { items, sizeof(items) /
                                                             sizeof(items[0]) };
