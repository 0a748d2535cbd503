/* SPDX-License-Identifier: MIT */
/* store/backup.h - the files of large messages, from one store to another. */
#ifndef SMAIL__STORE_BACKUP_H
#define SMAIL__STORE_BACKUP_H

#include "store/internal.h"

struct smail__copying {
    struct smail__blobs *from, *to;
    struct smail__db *names; /* the database that names them */
    int (*each)(void *user, smail_error *err); /* now and then; may be NULL */
    void *user;
    void (*finding)(const char *text, void *user);
    void *finding_user;
    smail_backup *result;
};

/*
 * Copy every file that the database names and that is not there yet, compared
 * with its hash. One that is missing or damaged is counted and reported, and
 * the others go on.
 */
int smail__copy_files(struct smail__copying *copying, smail_error *err);

/* Remove what the database does not name. */
int smail__remove_unnamed(struct smail__copying *copying, smail_error *err);

#endif
