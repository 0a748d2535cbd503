/* SPDX-License-Identifier: MIT */
/* rule.h - one rule of an RFC, as a dialogue; README.md explains the files. */
#ifndef CONFORMANCE_RULE_H
#define CONFORMANCE_RULE_H

#include <stdbool.h>
#include <stddef.h>

enum level { LEVEL_MUST, LEVEL_SHOULD };

enum verb {
    VERB_SEND,      /* > text, with CRLF */
    VERB_SEND_RAW,  /* >> text */
    VERB_EXPECT,    /* < codes */
    VERB_HAS,       /* has glob: a line of the last reply */
    VERB_LACKS,     /* lacks glob */
    VERB_CHECK,     /* check name */
    VERB_MEANS,     /* means sentence: said of what is not met from here on */
    VERB_GREET,     /* greet: greeting, EHLO, and TLS and AUTH if told to */
    VERB_HELLO,     /* hello: the same without AUTH */
    VERB_ENVELOPE,  /* envelope: MAIL and RCPT, both taken */
    VERB_AGAIN,     /* again: a new connection */
    VERB_PIECES,    /* pieces OCTETS MILLISECONDS */
    VERB_WAIT,      /* wait MILLISECONDS */
    VERB_SILENT,    /* silent MILLISECONDS: no reply comes */
    VERB_HALF,      /* half-close */
    VERB_DROP,      /* drop: close without a word */
    VERB_ABORT,     /* abort: the same by RST */
    VERB_HANDSHAKE, /* handshake [close]: may fail, with `close` */
    VERB_STOP,      /* stop CODES: fine already, if the last reply was so */
    VERB_SKIP,      /* skip CODES: cannot be judged, if it was so */
    VERB_REPEAT,    /* repeat COUNT ... end */
    VERB_END,
    VERB_STORED, /* stored glob: a line of the message as it was delivered */
    VERB_NOT_STORED
};

struct step {
    enum verb verb;
    unsigned line;  /* of the file */
    char *text;     /* what follows the verb */
    size_t partner; /* of REPEAT and END */
};

struct rule {
    char *name; /* of the file, without its ending */
    char *title;
    char *cite;
    char *needs; /* words, see offer_missing() */
    enum level level;
    bool smtp;
    bool lmtp;
    struct step *steps;
    size_t count;
};

/* Read a file; a fault is told on stderr and ends the program. */
void rule_read(struct rule *out, const char *path);
void rule_free(struct rule *rule);

/* Read all the rules of a folder, in order of their names. */
size_t rule_read_folder(struct rule **out, const char *folder);

#endif
