/* SPDX-License-Identifier: MIT */
/*
 * account/lookup.h - questions to the rows of domains, addresses and aliases,
 * on a connection that the caller holds: a reader's or the writer's.
 *
 * All answer SMAIL_ENOTFOUND without filling in `err`, for only the caller
 * knows what it means.
 */
#ifndef SMAIL__ACCOUNT_LOOKUP_H
#define SMAIL__ACCOUNT_LOOKUP_H

#include "account/name.h"
#include "store/store.h"

/* Aliases that one address may lead through; more is a tangle. */
#define SMAIL__ALIASES_MAX 100

int smail__lookup_domain(smail_id *out, struct smail__db *db,
                         const char *domain, smail_error *err);

/* The account that has exactly this address. */
int smail__lookup_account(smail_id *out, struct smail__db *db, smail_id domain,
                          const char *local, smail_error *err);

/* The account whose first address this is, folded. It finds one whose removal
 * was cut short too. */
int smail__lookup_address(smail_id *out, struct smail__db *db,
                          const char *address, smail_error *err);

/* Is there exactly this alias? */
int smail__lookup_alias(struct smail__db *db, smail_id domain,
                        const char *local, smail_error *err);

/* What an account may hold and holds. */
struct smail__room {
    uint64_t quota, used; /* octets; quota 0: no limit */
    bool is_full;         /* of messages */
};

/* A list longer than this is not asked whether all its members are full. */
#define SMAIL__ROOMS_MAX 16

/*
 * Whose mail `name` is, as smail_address_resolve() says. `is_exact` follows no
 * catch-all and no plus. `origin` may be NULL; if following the aliases comes
 * by it the answer is SMAIL_ESTATE.
 *
 * Targets in domains that are not here are put into `outside`, a newline behind
 * each; the buffer is the caller's. When that is NULL they are counted, and if
 * there is nothing else the answer is SMAIL_ESTATE.
 */
struct smail__resolve {
    struct smail__room *rooms; /* NULL, or as many as that: of the first */
    smail_id *out;
    size_t max;
    size_t count;
    bool is_exact;
    const struct smail__name *origin;
    struct smail__buf *outside;
    size_t outside_count;
};

/* Octets of the longest list of those outside. */
#define SMAIL__OUTSIDE_MAX ((size_t)SMAIL_RESOLVED_MAX * SMAIL__NAME_SIZE)

int smail__lookup_resolve(struct smail__resolve *resolve, struct smail__db *db,
                          const struct smail__name *name, smail_error *err);

/* As smail_address_resolve(): one state of the store answers it all. */
int smail__address_resolve(struct smail__resolve *resolve, smail_store *store,
                           const smail_path *recipient, smail_error *err);

#endif
