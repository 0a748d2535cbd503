/* SPDX-License-Identifier: MIT */
/*
 * jmap/blob.c - bytes by their id: "b" and 32 digits for a message or an
 * upload, "-3" behind it for its part 3, "-3-1" for part 1 of the message that
 * part 3 is. A blob is reached through a row of the account or not at all.
 */
#include "jmap/blob.h"

#include <stdlib.h>
#include <string.h>

#include <smtpmail/message.h>

#include "base/error.h"
#include "base/span.h"
#include "store/content.h"
#include "store/upload.h"

/* Messages in messages that an id goes into. */
#define LEVELS_MAX 8

struct smail__jmap_blob {
    smail_content *content; /* the bytes as they are stored, or ... */
    smail_buf part;         /* ... a part of them, decoded */
    bool is_part;
    char type[SMAIL__UPLOAD_TYPE_MAX + 1];
};

static int open_content(struct smail__jmap_blob *blob, struct smail__jmap *jmap,
                        smail_id account, const unsigned char *id,
                        smail_error *err)
{
    struct smail__blob_owned owned;
    struct smail__db *db;
    int code = smail__store_begin_read(&db, jmap->store, err);

    if (code < 0)
        return code;
    code = smail__blob_own(&owned, db, account, id, err);
    if (code == 0)
        code =
            smail__content_open_blob(&blob->content, jmap->store, db,
                                     (smail_span){ (const char *)id, 16 }, err);
    smail__store_end_read(jmap->store, db);
    if (code == 0)
        smail__format(blob->type, sizeof(blob->type), "%s",
                      owned.email != 0 ? "message/rfc822" : owned.type);
    return code;
}

/* All of it into `part`; parts are found in whole messages only. */
static int read_content(struct smail__jmap_blob *blob, smail_error *err)
{
    uint64_t size = smail_content_size(blob->content);
    int64_t got;

    if (size > SMAIL__JMAP_PARSED_MAX)
        size = SMAIL__JMAP_PARSED_MAX;
    blob->part.data = malloc((size_t)size + 1);
    if (blob->part.data == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    blob->part.capacity = (size_t)size + 1;
    got = smail_content_read(blob->part.data, blob->content, 0, (size_t)size,
                             err);
    if (got < 0)
        return (int)got;
    blob->part.len = (size_t)got;
    blob->part.data[got] = '\0';
    return 0;
}

/* `part` becomes its own part number `index`. */
static int descend(struct smail__jmap_blob *blob, size_t index,
                   smail_error *err)
{
    smail_message *message;
    smail_buf inner = SMAIL_BUF_INIT;
    const smail_part *part;
    int code = smail_message_parse(&message, smail__span_of(&blob->part), err);

    if (code < 0)
        return code;
    part = index < smail_message_part_count(message)
               ? smail_message_part(message, index)
               : NULL;
    if (part == NULL || part->is_multipart) {
        code = smail__fail(err, SMAIL_ENOTFOUND, "there is no such part");
    } else {
        code = smail_message_decode(&inner, message, index, err);
        smail__format(blob->type, sizeof(blob->type), "%s",
                      part->type != NULL ? part->type : "text/plain");
    }
    smail_message_free(message);
    if (code < 0) {
        smail_buf_dispose(&inner);
        return code;
    }
    smail_buf_dispose(&blob->part);
    blob->part = inner;
    return 0;
}

/* "-3" or "-3-1". */
static int open_parts(struct smail__jmap_blob *blob, smail_span parts,
                      smail_error *err)
{
    int code = read_content(blob, err);

    blob->is_part = true;
    for (int level = 0; code == 0 && parts.len > 0; level++) {
        smail_span rest = smail__span_from(parts, 1);
        smail_span number = smail__span_cut(&rest, '-');
        uint64_t index = 0;

        if (parts.data[0] != '-' || level == LEVELS_MAX || number.len > 6 ||
            (number.len > 1 && number.data[0] == '0') ||
            smail__span_number(&index, number) != 0)
            return smail__fail(err, SMAIL_ENOTFOUND, "there is no such blob");
        code = descend(blob, (size_t)index, err);
        parts = smail__span_from(parts, 1 + number.len);
    }
    return code;
}

int smail__jmap_blob_open(struct smail__jmap_blob **out,
                          struct smail__jmap *jmap, smail_id account,
                          smail_span blob_id, smail_error *err)
{
    struct smail__jmap_blob *blob;
    unsigned char id[16];
    smail_span parts;
    int code;

    if (!smail__jmap_blob_parse(id, &parts, blob_id))
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no such blob");
    blob = calloc(1, sizeof(*blob));
    if (blob == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    code = open_content(blob, jmap, account, id, err);
    if (code == 0 && parts.len > 0)
        code = open_parts(blob, parts, err);
    if (code < 0) {
        smail__jmap_blob_close(blob);
        return code;
    }
    *out = blob;
    return 0;
}

uint64_t smail__jmap_blob_size(const struct smail__jmap_blob *blob)
{
    return blob->is_part ? blob->part.len : smail_content_size(blob->content);
}

const char *smail__jmap_blob_type(const struct smail__jmap_blob *blob)
{
    return blob->type;
}

int64_t smail__jmap_blob_read(void *out, struct smail__jmap_blob *blob,
                              uint64_t offset, size_t len, smail_error *err)
{
    if (!blob->is_part)
        return smail_content_read(out, blob->content, offset, len, err);
    if (offset >= blob->part.len)
        return 0;
    if (len > blob->part.len - offset)
        len = (size_t)(blob->part.len - offset);
    memcpy(out, blob->part.data + offset, len);
    return (int64_t)len;
}

void smail__jmap_blob_close(struct smail__jmap_blob *blob)
{
    if (blob == NULL)
        return;
    smail_content_close(blob->content);
    smail_buf_dispose(&blob->part);
    free(blob);
}

int smail__jmap_blob_read_all(char **out, size_t *len, struct smail__jmap *jmap,
                              smail_id account, smail_span blob_id, size_t max,
                              smail_error *err)
{
    struct smail__jmap_blob *blob = NULL;
    int64_t got;
    int code = smail__jmap_blob_open(&blob, jmap, account, blob_id, err);

    if (code < 0)
        return code;
    if (smail__jmap_blob_size(blob) > max) {
        smail__jmap_blob_close(blob);
        return smail__fail(err, SMAIL_ELIMIT, "the blob is too large");
    }
    *len = (size_t)smail__jmap_blob_size(blob);
    *out = malloc(*len + 1);
    if (*out == NULL) {
        smail__jmap_blob_close(blob);
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    }
    got = smail__jmap_blob_read(*out, blob, 0, *len, err);
    smail__jmap_blob_close(blob);
    if (got < 0) {
        free(*out);
        return (int)got;
    }
    *len = (size_t)got;
    (*out)[*len] = '\0';
    return 0;
}
