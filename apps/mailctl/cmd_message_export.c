/* SPDX-License-Identifier: MIT */
/*
 * cmd_message_export.c - messages into the files of others, by smail_export().
 * What is there stays: an export that was cut short is completed by the next.
 */
#include "base/error.h"
#include "base/span.h"
#include "ctl.h"
#include "display.h"
#include "export.h"
#include "message.h"

static const struct column columns[] = {
    { .name = "id" },      { .name = "file" },   { .name = "size" },
    { .name = "written" }, { .name = "reason" }, { .name = NULL },
};

static void item(const smail_export_item *one, void *user)
{
    struct export *export = user;

    progress_clear(&export->progress);
    if (export->is_quiet && one->reason == NULL)
        return;
    report_id(&export->report, one->email);
    report_string(&export->report, one->file);
    report_uint(&export->report, one->octets);
    report_bool(&export->report, one->reason == NULL && !one->was_there);
    report_string(&export->report, one->reason != NULL ? one->reason : "");
    (void)report_row(&export->report);
}

static bool tell(const smail_transfer_progress *progress, void *user)
{
    struct export *export = user;

    return progress_tell(progress, &export->progress);
}

int export_begin(struct export *export, struct ctl *ctl)
{
    smail_export_options *options = &export->options;
    const char *format = ctl_option(ctl, "format");

    *export =
        (struct export){ .ctl = ctl, .options = SMAIL_EXPORT_OPTIONS_INIT };
    if (format != NULL &&
        (smail_transfer_format_by_name(&options->format, format) != 0 ||
         (options->format != SMAIL_TRANSFER_EML &&
          options->format != SMAIL_TRANSFER_MBOX &&
          options->format != SMAIL_TRANSFER_MBOXRD &&
          options->format != SMAIL_TRANSFER_MAILDIR &&
          options->format != SMAIL_TRANSFER_ZIP)))
        return ctl_usage(ctl, "--format is eml, mbox, maildir or zip, not '%s'",
                         format);
    options->mailbox = ctl_option(ctl, "mailbox");
    options->text = ctl_option(ctl, "text");
    options->limit = ctl->limit;
    options->skip_bad = ctl_option(ctl, "skip-bad") != NULL;
    options->item = item;
    options->progress = tell;
    options->user = export;
    progress_begin(&export->progress, ctl);
    report_begin(&export->report, ctl, columns, false);
    return 0;
}

int export_one(struct export *export, const char *target)
{
    smail_export_result result = SMAIL_EXPORT_RESULT_INIT;
    int rc = smail_export(&result, export->ctl->store, target, &export->options,
                          &export->ctl->err);

    export->was_stopped |= result.was_stopped;
    export->bad += result.bad;
    return rc;
}

int export_end(struct export *export, int rc)
{
    progress_end(&export->progress);
    report_end(&export->report);
    if (rc == 0 && export->was_stopped)
        return smail__fail(&export->ctl->err, SMAIL_ESTATE,
                           "stopped: the same command again goes on");
    return rc;
}

int message_export(struct ctl *ctl)
{
    struct export export;
    smail_id account;
    int rc = ctl_account(&account, ctl);

    if (rc == 0)
        rc = export_begin(&export, ctl);
    if (rc != 0)
        return rc;
    export.options.account = account;
    return export_end(&export, export_one(&export, ctl->arguments[1]));
}
