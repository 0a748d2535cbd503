/* SPDX-License-Identifier: MIT */
/*
 * server/dialogue.h - one client: its connection, its engine session, who it
 * is. Belongs to the thread of its shard.
 */
#ifndef SMAIL__SERVER_DIALOGUE_H
#define SMAIL__SERVER_DIALOGUE_H

#include "account/account_limit.h"
#include "server/envelope.h"

struct smail__login;
struct smail__proxy_header;
struct smail__checks;

/* What DNS has said of it; the strings are NULL until, and unless, they are. */
struct smail__client_facts {
    char *name;         /* that leads back to its address */
    char *block_reason; /* of the first list, for the reply */
    int block_score;
};

struct smail__dialogue {
    struct smail__shard *shard;
    smail_server *server;
    struct smail__settings *settings; /* of when it came */
    smail_listener_kind kind;
    uint64_t number;
    uint64_t question; /* the newest that was asked */
    enum smail__question asked;
    struct smail__connection *connection;
    smail_smtp_server *engine;
    const smail_smtp_event *event; /* that is to be decided */
    struct smail__endpoint peer;
    struct smail__endpoint place;      /* counted by the limits: the peer's */
    struct smail__proxy_header *proxy; /* its header has not come yet */
    char peer_text[SMAIL__ADDRESS_TEXT];
    smail_id account;                        /* logged in; 0: nobody */
    struct smail__account_limits own_limits; /* as of its last MAIL */
    char *identity;
    struct smail__envelope *envelope; /* NULL outside a transaction */
    struct smail__login *login;       /* an exchange under way */
    struct smail__timer penalty;      /* until a failed login is answered */
    bool offers_plus;                 /* a mechanism with channel binding */
    unsigned login_failures;
    uint64_t begun_at;
    uint64_t line_at;    /* an unfinished command began; 0: there is none */
    uint64_t content_at; /* content last came forward; 0: none is coming */
    size_t content_step; /* octets since then */
    bool is_delivering;  /* its envelope is with the store */
    bool is_calling;     /* inside a call of the policy */
    bool is_leaving;     /* CLOSE was handed out */
    bool is_shaking;     /* TLS is being set up */
    struct smail__checks *checks; /* DNS is being asked about it */
    struct smail__client_facts facts;
    bool is_held; /* its RCPT waits for that, */
    uint64_t held_question;
    struct smail__timer hold;      /* but no longer than this */
    struct smail__answer *answers; /* given during the call */
    struct smail__dialogue *next, *previous;
};

/* --- dialogue.c ---------------------------------------------------------- */

/* Takes the socket. Without memory it is closed, and the limits left. */
void smail__dialogue_begin(struct smail__shard *shard, struct smail__port *port,
                           int fd, const struct smail__endpoint *peer);

/* We are shutting down: at once if it is idle, after its message if not;
   `now`: at once in any case but a commit. */
void smail__dialogue_drain(struct smail__dialogue *dialogue, bool now);

/* The pending decision was answered: go on. */
void smail__dialogue_resume(struct smail__dialogue *dialogue);

/* --- deadline.c ---------------------------------------------------------- */

/* Set the timer by what the client is at. */
void smail__deadline_renew(struct smail__dialogue *dialogue);

/* The engine has taken `heard` and, or, handed out an event. */
void smail__deadline_heard(struct smail__dialogue *dialogue, smail_span heard,
                           bool did_something);

/* We have taken our time; the client's begins. */
void smail__deadline_answered(struct smail__dialogue *dialogue);

/* The time is over: false if it is ours to go on, and the timer is set. */
bool smail__deadline_passed(const char **why, struct smail__dialogue *dialogue);

/* --- client.c ------------------------------------------------------------ */

/* The limits count the client from now on, and not who connected for it.
   SMAIL_ELIMIT, SMAIL_EBUSY: there is no room for it. */
int smail__client_take_place(struct smail__dialogue *dialogue,
                             const struct smail__endpoint *client);

/* XCLIENT: the peer speaks for another. */
void smail__client_spoken_for(struct smail__dialogue *dialogue,
                              const smail_smtp_event *event);

/* --- question.c ---------------------------------------------------------- */

/* Put the decision in `dialogue->event` to the policy or answer it. */
void smail__question_ask(struct smail__dialogue *dialogue,
                         enum smail__question question);
void smail__question_settle(struct smail__dialogue *dialogue,
                            struct smail__answer *answer);
void smail__question_describe(smail_transaction *out,
                              const struct smail__dialogue *dialogue);

/* The answers, with what they bring about. `text` NULL: the usual one. */
void smail__question_grant(struct smail__dialogue *dialogue, const char *text);
void smail__question_refuse(struct smail__dialogue *dialogue, int code,
                            const char *status, const char *text);
void smail__question_grant_recipient(struct smail__dialogue *dialogue,
                                     const smail_target *targets, size_t count);
void smail__question_grant_login(struct smail__dialogue *dialogue,
                                 smail_id account, const char *identity);

/* --- policy.c ------------------------------------------------------------ */

void smail__policy_answer(struct smail__dialogue *dialogue,
                          enum smail__question question);

/* A failure of the store as SMTP says it. */
void smail__policy_refuse_failure(struct smail__dialogue *dialogue, int failure,
                                  const smail_error *err);

/* --- login.c ------------------------------------------------------------- */

void smail__login_step(struct smail__dialogue *dialogue);
/* The dialogue is over, or the exchange. */
void smail__login_cancel(struct smail__dialogue *dialogue);
/* What is asked of a policy's `token`, and its answer. */
void smail__login_describe(smail_span *user, smail_span *token,
                           const struct smail__dialogue *dialogue);
void smail__login_settle_token(struct smail__dialogue *dialogue,
                               const struct smail__answer *answer);

/* --- login_offer.c -------------------------------------------------------- */

/* Before the session is secured, or begun in the clear. */
void smail__login_offer(struct smail__dialogue *dialogue);

/* --- delivery.c ---------------------------------------------------------- */

/* All content is there and nobody objects. */
void smail__delivery_begin(struct smail__dialogue *dialogue);

#endif
