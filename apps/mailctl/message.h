/* SPDX-License-Identifier: MIT */
/* message.h - what the commands on messages share. */
#ifndef MAILCTL_MESSAGE_H
#define MAILCTL_MESSAGE_H

#include <smtpmail/message.h>

#include "report.h"

/* Columns of a list; a record has the same. */
extern const struct column message_columns[];

void message_report(struct report *report, const smail_entry *entry);

/* The account and the message in the first two arguments. */
int message_find(smail_id *account, smail_id *email, struct ctl *ctl);

/* The query that --mailbox, --text and --limit ask for. */
int message_query(smail_query *out, smail_id account, struct ctl *ctl);

/* cmd_message_show.c, cmd_message_export.c */
int message_show(struct ctl *ctl);
int message_raw(struct ctl *ctl);
int message_export(struct ctl *ctl);

/* cmd_message_removed.c */
extern const struct option message_removed_options[];
extern const struct option message_undelete_options[];
int message_removed(struct ctl *ctl);
int message_undelete(struct ctl *ctl);

#endif
