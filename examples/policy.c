/* SPDX-License-Identifier: MIT */
/*
 * policy.c - recipients are judged by a thread that may take its time.
 *
 * A policy call must not block: it is on the loop that serves the others. So
 * rcpt() leaves its ticket, a plain value, in a queue and returns; the judge
 * settles it later. Only that client waits meanwhile.
 *
 * Mail for alice at any domain is taken and dropped, all other is refused.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <smtpmail/smtpmail.h>

enum { QUEUE = 64 };

typedef struct question {
    smail_ticket ticket;
    char user[65]; /* copied: what the call is given ends with it */
} question;

typedef struct judge {
    pthread_mutex_t lock;
    pthread_cond_t asked;
    question queue[QUEUE];
    size_t first, count;
    smail_server *server;
} judge;

static void rcpt(smail_ticket ticket, const smail_transaction *transaction,
                 const smail_smtp_rcpt *rcpt, void *user)
{
    judge *self = user;
    smail_span name = rcpt->recipient.local;
    bool taken = false;

    (void)transaction;
    pthread_mutex_lock(&self->lock);
    if (self->count < QUEUE && name.len < sizeof(self->queue[0].user)) {
        question *at = &self->queue[(self->first + self->count++) % QUEUE];

        *at = (question){ .ticket = ticket };
        memcpy(at->user, name.data, name.len);
        pthread_cond_signal(&self->asked);
        taken = true;
    }
    pthread_mutex_unlock(&self->lock);
    if (!taken) /* every ticket must be settled, if only by "not now" */
        smail_server_reject(self->server, ticket, 451, "4.3.2", "Busy");
}

static void message(smail_ticket ticket, const smail_transaction *transaction,
                    void *user)
{
    judge *self = user;

    (void)transaction;
    smail_server_accept(self->server, ticket);
}

static void *work(void *user)
{
    judge *self = user;
    struct timespec thinking = { 0, 50000000 };

    for (;;) {
        pthread_mutex_lock(&self->lock);
        while (self->count == 0)
            pthread_cond_wait(&self->asked, &self->lock);
        question at = self->queue[self->first];

        self->first = (self->first + 1) % QUEUE;
        self->count--;
        pthread_mutex_unlock(&self->lock);
        if (at.user[0] == '\0')
            return NULL;
        nanosleep(&thinking, NULL); /* a database, an HTTP request ... */
        /* SMAIL_ENOTFOUND if the client is gone by now: no harm done. */
        if (strcmp(at.user, "alice") == 0)
            smail_server_accept(self->server, at.ticket);
        else
            smail_server_reject(self->server, at.ticket, 550, "5.1.1",
                                "Nobody of that name");
    }
}

static smail_server *running; /* for the handler, which gets no argument */

static void stop(int signal_number)
{
    (void)signal_number;
    smail_server_stop(running);
}

static void dismiss(judge *self)
{
    pthread_mutex_lock(&self->lock);
    self->first = 0; /* nobody is there to wait for an answer */
    self->count = 1;
    self->queue[0] = (question){ 0 };
    pthread_cond_signal(&self->asked);
    pthread_mutex_unlock(&self->lock);
}

int main(void)
{
    judge self = { .lock = PTHREAD_MUTEX_INITIALIZER,
                   .asked = PTHREAD_COND_INITIALIZER };
    smail_server_options options = SMAIL_SERVER_OPTIONS_INIT;
    smail_policy policy = SMAIL_POLICY_INIT;
    smail_error err = SMAIL_ERROR_INIT;
    pthread_t thread;
    uint16_t port;

    options.hostname = "mx.example.test"; /* and no store: nothing is kept */
    policy.rcpt = rcpt;
    policy.message = message;
    policy.user = &self;
    if (smail_server_new(&self.server, &options, &policy, &err) != 0 ||
        smail_server_listen(&port, self.server, SMAIL_LISTENER_SMTP,
                            "127.0.0.1:0", &err) != 0)
        return printf("%s\n", err.message);
    if (pthread_create(&thread, NULL, work, &self) != 0)
        return 1;
    running = self.server;
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    printf("port %u\n", port);
    fflush(stdout);
    if (smail_server_run(self.server, &err) != 0)
        printf("%s\n", err.message);
    dismiss(&self);
    pthread_join(thread, NULL);
    smail_server_free(self.server);
    return err.code != 0;
}
