/* SPDX-License-Identifier: MIT */
/* transfer/import_run.c - what <smtpmail/transfer.h> offers for an import. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/span.h"
#include "transfer/item.h"

#define PIECE_MAX (4 * SMAIL__INPUT_PIECE)
#define FRONT_MAX ((size_t)64 * 1024)

/* Folders and files that are counted beforehand, so as to know how far it is. */
#define COUNT_MAX ((uint64_t)10 * 1000 * 1000)
#define COUNT_DEPTH_MAX 32

int smail_transfer_format_by_name(smail_transfer_format *out, const char *name)
{
    static const struct {
        const char *name;
        smail_transfer_format format;
    } known[] = {
        { "auto", SMAIL_TRANSFER_AUTO },
        { "eml", SMAIL_TRANSFER_EML },
        { "mbox", SMAIL_TRANSFER_MBOX },
        { "mboxrd", SMAIL_TRANSFER_MBOXRD },
        { "mboxo", SMAIL_TRANSFER_MBOXO },
        { "mboxcl", SMAIL_TRANSFER_MBOXCL },
        { "mboxcl2", SMAIL_TRANSFER_MBOXCL2 },
        { "maildir", SMAIL_TRANSFER_MAILDIR },
        { "zip", SMAIL_TRANSFER_ZIP },
        { "tar", SMAIL_TRANSFER_TAR },
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(name, known[i].name) != 0)
            continue;
        *out = known[i].format;
        return 0;
    }
    return SMAIL_EINVAL;
}

static bool starts(smail_span front, const char *magic, size_t len)
{
    return front.len >= len && memcmp(front.data, magic, len) == 0;
}

bool smail__looks_like_archive(smail_span front)
{
    return starts(front, "PK\003\004", 4) || starts(front, "PK\005\006", 4) ||
           starts(front, "\x1f\x8b", 2) || starts(front, "BZh", 3) ||
           starts(front,
                  "\xfd"
                  "7zXZ",
                  5) ||
           (front.len >= 262 && memcmp(front.data + 257, "ustar", 5) == 0);
}

/* --- A file -------------------------------------------------------------- */

static bool may_be_archive(smail_transfer_format format)
{
    return format == SMAIL_TRANSFER_AUTO || format == SMAIL_TRANSFER_ZIP ||
           format == SMAIL_TRANSFER_TAR;
}

static enum smail__item_kind kind_of(smail_transfer_format format)
{
    switch (format) {
    case SMAIL_TRANSFER_EML:
        return SMAIL__ITEM_MESSAGE;
    case SMAIL_TRANSFER_MBOX:
    case SMAIL_TRANSFER_MBOXRD:
    case SMAIL_TRANSFER_MBOXO:
    case SMAIL_TRANSFER_MBOXCL:
    case SMAIL_TRANSFER_MBOXCL2:
        return SMAIL__ITEM_MBOX;
    default:
        return SMAIL__ITEM_OTHER;
    }
}

static smail_span base_of(const char *name)
{
    const char *slash = strrchr(name, '/');

    return smail__span(slash != NULL ? slash + 1 : name);
}

static int import_stream(struct smail__import *import,
                         struct smail__input *input, const char *name,
                         smail_error *err)
{
    struct smail__manifest none;
    struct smail__item item = { .file = name,
                                .name = base_of(name),
                                .kind = kind_of(import->options->format),
                                .manifest = &none };
    smail_span front;
    int code = smail__input_fill(input, err);

    if (code < 0)
        return code;
    smail__manifest_init(&none);
    /* A file that somebody names is a message, if it is no mbox. */
    front = smail__input_piece(input);
    if (item.kind == SMAIL__ITEM_OTHER)
        item.kind = front.len > 5 && memcmp(front.data, "From ", 5) == 0
                        ? SMAIL__ITEM_MBOX
                        : SMAIL__ITEM_MESSAGE;
    code = smail__item_import(import, &item, input, err);
    smail__manifest_close(&none);
    return code;
}

