/* SPDX-License-Identifier: MIT */
/* transfer/export.c - which messages go where; how is the format's. */
#include "transfer/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"

/* A name has a year of four digits. */
#define TIME_MAX ((int64_t)253402300799)

#define OUT_MAX ((size_t)4 * 1024 * 1024)

/* --- The target ---------------------------------------------------------- */

bool smail__target_is_folder(const char *target)
{
    size_t len = strlen(target);
    struct stat info;

    return (len > 0 && target[len - 1] == '/') ||
           (stat(target, &info) == 0 && S_ISDIR(info.st_mode));
}

static int open_folder(struct smail__export *export, const char *path,
                       smail_error *err)
{
    export->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (export->folder < 0)
        return smail__fail_os(err, SMAIL_EIO, errno, "%s: %s", path,
                              strerror(errno));
    return 0;
}

int smail__export_target(struct smail__export *export, const char *target,
                         bool is_folder, smail_error *err)
{
    const char *slash = strrchr(target, '/');
    char *above;
    int code;

    if (is_folder) {
        if (mkdir(target, 0700) != 0 && errno != EEXIST)
            return smail__fail_os(err, SMAIL_EIO, errno, "%s: %s", target,
                                  strerror(errno));
        return open_folder(export, target, err);
    }
    if (smail__target_is_folder(target))
        return smail__fail(err, SMAIL_EINVAL, "%s is a folder", target);
    export->name = smail__strdup(slash != NULL ? slash + 1 : target);
    above = slash == NULL
                ? smail__strdup(".")
                : smail__spandup((smail_span){
                      target, slash == target ? 1 : (size_t)(slash - target) });
    code = export->name != NULL && above != NULL
               ? open_folder(export, above, err)
               : smail__fail(err, SMAIL_ENOMEM, "no memory");
    free(above);
    return code;
}

/* --- Mailboxes ----------------------------------------------------------- */

static int keep_mailbox(const smail_mailbox *mailbox, const char *path,
                        void *user)
{
    struct smail__export *export = user;
    struct smail__export_mailbox *list = export->mailboxes;

    if (export->mailbox_count == export->mailbox_room) {
        size_t room = export->mailbox_room > 0 ? 2 * export->mailbox_room : 16;

        list = realloc(list, room * sizeof(*list));
        if (list == NULL)
            return SMAIL_ENOMEM;
        export->mailboxes = list;
        export->mailbox_room = room;
    }
    list[export->mailbox_count] = (struct smail__export_mailbox){
        .id = mailbox->id, .path = smail__strdup(path), .role = mailbox->role
    };
    export->progress.total += mailbox->total;
    return list[export->mailbox_count++].path != NULL ? 0 : SMAIL_ENOMEM;
}

/* All of them, or the one that was asked for. */
static int load_mailboxes(struct smail__export *export, smail_error *err)
{
    const smail_export_options *options = export->options;
    smail_id only = 0;
    size_t kept = 0;
    int code = 0;

    if (options->mailbox != NULL)
        code = smail_mailbox_find(&only, export->store, options->account,
                                  options->mailbox, err);
    if (code == 0)
        code = smail_mailbox_list(export->store, options->account, keep_mailbox,
                                  export, err);
    if (code < 0)
        return code;
    for (size_t i = 0; only != 0 && i < export->mailbox_count; i++) {
        if (export->mailboxes[i].id == only)
            export->mailboxes[kept++] = export->mailboxes[i];
        else
            free(export->mailboxes[i].path);
    }
    if (only != 0)
        export->mailbox_count = kept;
    return 0;
}

/* --- Messages ------------------------------------------------------------ */

static int add_key(struct smail__export_keys *keys, const smail_entry *entry,
                   smail_error *err)
{
    struct smail__export_key *list = keys->list;
    int64_t time = entry->received_at > 0 ? entry->received_at : 0;

    if (keys->count == keys->room) {
        size_t room = keys->room > 0 ? 2 * keys->room : 1024;

        list = realloc(list, room * sizeof(*list));
        if (list == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "no memory");
        keys->list = list;
        keys->room = room;
    }
    list[keys->count++] =
        (struct smail__export_key){ time < TIME_MAX ? time : TIME_MAX,
                                    entry->email };
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct smail__export_key *left = a, *right = b;

    if (left->time != right->time)
        return left->time < right->time ? -1 : 1;
    return left->email < right->email ? -1 : left->email > right->email;
}

