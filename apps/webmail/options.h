/* SPDX-License-Identifier: MIT */
/* webmail/options.h - the command line. */
#ifndef WEBMAIL_OPTIONS_H
#define WEBMAIL_OPTIONS_H

#include <smtpmail/error.h>

struct options {
    const char *config; /* NULL: the usual place, if there is a file */
    const char *store;
    const char *listen;
    const char *tls_listen;
    const char *ready_file;
    const char *log_level;
    const char *log_format;
    bool help, version;
};

/* SMAIL_EINVAL with what is wrong and what to do. */
int options_parse(struct options *out, int argc, char **argv, smail_error *err);

void options_help(void);

#endif
