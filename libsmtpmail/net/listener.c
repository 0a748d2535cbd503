/* SPDX-License-Identifier: MIT */
/*
 * net/listener.c - bind, listen, accept.
 *
 * Without descriptors accept() fails, and the port stays readable: a loop
 * that went on would spin. One descriptor is held in reserve for this case:
 * it is given up to take the connection and hang up on it, and the port
 * rests for a moment.
 */
/* clang-format off */
#define _GNU_SOURCE 1 /* accept4() */
/* clang-format on */
#include "net/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "base/error.h"
#include "base/mem.h"

#define BACKLOG 1024
#define ACCEPTS_PER_ROUND 64 /* then the other ports have their turn */
#define REST_MILLISECONDS 100

struct smail__listener {
    uv_poll_t poll;
    int fd, reserve;
    char *path; /* of a socket in the file system; NULL */
    bool is_started;
    struct smail__endpoint endpoint;
    struct smail__loop *loop;
    struct smail__timer rest;
    const struct smail__listener_handler *handler;
    void *user;
};

static int bind_failed(smail_error *err, const struct smail__endpoint *endpoint,
                       int os)
{
    char text[SMAIL__ADDRESS_TEXT];
    const char *advice = "";

    smail__endpoint_text(text, endpoint);
    if (os == EADDRINUSE)
        advice = ": another program has it; stop that one or choose another "
                 "port";
    else if (os == EACCES)
        advice = ": ports under 1024 want root, CAP_NET_BIND_SERVICE or a "
                 "higher number";
    else if (os == EADDRNOTAVAIL)
        advice = ": this machine does not have that address";
    return smail__fail_os(err, os == EADDRINUSE ? SMAIL_EEXISTS : SMAIL_EIO, os,
                          "cannot listen on %s port %u: %s%s", text,
                          (unsigned)endpoint->port, uv_strerror(-os), advice);
}

static int bind_socket(int fd, struct smail__endpoint *endpoint)
{
    struct sockaddr_storage address;
    socklen_t len = (socklen_t)smail__endpoint_to_socket(&address, endpoint);
    int on = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (endpoint->is_ipv6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
        return errno;
    if (bind(fd, (struct sockaddr *)&address, len) != 0 ||
        listen(fd, BACKLOG) != 0)
        return errno;
    len = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return errno;
    smail__endpoint_from_socket(endpoint, (struct sockaddr *)&address);
    return 0;
}

int smail__listener_open(struct smail__listener **out,
                         const struct smail__endpoint *endpoint,
                         smail_error *err)
{
    struct smail__listener *listener = calloc(1, sizeof(*listener));
    int os;

    if (listener == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for a listener");
    listener->endpoint = *endpoint;
    listener->reserve = -1;
    listener->fd = socket(endpoint->is_ipv6 ? AF_INET6 : AF_INET,
                          SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0) {
        os = errno;
        free(listener);
        return bind_failed(err, endpoint, os);
    }
    os = bind_socket(listener->fd, &listener->endpoint);
    if (os != 0) {
        close(listener->fd);
        free(listener);
        return bind_failed(err, endpoint, os);
    }
    *out = listener;
    return 0;
}

/* Left by somebody who has gone? */
static bool is_stale(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat info;
    bool stale;

    if (fd < 0 || stat(address->sun_path, &info) != 0 ||
        !S_ISSOCK(info.st_mode)) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    stale =
        connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
        errno == ECONNREFUSED;
    close(fd);
    return stale;
}

static int bind_path(int fd, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t len = strlen(path);

    if (len == 0 || len >= sizeof(address.sun_path))
        return ENAMETOOLONG;
    memcpy(address.sun_path, path, len + 1);
    if (is_stale(&address))
        unlink(path);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        chmod(path, 0666) != 0 || listen(fd, BACKLOG) != 0)
        return errno;
    return 0;
}

/* What stands for a client of the file system. */
static void set_local(struct smail__endpoint *endpoint)
{
    *endpoint = (struct smail__endpoint){ .address = { 127, 0, 0, 1 } };
}

int smail__listener_open_path(struct smail__listener **out, const char *path,
                              smail_error *err)
{
    struct smail__listener *listener = calloc(1, sizeof(*listener));
    int os;

    if (listener == NULL || (listener->path = smail__strdup(path)) == NULL) {
        free(listener);
        return smail__fail(err, SMAIL_ENOMEM, "no memory for a listener");
    }
    set_local(&listener->endpoint);
    listener->reserve = -1;
    listener->fd =
        socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    os = listener->fd < 0 ? errno : bind_path(listener->fd, path);
    if (os == 0) {
        *out = listener;
        return 0;
    }
    if (listener->fd >= 0)
        close(listener->fd);
    free(listener->path);
    free(listener);
    return smail__fail_os(err, os == EADDRINUSE ? SMAIL_EEXISTS : SMAIL_EIO, os,
                          "cannot listen on %s: %s", path, uv_strerror(-os));
}

static int check_socket(int fd, struct smail__endpoint *endpoint)
{
    struct sockaddr_storage address = { 0 };
    socklen_t len = sizeof(address), int_len = sizeof(int);
    int type = 0;

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &int_len) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return errno;
    if (type != SOCK_STREAM ||
        (address.ss_family != AF_INET && address.ss_family != AF_INET6))
        return EPROTOTYPE;
    smail__endpoint_from_socket(endpoint, (struct sockaddr *)&address);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || listen(fd, BACKLOG) != 0)
        return errno;
    return 0;
}

