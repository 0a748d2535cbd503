/* SPDX-License-Identifier: MIT */
/* jmap/email_filter.h - a filter of Email/query as the store takes it. */
#ifndef SMAIL__JMAP_EMAIL_FILTER_H
#define SMAIL__JMAP_EMAIL_FILTER_H

#include "jmap/call.h"
#include "store/email_query.h"

/* SMAIL__JMAP_REFUSED: "unsupportedFilter", "invalidArguments". */
int smail__jmap_email_filter(struct smail__filter **out,
                             struct smail__jmap_call *call,
                             const struct smail__json_value *value,
                             smail_error *err);

#endif
