/* SPDX-License-Identifier: MIT */
/*
 * http/head.h - the head of an HTTP/1.1 request, read strictly (RFC 9112).
 *
 * Two programs that read one head differently can be made to disagree on
 * where a request ends, and then a stranger's bytes become somebody else's
 * request. So nothing is repaired here: what is not exactly right is refused,
 * and the connection ends. Narrower than the RFC on purpose: only the
 * origin-form of a target (RFC 9112, 3.2.1), Host always and once, no list
 * of equal Content-Lengths, no folded fields, no bare LF.
 */
#ifndef SMAIL__HTTP_HEAD_H
#define SMAIL__HTTP_HEAD_H

#include "base/buf.h"

/* Octets of a whole head: twice what browsers send with many cookies. */
#define SMAIL__HTTP_HEAD_MAX 16384

/* Fields in one head. Browsers send about twenty. */
#define SMAIL__HTTP_FIELDS_MAX 100

/* Octets of a target; the longest is a download with a long file name. */
#define SMAIL__HTTP_TARGET_MAX 8192

/* Octets of a host name with its port (RFC 1035, 2.3.4). */
#define SMAIL__HTTP_HOST_MAX 262

struct smail__http_field {
    smail_span name;
    smail_span value; /* without the space around it */
};

/* All spans point into the bytes that were parsed. */
struct smail__http_head {
    smail_span method;
    smail_span target;
    smail_span path;  /* as sent: still percent-encoded, begins with '/' */
    smail_span query; /* as sent, without the '?' */
    smail_span host;
    int minor;           /* of HTTP/1.x: 0 or 1 */
    bool is_chunked;     /* the body's length is in its chunks */
    bool has_length;     /* ... or in Content-Length */
    bool keeps_alive;    /* another request may follow */
    bool wants_continue; /* waits for 100 before its body */
    uint64_t length;
    size_t count;
    struct smail__http_field fields[SMAIL__HTTP_FIELDS_MAX];
};

/*
 * Look for the end of a head in what has come so far. `*len` is the head's
 * length with its empty line, or 0 while more is needed. 0, or the status to
 * answer with: 400 for bare CR, bare LF or NUL, 414 or 431 for what is too
 * long. `*scanned` begins as 0 and remembers how far the search has been.
 */
int smail__http_head_find(size_t *len, size_t *scanned, smail_span bytes);

/* 0, or the status to answer with: 400, 414, 417, 431, 501, 505. `head` is
 * what find() measured. */
int smail__http_head_parse(struct smail__http_head *out, smail_span head);

/* The value of the only field of that name; empty with data NULL without. */
smail_span smail__http_field(const struct smail__http_head *head,
                             const char *name);

/* RFC 9110, 5.6.2. */
bool smail__http_is_token_byte(char byte);

/* Is `token` in a list parted by commas (RFC 9110, 5.6.1)? */
bool smail__http_list_has(smail_span list, const char *token);

/* What a server said (RFC 9112, 4): for the answers that pass through. */
struct smail__http_answer {
    int status;
    bool has_length;
    uint64_t length;
    size_t count;
    struct smail__http_field fields[SMAIL__HTTP_FIELDS_MAX];
};

/* 0, or SMAIL_EMALFORMED. `head` is as find() measured it. */
int smail__http_answer_parse(struct smail__http_answer *out, smail_span head);

/* "Not Found" for 404; never NULL. */
const char *smail__http_reason(int status);

#endif
