/* SPDX-License-Identifier: MIT */
/*
 * crypto/foreign.h - password hashes that another mail server made, as
 * libcrypt computes them, so that nobody needs a new password on the day the
 * server changes:
 *
 *   $2a$ $2b$ $2y$   bcrypt
 *   $5$ $6$          SHA-crypt, of SHA-256 and SHA-512
 *   $y$              yescrypt
 *
 * The scheme that Dovecot writes in front of them ({BLF-CRYPT}, {SHA256-CRYPT},
 * {SHA512-CRYPT}, {CRYPT}) is dropped. They live until their owner logs in:
 * then the password is hashed anew, by scrypt.
 */
#ifndef SMAIL__CRYPTO_FOREIGN_H
#define SMAIL__CRYPTO_FOREIGN_H

#include <smtpmail/error.h>

/* The longest that is accepted has 139 characters; and a NUL. */
#define SMAIL__FOREIGN_MAX 160

/*
 * What a check may cost. bcrypt: 2^cost rounds, a second at 14. SHA-crypt: as
 * long at a million rounds. yescrypt: what the largest scrypt hash may cost.
 */
#define SMAIL__BCRYPT_COST_MIN 4
#define SMAIL__BCRYPT_COST_MAX 14
#define SMAIL__SHACRYPT_ROUNDS_MIN 1000
#define SMAIL__SHACRYPT_ROUNDS_MAX 1000000
#define SMAIL__YESCRYPT_MEMORY_MIN (1u << 20)
#define SMAIL__YESCRYPT_MEMORY_MAX (128u << 20)
#define SMAIL__YESCRYPT_WORK_MAX (1u << 30) /* memory by p */

/* Octets of a password that libcrypt takes, and that bcrypt looks at. */
#define SMAIL__FOREIGN_PASSWORD_MAX 511
#define SMAIL__BCRYPT_PASSWORD_MAX 72

/* Without its scheme, when it is one of the above to the last character and
 * within the limits. SMAIL_EINVAL, with what would be accepted. */
int smail__foreign_read(char out[SMAIL__FOREIGN_MAX], smail_span text,
                        smail_error *err);

/* A stored hash of this kind, by its first characters. */
bool smail__foreign_is(smail_span hash);

/* 0; SMAIL_EAUTH, also for a password with a NUL, of which libcrypt would see
 * only the front; SMAIL_ECORRUPT for a hash that is none of the above. */
int smail__foreign_check(smail_span hash, smail_span password,
                         smail_error *err);

/* False for octets behind those that bcrypt looks at: that the password was
 * right does not say that these are. */
bool smail__foreign_covers(smail_span hash, smail_span password);

#endif
