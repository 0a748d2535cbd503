/* SPDX-License-Identifier: MIT */
/*
 * server/ticket.c - questions by number.
 *
 * A connection's number is made of its shard (8 bits), its slot there (24)
 * and how often the slot was used (32), so it leads to the shard's lock and
 * under it to the slot without any table in common. The question beside it
 * is compared and cleared under that lock: of two who settle one comes first.
 *
 * An answer given on the shard's own thread while the policy is being called
 * is kept with the dialogue; any other travels to the thread as a task.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/span.h"
#include "server/dialogue.h"

#define SLOTS_MAX (1u << 24)
#define TEXT_MAX 2048 /* of a reply; lines beyond are of no use to anybody */
#define IDENTITY_MAX 320

static uint32_t slot_index(uint64_t connection)
{
    return (uint32_t)(connection >> 8) & (SLOTS_MAX - 1);
}

static int grow(struct smail__shard *shard)
{
    uint32_t count = shard->slot_count == 0 ? 64 : shard->slot_count * 2;
    struct smail__slot *slots;

    if (count > SLOTS_MAX)
        return SMAIL_ELIMIT;
    slots = realloc(shard->slots, count * sizeof(*slots));
    if (slots == NULL)
        return SMAIL_ENOMEM;
    memset(slots + shard->slot_count, 0,
           (count - shard->slot_count) * sizeof(*slots));
    for (uint32_t i = count; i > shard->slot_count; i--) {
        slots[i - 1].next_free = shard->free_slot;
        shard->free_slot = i;
    }
    shard->slots = slots;
    shard->slot_count = count;
    return 0;
}

int smail__slot_open(uint64_t *out, struct smail__shard *shard,
                     struct smail__dialogue *dialogue)
{
    int rc = 0;

    pthread_mutex_lock(&shard->lock);
    if (shard->free_slot == 0)
        rc = grow(shard);
    if (rc == 0) {
        uint32_t index = shard->free_slot - 1;
        struct smail__slot *slot = &shard->slots[index];

        shard->free_slot = slot->next_free;
        slot->generation++;
        slot->dialogue = dialogue;
        slot->question = 0;
        *out = (uint64_t)slot->generation << 32 | (uint64_t)index << 8 |
               shard->index;
    }
    pthread_mutex_unlock(&shard->lock);
    return rc;
}

void smail__slot_close(struct smail__shard *shard, uint64_t connection)
{
    uint32_t index = slot_index(connection);

    pthread_mutex_lock(&shard->lock);
    shard->slots[index].dialogue = NULL;
    shard->slots[index].question = 0;
    shard->slots[index].next_free = shard->free_slot;
    shard->free_slot = index + 1;
    pthread_mutex_unlock(&shard->lock);
}

smail_ticket smail__slot_ask(struct smail__shard *shard, uint64_t connection,
                             uint64_t question, enum smail__question kind)
{
    struct smail__slot *slot;

    pthread_mutex_lock(&shard->lock);
    slot = &shard->slots[slot_index(connection)];
    slot->question = question;
    slot->kind = kind;
    pthread_mutex_unlock(&shard->lock);
    return (smail_ticket){ connection, question };
}

void smail__slot_withdraw(struct smail__shard *shard, uint64_t connection)
{
    pthread_mutex_lock(&shard->lock);
    shard->slots[slot_index(connection)].question = 0;
    pthread_mutex_unlock(&shard->lock);
}

/* Under the lock. */
static struct smail__slot *slot_at(struct smail__shard *shard,
                                   uint64_t connection)
{
    uint32_t index = slot_index(connection);

    if (index >= shard->slot_count ||
        shard->slots[index].generation != (uint32_t)(connection >> 32) ||
        shard->slots[index].dialogue == NULL)
        return NULL;
    return &shard->slots[index];
}

struct smail__dialogue *smail__slot_find(struct smail__shard *shard,
                                         uint64_t connection)
{
    struct smail__slot *slot;
    struct smail__dialogue *dialogue;

    pthread_mutex_lock(&shard->lock);
    slot = slot_at(shard, connection);
    dialogue = slot != NULL ? slot->dialogue : NULL;
    pthread_mutex_unlock(&shard->lock);
    return dialogue;
}

void smail__answer_free(struct smail__answer *answer)
{
    if (answer == NULL)
        return;
    free(answer->targets);
    free(answer);
}

static void deliver_answer(struct smail__task *task)
{
    struct smail__answer *answer = (struct smail__answer *)task;
    struct smail__dialogue *dialogue =
        smail__slot_find(answer->shard, answer->ticket.connection);

    if (dialogue == NULL || dialogue->question != answer->ticket.question) {
        smail__answer_free(answer);
        return;
    }
    smail__question_settle(dialogue, answer);
    smail__dialogue_resume(dialogue);
}

static struct smail__answer *new_answer(enum smail__verdict_kind kind,
                                        smail_span text)
{
    struct smail__answer *answer = calloc(1, sizeof(*answer) + text.len + 1);

    if (answer == NULL)
        return NULL;
    answer->task.run = deliver_answer;
    answer->kind = kind;
    answer->text_len = text.len;
    if (text.len > 0)
        memcpy(answer->text, text.data, text.len);
    return answer;
}

static bool fits(const struct smail__answer *answer, int question)
{
    switch (answer->kind) {
    case SMAIL__SETTLE_ACCEPT:
        return (question == SMAIL__ASK_AUTH || question == SMAIL__ASK_TOKEN) ==
                   (answer->text_len > 0) &&
               (question == SMAIL__ASK_RCPT || answer->targets == NULL);
    case SMAIL__SETTLE_CHALLENGE:
        return question == SMAIL__ASK_AUTH;
    case SMAIL__SETTLE_RECIPIENT:
        return question == SMAIL__ASK_MESSAGE;
    default:
        return true;
    }
}

