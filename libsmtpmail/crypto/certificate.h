/* SPDX-License-Identifier: MIT */
/* crypto/certificate.h - what others see of our certificate, for records in
   DNS that name it (RFC 6698, 2.1). */
#ifndef SMAIL__CRYPTO_CERTIFICATE_H
#define SMAIL__CRYPTO_CERTIFICATE_H

#include <smtpmail/error.h>

#include "base/buf.h"

struct smail__certificate;

/*
 * The one that a client gets who asks for `host`: of `paths`, PEM files parted
 * by commas, the first that is for it, or else the first of all. The error
 * names the file.
 */
int smail__certificate_open(struct smail__certificate **out, const char *paths,
                            const char *host, smail_error *err);
void smail__certificate_free(struct smail__certificate *certificate);

/* Is `host` one of its names? */
bool smail__certificate_is_for(const struct smail__certificate *certificate,
                               const char *host);

/* Append the data of a TLSA record: `selector` 0 all of it, 1 its key;
   `matching` 0 as it is, 1 SHA-256, 2 SHA-512. */
int smail__certificate_data(struct smail__buf *out,
                            const struct smail__certificate *certificate,
                            unsigned selector, unsigned matching,
                            smail_error *err);

#endif
