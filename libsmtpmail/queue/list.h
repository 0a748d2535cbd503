/* SPDX-License-Identifier: MIT */
/* queue/list.h - reading the queue, for this folder. */
#ifndef SMAIL__QUEUE_LIST_H
#define SMAIL__QUEUE_LIST_H

#include "queue/queue.h"

bool smail__queue_matches(const smail_queue_entry *entry,
                          const smail_queue_query *query);

/* As smail_queue_list(), on a connection that the caller has. */
int smail__queue_walk(struct smail__db *db, const smail_queue_query *query,
                      int (*each)(const smail_queue_entry *entry, void *user),
                      void *user, smail_error *err);

#endif
