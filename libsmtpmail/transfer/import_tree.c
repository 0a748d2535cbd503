/* SPDX-License-Identifier: MIT */
/*
 * transfer/import_tree.c - a folder and what is in it: Maildirs with their
 * folders, files of messages. Every step down is made from the open folder
 * above and follows no link; names are sorted, some thousands at a time.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "transfer/item.h"
#include "transfer/name.h"

/* Folders in folders. */
#define DEPTH_MAX 32

/* Names that are sorted together. */
#define NAMES_MAX ((size_t)32768)

struct folder {
    int fd;
    const char *name; /* to show */
    smail_span mailbox;
    unsigned depth;
    struct smail__manifest manifest;
    struct smail__maildir_words words;
};

struct names {
    char **list;
    size_t count;
};

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void forget_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i]);
    names->count = 0;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int read_names(struct names *names, DIR *dir, smail_error *err)
{
    const struct dirent *entry;

    forget_names(names);
    while (names->count < NAMES_MAX && (entry = readdir(dir)) != NULL) {
        if (is_dots(entry->d_name))
            continue;
        names->list[names->count] = smail__strdup(entry->d_name);
        if (names->list[names->count] == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "no memory");
        names->count++;
    }
    qsort(names->list, names->count, sizeof(*names->list), compare);
    return 0;
}

/* Call `each` for every name in the folder, in order. */
static int each_name(struct smail__import *import, struct folder *folder,
                     int (*each)(struct smail__import *import,
                                 struct folder *folder, const char *name,
                                 smail_error *err),
                     smail_error *err)
{
    struct names names = { calloc(NAMES_MAX, sizeof(char *)), 0 };
    int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    int code = 0;

    if (names.list == NULL || dir == NULL) {
        code = smail__fail_os(err, SMAIL_EIO, errno, "%s: %s", folder->name,
                              strerror(errno));
        goto out;
    }
    do {
        code = read_names(&names, dir, err);
        for (size_t i = 0; code == 0 && i < names.count; i++)
            if (!import->sink.is_stopped)
                code = each(import, folder, names.list[i], err);
    } while (code == 0 && names.count == NAMES_MAX);
out:
    forget_names(&names);
    free(names.list);
    if (dir != NULL)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
    return code;
}

/* --- Files --------------------------------------------------------------- */

/* A file that is read, opened; -1, and told of unless it is a folder, when
 * it is none. */
