/* SPDX-License-Identifier: MIT */
/*
 * smtp/server.h - what the files of the server session share.
 *
 * server.c        the session: feed, output, notices
 * server_options.c what the caller wants: read, checked, copied
 * server_offer.c  what is offered in this state, and so understood
 * server_verb.c   one function a command
 * server_mail.c   MAIL and RCPT
 * server_xclient.c XCLIENT
 * server_auth.c   AUTH and the lines of its exchange
 * server_data.c   content
 * server_chunk.c  content by BDAT
 * server_decide.c the answers of the caller
 * server_reply.c  replies, errors that add up, the end
 */
#ifndef SMAIL__SMTP_SERVER_H
#define SMAIL__SMTP_SERVER_H

#include <smtpmail/smtp_server.h>

#include "base/buf.h"
#include "smtp/command.h"
#include "smtp/extension.h"
#include "smtp/line.h"
#include "smtp/transaction.h"

enum smail__server_phase {
    SMAIL__SERVER_START,     /* nothing said yet: CONNECT comes first */
    SMAIL__SERVER_COMMAND,   /* a command line comes next */
    SMAIL__SERVER_REFUSED,   /* greeted with 5yz: only QUIT is heard */
    SMAIL__SERVER_AUTH,      /* a line of a SASL exchange comes next */
    SMAIL__SERVER_DATA,      /* content comes next */
    SMAIL__SERVER_CHUNK,     /* octets of a chunk come next */
    SMAIL__SERVER_CHUNK_END, /* it is complete; nothing has to come */
    SMAIL__SERVER_DISCARD,   /* octets of a refused chunk come next */
    SMAIL__SERVER_TLS,       /* the caller shakes hands; secured() comes next */
    SMAIL__SERVER_CLOSED,    /* CLOSE was handed out */
    SMAIL__SERVER_PHASES
};

struct smail_smtp_server {
    smail_smtp_server_options
        options;      /* no zero left where one means default */
    char *strings;    /* what its strings point into */
    char *mechanisms; /* of offer_auth(), or NULL */
    unsigned offered; /* of enum smail__extension, in this state */
    uint32_t ready;   /* a bit for each verb that may be used now */
    uint32_t line_max[SMAIL__VERBS]; /* with CRLF, in this state */
    uint32_t line_most;              /* the largest of them */
    enum smail__server_phase phase;
    smail_smtp_event event;
    smail_smtp_event_type pending; /* the decision awaited, or NEED_INPUT */
    bool secured;
    bool authenticated;
    bool greeted;   /* HELO, EHLO or LHLO was accepted */
    bool extended;  /* and it was not HELO */
    bool owe_reset; /* notices to hand out, in this order */
    bool owe_starttls;
    bool owe_close;
    uint32_t errors;        /* refused commands since the last mail taken */
    uint32_t idle_commands; /* those that carried nothing, likewise */
    uint32_t mails;         /* MAIL commands, those refused too */
    struct smail__line line;
    struct smail__buf output;
    smail_span last_words;      /* a constant to send behind `output` */
    struct smail__buf helo;     /* the name given */
    struct smail__buf response; /* of AUTH, decoded */
    smail_span mechanism;       /* of the exchange; points into the options */
    struct smail__transaction mail;
    uint64_t chunk_size; /* as the last BDAT said */
    uint64_t chunk_left; /* octets of it that are still to come */
    bool chunk_last;
    struct smail__buf held; /* what is said behind a refused chunk ... */
    enum smail__server_phase after_discard; /* ... and what comes then */
};

/* Every function below that returns int returns 0 or SMAIL_ENOMEM. */

/* server_reply.c */
int smail__server_reply(smail_smtp_server *session, int code,
                        const char *status, const char *text);
/* A whole reply, ready to be sent. */
int smail__server_say(smail_smtp_server *session, smail_span reply);
/* The same as reply() for a command turned down, which counts; too many end it. */
int smail__server_refuse(smail_smtp_server *session, int code,
                         const char *status, const char *text);
/* The same for an argument that is missing, or one too many. */
int smail__server_refuse_usage(smail_smtp_server *session,
                               enum smail__verb verb);
