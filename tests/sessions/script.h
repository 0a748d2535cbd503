/* SPDX-License-Identifier: MIT */
/* script.h - a dialogue file, read into memory. See README.md. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <smtpmail/smtp_server.h>

enum line_kind {
    LINE_CLIENT, /* C:  bytes the client sends, escapes resolved */
    LINE_SERVER, /* S:  one line of a reply, without CRLF */
    LINE_EVENT,  /* ?   `text` is the event, `action` the answer or "" */
    LINE_ACTION  /* !   `text` is what the caller does unasked */
};

struct line {
    enum line_kind kind;
    unsigned number; /* in the file */
    char *text;
    size_t len;
    char *action; /* of LINE_EVENT */
};

struct script {
    smail_smtp_server_options options;
    struct line *lines;
    size_t count;
    char *mechanisms; /* what options point to */
    char *profile;
    char *help;
};

/* Exits with a message that names the line if the file makes no sense. */
void script_read(struct script *out, const char *path);
void script_free(struct script *script);

/* Copies `text` with \r \n \0 \t \\ \xHH and \{COUNT text} resolved. */
char *script_unescape(size_t *len, const char *text);

#endif
