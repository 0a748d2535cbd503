/* SPDX-License-Identifier: MIT */
/* tests/powercut/disk_rebuild.c - a disk as it may be after a power cut. */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "disk.h"

#define SECTOR 512

/* A file on the platter, and what is still on its way there. */
struct file {
    char *data;
    size_t len, room;
    size_t *pending; /* operations */
    size_t count, pending_room;
};

struct state {
    const struct disk *disk;
    uint64_t random;
    struct file *files;
    struct disk_name *names;
    size_t name_count, name_room;
    size_t *pending; /* of names */
    size_t count, room;
};

static uint64_t next(struct state *state)
{
    uint64_t z = state->random += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void set_length(struct file *file, size_t len)
{
    if (len > file->room) {
        file->room = len * 2;
        file->data = realloc(file->data, file->room);
        need(file->data != NULL);
    }
    if (len > file->len)
        memset(file->data + file->len, 0, len - file->len);
    file->len = len;
}

static void write_part(struct file *file, const struct disk_op *op, size_t from,
                       size_t len)
{
    if (op->offset + from + len > file->len)
        set_length(file, op->offset + from + len);
    memcpy(file->data + op->offset + from, op->data + from, len);
}

static void apply(struct file *file, const struct disk_op *op)
{
    if (op->kind == DISK_OP_TRUNCATE)
        set_length(file, op->offset);
    else
        write_part(file, op, 0, op->len);
}

/* Some of its sectors; perhaps the whole length nevertheless. */
static void apply_torn(struct state *state, struct file *file,
                       const struct disk_op *op)
{
    size_t at = 0;

    if (op->kind == DISK_OP_TRUNCATE) {
        apply(file, op);
        return;
    }
    if (next(state) % 2 == 0 && op->offset + op->len > file->len)
        set_length(file, op->offset + op->len);
    while (at < op->len) {
        size_t len = SECTOR - (op->offset + at) % SECTOR;

        if (len > op->len - at)
            len = op->len - at;
        if (next(state) % 2 == 0)
            write_part(file, op, at, len);
        at += len;
    }
}

/* What was not synced: none, all, or any of it. */
static void apply_some(struct state *state, struct file *file)
{
    unsigned mode = (unsigned)(next(state) % 4);

    for (size_t i = 0; i < file->count && mode > 0; i++) {
        const struct disk_op *op = &state->disk->ops[file->pending[i]];
        unsigned choice = (unsigned)(next(state) % 3);

        if (mode == 1 || choice == 0)
            apply(file, op);
        else if (choice == 1)
            apply_torn(state, file, op);
    }
    file->count = 0;
}

static void push(size_t **list, size_t *count, size_t *room, size_t value)
{
    if (*count == *room) {
        *room = *room == 0 ? 16 : *room * 2;
        *list = realloc(*list, *room * sizeof(**list));
        need(*list != NULL);
    }
    (*list)[(*count)++] = value;
}

/* --- Names --------------------------------------------------------------- */

static void set_name(struct state *state, char *path, int inode)
{
    for (size_t i = 0; i < state->name_count; i++) {
        if (strcmp(state->names[i].path, path) == 0) {
            state->names[i].inode = inode;
            return;
        }
    }
    if (state->name_count == state->name_room) {
        state->name_room = state->name_room == 0 ? 64 : state->name_room * 2;
        state->names =
            realloc(state->names, state->name_room * sizeof(*state->names));
        need(state->names != NULL);
    }
    state->names[state->name_count++] = (struct disk_name){ path, inode };
}

static void drop_name(struct state *state, const char *path)
{
    for (size_t i = 0; i < state->name_count; i++) {
        if (strcmp(state->names[i].path, path) == 0) {
            state->names[i] = state->names[--state->name_count];
            return;
        }
    }
}

static void apply_name(struct state *state, const struct disk_op *op)
{
    switch (op->kind) {
    case DISK_OP_CREATE:
        set_name(state, op->path, op->inode);
        break;
    case DISK_OP_MKDIR:
        set_name(state, op->path, -1);
        break;
    case DISK_OP_UNLINK:
        drop_name(state, op->path);
        break;
    default: /* a rename: the name is one or the other, never both */
        drop_name(state, op->path);
        set_name(state, op->path2, op->inode);
        break;
    }
}

static bool is_in(const char *path, const char *folder)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);

    return len == strlen(folder) && strncmp(path, folder, len) == 0;
}

