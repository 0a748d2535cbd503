/* SPDX-License-Identifier: MIT */
/* queue.h - what the commands on the queue share. */
#ifndef MAILCTL_QUEUE_H
#define MAILCTL_QUEUE_H

#include <smtpmail/queue.h>

#include "report.h"

extern const struct column queue_columns[];

void queue_report(struct report *report, const smail_queue_entry *entry);

/* cmd_queue_story.c: a message, where each recipient's copy is, and how it
 * came to that. */
int queue_story(struct ctl *ctl, smail_id message);

/* `message why ADDRESS ID`, and `message why ID` of the log or a Message-ID. */
int message_why(struct ctl *ctl);

#endif
