/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "ctl.h"
#include "parse_json.h"

/* Octets of a message; the whole is held in memory. */
#define PARSE_MAX ((size_t)1 << 30)

#define PIECE 65536

static int read_all(struct smail__buf *out, int fd, const char *path,
                    smail_error *err)
{
    char piece[PIECE];

    for (;;) {
        ssize_t got = read(fd, piece, sizeof(piece));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return smail__fail_os(err, SMAIL_EIO, errno, "%s: %s", path,
                                  strerror(errno));
        if (got == 0)
            break;
        smail__buf_append(out, (smail_span){ piece, (size_t)got });
        if (smail__buf_error(out) != 0)
            return smail__fail(err, smail__buf_error(out),
                               "%s is too large to be held in memory", path);
    }
    return 0;
}

static int open_file(int *out, const char *path, smail_error *err)
{
    *out = STDIN_FILENO;
    if (strcmp(path, "-") == 0)
        return 0;
    *out = open(path, O_RDONLY | O_CLOEXEC);
    if (*out >= 0)
        return 0;
    return smail__fail_os(err, errno == ENOENT ? SMAIL_ENOTFOUND : SMAIL_EIO,
                          errno, "%s: %s", path, strerror(errno));
}

/* Its writer has stdio; what standard output says is passed on. */
static int print(struct ctl *ctl, smail_span raw)
{
    int rc = parse_json_write(stdout, raw, &ctl->err);

    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout)) {
        ctl->out.is_closed = errno == EPIPE || errno == 0;
        ctl->out.failure = ctl->out.is_closed ? 0 : errno;
    }
    return rc;
}

static int parse(struct ctl *ctl)
{
    const char *path = ctl->arguments[0];
    struct smail__buf raw;
    int fd;
    int rc = open_file(&fd, path, &ctl->err);

    if (rc != 0)
        return rc;
    smail__buf_init(&raw, PARSE_MAX, NULL);
    rc = read_all(&raw, fd, path, &ctl->err);
    if (fd != STDIN_FILENO)
        close(fd);
    if (rc == 0)
        rc = print(ctl, smail__buf_span(&raw));
    smail__buf_dispose(&raw);
    return rc;
}

static const struct command items[] = {
    { "parse", NULL, "FILE|-", "what is made of a message, as JSON", 1, 1,
      NO_STORE, NULL, parse },
};

const struct commands parse_commands = { items,
                                         sizeof(items) / sizeof(items[0]) };
