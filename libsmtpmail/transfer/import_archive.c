/* SPDX-License-Identifier: MIT */
/*
 * transfer/import_archive.c - zip, tar and what packs a tar. Nothing is ever
 * unpacked into the file system: an entry is read as a stream, its path only
 * names a mailbox. A small archive that claims to be huge is given up.
 */
#include <archive.h>
#include <archive_entry.h>
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

/* Mail packs to a fifth or so, and a file of one octet to a thousandth: what
 * unpacks to more than this many times its size is no mail ... */
#define RATIO_MAX 200

/* ... once it is more than anybody minds. */
#define RATIO_FREE ((uint64_t)64 * 1024 * 1024)

#define EXPANDED_MAX ((uint64_t)1 << 40)

/* Folders of an archive whose keywords are held. */
#define WORDS_MAX 1000

#define BLOCK ((size_t)64 * 1024)

struct words {
    char *folder;
    struct smail__maildir_words words;
};

struct source {
    struct smail__import *import;
    struct archive *archive;
    struct smail__input *input; /* when it cannot be read from the start */
    char *block;
    const char *name;
    uint64_t expanded, max_expanded, size;
    bool is_bomb, is_bad;
    struct words *words;
    size_t word_count;
    struct smail__manifest manifest;
    struct smail__buf manifest_folder;
};

/* --- Reading ------------------------------------------------------------- */

static la_ssize_t read_block(struct archive *archive, void *user,
                             const void **out)
{
    struct source *source = user;
    smail_error error = SMAIL_ERROR_INIT;
    struct smail__input *input = source->input;
    size_t len;

    if (smail__input_have(input, 1, &error) < 0) {
        archive_set_error(archive, EIO, "%s", error.message);
        return -1;
    }
    len = input->end - input->at;
    memcpy(source->block, input->data + input->at, len);
    smail__input_take(input, len);
    *out = source->block;
    return (la_ssize_t)len;
}

static int fail_archive(struct source *source, smail_error *err)
{
    const char *text = archive_error_string(source->archive);

    return smail__fail(err, SMAIL_EMALFORMED, "%s: %s", source->name,
                       text != NULL ? text : "it is no archive");
}

