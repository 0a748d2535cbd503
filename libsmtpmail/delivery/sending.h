/* SPDX-License-Identifier: MIT */
/* delivery/sending.h - a submission under way, for this folder only. */
#ifndef SMAIL__DELIVERY_SENDING_H
#define SMAIL__DELIVERY_SENDING_H

#include "delivery/envelope.h"
#include "delivery/outgoing.h"
#include "delivery/submit.h"
#include "store/append.h"

struct smail__sending {
    struct smail__submit *submit;
    smail_store *store;
    smail_content *content;
    char *front; /* the beginning of the message, as far as the header goes */
    size_t front_len;
    smail_span header;
    smail_path sender; /* of the envelope */
    struct smail__addresses from, recipients;
    smail_target *targets;
    size_t target_count;
    smail_append *append;
    struct smail__outgoing outgoing; /* what the queue gets */
    bool in_trace;                   /* not yet behind Return-Path */
};

/* Returns SMAIL_EINVAL. */
int smail__sending_refuse(struct smail__sending *sending,
                          enum smail__submit_fault fault, smail_error *err,
                          const char *text);

/* recipient.c: find out who it goes to, all of them or nobody. */
int smail__sending_recipients(struct smail__sending *sending, smail_error *err);

#endif
