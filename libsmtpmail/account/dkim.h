/* SPDX-License-Identifier: MIT */
/* account/dkim.h - the private halves, for those who sign. */
#ifndef SMAIL__ACCOUNT_DKIM_H
#define SMAIL__ACCOUNT_DKIM_H

#include <smtpmail/dkim.h>

#include "base/buf.h"
#include "verify/dkim_sign.h"

/* Keys of one domain that sign at once. */
#define SMAIL__DKIM_KEYS_MAX 8

struct smail__dkim_keys {
    struct smail__dkim_key list[SMAIL__DKIM_KEYS_MAX];
    size_t count;
    struct smail__buf text; /* what they point into; wiped */
};

void smail__dkim_keys_init(struct smail__dkim_keys *keys);
void smail__dkim_keys_dispose(struct smail__dkim_keys *keys);

/* Those in force; none is fine. `domain` in A-labels, lower case. */
int smail__dkim_keys_load(struct smail__dkim_keys *keys, smail_store *store,
                          const char *domain, smail_error *err);

#endif
