/* SPDX-License-Identifier: MIT */
/*
 * pack/pack.h - bytes made smaller, and back.
 *
 * A packer keeps what is dear to make anew for each message; any number of
 * threads may use it.
 */
#ifndef SMAIL__PACK_PACK_H
#define SMAIL__PACK_PACK_H

#include <pthread.h>

#include <smtpmail/error.h>

#include "base/buf.h"

/* What is kept: for so many threads at once. */
#define SMAIL__PACK_KEPT 8

struct smail__packer {
    pthread_mutex_t mutex;
    void *packing[SMAIL__PACK_KEPT];
    void *unpacking[SMAIL__PACK_KEPT];
    size_t packing_count, unpacking_count;
};

void smail__packer_init(struct smail__packer *packer);
void smail__packer_dispose(struct smail__packer *packer);

/* Append `bytes` packed: true, or false when that would save less than an
 * eighth, or there was no memory; `out` is then as it was. */
bool smail__pack(struct smail__buf *out, struct smail__packer *packer,
                 smail_span bytes);

/* Back to exactly `len` octets. SMAIL_ECORRUPT when it is not that. */
int smail__unpack(void *out, size_t len, struct smail__packer *packer,
                  smail_span packed, smail_error *err);

#endif
