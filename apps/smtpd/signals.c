/* SPDX-License-Identifier: MIT */
/* signals.c - sigwait() and what follows. */
#include "signals.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void ours(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
}

void signals_block(void)
{
    struct sigaction ignore = { .sa_handler = SIG_IGN };
    sigset_t set;

    ours(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

static void *watch(void *arg)
{
    struct signals *signals = arg;
    unsigned told = 0;
    sigset_t set;
    int signal;

    ours(&set);
    for (;;) {
        if (sigwait(&set, &signal) != 0)
            continue;
        if (signal == SIGHUP) {
            smail_server_reload(signals->server);
        } else if (told++ == 0) {
            smail_server_stop(signals->server);
        } else {
            /* What got its 250 is on disk already. */
            if (signals->ready_file != NULL)
                unlink(signals->ready_file);
            _exit(1);
        }
    }
    return NULL;
}

int signals_watch(struct signals *signals)
{
    return pthread_create(&signals->thread, NULL, watch, signals);
}

void signals_ignore(struct signals *signals)
{
    pthread_cancel(signals->thread);
    pthread_join(signals->thread, NULL);
}
