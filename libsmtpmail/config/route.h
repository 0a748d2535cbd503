/* SPDX-License-Identifier: MIT */
/* config/route.h - sections [route NAME]: by which way mail leaves. */
#ifndef SMAIL__CONFIG_ROUTE_H
#define SMAIL__CONFIG_ROUTE_H

#include "config/key.h"

bool smail__route_section(smail_span section);

/* SMAIL_EINVAL with the nearest key for one that is not known, for one that
 * was given twice, and for a value that makes no sense. */
int smail__route_set(struct smail__config *config, smail_span section,
                     smail_span name, smail_span value, smail_error *err);

/* What one key cannot know of another; NULL: all is well. */
const char *smail__route_fault(const struct smail__config *config);

void smail__route_dispose(struct smail__config *config);

#endif
