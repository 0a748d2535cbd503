/* SPDX-License-Identifier: MIT */
#include "config/key.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/utf8.h"
#include "config/value.h"

#define KEY(section, name, type, field, min, max, standard, help)             \
    {                                                                         \
        section, name, type, offsetof(struct smail__config, field), min, max, \
            standard, help                                                    \
    }

#define DAY 86400u

/* clang-format off */
const struct smail__key smail__keys[] = {
    KEY("server", "hostname", SMAIL__KEY_STRING, hostname, 0, 253, "",
        "our name in greetings and trace headers; else the machine's"),
    KEY("server", "listen", SMAIL__KEY_LISTEN, listens, 0, 0, "",
        "where to take mail: KIND:ADDRESS:PORT, several with commas"),
    KEY("server", "loops", SMAIL__KEY_NUMBER, loops, 0, 64, "0",
        "threads for connections; 0: one for two processors, at most 4"),
    KEY("server", "normalize-line-ends", SMAIL__KEY_BOOL, normalize_line_ends,
        0, 0, "no",
        "mend bare CR and LF on submission instead of refusing them"),
    KEY("store", "url", SMAIL__KEY_STRING, store, 0, 4000, "",
        "where mail is kept; else " SMAIL__CONFIG_STORE),
    KEY("retention", "removed", SMAIL__KEY_DURATION, keep_removed, 0,
        3650 * DAY, "14d",
        "how long messages that were removed can be had again; 0: not at all"),
    KEY("retention", "trash", SMAIL__KEY_DURATION, keep_trash, 0, 3650 * DAY,
        "30d", "after how long in the trash a message goes; 0: never"),
    KEY("retention", "junk", SMAIL__KEY_DURATION, keep_junk, 0, 3650 * DAY,
        "30d", "after how long in junk a message goes; 0: never"),
    KEY("retention", "logins", SMAIL__KEY_DURATION, keep_logins, DAY,
        3650 * DAY, "180d", "how long it is known who logged in"),
    KEY("tls", "certificate", SMAIL__KEY_STRING, certificate, 0, 4000, "",
        "PEM file: the certificate and what signed it; several with commas"),
    KEY("tls", "key", SMAIL__KEY_STRING, key, 0, 4000, "",
        "PEM file: its private key; of several in the same order"),
    KEY("tls", "client-authorities", SMAIL__KEY_STRING, client_authorities, 0,
        4000, "",
        "PEM file: who signs the certificates of submission's clients"),
    KEY("auth", "app-password-tokens", SMAIL__KEY_BOOL, app_password_tokens, 0,
        0, "no",
        "take app passwords as bearer tokens (OAUTHBEARER, XOAUTH2)"),
    KEY("log", "level", SMAIL__KEY_LEVEL, log_level, 0, 0, "info",
        "the most talkative lines that are written"),
    KEY("log", "format", SMAIL__KEY_FORMAT, log_json, 0, 0, "text",
        "how a line looks"),
    KEY("limits", "message-size", SMAIL__KEY_SIZE, message_size, 1024,
        (uint64_t)1 << 40, "32M", "the largest message"),
    KEY("limits", "recipients", SMAIL__KEY_NUMBER, recipients, 1, 100000,
        "100", "recipients of one message"),
    KEY("limits", "errors", SMAIL__KEY_NUMBER, errors, 1, 1000000, "20",
        "refused commands before we hang up"),
    KEY("limits", "commands", SMAIL__KEY_NUMBER, commands, 1, 1000000, "1000",
        "commands in a row that carry no mail forward before we hang up"),
    KEY("limits", "mails", SMAIL__KEY_NUMBER, mails, 0, 999999, "0",
        "messages of one connection; 0: any number"),
    KEY("limits", "command-line", SMAIL__KEY_NUMBER, command_line, 0, 1000000,
        "0", "octets of a command; 0: 512 and what extensions add"),
    KEY("limits", "text-line", SMAIL__KEY_NUMBER, text_line, 0, 1000000000,
        "0", "octets of a line of content; 0: any"),
    KEY("limits", "auth-line", SMAIL__KEY_NUMBER, auth_line, 512, 1000000,
        "12288", "octets of a line of a log-in"),
    KEY("limits", "connections", SMAIL__KEY_NUMBER, connections, 1, 1000000,
        "2000", "clients at a time"),
    KEY("limits", "connections-per-address", SMAIL__KEY_NUMBER,
        connections_per_address, 1, 1000000, "50",
        "clients at a time from one address, or one IPv6 /64"),
    KEY("limits", "connections-per-network", SMAIL__KEY_NUMBER,
        connections_per_network, 1, 1000000, "200",
        "clients at a time from one IPv4 /24, or one IPv6 /48"),
    KEY("limits", "connections-per-minute", SMAIL__KEY_NUMBER,
        connections_per_minute, 1, 1000000, "240",
        "new connections from one address, or one IPv6 /64"),
    KEY("limits", "messages-per-minute", SMAIL__KEY_NUMBER,
        messages_per_minute, 1, 1000000, "600",
        "messages on port 25 from one address, or one IPv6 /64"),
    KEY("limits", "messages-per-hour", SMAIL__KEY_NUMBER, messages_per_hour, 1,
        1000000, "500", "messages that one account submits"),
    KEY("limits", "recipients-per-hour", SMAIL__KEY_NUMBER,
        recipients_per_hour, 1, 1000000, "2000", "their recipients"),
    KEY("limits", "messages-per-day", SMAIL__KEY_NUMBER, messages_per_day, 1,
        1000000, "1000",
        "messages that one account sends in any 24 hours, from the page too"),
    KEY("limits", "recipients-per-day", SMAIL__KEY_NUMBER, recipients_per_day,
        1, 1000000, "2000", "their recipients"),
    KEY("limits", "auth-failures", SMAIL__KEY_NUMBER, auth_failures, 1, 1000,
        "3", "wrong passwords on one connection before we hang up"),
    KEY("limits", "auth-failures-per-address", SMAIL__KEY_NUMBER,
        auth_failures_per_address, 1, 100000, "20",
        "wrong passwords from one address, or one IPv6 /64, before it is "
        "banned"),
    KEY("limits", "auth-ban-time", SMAIL__KEY_DURATION, auth_ban_time, 1,
        7 * DAY, "15m", "how long it cannot log in"),
    KEY("limits", "idle-timeout", SMAIL__KEY_DURATION, idle_timeout, 1, DAY,
        "5m", "silence before we hang up"),
    KEY("limits", "command-time", SMAIL__KEY_DURATION, command_time, 1, DAY,
        "5m", "from the first octet of a command to its end"),
    KEY("limits", "data-time", SMAIL__KEY_DURATION, data_time, 1, DAY, "3m",
        "for each 1 KiB of content, and for its end"),
    KEY("limits", "session-time", SMAIL__KEY_DURATION, session_time, 1,
        7 * DAY, "1h", "the longest connection"),
    KEY("limits", "handshake-time", SMAIL__KEY_DURATION, handshake_time, 1,
        3600, "30s", "time for a TLS handshake"),
    KEY("limits", "grace-time", SMAIL__KEY_DURATION, grace_time, 1, 3600,
        "30s", "time to finish what was begun when we are told to stop"),
    KEY("limits", "hash-workers", SMAIL__KEY_NUMBER, hash_workers, 1, 256,
        "2", "threads that check passwords, 32 MiB each"),
    KEY("limits", "hash-queue", SMAIL__KEY_NUMBER, hash_queue, 1, 100000,
        "64", "logins that may wait for them"),
    KEY("limits", "exempt", SMAIL__KEY_STRING, exempt, 0, 4000,
        "127.0.0.0/8 ::1", "networks without limits per address"),
    KEY("network", "proxy", SMAIL__KEY_STRING, network_proxy, 0, 4000, "",
        "networks of load balancers that begin with a PROXY header"),
    KEY("network", "xclient", SMAIL__KEY_STRING, network_xclient, 0, 4000, "",
        "networks of proxies that may speak for their clients by XCLIENT"),
    KEY("resolver", "server", SMAIL__KEY_STRING, resolver_server, 0, 400, "",
        "name servers, ADDRESS or ADDRESS:PORT, parted by spaces; recursive: "
        "from the root down; else those of /etc/resolv.conf"),
    KEY("resolver", "zone-file", SMAIL__KEY_STRING, resolver_zone_file, 0,
        4000, "", "for tests: DNS as JSON, and no other is asked"),
    KEY("resolver", "trust-anchor", SMAIL__KEY_STRING, resolver_anchor, 0,
        4000, "",
        "file with the key of the DNS root; else the system's, unless server "
        "names some, whose answers are then not validated"),
    KEY("resolver", "timeout", SMAIL__KEY_DURATION, resolver_timeout, 1, 60,
        "5s", "the longest wait for one answer"),
    KEY("dns", "reverse", SMAIL__KEY_BOOL, dns_reverse, 0, 0, "yes",
        "look up the names of clients, for trace headers and the log"),
    KEY("dns", "lists", SMAIL__KEY_STRING, dns_lists, 0, 2000, "",
        "block lists for port 25: ZONE or ZONE*WEIGHT, with commas"),
    KEY("dns", "lists-score", SMAIL__KEY_NUMBER, dns_lists_score, 1, 1000,
        "1", "weights together from which a recipient is refused"),
    KEY("dns", "lists-record", SMAIL__KEY_BOOL, dns_lists_record, 0, 0, "no",
        "only say in the log who is listed, and refuse nobody"),
    KEY("dns", "wait", SMAIL__KEY_DURATION, dns_wait, 1, 60, "5s",
        "how long after the greeting the first recipient on port 25 may wait "
        "for DNS"),
    KEY("queue", "send", SMAIL__KEY_BOOL, queue_send, 0, 0, "yes",
        "smtpd sends what waits in the queue"),
    KEY("queue", "warn-after", SMAIL__KEY_DURATION, queue_warn, 1, 30 * DAY,
        "4h", "when the sender of what could not be delivered yet is told"),
    KEY("queue", "give-up-after", SMAIL__KEY_DURATION, queue_expire, 1,
        30 * DAY, "5d", "and when it is returned"),
    KEY("queue", "retry-min", SMAIL__KEY_DURATION, queue_retry_min, 1, DAY,
        "5m", "the pause after the first failure; doubled with each"),
    KEY("queue", "retry-max", SMAIL__KEY_DURATION, queue_retry_max, 1, 7 * DAY,
        "4h", "the longest pause"),
    KEY("queue", "down-time", SMAIL__KEY_DURATION, queue_down_time, 1, DAY,
        "1m", "how long a destination is let be at first when nobody answers"),
    KEY("queue", "sessions", SMAIL__KEY_NUMBER, queue_sessions, 1, 10000,
        "100", "connections to other hosts at a time"),
    KEY("queue", "connections", SMAIL__KEY_NUMBER, queue_connections, 1, 1000,
        "20", "of them to one destination"),
    KEY("queue", "connect-time", SMAIL__KEY_DURATION, queue_connect_time, 1,
        600, "30s", "how long a host may take to answer the call"),
    KEY("queue", "history", SMAIL__KEY_DURATION, queue_history, 0, 365 * DAY,
        "30d", "how long the story of a message that came to an end is kept"),
    KEY("queue", "port", SMAIL__KEY_NUMBER, queue_port, 1, 65535, "25",
        "of the hosts that DNS names; another one is for tests"),
    KEY("queue", "private-addresses", SMAIL__KEY_BOOL, queue_private, 0, 0,
        "no", "send to loopback and private addresses that DNS names"),
    KEY("queue", "dane", SMAIL__KEY_BOOL, queue_dane, 0, 0, "yes",
        "certificates by DNSSEC (RFC 7672)"),
    KEY("queue", "mta-sts", SMAIL__KEY_BOOL, queue_sts, 0, 0, "yes",
        "certificates by MTA-STS (RFC 8461)"),
    KEY("queue", "mta-sts-port", SMAIL__KEY_NUMBER, queue_sts_port, 1, 65535,
        "443", "where policies of MTA-STS are served; another one is for "
        "tests"),
    KEY("queue", "authorities", SMAIL__KEY_STRING, queue_authorities, 0, 4000,
        "", "PEM file: who signs certificates of other hosts; else the "
        "system's"),
    KEY("process", "user", SMAIL__KEY_STRING, process_user, 0, 64, "",
        "who to become when the ports are bound, if started as root"),
    KEY("process", "group", SMAIL__KEY_STRING, process_group, 0, 64, "",
        "its group; else the user's own"),
    KEY("process", "sandbox", SMAIL__KEY_BOOL, process_sandbox, 0, 0, "yes",
        "few system calls (seccomp) and few paths (Landlock), where the "
        "kernel can"),
    KEY("web", "listen", SMAIL__KEY_STRING, web_listen, 0, 63, "",
        "where to serve the page in the clear: ADDRESS:PORT"),
    KEY("web", "tls-listen", SMAIL__KEY_STRING, web_tls_listen, 0, 63, "",
        "where to serve it under TLS, with the certificate of [tls]"),
    KEY("web", "hosts", SMAIL__KEY_STRING, web_hosts, 0, 1000, "",
        "names that the page is reached by, parted by commas; \".example.org\" "
        "for all below it, \"*\" for any. Empty: those of this machine"),
    KEY("web", "connections", SMAIL__KEY_NUMBER, web_connections, 1, 1000000,
        "2000", "browsers and programs at a time"),
    KEY("web", "connections-per-address", SMAIL__KEY_NUMBER,
        web_connections_per_address, 1, 1000000, "100",
        "of them from one address, or one IPv6 /64"),
    KEY("web", "requests", SMAIL__KEY_NUMBER, web_requests, 1, 1000, "32",
        "requests that are worked on at a time; each has a thread"),
    KEY("web", "requests-per-address", SMAIL__KEY_NUMBER,
        web_requests_per_address, 1, 1000, "16", "of them from one address"),
    KEY("web", "streams", SMAIL__KEY_NUMBER, web_streams, 1, 1000000, "1000",
        "clients that wait for news (EventSource)"),
    KEY("web", "auth-failures", SMAIL__KEY_NUMBER, web_auth_failures, 1,
        100000, "20", "wrong passwords for one account before they are slowed"),
    KEY("web", "signups-per-hour", SMAIL__KEY_NUMBER, web_signups, 1, 3600,
        "10", "accounts that one address may make where a domain is open"),
    KEY("web", "upload-size", SMAIL__KEY_SIZE, web_upload_size, 1024,
        (uint64_t)1 << 40, "50M", "the largest file that is taken"),
    KEY("web", "head-time", SMAIL__KEY_DURATION, web_head_time, 1, 3600,
        "15s", "time for the head of a request"),
    KEY("web", "body-time", SMAIL__KEY_DURATION, web_body_time, 1, 3600,
        "30s", "the longest pause within a body"),
    KEY("web", "idle-time", SMAIL__KEY_DURATION, web_idle_time, 1, DAY,
        "60s", "silence between two requests before we hang up"),
};
/* clang-format on */

