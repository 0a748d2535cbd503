/* SPDX-License-Identifier: MIT */
/* queue/list.h - reading the queue on a connection of one's own. */
#ifndef SMAIL__QUEUE_LIST_H
#define SMAIL__QUEUE_LIST_H

#include "queue/queue.h"

bool smail__queue_matches(const smail_queue_entry *entry,
                          const smail_queue_query *query);

/* In a job: take out all that the query names, which is to be of one
 * message and waiting, or held. */
int smail__queue_cancel(uint64_t *count, smail_tx *tx,
                        const smail_queue_query *query, int64_t now,
                        smail_error *err);

/* As smail_queue_list(), on a connection that the caller has. */
int smail__queue_walk(struct smail__db *db, const smail_queue_query *query,
                      int (*each)(const smail_queue_entry *entry, void *user),
                      void *user, smail_error *err);

#endif
