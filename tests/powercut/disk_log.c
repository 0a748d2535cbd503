/* SPDX-License-Identifier: MIT */
/* tests/powercut/disk_log.c - the log of a disk. */
#define _GNU_SOURCE
#include "disk.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void need(bool truth)
{
    if (!truth)
        abort();
}

static void *grow(void *list, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return list;
    *room = *room == 0 ? 64 : *room * 2;
    list = realloc(list, *room * size);
    need(list != NULL);
    return list;
}

void disk_init(struct disk *disk, const char *root)
{
    memset(disk, 0, sizeof(*disk));
    pthread_mutex_init(&disk->mutex, NULL);
    snprintf(disk->root, sizeof(disk->root), "%s", root);
    for (size_t i = 0; i < sizeof(disk->fds) / sizeof(disk->fds[0]); i++)
        disk->fds[i] = -1;
}

const char *disk_below(const struct disk *disk, const char *path)
{
    size_t len = strlen(disk->root);

    if (path == NULL || strncmp(path, disk->root, len) != 0)
        return NULL;
    path += len;
    if (*path != '/' && *path != '\0')
        return NULL;
    while (*path == '/')
        path++;
    return path;
}

/* What is below the folder of a backup is as in the store itself. */
static const char *in_store(const char *path)
{
    return strncmp(path, "backup/", 7) == 0 ? path + 7 : path;
}

unsigned disk_sync_of(const char *path)
{
    size_t len;

    path = in_store(path);
    len = strlen(path);
    if (len > 4 && strcmp(path + len - 4, "-wal") == 0)
        return DISK_LOG;
    if (strncmp(path, "blobs/.", 7) == 0)
        return DISK_OWNER;
    if (strncmp(path, "blobs/", 6) == 0)
        return DISK_BLOB;
    return DISK_DATABASE;
}

int disk_new_inode(struct disk *disk, unsigned sync)
{
    disk->inodes = grow(disk->inodes, disk->inode_count, &disk->inode_room,
                        sizeof(*disk->inodes));
    disk->inodes[disk->inode_count] = (struct disk_inode){ NULL, 0, sync };
    return (int)disk->inode_count++;
}

static struct disk_name *find(struct disk *disk, const char *path)
{
    for (size_t i = 0; i < disk->name_count; i++)
        if (strcmp(disk->names[i].path, path) == 0)
            return &disk->names[i];
    return NULL;
}

static void set_name(struct disk *disk, const char *path, int inode)
{
    struct disk_name *name = find(disk, path);

    if (name == NULL) {
        disk->names = grow(disk->names, disk->name_count, &disk->name_room,
                           sizeof(*disk->names));
        name = &disk->names[disk->name_count++];
        name->path = strdup(path);
    }
    name->inode = inode;
}

static void drop_name(struct disk *disk, const char *path)
{
    struct disk_name *name = find(disk, path);

    if (name == NULL)
        return;
    free(name->path);
    *name = disk->names[--disk->name_count];
}

struct disk_op *disk_add(struct disk *disk, enum disk_kind kind)
{
    struct disk_op *op;

    disk->ops = grow(disk->ops, disk->count, &disk->room, sizeof(*disk->ops));
    op = &disk->ops[disk->count++];
    memset(op, 0, sizeof(*op));
    op->kind = kind;
    return op;
}

int disk_fault(struct disk *disk)
{
    if (disk->fault_at == 0 || --disk->fault_at > 0)
        return 0;
    disk->faults++;
    if (disk->fault_stays)
        disk->fault_at = 1;
    return disk->fault;
}

void disk_mark(struct disk *disk, int mark)
{
    pthread_mutex_lock(&disk->mutex);
    disk_add(disk, DISK_OP_MARK)->mark = mark;
    pthread_mutex_unlock(&disk->mutex);
}

void disk_add_name(struct disk *disk, const char *path, int inode)
{
    struct disk_op *op = disk_add(disk, DISK_OP_CREATE);

    op->path = strdup(path);
    op->inode = inode;
    set_name(disk, path, inode);
}

int disk_inode(struct disk *disk, const char *path, unsigned sync)
{
    struct disk_name *name = find(disk, path);
    int inode;

    if (name != NULL)
        return name->inode;
    inode = disk_new_inode(disk, sync);
    disk_add_name(disk, path, inode);
    return inode;
}

void disk_add_write(struct disk *disk, int inode, const void *data, size_t len,
                    uint64_t offset)
{
    struct disk_op *op = disk_add(disk, DISK_OP_WRITE);

    op->inode = inode;
    op->offset = offset;
    op->len = len;
    op->data = malloc(len + 1);
    need(op->data != NULL);
    memcpy(op->data, data, len);
}