const size_t smail__key_count = sizeof(smail__keys) / sizeof(smail__keys[0]);

const char *smail__key_allowed(const struct smail__key *key)
{
    switch (key->type) {
    case SMAIL__KEY_NUMBER:
        return "a number";
    case SMAIL__KEY_SIZE:
        return "a size, as 500K, 32M or 1G";
    case SMAIL__KEY_DURATION:
        return "a time, as 30s, 5m, 2h or 1d";
    case SMAIL__KEY_BOOL:
        return "yes or no";
    case SMAIL__KEY_LEVEL:
        return "error, warning, info or debug";
    case SMAIL__KEY_FORMAT:
        return "text or json";
    case SMAIL__KEY_LISTEN:
        return "KIND:ADDRESS:PORT with KIND smtp, submission, submissions or "
               "lmtp";
    default:
        return "text";
    }
}

static int complain(const struct smail__key *key, smail_span text,
                    smail_error *err)
{
    bool is_range = key->type == SMAIL__KEY_NUMBER ||
                    key->type == SMAIL__KEY_SIZE ||
                    key->type == SMAIL__KEY_DURATION;
    const char *unit = key->type == SMAIL__KEY_DURATION ? " seconds"
                       : key->type == SMAIL__KEY_SIZE   ? " octets"
                                                        : "";

    text = smail__utf8_clip(text, 40);
    if (!is_range)
        return smail__fail(err, SMAIL_EINVAL, "%s = %.*s: must be %s",
                           key->name, SMAIL__SPAN_ARG(text),
                           smail__key_allowed(key));
    return smail__fail(
        err, SMAIL_EINVAL, "%s = %.*s: must be %s, from %llu to %llu%s",
        key->name, SMAIL__SPAN_ARG(text), smail__key_allowed(key),
        (unsigned long long)key->min, (unsigned long long)key->max, unit);
}

