/* SPDX-License-Identifier: MIT */
/*
 * message/index.h - what the store keeps of a message to list and find it.
 * Derived: it can be made again from the bytes at any time.
 */
#ifndef SMAIL__MESSAGE_INDEX_H
#define SMAIL__MESSAGE_INDEX_H

#include <smtpmail/error.h>

/* Octets of a preview (RFC 8621, 4.1.4), and of text that is searched. */
#define SMAIL__PREVIEW_MAX 256
#define SMAIL__SEARCHED_MAX (512 * 1024)

/* All UTF-8; empty rather than NULL. All but the preview is as
 * smail__fold_words() makes it. */
struct smail__index {
    smail_buf preview;
    smail_buf subject;
    smail_buf sender;     /* names and addresses of From */
    smail_buf recipients; /* of To, Cc and Bcc */
    smail_buf body;       /* text of the parts that are shown, file names */
    bool has_attachment;
};

int smail__index_make(struct smail__index *out, smail_span raw,
                      smail_error *err);
void smail__index_dispose(struct smail__index *index);

#endif
