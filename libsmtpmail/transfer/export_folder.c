/* SPDX-License-Identifier: MIT */
/*
 * transfer/export_folder.c - a file for each message: .eml files in folders,
 * or a Maildir++. What the files cannot say is in a list beside them.
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
#include "base/span.h"
#include "transfer/export.h"
#include "transfer/name.h"
#include "transfer/status.h"

/* One mailbox on its way. */
struct folder {
    struct smail__export *export;
    const struct smail__export_mailbox *mailbox;
    bool is_maildir;
    int fd;                 /* of the mailbox */
    int cur, tmp;           /* Maildir; else -1 */
    struct smail__buf list; /* lines that are not written yet */
    struct smail__out_file list_file;
    bool has_list;
    struct smail__export_keys there; /* Maildir: what cur/ has, sorted */
};

/* --- Folders ------------------------------------------------------------- */

/* "Work/2024" below the target, level by level. */
static int open_levels(int *out, int folder, smail_span path, smail_error *err)
{
    struct smail__buf name;
    int code = smail__out_folder(out, folder, ".", err);

    smail__buf_init(&name, 4 * SMAIL__FILE_NAME_MAX, NULL);
    while (code == 0 && path.len > 0) {
        int above = *out;

        smail__buf_clear(&name);
        smail__name_to_file(&name, smail__span_cut(&path, '/'));
        code = smail__out_folder(out, above, name.data, err);
        close(above);
    }
    smail__buf_dispose(&name);
    return code;
}

/* ".Work.2024"; a dot within a name would part it. */
static int open_dotted(int *out, int folder, smail_span path, smail_error *err)
{
    struct smail__buf name;
    int code;

    smail__buf_init(&name, 16 * 1024, NULL);
    while (path.len > 0) {
        smail__buf_putc(&name, '.');
        smail__utf7_encode(&name, smail__span_cut(&path, '/'), "./");
    }
    code = smail__buf_error(&name) == 0
               ? smail__out_folder(out, folder, name.data, err)
               : smail__fail(err, SMAIL_ELIMIT, "a mailbox nests too deep");
    smail__buf_dispose(&name);
    return code;
}

static int make_parts(struct folder *folder, smail_error *err)
{
    int unused, code = smail__out_folder(&unused, folder->fd, "new", err);

    if (code < 0)
        return code;
    close(unused);
    code = smail__out_folder(&folder->tmp, folder->fd, "tmp", err);
    if (code == 0)
        code = smail__out_folder(&folder->cur, folder->fd, "cur", err);
    return code;
}

static int open_folder(struct folder *folder, smail_error *err)
{
    struct smail__export *export = folder->export;
    smail_span path = smail__span(folder->mailbox->path);
    int code;

    if (smail__export_is_top(export, folder->mailbox))
        code = smail__out_folder(&folder->fd, export->folder, ".", err);
    else if (folder->is_maildir)
        code = open_dotted(&folder->fd, export->folder, path, err);
    else
        code = open_levels(&folder->fd, export->folder, path, err);
    if (code == 0 && folder->is_maildir)
        code = make_parts(folder, err);
    return code;
}

static void close_folder(struct folder *folder)
{
    int all[] = { folder->fd, folder->cur, folder->tmp };

    for (size_t i = 0; i < 3; i++)
        if (all[i] >= 0)
            close(all[i]);
    smail__out_drop(&folder->list_file);
    smail__buf_dispose(&folder->list);
    free(folder->there.list);
}

/* --- The list ------------------------------------------------------------ */

#define LIST_HELD ((size_t)256 * 1024)

static int flush_list(struct folder *folder, smail_error *err)
{
    int code = 0;

    if (smail__buf_error(&folder->list) != 0)
        return smail__fail(err, SMAIL_ENOMEM, "no memory");
    if (folder->list_file.fd < 0)
        code = smail__out_begin(&folder->list_file, folder->fd, err);
    if (code == 0)
        code = smail__out_write(&folder->list_file,
                                smail__buf_span(&folder->list), err);
    smail__buf_clear(&folder->list);
    return code;
}

