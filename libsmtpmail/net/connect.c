/* SPDX-License-Identifier: MIT */
/* net/connect.c - see net/connect.h. */
#include "net/connect.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

static int open_socket(int family)
{
    int fd = socket(family, SOCK_STREAM, 0);

    if (fd < 0)
        return -1;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
        fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
        return fd;
    close(fd);
    return -1;
}

/* The port is the system's to choose, late, so that it can be shared. */
static int bind_to(int fd, const struct smail__endpoint *source)
{
    struct sockaddr_storage address;
    size_t len = smail__endpoint_to_socket(&address, source);
#ifdef IP_BIND_ADDRESS_NO_PORT
    int on = 1;

    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
#endif
    return bind(fd, (struct sockaddr *)&address, (socklen_t)len);
}

int smail__connect_from(int *out, const struct smail__endpoint *to,
                        const struct smail__endpoint *source, smail_error *err)
{
    struct sockaddr_storage address;
    size_t len = smail__endpoint_to_socket(&address, to);
    int fd = open_socket(address.ss_family);
    int rc;

    if (fd < 0)
        return smail__fail_os(err, SMAIL_EIO, errno, "no socket: %s",
                              strerror(errno));
    if (source != NULL && bind_to(fd, source) != 0) {
        rc = smail__fail_os(err, SMAIL_EIO, errno,
                            "cannot send from that address: %s",
                            strerror(errno));
        close(fd);
        return rc;
    }
    do
        rc = connect(fd, (struct sockaddr *)&address, (socklen_t)len);
    while (rc != 0 && errno == EINTR);
    if (rc != 0 && errno != EINPROGRESS) {
        rc = smail__fail_os(err, SMAIL_EIO, errno, "cannot connect: %s",
                            strerror(errno));
        close(fd);
        return rc;
    }
    *out = fd;
    return 0;
}

int smail__connect(int *out, const struct smail__endpoint *to, smail_error *err)
{
    return smail__connect_from(out, to, NULL, err);
}
