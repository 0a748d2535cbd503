/* SPDX-License-Identifier: MIT */
/*
 * smtp/line.h - one line off the wire, ended by CRLF and by nothing else
 * (RFC 5321, 2.3.8).
 */
#ifndef SMAIL__SMTP_LINE_H
#define SMAIL__SMTP_LINE_H

#include "base/buf.h"

enum smail__line_result {
    SMAIL__LINE_MORE,  /* all input is used, the line is not complete */
    SMAIL__LINE_READY, /* a whole line */
    SMAIL__LINE_BARE,  /* a CR, LF or NUL stood alone; the rest of the line
                          will be dropped */
    SMAIL__LINE_LONG,  /* over the limit; the rest of the line will be
                          dropped */
    SMAIL__LINE_NOMEM
};

struct smail__line {
    struct smail__buf buf; /* the line so far: the only copy of input kept */
    bool done;             /* it was handed out; the next call starts anew */
    bool after_cr;         /* the last byte was a CR not yet judged */
    bool clip;     /* keep the front of a line over the limit, rather than
                      refuse it */
    bool secret;   /* what is kept is wiped when it is no longer needed; set
                      from the start, to be cleared by who knows better */
    bool skipping; /* it was refused; drop up to its CRLF */
};

void smail__line_init(struct smail__line *line, const smail_mem *mem);
void smail__line_dispose(struct smail__line *line);

/* Forget an unfinished line, as STARTTLS demands, and wipe what is kept. */
void smail__line_reset(struct smail__line *line);

/*
 * Take bytes from the front of `input` up to the end of a line of at most
 * `max` octets, CRLF included. `out` is the line without CRLF, NUL behind it,
 * writable in place by way of `line->buf`, good until the next call.
 */
enum smail__line_result smail__line_next(smail_span *out,
                                         struct smail__line *line, size_t max,
                                         smail_span *input);

/*
 * For speed: if a whole line of at most `max` octets stands at the front of
 * `input` and nothing else is under way, take it without copying: `out` is the
 * line without CRLF, in `input`. False: nothing was taken, go by
 * smail__line_next().
 */
bool smail__line_whole(smail_span *out, struct smail__line *line, size_t max,
                       smail_span *input);

/* Copy such a line, as smail__line_next() would have: 0 or SMAIL_ENOMEM. */
int smail__line_keep(struct smail__line *line, smail_span text);

#endif
