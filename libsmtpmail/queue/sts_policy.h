/* SPDX-License-Identifier: MIT */
/* queue/sts_policy.h - policies of MTA-STS, kept for as long as they say
 * (RFC 8461, 5.1). */
#ifndef SMAIL__QUEUE_STS_POLICY_H
#define SMAIL__QUEUE_STS_POLICY_H

#include "store/store.h"
#include "verify/sts.h"

struct smail__sts_cached {
    char id[SMAIL__STS_ID_MAX + 1];
    enum smail__sts_mode mode;
    char *hosts; /* the caller's, to be freed */
    int64_t fetched_at, expires_at;
};

/* 1 and the policy; 0: there is none that still holds. */
int smail__sts_policy_find(struct smail__sts_cached *out, struct smail__db *db,
                           const char *domain, int64_t now, smail_error *err);

/* In a job. It takes the place of the one that was there. */
int smail__sts_policy_save(smail_tx *tx, const char *domain,
                           const struct smail__sts_cached *policy,
                           smail_error *err);

/* In a job: forget what holds no more. */
int smail__sts_policy_trim(smail_tx *tx, int64_t now, smail_error *err);

#endif