static int note(struct folder *folder, const char *name,
                const struct smail__export_message *message, smail_error *err)
{
    size_t before = folder->list.len;

    smail__export_note(&folder->list, name, message);
    folder->has_list |= folder->list.len > before;
    return folder->list.len > LIST_HELD ? flush_list(folder, err) : 0;
}

/* The inbox needs none, unless there is something to say of a message. */
static int end_list(struct folder *folder, smail_error *err)
{
    bool is_plain =
        folder->mailbox->role == SMAIL_ROLE_INBOX && !folder->has_list;
    int code;

    if (is_plain) {
        unlinkat(folder->fd, SMAIL__MANIFEST_NAME, 0);
        return 0;
    }
    code = flush_list(folder, err);
    if (code == 0)
        code = smail__out_publish(&folder->list_file, folder->fd,
                                  SMAIL__MANIFEST_NAME, true, err);
    return code < 0 ? code : 0;
}

/* --- What a Maildir has -------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
    const struct smail__export_key *left = a, *right = b;

    if (left->time != right->time)
        return left->time < right->time ? -1 : 1;
    return left->email < right->email ? -1 : left->email > right->email;
}

/* "1795397160.17.smtpmail:2,S", as we name them. */
static bool read_key(struct smail__export_key *out, smail_span name)
{
    uint64_t time, email;

    if (smail__span_number(&time, smail__span_cut(&name, '.')) != 0 ||
        smail__span_number(&email, smail__span_cut(&name, '.')) != 0 ||
        !smail__span_istarts(name, "smtpmail"))
        return false;
    *out = (struct smail__export_key){ (int64_t)time, (smail_id)email };
    return true;
}

static int keep_key(struct smail__export_keys *keys,
                    const struct smail__export_key *key, smail_error *err)
{
    if (keys->count == keys->room) {
        size_t room = keys->room > 0 ? 2 * keys->room : 256;
        struct smail__export_key *list =
            realloc(keys->list, room * sizeof(*list));

        if (list == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "no memory");
        keys->list = list;
        keys->room = room;
    }
    keys->list[keys->count++] = *key;
    return 0;
}

