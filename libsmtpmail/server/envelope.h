/* SPDX-License-Identifier: MIT */
/*
 * server/envelope.h - one transaction: who sends, who gets it, and the
 * message as it comes in. Outlives its dialogue while a commit is under way,
 * so it has its own copy of all that the log will want.
 */
#ifndef SMAIL__SERVER_ENVELOPE_H
#define SMAIL__SERVER_ENVELOPE_H

#include <smtpmail/store.h>

#include "account/sent.h"
#include "server/server.h"

struct smail__envelope {
    smail_listener_kind kind;
    char peer[SMAIL__ADDRESS_TEXT];
    const char *tls_protocol, *tls_cipher; /* constants; NULL in the clear */
    char *helo;                            /* never NULL */
    char *identity;                        /* NULL: nobody logged in */
    char *peer_name;   /* by DNS, and leads back; NULL: none */
    smail_path sender; /* in one block, at local.data */
    uint64_t declared_size;
    bool is_extended;       /* EHLO, not HELO */
    bool is_utf8;           /* SMTPUTF8 (RFC 6531) */
    smail_path *recipients; /* likewise each */
    size_t recipient_count, recipient_room;
    smail_target *targets;
    size_t target_count, target_room;
    smail_append *append; /* NULL when nothing is to be stored */
    char id[SMAIL_QUEUE_ID_LEN + 1];
    bool has_content; /* DATA was granted */
    uint64_t received;
    struct smail__submit *submit;     /* on submission */
    struct smail__outgoing *outgoing; /* what the queue gets; NULL: nothing */
    size_t outgoing_before; /* recipients it had before the last RCPT */
    char *envelope_id;      /* its ENVID */
    smail_id account;       /* whose day it is counted in; 0: nobody's */
    struct smail__sent_caps caps;
    struct smail__sent_excess excess; /* of the commit that failed for it */
    int failure;                      /* the first of the store, or 0 */
    smail_error error;                /* and its words */
    uint64_t begun_at;                /* of the loop's clock */
    uint64_t ended_at;
};

/* NULL without memory. */
struct smail__envelope *smail__envelope_new(struct smail__dialogue *dialogue,
                                            const smail_smtp_mail *mail);
void smail__envelope_free(struct smail__envelope *envelope);

/*
 * One recipient more, and where its mail goes; a mailbox that gets the message
 * already is not added again. SMAIL_ENOMEM, SMAIL_ELIMIT: nothing changed.
 */
int smail__envelope_add(struct smail__envelope *envelope,
                        const smail_path *recipient,
                        const smail_target *targets, size_t count);

/* The client's name by DNS, or NULL; without memory it is not known. */
void smail__envelope_set_name(struct smail__envelope *envelope,
                              const char *name);

/* Open the append, if there is anything to store, and write the trace header
   (RFC 5321, 4.4) in front. */
int smail__envelope_open(struct smail__envelope *envelope,
                         const smail_server *server, smail_error *err);

/* Content. A failure of the store is kept for the end. */
void smail__envelope_write(struct smail__envelope *envelope, smail_span piece);
void smail__envelope_end(struct smail__envelope *envelope);

/* "local@domain", "local" or "": at most SMAIL_PATH_MAX octets and a NUL. */
void smail__path_text(char out[SMAIL_LOCAL_PART_MAX + SMAIL_DOMAIN_MAX + 2],
                      const smail_path *path);

#endif
