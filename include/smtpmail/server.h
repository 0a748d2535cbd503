/* SPDX-License-Identifier: MIT */
/*
 * smtpmail/server.h - ports, TLS and threads around smtp_server.h.
 *
 * Open a store, make a server over it, add listeners, run it:
 *
 *    options.hostname = "mail.example.test";
 *    options.store = store;
 *    smail_server_new(&server, &options, NULL, &err);
 *    smail_server_listen(&port, server, SMAIL_LISTENER_SMTP,
 *                        "127.0.0.1:0", &err);
 *    smail_server_run(server, &err);
 *
 * Without a policy it takes mail for the addresses in its store, and from
 * their owners once they have logged in; it relays for nobody.
 *
 * With one, the engine's decisions arrive as calls. A policy call never
 * returns the verdict: it is given a ticket, and whoever holds the ticket
 * settles it, before returning or any time later, from any thread.
 *
 * The library leaves signals alone; it needs none and raises none.
 */
#ifndef SMAIL_SERVER_H
#define SMAIL_SERVER_H

#include <smtpmail/error.h>
#include <smtpmail/smtp_server.h>
#include <smtpmail/store.h>

SMAIL_BEGIN_DECLS

typedef struct smail_server smail_server;

/** What a port is for. */
typedef enum smail_listener_kind {
    SMAIL_LISTENER_SMTP,        /**< Mail from other hosts. No AUTH. */
    SMAIL_LISTENER_SUBMISSION,  /**< RFC 6409: STARTTLS, then AUTH. */
    SMAIL_LISTENER_SUBMISSIONS, /**< RFC 8314, 3.3: TLS at once, then AUTH. */
    SMAIL_LISTENER_LMTP         /**< RFC 2033, from a relay we trust: bind it
                                     to loopback. */
} smail_listener_kind;

typedef enum smail_log_level {
    SMAIL_LOG_ERROR = 1,
    SMAIL_LOG_WARNING,
    SMAIL_LOG_INFO, /**< One line a message, and a refused recipient. */
    SMAIL_LOG_DEBUG /**< Connections too. */
} smail_log_level;

/**
 * Zero in any field means the default. Start from the _INIT value. Strings
 * are copied.
 */
typedef struct smail_server_options {
    size_t size;              /**< Set by _INIT; how the struct may grow. */
    const char *hostname;     /**< Required: our name to other hosts. */
    smail_store *store;       /**< Kept. NULL: nothing is stored; a policy must
                               then accept recipients and take the content. */
    unsigned threads;         /**< Loops. Default: half of the processors,
                                   1 to 4. */
    unsigned login_threads;   /**< For password hashes. Default 2. */
    unsigned login_queue;     /**< Logins that may wait. Default 64. */
    const char *certificate;  /**< PEM chain; several, parted by commas, for
                                   several names. NULL: no TLS. */
    const char *key;          /**< PEM; as many, in the same order. */
    bool normalize_line_ends; /**< On submission only; see smtp_server.h. */
    bool auth_without_tls;    /**< Tests only. */

    uint64_t max_message_size; /**< Default 32 MiB. */
    uint32_t max_recipients;   /**< In one transaction. Default 100. */
    uint32_t max_errors;       /**< Refused commands. Default 20. */
    uint32_t max_connections;  /**< Default 2000. */
    uint32_t max_connections_per_address; /**< Default 50; IPv6: of a /64. */
    uint32_t max_login_failures;          /**< On one connection. Default 3. */
    uint32_t idle_timeout;      /**< Seconds of silence. Default 300. */
    uint32_t session_timeout;   /**< Seconds in all. Default 3600. */
    uint32_t handshake_timeout; /**< Seconds for TLS. Default 30. */
    uint32_t grace;     /**< Seconds to finish after stop(). Default 30. */
    const char *exempt; /**< Networks without limits per address, as
                               "127.0.0.0/8 ::1", which is the default;
                               "": none. */

    smail_log_level log_level; /**< Most talkative wanted. Default: info. */
    bool log_json;
    /** Gets whole lines without a newline. Called from any thread; NULL:
        silence. */
    void (*log)(smail_log_level level, const char *line, size_t len,
                void *user);
    void *log_user;

    bool reverse_dns;        /**< Look the names of clients up, and back. */
    const char *block_lists; /**< DNS block lists (RFC 5782) for port 25:
                                  "zen.example.org, other.example.org*2". */
    uint32_t block_score;    /**< Their weights together that get 554 at RCPT
                                  from the built-in policy. Default 1. */
    bool block_record_only;  /**< Say so in the log and to the policy, and
                                  refuse nobody for it. */
    uint32_t dns_wait; /**< Seconds from the greeting on that the first RCPT on
                            port 25 waits for all this. Default 5. */
    uint32_t dns_timeout;     /**< Seconds for one question. Default 5. */
    const char *name_servers; /**< "127.0.0.1:5353", several with spaces;
                                   "recursive": from the root down. Default:
                                   those of /etc/resolv.conf. */
    const char *zone_file;    /**< For tests: JSON, name, type, records; no
                                   other DNS is asked. */
    const char *trust_anchor; /**< File with the key of the root. Default: the
                                   system's, unless name_servers are given. */
    uint32_t max_login_failures_per_address; /**< Then it is banned: no login
                       from there is looked at, and submission answers 421.
                       Other mail is taken. Default 20; IPv6: of a /64. */
    uint32_t login_ban;                      /**< Seconds. Default 900. */
    const char *client_authorities;          /**< PEM: who signs certificates of
                       clients. With it submission asks for one and offers
                       EXTERNAL to those that have one with an address of an
                       account (rfc822Name). NULL: none. */
    bool app_password_tokens; /**< Take app passwords as bearer tokens, for
                       OAUTHBEARER and XOAUTH2. */

    const char *proxy_networks;   /**< Who puts a PROXY header (HAProxy's, 1 or
                       2) before what its clients say, as "10.0.0.0/8": from
                       there it must come. NULL: nobody. */
    const char *xclient_networks; /**< Who may speak for its clients by XCLIENT.
                       NULL: nobody. */

    bool discard; /**< Take every message for anybody, from anybody, and drop
                       it. No store is used. */

    uint32_t command_timeout; /**< Seconds from the first octet of a command to
                       its end. Default 300. */
    uint32_t data_timeout;    /**< Seconds in which content must come forward by
                       1 KiB, or end. Default 180. */
    uint32_t max_command_line; /**< As in smtp_server.h, and so the next. */
    uint32_t max_text_line;
    uint32_t max_auth_line;
    uint32_t max_commands;
    uint32_t max_mails;
    uint32_t max_connections_per_network; /**< At a time from an IPv4 /24 or an
                       IPv6 /48. Default 200. */

    /** In any such time; what was not used comes back bit by bit. The first
        two of an address, the last two of an account. */
    uint32_t max_connections_per_minute; /**< But LMTP. Default 240. */
    uint32_t max_messages_per_minute;    /**< MAIL commands on port 25. Default
                       600. */
    uint32_t max_messages_per_hour;      /**< MAIL commands. Default 500. */
    uint32_t max_recipients_per_hour;    /**< Default 2000. */

    const struct smail_routes *routes; /**< Take mail for other hosts from
                       those who have logged in, and put it into the store's
                       queue; see outbound.h. NULL: it is refused. */
    uint32_t queue_warn;   /**< Seconds after which the sender of what could
                       not be delivered yet is told. Default 4 hours. */
    uint32_t queue_expire; /**< And given up. Default 5 days. */

    /** What an account sends in any 24 hours, counted in the store; it may
        have its own, see smail_account_limit_set(). */
    uint32_t max_messages_per_day;   /**< Default 1000. */
    uint32_t max_recipients_per_day; /**< Default 2000. */
} smail_server_options;

