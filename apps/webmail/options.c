/* SPDX-License-Identifier: MIT */
/* webmail/options.c - "--name value", "--name=value", and help. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/span.h"
#include "config/config.h"

/* Where each value goes; "" for those that are yes or no. */
static const struct {
    const char *name;
    const char *value;
    size_t offset;
    const char *help;
} known[] = {
    { "config", "FILE", offsetof(struct options, config),
      "settings; else " SMAIL__CONFIG_PATH },
    { "store", "URL", offsetof(struct options, store),
      "where mail is kept, as sqlite:PATH; else $SMTPMAIL_STORE,\n"
      "else the config's, else " SMAIL__CONFIG_STORE },
    { "listen", "ADDR:PORT", offsetof(struct options, listen),
      "serve in the clear there; port 0 lets the system choose" },
    { "tls-listen", "ADDR:PORT", offsetof(struct options, tls_listen),
      "serve under TLS there; needs a certificate in the config" },
    { "ready-file", "PATH", offsetof(struct options, ready_file),
      "write \"http ADDR PORT\" and \"https ADDR PORT\" there when\nall are "
      "up" },
    { "log-level", "L", offsetof(struct options, log_level),
      "error, warning, info or debug" },
    { "log-format", "F", offsetof(struct options, log_format), "text or json" },
    { "help", NULL, offsetof(struct options, help), "this text" },
    { "version", NULL, offsetof(struct options, version),
      "which release this is" },
};

#define KNOWN (sizeof(known) / sizeof(known[0]))

static size_t find(smail_span name)
{
    size_t i = 0;

    while (i < KNOWN && !smail__span_is(name, known[i].name))
        i++;
    return i;
}

static void set(struct options *out, size_t which, const char *value)
{
    char *field = (char *)out + known[which].offset;

    if (known[which].value == NULL)
        *(bool *)field = true;
    else
        *(const char **)field = value;
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
    return 0;
}

/* One option at argv[*i], and its value when that stands by itself. */
static int take(struct options *out, int *i, int argc, char **argv,
                smail_error *err)
{
    const char *text = argv[*i], *equals = strchr(text, '=');
    smail_span rest = smail__span(text), name;
    const char *value = equals != NULL ? equals + 1 : NULL;
    size_t which;

    if (rest.len < 3 || memcmp(text, "--", 2) != 0)
        return smail__fail(err, SMAIL_EINVAL,
                           "'%s' is not an option; see webmail --help", text);
    rest = smail__span_from(rest, 2);
    name = smail__span_cut(&rest, '=');
    which = find(name);
    if (which == KNOWN)
        return smail__fail(err, SMAIL_EINVAL,
                           "there is no option --%.*s; see webmail --help",
                           SMAIL__SPAN_ARG(name));
    if (known[which].value == NULL && value != NULL)
        return smail__fail(err, SMAIL_EINVAL, "--%s takes no value",
                           known[which].name);
    if (known[which].value != NULL && value == NULL)
        value = ++*i < argc ? argv[*i] : NULL;
    if (known[which].value != NULL && value == NULL)
        return smail__fail(err, SMAIL_EINVAL,
                           "--%s wants a value: %s; see webmail --help",
                           known[which].name, known[which].value);
    set(out, which, value);
    return 0;
}

int options_parse(struct options *out, int argc, char **argv, smail_error *err)
{
    int rc = 0;

    memset(out, 0, sizeof(*out));
    for (int i = 1; i < argc && rc == 0; i++)
        rc = take(out, &i, argc, argv, err);
    return rc == 0 ? check_words(out, err) : rc;
}

void options_help(void)
{
    puts("webmail - serve mail to browsers and JMAP programs\n\n"
         "usage: webmail [OPTION]...\n");
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
