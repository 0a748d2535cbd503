/* SPDX-License-Identifier: MIT */
/*
 * cmd_message_export.c - each message into a file of its own. A file appears
 * whole or not at all, and none that is there is touched: an export that was
 * cut short is completed by the next.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <inttypes.h>

#include "base/date.h"
#include "base/error.h"
#include "base/span.h"
#include "ctl.h"
#include "message.h"

#define PIECE ((size_t)256 << 10)

/* "20261123T012600Z-<id>.eml" and what is behind it while it is written. */
#define FILE_NAME_MAX 80

static const struct column columns[] = {
    { .name = "id" },      { .name = "file" }, { .name = "size" },
    { .name = "written" }, { .name = NULL },
};

struct export
{
    struct ctl *ctl;
    smail_id account;
    int folder;
    char *piece;
};

/* The date first, so that a listing is in order. */
static void name_file(char out[FILE_NAME_MAX], const smail_entry *entry)
{
    char time[SMAIL__DATE_MAX], compact[SMAIL__DATE_MAX];
    size_t len = 0;

    smail__date_rfc3339(time, entry->received_at);
    for (size_t i = 0; time[i] != '\0'; i++) {
        if (time[i] != '-' && time[i] != ':')
            compact[len++] = time[i];
    }
    compact[len] = '\0';
    smail__format(out, FILE_NAME_MAX, "%s-%" PRId64 ".eml", compact,
                  entry->email);
}

static int fail_file(struct export *export, const char *name)
{
    return smail__fail_os(&export->ctl->err, SMAIL_EIO, errno, "%s/%s: %s",
                          export->ctl->arguments[1], name, strerror(errno));
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t written = write(fd, data, len);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        data += written;
        len -= (size_t)written;
    }
    return 0;
}

static int copy(struct export *export, int fd, const char *name,
                smail_content *content)
{
    uint64_t size = smail_content_size(content), at = 0;

    while (at < size) {
        int64_t got = smail_content_read(export->piece, content, at, PIECE,
                                         &export->ctl->err);

        if (got < 0)
            return (int)got;
        if (got == 0)
            return smail__fail(&export->ctl->err, SMAIL_ECORRUPT,
                               "message %s ends too early", name);
        if (write_all(fd, export->piece, (size_t)got) != 0)
            return fail_file(export, name);
        at += (uint64_t)got;
    }
    return 0;
}

/* Give the finished file its name, unless something has it: 1, or 0. */
static int publish(struct export *export, const char *temporary,
                   const char *name)
{
    struct stat unused;

    if (linkat(export->folder, temporary, export->folder, name, 0) == 0) {
        unlinkat(export->folder, temporary, 0);
        return 1;
    }
    if (errno == EEXIST)
        return 0;
    /* A file system without links: then two exports at once may race. */
    if (fstatat(export->folder, name, &unused, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    if (renameat(export->folder, temporary, export->folder, name) != 0)
        return fail_file(export, name);
    return 1;
}

/* 1 when it was written, 0 when it was there. */
static int write_file(struct export *export, const char *name,
                      smail_content *content)
{
    char temporary[FILE_NAME_MAX + 32];
    struct stat unused;
    int fd, rc;

    if (fstatat(export->folder, name, &unused, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    smail__format(temporary, sizeof(temporary), ".%s.%d.part", name,
                  (int)getpid());
    fd = openat(export->folder, temporary,
                O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return fail_file(export, temporary);
    rc = copy(export, fd, name, content);
    if (close(fd) != 0 && rc == 0)
        rc = fail_file(export, name);
    if (rc == 0)
        rc = publish(export, temporary, name);
    if (rc != 1)
        unlinkat(export->folder, temporary, 0);
    return rc;
}

static int export_one(struct export *export, struct report *report,
                      const smail_entry *entry)
{
    smail_content *content = NULL;
    char name[FILE_NAME_MAX];
    int rc = smail_content_open(&content, export->ctl->store, export->account,
                                entry->email, &export->ctl->err);

    /* Removed since it was listed. */
    if (rc == SMAIL_ENOTFOUND)
        return 0;
    if (rc != 0)
        return rc;
    name_file(name, entry);
    rc = write_file(export, name, content);
    smail_content_close(content);
    if (rc < 0)
        return rc;
    report_id(report, entry->email);
    report_string(report, name);
    report_uint(report, entry->size);
    report_bool(report, rc == 1);
    report_row(report);
    return 0;
}

static int open_folder(struct export *export)
{
    const char *path = export->ctl->arguments[1];

    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return smail__fail_os(&export->ctl->err, SMAIL_EIO, errno, "%s: %s",
                              path, strerror(errno));
    export->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (export->folder < 0)
        return smail__fail_os(&export->ctl->err, SMAIL_EIO, errno, "%s: %s",
                              path, strerror(errno));
    export->piece = malloc(PIECE);
    if (export->piece == NULL)
        return smail__fail(&export->ctl->err, SMAIL_ENOMEM, "no memory");
    return 0;
}

int message_export(struct ctl *ctl)
{
    struct export export = { .ctl = ctl, .folder = -1 };
    smail_cursor *cursor = NULL;
    struct report report;
    smail_query query;
    smail_entry entry;
    int rc = ctl_account(&export.account, ctl);

    if (rc == 0)
        rc = message_query(&query, export.account, ctl);
    if (rc == 0)
        rc = open_folder(&export);
    if (rc == 0)
        rc = smail_store_query(&cursor, ctl->store, &query, &ctl->err);
    if (rc != 0)
        goto out;
    report_begin(&report, ctl, columns, false);
    while ((rc = smail_cursor_next(&entry, cursor, &ctl->err)) == 1) {
        rc = export_one(&export, &report, &entry);
        if (rc != 0)
            break;
    }
    report_end(&report);
    smail_cursor_free(cursor);
out:
    if (export.folder >= 0)
        close(export.folder);
    free(export.piece);
    return rc;
}
