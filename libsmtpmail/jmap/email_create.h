/* SPDX-License-Identifier: MIT */
/* jmap/email_create.h - "create" of Email/set. */
#ifndef SMAIL__JMAP_EMAIL_CREATE_H
#define SMAIL__JMAP_EMAIL_CREATE_H

#include "jmap/method.h"

int smail__jmap_email_create(struct smail__jmap_set *set,
                             const struct smail__json_value *object,
                             smail_error *err);

#endif
