/* SPDX-License-Identifier: MIT */
/* transfer/quote.c - the quoting of mboxrd, as octets come. */
#include <string.h>

#include "base/span.h"
#include "transfer/export.h"

static const char from[] = "From ";

static void put(struct smail__buf *out, const char *data, size_t len)
{
    if (out != NULL)
        smail__buf_append(out, (smail_span){ data, len });
}

/* The '>' goes behind those that are there: it is the same line. */
static void at_start(struct smail__buf *out, struct smail__quoter *quoter,
                     smail_span *octets)
{
    char byte = octets->data[0];

    if (byte == '>' && quoter->matched == 0) {
        put(out, ">", 1);
        *octets = smail__span_from(*octets, 1);
    } else if (byte == from[quoter->matched]) {
        *octets = smail__span_from(*octets, 1);
        if (++quoter->matched < 5)
            return;
        put(out, ">From ", 6);
        quoter->added++;
        quoter->matched = 0;
        quoter->inside = true;
    } else {
        smail__quote_end(out, quoter);
        quoter->inside = true;
    }
}

void smail__quote(struct smail__buf *out, struct smail__quoter *quoter,
                  smail_span octets)
{
    while (octets.len > 0) {
        size_t end;

        if (!quoter->inside) {
            at_start(out, quoter, &octets);
            continue;
        }
        end = smail__span_find(octets, '\n');
        end += end < octets.len;
        put(out, octets.data, end);
        quoter->inside = octets.data[end - 1] != '\n';
        octets = smail__span_from(octets, end);
    }
}

void smail__quote_end(struct smail__buf *out, struct smail__quoter *quoter)
{
    put(out, from, quoter->matched);
    quoter->matched = 0;
}
