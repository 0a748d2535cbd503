/* SPDX-License-Identifier: MIT */
/*
 * smtp/data.c - message content on the wire (RFC 5321, 4.1.1.4 and 4.5.2).
 *
 * One byte decides the next state; * marks a byte that stands where it may
 * not (RFC 5321, 2.3.8), and "drop" one that is not content:
 *
 *                  CR            LF           .            NUL       other
 *    LINE_START    CR            IN_LINE *    DOT drop     IN_LINE * IN_LINE
 *    IN_LINE       CR            IN_LINE *    IN_LINE      IN_LINE * IN_LINE
 *    CR            CR *          LINE_START   IN_LINE *    IN_LINE * IN_LINE *
 *    DOT           DOT_CR drop   IN_LINE *    IN_LINE      IN_LINE * IN_LINE
 *    DOT_CR        CR *          END drop     IN_LINE *    IN_LINE * IN_LINE *
 *
 * A lone CR or LF is refused and not repaired: a server that is kinder than
 * the next one in the chain lets a sender smuggle a second message inside the
 * first. After one the message only goes on to its true CRLF.CRLF.
 *
 * `normalize` repairs, for submission by one's own users, but even then a dot
 * is stuffing, and CRLF.CRLF the end, only behind a true CRLF.
 *
 * Counted content, of BDAT (RFC 3030, 2), has no stuffing and no end of its
 * own: a dot is a byte like any other.
 *
 * Content is mostly plain text, so as many blocks of 64 bytes as hold nothing
 * to drop or to refuse are taken as a whole; only the others go through the
 * table.
 */
#include "smtp/data.h"

#include "base/span.h"
#include "smtp/scan.h"

enum state { LINE_START, IN_LINE, CR, DOT, DOT_CR, END };

#define STATE 7    /* bits of the table that hold the next state */
#define BARE 8     /* the byte stands where it may not */
#define DROPPED 16 /* the byte is not content */
#define BLOCK 64

/* clang-format off */
static const unsigned char transitions[][5] = {
    [LINE_START] = { CR, IN_LINE | BARE, DOT | DROPPED,
                     IN_LINE | BARE, IN_LINE },
    [IN_LINE]    = { CR, IN_LINE | BARE, IN_LINE,
                     IN_LINE | BARE, IN_LINE },
    [CR]         = { CR | BARE, LINE_START, IN_LINE | BARE,
                     IN_LINE | BARE, IN_LINE | BARE },
    [DOT]        = { DOT_CR | DROPPED, IN_LINE | BARE, IN_LINE,
                     IN_LINE | BARE, IN_LINE },
    [DOT_CR]     = { CR | BARE, END | DROPPED, IN_LINE | BARE,
                     IN_LINE | BARE, IN_LINE | BARE },
};
/* clang-format on */

static unsigned column(const struct smail__data *data, char byte)
{
    switch (byte) {
    case '\r':
        return 0;
    case '\n':
        return 1;
    case '.':
        return data->counted ? 4 : 2;
    case '\0':
        return 3;
    default:
        return 4;
    }
}

void smail__data_init(struct smail__data *data, bool normalize)
{
    *data = (struct smail__data){ .state = LINE_START, .normalize = normalize };
}

/* What may not stand behind an LF; NUL, which may stand nowhere, is nothing. */
static char stuffing(const struct smail__data *data)
{
    return data->counted ? '\0' : '.';
}

/* Whether `byte` may come now and be content. */
static bool is_plain(const struct smail__data *data, char byte)
{
    unsigned char to;

    if (data->state != LINE_START && data->state != IN_LINE &&
        data->state != CR)
        return false;
    to = transitions[data->state][column(data, byte)];
    return (to & (BARE | DROPPED)) == 0;
}

/* The length of the blocks at the front of `input` that are all content. */
static size_t skip_plain_blocks(struct smail__data *data, smail_span input)
{
    size_t len;

    if (input.len <= BLOCK || !is_plain(data, input.data[0]))
        return 0;
    len = smail__scan_plain(input, stuffing(data));
    if (len == 0)
        return 0;
    if (input.data[len - 1] == '\r')
        data->state = CR;
    else
        data->state = input.data[len - 1] == '\n' ? LINE_START : IN_LINE;
    return len;
}

/* Text within a line, or the front of one. */
static size_t skip_text(struct smail__data *data, smail_span input)
{
    size_t len;

    if (data->state == CR || data->state == DOT_CR || input.len == 0 ||
        (data->state == LINE_START && !data->counted && input.data[0] == '.'))
        return 0;
    len = smail__scan_run(input);
    if (len > 0)
        data->state = IN_LINE;
    return len;
}

static void take(smail_span *input, size_t len)
{
    *input = smail__span_from(*input, len);
}

