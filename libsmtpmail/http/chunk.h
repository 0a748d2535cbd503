/* SPDX-License-Identifier: MIT */
/*
 * http/chunk.h - a body in chunks (RFC 9112, 7.1), read so that nobody reads
 * it otherwise: sizes are digits alone, lines end by CRLF, and what is passed
 * over (extensions, trailers) is well formed and short.
 */
#ifndef SMAIL__HTTP_CHUNK_H
#define SMAIL__HTTP_CHUNK_H

#include <smtpmail/base.h>

/* Hexadecimal digits of a size, zeros in front included. */
#define SMAIL__HTTP_CHUNK_DIGITS_MAX 15

/* Octets of all extensions of a body: nobody sends any. */
#define SMAIL__HTTP_EXTENSIONS_MAX 1024

/* Octets of the trailer section. */
#define SMAIL__HTTP_TRAILERS_MAX 4096

struct smail__http_chunks {
    int state;
    unsigned digits;
    uint64_t left;  /* of the chunk */
    uint64_t total; /* of the body, the chunk included */
    uint64_t max;
    size_t extensions, trailers; /* octets so far */
    bool is_done;
};

/* A body of at most `max` octets. */
void smail__http_chunks_begin(struct smail__http_chunks *out, uint64_t max);

/*
 * Take from the front of `input` until there is a piece of the body, of at
 * most `most` octets, or the body or the input ends; what is behind the body
 * stays. 0, or the status to refuse with: 400, 413, or 431 for trailers.
 */
int smail__http_chunks_read(smail_span *piece,
                            struct smail__http_chunks *chunks,
                            smail_span *input, size_t most);

#endif
