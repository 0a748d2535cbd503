/* SPDX-License-Identifier: MIT */
/*
 * transfer/export_zip.c - a zip of .eml files in folders. The list of a folder
 * stands before its messages, so that a reader of the stream knows it then.
 */
#include <archive.h>
#include <archive_entry.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/span.h"
#include "transfer/export.h"
#include "transfer/name.h"

static int fail_zip(struct smail__export *export, smail_error *err)
{
    const char *text = archive_error_string(export->archive);

    return smail__fail(err, SMAIL_EIO, "cannot write the zip: %s",
                       text != NULL ? text : "no memory");
}

static int begin(struct smail__export *export, const char *target,
                 smail_error *err)
{
    int code = smail__export_target(export, target, false, err);

    if (code == 0)
        code = smail__out_begin(&export->file, export->folder, err);
    if (code < 0)
        return code;
    export->archive = archive_write_new();
    if (export->archive == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory");
    if (archive_write_set_format_zip(export->archive) != ARCHIVE_OK ||
        archive_write_set_options(export->archive, "hdrcharset=UTF-8") <
            ARCHIVE_WARN ||
        archive_write_open_fd(export->archive, export->file.fd) != ARCHIVE_OK)
        return fail_zip(export, err);
    return 0;
}

static int put(struct smail__export *export, smail_span octets, void *user,
               smail_error *err)
{
    (void)user;
    while (octets.len > 0) {
        la_ssize_t put =
            archive_write_data(export->archive, octets.data, octets.len);

        if (put <= 0)
            return fail_zip(export, err);
        octets = smail__span_from(octets, (size_t)put);
    }
    return 0;
}

static int put_header(struct smail__export *export, const char *path,
                      uint64_t size, int64_t time, smail_error *err)
{
    struct archive_entry *entry = archive_entry_new();
    int code;

    if (entry == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory");
    archive_entry_set_pathname_utf8(entry, path);
    archive_entry_set_size(entry, (int64_t)size);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0600);
    archive_entry_set_mtime(entry, (time_t)time, 0);
    code = archive_write_header(export->archive, entry);
    archive_entry_free(entry);
    return code >= ARCHIVE_WARN ? 0 : fail_zip(export, err);
}

/* The path of the mailbox, a '/' behind; nothing for the inbox. */
static void put_folder(struct smail__buf *out, struct smail__export *export,
                       const struct smail__export_mailbox *mailbox)
{
    smail_span path = smail__span(mailbox->path);

    if (smail__export_is_top(export, mailbox))
        return;
    while (path.len > 0) {
        smail__name_to_file(out, smail__span_cut(&path, '/'));
        smail__buf_putc(out, '/');
    }
}

static int put_message(struct smail__export *export, smail_span folder,
                       const struct smail__export_key *key, smail_error *err)
{
    char name[SMAIL__EXPORT_NAME_MAX];
    struct smail__export_message message;
    struct smail__buf path;
    int code;

    smail__export_name(name, key);
    smail__buf_init(&path, 64 * 1024, NULL);
    smail__buf_append(&path, folder);
    smail__buf_puts(&path, name);
    code = smail__export_open(&message, export, key->email, path.data, err);
    if (code > 0) {
        code = put_header(export, path.data, message.size, message.received_at,
                          err);
        if (code == 0)
            code = smail__export_copy(export, &message, put, NULL, err);
        if (code == 0)
            smail__export_tell(export, &message, path.data, false);
        smail__export_close(&message);
    }
    smail__buf_dispose(&path);
    return code;
}

/* --- The list ------------------------------------------------------------ */

#define LIST_HELD ((size_t)256 * 1024)

/* Messages are looked at before they are written: their list comes first. A
 * bad one is told of when it is to be written, and not before. */
static int note(struct smail__export *export, struct smail__buf *list,
                const struct smail__export_key *key, smail_error *err)
{
    struct smail__export_message message;
    char name[SMAIL__EXPORT_NAME_MAX];
    smail_error error = SMAIL_ERROR_INIT;
    smail_export_options quiet = *export->options;
    const smail_export_options *before = export->options;
    uint64_t bad = export->result->bad, messages = export->progress.messages;
    int code;

    quiet.skip_bad = true;
    quiet.item = NULL;
    export->options = &quiet;
    smail__export_name(name, key);
    code = smail__export_open(&message, export, key->email, name, &error);
    export->options = before;
    export->result->bad = bad;
    export->progress.messages = messages;
    if (code > 0) {
        smail__export_note(list, name, &message);
        smail__export_close(&message);
    }
    if (code < 0 && err != NULL)
        *err = error;
    return code < 0 ? code : 0;
}

static int make_list(struct smail__export *export, struct smail__out_file *file,
                     uint64_t *size,
                     const struct smail__export_mailbox *mailbox,
                     const struct smail__export_keys *keys, smail_error *err)
{
    struct smail__buf list;
    uint64_t written = 0;
    int code = 0;

    smail__buf_init(&list, 2 * LIST_HELD, NULL);
    smail__manifest_put_head(&list, mailbox->role, mailbox->path);
    for (size_t i = 0; code == 0 && i <= keys->count; i++) {
        if (i < keys->count && !smail__export_tick(export))
            code = note(export, &list, &keys->list[i], err);
        if (code < 0 || (list.len < LIST_HELD && i < keys->count))
            continue;
        written += list.len;
        code = smail__out_write(file, smail__buf_span(&list), err);
        smail__buf_clear(&list);
    }
    smail__buf_dispose(&list);
    *size = written;
    return code;
}

static int put_list(struct smail__export *export, smail_span folder,
                    struct smail__out_file *file, uint64_t size,
                    smail_error *err)
{
    struct smail__buf path;
    uint64_t at = 0;
    int code;

    smail__buf_init(&path, 64 * 1024, NULL);
    smail__buf_append(&path, folder);
    smail__buf_puts(&path, SMAIL__MANIFEST_NAME);
    code = put_header(export, path.data, size, 0, err);
    while (code == 0 && at < size) {
        ssize_t got =
            pread(file->fd, export->piece, SMAIL__EXPORT_PIECE, (off_t)at);

        if (got <= 0)
            code = smail__fail(err, SMAIL_EIO, "cannot read a list again");
        else
            code = put(export, (smail_span){ export->piece, (size_t)got }, NULL,
                       err);
        at += got > 0 ? (uint64_t)got : 0;
    }
    smail__buf_dispose(&path);
    return code;
}

static int mailbox(struct smail__export *export,
                   const struct smail__export_mailbox *which,
                   const struct smail__export_keys *keys, smail_error *err)
{
    struct smail__out_file list;
    struct smail__buf folder;
    uint64_t size = 0;
    int code = smail__out_begin(&list, export->folder, err);

    smail__buf_init(&folder, 64 * 1024, NULL);
    put_folder(&folder, export, which);
    if (code == 0)
        code = make_list(export, &list, &size, which, keys, err);
    if (code == 0)
        code = put_list(export, smail__buf_span(&folder), &list, size, err);
    smail__out_drop(&list);
    for (size_t i = 0; code == 0 && i < keys->count; i++)
        if (!smail__export_tick(export))
            code = put_message(export, smail__buf_span(&folder), &keys->list[i],
                               err);
    smail__buf_dispose(&folder);
    return code;
}

static int finish(struct smail__export *export, smail_error *err)
{
    int code;

    if (archive_write_close(export->archive) != ARCHIVE_OK)
        return fail_zip(export, err);
    if (export->result->was_stopped)
        return 0;
    code = smail__out_publish(&export->file, export->folder, export->name, true,
                              err);
    return code < 0 ? code : 0;
}

static void dispose(struct smail__export *export)
{
    if (export->archive != NULL)
        archive_write_free(export->archive);
    export->archive = NULL;
}

const struct smail__export_format smail__export_zip = {
    .begin = begin, .mailbox = mailbox, .finish = finish, .dispose = dispose
};
