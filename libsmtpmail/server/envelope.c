/* SPDX-License-Identifier: MIT */
/* server/envelope.c - the transaction under way, and its message. */
#include "server/envelope.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "message/trace.h"
#include "server/relay.h"

#define TRACE_MAX 4096

void smail__path_text(char out[SMAIL_LOCAL_PART_MAX + SMAIL_DOMAIN_MAX + 2],
                      const smail_path *path)
{
    smail__format(out, SMAIL_LOCAL_PART_MAX + SMAIL_DOMAIN_MAX + 2,
                  "%.*s%s%.*s", SMAIL__SPAN_ARG(path->local),
                  path->domain.len > 0 ? "@" : "",
                  SMAIL__SPAN_ARG(path->domain));
}

/* Both halves in one block, which is local.data. */
static int copy_path(smail_path *out, const smail_path *path)
{
    char *text = malloc(path->local.len + path->domain.len + 2);

    if (text == NULL)
        return SMAIL_ENOMEM;
    if (path->local.len > 0)
        memcpy(text, path->local.data, path->local.len);
    if (path->domain.len > 0)
        memcpy(text + path->local.len, path->domain.data, path->domain.len);
    out->local = (smail_span){ text, path->local.len };
    out->domain = (smail_span){ text + path->local.len, path->domain.len };
    return 0;
}

static void free_path(smail_path *path)
{
    free((void *)path->local.data);
}

static void set_account(struct smail__envelope *envelope,
                        const struct smail__dialogue *dialogue)
{
    const smail_server_options *options = &dialogue->settings->options;

    if (dialogue->server->options.store == NULL)
        return;
    envelope->account = dialogue->account;
    envelope->caps.messages = options->max_messages_per_day;
    envelope->caps.recipients = options->max_recipients_per_day;
}

struct smail__envelope *smail__envelope_new(struct smail__dialogue *dialogue,
                                            const smail_smtp_mail *mail)
{
    struct smail__envelope *envelope = calloc(1, sizeof(*envelope));

    if (envelope == NULL)
        return NULL;
    envelope->kind = dialogue->kind;
    set_account(envelope, dialogue);
    memcpy(envelope->peer, dialogue->peer_text, sizeof(envelope->peer));
    envelope->tls_protocol =
        smail__connection_tls_protocol(dialogue->connection);
    envelope->tls_cipher = smail__connection_tls_cipher(dialogue->connection);
    envelope->declared_size = mail->size;
    envelope->is_utf8 = mail->smtputf8;
    envelope->is_extended = smail_smtp_server_is_extended(dialogue->engine);
    envelope->begun_at = smail__loop_now(dialogue->shard->loop);
    envelope->helo = smail__spandup(smail_smtp_server_helo(dialogue->engine));
    if (dialogue->identity != NULL)
        envelope->identity = smail__strdup(dialogue->identity);
    if (envelope->helo == NULL ||
        (dialogue->identity != NULL && envelope->identity == NULL) ||
        copy_path(&envelope->sender, &mail->sender) != 0 ||
        smail__relay_begin(envelope, dialogue, mail) != 0) {
        smail__envelope_free(envelope);
        return NULL;
    }
    return envelope;
}

void smail__envelope_free(struct smail__envelope *envelope)
{
    if (envelope == NULL)
        return;
    smail_append_free(envelope->append);
    smail__relay_free(envelope);
    for (size_t i = 0; i < envelope->recipient_count; i++)
        free_path(&envelope->recipients[i]);
    free(envelope->recipients);
    for (size_t i = 0; i < envelope->target_count; i++)
        free((void *)envelope->targets[i].keywords);
    free(envelope->targets);
    free_path(&envelope->sender);
    free(envelope->submit);
    free(envelope->identity);
    free(envelope->peer_name);
    free(envelope->helo);
    free(envelope);
}

/* Room for `more` elements in an array that doubles. */
static void *make_room(void *array, size_t *room, size_t count, size_t more,
                       size_t size)
{
    size_t wanted = *room == 0 ? 4 : *room;
    void *grown;

    if (count + more <= *room)
        return array;
    while (wanted < count + more)
        wanted *= 2;
    grown = realloc(array, wanted * size);
    if (grown != NULL)
        *room = wanted;
    return grown;
}

static int compare_targets(const smail_target *a, const smail_target *b)
{
    if (a->account != b->account)
        return a->account < b->account ? -1 : 1;
    return (a->mailbox > b->mailbox) - (a->mailbox < b->mailbox);
}

/* Where `target` stands or belongs: they are kept in order, as a list of a
 * thousand members may be named a hundred times. */