/* The strict way: content as it stands, up to the first byte out of place. */
static enum smail__data_result next_strict(smail_span *chunk,
                                           struct smail__data *data,
                                           smail_span *input)
{
    size_t len = 0;     /* of the run so far */
    size_t slow_to = 0; /* the table has to go this far before blocks again */

    for (;;) {
        if (len >= slow_to) {
            len += skip_plain_blocks(data, smail__span_from(*input, len));
            slow_to = len + BLOCK;
        }
        len += skip_text(data, smail__span_from(*input, len));
        if (len == input->len)
            break;

        unsigned char to =
            transitions[data->state][column(data, input->data[len])];

        if ((to & (BARE | DROPPED)) != 0 && len > 0)
            break; /* hand the run over first, come back for this byte */
        data->state = to & STATE;
        if ((to & BARE) != 0) {
            data->bare = true;
            take(input, 1);
            return SMAIL__DATA_MORE;
        }
        if ((to & DROPPED) != 0) {
            take(input, 1);
            if (data->state == END)
                return SMAIL__DATA_END;
            slow_to = 0;
            continue;
        }
        len++;
    }
    *chunk = smail__span_slice(*input, 0, len);
    take(input, len);
    return len > 0 ? SMAIL__DATA_CONTENT : SMAIL__DATA_MORE;
}

/* Refused already: only the end matters, and counted content has none. */
static enum smail__data_result next_refused(struct smail__data *data,
                                            smail_span *input)
{
    if (data->counted)
        take(input, input->len);
    while (input->len > 0 && data->state != END) {
        data->state =
            transitions[data->state][column(data, input->data[0])] & STATE;
        take(input, 1);
    }
    return data->state == END ? SMAIL__DATA_END : SMAIL__DATA_MORE;
}

/* What can be passed on before a byte that matters to normalize() comes. */
static size_t text_run(struct smail__data *data, smail_span input)
{
    size_t len = skip_plain_blocks(data, input);

    if (len > 0 && data->state == CR) /* held back, as any other */
        len--;
    if (len == 0)
        len = smail__scan_run(input);
    if (len > 0)
        data->state = input.data[len - 1] == '\n' ? LINE_START : IN_LINE;
    return len;
}

/*
 * One byte in a place that matters. A CR is held back until its LF, or
 * something else, has come; `chunk` becomes the CRLF that either stands for.
 */
static enum smail__data_result take_normalized(smail_span *chunk,
                                               struct smail__data *data,
                                               smail_span *input)
{
    char byte = input->data[0];
    unsigned char to = transitions[data->state][column(data, byte)];
    bool held = data->state == CR || data->state == DOT_CR;

    if ((to & STATE) == END) {
        data->state = END;
        take(input, 1);
        return SMAIL__DATA_END;
    }
    if (held && byte != '\n') {
        *chunk = SMAIL__SPAN("\r\n"); /* for the CR; the byte comes next */
        data->state = IN_LINE;
        return SMAIL__DATA_CONTENT;
    }
    if (byte == '\0')
        data->bare = true;
    if (byte == '\n')
        *chunk = SMAIL__SPAN("\r\n");
    data->state = to & STATE;
    take(input, 1);
    return byte == '\n' ? SMAIL__DATA_CONTENT : SMAIL__DATA_MORE;
}

static enum smail__data_result next_normalized(smail_span *chunk,
                                               struct smail__data *data,
                                               smail_span *input)
{
    enum smail__data_result result = SMAIL__DATA_MORE;

    while (input->len > 0 && result == SMAIL__DATA_MORE && !data->bare) {
        bool stuffed = data->state == LINE_START && !data->counted &&
                       input->data[0] == '.';
        size_t len = 0;

        if (!stuffed && data->state != CR && data->state != DOT_CR)
            len = text_run(data, *input);
        if (len == 0) {
            result = take_normalized(chunk, data, input);
            continue;
        }
        *chunk = smail__span_slice(*input, 0, len);
        take(input, len);
        return SMAIL__DATA_CONTENT;
    }
    return result;
}

enum smail__data_result smail__data_next(smail_span *chunk,
                                         struct smail__data *data,
                                         smail_span *input)
{
    enum smail__data_result result = SMAIL__DATA_MORE;

    *chunk = (smail_span){ input->data, 0 };
    if (!data->bare)
        result = data->normalize ? next_normalized(chunk, data, input)
                                 : next_strict(chunk, data, input);
    if (data->bare)
        result = next_refused(data, input);
    return result;
}

enum smail__data_result smail__data_close(smail_span *chunk,
                                          struct smail__data *data)
{
    *chunk = (smail_span){ "", 0 };
    if (data->bare || data->state != CR)
        return SMAIL__DATA_END;
    data->state = LINE_START;
    if (!data->normalize) {
        data->bare = true;
        return SMAIL__DATA_END;
    }
    *chunk = SMAIL__SPAN("\r\n");
    return SMAIL__DATA_CONTENT;
}
