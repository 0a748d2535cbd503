/* SPDX-License-Identifier: MIT */
/*
 * smtp/transaction.h - one mail on its way in, from MAIL to its last reply
 * (RFC 5321, 3.3). Keeps counts and verdicts, never the mail.
 */
#ifndef SMAIL__SMTP_TRANSACTION_H
#define SMAIL__SMTP_TRANSACTION_H

#include <smtpmail/smtp_server.h>

#include "base/buf.h"
#include "smtp/data.h"

/* Why content is refused while it is still coming. */
enum smail__refusal {
    SMAIL__REFUSAL_NONE,
    SMAIL__REFUSAL_BARE,
    SMAIL__REFUSAL_SIZE,
    SMAIL__REFUSAL_LINE
};

struct smail__verdict {
    int code; /* 0: none of its own */
    char status[12];
    char *text; /* ours */
};

struct smail__transaction {
    bool open;     /* MAIL was accepted, the end was not seen */
    bool smtputf8; /* MAIL said SMTPUTF8 (RFC 6531, 3.4) */
    smail_smtp_body_type body;
    bool chunked;      /* BDAT has begun: no RCPT and no DATA any more */
    size_t recipients; /* accepted */
    struct smail__buf domains; /* of the recipients, each with an LF behind
                                  it, where their number is limited */
    uint32_t domain_count;
    uint64_t size;   /* octets of content so far */
    size_t line_len; /* of the content line that is coming in */
    struct smail__data data;
    enum smail__refusal refusal;
    struct smail__verdict *verdicts; /* LMTP: one a recipient, or NULL */
    const smail_mem *mem;
};

void smail__transaction_init(struct smail__transaction *mail,
                             const smail_mem *mem);

/* Ready for the next MAIL. */
void smail__transaction_clear(struct smail__transaction *mail);

/* Limits on content; 0 means none. */
struct smail__transaction_limits {
    uint64_t size;
    size_t text_line; /* with CRLF */
};

/* Count one run of content: the refusal that it brings on, if any. */
enum smail__refusal smail__transaction_count(
    struct smail__transaction *mail, smail_span chunk,
    const struct smail__transaction_limits *limits);

/*
 * See whether `domain` may be one more of at most `max` different ones
 * (RFC 9422, 4), and make room to remember it: 0, SMAIL_ELIMIT, SMAIL_ENOMEM.
 */
int smail__transaction_make_room(struct smail__transaction *mail,
                                 smail_span domain, uint32_t max);
void smail__transaction_add_domain(struct smail__transaction *mail,
                                   smail_span domain);

/* Keep the verdict on one recipient. SMAIL_ENOMEM; nothing else can fail. */
int smail__transaction_settle(struct smail__transaction *mail, size_t index,
                              int code, const char *status, const char *text);

#endif
