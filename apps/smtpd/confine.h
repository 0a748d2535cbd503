/* SPDX-License-Identifier: MIT */
/*
 * confine.h - what smtpd gives up on its way up, in this order: once its ports
 * are bound, root; before any thread, all paths but its own; when all is set
 * up, most system calls.
 */
#ifndef SMTPD_CONFINE_H
#define SMTPD_CONFINE_H

#include "config/config.h"
#include "options.h"
#include "server/privilege.h"

struct confinement {
    struct smail__privilege privilege;
    bool is_wanted;
    int landlock; /* its version; 0: this kernel has none */
    bool has_seccomp;
};

int confine_rights(struct confinement *out, const struct options *options,
                   const struct smail__config *config, const char *store,
                   smail_error *err);
int confine_calls(struct confinement *confinement, smail_error *err);

/* To the log: what is on, and what is not and why. */
void confine_report(const struct confinement *confinement,
                    const struct smail__config *config,
                    const struct smail__log *log);

#endif
