/* SPDX-License-Identifier: MIT */
/* transfer/import.h - one run of an import, as its files share it. */
#ifndef SMAIL__TRANSFER_IMPORT_H
#define SMAIL__TRANSFER_IMPORT_H

#include "transfer/manifest.h"
#include "transfer/mbox.h"
#include "transfer/sink.h"

/* A path in a file system or an archive. */
#define SMAIL__FILE_PATH_MAX ((size_t)4096)

struct smail__import {
    smail_store *store;
    const smail_import_options *options;
    struct smail__sink sink;
    struct smail__arrival arrival;
    struct smail__buf front, piece;
    bool is_one_file; /* how far we are is how far it is read */
};

/* Where a stream of messages comes from, and what that says of them. */
struct smail__origin {
    const char *file; /* to name it */
    enum smail__dialect dialect;
    smail_span mailbox; /* a path; empty: the usual one */
    const char *keywords;
    int64_t received_at;                       /* 0: not said */
    const struct smail__manifest_entry *entry; /* of an export; NULL */
    bool keep_keywords; /* `keywords` hold good beside those of `entry` */
};

int smail__import_stream(struct smail__import *import,
                         struct smail__input *input,
                         const struct smail__origin *origin, smail_error *err);

/* A stream whose kind is not known: by its first octets. */
bool smail__looks_like_archive(smail_span front);

/* import_tree.c: a folder, of which `fd` is open; whatever is in it. */
int smail__import_folder(struct smail__import *import, int fd, const char *name,
                         smail_error *err);

/* import_archive.c: `input` is read when `fd` cannot be read from its start. */
int smail__import_archive(struct smail__import *import, int fd,
                          struct smail__input *input, const char *name,
                          smail_error *err);

#endif
