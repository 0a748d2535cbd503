/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/span.h"
#include "ctl.h"
#include "display.h"
#include "report.h"

static const struct column columns[] = {
    { .name = "accounts" },  { .name = "mailboxes" },
    { .name = "emails" },    { .name = "blobs" },
    { .name = "blobBytes" }, { .name = "databaseBytes" },
    { .name = "queued" },    { .name = "unindexed" },
    { .name = "schema" },    { .name = NULL },
};

static int stats(struct ctl *ctl)
{
    smail_store_stats stats = SMAIL_STORE_STATS_INIT;
    struct report report;
    int rc = smail_store_get_stats(&stats, ctl->store, &ctl->err);

    if (rc != 0)
        return rc;
    report_begin(&report, ctl, columns, true);
    report_uint(&report, stats.accounts);
    report_uint(&report, stats.mailboxes);
    report_uint(&report, stats.emails);
    report_uint(&report, stats.blobs);
    report_uint(&report, stats.blob_bytes);
    report_uint(&report, stats.database_bytes);
    report_uint(&report, stats.queued);
    report_uint(&report, stats.unindexed);
    report_uint(&report, stats.schema);
    report_row(&report);
    report_end(&report);
    return 0;
}

struct check {
    struct ctl *ctl;
    struct smail__json json;
};

static void finding(const char *text, void *user)
{
    struct check *check = user;
    struct smail__buf *out = &check->ctl->out.buf;

    if (check->ctl->json) {
        smail__json_string(&check->json, text);
    } else {
        display_text(out, smail__span(text), false);
        smail__buf_putc(out, '\n');
    }
    out_offer(&check->ctl->out);
}

/* What is left is told of; how many, or negative. */
static int check_once(uint64_t *faults, struct check *check)
{
    return smail_store_check(faults, check->ctl->store, finding, check,
                             &check->ctl->err);
}

static void put_end(struct check *check, uint64_t faults, uint64_t mended)
{
    struct smail__buf *out = &check->ctl->out.buf;

    if (check->ctl->json) {
        smail__json_end_array(&check->json);
        if (ctl_option(check->ctl, "repair") != NULL) {
            smail__json_key(&check->json, "mended");
            smail__json_uint(&check->json, mended);
        }
        smail__json_key(&check->json, "faults");
        smail__json_uint(&check->json, faults);
        smail__json_end_object(&check->json);
        smail__buf_putc(out, '\n');
        return;
    }
    if (mended > 0)
        smail__buf_printf(out, "%llu faults mended\n",
                          (unsigned long long)mended);
    if (faults == 0)
        smail__buf_puts(out, "no faults\n");
}

static int check_all(struct ctl *ctl)
{
    struct check check = { .ctl = ctl };
    uint64_t faults = 0, mended = 0;
    int rc = 0;

    smail__json_init(&check.json, &ctl->out.buf);
    if (ctl->json) {
        smail__json_begin_object(&check.json);
        smail__json_key(&check.json, "findings");
        smail__json_begin_array(&check.json);
    }
    if (ctl_option(ctl, "repair") != NULL)
        rc = smail_store_repair(&mended, ctl->store, &ctl->err);
    if (rc == 0)
        rc = check_once(&faults, &check);
    put_end(&check, faults, mended);
    if (rc == 0 && faults > 0)
        rc = smail__fail(&ctl->err, SMAIL_ECORRUPT, "%llu faults",
                         (unsigned long long)faults);
    return rc;
}

/* --- Backup -------------------------------------------------------------- */

static const struct column backup_columns[] = {
    { .name = "copied" }, { .name = "kept" },    { .name = "removed" },
    { .name = "bytes" },  { .name = "damaged" }, { .name = NULL },
};

static void told(const char *text, void *user)
{
    (void)user;
    fprintf(stderr, "mailctl: %s\n", text);
}

static int report_backup(struct ctl *ctl, const smail_backup *backup, int rc)
{
    struct report report;

    if (rc != 0 && rc != SMAIL_ECORRUPT)
        return rc;
    report_begin(&report, ctl, backup_columns, true);
    report_uint(&report, backup->copied);
    report_uint(&report, backup->kept);
    report_uint(&report, backup->removed);
    report_uint(&report, backup->bytes);
    report_uint(&report, backup->damaged);
    report_row(&report);
    report_end(&report);
    return rc;
}

