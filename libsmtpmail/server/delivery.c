/* SPDX-License-Identifier: MIT */
/*
 * server/delivery.c - from the end of the content to the reply.
 *
 * While the store commits, the envelope belongs to the delivery: the client
 * may go away, and then the message is stored all the same and nobody is
 * told, which is the client's to sort out (RFC 5321, 4.5.3.2.6).
 */
#include <stdlib.h>

#include "base/format.h"
#include "base/span.h"
#include "server/relay.h"

/* More than this many Received: the message goes round (RFC 5321, 6.3). */
#define HOPS_MAX 100

struct delivery {
    struct smail__task task;
    struct smail__shard *shard;
    uint64_t connection, question;
    struct smail__envelope *envelope;
    int result;
    smail_error error;
};

static void reply_stored(struct smail__dialogue *dialogue,
                         const struct smail__envelope *envelope)
{
    char text[64];

    smail__format(text, sizeof(text), "Ok: queued as %s", envelope->id);
    smail_smtp_server_accept_with(dialogue->engine, "2.0.0", text);
}

/* Back on the loop; the client may have gone. */
static void conclude(struct smail__task *task)
{
    struct delivery *delivery = (struct delivery *)task;
    struct smail__shard *shard = delivery->shard;
    struct smail__envelope *envelope = delivery->envelope;
    struct smail__dialogue *dialogue =
        smail__slot_find(shard, delivery->connection);
    bool is_there = dialogue != NULL && dialogue->is_delivering &&
                    dialogue->question == delivery->question;

    shard->in_flight--;
    envelope->ended_at = smail__loop_now(shard->loop);
    if (is_there)
        dialogue->is_delivering = false;
    if (delivery->result == 0) {
        smail__report_message(shard->server, envelope, "stored", 250,
                              is_there ? NULL : "the client did not wait");
        if (is_there)
            reply_stored(dialogue, envelope);
        smail__envelope_free(envelope);
    } else if (is_there) {
        dialogue->envelope = envelope;
        smail__policy_refuse_failure(dialogue, delivery->result,
                                     &delivery->error);
    } else {
        smail__report_message(shard->server, envelope, "refused", 0,
                              delivery->error.message);
        smail__envelope_free(envelope);
    }
    free(delivery);
    if (is_there)
        smail__dialogue_resume(dialogue);
    smail__shard_check(shard);
}

/* On a thread of the store. */
static void on_done(const smail_error *error, const smail_appended *results,
                    void *user)
{
    struct delivery *delivery = user;

    (void)results;
    if (error != NULL) {
        delivery->error = *error;
        delivery->result = error->code != 0 ? error->code : SMAIL_EIO;
    }
    smail__loop_post(delivery->shard->loop, &delivery->task);
}

static void commit(struct smail__dialogue *dialogue)
{
    struct smail__envelope *envelope = dialogue->envelope;
    struct delivery *delivery = calloc(1, sizeof(*delivery));
    smail_error err = SMAIL_ERROR_INIT;
    int rc;

    if (delivery == NULL) {
        smail__policy_refuse_failure(dialogue, SMAIL_ENOMEM, &err);
        return;
    }
    delivery->task.run = conclude;
    delivery->shard = dialogue->shard;
    delivery->connection = dialogue->number;
    delivery->question = dialogue->question;
    delivery->envelope = envelope;
    smail__relay_commit(envelope, dialogue->server->options.store);
    rc = smail_append_commit_later(envelope->append, envelope->targets,
                                   envelope->target_count, on_done, delivery,
                                   &err);
    if (rc != 0) {
        free(delivery);
        smail__policy_refuse_failure(dialogue, rc, &err);
        return;
    }
    dialogue->shard->in_flight++;
    dialogue->is_delivering = true;
    dialogue->envelope = NULL;
}

void smail__delivery_begin(struct smail__dialogue *dialogue)
{
    struct smail__envelope *envelope = dialogue->envelope;

    if (envelope->failure != 0) {
        smail__policy_refuse_failure(dialogue, envelope->failure,
                                     &envelope->error);
    } else if (envelope->append == NULL) {
        envelope->ended_at = smail__loop_now(dialogue->shard->loop);
        smail__report_message(dialogue->server, envelope, "accepted", 250,
                              NULL);
        smail_smtp_server_accept(dialogue->engine);
        smail__envelope_free(envelope);
        dialogue->envelope = NULL;
    } else if (smail_append_hops(envelope->append) > HOPS_MAX) {
        smail__question_refuse(dialogue, 554, "5.4.6",
                               "Mail loop: too many Received lines");
    } else {
        commit(dialogue);
    }
}