static int read_there(struct folder *folder, smail_error *err)
{
    int fd = openat(folder->cur, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    int code = 0;

    if (dir == NULL) {
        if (fd >= 0)
            close(fd);
        return smail__fail_os(err, SMAIL_EIO, errno, "cannot read cur: %s",
                              strerror(errno));
    }
    while (code == 0 && (entry = readdir(dir)) != NULL) {
        struct smail__export_key key;

        if (read_key(&key, smail__span(entry->d_name)))
            code = keep_key(&folder->there, &key, err);
    }
    closedir(dir);
    if (folder->there.count > 0)
        qsort(folder->there.list, folder->there.count,
              sizeof(*folder->there.list), compare_keys);
    return code;
}

static bool is_there(const struct folder *folder,
                     const struct smail__export_key *key, const char *name)
{
    if (!folder->is_maildir)
        return smail__out_exists(folder->fd, name);
    return folder->there.count > 0 &&
           bsearch(key, folder->there.list, folder->there.count, sizeof(*key),
                   compare_keys) != NULL;
}

/* --- Messages ------------------------------------------------------------ */

static int put(struct smail__export *export, smail_span octets, void *user,
               smail_error *err)
{
    (void)export;
    return smail__out_write(user, octets, err);
}

/* Programs take the time of a file for when it came. */
static void set_time(const struct smail__out_file *file, int64_t time)
{
    struct timespec times[2] = { { .tv_sec = (time_t)time },
                                 { .tv_sec = (time_t)time } };

    (void)futimens(file->fd, times);
}

static int write_file(struct folder *folder, const char *name,
                      const struct smail__export_message *message,
                      smail_error *err)
{
    struct smail__out_file file;
    int code = smail__out_begin(
        &file, folder->is_maildir ? folder->tmp : folder->fd, err);

    if (code == 0)
        code = smail__export_copy(folder->export, message, put, &file, err);
    if (code == 0) {
        set_time(&file, message->received_at);
        code = smail__out_publish(&file,
                                  folder->is_maildir ? folder->cur : folder->fd,
                                  name, false, err);
    }
    smail__out_drop(&file);
    return code;
}

/* `name` is the file's, `unique` what the list calls it. */
static void make_names(char name[SMAIL__EXPORT_NAME_MAX],
                       char unique[SMAIL__EXPORT_NAME_MAX],
                       const struct folder *folder,
                       const struct smail__export_key *key,
                       const char *keywords)
{
    char letters[SMAIL__LETTERS_MAX];

    if (!folder->is_maildir) {
        smail__export_name(name, key);
        memcpy(unique, name, SMAIL__EXPORT_NAME_MAX);
        return;
    }
    smail__status_to_letters(letters, keywords);
    smail__format(unique, SMAIL__EXPORT_NAME_MAX, "%010lld.%010lld.smtpmail",
                  (long long)key->time, (long long)key->email);
    smail__format(name, SMAIL__EXPORT_NAME_MAX, "%s:2,%s", unique, letters);
}

/* As it is called in the target. */
static void show(struct smail__buf *out, const struct folder *folder,
                 const char *name)
{
    bool is_top = smail__export_is_top(folder->export, folder->mailbox);

    smail__buf_clear(out);
    if (!is_top)
        smail__buf_printf(out, "%s/", folder->mailbox->path);
    smail__buf_puts(out, name);
}

static int export_one(struct folder *folder,
                      const struct smail__export_key *key,
                      struct smail__buf *shown, smail_error *err)
{
    char name[SMAIL__EXPORT_NAME_MAX], unique[SMAIL__EXPORT_NAME_MAX];
    struct smail__export_message message;
    bool was_there;
    int code;

    make_names(name, unique, folder, key, "");
    show(shown, folder, name);
    code = smail__export_open(&message, folder->export, key->email, shown->data,
                              err);
    if (code <= 0)
        return code;
    make_names(name, unique, folder, key, message.keywords);
    show(shown, folder, name);
    was_there = is_there(folder, key, name);
    code = was_there ? 0 : write_file(folder, name, &message, err);
    if (code >= 0) {
        was_there |= code == 0;
        code = note(folder, unique, &message, err);
        smail__export_tell(folder->export, &message, shown->data, was_there);
    }
    smail__export_close(&message);
    return code;
}

static int export_mailbox(struct smail__export *export,
                          const struct smail__export_mailbox *mailbox,
                          const struct smail__export_keys *keys,
                          bool is_maildir, smail_error *err)
{
    struct folder folder = { .export = export,
                             .mailbox = mailbox,
                             .is_maildir = is_maildir,
                             .fd = -1,
                             .cur = -1,
                             .tmp = -1,
                             .list_file = SMAIL__OUT_FILE_INIT };
    struct smail__buf shown;
    int code;

    smail__buf_init(&folder.list, 2 * LIST_HELD, NULL);
    smail__buf_init(&shown, 16 * 1024, NULL);
    code = open_folder(&folder, err);
    if (code == 0 && is_maildir)
        code = read_there(&folder, err);
    smail__manifest_put_head(&folder.list, mailbox->role, mailbox->path);
    for (size_t i = 0; code == 0 && i < keys->count; i++)
        if (!smail__export_tick(export))
            code = export_one(&folder, &keys->list[i], &shown, err);
    /* One that was stopped keeps the list of the last whole run, or has none:
     * what it says holds good for more than is there. */
    if (code == 0 && !export->result->was_stopped)
        code = end_list(&folder, err);
    close_folder(&folder);
    smail__buf_dispose(&shown);
    return code;
}

static int begin(struct smail__export *export, const char *target,
                 smail_error *err)
{
    return smail__export_target(export, target, true, err);
}

static int eml_mailbox(struct smail__export *export,
                       const struct smail__export_mailbox *mailbox,
                       const struct smail__export_keys *keys, smail_error *err)
{
    return export_mailbox(export, mailbox, keys, false, err);
}

static int maildir_mailbox(struct smail__export *export,
                           const struct smail__export_mailbox *mailbox,
                           const struct smail__export_keys *keys,
                           smail_error *err)
{
    return export_mailbox(export, mailbox, keys, true, err);
}

const struct smail__export_format smail__export_eml = { .begin = begin,
                                                        .mailbox =
                                                            eml_mailbox };
const struct smail__export_format smail__export_maildir = {
    .begin = begin, .mailbox = maildir_mailbox
};
