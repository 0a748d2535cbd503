/* SPDX-License-Identifier: MIT */
/* pack/pack.c - see pack/pack.h; by libzstd. */
#include "pack/pack.h"

#include <string.h>

#include <zstd.h>

#include "base/error.h"

/* The fastest that looks for words and not only for repetitions; those above
 * win a hundredth on mail and cost twice as much. */
#define LEVEL 1

static void *take(struct smail__packer *packer, void **kept, size_t *count)
{
    void *context = NULL;

    pthread_mutex_lock(&packer->mutex);
    if (*count > 0)
        context = kept[--*count];
    pthread_mutex_unlock(&packer->mutex);
    return context;
}

static bool give(struct smail__packer *packer, void **kept, size_t *count,
                 void *context)
{
    bool has_room;

    pthread_mutex_lock(&packer->mutex);
    has_room = *count < SMAIL__PACK_KEPT;
    if (has_room)
        kept[(*count)++] = context;
    pthread_mutex_unlock(&packer->mutex);
    return has_room;
}

void smail__packer_init(struct smail__packer *packer)
{
    memset(packer, 0, sizeof(*packer));
    pthread_mutex_init(&packer->mutex, NULL);
}

void smail__packer_dispose(struct smail__packer *packer)
{
    while (packer->packing_count > 0)
        ZSTD_freeCCtx(packer->packing[--packer->packing_count]);
    while (packer->unpacking_count > 0)
        ZSTD_freeDCtx(packer->unpacking[--packer->unpacking_count]);
    pthread_mutex_destroy(&packer->mutex);
}

bool smail__pack(struct smail__buf *out, struct smail__packer *packer,
                 smail_span bytes)
{
    size_t most = bytes.len - bytes.len / 8, got;
    ZSTD_CCtx *context = take(packer, packer->packing, &packer->packing_count);

    if (context == NULL)
        context = ZSTD_createCCtx();
    if (context == NULL || smail__buf_reserve(out, most) != 0) {
        ZSTD_freeCCtx(context);
        return false;
    }
    got = ZSTD_compressCCtx(context, out->data + out->len, most, bytes.data,
                            bytes.len, LEVEL);
    if (!give(packer, packer->packing, &packer->packing_count, context))
        ZSTD_freeCCtx(context);
    if (ZSTD_isError(got) || got >= most)
        return false;
    out->len += got;
    out->data[out->len] = '\0';
    return true;
}

int smail__unpack(void *out, size_t len, struct smail__packer *packer,
                  smail_span packed, smail_error *err)
{
    ZSTD_DCtx *context =
        take(packer, packer->unpacking, &packer->unpacking_count);
    size_t got;

    if (context == NULL)
        context = ZSTD_createDCtx();
    if (context == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    got = ZSTD_decompressDCtx(context, out, len, packed.data, packed.len);
    if (!give(packer, packer->unpacking, &packer->unpacking_count, context))
        ZSTD_freeDCtx(context);
    if (ZSTD_isError(got))
        return smail__fail(err, SMAIL_ECORRUPT, "cannot be unpacked: %s",
                           ZSTD_getErrorName(got));
    if (got != len)
        return smail__fail(err, SMAIL_ECORRUPT,
                           "unpacks to %zu octets instead of %zu", got, len);
    return 0;
}