static void keep_for_later(struct smail__dialogue *dialogue,
                           struct smail__answer *answer)
{
    struct smail__answer **at = &dialogue->answers;

    while (*at != NULL)
        at = (struct smail__answer **)&(*at)->task.next;
    answer->task.next = NULL;
    *at = answer;
}

/* Takes `answer`, which may be NULL. */
static int settle(smail_server *server, smail_ticket ticket,
                  struct smail__answer *answer)
{
    unsigned index = ticket.connection & 0xff;
    struct smail__shard *shard;
    struct smail__slot *slot;
    int rc = SMAIL_ENOTFOUND;

    if (answer == NULL)
        return SMAIL_ENOMEM;
    if (index >= server->shard_count) {
        smail__answer_free(answer);
        return SMAIL_ENOTFOUND;
    }
    shard = &server->shards[index];
    answer->shard = shard;
    answer->ticket = ticket;
    pthread_mutex_lock(&shard->lock);
    slot = slot_at(shard, ticket.connection);
    if (slot != NULL && slot->question != 0 &&
        slot->question == ticket.question)
        rc = fits(answer, slot->kind) ? 0 : SMAIL_EINVAL;
    if (rc == 0 && answer->kind != SMAIL__SETTLE_RECIPIENT)
        slot->question = 0;
    if (rc == 0 && smail__loop_is_mine(shard->loop) &&
        slot->dialogue->is_calling)
        keep_for_later(slot->dialogue, answer);
    else if (rc == 0)
        smail__loop_post(shard->loop, &answer->task);
    pthread_mutex_unlock(&shard->lock);
    if (rc != 0)
        smail__answer_free(answer);
    return rc;
}

int smail_server_accept(smail_server *server, smail_ticket ticket)
{
    return settle(server, ticket,
                  new_answer(SMAIL__SETTLE_ACCEPT, (smail_span){ "", 0 }));
}

int smail_server_pass(smail_server *server, smail_ticket ticket)
{
    return settle(server, ticket,
                  new_answer(SMAIL__SETTLE_PASS, (smail_span){ "", 0 }));
}

/* The targets and their keywords in one block. */
static smail_target *copy_targets(const smail_target *targets, size_t count)
{
    size_t size = count * sizeof(*targets);
    smail_target *copy;
    char *text;

    for (size_t i = 0; i < count; i++)
        if (targets[i].keywords != NULL)
            size += strlen(targets[i].keywords) + 1;
    copy = malloc(size);
    if (copy == NULL)
        return NULL;
    memcpy(copy, targets, count * sizeof(*targets));
    text = (char *)(copy + count);
    for (size_t i = 0; i < count; i++) {
        if (targets[i].keywords == NULL)
            continue;
        size = strlen(targets[i].keywords) + 1;
        memcpy(text, targets[i].keywords, size);
        copy[i].keywords = text;
        text += size;
    }
    return copy;
}

int smail_server_accept_to(smail_server *server, smail_ticket ticket,
                           const smail_target *targets, size_t count)
{
    struct smail__answer *answer;

    if (count == 0 || count > SMAIL__TARGETS_MAX ||
        server->options.store == NULL)
        return SMAIL_EINVAL;
    answer = new_answer(SMAIL__SETTLE_ACCEPT, (smail_span){ "", 0 });
    if (answer == NULL)
        return SMAIL_ENOMEM;
    answer->index = count;
    answer->targets = copy_targets(targets, count);
    if (answer->targets == NULL) {
        smail__answer_free(answer);
        return SMAIL_ENOMEM;
    }
    return settle(server, ticket, answer);
}

int smail_server_accept_as(smail_server *server, smail_ticket ticket,
                           smail_id account, const char *identity)
{
    smail_span name = smail__span(identity);
    struct smail__answer *answer;

    if (name.len == 0 || name.len > IDENTITY_MAX)
        return SMAIL_EINVAL;
    answer = new_answer(SMAIL__SETTLE_ACCEPT, name);
    if (answer != NULL)
        answer->account = account;
    return settle(server, ticket, answer);
}

int smail_server_challenge(smail_server *server, smail_ticket ticket,
                           smail_span challenge)
{
    if (challenge.len > TEXT_MAX)
        return SMAIL_EINVAL;
    return settle(server, ticket,
                  new_answer(SMAIL__SETTLE_CHALLENGE, challenge));
}

static int reject(smail_server *server, smail_ticket ticket,
                  enum smail__verdict_kind kind, size_t index, int code,
                  const char *status, const char *text)
{
    smail_span state = smail__span(status);
    struct smail__answer *answer;

    if (code < 400 || code > 599 || text == NULL || strlen(text) > TEXT_MAX ||
        state.len >= sizeof(answer->status) ||
        (state.len > 0 && state.data[0] != '0' + code / 100))
        return SMAIL_EINVAL;
    answer = new_answer(kind, smail__span(text));
    if (answer != NULL) {
        answer->code = code;
        answer->index = index;
        if (state.len > 0)
            memcpy(answer->status, state.data, state.len);
    }
    return settle(server, ticket, answer);
}

int smail_server_reject(smail_server *server, smail_ticket ticket, int code,
                        const char *status, const char *text)
{
    return reject(server, ticket, SMAIL__SETTLE_REJECT, 0, code, status, text);
}

int smail_server_reject_recipient(smail_server *server, smail_ticket ticket,
                                  size_t index, int code, const char *status,
                                  const char *text)
{
    return reject(server, ticket, SMAIL__SETTLE_RECIPIENT, index, code, status,
                  text);
}
