/* SPDX-License-Identifier: MIT */
/*
 * store/blob.h - the folder of the large messages, beside the database:
 * blobs/AA/ID, AA being the last two digits of the id. Names are never used
 * twice. blobs/OWNER names the store that the folder belongs to.
 */
#ifndef SMAIL__STORE_BLOB_H
#define SMAIL__STORE_BLOB_H

#include <pthread.h>

#include "store/files.h"

#define SMAIL__BLOB_ID_LEN 16
#define SMAIL__STORE_ID_LEN 32

struct smail__blobs {
    const struct smail__files *files;
    char *folder;          /* NULL: there is none, all is in the database */
    pthread_mutex_t mutex; /* of what follows */
    bool synced[256];      /* AA is on disk, as far as this process knows */
};

/* A file on its way in. */
struct smail__blob_file {
    int fd;       /* -1: none */
    char *name;   /* while it has a temporary one; else NULL */
    bool settled; /* it has its own name */
};

#define SMAIL__BLOB_FILE_INIT \
    {                         \
        -1, NULL, false       \
    }

/* `database` is the path that the folder stands beside; NULL for none. */
int smail__blobs_open(struct smail__blobs *blobs, const char *database,
                      const struct smail__files *files, smail_error *err);
/* See that the folder is that of `store_id`: 0. If it is nobody's yet: 1, or
 * with `make`, under the writers' lock, mark it as ours. */
int smail__blobs_claim(struct smail__blobs *blobs, const char *store_id,
                       bool make, smail_error *err);
void smail__blobs_close(struct smail__blobs *blobs);

int smail__blob_create(struct smail__blob_file *file,
                       struct smail__blobs *blobs, const char *id,
                       smail_error *err);
int smail__blob_write(struct smail__blob_file *file, struct smail__blobs *blobs,
                      smail_span bytes, uint64_t offset, smail_error *err);
/* To disk, under its own name, and the name to disk. */
int smail__blob_settle(struct smail__blob_file *file,
                       struct smail__blobs *blobs, const char *id,
                       smail_error *err);
/* Close it; without its own name it is gone then. */
void smail__blob_close(struct smail__blob_file *file,
                       struct smail__blobs *blobs);

/* A descriptor to read from. SMAIL_ENOTFOUND. */
int smail__blob_open(int *out, const struct smail__blobs *blobs, const char *id,
                     smail_error *err);
int smail__blob_remove(struct smail__blobs *blobs, const char *id,
                       smail_error *err);

/* Calls `each` for every file, with its age by `now`; a value other than 0
 * ends the walk. What has no id for a name comes with `id` NULL. */
int smail__blobs_walk(const struct smail__blobs *blobs, int64_t now,
                      int (*each)(const char *id, const char *path, int64_t age,
                                  void *user),
                      void *user, smail_error *err);

/* "AB/ID" of an id in hexadecimal. `out` takes 36 characters. */
void smail__blob_name(char out[36], const char *id);

#endif