static void sync_names(struct state *state, const char *folder)
{
    size_t kept = 0;

    for (size_t i = 0; i < state->count; i++) {
        const struct disk_op *op = &state->disk->ops[state->pending[i]];

        if (is_in(op->path, folder))
            apply_name(state, op);
        else
            state->pending[kept++] = state->pending[i];
    }
    state->count = kept;
}

static void apply_some_names(struct state *state)
{
    unsigned mode = (unsigned)(next(state) % 4);

    for (size_t i = 0; i < state->count && mode > 0; i++)
        if (mode == 1 || next(state) % 2 == 0)
            apply_name(state, &state->disk->ops[state->pending[i]]);
}

/* --- The whole ----------------------------------------------------------- */

static void replay(struct state *state, size_t index)
{
    const struct disk_op *op = &state->disk->ops[index];
    struct file *file = &state->files[op->inode];

    switch (op->kind) {
    case DISK_OP_WRITE:
    case DISK_OP_TRUNCATE:
        push(&file->pending, &file->count, &file->pending_room, index);
        break;
    case DISK_OP_SYNC:
        for (size_t i = 0; i < file->count; i++)
            apply(file, &state->disk->ops[file->pending[i]]);
        file->count = 0;
        break;
    case DISK_OP_SYNC_FAILED:
        apply_some(state, file);
        break;
    case DISK_OP_SYNC_FOLDER:
        sync_names(state, op->path);
        break;
    case DISK_OP_MARK:
        break;
    default:
        push(&state->pending, &state->count, &state->room, index);
        break;
    }
}

static bool has_folder(const struct state *state, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);

    if (len == 0)
        return true;
    for (size_t i = 0; i < state->name_count; i++)
        if (state->names[i].inode < 0 && strlen(state->names[i].path) == len &&
            strncmp(state->names[i].path, path, len) == 0)
            return has_folder(state, state->names[i].path);
    return false; /* with its folder the file is lost */
}

static void write_out(const struct state *state, const char *folder)
{
    char path[600];

    mkdir(folder, 0700);
    for (int depth = 0; depth < 3; depth++) { /* parents first */
        for (size_t i = 0; i < state->name_count; i++) {
            if (state->names[i].inode >= 0 ||
                !has_folder(state, state->names[i].path))
                continue;
            snprintf(path, sizeof(path), "%s/%s", folder, state->names[i].path);
            mkdir(path, 0700);
        }
    }
    for (size_t i = 0; i < state->name_count; i++) {
        const struct file *file;
        FILE *out;

        if (state->names[i].inode < 0 ||
            !has_folder(state, state->names[i].path))
            continue;
        file = &state->files[state->names[i].inode];
        snprintf(path, sizeof(path), "%s/%s", folder, state->names[i].path);
        out = fopen(path, "w");
        need(out != NULL);
        need(file->len == 0 ||
             fwrite(file->data, 1, file->len, out) == file->len);
        fclose(out);
    }
}

void disk_rebuild(const struct disk *disk, size_t cut, uint64_t seed,
                  const char *folder)
{
    struct state state = { .disk = disk, .random = seed };

    state.files = calloc(disk->inode_count + 1, sizeof(*state.files));
    need(state.files != NULL);
    for (size_t i = 0; i < disk->inode_count; i++) {
        set_length(&state.files[i], disk->inodes[i].len);
        if (disk->inodes[i].len > 0)
            memcpy(state.files[i].data, disk->inodes[i].data,
                   disk->inodes[i].len);
    }
    for (size_t i = 0; i < disk->first_count; i++)
        set_name(&state, disk->first[i].path, disk->first[i].inode);
    for (size_t i = 0; i < cut; i++)
        replay(&state, i);
    for (size_t i = 0; i < disk->inode_count; i++)
        apply_some(&state, &state.files[i]);
    apply_some_names(&state);
    write_out(&state, folder);
    for (size_t i = 0; i < disk->inode_count; i++) {
        free(state.files[i].data);
        free(state.files[i].pending);
    }
    free(state.files);
    free(state.names);
    free(state.pending);
}
