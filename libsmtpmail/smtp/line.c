/* SPDX-License-Identifier: MIT */
/*
 * smtp/line.c - one line off the wire (RFC 5321, 2.3.8 and 4.5.3.1.4).
 *
 * A bare LF never ends a line, and a bare CR never stands in one: if it did,
 * two servers in a chain could disagree about where a command begins. A line
 * that holds one is refused as soon as that is seen and dropped up to its
 * CRLF, so that one refused line gives one reply. The same goes for a line
 * that is too long; neither needs memory for the rest.
 */
#include "smtp/line.h"

#include <string.h>

#include <smtpmail/error.h>

#include "base/mem.h"
#include "base/span.h"
#include "smtp/scan.h"

/* A buffer that a long line made bigger than this is not kept. */
#define ROOM_TO_KEEP 2048

void smail__line_init(struct smail__line *line, const smail_mem *mem)
{
    *line = (struct smail__line){ .secret = true };
    smail__buf_init(&line->buf, SIZE_MAX / 2, mem);
}

static void forget(struct smail__line *line)
{
    if (line->secret && line->buf.data != NULL)
        smail__wipe(line->buf.data, line->buf.len);
    if (line->buf.room > ROOM_TO_KEEP)
        smail__buf_dispose(&line->buf);
    line->buf.len = 0;
    line->buf.error = 0;
    line->done = false;
}

void smail__line_reset(struct smail__line *line)
{
    forget(line);
    line->after_cr = false;
    line->skipping = false;
}

void smail__line_dispose(struct smail__line *line)
{
    smail__line_reset(line);
    smail__buf_dispose(&line->buf);
}

static void skip_to_crlf(struct smail__line *line, smail_span *input)
{
    while (input->len > 0 && line->skipping) {
        char byte = input->data[0];

        *input = smail__span_from(*input, 1);
        if (byte == '\n' && line->after_cr)
            line->skipping = false;
        line->after_cr = byte == '\r';
    }
}

static enum smail__line_result refuse(struct smail__line *line,
                                      enum smail__line_result why)
{
    forget(line);
    line->skipping = true;
    return why;
}

static bool keep(struct smail__line *line, smail_span run)
{
    if (run.len == 0)
        return true;
    smail__buf_append(&line->buf, run);
    return smail__buf_error(&line->buf) == 0;
}

/* One byte that is CR, LF or NUL, or anything behind a CR. */
static enum smail__line_result take_special(struct smail__line *line,
                                            smail_span *input)
{
    char byte = input->data[0];

    if (line->after_cr && byte == '\n') {
        *input = smail__span_from(*input, 1);
        line->after_cr = false;
        line->done = true;
        return SMAIL__LINE_READY;
    }
    if (line->after_cr || byte != '\r')
        return refuse(line, SMAIL__LINE_BARE); /* skipping judges the byte */
    *input = smail__span_from(*input, 1);
    line->after_cr = true;
    return SMAIL__LINE_MORE;
}

bool smail__line_whole(smail_span *out, struct smail__line *line, size_t max,
                       smail_span *input)
{
    size_t len;

    if (line->done && (line->secret || line->buf.room > ROOM_TO_KEEP))
        forget(line);
    if (line->done)
        line->buf.len = 0;
    line->done = false;
    if (line->skipping || line->after_cr || line->buf.len > 0)
        return false;
    len = smail__scan_run(*input);
    if (input->len - len < 2 || len + 2 > max || input->data[len] != '\r' ||
        input->data[len + 1] != '\n')
        return false;
    *out = (smail_span){ input->data, len };
    *input = (smail_span){ input->data + len + 2, input->len - len - 2 };
    return true;
}

int smail__line_keep(struct smail__line *line, smail_span text)
{
    line->done = true;
    if (text.len >= line->buf.room)
        return keep(line, text) ? 0 : SMAIL_ENOMEM;
    memcpy(line->buf.data, text.data, text.len);
    line->buf.data[text.len] = '\0';
    line->buf.len = text.len;
    return 0;
}

enum smail__line_result smail__line_next(smail_span *out,
                                         struct smail__line *line, size_t max,
                                         smail_span *input)
{
    enum smail__line_result result = SMAIL__LINE_MORE;

    if (line->done)
        forget(line);
    *out = (smail_span){ "", 0 };
    if (line->skipping)
        skip_to_crlf(line, input);
    while (input->len > 0 && result == SMAIL__LINE_MORE) {
        size_t run = line->after_cr ? 0 : smail__scan_run(*input);
        size_t taken = line->buf.len + 2;
        size_t room = max > taken ? max - taken : 0;

        if (run > room && !line->clip)
            return refuse(line, SMAIL__LINE_LONG);
        if (!keep(line, smail__span_slice(*input, 0, run < room ? run : room)))
            return SMAIL__LINE_NOMEM;
        *input = smail__span_from(*input, run);
        if (input->len > 0)
            result = take_special(line, input);
    }
    if (result == SMAIL__LINE_READY && line->buf.len > 0)
        *out = smail__buf_span(&line->buf);
    return result;
}
