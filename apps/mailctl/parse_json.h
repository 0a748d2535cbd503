/* SPDX-License-Identifier: MIT */
/* parse_json.h - a message as JSON: what `mailctl parse` prints. */
#ifndef MAILCTL_PARSE_JSON_H
#define MAILCTL_PARSE_JSON_H

#include <stdio.h>

#include <smtpmail/message.h>

/* 0, or an error of memory: no message is refused. */
int parse_json_write(FILE *out, smail_span raw, smail_error *err);

#endif
