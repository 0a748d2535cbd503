/* SPDX-License-Identifier: MIT */
/*
 * store/upload.h - bytes that a client sent and is about to use (RFC 8620, 6),
 * and blobs as their owners reach them: through a message or an upload.
 */
#ifndef SMAIL__STORE_UPLOAD_H
#define SMAIL__STORE_UPLOAD_H

#include "store/append.h"

/* How long an upload stays: a day is more than the hour that RFC 8620, 6.1
 * asks for. */
#define SMAIL__UPLOAD_SECONDS ((int64_t)24 * 3600)

/* Octets that the uploads of one account take at most. */
#define SMAIL__UPLOADS_MAX ((int64_t)1024 * 1024 * 1024)

/* Octets of a media type that are kept. */
#define SMAIL__UPLOAD_TYPE_MAX 255

/* Commit what was appended as an upload of `account`. SMAIL_EQUOTA. */
int smail__upload_commit(struct smail_append *append, smail_id account,
                         smail_span type, smail_error *err);

/* How an account comes to a blob. */
struct smail__blob_owned {
    smail_id email;                        /* 0: by an upload */
    char type[SMAIL__UPLOAD_TYPE_MAX + 1]; /* of an upload */
};

/* SMAIL_ENOTFOUND unless `account` has a message or an upload of these bytes. */
int smail__blob_own(struct smail__blob_owned *out, struct smail__db *db,
                    smail_id account, const unsigned char id[16],
                    smail_error *err);

#endif
