/* SPDX-License-Identifier: MIT */
/*
 * signals.h - a thread that waits for signals, so that no handler interrupts
 * anything.
 *
 * SIGTERM, SIGINT   finish, then end; a second one ends at once
 * SIGHUP            read settings and certificates anew
 * SIGPIPE           nothing
 *
 * The same thread tells the service manager that we live, when the others do.
 */
#ifndef SMTPD_SIGNALS_H
#define SMTPD_SIGNALS_H

#include <pthread.h>

#include <smtpmail/server.h>

#include "server/service.h"

struct signals {
    smail_server *server;
    const struct smail__service *service;
    const char *ready_file;     /* to be removed when ended at once */
    void (*reload)(void *user); /* on the thread */
    void *user;
    pthread_t thread;
};

/* Before any other thread begins: they all inherit what is blocked here. */
void signals_block(void);
int signals_watch(struct signals *signals);
void signals_ignore(struct signals *signals);

#endif