int smail__listener_adopt(struct smail__listener **out, int fd,
                          smail_error *err)
{
    struct smail__listener *listener = calloc(1, sizeof(*listener));
    int os;

    if (listener == NULL) {
        close(fd);
        return smail__fail(err, SMAIL_ENOMEM, "no memory for a listener");
    }
    os = check_socket(fd, &listener->endpoint);
    if (os != 0) {
        close(fd);
        free(listener);
        return smail__fail_os(
            err, SMAIL_EINVAL, os, "socket %d cannot be listened on: %s", fd,
            os == EPROTOTYPE ? "it is not of TCP" : uv_strerror(-os));
    }
    listener->fd = fd;
    listener->reserve = -1;
    *out = listener;
    return 0;
}

const struct smail__endpoint *smail__listener_endpoint(
    const struct smail__listener *listener)
{
    return &listener->endpoint;
}

static int accept_one(struct smail__listener *listener,
                      struct smail__endpoint *peer)
{
    struct sockaddr_storage address = { 0 };
    socklen_t len = sizeof(address);
    int fd = accept4(listener->fd, (struct sockaddr *)&address, &len,
                     SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return -errno;
    if (listener->path != NULL)
        set_local(peer);
    else
        smail__endpoint_from_socket(peer, (struct sockaddr *)&address);
    return fd;
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void resume(struct smail__timer *timer)
{
    struct smail__listener *listener =
        (struct smail__listener *)((char *)timer -
                                   offsetof(struct smail__listener, rest));

    uv_poll_start(&listener->poll, UV_READABLE, on_readable);
}

static void rest(struct smail__listener *listener, int os)
{
    struct smail__endpoint peer;

    if (listener->reserve >= 0) {
        close(listener->reserve);

        int fd = accept_one(listener, &peer);

        if (fd >= 0)
            close(fd);
        listener->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    uv_poll_stop(&listener->poll);
    smail__timer_set(&listener->rest, listener->loop, REST_MILLISECONDS);
    listener->handler->exhausted(listener->user, os);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct smail__listener *listener = poll->data;
    struct smail__endpoint peer;

    (void)status;
    (void)events;
    for (int i = 0; i < ACCEPTS_PER_ROUND; i++) {
        int fd = accept_one(listener, &peer);

        if (fd >= 0) {
            listener->handler->accepted(listener->user, fd, &peer);
            continue;
        }
        if (fd == -EMFILE || fd == -ENFILE || fd == -ENOBUFS || fd == -ENOMEM)
            rest(listener, -fd);
        else if (fd == -ECONNABORTED || fd == -EINTR)
            continue;
        return;
    }
}

int smail__listener_start(struct smail__listener *listener,
                          struct smail__loop *loop,
                          const struct smail__listener_handler *handler,
                          void *user, smail_error *err)
{
    int rc = uv_poll_init_socket(smail__loop_uv(loop), &listener->poll,
                                 listener->fd);

    if (rc != 0)
        return smail__fail_os(err, SMAIL_EIO, -rc, "cannot accept: %s",
                              uv_strerror(rc));
    listener->poll.data = listener;
    listener->is_started = true;
    listener->loop = loop;
    listener->handler = handler;
    listener->user = user;
    listener->rest.fire = resume;
    listener->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
    rc = uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    if (rc != 0)
        return smail__fail_os(err, SMAIL_EIO, -rc, "cannot accept: %s",
                              uv_strerror(rc));
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void smail__listener_close(struct smail__listener *listener)
{
    if (listener == NULL)
        return;
    if (listener->is_started) {
        smail__timer_clear(&listener->rest, listener->loop);
        uv_close((uv_handle_t *)&listener->poll, on_closed);
    }
    close(listener->fd);
    if (listener->reserve >= 0)
        close(listener->reserve);
    if (listener->path != NULL)
        unlink(listener->path);
    free(listener->path);
    if (!listener->is_started)
        free(listener);
}
