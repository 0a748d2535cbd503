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
#include "server/rate.h"

#define MINUTE 60
#define HOUR 3600

/* Of all threads the same, which the clocks of loops are not. */
static uint64_t now_in_milliseconds(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

void smail__pace_words(char out[SMAIL__PACE_WORDS], uint32_t seconds)
{
    uint32_t number = seconds;
    const char *unit = "second";

    if (seconds >= 2 * HOUR) {
        number = (seconds + HOUR - 1) / HOUR;
        unit = "hour";
    } else if (seconds >= 2 * MINUTE) {
        number = (seconds + MINUTE - 1) / MINUTE;
        unit = "minute";
    }
    smail__format(out, SMAIL__PACE_WORDS, "in %u %s%s", number, unit,
                  number == 1 ? "" : "s");
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
    char when[SMAIL__PACE_WORDS], text[128];

    if (wait == 0)
        return false;
    smail__pace_words(when, wait);
    smail__format(text, sizeof(text), "Too many %s, try again %s", what, when);
    smail__question_refuse(dialogue, 450, "4.7.1", text);
    return true;
}

static bool refuse_account(struct smail__dialogue *dialogue,
                           enum smail__rate_kind kind, uint32_t count,
                           const char *what)
{
    struct smail__rate_rule rule = { kind, count, HOUR };

    if (dialogue->account == 0)
        return false;
    return refuse(dialogue,
                  smail__rate_take_account(dialogue->server->rate, &rule,
                                           dialogue->account,
                                           now_in_milliseconds()),
                  what);
}

bool smail__pace_message(struct smail__dialogue *dialogue)
{
    const smail_server_options *options = &dialogue->settings->options;
    struct smail__rate_rule rule = { SMAIL__RATE_MESSAGES,
                                     options->max_messages_per_minute, MINUTE };

    if (dialogue->account != 0)
        return !refuse_account(dialogue, SMAIL__RATE_SUBMITTED,
                               options->max_messages_per_hour,
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
    return !refuse_account(dialogue, SMAIL__RATE_RECIPIENTS,
                           dialogue->settings->options.max_recipients_per_hour,
                           "recipients of this account in an hour");
}
