/* SPDX-License-Identifier: MIT */
/*
 * webmail/app.h - what every request has in common: one struct app per
 * process, read by all threads.
 */
#ifndef WEBMAIL_APP_H
#define WEBMAIL_APP_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include <smtpmail/account.h>

#include "account/limiter.h"
#include "account/remember.h"
#include "account/session.h"
#include "http/front.h"
#include "jmap/jmap.h"

struct app {
    smail_store *store;
    struct smail_routes *routes; /* to other hosts */
    struct smail__jmap *jmap;
    const struct smail__log *log;
    struct smail__remember *remember;
    struct smail__limiter *guesses;  /* wrong passwords, peer and account */
    struct smail__limiter *peers;    /* wrong passwords of one peer */
    struct smail__limiter *signups;  /* new accounts of one peer */
    struct smail__limiter *excesses; /* warnings of one account */
    struct smail__limiter *programs; /* log-ins that were noted */
    sem_t hashes;                    /* threads that may check passwords */
    bool has_hashes;
    char secret[SMAIL__TOKEN_SIZE]; /* shared with the front */
    struct smail__db *watch;        /* to ask for its version; or NULL */
    atomic_llong next_sweep;        /* of sessions that are over */
    const char *exempt;             /* networks that may try as they like */
};

struct app_options {
    const char *store; /* URL */
    const struct smail__log *log;
    const char *exempt;     /* networks without limits by address */
    unsigned hashes;        /* passwords that are checked at once */
    unsigned auth_failures; /* wrong ones before they are slowed */
    unsigned signups;       /* accounts one peer may make in an hour */
    uint64_t upload_size;
    uint64_t keep_removed, keep_trash, keep_junk; /* seconds */
    uint64_t keep_queue, keep_logins;
    uint64_t message_size;       /* of what is sent, 0: the library's limit */
    struct smail_routes *routes; /* taken, also on failure */
    uint32_t queue_warn, queue_expire;
    uint32_t messages_per_day, recipients_per_day; /* of an account */
};

int app_open(struct app *app, const struct app_options *options,
             smail_error *err);
void app_close(struct app *app);

/* What the front asks; see http/front.h. */
extern const struct smail__front_handler app_front_handler;

#endif