#define SMAIL_SERVER_OPTIONS_INIT    \
    {                                \
        sizeof(smail_server_options) \
    }

/**
 * A question that awaits its answer. A plain value: copy it, store it, send
 * it to a thread. It names the connection by number and not by pointer, so a
 * ticket that outlives its client is stale and never dangling.
 */
typedef struct smail_ticket {
    uint64_t connection;
    uint64_t question;
} smail_ticket;

/** What is known of the client and its transaction when a question is asked.
    Good until the policy call returns. */
typedef struct smail_transaction {
    size_t size;
    uint64_t connection; /**< As in the tickets. */
    smail_listener_kind kind;
    const char *peer_address; /**< "192.0.2.1", "2001:db8::1". */
    uint16_t peer_port;
    const char *tls_protocol; /**< "TLSv1.3"; NULL in the clear. */
    const char *tls_cipher;
    smail_span helo;          /**< Empty before EHLO. */
    smail_id account;         /**< Who has logged in; 0: nobody. */
    const char *identity;     /**< The name that goes with it; NULL: nobody. */
    const char *queue_id;     /**< NULL before DATA, and without a store. */
    const smail_path *sender; /**< NULL outside a transaction. */
    const smail_path *recipients; /**< Those accepted so far. */
    size_t recipient_count;
    uint64_t declared_size;   /**< SIZE= of MAIL; 0: not given. */
    uint64_t received;        /**< Octets of content so far. */
    const char *peer_name;    /**< By DNS, and it leads back to the address;
                                 NULL: none, or not known yet. */
    const char *block_reason; /**< Why the block lists know it, in words for
                                   the client; NULL: they do not. */
    int block_score;          /**< Their weights. */
} smail_transaction;

/**
 * What the server asks. A member left NULL is answered by the built-in
 * policy, and so is a question that is passed on by smail_server_pass().
 *
 * Calls arrive on any of the loop threads, those for one connection always
 * on the same one; they must not block.
 */