static int set_string(char **field, const struct smail__key *key,
                      smail_span text, smail_error *err)
{
    char *copy;

    if (text.len > key->max || !smail__utf8_valid(text))
        return complain(key, text, err);
    copy = smail__spandup(text);
    if (copy == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for the config");
    free(*field);
    *field = copy;
    return 0;
}

static int set_listens(struct smail__listens *listens, smail_span text,
                       smail_error *err)
{
    int code = 0;

    while (code == 0 && text.len > 0) {
        smail_span one = smail__span_trim(smail__span_cut(&text, ','));

        if (one.len > 0)
            code = smail__listen_add(listens, one, err);
    }
    return code;
}

/* Numbers of either width, for the field is what the type of the key says. */
static int set_number(void *field, const struct smail__key *key,
                      smail_span text, smail_error *err)
{
    uint64_t number;
    int code = key->type == SMAIL__KEY_SIZE ? smail__value_size(&number, text)
               : key->type == SMAIL__KEY_DURATION
                   ? smail__value_duration(&number, text)
                   : smail__span_number(&number, text);

    if (code != 0 || number < key->min || number > key->max)
        return complain(key, text, err);
    if (key->type == SMAIL__KEY_SIZE)
        *(uint64_t *)field = number;
    else
        *(uint32_t *)field = (uint32_t)number;
    return 0;
}

int smail__key_set(void *fields, const struct smail__key *key, smail_span text,
                   smail_error *err)
{
    void *field = (char *)fields + key->offset;

    switch (key->type) {
    case SMAIL__KEY_STRING:
        return set_string(field, key, text, err);
    case SMAIL__KEY_LISTEN:
        return set_listens(field, text, err);
    case SMAIL__KEY_BOOL:
        return smail__value_bool(field, text) == 0 ? 0
                                                   : complain(key, text, err);
    case SMAIL__KEY_LEVEL:
        return smail__log_level_parse(field, text) == 0
                   ? 0
                   : complain(key, text, err);
    case SMAIL__KEY_FORMAT:
        *(bool *)field = smail__span_is(text, "json");
        return *(bool *)field || smail__span_is(text, "text")
                   ? 0
                   : complain(key, text, err);
    default:
        return set_number(field, key, text, err);
    }
}

const struct smail__key *smail__key_find(smail_span section, smail_span name)
{
    for (size_t i = 0; i < smail__key_count; i++) {
        if (smail__span_is(section, smail__keys[i].section) &&
            smail__span_is(name, smail__keys[i].name))
            return &smail__keys[i];
    }
    return NULL;
}

bool smail__key_section(smail_span section)
{
    for (size_t i = 0; i < smail__key_count; i++) {
        if (smail__span_is(section, smail__keys[i].section))
            return true;
    }
    return false;
}

/* A key of the same section is nearer than one of another. */
static const struct smail__key *nearest(smail_span section, smail_span name)
{
    const struct smail__key *best = &smail__keys[0];
    unsigned best_distance = ~0u;

    for (size_t i = 0; i < smail__key_count; i++) {
        const struct smail__key *key = &smail__keys[i];
        unsigned distance =
            2 * smail__value_distance(name, smail__span(key->name));

        if (!smail__span_is(section, key->section))
            distance++;
        if (distance < best_distance) {
            best_distance = distance;
            best = key;
        }
    }
    return best;
}

static const char *nearest_section(smail_span section)
{
    const char *best = smail__keys[0].section;
    unsigned best_distance = ~0u;

    for (size_t i = 0; i < smail__key_count; i++) {
        unsigned distance =
            smail__value_distance(section, smail__span(smail__keys[i].section));

        if (distance < best_distance) {
            best_distance = distance;
            best = smail__keys[i].section;
        }
    }
    return best;
}

void smail__key_explain(char *out, size_t capacity, smail_span section,
                        smail_span name)
{
    const struct smail__key *key = nearest(section, name);

    section = smail__utf8_clip(section, 50);
    name = smail__utf8_clip(name, 50);
    if (section.len == 0)
        smail__format(out, capacity,
                      "'%.*s' stands before the first [section]; did you mean "
                      "'%s' in [%s]?",
                      SMAIL__SPAN_ARG(name), key->name, key->section);
    else if (!smail__key_section(section))
        smail__format(out, capacity,
                      "no section is called [%.*s]; did you mean [%s]?",
                      SMAIL__SPAN_ARG(section), nearest_section(section));
    else if (smail__span_is(section, key->section))
        smail__format(out, capacity,
                      "no key of [%.*s] is called '%.*s'; did you mean '%s'?",
                      SMAIL__SPAN_ARG(section), SMAIL__SPAN_ARG(name),
                      key->name);
    else
        smail__format(out, capacity,
                      "no key of [%.*s] is called '%.*s'; did you mean '%s' in "
                      "[%s]?",
                      SMAIL__SPAN_ARG(section), SMAIL__SPAN_ARG(name),
                      key->name, key->section);
}