static int open_file(struct smail__import *import, const struct folder *folder,
                     const char *name, const char *shown, bool *is_folder)
{
    struct stat info;
    int fd = -1;

    *is_folder = false;
    if (fstatat(folder->fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        smail__sink_skip(&import->sink, shown, 0, 0, "%s", strerror(errno));
        return -1;
    }
    *is_folder = S_ISDIR(info.st_mode);
    if (*is_folder)
        return -1;
    if (!S_ISREG(info.st_mode)) {
        smail__sink_skip(&import->sink, shown, 0, 0,
                         S_ISLNK(info.st_mode)
                             ? "a symbolic link is not followed"
                             : "it is no file");
        return -1;
    }
    fd = openat(folder->fd, name,
                O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        smail__sink_skip(&import->sink, shown, 0, 0, "%s", strerror(errno));
    return fd;
}

/* One that is broken costs itself alone. */
static int import_packed(struct smail__import *import, const char *shown,
                         int fd, struct smail__input *input, smail_error *err)
{
    smail_error error = SMAIL_ERROR_INIT;
    int code = smail__import_archive(import, fd, input, shown, &error);

    if (code == SMAIL_EMALFORMED || code == SMAIL_ELIMIT) {
        smail__sink_skip(&import->sink, shown, 0, 0, "%s", error.message);
        return 0;
    }
    if (code < 0 && err != NULL)
        *err = error;
    return code;
}

static int import_item(struct smail__import *import, struct smail__item *item,
                       int fd, smail_error *err)
{
    struct smail__input input;
    int code = smail__input_open(&input, fd, NULL, NULL, err);

    if (code == 0 && item->kind == SMAIL__ITEM_ARCHIVE)
        code = import_packed(import, item->file, fd, &input, err);
    else if (code == 0)
        code = smail__item_import(import, item, &input, err);
    smail__input_close(&input);
    close(fd);
    import->sink.progress.done++;
    return code;
}

static void show(struct smail__buf *out, const struct folder *folder,
                 const char *name)
{
    smail__buf_init(out, SMAIL__FILE_PATH_MAX, NULL);
    smail__buf_printf(out, "%s/%s", folder->name, name);
}

static int open_below(const struct folder *folder, const char *name)
{
    return openat(folder->fd, name,
                  O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static bool is_maildir(int fd)
{
    struct stat info;

    return fstatat(fd, "cur", &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(info.st_mode) &&
           fstatat(fd, "new", &info, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(info.st_mode);
}

/* --- Beside messages ----------------------------------------------------- */

static void read_words(struct folder *folder)
{
    int fd = openat(folder->fd, "dovecot-keywords",
                    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    ssize_t got;

    if (fd < 0)
        return;
    if (smail__buf_reserve(&folder->words.text, SMAIL__MAILDIR_KEYWORDS_MAX) ==
            0 &&
        (got = read(fd, folder->words.text.data, SMAIL__MAILDIR_KEYWORDS_MAX)) >
            0) {
        folder->words.text.len = (size_t)got;
        smail__maildir_words_read(&folder->words);
    }
    close(fd);
}

/* What the folder is as a mailbox, also when nothing is in it. */
static int begin_folder(struct smail__import *import, struct folder *folder,
                        bool is_mailbox, smail_error *err)
{
    smail_id unused;
    bool is_exact;

    smail__manifest_init(&folder->manifest);
    smail__maildir_words_init(&folder->words);
    read_words(folder);
    is_exact = smail__manifest_open(
        &folder->manifest,
        openat(folder->fd, SMAIL__MANIFEST_NAME,
               O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (is_exact)
        folder->mailbox = smail__buf_span(&folder->manifest.mailbox);
    if (folder->mailbox.len == 0 || import->options->mailbox != NULL ||
        !(is_exact || is_mailbox))
        return 0;
    return smail__sink_mailbox(&unused, &import->sink, folder->mailbox,
                               folder->manifest.role, is_exact, err);
}

static void end_folder(struct folder *folder)
{
    smail__manifest_close(&folder->manifest);
    smail__maildir_words_dispose(&folder->words);
}

/* --- Maildir ------------------------------------------------------------- */

static int maildir_file(struct smail__import *import, struct folder *folder,
                        const char *name, bool is_new, smail_error *err)
{
    struct smail__buf shown;
    struct smail__item item = { .name = smail__span(name),
                                .kind = SMAIL__ITEM_MAILDIR,
                                .mailbox = folder->mailbox,
                                .is_new = is_new,
                                .manifest = &folder->manifest,
                                .words = &folder->words };
    bool is_folder;
    int fd, code = 0;

    if (name[0] == '.')
        return 0;
    show(&shown, folder, name);
    item.file = shown.data;
    fd = open_file(import, folder, name, shown.data, &is_folder);
    if (fd >= 0)
        code = import_item(import, &item, fd, err);
    smail__buf_dispose(&shown);
    return code;
}

static int cur_file(struct smail__import *import, struct folder *folder,
                    const char *name, smail_error *err)
{
    return maildir_file(import, folder, name, false, err);
}

static int new_file(struct smail__import *import, struct folder *folder,
                    const char *name, smail_error *err)
{
    return maildir_file(import, folder, name, true, err);
}

/* cur/ or new/ of the mailbox that `folder` is. */
static int import_part(struct smail__import *import, struct folder *folder,
                       const char *part, smail_error *err)
{
    struct smail__buf shown;
    struct folder below = *folder; /* what it owns stays the folder's */
    int code = 0;

    show(&shown, folder, part);
    below.name = shown.data;
    below.fd = open_below(folder, part);
    if (below.fd >= 0) {
        code = each_name(import, &below,
                         strcmp(part, "new") == 0 ? new_file : cur_file, err);
        close(below.fd);
    }
    smail__buf_dispose(&shown);
    return code;
}

static int import_below(struct smail__import *import, struct folder *folder,
                        const char *name, bool in_maildir, smail_error *err);

/* Folders of a Maildir++ begin with a dot; in another layout they do not. */
static int maildir_below(struct smail__import *import, struct folder *folder,
                         const char *name, smail_error *err)
{
    struct stat info;

    if (strcmp(name, "cur") == 0 || strcmp(name, "new") == 0 ||
        strcmp(name, "tmp") == 0 ||
        fstatat(folder->fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISDIR(info.st_mode))
        return 0;
    return import_below(import, folder, name, true, err);
}

static int import_maildir(struct smail__import *import, struct folder *folder,
                          smail_error *err)
{
    int code = import_part(import, folder, "cur", err);

    if (code == 0)
        code = import_part(import, folder, "new", err);
    if (code == 0)
        code = each_name(import, folder, maildir_below, err);
    return code;
}

/* --- Any folder ---------------------------------------------------------- */

/* An mbox in a folder is a mailbox if the folders are. */
static void mbox_mailbox(struct smail__buf *out, struct smail__import *import,
                         const struct folder *folder, smail_span name)
{
    smail__buf_init(out, SMAIL__FILE_PATH_MAX, NULL);
    smail__buf_append(out, folder->mailbox);
    if (!import->options->folders)
        return;
    if (out->len > 0)
        smail__buf_putc(out, '/');
    smail__buf_append(out, smail__item_mbox_name(name));
}

static int plain_file(struct smail__import *import, struct folder *folder,
                      const char *name, int fd, const char *shown,
                      smail_error *err)
{
    struct smail__item item = { .file = shown,
                                .name = smail__span(name),
                                .kind = smail__item_kind(smail__span(name)),
                                .mailbox = folder->mailbox,
                                .manifest = &folder->manifest };
    struct smail__buf mailbox;
    int code;

    if (item.kind == SMAIL__ITEM_NOISE || item.kind == SMAIL__ITEM_MANIFEST ||
        item.kind == SMAIL__ITEM_KEYWORDS) {
        close(fd);
        return 0;
    }
    mbox_mailbox(&mailbox, import, folder, item.name);
    if (item.kind == SMAIL__ITEM_MBOX || item.kind == SMAIL__ITEM_OTHER)
        item.mailbox = smail__buf_span(&mailbox);
    code = import_item(import, &item, fd, err);
    smail__buf_dispose(&mailbox);
    return code;
}

static int plain_below(struct smail__import *import, struct folder *folder,
                       const char *name, smail_error *err)
{
    struct smail__buf shown;
    bool is_folder;
    int fd, code = 0;

    show(&shown, folder, name);
    fd = open_file(import, folder, name, shown.data, &is_folder);
    if (fd >= 0)
        code = plain_file(import, folder, name, fd, shown.data, err);
    else if (is_folder)
        code = import_below(import, folder, name, false, err);
    smail__buf_dispose(&shown);
    return code;
}

static int import_folder(struct smail__import *import, struct folder *folder,
                         bool is_mailbox, smail_error *err)
{
    bool has_mail = is_maildir(folder->fd);
    int code = begin_folder(import, folder, has_mail && is_mailbox, err);

    if (code == 0 && has_mail)
        code = import_maildir(import, folder, err);
    else if (code == 0)
        code = each_name(import, folder, plain_below, err);
    end_folder(folder);
    return code;
}

/* What the folder `name` is as a mailbox. */
static void mailbox_below(struct smail__buf *out, struct smail__import *import,
                          const struct folder *folder, const char *name,
                          bool in_maildir, bool has_mail)
{
    smail__buf_init(out, SMAIL__SINK_PATHS_MAX, NULL);
    if (in_maildir && name[0] == '.') {
        smail__name_of_maildir(out, smail__span(name));
        return;
    }
    smail__buf_append(out, folder->mailbox);
    if (!in_maildir && !has_mail && !import->options->folders)
        return;
    smail__item_mailbox(out, smail__span(name));
}

static int import_below(struct smail__import *import, struct folder *folder,
                        const char *name, bool in_maildir, smail_error *err)
{
    struct smail__buf shown, mailbox;
    struct folder below = { .fd = open_below(folder, name),
                            .depth = folder->depth + 1 };
    int code = 0;

    show(&shown, folder, name);
    smail__buf_init(&mailbox, 0, NULL);
    below.name = shown.data;
    if (below.fd < 0 || below.depth > DEPTH_MAX ||
        smail__buf_error(&shown) != 0) {
        smail__sink_skip(&import->sink, shown.data, 0, 0, "%s",
                         below.fd < 0 ? strerror(errno)
                                      : "folders nest too deep");
    } else {
        mailbox_below(&mailbox, import, folder, name, in_maildir,
                      is_maildir(below.fd));
        below.mailbox = smail__buf_span(&mailbox);
        code = import_folder(import, &below, true, err);
    }
    if (below.fd >= 0)
        close(below.fd);
    smail__buf_dispose(&mailbox);
    smail__buf_dispose(&shown);
    return code;
}

int smail__import_folder(struct smail__import *import, int fd, const char *name,
                         smail_error *err)
{
    struct folder folder = { .fd = fd, .name = name };

    if (import->options->format == SMAIL_TRANSFER_MAILDIR && !is_maildir(fd))
        return smail__fail(err, SMAIL_EMALFORMED,
                           "%s is no Maildir: it has no cur/ and new/", name);
    return import_folder(import, &folder, false, err);
}
