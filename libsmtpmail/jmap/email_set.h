/* SPDX-License-Identifier: MIT */
/* jmap/email_set.h - Email/set, also as what a submission brings about. */
#ifndef SMAIL__JMAP_EMAIL_SET_H
#define SMAIL__JMAP_EMAIL_SET_H

#include "jmap/method.h"

/* Parts of it on lists of keys, each a text of the request. */
int smail__jmap_email_update_all(struct smail__jmap_set *set,
                                 const struct smail__json_value *map,
                                 smail_error *err);
int smail__jmap_email_destroy_ids(struct smail__jmap_set *set,
                                  const smail_span *keys, size_t count,
                                  smail_error *err);

#endif
