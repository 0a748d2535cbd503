/* SPDX-License-Identifier: MIT */
/* transfer/input.c - see transfer/input.h. */
#define _GNU_SOURCE /* O_TMPFILE */
#include "transfer/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/span.h"

static int64_t read_fd(char *out, size_t len, void *user, smail_error *err)
{
    const struct smail__input *input = user;
    ssize_t got;

    do
        got = read(input->fd, out, len);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return smail__fail_os(err, SMAIL_EIO, errno, "cannot read: %s",
                              strerror(errno));
    return got;
}

int smail__input_open(struct smail__input *input, int fd,
                      int64_t (*read)(char *out, size_t len, void *user,
                                      smail_error *err),
                      void *user, smail_error *err)
{
    *input = (struct smail__input){
        .read = read, .user = user, .fd = fd, .spool = -1
    };
    if (read == NULL) {
        input->read = read_fd;
        input->user = input;
        /* Only from the start on do our offsets say where pread() reads. */
        input->can_seek = lseek(fd, 0, SEEK_CUR) == 0;
    }
    input->data = malloc(SMAIL__INPUT_PIECE);
    return input->data != NULL ? 0
                               : smail__fail(err, SMAIL_ENOMEM, "no memory");
}

void smail__input_close(struct smail__input *input)
{
    if (input->spool >= 0)
        close(input->spool);
    free(input->data);
    input->spool = -1;
    input->data = NULL;
}

/* --- What was read ahead ------------------------------------------------- */

static int open_spool(struct smail__input *input, smail_error *err)
{
    const char *folder = getenv("TMPDIR");

    if (folder == NULL || folder[0] == '\0')
        folder = "/var/tmp"; /* /tmp is memory on many a system */
    input->spool = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (input->spool < 0) {
        char path[] = "/tmp/smtpmail-XXXXXX";

        input->spool = mkostemp(path, O_CLOEXEC);
        if (input->spool >= 0)
            unlink(path);
    }
    if (input->spool < 0)
        return smail__fail_os(err, SMAIL_EIO, errno,
                              "cannot make a temporary file in %s: %s", folder,
                              strerror(errno));
    return 0;
}

static int64_t pread_some(char *out, size_t len, int fd, uint64_t offset,
                          smail_error *err)
{
    size_t done = 0;

    while (done < len) {
        ssize_t got = pread(fd, out + done, len - done, (off_t)(offset + done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return smail__fail_os(err, SMAIL_EIO, errno, "cannot read: %s",
                                  strerror(errno));
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (int64_t)done;
}

static int append_to_spool(struct smail__input *input, const char *data,
                           size_t len, smail_error *err)
{
    size_t done = 0;

    while (done < len) {
        ssize_t put = pwrite(input->spool, data + done, len - done,
                             (off_t)input->spool_end);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return smail__fail_os(err, SMAIL_EIO, errno,
                                  "cannot write a temporary file: %s",
                                  strerror(errno));
        done += (size_t)put;
        input->spool_end += (uint64_t)put;
    }
    return 0;
}

/* Until `wanted` octets are kept, or there is no more: 0. */
static int read_ahead(struct smail__input *input, uint64_t wanted,
                      smail_error *err)
{
    char piece[16384];
    int code = input->spool < 0 ? open_spool(input, err) : 0;

    while (code == 0 && input->spool_end - input->spool_at < wanted) {
        int64_t got = input->read(piece, sizeof(piece), input->user, err);

        if (got <= 0)
            return (int)got;
        input->taken += (uint64_t)got;
        code = append_to_spool(input, piece, (size_t)got, err);
    }
    return code;
}

static int64_t read_next(char *out, size_t len, struct smail__input *input,
                         smail_error *err)
{
    uint64_t kept = input->spool_end - input->spool_at;
    int64_t got;

    if (kept == 0) {
        got = input->read(out, len, input->user, err);
        if (got > 0)
            input->taken += (uint64_t)got;
        return got;
    }
    got = pread_some(out, len < kept ? len : (size_t)kept, input->spool,
                     input->spool_at, err);
    if (got <= 0)
        return got;
    input->spool_at += (uint64_t)got;
    if (input->spool_at == input->spool_end) {
        input->spool_at = input->spool_end = 0;
        if (ftruncate(input->spool, 0) != 0)
            return smail__fail_os(err, SMAIL_EIO, errno,
                                  "cannot empty a temporary file");
    }
    return got;
}

/* --- Lines --------------------------------------------------------------- */

static smail_span rest_of(const struct smail__input *input)
{
    return (smail_span){ input->data + input->at, input->end - input->at };
}

/* Read more behind what is there. */
static int more(struct smail__input *input, smail_error *err)
{
    smail_span rest = rest_of(input);
    int64_t got;

    if (input->at > 0)
        memmove(input->data, rest.data, rest.len);
    input->at = 0;
    input->end = rest.len;
    if (input->end == SMAIL__INPUT_PIECE)
        return 0;
    got = read_next(input->data + input->end, SMAIL__INPUT_PIECE - input->end,
                    input, err);
    if (got < 0)
        return (int)got;
    input->is_over = got == 0;
    input->end += (size_t)got;
    return 1;
}

int smail__input_fill(struct smail__input *input, smail_error *err)
{
    int code = 1;

    while (code > 0 && !input->is_over) {
        smail_span rest = rest_of(input);

        if (smail__span_find(rest, '\n') < rest.len)
            return 0;
        code = more(input, err);
    }
    return code < 0 ? code : 0;
}

int smail__input_have(struct smail__input *input, size_t len, smail_error *err)
{
    int code = 1;

    while (code > 0 && !input->is_over && input->end - input->at < len)
        code = more(input, err);
    return code < 0 ? code : 0;
}

smail_span smail__input_piece(const struct smail__input *input)
{
    smail_span rest = rest_of(input);
    size_t end = smail__span_find(rest, '\n');

    return smail__span_slice(rest, 0, end < rest.len ? end + 1 : end);
}

void smail__input_take(struct smail__input *input, size_t len)
{
    input->at += len;
    input->offset += len;
}

int64_t smail__input_peek(char *out, size_t len, struct smail__input *input,
                          uint64_t ahead, smail_error *err)
{
    smail_span rest = rest_of(input);
    smail_span here = smail__span_slice(
        rest, ahead < rest.len ? (size_t)ahead : rest.len, len);
    uint64_t beyond = ahead > rest.len ? ahead - rest.len : 0;
    int64_t more;
    int code = 0;

    if (here.len > 0)
        memcpy(out, here.data, here.len);
    if (here.len == len)
        return (int64_t)len;
    out += here.len;
    len -= here.len;
    if (input->can_seek) {
        more = pread_some(out, len, input->fd,
                          input->offset + rest.len + beyond, err);
    } else {
        uint64_t kept;

        code = read_ahead(input, beyond + len, err);
        if (code < 0)
            return code;
        kept = input->spool_end - input->spool_at;
        if (beyond >= kept)
            return (int64_t)here.len;
        more = pread_some(out, len < kept - beyond ? len : kept - beyond,
                          input->spool, input->spool_at + beyond, err);
    }
    return more < 0 ? more : (int64_t)here.len + more;
}
