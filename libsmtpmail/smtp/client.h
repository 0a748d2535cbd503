/* SPDX-License-Identifier: MIT */
/*
 * smtp/client.h - what the files of the client session share.
 *
 * client.c            the session: feed, output, notices
 * client_state.c      what each reply means in each state
 * client_send.c       a transaction, from MAIL to its verdict
 * client_check.c      may this envelope go to this server?
 * client_envelope.c   writing MAIL and RCPT
 * client_body.c       writing content, by DATA or by BDAT
 * client_content.c    what content is made of
 * client_auth.c       AUTH
 * client_reply.c      reading a reply
 * client_offer.c      reading what EHLO is answered
 */
#ifndef SMAIL__SMTP_CLIENT_H
#define SMAIL__SMTP_CLIENT_H

#include <smtpmail/smtp_client.h>

#include "base/buf.h"
#include "smtp/client_offer.h"
#include "smtp/client_reply.h"

/* What is awaited: a reply to this, or a call of the owner's. */
enum smail__client_state {
    SMAIL__CLIENT_GREETING,
    SMAIL__CLIENT_EHLO,
    SMAIL__CLIENT_HELO,
    SMAIL__CLIENT_STARTTLS,
    SMAIL__CLIENT_TLS,  /* secured() */
    SMAIL__CLIENT_IDLE, /* send(), auth() or quit() */
    SMAIL__CLIENT_AUTH,
    SMAIL__CLIENT_CHALLENGE, /* respond() or cancel() */
    SMAIL__CLIENT_MAIL,
    SMAIL__CLIENT_RCPT,
    SMAIL__CLIENT_DATA,
    SMAIL__CLIENT_BODY,  /* body() or body_end(), and BDATs before the last */
    SMAIL__CLIENT_END,   /* the verdict on the content */
    SMAIL__CLIENT_DRAIN, /* BDATs of a transaction that has failed */
    SMAIL__CLIENT_RSET,
    SMAIL__CLIENT_QUIT,
    SMAIL__CLIENT_CLOSED,
    SMAIL__CLIENT_STATES
};

/* The transaction on its way. */
struct smail__client_mail {
    bool *accepted; /* one a recipient */
    size_t count;
    size_t next;    /* the recipient whose reply is awaited */
    size_t good;    /* how many were accepted */
    bool settled;   /* DONE was handed out, or never will be; what still comes
                       is swallowed */
    bool chunked;   /* content goes by BDAT */
    bool wanted;    /* body() and body_end() are welcome */
    bool held;      /* body() had to wait for the server */
    bool ended;     /* body_end() was called */
    bool last_sent; /* the end of the content is in the output */
    size_t pending; /* BDATs, without the last, whose replies are to come */
    smail_smtp_body_type body;
    bool line_start; /* DATA: a dot here has to be stuffed */
    smail_smtp_content content;
};

struct smail_smtp_client {
    smail_smtp_client_options options;
    char *hostname; /* what the option points to */
    enum smail__client_state state;
    smail_smtp_client_event event;
    smail_smtp_reply last; /* the reply read last */
    bool greeted;          /* the greeting was heard */
    bool offered;          /* EHLO or HELO was answered */
    bool secured;
    bool authenticated;
    bool tls_refused;
    bool owe_done; /* events to hand out, in this order */
    bool owe_starttls;
    bool owe_close;
    bool owe_body;
    bool owe_ready;
    smail_smtp_close_reason reason;
    smail_smtp_content_fault fault;
    smail_smtp_obstacle obstacle;
    uint32_t mails; /* MAILs in this session */
    struct smail__client_offer offer;
    struct smail__buf challenge; /* decoded */
    struct smail__buf initial;   /* a response that waits, encoded */
    unsigned challenges;         /* of this exchange so far */
    struct smail__buf output;
    struct smail__buf script; /* commands of the transaction */
    size_t script_at;         /* so much of it has gone out */
    struct smail__buf chunk;  /* content that waits to be a BDAT */
    struct smail__client_reply reply;
    struct smail__client_mail mail;
};

/* Every function below that returns int returns 0 or SMAIL_ENOMEM. */

/* client.c */
int smail__client_output_error(const smail_smtp_client *session);
/* Wipe and empty a buffer that may hold a secret. */
void smail__client_forget(struct smail__buf *buf);
/* The end: CLOSE, for this reason; nothing more is said. */
void smail__client_close(smail_smtp_client *session,
                         smail_smtp_close_reason reason);
/* The same, but not without QUIT (RFC 5321, 4.1.1.10). */
void smail__client_leave(smail_smtp_client *session,
                         smail_smtp_close_reason reason);
bool smail__client_is_pipelining(const smail_smtp_client *session);
bool smail__client_is_chunking(const smail_smtp_client *session);
/* There was no memory: returns SMAIL_ENOMEM. */
int smail__client_collapse(smail_smtp_client *session);
/* No reply belongs to what comes next. */
void smail__client_no_reply(smail_smtp_client *session);
/* Send a line and await its reply in `state`. */
int smail__client_say(smail_smtp_client *session,
                      enum smail__client_state state, const char *line);

/* client_state.c: `session->last` has just been read. */
int smail__client_take_reply(smail_smtp_client *session);
/* Greet, or greet again over TLS. */
int smail__client_hello(smail_smtp_client *session);
/* Be idle, and say READY. */
void smail__client_ready(smail_smtp_client *session);
void smail__client_emit(smail_smtp_client *session,
                        smail_smtp_client_event_type type);

/* client_check.c */
int smail__client_check(smail_smtp_client *session,
                        const smail_smtp_envelope *envelope);

/* client_send.c */
int smail__client_on_mail(smail_smtp_client *session);
int smail__client_on_rcpt(smail_smtp_client *session);
int smail__client_on_data(smail_smtp_client *session);
int smail__client_on_end(smail_smtp_client *session);
void smail__client_mail_clear(smail_smtp_client *session);
/* DONE by the last reply, unless it was said already. */
void smail__client_settle(smail_smtp_client *session);
/* Nothing more to swallow. `open`: the server may still have a transaction. */
int smail__client_finish(smail_smtp_client *session, bool open);

/* client_body.c */
int smail__client_on_body(smail_smtp_client *session);
int smail__client_on_drain(smail_smtp_client *session);
/* The envelope is settled, somebody gets it: content comes, or has begun to. */
int smail__client_to_body(smail_smtp_client *session);
/* It has failed: swallow what BDATs are on their way, then RSET. */
int smail__client_drain(smail_smtp_client *session);

/* client_auth.c */
int smail__client_on_auth(smail_smtp_client *session);

#endif
