/* SPDX-License-Identifier: MIT */
/*
 * smtpmail/dkim.h - the keys by which mail of our domains is signed
 * (RFC 6376, RFC 8463).
 *
 * What accounts send to other hosts is signed with every key in force of the
 * domain in From, RSA and Ed25519 at once. A record in DNS publishes the other
 * half of each.
 */
#ifndef SMAIL_DKIM_H
#define SMAIL_DKIM_H

#include <smtpmail/account.h>

SMAIL_BEGIN_DECLS

typedef enum smail_dkim_algorithm {
    SMAIL_DKIM_RSA,    /**< rsa-sha256, 2048 bits: everybody knows it. */
    SMAIL_DKIM_ED25519 /**< ed25519-sha256. */
} smail_dkim_algorithm;

typedef struct smail_dkim_key {
    const char *domain;
    const char *selector;
    smail_dkim_algorithm algorithm;
    int64_t created_at;
    int64_t retired_at; /**< It signs no more, but its record is still needed
                             for mail under way; 0: it signs. */
    const char *name;   /**< Of the record: "s1._domainkey.example.org". */
    const char *text;   /**< Its TXT: "v=DKIM1; k=rsa; p=...". */
} smail_dkim_key;

/**
 * A new key; the domain must be here. `selector` NULL makes one up from `now`
 * and the algorithm. SMAIL_EEXISTS when there is one of that name.
 */
SMAIL_API int smail_dkim_keygen(smail_store *store, const char *domain,
                                smail_dkim_algorithm algorithm,
                                const char *selector, int64_t now,
                                smail_error *err);

/**
 * New keys for those that sign, which are retired: they sign no more. Publish
 * the new records first where mail must not be without: keygen() does that,
 * and retire() what is old.
 */
SMAIL_API int smail_dkim_rotate(smail_store *store, const char *domain,
                                int64_t now, smail_error *err);

/** SMAIL_ENOTFOUND. */
SMAIL_API int smail_dkim_retire(smail_store *store, const char *domain,
                                const char *selector, int64_t now,
                                smail_error *err);

/** For good: its record is of no use any more. SMAIL_ENOTFOUND. */
SMAIL_API int smail_dkim_remove(smail_store *store, const char *domain,
                                const char *selector, smail_error *err);

/** `domain` NULL: all. What the key points at is good during the call. */
SMAIL_API int smail_dkim_list(smail_store *store, const char *domain,
                              int (*each)(const smail_dkim_key *key,
                                          void *user),
                              void *user, smail_error *err);

SMAIL_END_DECLS

#endif
