/* SPDX-License-Identifier: MIT */
/* options.c - "--name value", "--name=value", and help. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/span.h"

enum name {
    CONFIG,
    STORE,
    HOSTNAME,
    LISTEN,
    READY_FILE,
    LOG_LEVEL,
    LOG_FORMAT,
    DISCARD,
    CAPTURE,
    CHECK,
    HELP,
    VERSION
};

static const struct {
    const char *name;
    const char *value; /* what it wants; NULL: nothing */
    const char *help;
} known[] = {
    [CONFIG] = { "config", "FILE", "settings; else " SMAIL__CONFIG_PATH },
    [STORE] = { "store", "URL",
                "where mail is kept, as sqlite:PATH; else $SMTPMAIL_STORE,\n"
                "else the config's, else " SMAIL__CONFIG_STORE },
    [HOSTNAME] = { "hostname", "NAME", "our name in greetings" },
    [LISTEN] = { "listen", "KIND:ADDR:PORT",
                 "KIND is smtp, submission, submissions or lmtp; may be\n"
                 "given again; port 0 lets the system choose" },
    [READY_FILE] = { "ready-file", "PATH",
                     "write \"KIND ADDR PORT\" lines there when all are up" },
    [LOG_LEVEL] = { "log-level", "L", "error, warning, info or debug" },
    [LOG_FORMAT] = { "log-format", "F", "text or json" },
    [DISCARD] = { "discard", NULL,
                  "take every message for anybody and drop it; no store" },
    [CAPTURE] = { "capture", "DIR",
                  "take every message for anybody and write it into DIR,\n"
                  "one .eml file each; no store" },
    [CHECK] = { "check", NULL, "look at all settings, then exit" },
    [HELP] = { "help", NULL, "this text" },
    [VERSION] = { "version", NULL, "which release this is" },
};

#define KNOWN (sizeof(known) / sizeof(known[0]))

static int set(struct options *out, size_t name, const char *value,
               smail_error *err)
{
    switch ((enum name)name) {
    case CONFIG:
        out->config = value;
        break;
    case STORE:
        out->store = value;
        break;
    case HOSTNAME:
        out->hostname = value;
        break;
    case LISTEN:
        return smail__listen_add(&out->listens, smail__span(value), err);
    case READY_FILE:
        out->ready_file = value;
        break;
    case LOG_LEVEL:
        out->log_level = value;
        break;
    case LOG_FORMAT:
        out->log_format = value;
        break;
    case DISCARD:
        out->discard = true;
        break;
    case CAPTURE:
        out->capture = value;
        break;
    case CHECK:
        out->check = true;
        break;
    case HELP:
        out->help = true;
        break;
    case VERSION:
        out->version = true;
        break;
    }
    return 0;
}

static size_t find(smail_span name)
{
    size_t i = 0;

    while (i < KNOWN && !smail__span_is(name, known[i].name))
        i++;
    return i;
}

static int check_words(const struct options *options, smail_error *err)
{
    enum smail__log_level level;

    if (options->log_level != NULL &&
        smail__log_level_parse(&level, smail__span(options->log_level)) != 0)
        return smail__fail(err, SMAIL_EINVAL,
                           "--log-level %s: must be error, warning, info or "
                           "debug",
                           options->log_level);
    if (options->log_format != NULL &&
        strcmp(options->log_format, "text") != 0 &&
        strcmp(options->log_format, "json") != 0)
        return smail__fail(err, SMAIL_EINVAL,
                           "--log-format %s: must be text or json",
                           options->log_format);
    if (options->discard && options->capture != NULL)
        return smail__fail(err, SMAIL_EINVAL,
                           "--discard and --capture do not go together: one "
                           "drops what the other keeps");
    return 0;
}

int options_parse(struct options *out, int argc, char **argv, smail_error *err)
{
    int rc = 0;

    memset(out, 0, sizeof(*out));
    for (int i = 1; i < argc && rc == 0; i++) {
        smail_span rest = smail__span(argv[i]), name;
        const char *value = NULL;
        size_t which;

        if (rest.len < 3 || memcmp(rest.data, "--", 2) != 0)
            return smail__fail(err, SMAIL_EINVAL,
                               "'%s' is not an option; see smtpd --help",
                               argv[i]);
        rest = smail__span_from(rest, 2);
        if (memchr(rest.data, '=', rest.len) != NULL)
            value = strchr(argv[i], '=') + 1;
        name = smail__span_cut(&rest, '=');
        which = find(name);
        if (which == KNOWN)
            return smail__fail(err, SMAIL_EINVAL,
                               "there is no option --%.*s; see smtpd --help",
                               SMAIL__SPAN_ARG(name));
        if (known[which].value == NULL && value != NULL)
            return smail__fail(err, SMAIL_EINVAL, "--%s takes no value",
                               known[which].name);
        if (known[which].value != NULL && value == NULL)
            value = ++i < argc ? argv[i] : NULL;
        if (known[which].value != NULL && value == NULL)
            return smail__fail(err, SMAIL_EINVAL,
                               "--%s wants a value: %s; see smtpd --help",
                               known[which].name, known[which].value);
        rc = set(out, which, value, err);
    }
    return rc == 0 ? check_words(out, err) : rc;
}

void options_help(void)
{
    puts("smtpd - receive mail by SMTP, submission and LMTP\n\n"
         "usage: smtpd [OPTION]...\n");
    for (size_t i = 0; i < KNOWN; i++) {
        const char *line = known[i].help;
        char head[32];

        snprintf(head, sizeof(head), "--%s %s", known[i].name,
                 known[i].value != NULL ? known[i].value : "");
        while (line != NULL) {
            const char *next = strchr(line, '\n');
            int len = next != NULL ? (int)(next - line) : (int)strlen(line);

            printf("  %-24s%.*s\n", head, len, line);
            head[0] = '\0';
            line = next != NULL ? next + 1 : NULL;
        }
    }
    puts("\nSIGTERM ends it when what was begun is finished, a second one at "
         "once;\nSIGHUP reads the certificate anew.");
}
