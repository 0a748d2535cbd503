/* SPDX-License-Identifier: MIT */
/* transfer/manifest.c - see transfer/manifest.h. */
#include "transfer/manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/format.h"
#include "base/span.h"
#include "store/mailbox.h"

void smail__manifest_init(struct smail__manifest *manifest)
{
    *manifest = (struct smail__manifest){ .fd = -1 };
    smail__buf_init(&manifest->mailbox, SMAIL__PATH_MAX, NULL);
    smail__buf_init(&manifest->line, SMAIL__MANIFEST_LINE_MAX, NULL);
}

void smail__manifest_close(struct smail__manifest *manifest)
{
    if (manifest->fd >= 0)
        close(manifest->fd);
    manifest->fd = -1;
    smail__buf_dispose(&manifest->mailbox);
    smail__buf_dispose(&manifest->line);
}

/* The line at `offset`, and where the next begins; 0 at the end. */
static uint64_t read_line(smail_span *out, struct smail__manifest *manifest,
                          uint64_t offset)
{
    smail__buf_clear(&manifest->line);
    if (smail__buf_reserve(&manifest->line, SMAIL__MANIFEST_LINE_MAX) != 0)
        return 0;
    /* Most lines are short. */
    for (size_t wanted = 512; wanted <= SMAIL__MANIFEST_LINE_MAX; wanted *= 8) {
        ssize_t got =
            pread(manifest->fd, manifest->line.data, wanted, (off_t)offset);
        smail_span text = { manifest->line.data, got > 0 ? (size_t)got : 0 };
        size_t end = smail__span_find(text, '\n');

        if (end < text.len) {
            *out = smail__span_slice(text, 0, end);
            return offset + end + 1;
        }
        if (text.len < wanted)
            return 0;
    }
    return 0;
}

static smail_role role_named(smail_span word)
{
    for (int role = SMAIL_ROLE_INBOX; role <= SMAIL_ROLE_TRASH; role++)
        if (smail__span_is(word, smail_role_name((smail_role)role)))
            return (smail_role)role;
    return SMAIL_ROLE_NONE;
}

bool smail__manifest_open(struct smail__manifest *manifest, int fd)
{
    struct stat info;
    smail_span line;

    smail__manifest_close(manifest);
    smail__manifest_init(manifest);
    if (fd < 0)
        return false;
    manifest->fd = fd;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        goto none;
    manifest->end = (uint64_t)info.st_size;
    manifest->first = read_line(&line, manifest, 0);
    if (manifest->first == 0 ||
        !smail__span_is(smail__span_cut(&line, '\t'), "smailtransfer") ||
        !smail__span_is(smail__span_cut(&line, '\t'), "1"))
        goto none;
    manifest->role = role_named(smail__span_cut(&line, '\t'));
    smail__buf_append(&manifest->mailbox, line);
    return true;
none:
    smail__manifest_close(manifest);
    smail__manifest_init(manifest);
    return false;
}

/* The first line that begins at `from` or behind it, before `to`. */
static uint64_t line_behind(struct smail__manifest *manifest, uint64_t from)
{
    smail_span unused;

    if (from == manifest->first)
        return from;
    return read_line(&unused, manifest, from - 1);
}

static bool read_entry(struct smail__manifest_entry *out, smail_span line)
{
    smail_span time = smail__span_cut(&line, '\t');
    bool is_before = time.len > 0 && time.data[0] == '-';
    uint64_t value;

    if (smail__span_number(&value, smail__span_from(time, is_before)) != 0 ||
        value > INT64_MAX ||
        smail__span_number(&out->size, smail__span_cut(&line, '\t')) != 0)
        return false;
    out->received_at = is_before ? -(int64_t)value : (int64_t)value;
    out->keywords = line;
    return true;
}

/* By halves: lines are in the order of their names. */
bool smail__manifest_find(struct smail__manifest_entry *out,
                          struct smail__manifest *manifest, smail_span file)
{
    uint64_t low = manifest->first, high = manifest->end;

    while (manifest->fd >= 0 && low < high) {
        uint64_t middle = low + (high - low) / 2, next;
        uint64_t start = line_behind(manifest, middle);
        smail_span line;
        int order;

        if (start == 0 || start >= high)
            start = low; /* the last line there */
        next = read_line(&line, manifest, start);
        if (next == 0)
            return false;
        order = smail__span_compare(file, smail__span_cut(&line, '\t'));
        if (order == 0)
            return read_entry(out, line);
        if (order < 0)
            high = start == low ? low : middle;
        else
            low = next;
    }
    return false;
}

void smail__manifest_put_head(struct smail__buf *out, smail_role role,
                              const char *path)
{
    const char *name = smail_role_name(role);

    smail__buf_printf(out, "smailtransfer\t1\t%s\t%s\n",
                      name != NULL ? name : "-", path);
}

void smail__manifest_put(struct smail__buf *out, const char *file,
                         int64_t received_at, uint64_t size,
                         const char *keywords)
{
    smail__buf_printf(out, "%s\t%" PRId64 "\t%" PRIu64 "\t%s\n", file,
                      received_at, size, keywords);
}
