/* SPDX-License-Identifier: MIT */
/*
 * fuzz/http_chunk.c - any bytes as a body in chunks. Read at once, and octet
 * by octet, it is the same body, and what is written anew reads as that too.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/span.h"
#include "http/chunk.h"

#define MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run(struct smail__buf *body, size_t *used, smail_span text,
               size_t step)
{
    struct smail__http_chunks chunks;
    size_t whole = text.len;
    int status = 0;

    smail__buf_init(body, MAX, NULL);
    smail__http_chunks_begin(&chunks, MAX);
    while (status == 0 && text.len > 0 && !chunks.is_done) {
        smail_span input = smail__span_slice(text, 0, step), piece;
        size_t had = input.len;

        status = smail__http_chunks_read(&piece, &chunks, &input, step);
        if (status == 0 && piece.len == 0 && input.len > 0 && !chunks.is_done)
            abort();
        smail__buf_append(body, piece);
        text = smail__span_from(text, had - input.len);
    }
    *used = whole - text.len;
    if (body->len > MAX || (status == 0 && smail__buf_error(body) != 0))
        abort();
    return status != 0 ? status : chunks.is_done ? 200 : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    smail_span text = { (const char *)data, size };
    struct smail__buf one, two, anew;
    size_t used, again;
    int status = run(&one, &used, text, size > 0 ? size : 1);

    if (run(&two, &again, text, 1) != status || again != used ||
        one.len != two.len ||
        (one.len > 0 && memcmp(one.data, two.data, one.len) != 0))
        abort();
    smail__buf_dispose(&two);
    if (status == 200) {
        smail__buf_init(&anew, 2 * MAX, NULL);
        if (one.len > 0) {
            smail__buf_printf(&anew, "%zx\r\n", one.len);
            smail__buf_append(&anew, smail__buf_span(&one));
            smail__buf_puts(&anew, "\r\n");
        }
        smail__buf_puts(&anew, "0\r\n\r\n");
        if (run(&two, &again, smail__buf_span(&anew), 7) != 200 ||
            again != anew.len || one.len != two.len ||
            (one.len > 0 && memcmp(one.data, two.data, one.len) != 0))
            abort();
        smail__buf_dispose(&two);
        smail__buf_dispose(&anew);
    }
    smail__buf_dispose(&one);
    return 0;
}
