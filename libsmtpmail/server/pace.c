/* SPDX-License-Identifier: MIT */
/*
 * server/pace.c - rates by the options.
 *
 * An account is counted wherever it sends from, for a password that was stolen
 * is used from many places; an address is counted on port 25 alone, where
 * nobody says who he is.
 */
#include "server/pace.h"

#include <time.h>

#include "base/format.h"
#include "base/span.h"
#include "server/rate.h"

#define MINUTE 60
#define HOUR 3600
#define DAY 86400

/* Of all threads the same, which the clocks of loops are not. */
static uint64_t now_in_milliseconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

uint32_t smail__pace_connection(const smail_server *server,
                                const struct smail__settings *settings,
                                smail_listener_kind kind,
                                const struct smail__endpoint *peer)
{
    const smail_server_options *options = &settings->options;
    struct smail__rate_rule rule = { SMAIL__RATE_CONNECTIONS,
                                     options->max_connections_per_minute,
                                     MINUTE };

    if (kind == SMAIL_LISTENER_LMTP ||
        smail__endpoint_in(peer, options->exempt))
        return 0;
    return smail__rate_take_peer(server->rate, &rule, peer,
                                 now_in_milliseconds());
}

static bool refuse(struct smail__dialogue *dialogue, uint32_t wait,
                   const char *what)
{
    char when[SMAIL__WAIT_WORDS], text[SMAIL__SENT_TEXT];

    if (wait == 0)
        return false;
    smail__wait_words(when, wait);
    smail__format(text, sizeof(text), "Too many %s, try again %s", what, when);
    smail__question_refuse(dialogue, 450, "4.7.1", text);
    return true;
}

/* `count` is the server's; the account may have its own. */
static bool refuse_account(struct smail__dialogue *dialogue,
                           enum smail__rate_kind kind, uint32_t count,
                           enum smail__account_limit own, const char *what)
{
    struct smail__rate_rule rule = { kind, count, HOUR };

    if (dialogue->account == 0)
        return false;
    if (dialogue->own_limits.value[own] != 0)
        rule.count = dialogue->own_limits.value[own];
    return refuse(dialogue,
                  smail__rate_take_account(dialogue->server->rate, &rule,
                                           dialogue->account,
                                           now_in_milliseconds()),
                  what);
}

/* Once a day; whoever refuses a thief a thousand times need not say so a
 * thousand times. */
static void warn(struct smail__dialogue *dialogue, const char *text)
{
    struct smail__rate_rule rule = { SMAIL__RATE_WARNINGS, 1, DAY };

    if (smail__rate_take_account(dialogue->server->rate, &rule,
                                 dialogue->account, now_in_milliseconds()) == 0)
        smail__report_event(dialogue->server, SMAIL__LOG_WARNING,
                            "account_over_limit", dialogue, "reason",
                            smail__span(text));
}

void smail__pace_refuse_excess(struct smail__dialogue *dialogue,
                               const struct smail__sent_excess *excess)
{
    char text[SMAIL__SENT_TEXT];

    smail__sent_text(text, excess);
    warn(dialogue, text);
    smail__question_refuse(dialogue, 450, "4.7.1", text);
}

/* What the store has counted, with what this transaction has so far. */
static bool refuse_day(struct smail__dialogue *dialogue)
{
    const struct smail__envelope *envelope = dialogue->envelope;
    struct smail__sent_excess excess;
    smail_error err = SMAIL_ERROR_INIT;
    int rc;

    if (envelope->account == 0)
        return false;
    rc = smail__sent_ask(&excess, dialogue->server->options.store,
                         envelope->account, &envelope->caps,
                         (uint32_t)envelope->recipient_count + 1, &err);
    if (rc == 0)
        return false;
    if (rc == SMAIL_ELIMIT)
        smail__pace_refuse_excess(dialogue, &excess);
    else
        smail__policy_refuse_failure(dialogue, rc, &err);
    return true;
}

/* False: they cannot be read, and the command was refused. */
static bool load_own_limits(struct smail__dialogue *dialogue)
{
    smail_store *store = dialogue->server->options.store;
    smail_error err = SMAIL_ERROR_INIT;
    int rc;

    if (store == NULL || dialogue->account == 0)
        return true;
    rc = smail__account_limits_read(&dialogue->own_limits, store,
                                    dialogue->account, &err);
    if (rc != 0)
        smail__policy_refuse_failure(dialogue, rc, &err);
    return rc == 0;
}

bool smail__pace_message(struct smail__dialogue *dialogue)
{
    const smail_server_options *options = &dialogue->settings->options;
    struct smail__rate_rule rule = { SMAIL__RATE_MESSAGES,
                                     options->max_messages_per_minute, MINUTE };

    if (!load_own_limits(dialogue))
        return false;
    if (dialogue->account != 0)
        return !refuse_account(dialogue, SMAIL__RATE_SUBMITTED,
                               options->max_messages_per_hour,
                               SMAIL__LIMIT_MESSAGES_PER_HOUR,
                               "messages of this account in an hour");
    if (dialogue->kind != SMAIL_LISTENER_SMTP ||
        smail__endpoint_in(&dialogue->peer, options->exempt))
        return true;
    return !refuse(dialogue,
                   smail__rate_take_peer(dialogue->server->rate, &rule,
                                         &dialogue->peer,
                                         now_in_milliseconds()),
                   "messages from your address in a minute");
}

bool smail__pace_recipient(struct smail__dialogue *dialogue)
{
    return !refuse_day(dialogue) &&
           !refuse_account(dialogue, SMAIL__RATE_RECIPIENTS,
                           dialogue->settings->options.max_recipients_per_hour,
                           SMAIL__LIMIT_RECIPIENTS_PER_HOUR,
                           "recipients of this account in an hour");
}
