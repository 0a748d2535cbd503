/* SPDX-License-Identifier: MIT */
/* jmap/filter_tree.h - filters of small lists, evaluated as they came
 * (RFC 8620, 5.5). */
#ifndef SMAIL__JMAP_FILTER_TREE_H
#define SMAIL__JMAP_FILTER_TREE_H

#include "jmap/call.h"

/* A member of a condition: other than 0 when it is not known, or does not
 * hold. */
typedef int smail__jmap_member(smail_span key,
                               const struct smail__json_value *value,
                               void *user);

/* Is it well formed? SMAIL__JMAP_REFUSED. */
int smail__jmap_tree_check(struct smail__jmap_call *call,
                           const struct smail__json_value *filter,
                           smail__jmap_member *is_unknown);

/* Of one that was checked. */
bool smail__jmap_tree_matches(const struct smail__json_value *filter,
                              smail__jmap_member *fails, void *user);

#endif
