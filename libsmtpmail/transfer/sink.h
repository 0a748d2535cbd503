/* SPDX-License-Identifier: MIT */
/*
 * transfer/sink.h - messages on their way into a store. Some are under way at
 * a time, so that they share its commits; what waits is bounded in messages
 * and in octets.
 */
#ifndef SMAIL__TRANSFER_SINK_H
#define SMAIL__TRANSFER_SINK_H

#include <pthread.h>

#include <smtpmail/transfer.h>

#include "base/buf.h"
#include "store/known.h"

/* Messages under way: a batch of the writer, and one that fills meanwhile. */
#define SMAIL__SINK_WINDOW 512

/* Octets of messages under way that are held in memory. */
#define SMAIL__SINK_OCTETS ((size_t)8 * 1024 * 1024)

/* Mailboxes that one message is put in. */
#define SMAIL__SINK_PLACES 100

/* All paths of one message, a newline behind each. */
#define SMAIL__SINK_PATHS_MAX ((size_t)512 * 1024)

/* What is known of a message besides its octets. */
struct smail__arrival {
    const char *file;
    uint64_t number, offset;
    int64_t received_at;
    struct smail__buf keywords;
    struct smail__buf paths; /* of mailboxes; empty: the usual */
    bool has_places;         /* the source says which: also for a duplicate */
};

void smail__arrival_init(struct smail__arrival *arrival);
void smail__arrival_dispose(struct smail__arrival *arrival);

struct smail__sink_slot {
    struct smail__sink *sink;
    smail_append *append;
    struct smail__known known;
    char *file;
    uint64_t number, offset, octets;
    size_t held;
    smail_id places[SMAIL__SINK_PLACES];
    size_t place_count;
    bool has_places, is_finished;
    smail_id email;
    smail_error error;
};

struct smail__sink_mailbox {
    char *path;
    smail_id id;
};

struct smail__sink {
    smail_store *store;
    const smail_import_options *options;
    smail_import_result *result;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct smail__sink_slot *slots; /* a ring */
    size_t first, count, held;
    bool has_current;
    uint64_t max_message;
    struct smail__sink_mailbox *mailboxes;
    size_t mailbox_count, mailbox_room;
    smail_transfer_progress progress;
    bool is_stopped;
};

int smail__sink_open(struct smail__sink *sink, smail_store *store,
                     const smail_import_options *options,
                     smail_import_result *result, smail_error *err);
void smail__sink_close(struct smail__sink *sink);

/* One message: begin, any number of writes, commit or drop. */
int smail__sink_begin(struct smail__sink *sink, smail_error *err);
/* 1: it is too large; drop it. */
int smail__sink_write(struct smail__sink *sink, smail_span octets,
                      smail_error *err);
uint64_t smail__sink_size(const struct smail__sink *sink);
int smail__sink_commit(struct smail__sink *sink,
                       const struct smail__arrival *arrival, smail_error *err);
void smail__sink_drop(struct smail__sink *sink);

/* Tell of what was not taken. */
void smail__sink_skip(struct smail__sink *sink, const char *file,
                      uint64_t number, uint64_t offset, const char *format, ...)
    SMAIL__PRINTF(5, 6);

/* Wait for all that is under way. */
int smail__sink_settle(struct smail__sink *sink, smail_error *err);

/* The mailbox at `path`, or, unless that `is_exact`, the one that is used for
 * what others call so; made if need be, with `role` if that is free. */
int smail__sink_mailbox(smail_id *out, struct smail__sink *sink,
                        smail_span path, smail_role role, bool is_exact,
                        smail_error *err);

/* Tell how far it is; true: stop. */
bool smail__sink_tick(struct smail__sink *sink);

#endif
