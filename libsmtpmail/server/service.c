/* SPDX-License-Identifier: MIT */
/* server/service.c - variables of the environment, and one datagram. */
#include "server/service.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/span.h"

#define FIRST_FD 3

/* The variable as a number; false when it is not there or is none. */
static bool number_of(uint64_t *out, const char *variable)
{
    return smail__span_number(out, smail__span(getenv(variable))) == 0;
}

static void forget(void)
{
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
}

int smail__service_sockets(struct smail__service_sockets *out, smail_error *err)
{
    smail_span names = smail__span(getenv("LISTEN_FDNAMES"));
    uint64_t pid, count;

    out->count = 0;
    if (!number_of(&pid, "LISTEN_PID") || pid != (uint64_t)getpid() ||
        !number_of(&count, "LISTEN_FDS"))
        return 0;
    if (count > SMAIL__SERVICE_SOCKETS_MAX)
        return smail__fail(err, SMAIL_ELIMIT,
                           "more than %d sockets from the service manager",
                           SMAIL__SERVICE_SOCKETS_MAX);
    for (; out->count < count; out->count++) {
        int fd = FIRST_FD + (int)out->count;
        smail_span name = smail__span_slice(smail__span_cut(&names, ':'), 0,
                                            SMAIL__SERVICE_NAME_MAX);

        if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
            return smail__fail(err, SMAIL_EINVAL,
                               "LISTEN_FDS promises a socket %d that is not "
                               "there",
                               fd);
        out->items[out->count].fd = fd;
        if (name.len > 0)
            memcpy(out->items[out->count].name, name.data, name.len);
        out->items[out->count].name[name.len] = '\0';
    }
    forget();
    return 0;
}

void smail__service_open(struct smail__service *out)
{
    smail_span path = smail__span(getenv("NOTIFY_SOCKET"));
    uint64_t microseconds, pid;

    memset(out, 0, sizeof(*out));
    if (path.len < 2 || path.len >= sizeof(out->path) ||
        (path.data[0] != '/' && path.data[0] != '@'))
        return;
    memcpy(out->path, path.data, path.len);
    if (number_of(&microseconds, "WATCHDOG_USEC") && microseconds > 0 &&
        (!number_of(&pid, "WATCHDOG_PID") || pid == (uint64_t)getpid())) {
        /* Twice in the time that it gives us. */
        uint64_t half = microseconds / 2000;

        out->watchdog = half < 1         ? 1
                        : half > 3600000 ? 3600000
                                         : (uint32_t)half;
    }
}

void smail__service_say(const struct smail__service *service, const char *words)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    size_t len = strlen(service->path);
    int fd;

    if (len == 0)
        return;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    memcpy(to.sun_path, service->path, len);
    if (to.sun_path[0] == '@')
        to.sun_path[0] = '\0';
    (void)sendto(fd, words, strlen(words), MSG_NOSIGNAL, (struct sockaddr *)&to,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    close(fd);
}

void smail__service_say_reloading(const struct smail__service *service)
{
    struct timespec now;
    char words[80];

    clock_gettime(CLOCK_MONOTONIC, &now);
    smail__format(words, sizeof(words), "RELOADING=1\nMONOTONIC_USEC=%llu",
                  (unsigned long long)now.tv_sec * 1000000u +
                      (unsigned long long)now.tv_nsec / 1000u);
    smail__service_say(service, words);
}
