/* SPDX-License-Identifier: MIT */
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

static int check_all(struct ctl *ctl)
{
    struct smail__buf *out = &ctl->out.buf;
    struct check check = { .ctl = ctl };
    uint64_t faults = 0;
    int rc;

    smail__json_init(&check.json, out);
    if (ctl->json) {
        smail__json_begin_object(&check.json);
        smail__json_key(&check.json, "findings");
        smail__json_begin_array(&check.json);
    }
    rc = smail_store_check(&faults, ctl->store, finding, &check, &ctl->err);
    if (ctl->json) {
        smail__json_end_array(&check.json);
        smail__json_key(&check.json, "faults");
        smail__json_uint(&check.json, faults);
        smail__json_end_object(&check.json);
        smail__buf_putc(out, '\n');
    } else if (rc == 0 && faults == 0) {
        smail__buf_puts(out, "no faults\n");
    }
    if (rc == 0 && faults > 0)
        rc = smail__fail(&ctl->err, SMAIL_ECORRUPT, "%llu faults",
                         (unsigned long long)faults);
    return rc;
}

static const struct command items[] = {
    { "store", "check", "", "read all of it and compare", 0, 0, STORE, NULL,
      check_all },
    { "store", "stats", "", "how much is in it", 0, 0, STORE, NULL, stats },
};

const struct commands store_commands = { items,
                                         sizeof(items) / sizeof(items[0]) };
