/* SPDX-License-Identifier: MIT */
/* tests/powercut/work.c - a store, and what is done to it; see work.h. */
#define _GNU_SOURCE
#include "work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/span.h"

void work_must(int code, const smail_error *err)
{
    if (code >= 0)
        return;
    fprintf(stderr, "work: %s\n", err->message);
    abort();
}

/* --- A store to begin with ----------------------------------------------- */

static int add_accounts(smail_tx *tx, void *arg, smail_error *err)
{
    static const struct {
        const char *name;
        smail_role role;
    } mailboxes[] = { { "Inbox", SMAIL_ROLE_INBOX },
                      { "Archive", SMAIL_ROLE_ARCHIVE },
                      { "Old", SMAIL_ROLE_NONE } };
    int code = smail__db_exec(smail__tx_db(tx),
                              "INSERT INTO account (address, created_at) "
                              "VALUES ('a@x.test', 0), ('b@x.test', 0), "
                              "('c@x.test', 0), ('d@x.test', 0)",
                              err);

    (void)arg;
    for (smail_id id = 1; code == 0 && id <= WORK_ACCOUNTS; id++) {
        for (size_t i = 0; code == 0 && i < 3; i++) {
            smail_id mailbox;

            code = smail__tx_create_mailbox(&mailbox, tx, id, 0,
                                            smail__span(mailboxes[i].name),
                                            mailboxes[i].role, err);
        }
    }
    return code;
}

static void warn(const char *text, void *user)
{
    (void)user;
    if (getenv("SMTPMAIL_TEST_VERBOSE") != NULL)
        fprintf(stderr, "store: %s\n", text);
}

int work_open(smail_store **out, const char *folder, struct work *watched,
              smail_error *err)
{
    smail_store_options options = SMAIL_STORE_OPTIONS_INIT;
    struct smail__store_hooks hooks = { NULL, false };
    char url[300];

    options.manual = true;
    options.warn = warn;
    if (watched != NULL) {
        hooks.files = &watched->files;
        hooks.unsafe = watched->unsafe;
    }
    snprintf(url, sizeof(url), "sqlite:%s/mail.db", folder);
    return smail__store_open_with(out, url, &options, &hooks, err);
}

void work_run_batch(struct work *work)
{
    smail_error err = SMAIL_ERROR_INIT;

    work_must(smail_store_run_batch(work->store, work->now, &err), &err);
}

/* What an older release left: some mail, large and small. */
static void add_old_mail(struct work *work)
{
    static const struct act acts[] = {
        { ACT_DELIVER, 400, 3, 0, 0 },   { ACT_DELIVER, 70000, 1, 0, 0 },
        { ACT_DELIVER, 30000, 5, 0, 0 }, { ACT_MOVE, 0, 1, 0, ARCHIVE },
        { ACT_FLAG, 0, 1, 1, 0 },        { ACT_DELIVER, 90000, 15, 0, 0 },
    };

    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
        work_act(work, &work->models[0], &acts[i]);
}

static void make_store(struct work *work)
{
    smail_error err = SMAIL_ERROR_INIT;

    work_must(work_open(&work->store, work->root, NULL, &err), &err);
    work_run_batch(work);
    work_must(smail__store_write(work->store, add_accounts, NULL, &err), &err);
    if (work->plan->schema > 0)
        add_old_mail(work);
    work_run_batch(work);
    smail_store_close(work->store);
    work->store = NULL;
    if (work->plan->schema > 0)
        old_store_make(work, work->plan->schema);
}

void work_begin(struct work *work, const struct plan *plan)
{
    const char *folder = getenv("SMTPMAIL_TEST_FOLDER");

    work->plan = plan;
    work->now = 1800000000;
    /* No sync reaches the real disk here: memory is as good. */
    if (folder == NULL)
        folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(work->root, sizeof(work->root), "%s/smtpmail-work-XXXXXX", folder);
    need(mkdtemp(work->root) != NULL);
    snprintf(work->copy, sizeof(work->copy), "%s.after", work->root);
    if (!plan->is_new)
        make_store(work);
    disk_init(&work->disk, work->root);
    work->files = disk_files(&work->disk);
    disk_record(&work->disk);
}

void work_end(struct work *work)
{
    disk_under_sqlite(NULL);
    folder_remove(work->root);
    folder_remove(work->copy);
    disk_dispose(&work->disk);
}

void work_run(struct work *work)
{
    smail_error err = SMAIL_ERROR_INIT;
    int i = 0;

    disk_under_sqlite(&work->disk);
    work_must(work_open(&work->store, work->root, work, &err), &err);
    if (work->plan->is_new)
        work_must(smail__store_write(work->store, add_accounts, NULL, &err),
                  &err);
    disk_mark(&work->disk, 0);
    for (; work->plan->acts[i].kind != ACT_END; i++) {
        need(i < WORK_ACTS);
        disk_mark(&work->disk, 2 * i + 1);
        work->models[i + 1] = work->models[i];
        work_act(work, &work->models[i + 1], &work->plan->acts[i]);
        disk_mark(&work->disk, 2 * i + 2);
    }
    smail_store_close(work->store);
    work->store = NULL;
    disk_under_sqlite(NULL);
}
