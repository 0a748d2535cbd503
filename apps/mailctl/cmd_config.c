/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/span.h"
#include "crypto/tls.h"
#include "ctl.h"
#include "report.h"

static const struct column columns[] = {
    { .name = "file" },  { .name = "exists" },    { .name = "hostname" },
    { .name = "store" }, { .name = "listeners" }, { .name = NULL },
};

static void print(struct ctl *ctl, const char *path)
{
    const struct smail__listens *listens = &ctl->config.listens;
    struct smail__buf words;
    struct report report;

    smail__buf_init(&words, 65536, NULL);
    for (size_t i = 0; i < listens->count; i++)
        smail__buf_printf(&words, "%s%s:%s", i > 0 ? " " : "",
                          smail__listen_kind_name(listens->items[i].kind),
                          listens->items[i].address);
    report_begin(&report, ctl, columns, true);
    report_string(&report, path);
    report_bool(&report, access(path, F_OK) == 0);
    report_string(&report, ctl->config.hostname);
    report_string(&report, smail__config_store(&ctl->config, ctl->store_url,
                                               getenv("SMTPMAIL_STORE")));
    report_words(&report, words.len > 0 ? words.data : "", ' ');
    report_row(&report);
    report_end(&report);
    smail__buf_dispose(&words);
}

/* As smtpd will load it. */
static int check_tls(struct ctl *ctl)
{
    struct smail__tls_context *context;
    int rc;

    if (ctl->config.certificate[0] == '\0')
        return 0;
    rc = smail__tls_server_new(&context, ctl->config.certificate,
                               ctl->config.key, &ctl->err);
    if (rc != 0)
        return rc;
    if (ctl->config.client_authorities[0] != '\0')
        rc = smail__tls_server_ask(context, ctl->config.client_authorities,
                                   &ctl->err);
    smail__tls_context_free(context);
    return rc;
}

static int check(struct ctl *ctl)
{
    const char *path = ctl->config_path;
    int rc;

    if (ctl->argument_count > 0)
        path = ctl->arguments[0];
    rc = smail__config_load(&ctl->config, path, path != NULL, &ctl->err);
    if (rc == 0)
        rc = check_tls(ctl);
    if (rc == 0)
        print(ctl, path != NULL ? path : SMAIL__CONFIG_PATH);
    return rc;
}

static const struct command items[] = {
    { "config", "check", "[FILE]", "is it well formed? What would be used?", 0,
      1, CONFIG_AS_ARGUMENT, NULL, check },
};

const struct commands config_commands = { items,
                                          sizeof(items) / sizeof(items[0]) };
