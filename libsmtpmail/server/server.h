/* SPDX-License-Identifier: MIT */
/*
 * server/server.h - what the files of the server share.
 *
 * server.c     new, listen, run, stop
 * options.c    defaults, and copies of what the caller gave
 * reload.c     others of them while it runs
 * shard.c      one loop and the dialogues on it
 * ticket.c     questions by number, and their settling from any thread
 * dialogue.c   engine and connection joined: one client
 * deadline.c   how long a client may take
 * question.c   the decisions: asked of a policy or answered by the built-in
 * policy.c     the built-in policy
 * pace.c       how much in a time; rate.h: of whom
 * login.h      AUTH by the store's accounts
 * guard.c      who guesses passwords
 * envelope.c   the transaction under way
 * delivery.c   from the end of the content to the reply
 * report.c     the log
 * checks.c     what DNS says of a client; block_list.c: lists and their words
 * capture.c    a policy that keeps all mail in one place
 * capture_folder.c, test_server.c   such places
 */
#ifndef SMAIL__SERVER_SERVER_H
#define SMAIL__SERVER_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include <smtpmail/server.h>

#include "base/log.h"
#include "crypto/tls.h"
#include "net/connection.h"
#include "net/listener.h"
#include "net/resolver.h"
#include "net/worker.h"
#include "server/block_list.h"
#include "server/guard.h"
#include "server/limits.h"
#include "server/rate.h"
#include "server/submit.h"

#define SMAIL__LISTENERS_MAX 32
#define SMAIL__SHARDS_MAX 64

/* Mailboxes that one message can go to, all its recipients together. */
#define SMAIL__TARGETS_MAX 10000

struct smail__dialogue;

struct smail__port {
    smail_server *server;
    smail_listener_kind kind;
    struct smail__listener *listener;
};

/* A place in a shard that a connection's number names. */
struct smail__slot {
    uint32_t generation; /* so that a number is not used again */
    struct smail__dialogue *dialogue;
    uint64_t question; /* that may be settled; 0: none */
    int kind;          /* of it: enum smail__question */
    uint32_t next_free;
};

struct smail__shard {
    smail_server *server;
    unsigned index;
    struct smail__loop *loop;
    struct smail__dialogue *dialogues; /* all of them */
    size_t in_flight;                  /* deliveries and logins under way */
    bool is_acceptor; /* the only one: it shares the acceptor's loop */
    bool is_draining;
    bool is_done;
    struct smail__task drain, done, beat;
    struct smail__timer grace;

    pthread_mutex_t lock; /* over the slots */
    struct smail__slot *slots;
    uint32_t slot_count, free_slot; /* index + 1; 0: none */
};

/* What may change while a server runs. One of these never does: a client keeps
   those that it came under. */
struct smail__settings {
    atomic_uint holders;
    smail_server_options options; /* no zero left where one means default */
    char *strings;                /* what its strings point into */
    struct smail__block_lists lists;
    struct smail__tls_context *tls;        /* NULL without a certificate */
    struct smail__tls_context *tls_asking; /* for submission, or NULL */
};

struct smail_server {
    smail_server_options options;  /* as it began, for what stays */
    struct smail__settings *first; /* that they are of */
    pthread_mutex_t settings_lock;
    struct smail__settings *settings; /* for who comes now */
    smail_policy policy;
    struct smail__log log; /* its level is what follows */
    atomic_int log_level;
    struct smail__limits *limits;
    struct smail__rate *rate;
    struct smail__guard *guard;       /* NULL without a store */
    struct smail__workers *login;     /* for slow hashes; likewise NULL */
    struct smail__workers *lookup;    /* for what is quick */
    struct smail__remember *remember; /* passwords; NULL without a store */
    struct smail__loop *acceptor;
    struct smail__resolver *resolver; /* NULL: nothing is looked up */
    unsigned char srs_secret[32];     /* see delivery/srs.h */
    bool looks_up_loopback;           /* somebody has set up DNS for that */
    _Atomic int64_t list_warned_at[SMAIL__BLOCK_LISTS_MAX];

    struct smail__port ports[SMAIL__LISTENERS_MAX];
    size_t port_count;
    struct smail__shard shards[SMAIL__SHARDS_MAX];
    unsigned shard_count, next_shard;
    unsigned shards_done;

    atomic_bool stop_wanted, reload_wanted;
    atomic_int beats; /* threads that owe an answer; -1: not asked yet */
    bool is_stopping;
    int64_t exhausted_at; /* when the log last said so */
};

/* --- server.c ------------------------------------------------------------ */

/* The path in "unix:/run/lmtp"; NULL: it is an address. */
const char *smail__server_path(const char *address);

