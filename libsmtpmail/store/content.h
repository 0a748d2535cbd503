/* SPDX-License-Identifier: MIT */
/* store/content.h - the bytes of a blob, from its row or its file. */
#ifndef SMAIL__STORE_CONTENT_H
#define SMAIL__STORE_CONTENT_H

#include "store/internal.h"

struct smail_content {
    uint64_t size;
    char *data; /* of a row */
    int fd;     /* of a file; -1 */
    char id[2 * SMAIL__BLOB_ID_LEN + 1];
};

/* With a connection that reads. The row must have been reached through its
 * owner's. SMAIL_ECORRUPT when row and file do not agree. */
int smail__content_open_blob(smail_content **out, smail_store *store,
                             struct smail__db *db, smail_span id,
                             smail_error *err);

/* As smail_content_open(), with a connection that reads. */
int smail__content_open_email(smail_content **out, smail_store *store,
                              struct smail__db *db, smail_id account,
                              smail_id email, smail_error *err);

#endif