/* Oldest first. */
static int list_messages(struct smail__export_keys *keys,
                         struct smail__export *export, smail_id mailbox,
                         smail_error *err)
{
    smail_query query = SMAIL_QUERY_INIT;
    smail_cursor *cursor = NULL;
    smail_entry entry;
    int code;

    query.account = export->options->account;
    query.mailbox = mailbox;
    query.text = export->options->text;
    query.search = export->options->search;
    query.limit = export->options->limit;
    keys->count = 0;
    code = smail_store_query(&cursor, export->store, &query, err);
    while (code >= 0 && (code = smail_cursor_next(&entry, cursor, err)) > 0) {
        code = add_key(keys, &entry, err);
        if (smail__export_tick(export))
            break;
    }
    smail_cursor_free(cursor);
    if (code < 0)
        return code;
    if (keys->count > 0)
        qsort(keys->list, keys->count, sizeof(*keys->list), compare);
    return 0;
}

/* What every account begins with says nothing. */
static bool is_usual(const struct smail__export_mailbox *mailbox)
{
    static const struct {
        smail_role role;
        const char *path;
    } usual[] = {
        { SMAIL_ROLE_ARCHIVE, "Archive" }, { SMAIL_ROLE_DRAFTS, "Drafts" },
        { SMAIL_ROLE_SENT, "Sent" },       { SMAIL_ROLE_JUNK, "Junk" },
        { SMAIL_ROLE_TRASH, "Trash" },
    };

    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
        if (mailbox->role == usual[i].role &&
            strcmp(mailbox->path, usual[i].path) == 0)
            return true;
    return false;
}

static int run(struct smail__export *export, smail_error *err)
{
    const struct smail__export_format *format = export->format;
    struct smail__export_keys keys = { NULL, 0, 0 };
    bool by_mailbox = format->all == NULL || export->is_split;
    smail_id only =
        export->options->mailbox != NULL && export->mailbox_count > 0
            ? export->mailboxes[0].id
            : 0;
    int code = 0;

    if (!by_mailbox) {
        code = list_messages(&keys, export, only, err);
        if (code == 0)
            code = format->all(export, &keys, err);
    }
    for (size_t i = 0; by_mailbox && code == 0 && i < export->mailbox_count &&
                       !export->result->was_stopped;
         i++) {
        code = list_messages(&keys, export, export->mailboxes[i].id, err);
        if (code == 0 && !(keys.count == 0 && is_usual(&export->mailboxes[i])))
            code = format->mailbox(export, &export->mailboxes[i], &keys, err);
    }
    free(keys.list);
    if (code == 0 && format->finish != NULL)
        code = format->finish(export, err);
    return code;
}

static const struct smail__export_format *format_of(
    smail_transfer_format format)
{
    switch (format) {
    case SMAIL_TRANSFER_AUTO:
    case SMAIL_TRANSFER_EML:
        return &smail__export_eml;
    case SMAIL_TRANSFER_MBOX:
    case SMAIL_TRANSFER_MBOXRD:
        return &smail__export_mbox;
    case SMAIL_TRANSFER_MAILDIR:
        return &smail__export_maildir;
    case SMAIL_TRANSFER_ZIP:
        return &smail__export_zip;
    default:
        return NULL;
    }
}

static void dispose(struct smail__export *export)
{
    if (export->format->dispose != NULL)
        export->format->dispose(export);
    smail__out_drop(&export->file);
    for (size_t i = 0; i < export->mailbox_count; i++)
        free(export->mailboxes[i].path);
    free(export->mailboxes);
    free(export->piece);
    free(export->name);
    smail__buf_dispose(&export->out);
    if (export->folder >= 0)
        close(export->folder);
}

int smail_export(smail_export_result *out, smail_store *store,
                 const char *target, const smail_export_options *options,
                 smail_error *err)
{
    struct smail__export export = { .store = store,
                                    .options = options,
                                    .result = out,
                                    .folder = -1,
                                    .file = SMAIL__OUT_FILE_INIT };
    int code = 0;

    if (options == NULL || options->size < sizeof(*options) ||
        options->account <= 0)
        return smail__fail(err, SMAIL_EINVAL, "an export needs an account");
    export.format = format_of(options->format);
    if (export.format == NULL)
        return smail__fail(err, SMAIL_EINVAL,
                           "this format can only be imported");
    export.progress.size = sizeof(export.progress);
    smail__buf_init(&export.out, OUT_MAX, NULL);
    export.piece = malloc(SMAIL__EXPORT_PIECE);
    if (export.piece == NULL)
        code = smail__fail(err, SMAIL_ENOMEM, "no memory");
    if (code == 0)
        code = load_mailboxes(&export, err);
    if (code == 0)
        code = export.format->begin(&export, target, err);
    if (code == 0)
        code = run(&export, err);
    dispose(&export);
    if (code == 0 && out->bad > 0)
        code = smail__fail(err, SMAIL_ECORRUPT,
                           "%llu messages could not be written",
                           (unsigned long long)out->bad);
    return code;
}
