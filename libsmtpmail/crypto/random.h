/* SPDX-License-Identifier: MIT */
/* crypto/random.h - randomness that an attacker cannot guess (getrandom). */
#ifndef SMAIL__CRYPTO_RANDOM_H
#define SMAIL__CRYPTO_RANDOM_H

#include <smtpmail/error.h>

int smail__random(void *out, size_t len, smail_error *err);

#endif
