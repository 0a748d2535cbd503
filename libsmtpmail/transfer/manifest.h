/* SPDX-License-Identifier: MIT */
/*
 * transfer/manifest.h - what an export writes beside the messages of a
 * mailbox, for what their files cannot say. Text, a line each, fields parted
 * by tabs:
 *
 *   smailtransfer 1 ROLE PATH          which mailbox this is
 *   FILE RECEIVED SIZE KEYWORDS        in the order of the files' names
 *
 * It is looked up on disk: nothing of it is held.
 */
#ifndef SMAIL__TRANSFER_MANIFEST_H
#define SMAIL__TRANSFER_MANIFEST_H

#include <smtpmail/store.h>

#include "base/buf.h"

#define SMAIL__MANIFEST_NAME ".smtpmail-export"

/* One line: a name, two numbers, all keywords. */
#define SMAIL__MANIFEST_LINE_MAX ((size_t)32 * 1024)

struct smail__manifest {
    int fd; /* ours; -1: there is none */
    uint64_t end;
    uint64_t first; /* where the lines of messages begin */
    smail_role role;
    struct smail__buf mailbox; /* its path */
    struct smail__buf line;
};

/* Spans are good until the next look. */
struct smail__manifest_entry {
    int64_t received_at;
    uint64_t size;
    smail_span keywords;
};

void smail__manifest_init(struct smail__manifest *manifest);
/* Takes `fd`. False when it is none; then it holds nothing. */
bool smail__manifest_open(struct smail__manifest *manifest, int fd);
void smail__manifest_close(struct smail__manifest *manifest);

/* The line of `file`. */
bool smail__manifest_find(struct smail__manifest_entry *out,
                          struct smail__manifest *manifest, smail_span file);

void smail__manifest_put_head(struct smail__buf *out, smail_role role,
                              const char *path);
void smail__manifest_put(struct smail__buf *out, const char *file,
                         int64_t received_at, uint64_t size,
                         const char *keywords);

#endif
