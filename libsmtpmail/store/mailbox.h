/* SPDX-License-Identifier: MIT */
/* store/mailbox.h - the tree of an account's mailboxes. */
#ifndef SMAIL__STORE_MAILBOX_H
#define SMAIL__STORE_MAILBOX_H

#include "base/buf.h"
#include "store/internal.h"

/* Mailboxes of one account; a list of all of them is held in memory. */
#define SMAIL__MAILBOXES_MAX 10000

/* A path: all levels, with the slashes. */
#define SMAIL__PATH_MAX ((SMAIL_MAILBOX_NAME_MAX + 1) * SMAIL_MAILBOX_DEPTH_MAX)

/* mailbox_name.c: levels of `path`, checked. SMAIL_EINVAL. */
struct smail__path {
    smail_span levels[SMAIL_MAILBOX_DEPTH_MAX];
    size_t count;
};
int smail__path_parse(struct smail__path *out, const char *path,
                      smail_error *err);

/* Of a subtree that begins so deep, its own name checked. */
int smail__mailbox_name_check(smail_span name, smail_error *err);

/* All mailboxes of an account, sorted: parents first, then by name. */
struct smail__mailboxes {
    smail_mailbox *list;
    size_t count, room;
    struct smail__buf names; /* what list[].name points into, when loaded */
};

int smail__mailboxes_load(struct smail__mailboxes *out, struct smail__db *db,
                          smail_id account, smail_error *err);
void smail__mailboxes_dispose(struct smail__mailboxes *mailboxes);

const smail_mailbox *smail__mailboxes_get(const struct smail__mailboxes *all,
                                          smail_id id);
/* Append the whole path of `id`. */
void smail__mailboxes_path(struct smail__buf *out,
                           const struct smail__mailboxes *all, smail_id id);

/* In a transaction or a read. SMAIL_ENOTFOUND. */
int smail__mailbox_find(smail_id *out, struct smail__db *db, smail_id account,
                        const struct smail__path *path, size_t levels,
                        smail_error *err);
int smail__mailbox_by_role(smail_id *out, struct smail__db *db,
                           smail_id account, smail_role role, smail_error *err);
/* The mailbox at the first `levels` of `path`, made if need be. */
int smail__mailbox_ensure(smail_id *out, smail_tx *tx, smail_id account,
                          const struct smail__path *path, size_t levels,
                          smail_error *err);

#endif