/* Count an error; false: one too many, and end_errors() comes next. */
bool smail__server_may_err(smail_smtp_server *session);
int smail__server_end_errors(smail_smtp_server *session);
/* Count a command that carries no mail forward; false: one too many, and
   end_idle() comes next. */
static inline bool smail__server_may_idle(smail_smtp_server *session)
{
    if (session->idle_commands >= session->options.max_commands)
        return false;
    session->idle_commands++;
    return true;
}
int smail__server_end_idle(smail_smtp_server *session);
/* What went wrong with `output`: to be looked at after writing to it. */
int smail__server_output_error(const smail_smtp_server *session);
/* End the transaction without END_OF_DATA; says so if there was one. */
void smail__server_reset(smail_smtp_server *session);
/* No more input: RESET if it is owed, then CLOSE. */
void smail__server_close(smail_smtp_server *session);
/* No memory: 421 from a constant, then CLOSE. Returns SMAIL_ENOMEM. */
int smail__server_collapse(smail_smtp_server *session);
/* Hand out `session->event` as a decision of this type. */
void smail__server_ask(smail_smtp_server *session, smail_smtp_event_type type);

/* server_options.c */
/* Fill in defaults; SMAIL_EINVAL if they make no sense. */
int smail__server_options_read(smail_smtp_server_options *out,
                               const smail_smtp_server_options *options);
/* Names of mechanisms, parted by single spaces (RFC 4422, 3.1). */
bool smail__server_are_mechanisms(smail_span list);
/* Copy the strings that the session's options point to. */
int smail__server_options_own(smail_smtp_server *session);

/* server_offer.c */
/* To be called when TLS or AUTH changes what is offered. */
void smail__server_offer(smail_smtp_server *session);
/* Whether the verb is known here, in this protocol and with what is offered. */
bool smail__server_speaks(const smail_smtp_server *session,
                          enum smail__verb verb);
/* Whether AUTH may be used, and so is advertised. */
bool smail__server_offers_auth(const smail_smtp_server *session);
/* Append the reply to EHLO; the error is that of `output`. */
void smail__server_put_offer(smail_smtp_server *session, smail_span first_line);

/* server_verb.c */
/* `borrowed`: the line is in the caller's input, and is copied if it has an
   argument that a decision may refer to. */
int smail__server_command(smail_smtp_server *session, smail_span line,
                          bool borrowed);

/* server_mail.c */
int smail__server_mail(smail_smtp_server *session, smail_span argument);
int smail__server_rcpt(smail_smtp_server *session, smail_span argument);

/* server_xclient.c */
int smail__server_xclient(smail_smtp_server *session, smail_span argument);

/* server_auth.c */
int smail__server_auth(smail_smtp_server *session, smail_span argument);
int smail__server_auth_line(smail_smtp_server *session, smail_span line);
int smail__server_auth_long(smail_smtp_server *session);
void smail__server_auth_end(smail_smtp_server *session);

/* server_data.c */
void smail__server_data_begin(smail_smtp_server *session);
int smail__server_data(smail_smtp_server *session, smail_span *input);
/* Content on its way to the caller, unless it is refused. */
void smail__server_take_content(smail_smtp_server *session, smail_span chunk);
void smail__server_refuse_content(smail_smtp_server *session,
                                  enum smail__refusal refusal);
/* All of it has come: END_OF_DATA, or the replies of a refusal. */
int smail__server_content_end(smail_smtp_server *session);
/* As many replies as END_OF_DATA has: one, or in LMTP one a recipient. */
size_t smail__server_replies_due(const smail_smtp_server *session);

/* server_chunk.c */
/* `line_len` is without CRLF. */
int smail__server_bdat(smail_smtp_server *session, size_t line_len,
                       smail_span argument);
int smail__server_chunk(smail_smtp_server *session, smail_span *input);
int smail__server_chunk_end(smail_smtp_server *session, smail_span *input);
int smail__server_discard(smail_smtp_server *session, smail_span *input);
/* The answers to DATA where it stands for the first BDAT. */
void smail__server_chunk_accept(smail_smtp_server *session);
int smail__server_chunk_reject(smail_smtp_server *session, int code,
                               const char *status, const char *text);

#endif
