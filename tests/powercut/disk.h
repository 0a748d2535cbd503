/* SPDX-License-Identifier: MIT */
/*
 * tests/powercut/disk.h - a disk that remembers every write and sync, and can
 * say what may be left of it after a power cut at any moment.
 *
 * It sits under SQLite as a VFS and under the blob files as a struct
 * smail__files. Programs run on real files meanwhile (which stand for the
 * page cache); the log stands for the disk. What it assumes:
 *
 *   - the content of a file is safe up to its last sync; of what was written
 *     since, any part may be there, in any order, cut at any 512 octets; the
 *     length may have grown without the octets (they are zero then);
 *   - a name is safe after a sync of its folder, not by one of the file;
 *     names changed since may be there or not, each for itself;
 *   - SQLite's own VFS syncs the folder with the first sync of a log or
 *     journal it may have created, and after a deletion that asks for it;
 *   - -shm files are not kept;
 *   - a sync that fails loses some of what it should have written, for ever,
 *     and the next one knows nothing of it.
 */
#ifndef TESTS_POWERCUT_DISK_H
#define TESTS_POWERCUT_DISK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/files.h"

/* Syncs by what they are for; bits of disk.skipped and disk.failing. */
enum disk_sync {
    DISK_LOG = 1 << 0,         /* mail.db-wal */
    DISK_DATABASE = 1 << 1,    /* mail.db */
    DISK_LOG_NAME = 1 << 2,    /* the folder, when the log is new */
    DISK_BLOB = 1 << 3,        /* a large message */
    DISK_BLOB_NAME = 1 << 4,   /* blobs/aa */
    DISK_BLOB_FOLDER = 1 << 5, /* blobs, in which aa is */
    DISK_ROOT = 1 << 6,        /* in which blobs is */
    DISK_OWNER = 1 << 7,       /* blobs/OWNER */
    DISK_COPY = 1 << 8,        /* a database made under another name */
    DISK_COPY_NAME = 1 << 9,   /* the folder, when it got its own */
    DISK_BACKUP = 1 << 10      /* the folder of a backup */
};

enum disk_kind {
    DISK_OP_CREATE,
    DISK_OP_WRITE,
    DISK_OP_TRUNCATE,
    DISK_OP_SYNC,
    DISK_OP_SYNC_FAILED,
    DISK_OP_UNLINK,
    DISK_OP_RENAME,
    DISK_OP_MKDIR,
    DISK_OP_SYNC_FOLDER,
    DISK_OP_MARK
};

struct disk_op {
    enum disk_kind kind;
    int inode;          /* CREATE (also of a name), WRITE, TRUNCATE, SYNC */
    char *path, *path2; /* below the root */
    uint64_t offset;
    char *data;
    size_t len;
    int mark;
};

struct disk_inode {
    char *data; /* when recording began */
    size_t len;
    unsigned sync; /* what a sync of it is for */
};

struct disk_name {
    char *path;
    int inode; /* -1: a folder */
};

struct disk {
    pthread_mutex_t mutex;
    char root[200];
    bool recording;
    unsigned skipped; /* syncs that say they were done and were not */
    unsigned failing; /* syncs that fail */
    bool full;        /* no write to the database or a blob has room */
    bool refusing;    /* no write at all works */
    long fault_at;    /* so many calls on, one fails: 1 is the next */
    int fault;        /* with this errno */
    bool fault_stays; /* and all that follow */
    long faults;      /* calls that did */
    long again;       /* syncs of a descriptor whose sync had failed */

    struct disk_op *ops;
    size_t count, room;
    struct disk_inode *inodes;
    size_t inode_count, inode_room;
    struct disk_name *names; /* as of now */
    size_t name_count, name_room;
    struct disk_name *first; /* as of the beginning */
    size_t first_count;
    int fds[4096];       /* inode of a descriptor of ours; -1 */
    bool lost_fds[4096]; /* its sync failed */
};

/* disk_log.c */
void disk_init(struct disk *disk, const char *root);
void disk_record(struct disk *disk); /* what is there now is safe */
void disk_dispose(struct disk *disk);
void disk_mark(struct disk *disk, int mark);
int disk_inode(struct disk *disk, const char *path, unsigned sync);
int disk_new_inode(struct disk *disk, unsigned sync);
const char *disk_below(const struct disk *disk, const char *path);
unsigned disk_sync_of(const char *path);
struct disk_op *disk_add(struct disk *disk, enum disk_kind kind);
void disk_add_write(struct disk *disk, int inode, const void *data, size_t len,
                    uint64_t offset);
/* The errno with which this call is to fail, or 0. */
int disk_fault(struct disk *disk);
/* 0, or -1 if this sync is to fail. */
int disk_add_sync(struct disk *disk, int inode);
int disk_add_sync_as(struct disk *disk, int inode, unsigned sync);
int disk_add_sync_folder(struct disk *disk, const char *path, unsigned sync);
void disk_add_name(struct disk *disk, const char *path, int inode);
void disk_add_unlink(struct disk *disk, const char *path);
void disk_add_rename(struct disk *disk, const char *from, const char *to);
void disk_add_folder(struct disk *disk, const char *path);

/* disk_rebuild.c: make `folder` what may be there after a cut just before the
 * operation `cut`. */
void disk_rebuild(const struct disk *disk, size_t cut, uint64_t seed,
                  const char *folder);

/* disk_vfs.c: SQLite opens new connections on `disk`; NULL: on the system. */
void disk_under_sqlite(struct disk *disk);

/* disk_calls.c: what our own code asks of the system by name, on `disk`. */
void disk_watch_calls(struct disk *disk);

/* disk_files.c */
struct smail__files disk_files(struct disk *disk);

/* An assertion that release builds keep. */
void need(bool truth);

/* Folders, with all that is in them. */
void folder_remove(const char *path);

#endif