static size_t place_of(const struct smail__envelope *envelope,
                       const smail_target *target)
{
    size_t low = 0, high = envelope->target_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_targets(&envelope->targets[middle], target) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int add_target(struct smail__envelope *envelope,
                      const smail_target *target)
{
    size_t at = place_of(envelope, target);
    smail_target copy = *target;
    smail_target *room;

    if (at < envelope->target_count &&
        compare_targets(&envelope->targets[at], target) == 0)
        return 0;
    room = make_room(envelope->targets, &envelope->target_room,
                     envelope->target_count, 1, sizeof(*room));
    if (room == NULL)
        return SMAIL_ENOMEM;
    envelope->targets = room;
    if (target->keywords != NULL) {
        copy.keywords = smail__strdup(target->keywords);
        if (copy.keywords == NULL)
            return SMAIL_ENOMEM;
    }
    memmove(room + at + 1, room + at,
            (envelope->target_count - at) * sizeof(*room));
    room[at] = copy;
    envelope->target_count++;
    return 0;
}

static int add_targets(struct smail__envelope *envelope,
                       const smail_target *targets, size_t count)
{
    int rc = 0;

    if (envelope->target_count + count > SMAIL__TARGETS_MAX)
        return SMAIL_ELIMIT;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = add_target(envelope, &targets[i]);
    /* Some may have been added: they must not get what was not for them. */
    if (rc != 0)
        envelope->failure = rc;
    return rc;
}

int smail__envelope_add(struct smail__envelope *envelope,
                        const smail_path *recipient,
                        const smail_target *targets, size_t count)
{
    smail_path *room =
        make_room(envelope->recipients, &envelope->recipient_room,
                  envelope->recipient_count, 1, sizeof(*envelope->recipients));
    smail_path path;
    int rc;

    if (room == NULL)
        return SMAIL_ENOMEM;
    envelope->recipients = room;
    rc = copy_path(&path, recipient);
    if (rc != 0)
        return rc;
    rc = add_targets(envelope, targets, count);
    if (rc != 0) {
        free_path(&path);
        return rc;
    }
    envelope->recipients[envelope->recipient_count++] = path;
    return 0;
}

static int store(void *user, smail_span piece)
{
    struct smail__envelope *envelope = user;

    smail__relay_scan(envelope, piece);
    return smail_append_write(envelope->append, piece, &envelope->error);
}

/* RFC 5321, 4.4: Return-Path of the final delivery, then Received. "for"
 * would tell the recipients of each other, unless there is but one. */
static int write_trace(struct smail__envelope *envelope,
                       const smail_server *server, smail_error *err)
{
    char recipient[SMAIL_LOCAL_PART_MAX + SMAIL_DOMAIN_MAX + 2];
    struct smail__trace trace = {
        .sender_local = envelope->sender.local,
        .sender_domain = envelope->sender.domain,
        .helo = smail__span(envelope->helo),
        .peer = smail__span(envelope->peer),
        .reverse = smail__span(envelope->peer_name),
        .hostname = smail__span(server->options.hostname),
        .id = smail__span(envelope->id),
        .tls_protocol = smail__span(envelope->tls_protocol),
        .tls_cipher = smail__span(envelope->tls_cipher),
        .extended = envelope->is_extended,
        .tls = envelope->tls_protocol != NULL,
        .authenticated = envelope->identity != NULL,
        .lmtp = envelope->kind == SMAIL_LISTENER_LMTP,
        .utf8 = envelope->is_utf8,
        .now = (int64_t)time(NULL),
    };
    struct smail__buf out;
    int rc;

    if (envelope->recipient_count == 1) {
        smail__path_text(recipient, &envelope->recipients[0]);
        trace.recipient = smail__span(recipient);
    }
    smail__buf_init(&out, TRACE_MAX, NULL);
    smail__trace_return_path(&out, &trace);
    if (envelope->outgoing != NULL) /* the last host's to write */
        envelope->outgoing->message.skip = out.len;
    smail__trace_received(&out, &trace);
    smail__relay_scan(envelope,
                      smail__span_from(smail__buf_span(&out),
                                       envelope->outgoing != NULL
                                           ? envelope->outgoing->message.skip
                                           : 0));
    rc = smail__buf_error(&out);
    rc = rc != 0
             ? smail__fail(err, rc, "no room for the trace header")
             : smail_append_write(envelope->append, smail__buf_span(&out), err);
    smail__buf_dispose(&out);
    return rc;
}

static int open_submit(struct smail__envelope *envelope,
                       const smail_server *server, smail_error *err)
{
    if (envelope->kind != SMAIL_LISTENER_SUBMISSION &&
        envelope->kind != SMAIL_LISTENER_SUBMISSIONS)
        return 0;
    envelope->submit = malloc(sizeof(*envelope->submit));
    if (envelope->submit == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for a message");
    smail__submit_init(envelope->submit, time(NULL), envelope->id,
                       server->options.hostname, store, envelope);
    return 0;
}

/* As if there had been no DATA: the client may try it again. */
static void take_back(struct smail__envelope *envelope)
{
    smail_append_free(envelope->append);
    envelope->append = NULL;
    free(envelope->submit);
    envelope->submit = NULL;
    envelope->id[0] = '\0';
    envelope->has_content = false;
}

int smail__envelope_open(struct smail__envelope *envelope,
                         const smail_server *server, smail_error *err)
{
    int rc;

    envelope->has_content = true;
    if (envelope->target_count == 0 &&
        (envelope->outgoing == NULL || envelope->outgoing->count == 0))
        return 0;
    smail__relay_begin_content(envelope);
    rc = smail_append_new(&envelope->append, server->options.store, err);
    if (rc == 0) {
        smail__format(envelope->id, sizeof(envelope->id), "%s",
                      smail_append_id(envelope->append));
        rc = write_trace(envelope, server, err);
    }
    if (rc == 0)
        rc = open_submit(envelope, server, err);
    if (rc != 0)
        take_back(envelope);
    return rc;
}

void smail__envelope_set_name(struct smail__envelope *envelope,
                              const char *name)
{
    free(envelope->peer_name);
    envelope->peer_name = name != NULL ? smail__strdup(name) : NULL;
}

void smail__envelope_write(struct smail__envelope *envelope, smail_span piece)
{
    envelope->received += piece.len;
    if (envelope->append == NULL || envelope->failure != 0)
        return;
    envelope->failure = envelope->submit != NULL
                            ? smail__submit_feed(envelope->submit, piece)
                            : store(envelope, piece);
}

void smail__envelope_end(struct smail__envelope *envelope)
{
    if (envelope->submit != NULL && envelope->failure == 0)
        envelope->failure = smail__submit_end(envelope->submit);
}