static int backup(struct ctl *ctl)
{
    smail_backup done = SMAIL_BACKUP_INIT;
    int rc = smail_store_backup(&done, ctl->store, ctl->arguments[0], told,
                                NULL, &ctl->err);

    return report_backup(ctl, &done, rc);
}

static int restore(struct ctl *ctl)
{
    smail_backup done = SMAIL_BACKUP_INIT;
    const char *url = smail__config_store(&ctl->config, ctl->store_url,
                                          getenv("SMTPMAIL_STORE"));
    int rc = smail_store_restore(&done, url, ctl->arguments[0], told, NULL,
                                 &ctl->err);

    return report_backup(ctl, &done, rc);
}

/* --- Tidy ---------------------------------------------------------------- */

struct tidy {
    struct ctl *ctl;
    struct smail__json json;
    uint64_t all;
};

static void tidied(const char *what, uint64_t count, void *user)
{
    struct tidy *tidy = user;

    tidy->all += count;
    if (tidy->ctl->json) {
        smail__json_key(&tidy->json, what);
        smail__json_uint(&tidy->json, count);
    } else if (count > 0) {
        smail__buf_printf(&tidy->ctl->out.buf, "%s %llu\n", what,
                          (unsigned long long)count);
    }
    out_offer(&tidy->ctl->out);
}

static int tidy_all(struct ctl *ctl)
{
    bool count_only = ctl_option(ctl, "dry-run") != NULL;
    struct tidy tidy = { .ctl = ctl };
    int rc;

    smail__json_init(&tidy.json, &ctl->out.buf);
    if (ctl->json)
        smail__json_begin_object(&tidy.json);
    rc = smail_store_tidy(ctl->store, count_only, tidied, &tidy, &ctl->err);
    if (ctl->json) {
        smail__json_end_object(&tidy.json);
        smail__buf_putc(&ctl->out.buf, '\n');
    } else if (rc == 0 && tidy.all == 0) {
        smail__buf_puts(&ctl->out.buf, "nothing is due\n");
    }
    return rc;
}

/* --- Index --------------------------------------------------------------- */

/* A server that runs does the work; else this process. */
static int await_index(struct ctl *ctl)
{
    uint64_t lag = 1, last = UINT64_MAX;
    int rc = 0;

    while (lag > 0) {
        rc = smail_store_index_lag(&lag, ctl->store, &ctl->err);
        if (rc != 0)
            return rc;
        if (isatty(STDERR_FILENO) && lag != last)
            fprintf(stderr, "\r%llu messages to go \033[K",
                    (unsigned long long)lag);
        last = lag;
        if (lag > 0)
            nanosleep(&(struct timespec){ 0, 100000000 }, NULL);
    }
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    return 0;
}

static int reindex(struct ctl *ctl)
{
    int rc = smail_store_reindex(ctl->store, &ctl->err);

    if (rc == 0 && ctl_option(ctl, "no-wait") == NULL)
        rc = await_index(ctl);
    return rc == 0 ? ctl_done(ctl, NULL, NULL,
                              ctl_option(ctl, "no-wait") != NULL
                                  ? "the index is being made anew"
                                  : "the index was made anew")
                   : rc;
}

static const struct option check_options[] = {
    { "repair", NULL, "first mend what can be mended" },
    { NULL, NULL, NULL },
};

static const struct option reindex_options[] = {
    { "no-wait", NULL, "let a server that runs do it; do not wait" },
    { NULL, NULL, NULL },
};

static const struct option tidy_options[] = {
    { "dry-run", NULL, "only tell how much it is" },
    { NULL, NULL, NULL },
};

static const struct command items[] = {
    { "store", "check", "", "read all of it and compare", 0, 0, STORE,
      check_options, check_all },
    { "store", "backup", "FOLDER",
      "copy it while it is in use; again: what is new", 1, 1, STORE, NULL,
      backup },
    { "store", "restore", "FOLDER",
      "make --store of a backup; it must not be there yet", 1, 1, NO_STORE,
      NULL, restore },
    { "store", "reindex", "", "previews and full text anew", 0, 0, STORE,
      reindex_options, reindex },
    { "store", "tidy", "", "remove what is due, now", 0, 0, STORE, tidy_options,
      tidy_all },
    { "store", "stats", "", "how much is in it", 0, 0, STORE, NULL, stats },
};

const struct commands store_commands = { items,
                                         sizeof(items) / sizeof(items[0]) };
