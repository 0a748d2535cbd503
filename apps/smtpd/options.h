/* SPDX-License-Identifier: MIT */
/* options.h - the command line of smtpd. */
#ifndef SMTPD_OPTIONS_H
#define SMTPD_OPTIONS_H

#include "config/config.h"

struct options {
    const char *config; /* NULL: the usual place, if there is a file */
    const char *store;
    const char *hostname;
    const char *ready_file;
    const char *log_level;
    const char *log_format;
    const char *capture;           /* a folder */
    struct smail__listens listens; /* given ones stand for the config's */
    bool discard, check, help, version;
};

/* SMAIL_EINVAL with what is wrong and what to do. */
int options_parse(struct options *out, int argc, char **argv, smail_error *err);

void options_help(void);

#endif
