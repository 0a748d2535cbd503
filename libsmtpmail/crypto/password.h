/* SPDX-License-Identifier: MIT */
/*
 * crypto/password.h - slow hashes for passwords that people choose: scrypt
 * (RFC 7914). Each call takes tens of milliseconds and 32 MiB: call it from a
 * bounded pool of workers.
 */
#ifndef SMAIL__CRYPTO_PASSWORD_H
#define SMAIL__CRYPTO_PASSWORD_H

#include <smtpmail/error.h>

/* "$scrypt$ln=15,r=8,p=1$<salt>$<hash>" with base64 without padding. */
#define SMAIL__PASSWORD_HASH_MAX 160

int smail__password_hash(char out[SMAIL__PASSWORD_HASH_MAX],
                         smail_span password, smail_error *err);

/*
 * 0 when `password` has this `hash`, SMAIL_EAUTH when not. `hash` empty: the
 * same time is spent for a user who does not exist. Costs in `hash` beyond the
 * limits are SMAIL_ECORRUPT, not a memory bomb.
 *
 * A hash of another server (crypto/foreign.h) takes its own time: until its
 * owner has logged in once, whoever measures wrong guesses may learn that the
 * account exists.
 */
int smail__password_check(smail_span hash, smail_span password,
                          smail_error *err);

/* A hash made elsewhere, as it is stored: one of ours, or of another server.
 * SMAIL_EINVAL, with what would be accepted. */
int smail__password_import(char out[SMAIL__PASSWORD_HASH_MAX], smail_span text,
                           smail_error *err);

/* True when `hash` was made by another server or with other costs than new
 * ones get. */
bool smail__password_is_outdated(smail_span hash);

#endif
