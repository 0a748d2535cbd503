/* SPDX-License-Identifier: MIT */
/* signals.c - sigwait() and what follows. */
#include "signals.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "server/server.h"

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

static void reload(const struct signals *signals)
{
    int before;

    /* The end of the program must not cut this in two. */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    smail__service_say_reloading(signals->service);
    signals->reload(signals->user);
    smail__service_say(signals->service, "READY=1");
    pthread_setcancelstate(before, &before);
}

static void stop(const struct signals *signals, bool at_once)
{
    if (!at_once) {
        smail__service_say(signals->service, "STOPPING=1");
        smail_server_stop(signals->server);
        return;
    }
    /* What got its 250 is on disk already. */
    if (signals->ready_file != NULL)
        unlink(signals->ready_file);
    _exit(1);
}

/* 0 when it is time for a sign of life. */
static int next_signal(const struct signals *signals, const sigset_t *set)
{
    uint32_t wait = signals->service->watchdog;
    struct timespec time = { .tv_sec = wait / 1000,
                             .tv_nsec = (long)(wait % 1000) * 1000000 };
    int signal =
        wait == 0 ? sigwaitinfo(set, NULL) : sigtimedwait(set, NULL, &time);

    return signal > 0 ? signal : 0;
}

static void *watch(void *arg)
{
    struct signals *signals = arg;
    unsigned told = 0;
    sigset_t set;

    ours(&set);
    for (;;) {
        int signal = next_signal(signals, &set);

        if (signal == SIGHUP)
            reload(signals);
        else if (signal != 0)
            stop(signals, told++ > 0);
        else if (signals->service->watchdog > 0 &&
                 smail__server_beat(signals->server))
            smail__service_say(signals->service, "WATCHDOG=1");
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
