/* SPDX-License-Identifier: MIT */
/* dkim.h - keys of a new domain. */
#ifndef MAILCTL_DKIM_H
#define MAILCTL_DKIM_H

#include "ctl.h"

/* One of each kind. */
int dkim_add_keys(struct ctl *ctl, const char *domain);

#endif
