/* SPDX-License-Identifier: MIT */
/*
 * cmd_store_transfer.c - all accounts of a store to a folder, and back: each
 * in a folder or a file that is called as its address.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "ctl.h"
#include "export.h"
#include "import.h"

#define PATH_SIZE ((size_t)4096)

/* --- To a folder --------------------------------------------------------- */

struct accounts {
    struct ctl *ctl;
    smail_id *ids;
    char **addresses;
    size_t count, room;
};

static int keep(const smail_account *account, void *user)
{
    struct accounts *all = user;

    if (all->count == all->room) {
        size_t room = all->room > 0 ? 2 * all->room : 64;
        smail_id *ids = realloc(all->ids, room * sizeof(*ids));
        char **addresses;

        if (ids == NULL)
            return SMAIL_ENOMEM;
        all->ids = ids;
        addresses = realloc(all->addresses, room * sizeof(*addresses));
        if (addresses == NULL)
            return SMAIL_ENOMEM;
        all->addresses = addresses;
        all->room = room;
    }
    all->ids[all->count] = account->id;
    all->addresses[all->count] = smail__strdup(account->address);
    return all->addresses[all->count++] != NULL ? 0 : SMAIL_ENOMEM;
}

static void forget(struct accounts *all)
{
    for (size_t i = 0; i < all->count; i++)
        free(all->addresses[i]);
    free(all->addresses);
    free(all->ids);
}

/* "DIR/bob@example.org", and what kind of file it is. An address may hold a
 * slash. */
static int put_path(struct smail__buf *out, struct ctl *ctl,
                    smail_transfer_format format, const char *address)
{
    smail__buf_clear(out);
    smail__buf_printf(out, "%s/", ctl->arguments[0]);
    for (; *address != '\0'; address++) {
        if (*address == '/' || *address == '%')
            smail__buf_printf(out, "%%%02x", (unsigned)*address);
        else
            smail__buf_putc(out, *address);
    }
    if (format == SMAIL_TRANSFER_ZIP)
        smail__buf_puts(out, ".zip");
    if (format == SMAIL_TRANSFER_MBOX || format == SMAIL_TRANSFER_MBOXRD)
        smail__buf_puts(out, ".mbox");
    return smail__buf_error(out) == 0
               ? 0
               : smail__fail(&ctl->err, SMAIL_ELIMIT, "the path is too long");
}

static int export_accounts(struct export *export, const struct accounts *all)
{
    struct ctl *ctl = export->ctl;
    struct smail__buf path;
    uint64_t bad = 0;
    int rc = 0;

    smail__buf_init(&path, PATH_SIZE, NULL);
    for (size_t i = 0; rc == 0 && !export->was_stopped && i < all->count; i++) {
        rc = put_path(&path, ctl, export->options.format, all->addresses[i]);
        if (rc != 0)
            break;
        export->options.account = all->ids[i];
        bad = export->bad;
        rc = export_one(export, path.data);
        if (rc == SMAIL_ECORRUPT && export->bad > bad)
            rc = 0; /* those that were passed over */
    }
    smail__buf_dispose(&path);
    if (rc == 0 && export->bad > 0)
        rc = smail__fail(&ctl->err, SMAIL_ECORRUPT,
                         "%llu messages could not be written",
                         (unsigned long long)export->bad);
    return rc;
}

static int store_export(struct ctl *ctl)
{
    struct accounts all = { .ctl = ctl };
    struct export export;
    int rc = export_begin(&export, ctl);

    if (rc != 0)
        return rc;
    if (export.options.format == SMAIL_TRANSFER_AUTO)
        export.options.format = SMAIL_TRANSFER_MAILDIR;
    export.is_quiet = true;
    if (mkdir(ctl->arguments[0], 0700) != 0 && errno != EEXIST)
        rc = smail__fail_os(&ctl->err, SMAIL_EIO, errno, "%s: %s",
                            ctl->arguments[0], strerror(errno));
    if (rc == 0)
        rc = smail_account_list(ctl->store, keep, &all, &ctl->err);
    if (rc == 0)
        rc = export_accounts(&export, &all);
    forget(&all);
    return export_end(&export, rc);
}

/* --- And back ------------------------------------------------------------ */

static int is_entry(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strchr(entry->d_name, '@') != NULL;
}

