/* SPDX-License-Identifier: MIT */
/* base/buf.c - see base/buf.h. */
#include "base/buf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <smtpmail/error.h>

#include "base/mem.h"
#include "base/span.h"

/* The first allocation: a reply line or a header fits without a second. */
#define SMALLEST_ROOM 128

void smail_buf_dispose(smail_buf *buf)
{
    if (buf == NULL)
        return;
    free(buf->data);
    *buf = (smail_buf)SMAIL_BUF_INIT;
}

void smail__buf_init(struct smail__buf *buf, size_t max, const smail_mem *mem)
{
    *buf = (struct smail__buf){ .max = max, .mem = mem };
}

void smail__buf_dispose(struct smail__buf *buf)
{
    smail__mem_free(buf->mem, buf->data);
    smail__buf_init(buf, buf->max, buf->mem);
}

static size_t grown(size_t room, size_t wanted)
{
    if (room < SMALLEST_ROOM)
        room = SMALLEST_ROOM;
    while (room < wanted)
        room = room > SIZE_MAX / 2 ? wanted : room * 2;
    return room;
}

int smail__buf_reserve(struct smail__buf *buf, size_t len)
{
    size_t wanted = buf->len + len + 1; /* and the NUL */

    if (buf->error != 0)
        return buf->error;
    if (len > buf->max - buf->len || buf->max == SIZE_MAX)
        return buf->error = SMAIL_ELIMIT;
    if (wanted > buf->room) {
        size_t room = grown(buf->room, wanted);

        if (room > buf->max + 1)
            room = buf->max + 1;
        char *data = smail__mem_resize(buf->mem, buf->data, room);

        if (data == NULL)
            return buf->error = SMAIL_ENOMEM;
        buf->data = data;
        buf->room = room;
    }
    return 0;
}

void smail__buf_append(struct smail__buf *buf, smail_span bytes)
{
    if (smail__buf_reserve(buf, bytes.len) != 0)
        return;
    if (bytes.len > 0)
        memcpy(buf->data + buf->len, bytes.data, bytes.len);
    buf->len += bytes.len;
    buf->data[buf->len] = '\0';
}

void smail__buf_puts(struct smail__buf *buf, const char *text)
{
    smail__buf_append(buf, smail__span(text));
}

void smail__buf_putc(struct smail__buf *buf, char byte)
{
    if (buf->error == 0 && buf->len < buf->max && buf->len + 1 < buf->room) {
        buf->data[buf->len++] = byte;
        buf->data[buf->len] = '\0';
        return;
    }
    smail__buf_append(buf, (smail_span){ &byte, 1 });
}

void smail__buf_vprintf(struct smail__buf *buf, const char *format,
                        va_list args)
{
    size_t len = smail__vformat(NULL, 0, format, args);

    if (smail__buf_reserve(buf, len) != 0)
        return;
    (void)smail__vformat(buf->data + buf->len, len + 1, format, args);
    buf->len += len;
}

void smail__buf_printf(struct smail__buf *buf, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    smail__buf_vprintf(buf, format, args);
    va_end(args);
}

void smail__buf_consume(struct smail__buf *buf, size_t len)
{
    assert(len <= buf->len);
    if (len == 0)
        return;
    buf->len -= len;
    memmove(buf->data, buf->data + len, buf->len + 1);
}

void smail__buf_truncate(struct smail__buf *buf, size_t len)
{
    if (len >= buf->len)
        return;
    buf->len = len;
    buf->data[len] = '\0';
}

void smail__buf_clear(struct smail__buf *buf)
{
    smail__buf_truncate(buf, 0);
    buf->error = 0;
}

int smail__buf_error(const struct smail__buf *buf)
{
    return buf->error;
}

smail_span smail__buf_span(const struct smail__buf *buf)
{
    return (smail_span){ buf->data, buf->len };
}

int smail__buf_move(smail_buf *out, struct smail__buf *buf)
{
    assert(buf->mem == NULL || buf->mem == &smail__mem_default);
    if (buf->error == 0)
        (void)smail__buf_reserve(buf, 0); /* even an empty result has a NUL */
    if (buf->error != 0)
        return buf->error;
    buf->data[buf->len] = '\0';
    *out = (smail_buf){ buf->data, buf->len, buf->room };
    smail__buf_init(buf, buf->max, buf->mem);
    return 0;
}
