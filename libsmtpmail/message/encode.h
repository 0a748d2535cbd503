/* SPDX-License-Identifier: MIT */
/*
 * message/encode.h - header fields as they are sent: ASCII, folded (RFC 5322,
 * 2.2.3), in encoded words where the text needs them (RFC 2047). Ours because
 * GMime writes words that are longer than RFC 2047, 2 allows.
 */
#ifndef SMAIL__MESSAGE_ENCODE_H
#define SMAIL__MESSAGE_ENCODE_H

#include "base/buf.h"

/* Lines are folded to this; one long word alone may pass it. */
#define SMAIL__LINE_WANTED 76

/* One field being written. */
struct smail__encoder {
    struct smail__buf *out;
    size_t column;
    bool is_empty; /* the next word is the first */
};

void smail__encode_begin(struct smail__encoder *encoder, struct smail__buf *out,
                         const char *name);

/* A word of ASCII without white space, folded before if it must be. */
void smail__encode_word(struct smail__encoder *encoder, smail_span word);

/* Text: as it is if it is ASCII, otherwise in encoded words. */
void smail__encode_text(struct smail__encoder *encoder, smail_span text);

/* The name before an address: words, a quoted string or encoded words. */
void smail__encode_phrase(struct smail__encoder *encoder, smail_span text);

void smail__encode_end(struct smail__encoder *encoder);

#endif
