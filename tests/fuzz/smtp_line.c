/* SPDX-License-Identifier: MIT */
/*
 * fuzz/smtp_line.c - any bytes as lines (RFC 5321, 2.3.8).
 *
 * The first octet is the limit of a line, the second how many octets arrive at
 * once. What comes out must be the same as when all arrives at once, and as a
 * reader says that is too simple to be wrong.
 */
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "smtp/line.h"
#include "smtp/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reader {
    struct smail__line line;
    size_t max;
    smail_span rest; /* arrives later */
    smail_span here; /* has arrived */
    size_t step;
};

static enum smail__line_result next(smail_span *text, struct reader *reader)
{
    for (;;) {
        enum smail__line_result result =
            smail__line_next(text, &reader->line, reader->max, &reader->here);

        if (result != SMAIL__LINE_MORE)
            return result;
        if (reader->here.len != 0)
            abort(); /* it wants more without having looked at all */
        if (reader->rest.len == 0)
            return result;
        reader->here = smail__span_slice(reader->rest, 0, reader->step);
        reader->rest = smail__span_from(reader->rest, reader->step);
    }
}

/* The line at the front of `input` as one reads the RFC; moves behind it. */
static enum smail__line_result simple(smail_span *text, smail_span *input,
                                      size_t max)
{
    enum smail__line_result result = SMAIL__LINE_MORE;
    size_t i = 0;

    for (; i < input->len; i++) {
        char byte = input->data[i];
        bool ends = byte == '\r' && i + 1 < input->len;

        if (ends && input->data[i + 1] == '\n')
            break;
        if (result != SMAIL__LINE_MORE)
            continue;
        if (byte == '\n' || byte == '\0' || ends)
            result = SMAIL__LINE_BARE;
        else if (byte != '\r' && i + 3 > max)
            result = SMAIL__LINE_LONG;
    }
    if (result == SMAIL__LINE_MORE && i < input->len)
        result = SMAIL__LINE_READY;
    *text = smail__span_slice(*input, 0, i);
    *input = smail__span_from(*input, i + 2);
    return result;
}

static void check_text(smail_span text, size_t max)
{
    if (text.len + 2 > max || smail__scan_run(text) != text.len ||
        text.data[text.len] != '\0')
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum smail__line_result result, expected;
    struct reader reader;
    smail_span text, model, input;

    if (size < 2)
        return 0;
    input = (smail_span){ (const char *)data + 2, size - 2 };
    reader = (struct reader){ .max = 2 + (size_t)data[0],
                              .rest = input,
                              .here = { "", 0 },
                              .step = 1 + (size_t)data[1] };
    smail__line_init(&reader.line, NULL);
    do {
        result = next(&text, &reader);
        expected = simple(&model, &input, reader.max);
        if (result != expected ||
            (result == SMAIL__LINE_READY && !smail__span_equal(text, model)))
            abort();
        if (result == SMAIL__LINE_READY)
            check_text(text, reader.max);
    } while (result != SMAIL__LINE_MORE);
    smail__line_dispose(&reader.line);
    return 0;
}