typedef struct smail_policy {
    size_t size;
    void (*connect)(smail_ticket ticket, const smail_transaction *transaction,
                    void *user);
    void (*helo)(smail_ticket ticket, const smail_transaction *transaction,
                 const smail_smtp_helo *helo, void *user);
    void (*auth)(smail_ticket ticket, const smail_transaction *transaction,
                 const smail_smtp_auth *auth, void *user);
    /** A bearer token of OAUTHBEARER or XOAUTH2, which are offered when there
        is somebody to ask; `claimed` is who it is said to be, and may be
        empty. accept_as() or reject(); a reject below 500 says that it cannot
        be told now. pass() leaves it to app_password_tokens. */
    void (*token)(smail_ticket ticket, const smail_transaction *transaction,
                  smail_span token, smail_span claimed, void *user);
    void (*mail)(smail_ticket ticket, const smail_transaction *transaction,
                 const smail_smtp_mail *mail, void *user);
    void (*rcpt)(smail_ticket ticket, const smail_transaction *transaction,
                 const smail_smtp_rcpt *rcpt, void *user);
    /** All of the content has come and none is stored yet. */
    void (*message)(smail_ticket ticket, const smail_transaction *transaction,
                    void *user);

    /** Notice: a piece of content, as it came. */
    void (*content)(const smail_transaction *transaction, smail_span piece,
                    void *user);
    /** Notice: the transaction ended without a message. */
    void (*reset)(const smail_transaction *transaction, void *user);
    /** Notice: `connection` is gone, and with it all of its tickets. */
    void (*closed)(uint64_t connection, void *user);
    void *user;
} smail_policy;

#define SMAIL_POLICY_INIT    \
    {                        \
        sizeof(smail_policy) \
    }

/** Options and policy are copied; `policy` may be NULL. */
SMAIL_API int smail_server_new(smail_server **out,
                               const smail_server_options *options,
                               const smail_policy *policy, smail_error *err);
/** Not while it runs. */
SMAIL_API void smail_server_free(smail_server *server);

/**
 * Bind "ADDRESS:PORT" or "[ADDRESS]:PORT"; before run(). Port 0 lets the
 * system choose; `*port`, unless NULL, is what it chose. Submission wants a
 * certificate (SMAIL_EINVAL), for AUTH is only taken under TLS.
 */
SMAIL_API int smail_server_listen(uint16_t *port, smail_server *server,
                                  smail_listener_kind kind, const char *address,
                                  smail_error *err);

/**
 * The same on a socket that is bound already, as a service manager hands over:
 * TCP, and listening or not yet. Takes `fd`, also when it fails.
 */
SMAIL_API int smail_server_listen_fd(uint16_t *port, smail_server *server,
                                     smail_listener_kind kind, int fd,
                                     smail_error *err);

/** Serve until stop() is called and what was begun is finished. Once. */
SMAIL_API int smail_server_run(smail_server *server, smail_error *err);

/**
 * Take no more connections, end the idle ones with 421, let those that are
 * sending content finish within the grace time. Safe in a signal handler and
 * from any thread, as is reload().
 */
SMAIL_API void smail_server_stop(smail_server *server);

/** Read certificate and key anew; connections from now on get them. When they
    are no good the old ones stay and the log says why. */
SMAIL_API void smail_server_reload(smail_server *server);

/**
 * The same with other options, for connections from now on: certificates,
 * limits, times, block lists and networks. What is counted for all connections
 * together (how many there are, failed logins, exempt) and log_level hold at
 * once. All else stays as it was made: hostname, store, threads, login_threads,
 * login_queue, log, discard, and how DNS is asked. SMAIL_EINVAL and any other
 * failure change nothing. Any thread, but in no signal handler.
 */
SMAIL_API int smail_server_reload_with(smail_server *server,
                                       const smail_server_options *options,
                                       smail_error *err);

/* --- Settling a ticket: any thread ---------------------------------------- */

/*
 * All return SMAIL_ENOTFOUND if the client has gone or the ticket was settled
 * before, SMAIL_ENOMEM if it could not be settled for want of memory and is
 * still open, SMAIL_EINVAL for an answer that does not fit.
 */

/**
 * Yes. A recipient accepted thus is nowhere delivered: the program that said
 * yes takes care of the content. `auth` wants accept_as().
 */
SMAIL_API int smail_server_accept(smail_server *server, smail_ticket ticket);

/** For `rcpt`: yes, and the message goes to these mailboxes. */
SMAIL_API int smail_server_accept_to(smail_server *server, smail_ticket ticket,
                                     const smail_target *targets, size_t count);

/** For `auth` and `token`: logged in as `account` (0 if the store has none), who is
    `identity` in the log and for later questions. */
SMAIL_API int smail_server_accept_as(smail_server *server, smail_ticket ticket,
                                     smail_id account, const char *identity);

/** For `auth`: ask the client once more (334). */
SMAIL_API int smail_server_challenge(smail_server *server, smail_ticket ticket,
                                     smail_span challenge);

/** No; as smail_smtp_server_reject(). */
SMAIL_API int smail_server_reject(smail_server *server, smail_ticket ticket,
                                  int code, const char *status,
                                  const char *text);

/** For `message` on LMTP: turn one recipient away, then settle the rest. */
SMAIL_API int smail_server_reject_recipient(smail_server *server,
                                            smail_ticket ticket, size_t index,
                                            int code, const char *status,
                                            const char *text);

/** No objection: the built-in policy is to answer. */
SMAIL_API int smail_server_pass(smail_server *server, smail_ticket ticket);

SMAIL_END_DECLS

#endif
