/* SPDX-License-Identifier: MIT */
/* smtp/data.h - message content on the wire: where it ends, which dots go. */
#ifndef SMAIL__SMTP_DATA_H
#define SMAIL__SMTP_DATA_H

#include <smtpmail/base.h>

enum smail__data_result {
    SMAIL__DATA_MORE,    /* all input is used */
    SMAIL__DATA_CONTENT, /* `chunk` holds content */
    SMAIL__DATA_END      /* CRLF.CRLF was taken; the rest is not content */
};

struct smail__data {
    unsigned char state;
    bool counted;   /* BDAT: no stuffing, no end; may be set after init */
    bool normalize; /* pass a bare CR or LF on as CRLF; a NUL is never well */
    bool bare;      /* a CR, LF or NUL stood alone and was not repaired: the
                       message is to be refused, no more content comes */
};

void smail__data_init(struct smail__data *data, bool normalize);

/*
 * Take the next run of content from the front of `input`. `chunk` points into
 * `input`, or at a constant CRLF that stands for a repaired line end: nothing
 * is copied.
 */
enum smail__data_result smail__data_next(smail_span *chunk,
                                         struct smail__data *data,
                                         smail_span *input);

/*
 * Counted content ends here. A CR that is still waiting for its LF is bare, or
 * repaired: then CONTENT, otherwise END.
 */
enum smail__data_result smail__data_close(smail_span *chunk,
                                          struct smail__data *data);

#endif
