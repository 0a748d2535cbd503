/* SPDX-License-Identifier: MIT */
/* transfer/maildir.h - what the names of a Maildir say. */
#ifndef SMAIL__TRANSFER_MAILDIR_H
#define SMAIL__TRANSFER_MAILDIR_H

#include "base/buf.h"

/* Octets of a file `dovecot-keywords`: 26 names. */
#define SMAIL__MAILDIR_KEYWORDS_MAX ((size_t)16 * 1024)

/* What 'a' to 'z' stand for; spans of `text`. */
struct smail__maildir_words {
    struct smail__buf text;
    smail_span words[26];
};

void smail__maildir_words_init(struct smail__maildir_words *words);
void smail__maildir_words_dispose(struct smail__maildir_words *words);
/* `text` was filled in. */
void smail__maildir_words_read(struct smail__maildir_words *words);

struct smail__maildir_name {
    smail_span unique;  /* what stays when flags change */
    smail_span letters; /* behind ":2," */
    int64_t time;       /* 0: it does not begin with one */
};

void smail__maildir_name_read(struct smail__maildir_name *out, smail_span name);

#endif
