/* SPDX-License-Identifier: MIT */
/* http/chunk.c - an automaton over octets (RFC 9112, 7.1 to 7.1.2). */
#include "http/chunk.h"

#include "base/span.h"
#include "http/head.h"

enum {
    SIZE,       /* a digit */
    MORE_SIZE,  /* another, or what ends the size */
    SPACE,      /* before an extension */
    NAME_SPACE, /* before its name */
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER, /* a name, or the end */
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    END_LF,
    DONE
};

void smail__http_chunks_begin(struct smail__http_chunks *out, uint64_t max)
{
    *out = (struct smail__http_chunks){ .state = SIZE, .max = max };
}

static int digit_of(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte = smail__lower(byte);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* RFC 9110, 5.5. */
static bool is_text(char byte)
{
    return (unsigned char)byte >= 0x20 ? byte != 0x7f : byte == '\t';
}

static int go(struct smail__http_chunks *chunks, int state)
{
    chunks->state = state;
    return 0;
}

static int read_digit(struct smail__http_chunks *chunks, char byte)
{
    int digit = digit_of(byte);

    if (digit < 0 || ++chunks->digits > SMAIL__HTTP_CHUNK_DIGITS_MAX)
        return 400;
    chunks->left = chunks->left << 4 | (unsigned)digit;
    return go(chunks, MORE_SIZE);
}

/* Behind a size and its extensions. */
static int end_size(struct smail__http_chunks *chunks)
{
    if (chunks->left > chunks->max - chunks->total)
        return 413;
    chunks->total += chunks->left;
    chunks->digits = 0;
    return go(chunks, chunks->left > 0 ? DATA : TRAILER);
}

static int read_extension(struct smail__http_chunks *chunks, char byte)
{
    if (++chunks->extensions > SMAIL__HTTP_EXTENSIONS_MAX)
        return 400;
    switch (chunks->state) {
    case SPACE:
        return is_space(byte) ? 0 : byte == ';' ? go(chunks, NAME_SPACE) : 400;
    case NAME_SPACE:
        if (is_space(byte))
            return 0;
        return smail__http_is_token_byte(byte) ? go(chunks, EXTENSION) : 400;
    default:
        return byte == '\r' ? go(chunks, SIZE_LF) : is_text(byte) ? 0 : 400;
    }
}

static int read_size(struct smail__http_chunks *chunks, char byte)
{
    if (chunks->state == SIZE)
        return read_digit(chunks, byte);
    if (byte == '\r')
        return go(chunks, SIZE_LF);
    if (byte != ';' && !is_space(byte))
        return read_digit(chunks, byte);
    chunks->state = SPACE;
    return read_extension(chunks, byte);
}

static int read_trailer(struct smail__http_chunks *chunks, char byte)
{
    if (++chunks->trailers > SMAIL__HTTP_TRAILERS_MAX)
        return 431;
    switch (chunks->state) {
    case TRAILER:
        if (byte == '\r')
            return go(chunks, END_LF);
        return smail__http_is_token_byte(byte) ? go(chunks, TRAILER_NAME) : 400;
    case TRAILER_NAME:
        if (byte == ':')
            return go(chunks, TRAILER_VALUE);
        return smail__http_is_token_byte(byte) ? 0 : 400;
    case TRAILER_VALUE:
        return byte == '\r' ? go(chunks, TRAILER_LF) : is_text(byte) ? 0 : 400;
    case TRAILER_LF:
        return byte == '\n' ? go(chunks, TRAILER) : 400;
    default:
        return byte == '\n' ? go(chunks, DONE) : 400;
    }
}

static int read_byte(struct smail__http_chunks *chunks, char byte)
{
    switch (chunks->state) {
    case SIZE:
    case MORE_SIZE:
        return read_size(chunks, byte);
    case SPACE:
    case NAME_SPACE:
    case EXTENSION:
        return read_extension(chunks, byte);
    case SIZE_LF:
        return byte == '\n' ? end_size(chunks) : 400;
    case DATA_CR:
        return byte == '\r' ? go(chunks, DATA_LF) : 400;
    case DATA_LF:
        return byte == '\n' ? go(chunks, SIZE) : 400;
    default:
        return read_trailer(chunks, byte);
    }
}

static void take_data(smail_span *piece, struct smail__http_chunks *chunks,
                      smail_span *input, size_t most)
{
    *piece = smail__span_slice(*input, 0, most);
    if (piece->len > chunks->left)
        piece->len = (size_t)chunks->left;
    *input = smail__span_from(*input, piece->len);
    chunks->left -= piece->len;
    if (chunks->left == 0)
        chunks->state = DATA_CR;
}

int smail__http_chunks_read(smail_span *piece,
                            struct smail__http_chunks *chunks,
                            smail_span *input, size_t most)
{
    int status = 0;

    *piece = (smail_span){ "", 0 };
    while (status == 0 && input->len > 0 && chunks->state != DONE) {
        if (chunks->state == DATA) {
            take_data(piece, chunks, input, most);
            return 0;
        }
        status = read_byte(chunks, input->data[0]);
        *input = smail__span_from(*input, 1);
    }
    chunks->is_done = status == 0 && chunks->state == DONE;
    return status;
}
