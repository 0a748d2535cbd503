/* SPDX-License-Identifier: MIT */
/*
 * verify/dkim_sign.h - DKIM signatures (RFC 6376, RFC 8463): relaxed/relaxed,
 * by any number of keys at once. No I/O, no clock.
 *
 *    smail__dkim_signer_new(&signer)
 *    smail__dkim_signer_feed(signer, piece) ...        the message, as it is sent
 *    smail__dkim_signer_sign(out, signer, keys, ...)   goes in front of it
 */
#ifndef SMAIL__VERIFY_DKIM_SIGN_H
#define SMAIL__VERIFY_DKIM_SIGN_H

#include "base/buf.h"
#include "crypto/sign.h"

/* How long a signature holds: longer than any queue, and no longer. */
#define SMAIL__DKIM_SECONDS (14 * 86400)

/* A header beyond this is not signed. */
#define SMAIL__DKIM_HEADER_MAX ((size_t)256 * 1024)

struct smail__dkim_signer;

struct smail__dkim_key {
    enum smail__sign_algorithm algorithm;
    smail_span domain, selector;
    smail_span key;                  /* PKCS #8 */
    struct smail__sign_cache *cache; /* or NULL */
};

int smail__dkim_signer_new(struct smail__dkim_signer **out);
void smail__dkim_signer_free(struct smail__dkim_signer *signer);

/* Pieces of any size; what goes wrong shows in sign(). */
void smail__dkim_signer_feed(struct smail__dkim_signer *signer,
                             smail_span piece);

/* The header so far, once all was fed. */
smail_span smail__dkim_signer_header(const struct smail__dkim_signer *signer);

/* Append a field DKIM-Signature for each key. SMAIL_ELIMIT for a header that
 * is too long. Once. */
int smail__dkim_signer_sign(struct smail__buf *out,
                            struct smail__dkim_signer *signer,
                            const struct smail__dkim_key *keys, size_t count,
                            int64_t now, smail_error *err);

#endif
