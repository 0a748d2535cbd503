/* SPDX-License-Identifier: MIT */
/*
 * server/confine.h - what a program of ours gives up on its way up, in this
 * order: once its ports are bound, root; before any thread, all paths but its
 * own; when all is set up, most system calls.
 */
#ifndef SMAIL__SERVER_CONFINE_H
#define SMAIL__SERVER_CONFINE_H

#include "config/config.h"
#include "server/privilege.h"

struct smail__confinement {
    struct smail__privilege privilege;
    bool is_wanted;
    int landlock; /* its version; 0: this kernel has none */
    bool has_seccomp;
};

/* What it needs beside what the config names. All may be NULL. */
struct smail__confine_places {
    const char *config; /* a file; NULL: the usual one */
    const char *store;  /* a URL */
    const char *ready_file;
    const char *folder; /* to write in; made if it is not there */
};

int smail__confine_rights(struct smail__confinement *out,
                          const struct smail__config *config,
                          const struct smail__confine_places *places,
                          smail_error *err);
int smail__confine_calls(struct smail__confinement *confinement,
                         smail_error *err);

/* To the log: what is on, and what is not and why. */
void smail__confine_report(const struct smail__confinement *confinement,
                           const struct smail__config *config,
                           const struct smail__log *log);

#endif
