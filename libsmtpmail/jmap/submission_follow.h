/* SPDX-License-Identifier: MIT */
/*
 * jmap/submission_follow.h - what a submission does to its email: the implicit
 * Email/set behind EmailSubmission/set (RFC 8621, 7.5).
 */
#ifndef SMAIL__JMAP_SUBMISSION_FOLLOW_H
#define SMAIL__JMAP_SUBMISSION_FOLLOW_H

#include "jmap/method.h"

/* What became of one email that the implicit Email/set speaks of. */
struct smail__jmap_follow_up {
    smail_id email;
    bool is_destroy;
    bool is_done; /* in the transaction of the submission */
    const struct smail__json_value *patch;
};

struct smail__jmap_follow {
    const struct smail__json_value *update_email; /* onSuccessUpdateEmail */
    const struct smail__json_value *destroy_email;
    struct smail__jmap_follow_up *list;
    size_t count, room;
};

int smail__jmap_follow_add(struct smail__jmap_follow *follow,
                           const struct smail__jmap_follow_up *one,
                           smail_error *err);

/* The patch that is meant for the object `key`, which was created or was
 * there; NULL: none. */
const struct smail__json_value *smail__jmap_follow_patch(
    const struct smail__jmap_follow *follow, smail_span key, bool is_new);
bool smail__jmap_follow_destroys(const struct smail__jmap_follow *follow,
                                 smail_span key, bool is_new);

/* Do what is not done, and write the response of Email/set. */
int smail__jmap_follow_put(struct smail__jmap_call *call,
                           const struct smail__jmap_follow *follow,
                           const char *old_state, smail_error *err);

#endif