static int open_archive(struct source *source, int fd, smail_error *err)
{
    struct archive *archive = archive_read_new();
    int code;

    source->archive = archive;
    if (archive == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory");
    archive_read_support_format_zip(archive);
    archive_read_support_format_tar(archive);
    archive_read_support_format_gnutar(archive);
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_xz(archive);
    if (source->input->can_seek && lseek(fd, 0, SEEK_SET) == 0)
        code = archive_read_open_fd(archive, fd, BLOCK);
    else
        code = archive_read_open(archive, source, NULL, read_block, NULL);
    return code == ARCHIVE_OK ? 0 : fail_archive(source, err);
}

static void close_archive(struct source *source)
{
    if (source->archive != NULL)
        archive_read_free(source->archive);
    source->archive = NULL;
}

/* Does it become more than it can be? */
static bool is_too_much(struct source *source)
{
    int64_t packed = archive_filter_bytes(source->archive, -1);
    int64_t unpacked = archive_filter_bytes(source->archive, 0);
    uint64_t most = source->expanded;

    if (unpacked > 0 && (uint64_t)unpacked > most)
        most = (uint64_t)unpacked;
    if (packed < 1)
        packed = 1;
    if (source->size > (uint64_t)packed)
        packed = (int64_t)source->size;
    if (most > source->max_expanded ||
        (most > RATIO_FREE && most / RATIO_MAX > (uint64_t)packed))
        source->is_bomb = true;
    return source->is_bomb;
}

static int64_t read_entry(char *out, size_t len, void *user, smail_error *err)
{
    struct source *source = user;
    la_ssize_t got = archive_read_data(source->archive, out, len);

    if (got < 0) {
        source->is_bad = true;
        return fail_archive(source, err);
    }
    source->expanded += (uint64_t)got;
    if (is_too_much(source))
        return smail__fail(err, SMAIL_ELIMIT,
                           "%s unpacks to far more than mail does",
                           source->name);
    return got;
}

/* The next entry: 1, 0 at the end. */
static int next_entry(struct archive_entry **out, struct source *source,
                      smail_error *err)
{
    int code = archive_read_next_header(source->archive, out);

    if (code == ARCHIVE_EOF)
        return 0;
    if (is_too_much(source))
        return smail__fail(err, SMAIL_ELIMIT,
                           "%s unpacks to far more than mail does",
                           source->name);
    return code >= ARCHIVE_WARN ? 1 : fail_archive(source, err);
}

/* --- Paths --------------------------------------------------------------- */

static smail_span path_of(struct archive_entry *entry)
{
    const char *path = archive_entry_pathname_utf8(entry);

    if (path == NULL)
        path = archive_entry_pathname(entry);
    return smail__span(path);
}

static bool is_safe(smail_span path)
{
    if (path.len == 0 || path.len > SMAIL__FILE_PATH_MAX ||
        path.data[0] == '/' || path.data[0] == '\\')
        return false;
    while (path.len > 0)
        if (smail__span_is(smail__span_cut(&path, '/'), ".."))
            return false;
    return true;
}

/* Cut the last name off: "a/b/c" is "a/b" and "c". */
static smail_span cut_name(smail_span *path)
{
    size_t at = path->len;
    smail_span name;

    while (at > 0 && path->data[at - 1] != '/')
        at--;
    name = smail__span_from(*path, at);
    path->len = at > 0 ? at - 1 : 0;
    return name;
}

static struct words *words_of(struct source *source, smail_span folder)
{
    for (size_t i = 0; i < source->word_count; i++)
        if (smail__span_is(folder, source->words[i].folder))
            return &source->words[i];
    return NULL;
}

/* --- Beside messages ----------------------------------------------------- */

static int read_words(struct source *source, smail_span folder,
                      smail_error *err)
{
    struct words *words;
    la_ssize_t got;

    if (source->word_count == WORDS_MAX || words_of(source, folder) != NULL)
        return 0;
    if (source->words == NULL)
        source->words = calloc(WORDS_MAX, sizeof(*source->words));
    if (source->words == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory");
    words = &source->words[source->word_count];
    words->folder = smail__spandup(folder);
    smail__maildir_words_init(&words->words);
    if (words->folder == NULL ||
        smail__buf_reserve(&words->words.text, SMAIL__MAILDIR_KEYWORDS_MAX) !=
            0)
        return smail__fail(err, SMAIL_ENOMEM, "no memory");
    source->word_count++;
    got = archive_read_data(source->archive, words->words.text.data,
                            SMAIL__MAILDIR_KEYWORDS_MAX);
    words->words.text.len = got > 0 ? (size_t)got : 0;
    smail__maildir_words_read(&words->words);
    return 0;
}

/* Kept in a file without a name, to be looked up in. */
static int read_manifest(struct source *source, smail_span folder,
                         smail_error *err)
{
    struct smail__import *import = source->import;
    char path[] = "/tmp/smtpmail-XXXXXX";
    int fd = mkstemp(path), code = 0;
    smail_id unused;
    la_ssize_t got;

    if (fd < 0)
        return smail__fail_os(err, SMAIL_EIO, errno,
                              "cannot make a temporary file");
    unlink(path);
    while ((got = archive_read_data(source->archive, source->block, BLOCK)) >
           0) {
        source->expanded += (uint64_t)got;
        if (is_too_much(source) ||
            write(fd, source->block, (size_t)got) != got) {
            close(fd);
            return smail__fail(err, SMAIL_EIO, "%s: cannot keep a list",
                               source->name);
        }
    }
    smail__buf_clear(&source->manifest_folder);
    smail__buf_append(&source->manifest_folder, folder);
    if (smail__manifest_open(&source->manifest, fd) &&
        import->options->mailbox == NULL && source->manifest.mailbox.len > 0)
        code = smail__sink_mailbox(&unused, &import->sink,
                                   smail__buf_span(&source->manifest.mailbox),
                                   source->manifest.role, true, err);
    return code;
}

/* --- Entries ------------------------------------------------------------- */

/* The mailbox of a message in cur/ or new/ of `folder`. */
static void maildir_mailbox(struct smail__buf *out, smail_span folder)
{
    smail_span name = cut_name(&folder);

    if (name.len > 1 && name.data[0] == '.')
        smail__name_of_maildir(out, name);
}

static void plain_mailbox(struct smail__buf *out, smail_span folder,
                          const struct smail__item *item)
{
    smail__item_mailbox(out, folder);
    if (item->kind != SMAIL__ITEM_MBOX)
        return;
    if (out->len > 0)
        smail__buf_putc(out, '/');
    smail__buf_append(out, smail__item_mbox_name(item->name));
}

static void find_mailbox(struct smail__item *item, struct smail__buf *mailbox,
                         struct source *source, smail_span folder)
{
    struct words *words = words_of(source, folder);

    if (words != NULL)
        item->words = &words->words;
    if (source->manifest.fd >= 0 &&
        smail__span_equal(smail__buf_span(&source->manifest_folder), folder)) {
        item->manifest = &source->manifest;
        smail__buf_append(mailbox, smail__buf_span(&source->manifest.mailbox));
    } else if (item->kind == SMAIL__ITEM_MAILDIR) {
        maildir_mailbox(mailbox, folder);
    } else {
        plain_mailbox(mailbox, folder, item);
    }
    item->mailbox = smail__buf_span(mailbox);
}

/* The entry is bad; the archive may go on. */
static int after_entry(struct source *source, int code, const char *shown,
                       const smail_error *error, smail_error *err)
{
    if (code < 0 && source->is_bad && !source->is_bomb) {
        source->is_bad = false;
        smail__sink_skip(&source->import->sink, shown, 0, 0, "%s",
                         error->message);
        return 0;
    }
    if (code < 0 && err != NULL)
        *err = *error;
    return code;
}

static int import_entry(struct source *source, struct smail__item *item,
                        smail_span folder, smail_error *err)
{
    struct smail__manifest none;
    struct smail__buf mailbox;
    struct smail__input input;
    smail_error error = SMAIL_ERROR_INIT;
    int code;

    smail__manifest_init(&none);
    smail__buf_init(&mailbox, SMAIL__SINK_PATHS_MAX, NULL);
    item->manifest = &none;
    find_mailbox(item, &mailbox, source, folder);
    code = smail__input_open(&input, -1, read_entry, source, &error);
    if (code == 0)
        code = smail__item_import(source->import, item, &input, &error);
    smail__input_close(&input);
    code = after_entry(source, code, item->file, &error, err);
    smail__buf_dispose(&mailbox);
    smail__manifest_close(&none);
    return code;
}

/* What the path says that it is; folder becomes what its mailbox is. */
static void classify(struct smail__item *item, smail_span *folder)
{
    smail_span above = *folder, part = cut_name(&above);

    item->kind = smail__item_kind(item->name);
    if (!smail__span_is(part, "cur") && !smail__span_is(part, "new"))
        return;
    if (item->name.len == 0 || item->name.data[0] == '.')
        return;
    item->kind = SMAIL__ITEM_MAILDIR;
    item->is_new = smail__span_is(part, "new");
    *folder = above;
}

static int take_entry(struct source *source, struct archive_entry *entry,
                      smail_error *err)
{
    struct smail__sink *sink = &source->import->sink;
    smail_span path = path_of(entry), folder = path;
    struct smail__item item = { .name = cut_name(&folder) };
    struct smail__buf shown;
    int code = 0;

    smail__buf_init(&shown, 2 * SMAIL__FILE_PATH_MAX, NULL);
    smail__buf_printf(&shown, "%s/%.*s", source->name, SMAIL__SPAN_ARG(path));
    item.file = shown.data;
    classify(&item, &folder);
    if (archive_entry_filetype(entry) == AE_IFDIR)
        goto out;
    if (!is_safe(path))
        smail__sink_skip(sink, shown.data, 0, 0,
                         "its path leads out of the archive");
    else if (archive_entry_filetype(entry) != AE_IFREG ||
             archive_entry_hardlink(entry) != NULL)
        smail__sink_skip(sink, shown.data, 0, 0, "it is no file");
    else if (archive_entry_is_encrypted(entry))
        smail__sink_skip(sink, shown.data, 0, 0, "it is encrypted");
    else if (item.kind == SMAIL__ITEM_MANIFEST)
        code = read_manifest(source, folder, err);
    else if (item.kind == SMAIL__ITEM_KEYWORDS)
        code = read_words(source, folder, err);
    else if (item.kind == SMAIL__ITEM_ARCHIVE)
        smail__sink_skip(sink, shown.data, 0, 0, "an archive in an archive");
    else if (item.kind != SMAIL__ITEM_NOISE)
        code = import_entry(source, &item, folder, err);
out:
    smail__buf_dispose(&shown);
    return code;
}

static void tell_progress(struct source *source)
{
    struct smail__sink *sink = &source->import->sink;
    int64_t read = archive_filter_bytes(source->archive, -1);

    if (source->size > 0 && read > 0 && sink->progress.total == source->size)
        sink->progress.done = (uint64_t)read;
    (void)smail__sink_tick(sink);
}

/* Keywords of a Maildir may come behind its messages: look for them first. */
static int look_for_words(struct source *source, int fd, smail_error *err)
{
    struct archive_entry *entry;
    int code;

    if (!source->input->can_seek)
        return 0;
    code = open_archive(source, fd, err);
    while (code == 0 && !source->import->sink.is_stopped) {
        smail_span folder;

        code = next_entry(&entry, source, err);
        if (code <= 0)
            break;
        folder = path_of(entry);
        if (smail__span_is(cut_name(&folder), "dovecot-keywords"))
            code = read_words(source, folder, err);
        else
            code = 0;
    }
    close_archive(source);
    return code < 0 ? code : 0;
}

static int import_entries(struct source *source, int fd, smail_error *err)
{
    struct archive_entry *entry;
    int code = open_archive(source, fd, err);

    while (code == 0 && !source->import->sink.is_stopped) {
        code = next_entry(&entry, source, err);
        if (code <= 0)
            break;
        code = take_entry(source, entry, err);
        tell_progress(source);
    }
    close_archive(source);
    return code < 0 ? code : 0;
}

int smail__import_archive(struct smail__import *import, int fd,
                          struct smail__input *input, const char *name,
                          smail_error *err)
{
    struct source source = { .import = import, .input = input, .name = name };
    struct stat info;
    int code;

    source.max_expanded = import->options->max_expanded > 0
                              ? import->options->max_expanded
                              : EXPANDED_MAX;
    if (input->can_seek && fstat(fd, &info) == 0)
        source.size = (uint64_t)info.st_size;
    smail__manifest_init(&source.manifest);
    smail__buf_init(&source.manifest_folder, SMAIL__FILE_PATH_MAX, NULL);
    source.block = malloc(BLOCK);
    code = source.block != NULL ? look_for_words(&source, fd, err)
                                : smail__fail(err, SMAIL_ENOMEM, "no memory");
    source.expanded = 0;
    if (code == 0)
        code = import_entries(&source, fd, err);
    for (size_t i = 0; i < source.word_count; i++) {
        free(source.words[i].folder);
        smail__maildir_words_dispose(&source.words[i].words);
    }
    free(source.words);
    free(source.block);
    smail__manifest_close(&source.manifest);
    smail__buf_dispose(&source.manifest_folder);
    return code;
}