static int import_file(struct smail__import *import, int fd, const char *name,
                       smail_error *err)
{
    smail_transfer_format format = import->options->format;
    struct smail__input input;
    struct stat info;
    smail_span front;
    int code = smail__input_open(&input, fd, NULL, NULL, err);

    if (code == 0)
        code = smail__input_have(&input, 512, err);
    if (code < 0)
        goto out;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
        import->sink.progress.total = (uint64_t)info.st_size;
    front = (smail_span){ input.data + input.at, input.end - input.at };
    if (may_be_archive(format) &&
        (format != SMAIL_TRANSFER_AUTO || smail__looks_like_archive(front))) {
        code = smail__import_archive(import, fd, &input, name, err);
    } else if (format == SMAIL_TRANSFER_MAILDIR) {
        code = smail__fail(err, SMAIL_EINVAL, "%s is no folder", name);
    } else {
        import->is_one_file = true;
        code = import_stream(import, &input, name, err);
    }
out:
    smail__input_close(&input);
    return code;
}

/* --- A folder ------------------------------------------------------------ */

static void count_below(uint64_t *count, int fd, unsigned depth)
{
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;

    if (dir == NULL && fd >= 0)
        close(fd);
    if (dir == NULL)
        return;
    while (*count < COUNT_MAX && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (entry->d_type == DT_REG)
            ++*count;
        if (entry->d_type == DT_DIR && depth < COUNT_DEPTH_MAX)
            count_below(count,
                        openat(fd, entry->d_name,
                               O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW),
                        depth + 1);
    }
    closedir(dir);
}

static int import_any(struct smail__import *import, int fd, const char *name,
                      smail_error *err)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return smail__fail_os(err, SMAIL_EIO, errno, "%s: %s", name,
                              strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return import_file(import, fd, name, err);
    if (import->options->progress != NULL)
        count_below(&import->sink.progress.total,
                    openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
    return smail__import_folder(import, fd, name, err);
}

/* --- All of it ----------------------------------------------------------- */

static bool goes_on(void *user)
{
    return !smail__sink_tick(user);
}

/* The words are checked here, or every message would fail for them. */
static int check(const smail_import_options *options, smail_error *err)
{
    struct smail__keywords keywords;
    int code;

    if (options == NULL || options->size < sizeof(*options) ||
        options->account <= 0)
        return smail__fail(err, SMAIL_EINVAL, "an import needs an account");
    smail__keywords_init(&keywords);
    code = smail__keywords_add(&keywords, options->keywords, err);
    smail__keywords_dispose(&keywords);
    return code;
}

/* The mailbox is there even when no message is. */
static int prepare(struct smail__import *import, smail_error *err)
{
    const smail_import_options *options = import->options;
    smail_id unused;
    int code = 0;

    if (!options->allow_duplicates)
        code = smail__known_catch_up(import->store, options->account, goes_on,
                                     &import->sink, err);
    if (code == 0 && options->mailbox != NULL) {
        if (smail_mailbox_find(&unused, import->store, options->account,
                               options->mailbox, NULL) != 0)
            code =
                smail_mailbox_create(&unused, import->store, options->account,
                                     options->mailbox, err);
    }
    return code;
}

int smail_import_fd(smail_import_result *out, smail_store *store, int fd,
                    const char *name, const smail_import_options *options,
                    smail_error *err)
{
    struct smail__import import = { .store = store, .options = options };
    smail_error settled = SMAIL_ERROR_INIT;
    int code = check(options, err), after;

    if (code == 0)
        code = smail__sink_open(&import.sink, store, options, out, err);
    if (code < 0)
        return code;
    smail__arrival_init(&import.arrival);
    smail__buf_init(&import.front, FRONT_MAX, NULL);
    smail__buf_init(&import.piece, PIECE_MAX, NULL);
    code = prepare(&import, err);
    if (code == 0 && !import.sink.is_stopped)
        code = import_any(&import, fd, name, err);
    smail__sink_drop(&import.sink);
    after = smail__sink_settle(&import.sink, &settled);
    if (code == 0 && after < 0) {
        code = after;
        if (err != NULL)
            *err = settled;
    }
    out->was_stopped = import.sink.is_stopped;
    smail__sink_close(&import.sink);
    smail__arrival_dispose(&import.arrival);
    smail__buf_dispose(&import.front);
    smail__buf_dispose(&import.piece);
    return code;
}

int smail_import(smail_import_result *out, smail_store *store, const char *path,
                 const smail_import_options *options, smail_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC), code;

    if (fd < 0)
        return smail__fail_os(err,
                              errno == ENOENT ? SMAIL_ENOTFOUND : SMAIL_EIO,
                              errno, "%s: %s", path, strerror(errno));
    code = smail_import_fd(out, store, fd, path, options, err);
    close(fd);
    return code;
}
