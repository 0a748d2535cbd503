/* SPDX-License-Identifier: MIT */
/*
 * password.c - passwords from a pipe, a file or a person; never from the
 * command line, where everybody on the machine can read them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "ctl.h"

enum { CTRL_C = 3, CTRL_D = 4, BACKSPACE = 8, CTRL_U = 21, DELETE = 127 };

/* --- From a file --------------------------------------------------------- */

/* The first line, without its end. */
static int read_line(struct password *out, int fd, const char *from,
                     smail_error *err)
{
    out->len = 0;
    while (out->len < sizeof(out->text)) {
        ssize_t got = read(fd, out->text + out->len, 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return smail__fail_os(err, SMAIL_EIO, errno, "%s: %s", from,
                                  strerror(errno));
        if (got == 0 || out->text[out->len] == '\n')
            break;
        out->len++;
    }
    if (out->len > 0 && out->len < sizeof(out->text) &&
        out->text[out->len - 1] == '\r')
        out->len--;
    return 0;
}

static int read_file(struct password *out, const char *path, smail_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return smail__fail_os(err,
                              errno == ENOENT ? SMAIL_ENOTFOUND : SMAIL_EIO,
                              errno, "%s: %s", path, strerror(errno));
    rc = read_line(out, fd, path, err);
    close(fd);
    return rc;
}

/* --- From a person ------------------------------------------------------- */

/* False when it was given up with Ctrl-C or Ctrl-D. */
static bool take_keys(struct password *out)
{
    out->len = 0;
    for (;;) {
        unsigned char key;
        ssize_t got = read(STDIN_FILENO, &key, 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || key == CTRL_C || (key == CTRL_D && out->len == 0))
            return false;
        if (key == '\n' || key == '\r')
            return true;
        if (key == CTRL_U)
            out->len = 0;
        else if (key == BACKSPACE || key == DELETE)
            out->len -= out->len > 0;
        else if (out->len < sizeof(out->text))
            out->text[out->len++] = (char)key;
    }
}

/*
 * Keys come one by one, Ctrl-C too, so that the terminal is put back however
 * this ends.
 */
static int ask(struct password *out, const char *prompt, smail_error *err)
{
    struct termios usual, silent;
    bool is_given;

    if (tcgetattr(STDIN_FILENO, &usual) != 0)
        return smail__fail_os(err, SMAIL_EIO, errno, "the terminal: %s",
                              strerror(errno));
    silent = usual;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG);
    silent.c_cc[VMIN] = 1;
    silent.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    fputs(prompt, stderr);
    is_given = take_keys(out);
    fputc('\n', stderr);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
    return is_given ? 0 : smail__fail(err, SMAIL_EINVAL, "no password given");
}

static int ask_twice(struct password *out, smail_error *err)
{
    struct password again;
    int rc = ask(out, "New password: ", err);

    if (rc == 0)
        rc = ask(&again, "Once more: ", err);
    if (rc == 0 &&
        (again.len != out->len || memcmp(again.text, out->text, out->len) != 0))
        rc = smail__fail(err, SMAIL_EINVAL, "the two are not the same");
    smail__wipe(&again, sizeof(again));
    return rc;
}

int password_read(struct password *out, struct ctl *ctl)
{
    const char *path = ctl_option(ctl, "password-file");
    bool is_stdin = ctl_option(ctl, "password-stdin") != NULL;
    int rc;

    if (path != NULL && is_stdin)
        return ctl_usage(ctl, "--password-stdin and --password-file are one "
                              "too many");
    if (path != NULL)
        rc = read_file(out, path, &ctl->err);
    else if (is_stdin)
        rc = read_line(out, STDIN_FILENO, "standard input", &ctl->err);
    else if (isatty(STDIN_FILENO))
        rc = ask_twice(out, &ctl->err);
    else
        return ctl_usage(ctl, "there is no terminal to ask for a password: "
                              "use --password-stdin or --password-file FILE");
    if (rc == 0 && out->len == 0)
        rc = smail__fail(&ctl->err, SMAIL_EINVAL, "the password is empty");
    return rc;
}

int password_read_hash(struct password *out, struct ctl *ctl)
{
    const char *path = ctl_option(ctl, "password-hash-file");
    int rc;

    if (ctl_option(ctl, "password-stdin") != NULL ||
        ctl_option(ctl, "password-file") != NULL)
        return ctl_usage(ctl, "a password and the hash of one are one too "
                              "many");
    if (strcmp(path, "-") == 0)
        rc = read_line(out, STDIN_FILENO, "standard input", &ctl->err);
    else
        rc = read_file(out, path, &ctl->err);
    if (rc == 0 && out->len == 0)
        rc = smail__fail(&ctl->err, SMAIL_EINVAL, "the hash is empty");
    return rc;
}
