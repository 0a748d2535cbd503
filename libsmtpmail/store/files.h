/* SPDX-License-Identifier: MIT */
/*
 * store/files.h - every call by which a large message gets to disk, in one
 * table, so that a test can watch them, fail them, and play a power cut.
 */
#ifndef SMAIL__STORE_FILES_H
#define SMAIL__STORE_FILES_H

#include <smtpmail/error.h>

/* Each returns 0 (or a descriptor, or bytes), or an errno below zero. */
struct smail__files {
    /* A file without a name in `folder`; -EOPNOTSUPP where there is no such
     * thing. */
    int (*open_unnamed)(const char *folder, void *user);
    int (*create)(const char *path, void *user); /* must not exist yet */
    int64_t (*write)(int fd, const void *data, size_t len, uint64_t offset,
                     void *user);
    int (*sync)(int fd, void *user);
    int (*close)(int fd, void *user);
    int (*link_unnamed)(int fd, const char *path, void *user);
    int (*rename)(const char *from, const char *to, void *user);
    int (*unlink)(const char *path, void *user);
    int (*make_folder)(const char *path, void *user);
    int (*sync_folder)(const char *path, void *user);
    void *user;
};

/* The system's own. */
extern const struct smail__files smail__files_default;

#endif
