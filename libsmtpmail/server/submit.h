/* SPDX-License-Identifier: MIT */
/*
 * server/submit.h - what a submission server mends in a user's message
 * (RFC 6409, 8): it adds a missing Date and Message-ID and takes out Bcc.
 *
 * Works piece by piece and holds no more than the name of one field.
 */
#ifndef SMAIL__SERVER_SUBMIT_H
#define SMAIL__SERVER_SUBMIT_H

#include <smtpmail/error.h>

/* A name longer than this is none that we look for. */
#define SMAIL__SUBMIT_NAME_MAX 16

enum smail__submit_state {
    SMAIL__SUBMIT_LINE_START,
    SMAIL__SUBMIT_NAME,
    SMAIL__SUBMIT_FIELD,
    SMAIL__SUBMIT_BLANK, /* CR at the start of a line */
    SMAIL__SUBMIT_BODY
};

struct smail__submit {
    enum smail__submit_state state;
    char name[SMAIL__SUBMIT_NAME_MAX]; /* held back until it is known */
    size_t name_len;
    bool in_field; /* a line that starts with a space goes on with it */
    bool is_dropped;
    bool has_date, has_message_id;
    char additions[512]; /* Date and Message-ID, as they may be needed */
    size_t date_len, id_len;
    int (*write)(void *user, smail_span piece);
    void *user;
};

/* `write` gets what is to be stored; what it returns is passed up. */
void smail__submit_init(struct smail__submit *submit, int64_t now,
                        const char *queue_id, const char *hostname,
                        int (*write)(void *user, smail_span piece), void *user);
int smail__submit_feed(struct smail__submit *submit, smail_span piece);

/* The message is over; perhaps it had no body. */
int smail__submit_end(struct smail__submit *submit);

#endif
