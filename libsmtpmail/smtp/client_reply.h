/* SPDX-License-Identifier: MIT */
/* smtp/client_reply.h - reading a reply (RFC 5321, 4.2). */
#ifndef SMAIL__SMTP_CLIENT_REPLY_H
#define SMAIL__SMTP_CLIENT_REPLY_H

#include <smtpmail/smtp_client.h>

#include "base/buf.h"
#include "smtp/line.h"

enum smail__client_reply_result {
    SMAIL__CLIENT_REPLY_MORE,     /* all input is used */
    SMAIL__CLIENT_REPLY_READY,    /* a whole reply */
    SMAIL__CLIENT_REPLY_NONSENSE, /* no reply at all; give up */
    SMAIL__CLIENT_REPLY_NOMEM
};

struct smail__client_reply {
    struct smail__line line;
    struct smail__buf text; /* the lines so far, parted by '\n' */
    char status[12];
    int code;       /* of the lines so far; 0 before the first */
    uint32_t lines; /* so far */
    bool done;      /* it was handed out; the next call starts anew */
};

void smail__client_reply_init(struct smail__client_reply *reply,
                              const smail_mem *mem);
void smail__client_reply_dispose(struct smail__client_reply *reply);

/* Forget a reply that is not whole. */
void smail__client_reply_reset(struct smail__client_reply *reply);

/*
 * Take bytes from the front of `input` up to the end of a reply. `out` is good
 * until the next call.
 */
enum smail__client_reply_result smail__client_reply_next(
    smail_smtp_reply *out, struct smail__client_reply *reply,
    uint32_t max_lines, smail_span *input);

#endif
