/* SPDX-License-Identifier: MIT */
/* cmd_message.c - finding messages. */
#include <stdio.h>

#include "base/format.h"
#include "base/span.h"
#include "ctl.h"
#include "export.h"
#include "message.h"
#include "queue.h"

const struct column message_columns[] = {
    { .name = "id" },
    { .name = "threadId", .is_hidden = true },
    { .name = "uid", .is_hidden = true },
    { .name = "receivedAt" },
    { .name = "sentAt", .is_hidden = true },
    { .name = "size" },
    { .name = "from", .width = 36 },
    { .name = "to", .width = 36, .is_hidden = true },
    { .name = "subject", .width = 60 },
    { .name = "keywords", .width = 24 },
    { .name = "hasAttachment", .is_hidden = true },
    { .name = "mailboxes", .is_hidden = true },
    { .name = "messageId", .is_hidden = true },
    { .name = "queueId", .is_hidden = true },
    { .name = "preview", .is_hidden = true },
    { .name = NULL },
};

void message_report(struct report *report, const smail_entry *entry)
{
    report_id(report, entry->email);
    report_id(report, entry->thread);
    report_optional(report, entry->uid);
    report_time(report, entry->received_at);
    report_time(report, entry->sent_at);
    report_uint(report, entry->size);
    report_string(report, entry->from);
    report_string(report, entry->to);
    report_string(report, entry->subject);
    report_words(report, entry->keywords, ' ');
    report_bool(report, entry->has_attachment);
    report_words(report, entry->mailboxes, '\n');
    report_string(report, entry->message_id);
    report_string(report, entry->queue_id);
    report_string(report, entry->preview);
}

int message_find(smail_id *account, smail_id *email, struct ctl *ctl)
{
    int rc = ctl_id(email, ctl, ctl->arguments[1]);

    return rc != 0 ? rc : ctl_account(account, ctl);
}

int message_query(smail_query *out, smail_id account, struct ctl *ctl)
{
    const char *path = ctl_option(ctl, "mailbox");
    smail_query query = SMAIL_QUERY_INIT;
    int rc = 0;

    query.account = account;
    query.limit = ctl->limit;
    query.text = ctl_option(ctl, "text");
    if (path != NULL)
        rc = smail_mailbox_find(&query.mailbox, ctl->store, account, path,
                                &ctl->err);
    *out = query;
    return rc;
}

/* Who searches has to know that the newest may be missing. */
static void tell_lag(const smail_cursor *cursor)
{
    uint64_t lag = smail_cursor_unindexed(cursor);

    if (lag > 0)
        fprintf(stderr,
                "mailctl: %llu messages are not indexed yet; of these only "
                "sender, recipients and subject are searched\n",
                (unsigned long long)lag);
}

static int list(struct ctl *ctl, const smail_query *query)
{
    smail_cursor *cursor = NULL;
    struct report report;
    smail_entry entry;
    int rc = smail_store_query(&cursor, ctl->store, query, &ctl->err);

    if (rc != 0)
        return rc;
    tell_lag(cursor);
    report_begin(&report, ctl, message_columns, false);
    while ((rc = smail_cursor_next(&entry, cursor, &ctl->err)) == 1) {
        message_report(&report, &entry);
        if (report_row(&report) != 0)
            break;
    }
    report_end(&report);
    smail_cursor_free(cursor);
    return rc < 0 ? rc : 0;
}

static int list_all(struct ctl *ctl)
{
    smail_query query;
    smail_id account;
    int rc = ctl_account(&account, ctl);

    if (rc == 0)
        rc = message_query(&query, account, ctl);
    return rc == 0 ? list(ctl, &query) : rc;
}

static int search(struct ctl *ctl)
{
    smail_query query = SMAIL_QUERY_INIT;
    struct smail__buf question;
    int rc = ctl_account(&query.account, ctl);

    smail__buf_init(&question, (size_t)64 * 1024, NULL);
    for (size_t i = 1; i < ctl->argument_count; i++)
        smail__buf_printf(&question, i > 1 ? " %s" : "%s", ctl->arguments[i]);
    if (rc == 0)
        rc = smail__buf_error(&question);
    query.limit = ctl->limit;
    query.search = question.data;
    if (rc == 0)
        rc = list(ctl, &query);
    smail__buf_dispose(&question);
    return rc;
}

#define QUERY_OPTIONS                                      \
    { "mailbox", "PATH", "only what is in this mailbox" }, \
    {                                                      \
        "text", "WORDS", "only what has all these words"   \
    }

static const struct option list_options[] = {
    QUERY_OPTIONS,
    { NULL, NULL, NULL },
};

static const struct option export_options[] = {
    QUERY_OPTIONS,
    EXPORT_OPTIONS,
    { NULL, NULL, NULL },
};

static const struct command items[] = {
    { "message", "list", "ADDRESS", "an account's messages, newest first", 1, 1,
      STORE, list_options, list_all },
    { "message", "search", "ADDRESS WORD|CONDITION...",
      "find messages: words, from:bob, is:unread ... see mailctl(1)", 2,
      ARGUMENTS_MAX, STORE | DASH_WORDS, NULL, search },
    { "message", "show", "ADDRESS ID", "read one", 2, 2, STORE, NULL,
      message_show },
    { "message", "why", "ADDRESS ID | ID",
      "what became of one that was sent: each attempt, in the other side's "
      "words",
      1, 2, STORE, NULL, message_why },
    { "message", "raw", "ADDRESS ID", "its bytes, as they came", 2, 2, STORE,
      NULL, message_raw },
    { "message", "export", "ADDRESS TARGET",
      "messages to .eml files, an mbox, a Maildir, a zip", 2, 2, STORE,
      export_options, message_export },
};

const struct commands message_commands = { items,
                                           sizeof(items) / sizeof(items[0]) };
