/* SPDX-License-Identifier: MIT */
/*
 * smtp/client_content.c - what content is made of: whether it may go out as
 * text (RFC 5321, 2.3.8 and 4.5.3.1.6) and what it asks of the server.
 */
#include <smtpmail/smtp_client.h>

#include "base/span.h"

/* Octets within a line: none may be CR or NUL. */
static void scan_run(smail_smtp_content *content, smail_span run)
{
    unsigned char high = 0;
    unsigned bare = 0;

    for (size_t i = 0; i < run.len; i++) {
        high |= (unsigned char)run.data[i];
        bare |= (unsigned)(run.data[i] == '\r') | (run.data[i] == '\0');
    }
    content->bare |= bare != 0;
    if (high >= 0x80) {
        content->eight_bit = true;
        content->utf8_header |= !content->in_text;
    }
    content->line += run.len;
    if (content->line > content->longest_line)
        content->longest_line = content->line;
}

static void end_line(smail_smtp_content *content)
{
    content->in_text |= content->line == 0;
    content->line = 0;
    content->after_cr = false;
}

void smail_smtp_content_scan(smail_smtp_content *content, smail_span octets)
{
    content->size += octets.len;
    while (octets.len > 0) {
        size_t len = smail__span_find(octets, '\n');
        bool ended = len < octets.len;
        smail_span run = smail__span_slice(octets, 0, len);

        octets = smail__span_from(octets, len + ended);
        if (content->after_cr && run.len > 0) { /* it was no line end */
            content->bare = true;
            content->after_cr = false;
        }
        if (run.len > 0 && run.data[run.len - 1] == '\r') {
            content->after_cr = true;
            run.len--;
        }
        scan_run(content, run);
        if (ended) {
            content->bare |= !content->after_cr;
            end_line(content);
        }
    }
}

smail_smtp_body_type smail_smtp_content_body(const smail_smtp_content *content)
{
    if (content->bare || content->after_cr ||
        content->longest_line > SMAIL_SMTP_TEXT_LINE_MAX)
        return SMAIL_SMTP_BODY_BINARYMIME;
    return content->eight_bit ? SMAIL_SMTP_BODY_8BITMIME : SMAIL_SMTP_BODY_7BIT;
}