int disk_add_sync_as(struct disk *disk, int inode, unsigned sync)
{
    if (disk->skipped & sync)
        return 0;
    if ((disk->failing & sync) || disk_fault(disk) != 0) {
        disk_add(disk, DISK_OP_SYNC_FAILED)->inode = inode;
        return -1;
    }
    disk_add(disk, DISK_OP_SYNC)->inode = inode;
    return 0;
}

int disk_add_sync(struct disk *disk, int inode)
{
    return disk_add_sync_as(disk, inode, disk->inodes[inode].sync);
}

int disk_add_sync_folder(struct disk *disk, const char *path, unsigned sync)
{
    size_t len = strlen(path);

    while (len > 0 && path[len - 1] == '/')
        len--;
    if ((disk->failing & sync) || disk_fault(disk) != 0)
        return -1;
    if (!(disk->skipped & sync))
        disk_add(disk, DISK_OP_SYNC_FOLDER)->path = strndup(path, len);
    return 0;
}

void disk_add_unlink(struct disk *disk, const char *path)
{
    if (find(disk, path) == NULL)
        return;
    disk_add(disk, DISK_OP_UNLINK)->path = strdup(path);
    drop_name(disk, path);
}

void disk_add_rename(struct disk *disk, const char *from, const char *to)
{
    struct disk_name *name = find(disk, from);
    struct disk_op *op;
    int inode;

    if (name == NULL)
        return;
    inode = name->inode;
    op = disk_add(disk, DISK_OP_RENAME);
    op->path = strdup(from);
    op->path2 = strdup(to);
    op->inode = inode;
    drop_name(disk, from);
    set_name(disk, to, inode);
}

void disk_add_folder(struct disk *disk, const char *path)
{
    disk_add(disk, DISK_OP_MKDIR)->path = strdup(path);
    set_name(disk, path, -1);
}

/* --- What is there when recording begins --------------------------------- */

static void take_file(struct disk *disk, const char *path, const char *below)
{
    int inode = disk_new_inode(disk, disk_sync_of(below));
    FILE *file = fopen(path, "r");
    struct stat info;

    need(file != NULL && fstat(fileno(file), &info) == 0);
    disk->inodes[inode].len = (size_t)info.st_size;
    disk->inodes[inode].data = malloc((size_t)info.st_size + 1);
    need(disk->inodes[inode].data != NULL);
    need(fread(disk->inodes[inode].data, 1, (size_t)info.st_size, file) ==
         (size_t)info.st_size);
    fclose(file);
    set_name(disk, below, inode);
}

static void take_folder(struct disk *disk, const char *below)
{
    char path[800], inside[500];
    struct dirent *entry;
    DIR *folder;

    snprintf(path, sizeof(path), "%s/%s", disk->root, below);
    folder = opendir(path);
    need(folder != NULL);
    while ((entry = readdir(folder)) != NULL) {
        struct stat info;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(inside, sizeof(inside), "%s%s%.200s", below,
                 below[0] ? "/" : "", entry->d_name);
        snprintf(path, sizeof(path), "%s/%s", disk->root, inside);
        need(stat(path, &info) == 0);
        if (S_ISDIR(info.st_mode)) {
            set_name(disk, inside, -1);
            take_folder(disk, inside);
        } else if (strstr(entry->d_name, "-shm") == NULL) {
            take_file(disk, path, inside);
        }
    }
    closedir(folder);
}

void disk_record(struct disk *disk)
{
    pthread_mutex_lock(&disk->mutex);
    take_folder(disk, "");
    disk->first = calloc(disk->name_count + 1, sizeof(*disk->first));
    need(disk->first != NULL);
    for (size_t i = 0; i < disk->name_count; i++) {
        disk->first[i] = disk->names[i];
        disk->first[i].path = strdup(disk->names[i].path);
    }
    disk->first_count = disk->name_count;
    disk->recording = true;
    pthread_mutex_unlock(&disk->mutex);
}

void disk_dispose(struct disk *disk)
{
    for (size_t i = 0; i < disk->count; i++) {
        free(disk->ops[i].path);
        free(disk->ops[i].path2);
        free(disk->ops[i].data);
    }
    for (size_t i = 0; i < disk->inode_count; i++)
        free(disk->inodes[i].data);
    for (size_t i = 0; i < disk->name_count; i++)
        free(disk->names[i].path);
    for (size_t i = 0; i < disk->first_count; i++)
        free(disk->first[i].path);
    free(disk->ops);
    free(disk->inodes);
    free(disk->names);
    free(disk->first);
    pthread_mutex_destroy(&disk->mutex);
}

static int remove_one(const char *path, const struct stat *info, int kind,
                      struct FTW *ftw)
{
    (void)info;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void folder_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