/* Would listen() take it, as far as one can tell without binding? */
int smail__server_check_listen(struct smail__endpoint *out,
                               const smail_server *server,
                               smail_listener_kind kind, const char *address,
                               smail_error *err);

/* A port that was bound before there was a server. Takes `listener`, also when
   it fails; `*port` may be NULL. */
int smail__server_add(uint16_t *port, smail_server *server,
                      smail_listener_kind kind,
                      struct smail__listener *listener, smail_error *err);

/* Did every thread answer since it was asked last? Asks again. Any one thread
   while the server runs; the first answer is yes. */
bool smail__server_beat(smail_server *server);

/* --- options.c ----------------------------------------------------------- */

int smail__settings_new(struct smail__settings **out,
                        const smail_server_options *options, smail_error *err);
void smail__settings_free(struct smail__settings *settings);

/* Those of now, held for the caller. Any thread. */
struct smail__settings *smail__server_settings(smail_server *server);

/* --- reload.c ------------------------------------------------------------ */

/* Its log says so if the certificate is about to expire. */
void smail__server_warn_of_dates(const smail_server *server,
                                 const struct smail__settings *settings);
void smail__server_set_log_level(smail_server *server, smail_log_level level);

/* The certificates anew, on the acceptor's thread. */
void smail__server_reread(smail_server *server);

/* --- shard.c ------------------------------------------------------------- */

int smail__shard_open(struct smail__shard *shard, smail_server *server,
                      unsigned index, smail_error *err);
void smail__shard_close(struct smail__shard *shard);

/* From the acceptor: take over a socket. The limits were entered. */
void smail__shard_take(struct smail__shard *shard, struct smail__port *port,
                       int fd, const struct smail__endpoint *peer);

/* On the shard's thread: something ended; say so if it was the last. */
void smail__shard_check(struct smail__shard *shard);

/* On the acceptor's thread: another shard has nothing left. */
void smail__server_shard_done(struct smail__task *task);

/* --- ticket.c ------------------------------------------------------------ */

enum smail__question {
    SMAIL__ASK_CONNECT,
    SMAIL__ASK_HELO,
    SMAIL__ASK_AUTH,
    SMAIL__ASK_TOKEN,
    SMAIL__ASK_MAIL,
    SMAIL__ASK_RCPT,
    SMAIL__ASK_DATA, /* never asked of a policy: it has heard of all else */
    SMAIL__ASK_MESSAGE
};

enum smail__verdict_kind {
    SMAIL__SETTLE_ACCEPT,
    SMAIL__SETTLE_PASS,
    SMAIL__SETTLE_REJECT,
    SMAIL__SETTLE_RECIPIENT,
    SMAIL__SETTLE_CHALLENGE
};

/* An answer on its way to its dialogue. */
struct smail__answer {
    struct smail__task task;
    struct smail__shard *shard;
    smail_ticket ticket;
    enum smail__verdict_kind kind;
    int code;
    char status[12]; /* empty: none given */
    size_t index;    /* the recipient, or how many targets */
    smail_id account;
    smail_target *targets; /* with their keywords, in one block */
    size_t text_len;
    char text[]; /* NUL-terminated */
};

int smail__slot_open(uint64_t *out, struct smail__shard *shard,
                     struct smail__dialogue *dialogue);
void smail__slot_close(struct smail__shard *shard, uint64_t connection);

/* A new question; whatever ticket was open before is stale. */
smail_ticket smail__slot_ask(struct smail__shard *shard, uint64_t connection,
                             uint64_t question, enum smail__question kind);
void smail__slot_withdraw(struct smail__shard *shard, uint64_t connection);

/* On the shard's thread; NULL if it has gone. */
struct smail__dialogue *smail__slot_find(struct smail__shard *shard,
                                         uint64_t connection);

void smail__answer_free(struct smail__answer *answer);

/* --- report.c ------------------------------------------------------------ */

struct smail__envelope;

/* What became of a message: `code` and `text` are the reply. */
void smail__report_message(const smail_server *server,
                           const struct smail__envelope *envelope,
                           const char *verdict, int code, const char *text);
void smail__report_event(const smail_server *server,
                         enum smail__log_level level, const char *event,
                         const struct smail__dialogue *dialogue,
                         const char *key, smail_span value);
void smail__report_recipient(const struct smail__dialogue *dialogue,
                             const smail_path *recipient, int code,
                             const char *text);
void smail__report_sender(const struct smail__dialogue *dialogue,
                          const smail_path *sender, int code, const char *text);
void smail__report_plain(const smail_server *server,
                         enum smail__log_level level, const char *event,
                         const char *key, const char *value);

/* Sends lines of `server->log` to the caller's function. */
void smail__report_write(enum smail__log_level level, const char *event,
                         const struct smail__log_field *fields, size_t count,
                         void *user);

#endif
