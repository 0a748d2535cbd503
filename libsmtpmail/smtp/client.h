/* SPDX-License-Identifier: MIT */
/*
 * smtp/client.h - what the files of the client session share.
 *
 * client.c          the session: feed, output, notices
 * client_state.c    what each reply means in each state
 * client_send.c     envelope and content
 * client_auth.c     AUTH
 * client_reply.c    reading a reply
 * client_offer.c    reading what EHLO is answered
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
    SMAIL__CLIENT_BODY, /* body() or body_end() */
    SMAIL__CLIENT_END,  /* the verdict on the content */
    SMAIL__CLIENT_RSET,
    SMAIL__CLIENT_QUIT,
    SMAIL__CLIENT_CLOSED,
    SMAIL__CLIENT_STATES
};

/* The transaction on its way. */
struct smail__client_mail {
    bool *accepted; /* one a recipient */
    size_t count;
    size_t next;     /* the recipient whose reply is awaited */
    size_t good;     /* how many were accepted */
    bool settled;    /* DONE was handed out; what still comes is swallowed */
    bool line_start; /* content: a dot here has to be stuffed */
    bool after_cr;   /* content: only LF may come */
};

struct smail_smtp_client {
    smail_smtp_client_options options;
    char *hostname; /* what the option points to */
    enum smail__client_state state;
    smail_smtp_client_event event;
    smail_smtp_reply last; /* the reply read last */
    bool greeted;          /* the greeting was heard */
    bool secured;
    bool tls_refused;
    bool owe_done; /* events to hand out, in this order */
    bool owe_starttls;
    bool owe_close;
    bool owe_ready;
    smail_smtp_close_reason reason;
    struct smail__client_offer offer;
    struct smail__buf challenge; /* decoded */
    unsigned challenges;         /* of this exchange so far */
    struct smail__buf output;
    struct smail__buf script; /* commands that have to wait their turn */
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
int smail__client_collapse(smail_smtp_client *session);
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

/* client_send.c */
int smail__client_on_mail(smail_smtp_client *session);
int smail__client_on_rcpt(smail_smtp_client *session);
int smail__client_on_data(smail_smtp_client *session);
int smail__client_on_end(smail_smtp_client *session);
void smail__client_mail_clear(smail_smtp_client *session);
/* DONE by the last reply, unless it was said already. */
void smail__client_settle(smail_smtp_client *session);

/* client_auth.c */
int smail__client_on_auth(smail_smtp_client *session);

#endif
