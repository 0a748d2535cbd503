/* SPDX-License-Identifier: MIT */
/*
 * config/config.h - the one INI file of all programs, as typed fields.
 *
 * A key that is not known, a value that makes no sense and a key given twice
 * are errors that name file and line: a setting that was silently ignored is
 * found out by its absence, at night.
 */
#ifndef SMAIL__CONFIG_CONFIG_H
#define SMAIL__CONFIG_CONFIG_H

#include <smtpmail/error.h>

#include "base/log.h"

/* Where it is looked for when --config does not say. */
#define SMAIL__CONFIG_PATH "/etc/smtpmail/smtpmail.conf"
#define SMAIL__CONFIG_STORE "sqlite:/var/lib/smtpmail/mail.db"

/* Octets of a file; more is not a config. */
#define SMAIL__CONFIG_MAX ((size_t)1 << 20)

#define SMAIL__CONFIG_LISTEN_MAX 32
#define SMAIL__CONFIG_ADDRESS_MAX 112 /* "unix:" and the path of a socket */

/* In the order of smail_listener_kind. */
enum smail__listen_kind {
    SMAIL__LISTEN_SMTP,
    SMAIL__LISTEN_SUBMISSION,
    SMAIL__LISTEN_SUBMISSIONS,
    SMAIL__LISTEN_LMTP
};

struct smail__listen {
    enum smail__listen_kind kind;
    char address[SMAIL__CONFIG_ADDRESS_MAX]; /* "127.0.0.1:25", "[::1]:25" */
};

struct smail__listens {
    struct smail__listen items[SMAIL__CONFIG_LISTEN_MAX];
    size_t count;
};

#define SMAIL__CONFIG_ROUTES_MAX 1000
#define SMAIL__CONFIG_ROUTE_NAME_MAX 63

/* [route NAME]. */
struct smail__config_route {
    char name[SMAIL__CONFIG_ROUTE_NAME_MAX + 1];
    unsigned is_set; /* bits, by key */
    char *kind, *host, *tls, *user, *password_file;
    bool look_up_mx;
    uint32_t port;
    char *recipients, *senders; /* domains, parted by commas */
    char *families, *source_ipv4, *source_ipv6;
    char *hostname, *text;
    uint32_t connections, messages_per_minute;
};

/* Strings are never NULL; "" is "not given". Seconds and octets. */
struct smail__config {
    char *hostname;
    struct smail__listens listens;
    uint32_t loops; /* 0: as many as processors, at most 4 */
    bool normalize_line_ends;
    char *store; /* "" when the file does not say */
    uint32_t keep_removed, keep_trash, keep_junk, keep_logins;
    char *certificate, *key;
    char *client_authorities; /* "": no client is asked for a certificate */
    bool app_password_tokens;
    enum smail__log_level log_level;
    bool log_json;

    uint64_t message_size;
    uint32_t recipients;
    uint32_t errors;
    uint32_t connections;
    uint32_t connections_per_address;
    uint32_t connections_per_network;
    uint32_t connections_per_minute, messages_per_minute; /* of an address */
    uint32_t messages_per_hour, recipients_per_hour;      /* of an account */
    uint32_t messages_per_day, recipients_per_day;        /* likewise */
    uint32_t auth_failures;
    uint32_t auth_failures_per_address;
    uint32_t auth_ban_time;
    uint32_t command_line; /* 0: as RFC 5321 has it, and what extensions add */
    uint32_t text_line;    /* 0: any */
    uint32_t auth_line;
    uint32_t commands;
    uint32_t mails; /* 0: any number */
    uint32_t idle_timeout;
    uint32_t command_time;
    uint32_t data_time;
    uint32_t session_time;
    uint32_t handshake_time;
    uint32_t grace_time;
    uint32_t hash_workers;
    uint32_t hash_queue;
    char *exempt; /* "127.0.0.0/8 ::1"; "": nobody */

    char *resolver_server;    /* "": those of /etc/resolv.conf */
    char *resolver_zone_file; /* "": none */
    char *resolver_anchor;    /* "": the system's */
    uint32_t resolver_timeout;
    bool dns_reverse;
    char *network_proxy, *network_xclient;
    char *dns_lists; /* "zen.example.org, other.example.org*2" */
    bool dns_lists_record;
    uint32_t dns_lists_score;
    uint32_t dns_wait;

    bool queue_send;
    uint32_t queue_warn, queue_expire;
    uint32_t queue_retry_min, queue_retry_max, queue_down_time;
    uint32_t queue_sessions, queue_connections;
    uint32_t queue_connect_time;
    uint32_t queue_port, queue_sts_port;
    uint32_t queue_history; /* how long what came to an end is remembered */
    bool queue_private, queue_dane, queue_sts;
    char *queue_authorities; /* "": the system's */
    struct smail__config_route *routes;
    size_t route_count;

    char *process_user, *process_group; /* "": stay who we are */
    bool process_sandbox;

    char *web_listen, *web_tls_listen; /* "ADDRESS:PORT" */
    char *web_hosts;                   /* names, parted by commas */
    uint32_t web_connections;
    uint32_t web_connections_per_address;
    uint32_t web_requests;
    uint32_t web_requests_per_address;
    uint32_t web_streams;
    uint32_t web_auth_failures;
    uint32_t web_signups;
    uint64_t web_upload_size;
    uint32_t web_head_time, web_body_time, web_idle_time;
};

/*
 * Fill `out` with the defaults, then with what `path` says; NULL stands for
 * SMAIL__CONFIG_PATH. A file that is not there is SMAIL_ENOTFOUND if it is
 * `required`, and fine if not. SMAIL_EINVAL with "FILE:LINE: ..." for a fault
 * in it. On failure `out` is empty and needs no dispose().
 */
int smail__config_load(struct smail__config *out, const char *path,
                       bool required, smail_error *err);
void smail__config_dispose(struct smail__config *config);

/* The store's URL: the option if there is one, else the environment's, else
 * the file's, else SMAIL__CONFIG_STORE. Empty counts as absent. */
const char *smail__config_store(const struct smail__config *config,
                                const char *option, const char *environment);

/* [queue] history for a store's options, where 0 has another meaning. */
uint64_t smail__config_keep_queue(const struct smail__config *config);

/* "KIND:ADDRESS:PORT", as of --listen. SMAIL_EINVAL, SMAIL_ELIMIT. */
int smail__listen_add(struct smail__listens *listens, smail_span text,
                      smail_error *err);
const char *smail__listen_kind_name(enum smail__listen_kind kind);

/* Is the `index`th key the same in both? Of lists of `listen` the order counts
   as well. */
bool smail__config_same(const struct smail__config *a,
                        const struct smail__config *b, size_t index);

/* What each key means, for help texts. */
struct smail__config_key {
    const char *section;
    const char *name;
    const char *allowed;  /* "a size, as 32M" */
    const char *standard; /* the value when it is not given; "": none */
    const char *help;     /* one line */
};

/* The `index`th key, sections together; false behind the last. */
bool smail__config_key(struct smail__config_key *out, size_t index);
/* The name of a route that is not the same in both, in its place; NULL: all
 * are. */
const char *smail__config_other_route(const struct smail__config *a,
                                      const struct smail__config *b);

/* Those of [route NAME]. */
bool smail__config_route_key(struct smail__config_key *out, size_t index);

#endif
