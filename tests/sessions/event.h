/* SPDX-License-Identifier: MIT */
/* event.h - an event as a dialogue file writes it. */
#ifndef EVENT_H
#define EVENT_H

#include <smtpmail/smtp_server.h>

#include "base/buf.h"

void event_put(struct smail__buf *out, const smail_smtp_event *event);

#endif
