/* SPDX-License-Identifier: MIT */
/*
 * fuzz/smtp_data.c - any bytes as content (RFC 5321, 4.1.1.4 and 4.5.2).
 *
 * The first octet says whether line ends are mended, the second how many
 * octets arrive at once. Where the content ends, whether it is refused and
 * what it is must be what an octet by octet reader says, which looks for
 * CRLF.CRLF by comparing five octets.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/span.h"
#include "smtp/data.h"

#define CONTENT_MAX (4 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    struct smail__buf content;
    size_t used; /* octets of the input, the end included */
    bool ended;
    bool bare;
};

/* Whether `what` stands at `at`; before the input stands a CRLF. */
static bool stands(smail_span input, size_t at, const char *what)
{
    for (size_t i = 0; what[i] != '\0'; i++) {
        char byte = '\0';

        if (at + i < 2)
            byte = "\r\n"[at + i];
        else if (at + i - 2 < input.len)
            byte = input.data[at + i - 2];
        else
            return false;
        if (byte != what[i])
            return false;
    }
    return true;
}

/* A CR that nothing follows yet, and that may be part of the end or mended. */
static bool is_held(smail_span input, size_t at, bool normalize)
{
    if (at + 1 < input.len + 2 || !stands(input, at, "\r"))
        return false;
    return normalize || (at >= 3 && stands(input, at - 3, "\r\n."));
}

/* As one reads the RFC. `at` counts from the CRLF before the input. */
static void simple(struct outcome *out, smail_span input, bool normalize)
{
    size_t at = 2;

    for (; at < input.len + 2; at++) {
        char byte = input.data[at - 2];
        bool after_crlf = stands(input, at - 2, "\r\n");
        bool crlf = stands(input, at, "\r\n");

        if (after_crlf && stands(input, at, ".\r\n")) {
            out->ended = true;
            at += 3;
            break;
        }
        /* A CR at the very end is not judged yet. */
        if (byte == '\r' && !crlf && at + 1 < input.len + 2 && !normalize)
            out->bare = true;
        if ((byte == '\n' && !stands(input, at - 1, "\r\n") && !normalize) ||
            byte == '\0')
            out->bare = true;
        if (out->bare || (byte == '.' && after_crlf))
            continue;
        if (is_held(input, at, normalize))
            continue;
        if (!normalize || (byte != '\r' && byte != '\n'))
            smail__buf_putc(&out->content, byte);
        else if (byte == '\r' || !stands(input, at - 1, "\r\n"))
            smail__buf_puts(&out->content, "\r\n");
    }
    out->used = at - 2;
}

static void real(struct outcome *out, smail_span input, size_t step,
                 bool normalize)
{
    smail_span rest = input;
    struct smail__data data;

    smail__data_init(&data, normalize);
    while (rest.len > 0 && !out->ended) {
        smail_span here = smail__span_slice(rest, 0, step);
        enum smail__data_result result = SMAIL__DATA_CONTENT;
        smail_span chunk;
        size_t arrived = here.len;

        while (here.len > 0 && !out->ended) {
            result = smail__data_next(&chunk, &data, &here);
            if (result == SMAIL__DATA_CONTENT && chunk.len == 0)
                abort();
            if (result == SMAIL__DATA_CONTENT && data.bare)
                abort();
            if (result == SMAIL__DATA_CONTENT)
                smail__buf_append(&out->content, chunk);
            out->ended = result == SMAIL__DATA_END;
        }
        rest = smail__span_from(rest, arrived - here.len);
    }
    out->used = input.len - rest.len;
    out->bare = data.bare;
}

/* Once refused, what was handed over before does not matter. */
static void compare(const struct outcome *a, const struct outcome *b)
{
    if (a->ended != b->ended || a->used != b->used || a->bare != b->bare)
        abort();
    if (!a->bare && !smail__span_equal(smail__buf_span(&a->content),
                                       smail__buf_span(&b->content)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct outcome whole = { .ended = false }, parts = whole, model = whole;
    smail_span input;
    bool normalize;

    if (size < 2)
        return 0;
    input = (smail_span){ (const char *)data + 2, size - 2 };
    normalize = (data[0] & 1) != 0;
    smail__buf_init(&whole.content, CONTENT_MAX, NULL);
    smail__buf_init(&parts.content, CONTENT_MAX, NULL);
    smail__buf_init(&model.content, CONTENT_MAX, NULL);
    real(&whole, input, input.len, normalize);
    real(&parts, input, 1 + (size_t)data[1], normalize);
    simple(&model, input, normalize);
    compare(&whole, &parts);
    compare(&whole, &model);
    smail__buf_dispose(&whole.content);
    smail__buf_dispose(&parts.content);
    smail__buf_dispose(&model.content);
    return 0;
}
