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

/* Append a keyword; those of the system need no dollar. */
void message_add_keyword(struct smail__buf *words, const char *word);

/* cmd_message_place.c */
extern const struct option message_move_options[];
int message_move(struct ctl *ctl);
int message_copy(struct ctl *ctl);

/* cmd_message_append.c */
extern const struct option message_append_options[];
int message_append(struct ctl *ctl);

/* A point in time, as 2026-11-23 or 2026-11-23T09:00:00Z: 0, or CTL_USAGE. */
int message_time(int64_t *out, struct ctl *ctl, const char *text);

/* cmd_message_removed.c */
extern const struct option message_removed_options[];
extern const struct option message_undelete_options[];
int message_removed(struct ctl *ctl);
int message_undelete(struct ctl *ctl);

#endif
