/* SPDX-License-Identifier: MIT */
/* transfer/sink.c - see transfer/sink.h. */
#include "transfer/sink.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "store/email_patch.h"
#include "store/email_read.h"
#include "transfer/status.h"

#define MESSAGE_MAX ((uint64_t)64 * 1024 * 1024)

void smail__arrival_init(struct smail__arrival *arrival)
{
    memset(arrival, 0, sizeof(*arrival));
    smail__buf_init(&arrival->keywords, SMAIL__STATUS_MAX, NULL);
    smail__buf_init(&arrival->paths, SMAIL__SINK_PATHS_MAX, NULL);
}

void smail__arrival_dispose(struct smail__arrival *arrival)
{
    smail__buf_dispose(&arrival->keywords);
    smail__buf_dispose(&arrival->paths);
}

int smail__sink_open(struct smail__sink *sink, smail_store *store,
                     const smail_import_options *options,
                     smail_import_result *result, smail_error *err)
{
    memset(sink, 0, sizeof(*sink));
    sink->store = store;
    sink->options = options;
    sink->result = result;
    sink->max_message =
        options->max_message > 0 ? options->max_message : MESSAGE_MAX;
    sink->progress.size = sizeof(sink->progress);
    sink->slots = calloc(SMAIL__SINK_WINDOW, sizeof(*sink->slots));
    if (sink->slots == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory");
    pthread_mutex_init(&sink->mutex, NULL);
    pthread_cond_init(&sink->cond, NULL);
    return 0;
}

void smail__sink_close(struct smail__sink *sink)
{
    if (sink->slots == NULL)
        return;
    smail__sink_drop(sink);
    (void)smail__sink_settle(sink, NULL);
    for (size_t i = 0; i < sink->mailbox_count; i++)
        free(sink->mailboxes[i].path);
    free(sink->mailboxes);
    free(sink->slots);
    pthread_cond_destroy(&sink->cond);
    pthread_mutex_destroy(&sink->mutex);
    sink->slots = NULL;
}

bool smail__sink_tick(struct smail__sink *sink)
{
    const smail_import_options *options = sink->options;

    if (!sink->is_stopped && options->progress != NULL)
        sink->is_stopped = options->progress(&sink->progress, options->user);
    return sink->is_stopped;
}

void smail__sink_skip(struct smail__sink *sink, const char *file,
                      uint64_t number, uint64_t offset, const char *format, ...)
{
    char reason[300];
    smail_import_skip skip = { sizeof(skip), file, number, offset, reason };
    va_list args;

    va_start(args, format);
    smail__vformat(reason, sizeof(reason), format, args);
    va_end(args);
    sink->result->skipped++;
    sink->progress.messages++;
    if (sink->options->skipped != NULL)
        sink->options->skipped(&skip, sink->options->user);
}

/* --- What is under way --------------------------------------------------- */

static struct smail__sink_slot *slot_at(struct smail__sink *sink, size_t index)
{
    return &sink->slots[(sink->first + index) % SMAIL__SINK_WINDOW];
}

/* By a thread of the store. */
static void finished(const smail_error *error, const smail_appended *results,
                     void *user)
{
    struct smail__sink_slot *slot = user;
    struct smail__sink *sink = slot->sink;

    pthread_mutex_lock(&sink->mutex);
    if (error != NULL)
        slot->error = *error;
    else
        slot->email = results[0].email;
    slot->is_finished = true;
    pthread_cond_signal(&sink->cond);
    pthread_mutex_unlock(&sink->mutex);
}

/* The account has it; but has it in these mailboxes? */
static int place_known(struct smail__sink *sink, smail_id email,
                       const smail_id *places, size_t count, smail_error *err)
{
    struct smail__email_patch patch;
    struct smail__email_row row;
    struct smail__db *db;
    int code = smail__store_begin_read(&db, sink->store, err);

    if (code < 0)
        return code;
    smail__email_patch_init(&patch, email);
    smail__email_row_init(&row);
    code = smail__email_row_load(&row, db, sink->options->account, email, err);
    smail__store_end_read(sink->store, db);
    for (size_t i = 0; code > 0 && i < count; i++) {
        bool is_there = false;

        for (size_t j = 0; j < row.mailbox_count; j++)
            is_there |= row.mailboxes[j] == places[i];
        if (!is_there &&
            smail__email_patch_place(&patch, places[i], true, err) < 0)
            code = SMAIL_ENOMEM;
    }
    if (code > 0 && patch.place_count > 0)
        code = smail__email_patch_all(sink->store, sink->options->account,
                                      &patch, 1, err);
    smail__email_patch_dispose(&patch);
    smail__email_row_dispose(&row);
    return code < 0 ? code : 0;
}

static void tell_taken(struct smail__sink *sink, const char *file,
                       uint64_t number, smail_id email, uint64_t octets,
                       bool duplicate)
{
    smail_import_taken taken = { sizeof(taken), file,   number,
                                 email,         octets, duplicate };

    if (duplicate)
        sink->result->duplicates++;
    else
        sink->result->imported++;
    if (!duplicate)
        sink->result->octets += octets;
    sink->progress.messages++;
    sink->progress.octets += octets;
    if (sink->options->taken != NULL)
        sink->options->taken(&taken, sink->options->user);
}

static int take_known(struct smail__sink *sink, struct smail__sink_slot *slot,
                      smail_id email, smail_error *err)
{
    int code = slot->has_places ? place_known(sink, email, slot->places,
                                              slot->place_count, err)
                                : 0;

    if (code == 0)
        tell_taken(sink, slot->file, slot->number, email, slot->octets, true);
    return code;
}

/* A failure that the next message would meet too. */
static bool is_fatal(int code)
{
    return code != SMAIL_EINVAL && code != SMAIL_ELIMIT &&
           code != SMAIL_EMALFORMED;
}

/* The oldest, which is finished. */
static int reap(struct smail__sink *sink, smail_error *err)
{
    struct smail__sink_slot *slot = slot_at(sink, 0);
    int code = slot->error.code;

    if (code == 0) {
        tell_taken(sink, slot->file, slot->number, slot->email, slot->octets,
                   false);
    } else if (code == SMAIL_EEXISTS) {
        code = take_known(sink, slot, slot->known.email, err);
    } else if (!is_fatal(code)) {
        smail__sink_skip(sink, slot->file, slot->number, slot->offset, "%s",
                         slot->error.message);
        code = 0;
    } else {
        smail__fail(err, code, "%s, message %llu: %s", slot->file,
                    (unsigned long long)slot->number, slot->error.message);
    }
    sink->held -= slot->held;
    smail_append_free(slot->append);
    free(slot->file);
    memset(slot, 0, sizeof(*slot));
    sink->first = (sink->first + 1) % SMAIL__SINK_WINDOW;
    sink->count--;
    return code;
}

static void await_oldest(struct smail__sink *sink)
{
    struct smail__sink_slot *slot = slot_at(sink, 0);

    pthread_mutex_lock(&sink->mutex);
    while (!slot->is_finished)
        pthread_cond_wait(&sink->cond, &sink->mutex);
    pthread_mutex_unlock(&sink->mutex);
}

static bool oldest_is_finished(struct smail__sink *sink)
{
    bool is_finished;

    pthread_mutex_lock(&sink->mutex);
    is_finished = slot_at(sink, 0)->is_finished;
    pthread_mutex_unlock(&sink->mutex);
    return is_finished;
}

/* All are waited for also after a failure: their slots are ours. */
int smail__sink_settle(struct smail__sink *sink, smail_error *err)
{
    smail_error unused;
    int code = 0;

    while (sink->count > 0) {
        int one;

        await_oldest(sink);
        one = reap(sink, code == 0 ? err : &unused);
        if (code == 0)
            code = one;
    }
    (void)smail__sink_tick(sink);
    return code;
}

/* Room for one more. */
static int make_room(struct smail__sink *sink, smail_error *err)
{
    int code = 0;

    while (code == 0 && sink->count > 0 &&
           (sink->count == SMAIL__SINK_WINDOW - 1 ||
            sink->held > SMAIL__SINK_OCTETS || oldest_is_finished(sink))) {
        await_oldest(sink);
        code = reap(sink, err);
    }
    return code;
}

/* --- One message --------------------------------------------------------- */

int smail__sink_begin(struct smail__sink *sink, smail_error *err)
{
    struct smail__sink_slot *slot;
    int code = make_room(sink, err);

    if (code < 0)
        return code;
    slot = slot_at(sink, sink->count);
    memset(slot, 0, sizeof(*slot));
    slot->sink = sink;
    code = smail_append_new(&slot->append, sink->store, err);
    sink->has_current = code == 0;
    return code;
}

uint64_t smail__sink_size(const struct smail__sink *sink)
{
    const struct smail__sink_slot *slot =
        &sink->slots[(sink->first + sink->count) % SMAIL__SINK_WINDOW];

    return smail_append_size(slot->append);
}

int smail__sink_write(struct smail__sink *sink, smail_span octets,
                      smail_error *err)
{
    struct smail__sink_slot *slot = slot_at(sink, sink->count);

    if (smail_append_size(slot->append) + octets.len > sink->max_message)
        return 1;
    return smail_append_write(slot->append, octets, err);
}

void smail__sink_drop(struct smail__sink *sink)
{
    struct smail__sink_slot *slot = slot_at(sink, sink->count);

    if (!sink->has_current)
        return;
    smail_append_free(slot->append);
    free(slot->file);
    memset(slot, 0, sizeof(*slot));
    sink->has_current = false;
}

static int find_places(struct smail__sink *sink, struct smail__sink_slot *slot,
                       const struct smail__arrival *arrival, smail_error *err)
{
    const char *only = sink->options->mailbox;
    smail_span paths = smail__buf_span(&arrival->paths);
    int code = 0;

    slot->has_places = arrival->has_places || only != NULL;
    if (only != NULL)
        paths = smail__span(only);
    else if (paths.len == 0)
        return 0;
    while (code == 0 && paths.len > 0 && slot->place_count < SMAIL__SINK_PLACES)
        code = smail__sink_mailbox(&slot->places[slot->place_count++], sink,
                                   smail__span_cut(&paths, '\n'),
                                   SMAIL_ROLE_NONE, only != NULL, err);
    return code;
}

/* 1: the account has it, which was dealt with. */
static int look(struct smail__sink *sink, struct smail__sink_slot *slot,
                smail_error *err)
{
    const unsigned char *sha256;
    smail_id email;
    int code;

    if (sink->options->allow_duplicates)
        return 0;
    code = smail__append_digest(&sha256, slot->append, err);
    if (code == 0)
        code = smail__known_find(&email, sink->store, sink->options->account,
                                 sha256, NULL);
    if (code == SMAIL_ENOTFOUND)
        return 0;
    if (code == 0)
        code = take_known(sink, slot, email, err);
    return code < 0 ? code : 1;
}

static int send(struct smail__sink *sink, struct smail__sink_slot *slot,
                const struct smail__arrival *arrival, smail_error *err)
{
    smail_target targets[SMAIL__SINK_PLACES];
    size_t count = slot->place_count > 0 ? slot->place_count : 1;
    int code;

    for (size_t i = 0; i < count; i++)
        targets[i] = (smail_target){
            .account = sink->options->account,
            .mailbox = slot->place_count > 0 ? slot->places[i] : 0,
            .keywords = arrival->keywords.data,
            .received_at = arrival->received_at,
        };
    slot->known.refuse = !sink->options->allow_duplicates;
    smail__append_known(slot->append, &slot->known);
    slot->held = slot->octets < SMAIL__SMALL_MAX ? (size_t)slot->octets
                                                 : SMAIL__SMALL_MAX;
    code = smail_append_commit_later(slot->append, targets, count, finished,
                                     slot, err);
    if (code < 0)
        return code;
    sink->held += slot->held;
    sink->count++;
    sink->has_current = false;
    return 0;
}

int smail__sink_commit(struct smail__sink *sink,
                       const struct smail__arrival *arrival, smail_error *err)
{
    struct smail__sink_slot *slot = slot_at(sink, sink->count);
    smail_error error = SMAIL_ERROR_INIT;
    int code;

    slot->file = smail__strdup(arrival->file);
    slot->number = arrival->number;
    slot->offset = arrival->offset;
    slot->octets = smail_append_size(slot->append);
    if (slot->file == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory");
    code = find_places(sink, slot, arrival, &error);
    if (code == 0)
        code = look(sink, slot, &error);
    if (code == 0)
        code = send(sink, slot, arrival, &error);
    if (code < 0 && !is_fatal(code)) {
        smail__sink_skip(sink, arrival->file, arrival->number, arrival->offset,
                         "%s", error.message);
        code = 1;
    }
    if (code < 0 && err != NULL)
        *err = error;
    if (code != 0)
        smail__sink_drop(sink);
    (void)smail__sink_tick(sink);
    return code < 0 ? code : 0;
}
