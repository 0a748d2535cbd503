/* SPDX-License-Identifier: MIT */
/*
 * delivery/outcome.c - when it is tried again, when it is given up, and who is
 * told (RFC 5321, 4.5.4.1; RFC 3461, 4.1 and 5.2; RFC 2852, 4.1.4).
 */
#include "base/span.h"
#include "delivery/sender_internal.h"

/* Attempts after which the pause does not grow any more anyway. */
#define DOUBLINGS_MAX 20

/* Doubled each time, up to a most; a fifth more or less, so that what failed
 * together does not come back together. */
int64_t smail__outcome_backoff(const struct smail__sender *sender,
                               uint32_t attempts)
{
    uint64_t pause = sender->options.retry_min;
    uint64_t spread;

    for (uint32_t i = 0; i < attempts && i < DOUBLINGS_MAX; i++)
        pause *= 2;
    if (pause > sender->options.retry_max)
        pause = sender->options.retry_max;
    spread = pause * 2 / 5 + 1;
    return (int64_t)(pause - pause / 5 +
                     sender->world.random(sender->world.world) % spread);
}

static bool wants(const struct smail__settled *settled, unsigned what)
{
    unsigned notify = settled->recipient->notify;

    /* RFC 3461, 4.1: without NOTIFY of failures, and perhaps of delays. */
    if (notify == 0)
        return what != SMAIL_SMTP_NOTIFY_SUCCESS;
    return (notify & what) != 0;
}

static bool is_late(const struct smail__settled *settled,
                    const struct smail__queue_message *message, int64_t now)
{
    return message->warn_at > 0 && now >= message->warn_at &&
           settled->recipient->warned_at == 0;
}

/* It is over, or its sender is to be told: even where nothing was tried. */
bool smail__outcome_is_due(const struct smail__settled *settled,
                           const struct smail__sender *sender,
                           const struct smail__queue_message *message)
{
    bool by_return = message->by_mode == SMAIL_SMTP_BY_RETURN;
    bool by_notify = message->by_mode == SMAIL_SMTP_BY_NOTIFY &&
                     settled->recipient->warned_at == 0;

    return sender->now >= message->expires_at ||
           ((by_return || by_notify) && sender->now >= message->by_at) ||
           (is_late(settled, message, sender->now) &&
            wants(settled, SMAIL_SMTP_NOTIFY_DELAY));
}

static void give_up(struct smail__settled *settled, const char *status)
{
    settled->result.outcome = SMAIL_QUEUE_GIVEN_UP;
    settled->status = smail__span(status);
}

static void put_off(struct smail__settled *settled,
                    const struct smail__sender *sender,
                    const struct smail__queue_message *message)
{
    bool by_return = message->by_mode == SMAIL_SMTP_BY_RETURN;
    int64_t end = message->expires_at;
    int64_t next = sender->now +
                   smail__outcome_backoff(sender, settled->recipient->attempts);

    if (by_return && message->by_at < end)
        end = message->by_at;
    if (sender->now >= end) {
        give_up(settled,
                by_return && end == message->by_at ? "5.4.7" : "4.4.7");
        return;
    }
    /* A last attempt right at the end, rather than none behind it. */
    settled->result.next_attempt = next > end ? end : next;
    if (is_late(settled, message, sender->now) &&
        wants(settled, SMAIL_SMTP_NOTIFY_DELAY)) {
        settled->told |= SMAIL__TOLD_DELAY;
        settled->result.warned = true;
    }
    /* RFC 2852, 4.1.4.2: the time of N is over, once. */
    if (message->by_mode == SMAIL_SMTP_BY_NOTIFY &&
        sender->now >= message->by_at && settled->recipient->warned_at == 0) {
        if ((settled->recipient->notify & SMAIL_SMTP_NOTIFY_NEVER) == 0)
            settled->told |= SMAIL__TOLD_DELAY;
        settled->result.warned = true;
    }
}

bool smail__outcome_tells_failure(const struct smail__settled *settled,
                                  const struct smail__queue_message *message)
{
    /* RFC 3461, 6.1 and RFC 5321, 4.5.5: never to <>. */
    return message->sender.len > 0 && message->kind != SMAIL__QUEUE_NOTICE &&
           wants(settled, SMAIL_SMTP_NOTIFY_FAILURE);
}

void smail__outcome_decide(struct smail__settled *settled,
                           const struct smail__sender *sender,
                           const struct smail__queue_message *message,
                           enum reach reach)
{
    settled->told = 0;
    if (settled->result.outcome == SMAIL_QUEUE_PUT_OFF)
        put_off(settled, sender, message);
    switch (settled->result.outcome) {
    case SMAIL_QUEUE_TAKEN:
        if (reach != REACHED_DSN && wants(settled, SMAIL_SMTP_NOTIFY_SUCCESS))
            settled->told |= reach == REACHED_MAILBOX ? SMAIL__TOLD_SUCCESS
                                                      : SMAIL__TOLD_RELAYED;
        break;
    case SMAIL_QUEUE_REFUSED:
    case SMAIL_QUEUE_GIVEN_UP:
        settled->told &= ~(unsigned)SMAIL__TOLD_DELAY;
        if (wants(settled, SMAIL_SMTP_NOTIFY_FAILURE))
            settled->told |= SMAIL__TOLD_FAILURE;
        break;
    case SMAIL_QUEUE_PUT_OFF:
    case SMAIL_QUEUE_NOTED:
        break;
    }
    /* RFC 3461, 6.1 and RFC 5321, 4.5.5: never to <>. */
    if (message->sender.len == 0 || message->kind == SMAIL__QUEUE_NOTICE)
        settled->told = 0;
}