/* What put_path() made of an address. */
static void read_address(struct smail__buf *out, const char *name)
{
    static const char *const ends[] = { ".zip", ".mbox", ".tar.gz", ".tar" };
    smail_span rest = smail__span(name);

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t len = strlen(ends[i]);

        if (rest.len > len &&
            smail__span_is(smail__span_from(rest, rest.len - len), ends[i])) {
            rest.len -= len;
            break;
        }
    }
    for (size_t i = 0; i < rest.len; i++) {
        smail_span code = smail__span_slice(rest, i, 3);

        if (smail__span_is(code, "%2f") || smail__span_is(code, "%25")) {
            smail__buf_putc(out, code.data[2] == 'f' ? '/' : '%');
            i += 2;
        } else {
            smail__buf_putc(out, rest.data[i]);
        }
    }
}

static int find_account(smail_id *out, struct ctl *ctl, const char *address)
{
    smail_account_options options = SMAIL_ACCOUNT_OPTIONS_INIT;
    int rc = smail_account_find(out, ctl->store, address, &ctl->err);

    if (rc != SMAIL_ENOTFOUND)
        return rc;
    if (ctl_option(ctl, "create-accounts") == NULL)
        return smail__fail(&ctl->err, SMAIL_ENOTFOUND,
                           "there is no account %s; --create-accounts makes "
                           "it",
                           address);
    return smail_account_add(out, ctl->store, address, &options, &ctl->err);
}

static int import_entry(struct import *import, const char *name)
{
    struct ctl *ctl = import->ctl;
    struct smail__buf address, path;
    int rc;

    smail__buf_init(&address, PATH_SIZE, NULL);
    smail__buf_init(&path, PATH_SIZE, NULL);
    read_address(&address, name);
    smail__buf_printf(&path, "%s/%s", ctl->arguments[0], name);
    rc = smail__buf_error(&path) == 0
             ? find_account(&import->options.account, ctl, address.data)
             : smail__fail(&ctl->err, SMAIL_ELIMIT, "the path is too long");
    if (rc == 0)
        rc = import_one(import, path.data);
    smail__buf_dispose(&address);
    smail__buf_dispose(&path);
    return rc;
}

/* All accounts are there before a message is: or nothing is done. */
static int check_accounts(struct ctl *ctl, struct dirent **entries, int count)
{
    int rc = 0;

    for (int i = 0; rc == 0 && i < count; i++) {
        struct smail__buf address;
        smail_id unused;

        smail__buf_init(&address, PATH_SIZE, NULL);
        read_address(&address, entries[i]->d_name);
        rc = find_account(&unused, ctl, address.data);
        smail__buf_dispose(&address);
    }
    return rc;
}

static int store_import(struct ctl *ctl)
{
    struct dirent **entries = NULL;
    struct import import;
    int rc = import_begin(&import, ctl), count;

    if (rc != 0)
        return rc;
    count = scandir(ctl->arguments[0], &entries, is_entry, alphasort);
    if (count < 0)
        return smail__fail_os(
            &ctl->err, errno == ENOENT ? SMAIL_ENOTFOUND : SMAIL_EIO, errno,
            "%s: %s", ctl->arguments[0], strerror(errno));
    import_tell_begin(&import);
    rc = check_accounts(ctl, entries, count);
    for (int i = 0; i < count; i++) {
        if (rc == 0 && !import.result.was_stopped)
            rc = import_entry(&import, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return import_tell_end(&import, rc);
}

static const struct option export_options[] = {
    EXPORT_OPTIONS,
    { NULL, NULL, NULL },
};

static const struct option import_options[] = {
    { "create-accounts", NULL, "make those that are missing, no password" },
    { "max-size", "SIZE", "skip larger ones; else [limits] message-size" },
    { "allow-duplicates", NULL, "store again what an account has" },
    PROGRESS_OPTION,
    { NULL, NULL, NULL },
};

static const struct command items[] = {
    { "store", "export", "DIR", "all accounts, each in a Maildir or --format",
      1, 1, STORE, export_options, store_export },
    { "store", "import", "DIR", "what that wrote, into the accounts", 1, 1,
      STORE, import_options, store_import },
};

const struct commands store_transfer_commands = { items, sizeof(items) /
                                                             sizeof(items[0]) };
