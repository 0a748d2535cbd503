/* SPDX-License-Identifier: MIT */
/* jmap/upload.c - bytes on their way in (RFC 8620, 6.1). */
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "jmap/internal.h"
#include "store/upload.h"
#include "json/write.h"

struct smail__jmap_upload {
    struct smail__jmap *jmap;
    smail_id account;
    smail_append *append;
    char *type;
    bool is_counted;
};

/* One more, or one less, of the account's uploads. False: it has enough, or
 * everybody together. */
static bool count(struct smail__jmap *jmap, smail_id account, int by)
{
    struct smail__jmap_busy *slot = NULL;
    bool fits = false;

    pthread_mutex_lock(&jmap->mutex);
    for (size_t i = 0; i < SMAIL__JMAP_BUSY_MAX; i++) {
        struct smail__jmap_busy *at = &jmap->busy[i];

        if (at->uploads > 0 && at->account == account) {
            slot = at;
            break;
        }
        if (at->uploads == 0 && slot == NULL)
            slot = at;
    }
    if (slot != NULL && by < 0) {
        slot->uploads--;
        fits = true;
    } else if (slot != NULL && slot->uploads < jmap->limits.uploads) {
        slot->account = account;
        slot->uploads++;
        fits = true;
    }
    pthread_mutex_unlock(&jmap->mutex);
    return fits;
}

int smail__jmap_upload_begin(struct smail__jmap_upload **out,
                             struct smail__jmap *jmap, smail_id account,
                             smail_span type, smail_error *err)
{
    struct smail__jmap_upload *upload = calloc(1, sizeof(*upload));
    int code;

    if (upload == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    upload->jmap = jmap;
    upload->account = account;
    upload->type =
        smail__spandup(smail__span_slice(type, 0, SMAIL__UPLOAD_TYPE_MAX));
    upload->is_counted = count(jmap, account, 1);
    if (upload->type == NULL)
        code = smail__fail(err, SMAIL_ENOMEM, "out of memory");
    else if (!upload->is_counted)
        code = smail__fail(err, SMAIL_ELIMIT,
                           "at most %u uploads at the same time",
                           jmap->limits.uploads);
    else
        code = smail_append_new(&upload->append, jmap->store, err);
    if (code < 0) {
        smail__jmap_upload_free(upload);
        return code;
    }
    *out = upload;
    return 0;
}

int smail__jmap_upload_write(struct smail__jmap_upload *upload,
                             smail_span bytes, smail_error *err)
{
    uint64_t max = upload->jmap->limits.upload_size;
    uint64_t size = smail_append_size(upload->append);

    if (bytes.len > max - size)
        return smail__fail(err, SMAIL_ELIMIT,
                           "an upload has at most %llu octets",
                           (unsigned long long)max);
    return smail_append_write(upload->append, bytes, err);
}

int smail__jmap_upload_finish(struct smail__buf *out,
                              struct smail__jmap_upload *upload,
                              smail_error *err)
{
    char account[SMAIL__JMAP_ID_SIZE], blob[40];
    struct smail__json json;
    int code = smail__upload_commit(upload->append, upload->account,
                                    smail__span(upload->type), err);

    if (code < 0)
        return code;
    smail__jmap_id_text(account, SMAIL__JMAP_ACCOUNT, upload->account);
    smail__format(blob, sizeof(blob), "b%s", smail_append_id(upload->append));
    smail__json_init(&json, out);
    smail__json_begin_object(&json);
    smail__json_key(&json, "accountId");
    smail__json_string(&json, account);
    smail__json_key(&json, "blobId");
    smail__json_string(&json, blob);
    smail__json_key(&json, "type");
    smail__json_string(&json, upload->type[0] != '\0'
                                  ? upload->type
                                  : "application/octet-stream");
    smail__json_key(&json, "size");
    smail__json_uint(&json, smail_append_size(upload->append));
    smail__json_end_object(&json);
    return smail__buf_error(out);
}

void smail__jmap_upload_free(struct smail__jmap_upload *upload)
{
    if (upload == NULL)
        return;
    if (upload->is_counted)
        (void)count(upload->jmap, upload->account, -1);
    smail_append_free(upload->append);
    free(upload->type);
    free(upload);
}
