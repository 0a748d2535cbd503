/* SPDX-License-Identifier: MIT */
/*
 * transfer/export_mbox.c - all of an account as an mbox (RFC 4155), or an mbox
 * for each mailbox, quoted as mboxrd. In front of a message stand fields that
 * other programs know (Status, X-Status, X-Keywords), and one that tells an
 * import of ours where they end and where the message does: its octets come
 * back as they were, line ends and a missing last one too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "transfer/export.h"
#include "transfer/from_line.h"
#include "transfer/mbox.h"
#include "transfer/name.h"
#include "transfer/status.h"

/* --- One message --------------------------------------------------------- */

static const char *role_of(const struct smail__export *export, smail_span path)
{
    const char *name = NULL;

    for (size_t i = 0; i < export->mailbox_count; i++)
        if (smail__span_is(path, export->mailboxes[i].path))
            name = smail_role_name(export->mailboxes[i].role);
    return name != NULL ? name : "-";
}

static void put_status(struct smail__buf *out, const char *keywords)
{
    static const struct {
        char letter;
        const char *keyword;
    } known[] = {
        { 'A', "$answered" },
        { 'F', "$flagged" },
        { 'T', "$draft" },
    };
    smail_span all = smail__span(keywords);
    size_t before;

    smail__buf_puts(out, smail__status_has(all, "$seen") ? "Status: RO\n"
                                                         : "Status: O\n");
    before = out->len;
    smail__buf_puts(out, "X-Status: ");
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (smail__status_has(all, known[i].keyword))
            smail__buf_putc(out, known[i].letter);
    if (out->len == before + strlen("X-Status: "))
        smail__buf_truncate(out, before);
    else
        smail__buf_putc(out, '\n');
    if (all.len > 0)
        smail__buf_printf(out, "X-Keywords: %s\n", keywords);
}

/* With the first message come the mailboxes, so that empty ones are kept. */
static void put_block(struct smail__buf *out, struct smail__export *export,
                      const struct smail__export_message *message)
{
    smail_span paths = smail__span(message->mailboxes);

    put_status(out, message->keywords);
    while (paths.len > 0) {
        smail_span path = smail__span_cut(&paths, '\n');

        smail__buf_printf(out, "X-Smtpmail-Mailbox: %s ",
                          role_of(export, path));
        smail__buf_append(out, path);
        smail__buf_putc(out, '\n');
    }
    for (size_t i = 0; !export->has_begun && i < export->mailbox_count &&
                       out->len < SMAIL__MBOX_BLOCK_MAX / 2;
         i++)
        smail__buf_printf(
            out, "X-Smtpmail-Empty: %s %s\n",
            role_of(export, smail__span(export->mailboxes[i].path)),
            export->mailboxes[i].path);
    export->has_begun = true;
}

struct writing {
    struct smail__out_file *file;
    struct smail__quoter quoter;
};

static int flush(struct smail__export *export, struct smail__out_file *file,
                 smail_error *err)
{
    int code = smail__buf_error(&export->out) == 0
                   ? smail__out_write(file, smail__buf_span(&export->out), err)
                   : smail__fail(err, SMAIL_ENOMEM, "no memory");

    smail__buf_clear(&export->out);
    return code;
}

static int put(struct smail__export *export, smail_span octets, void *user,
               smail_error *err)
{
    struct writing *writing = user;

    smail__quote(&export->out, &writing->quoter, octets);
    return flush(export, writing->file, err);
}

static int put_front(struct smail__export *export,
                     const struct smail__export_message *message,
                     smail_error *err)
{
    char line[SMAIL__FROM_LINE_MAX];
    struct smail__buf block;
    int code;

    smail__buf_init(&block, SMAIL__MBOX_BLOCK_MAX, NULL);
    put_block(&block, export, message);
    smail__from_line_format(line, message->received_at);
    smail__buf_puts(&export->out, line);
    smail__buf_printf(
        &export->out,
        SMAIL__MBOX_FIELD " 1 block=%zu stored=%llu received=%lld\n", block.len,
        (unsigned long long)(message->size + message->quotes),
        (long long)(message->received_at > 0 ? message->received_at : 0));
    smail__buf_append(&export->out, smail__buf_span(&block));
    code = smail__buf_error(&block);
    smail__buf_dispose(&block);
    return code == 0 ? 0 : smail__fail(err, code, "too many mailboxes");
}

static int write_message(struct smail__export *export,
                         struct smail__out_file *file,
                         const struct smail__export_message *message,
                         smail_error *err)
{
    struct writing writing = { .file = file };
    int code = put_front(export, message, err);

    if (code == 0)
        code = smail__export_copy(export, message, put, &writing, err);
    if (code < 0)
        return code;
    smail__quote_end(&export->out, &writing.quoter);
    smail__buf_puts(&export->out, message->last == '\n' ? "\n" : "\n\n");
    return flush(export, file, err);
}

static int write_all(struct smail__export *export, struct smail__out_file *file,
                     const char *shown, const struct smail__export_keys *keys,
                     smail_error *err)
{
    int code = 0;

    for (size_t i = 0; code == 0 && i < keys->count; i++) {
        struct smail__export_message message;

        if (smail__export_tick(export))
            break;
        code = smail__export_open(&message, export, keys->list[i].email, shown,
                                  err);
        if (code <= 0)
            continue;
        code = write_message(export, file, &message, err);
        if (code == 0)
            smail__export_tell(export, &message, shown, false);
        smail__export_close(&message);
    }
    return code;
}

/* --- One file ------------------------------------------------------------ */

static int write_file(struct smail__export *export, int folder,
                      const char *name, const char *shown,
                      const struct smail__export_keys *keys, smail_error *err)
{
    struct smail__out_file file;
    int code = smail__out_begin(&file, folder, err);

    if (code == 0)
        code = write_all(export, &file, shown, keys, err);
    if (code == 0 && !export->result->was_stopped)
        code = smail__out_publish(&file, folder, name, true, err);
    smail__out_drop(&file);
    return code < 0 ? code : 0;
}

/* A file of all, unless the target is or shall be a folder. */
static int all(struct smail__export *export,
               const struct smail__export_keys *keys, smail_error *err)
{
    return write_file(export, export->folder, export->name, "", keys, err);
}

/* "Work/2024.mbox" below the target. */
static int mailbox(struct smail__export *export,
                   const struct smail__export_mailbox *which,
                   const struct smail__export_keys *keys, smail_error *err)
{
    struct smail__buf name;
    smail_span path = smail__span(which->path);
    int folder, code = smail__out_folder(&folder, export->folder, ".", err);

    smail__buf_init(&name, 4 * SMAIL__FILE_NAME_MAX, NULL);
    while (code == 0) {
        int above = folder;

        smail__buf_clear(&name);
        smail__name_to_file(&name, smail__span_cut(&path, '/'));
        if (path.len == 0)
            break;
        code = smail__out_folder(&folder, above, name.data, err);
        close(above);
    }
    smail__buf_puts(&name, ".mbox");
    if (code == 0)
        code = write_file(export, folder, name.data, which->path, keys, err);
    if (code == 0 || folder >= 0)
        close(folder);
    smail__buf_dispose(&name);
    return code;
}

static int begin(struct smail__export *export, const char *target,
                 smail_error *err)
{
    export->is_split = smail__target_is_folder(target);
    return smail__export_target(export, target, export->is_split, err);
}

const struct smail__export_format smail__export_mbox = { .begin = begin,
                                                         .mailbox = mailbox,
                                                         .all = all };
