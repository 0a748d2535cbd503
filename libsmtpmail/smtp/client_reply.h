/* SPDX-License-Identifier: MIT */
/* smtp/client_reply.h - reading a reply (RFC 5321, 4.2). */
#ifndef SMAIL__SMTP_CLIENT_REPLY_H
#define SMAIL__SMTP_CLIENT_REPLY_H

#include <smtpmail/smtp_client.h>

#include "base/buf.h"

enum smail__client_reply_result {
    SMAIL__CLIENT_REPLY_MORE,     /* all input is used */
    SMAIL__CLIENT_REPLY_READY,    /* a whole reply */
    SMAIL__CLIENT_REPLY_NONSENSE, /* no reply at all; give up */
    SMAIL__CLIENT_REPLY_ENDLESS,  /* over a limit; give up */
    SMAIL__CLIENT_REPLY_NOMEM
};

/* Of one reply, all its lines together. */
struct smail__client_reply_limits {
    uint32_t lines;
    uint32_t octets; /* with each CRLF */
};

struct smail__client_reply {
    struct smail__buf line; /* the line so far, raw, its end cut off if long */
    struct smail__buf text; /* the lines so far, clean, parted by '\n' */
    char status[12];
    int code; /* of the line before; 0 at the first */
    uint32_t lines;
    size_t octets;
    bool after_cr; /* the last octet seen was a CR */
    bool done;     /* it was handed out; the next call starts anew */
};

void smail__client_reply_init(struct smail__client_reply *reply,
                              const smail_mem *mem);
void smail__client_reply_dispose(struct smail__client_reply *reply);

/* Forget a reply that is not whole. */
void smail__client_reply_reset(struct smail__client_reply *reply);

/*
 * Take bytes from the front of `input` up to the end of a reply. `out` is good
 * until the next call. On NONSENSE and ENDLESS its code is 0 and its text is
 * what was said, for the log.
 */
enum smail__client_reply_result smail__client_reply_next(
    smail_smtp_reply *out, struct smail__client_reply *reply,
    const struct smail__client_reply_limits *limits, smail_span *input);

#endif
