/* SPDX-License-Identifier: MIT */
/*
 * An mbox in any dialect, read from a pipe and, the same octets, from a file:
 * both must see the same messages. The first octet is the dialect, the second
 * how much a read of the pipe gives.
 */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "transfer/from_line.h"
#include "transfer/mbox.h"
#include "transfer/status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct pipe {
    const uint8_t *data;
    size_t size, at, step;
};

static int64_t read_pipe(char *out, size_t len, void *user, smail_error *err)
{
    struct pipe *pipe = user;
    size_t left = pipe->size - pipe->at;

    (void)err;
    if (len > pipe->step)
        len = pipe->step;
    if (len > left)
        len = left;
    if (len > 0)
        memcpy(out, pipe->data + pipe->at, len);
    pipe->at += len;
    return (int64_t)len;
}

/* What was seen, in a number. */
static uint64_t mix(uint64_t sum, smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        sum = (sum ^ (unsigned char)text.data[i]) * UINT64_C(1099511628211);
    return sum;
}

static uint64_t read_all(struct smail__input *input,
                         enum smail__dialect dialect, size_t most)
{
    uint64_t sum = UINT64_C(14695981039346656037);
    struct smail__mbox mbox;
    struct smail__buf piece, keywords;
    size_t total = 0, messages = 0;

    smail__mbox_init(&mbox, input, dialect);
    smail__buf_init(&piece, 4 * SMAIL__INPUT_PIECE, NULL);
    smail__buf_init(&keywords, SMAIL__STATUS_MAX, NULL);
    while (smail__mbox_next(&mbox, NULL) > 0) {
        sum = mix(sum + (uint64_t)mbox.time + mbox.offset,
                  (smail_span){ "|", 1 });
        smail__buf_clear(&keywords);
        for (bool is_first = true; smail__mbox_read(&piece, &mbox, NULL) > 0;
             is_first = false) {
            if (is_first)
                (void)smail__status_read(&keywords,
                                         (smail_span){ piece.data, piece.len });
            total += piece.len;
            sum = mix(sum, (smail_span){ piece.data, piece.len });
            smail__buf_clear(&piece);
        }
        /* Every message takes octets of its own; a line end may grow. */
        if (total > 2 * most + 2 || ++messages > most)
            abort();
    }
    smail__mbox_dispose(&mbox);
    smail__buf_dispose(&piece);
    smail__buf_dispose(&keywords);
    return sum;
}

static int file_of(const uint8_t *data, size_t size)
{
    int fd = memfd_create("mbox", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
        lseek(fd, 0, SEEK_SET) != 0)
        abort();
    return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pipe pipe;
    struct smail__input input;
    enum smail__dialect dialect;
    uint64_t first;
    int fd;

    if (size < 2)
        return 0;
    dialect = (enum smail__dialect)(data[0] % 6);
    pipe = (struct pipe){ data + 2, size - 2, 0, (size_t)data[1] + 1 };
    if (smail__input_open(&input, -1, read_pipe, &pipe, NULL) != 0)
        abort();
    first = read_all(&input, dialect, pipe.size);
    smail__input_close(&input);
    fd = file_of(pipe.data, pipe.size);
    if (smail__input_open(&input, fd, NULL, NULL, NULL) != 0 ||
        read_all(&input, dialect, pipe.size) != first)
        abort();
    smail__input_close(&input);
    close(fd);
    return 0;
}
