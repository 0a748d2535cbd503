/* SPDX-License-Identifier: MIT */
#include "out.h"

#include <errno.h>
#include <unistd.h>

#define OUT_MAX ((size_t)1 << 30)
#define OUT_FLUSH ((size_t)32 << 10)

void out_init(struct out *out)
{
    *out = (struct out){ .failure = 0 };
    smail__buf_init(&out->buf, OUT_MAX, NULL);
}

void out_dispose(struct out *out)
{
    smail__buf_dispose(&out->buf);
}

int out_bytes(struct out *out, smail_span bytes)
{
    while (bytes.len > 0 && out->failure == 0 && !out->is_closed) {
        ssize_t written = write(STDOUT_FILENO, bytes.data, bytes.len);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            out->is_closed = errno == EPIPE;
            out->failure = out->is_closed ? 0 : errno;
            break;
        }
        bytes.data += written;
        bytes.len -= (size_t)written;
    }
    return out->failure != 0 || out->is_closed ? 1 : 0;
}

int out_flush(struct out *out)
{
    int rc = out_bytes(out, smail__buf_span(&out->buf));

    if (smail__buf_error(&out->buf) != 0 && out->failure == 0) {
        out->failure = ENOMEM;
        rc = 1;
    }
    smail__buf_clear(&out->buf);
    return rc;
}

int out_offer(struct out *out)
{
    if (out->buf.len < OUT_FLUSH)
        return out->failure != 0 || out->is_closed ? 1 : 0;
    return out_flush(out);
}
