/* SPDX-License-Identifier: MIT */
/*
 * cmd_import.c - messages from the files of others, by smail_import(). What
 * was not taken is told of as it is met, the sums at the end.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/span.h"
#include "config/value.h"
#include "ctl.h"
#include "display.h"
#include "import.h"
#include "progress.h"
#include "json/write.h"

/* --- What is told -------------------------------------------------------- */

static void put_key(struct smail__json *json, const char *key, const char *text)
{
    smail__json_key(json, key);
    smail__json_text(json, smail__span(text));
}

static void skipped(const smail_import_skip *skip, void *user)
{
    struct import *import = user;
    struct smail__buf *out = &import->ctl->out.buf;

    progress_clear(&import->progress);
    if (import->ctl->json) {
        smail__json_begin_object(&import->json);
        put_key(&import->json, "file", skip->file);
        smail__json_key(&import->json, "number");
        smail__json_uint(&import->json, skip->number);
        smail__json_key(&import->json, "offset");
        smail__json_uint(&import->json, skip->offset);
        put_key(&import->json, "reason", skip->reason);
        smail__json_end_object(&import->json);
    } else {
        smail__buf_puts(out, "skipped ");
        display_text(out, smail__span(skip->file), false);
        if (skip->number > 0)
            smail__buf_printf(out, ", message %llu at octet %llu",
                              (unsigned long long)skip->number,
                              (unsigned long long)skip->offset);
        smail__buf_puts(out, ": ");
        display_text(out, smail__span(skip->reason), false);
        smail__buf_putc(out, '\n');
    }
    out_offer(&import->ctl->out);
}

static bool tell(const smail_transfer_progress *progress, void *user)
{
    struct import *import = user;

    return progress_tell(progress, &import->progress);
}

static void put_sums(struct import *import)
{
    const smail_import_result *sums = &import->result;
    struct smail__buf *out = &import->ctl->out.buf;

    if (!import->ctl->json) {
        smail__buf_printf(out, "imported %llu, duplicates %llu, skipped %llu\n",
                          (unsigned long long)sums->imported,
                          (unsigned long long)sums->duplicates,
                          (unsigned long long)sums->skipped);
        return;
    }
    smail__json_end_array(&import->json);
    smail__json_key(&import->json, "imported");
    smail__json_uint(&import->json, sums->imported);
    smail__json_key(&import->json, "duplicates");
    smail__json_uint(&import->json, sums->duplicates);
    smail__json_key(&import->json, "skippedCount");
    smail__json_uint(&import->json, sums->skipped);
    smail__json_key(&import->json, "octets");
    smail__json_uint(&import->json, sums->octets);
    smail__json_key(&import->json, "stopped");
    smail__json_bool(&import->json, sums->was_stopped);
    smail__json_end_object(&import->json);
    smail__buf_putc(out, '\n');
}

/* --- The options --------------------------------------------------------- */

static int read_size(uint64_t *out, struct ctl *ctl)
{
    const char *text = ctl_option(ctl, "max-size");

    *out = ctl->config.message_size;
    if (text == NULL ||
        (smail__value_size(out, smail__span(text)) == 0 && *out > 0))
        return 0;
    return ctl_usage(ctl, "--max-size wants a size, as 64M, not '%s'", text);
}

int import_begin(struct import *import, struct ctl *ctl)
{
    smail_import_options *options = &import->options;
    const char *format = ctl_option(ctl, "format");

    *import = (struct import){ .ctl = ctl,
                               .options = SMAIL_IMPORT_OPTIONS_INIT,
                               .result = SMAIL_IMPORT_RESULT_INIT };
    if (format != NULL &&
        smail_transfer_format_by_name(&options->format, format) != 0)
        return ctl_usage(ctl,
                         "--format is auto, eml, mbox, mboxrd, mboxo, mboxcl, "
                         "mboxcl2, maildir, zip or tar, not '%s'",
                         format);
    options->mailbox = ctl_option(ctl, "mailbox");
    options->keywords = ctl_option(ctl, "keywords");
    options->folders = ctl_option(ctl, "folders") != NULL;
    options->labels = ctl_option(ctl, "labels") != NULL;
    options->allow_duplicates = ctl_option(ctl, "allow-duplicates") != NULL;
    options->skipped = skipped;
    options->progress = tell;
    options->user = import;
    progress_begin(&import->progress, ctl);
    return read_size(&options->max_message, ctl);
}

/* --- The command --------------------------------------------------------- */

int import_one(struct import *import, const char *path)
{
    smail_import_result one = SMAIL_IMPORT_RESULT_INIT;
    struct ctl *ctl = import->ctl;
    int rc;

    if (strcmp(path, "-") == 0)
        rc = smail_import_fd(&one, ctl->store, STDIN_FILENO, "-",
                             &import->options, &ctl->err);
    else
        rc = smail_import(&one, ctl->store, path, &import->options, &ctl->err);
    import->result.imported += one.imported;
    import->result.duplicates += one.duplicates;
    import->result.skipped += one.skipped;
    import->result.octets += one.octets;
    import->result.was_stopped = one.was_stopped;
    return rc;
}

void import_tell_begin(struct import *import)
{
    smail__json_init(&import->json, &import->ctl->out.buf);
    if (!import->ctl->json)
        return;
    smail__json_begin_object(&import->json);
    smail__json_key(&import->json, "skipped");
    smail__json_begin_array(&import->json);
}

int import_tell_end(struct import *import, int rc)
{
    const smail_import_result *sums = &import->result;
    struct ctl *ctl = import->ctl;

    progress_end(&import->progress);
    put_sums(import);
    if (rc != 0)
        return rc;
    if (sums->was_stopped)
        return smail__fail(&ctl->err, SMAIL_ESTATE,
                           "stopped: the same command again goes on, what was "
                           "imported is passed over");
    if (sums->imported + sums->duplicates == 0 && sums->skipped > 0)
        return smail__fail(&ctl->err, SMAIL_EMALFORMED, "nothing was imported");
    return 0;
}

static int run(struct ctl *ctl)
{
    struct import import;
    int rc = import_begin(&import, ctl);

    if (rc == 0)
        rc = ctl_account(&import.options.account, ctl);
    if (rc != 0)
        return rc;
    import_tell_begin(&import);
    for (size_t i = 1; rc == 0 && i < ctl->argument_count; i++)
        if (!import.result.was_stopped)
            rc = import_one(&import, ctl->arguments[i]);
    return import_tell_end(&import, rc);
}

static const struct option options[] = {
    { "mailbox", "PATH", "all into this one, made if need be" },
    { "format", "NAME", "what the files are; else it is seen by looking" },
    { "folders", NULL, "folders of files become mailboxes" },
    { "labels", NULL, "labels of Gmail become mailboxes" },
    { "keywords", "WORDS", "that all of them get, as '$seen mine'" },
    { "max-size", "SIZE", "skip larger ones; else [limits] message-size" },
    { "allow-duplicates", NULL, "store again what the account has" },
    PROGRESS_OPTION,
    { NULL, NULL, NULL },
};

static const struct command items[] = {
    { "message", "import", "ADDRESS FILE|DIR|-...",
      "add messages: mbox, Maildir, .eml, zip, tar", 2, ARGUMENTS_MAX, STORE,
      options, run },
};

const struct commands message_import_commands = { items, sizeof(items) /
                                                             sizeof(items[0]) };
