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
 * Content is mostly plain text, so blocks of 64 bytes are first judged as a
 * whole by bit masks, one bit a byte. Only a block with something to drop or
 * to refuse goes through the table.
 */
#include "smtp/data.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/span.h"

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

static unsigned column(char byte)
{
    switch (byte) {
    case '\r':
        return 0;
    case '\n':
        return 1;
    case '.':
        return 2;
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

/* Bit i tells whether byte i of the block is `byte`. */
#if defined(__SSE2__)
static uint64_t mask_of(const char *block, char byte)
{
    __m128i wanted = _mm_set1_epi8(byte);
    uint64_t mask = 0;

    for (unsigned i = 0; i < BLOCK; i += 16) {
        __m128i part = _mm_loadu_si128((const __m128i *)(block + i));
        unsigned bits =
            (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(part, wanted));

        mask |= (uint64_t)bits << i;
    }
    return mask;
}
#else
/* Eight bytes, the first in the low bits whatever we run on. */
static uint64_t load(const char *at)
{
    const unsigned char *byte = (const unsigned char *)at;

    return (uint64_t)byte[0] | (uint64_t)byte[1] << 8 |
           (uint64_t)byte[2] << 16 | (uint64_t)byte[3] << 24 |
           (uint64_t)byte[4] << 32 | (uint64_t)byte[5] << 40 |
           (uint64_t)byte[6] << 48 | (uint64_t)byte[7] << 56;
}

static uint64_t mask_of(const char *block, char byte)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t lows = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t mask = 0;

    for (unsigned i = 0; i < BLOCK; i += 8) {
        uint64_t word = load(block + i) ^ ones * (unsigned char)byte;

        word = ~(((word & lows) + lows) | word | lows); /* 0x80 where equal */
        mask |= (word >> 7) * UINT64_C(0x0102040810204080) >> 56 << i;
    }
    return mask;
}
#endif

/*
 * True if all of the block is content, that is: each LF behind a CR, each CR
 * before an LF, no NUL, no dot at the start of a line. Then moves the state.
 */
static bool is_plain_block(unsigned char *state, const char *block)
{
    uint64_t cr = mask_of(block, '\r');
    uint64_t lf = mask_of(block, '\n');
    uint64_t after_cr = cr << 1 | (*state == CR);
    uint64_t line_start = lf << 1 | (*state == LINE_START);

    if (lf != after_cr || mask_of(block, '\0') != 0 ||
        (mask_of(block, '.') & line_start) != 0)
        return false;
    if (cr >> (BLOCK - 1) != 0)
        *state = CR;
    else
        *state = lf >> (BLOCK - 1) != 0 ? LINE_START : IN_LINE;
    return true;
}

/* The length of the blocks at the front of `input` that are all content. */
static size_t skip_plain_blocks(struct smail__data *data, smail_span input)
{
    size_t len = 0;

    if (data->state != LINE_START && data->state != IN_LINE &&
        data->state != CR)
        return 0;
    while (input.len - len >= BLOCK &&
           is_plain_block(&data->state, input.data + len))
        len += BLOCK;
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
        if (len == input->len)
            break;

        unsigned char to = transitions[data->state][column(input->data[len])];

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

/* Refused already: only the end matters. */
static enum smail__data_result next_refused(struct smail__data *data,
                                            smail_span *input)
{
    while (input->len > 0 && data->state != END) {
        data->state = transitions[data->state][column(input->data[0])] & STATE;
        take(input, 1);
    }
    return data->state == END ? SMAIL__DATA_END : SMAIL__DATA_MORE;
}

static size_t text_run(smail_span input)
{
    size_t len = 0;

    while (len < input.len && column(input.data[len]) != 0 &&
           column(input.data[len]) != 1 && column(input.data[len]) != 3)
        len++;
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
    unsigned char to = transitions[data->state][column(byte)];
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
        bool stuffed = data->state == LINE_START && input->data[0] == '.';
        size_t len = 0;

        if (!stuffed && data->state != CR && data->state != DOT_CR)
            len = text_run(*input);
        if (len == 0) {
            result = take_normalized(chunk, data, input);
            continue;
        }
        data->state = IN_LINE;
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
