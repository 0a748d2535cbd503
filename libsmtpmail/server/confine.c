/* SPDX-License-Identifier: MIT */
/* server/confine.c - which paths are ours, and what the log says of it all. */
#include "server/confine.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/span.h"
#include "server/sandbox.h"

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

static void say(const struct smail__log *log, enum smail__log_level level,
                const char *event, const char *key, const char *value)
{
    struct smail__log_field field = SMAIL__LOG_TEXT(key, smail__span(value));

    smail__log_write(log, level, event, &field, 1);
}

/* The folder of a database: journals come and go beside it. */
static void add_store(struct smail__sandbox *sandbox, const char *url)
{
    static const char scheme[] = "sqlite:";

    if (url != NULL && strncmp(url, scheme, sizeof(scheme) - 1) == 0 &&
        strcmp(url, "sqlite::memory:") != 0)
        smail__sandbox_add_folder_of(sandbox, url + sizeof(scheme) - 1, true);
}

/* Of paths, parted by commas. */
static void add_folders_of(struct smail__sandbox *sandbox, const char *list)
{
    smail_span rest = smail__span(list);

    while (rest.len > 0) {
        char *path =
            smail__spandup(smail__span_trim(smail__span_cut(&rest, ',')));

        smail__sandbox_add_folder_of(sandbox, path, false);
        free(path);
    }
}

static void add_paths(struct smail__sandbox *sandbox,
                      const struct smail__config *config,
                      const struct smail__confine_places *places)
{
    add_store(sandbox, places->store);
    smail__sandbox_add(sandbox, places->folder, true);
    smail__sandbox_add_folder_of(sandbox, places->ready_file, true);
    smail__sandbox_add_folder_of(
        sandbox, places->config != NULL ? places->config : SMAIL__CONFIG_PATH,
        false);
    add_folders_of(sandbox, config->certificate);
    smail__sandbox_add_folder_of(sandbox, config->client_authorities, false);
    add_folders_of(sandbox, config->key);
    smail__sandbox_add_folder_of(sandbox, config->resolver_zone_file, false);
    smail__sandbox_add_folder_of(sandbox, config->resolver_anchor, false);
    smail__sandbox_add_folder_of(sandbox, config->queue_authorities, false);
}

int smail__confine_rights(struct smail__confinement *out,
                          const struct smail__config *config,
                          const struct smail__confine_places *places,
                          smail_error *err)
{
    struct smail__sandbox sandbox;
    int rc =
        smail__privilege_drop(&out->privilege, or_null(config->process_user),
                              or_null(config->process_group), err);

    out->is_wanted = config->process_sandbox;
    if (rc != 0 || !out->is_wanted)
        return rc;
    /* A path must be there to be allowed. */
    if (places->folder != NULL)
        (void)mkdir(places->folder, 0700);
    smail__sandbox_init(&sandbox);
    add_paths(&sandbox, config, places);
    rc = smail__sandbox_paths(&out->landlock, &sandbox, err);
    smail__sandbox_dispose(&sandbox);
    return rc;
}

int smail__confine_calls(struct smail__confinement *confinement,
                         smail_error *err)
{
    return confinement->is_wanted
               ? smail__sandbox_calls(&confinement->has_seccomp, err)
               : 0;
}

static void report_half(const struct smail__log *log, const char *key,
                        bool is_on)
{
    say(log, is_on ? SMAIL__LOG_INFO : SMAIL__LOG_WARNING, "sandbox", key,
        is_on ? "on" : "this kernel has none");
}

void smail__confine_report(const struct smail__confinement *confinement,
                           const struct smail__config *config,
                           const struct smail__log *log)
{
    if (confinement->privilege.is_changed)
        say(log, SMAIL__LOG_INFO, "privileges_dropped", "user",
            config->process_user);
    else if (confinement->privilege.is_root)
        say(log, SMAIL__LOG_WARNING, "running_as_root", "reason",
            "set user in [process], or let a service manager do it");
    if (!confinement->is_wanted) {
        say(log, SMAIL__LOG_WARNING, "sandbox", "reason",
            "off, as [process] says");
        return;
    }
    report_half(log, "landlock", confinement->landlock > 0);
    report_half(log, "seccomp", confinement->has_seccomp);
}
