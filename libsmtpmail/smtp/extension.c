/* SPDX-License-Identifier: MIT */
/* smtp/extension.c - the reply to EHLO (RFC 5321, 4.1.1.1). */
#include "smtp/extension.h"

#include "base/span.h"
#include "smtp/reply.h"

static const struct {
    const char *keyword;
    enum smail__extension bit;
} extensions[] = {
    { "PIPELINING", SMAIL__EXTENSION_PIPELINING },
    { "SIZE", SMAIL__EXTENSION_SIZE },
    { "8BITMIME", SMAIL__EXTENSION_8BITMIME },
    { "STARTTLS", SMAIL__EXTENSION_STARTTLS },
    { "AUTH", SMAIL__EXTENSION_AUTH },
    { "ENHANCEDSTATUSCODES", SMAIL__EXTENSION_ENHANCEDSTATUSCODES },
};

#define EXTENSIONS (sizeof(extensions) / sizeof(extensions[0]))

static void put_parameters(struct smail__buf *out, unsigned bit,
                           const struct smail__extensions *offered)
{
    if (bit == SMAIL__EXTENSION_SIZE)
        smail__buf_printf(out, " %llu", (unsigned long long)offered->size);
    if (bit == SMAIL__EXTENSION_AUTH)
        smail__buf_printf(out, " %s", offered->mechanisms);
}

/* Which extension comes next: the hyphen behind 250 says that one does. */
static size_t next_offered(size_t from, unsigned set)
{
    while (from < EXTENSIONS && (set & extensions[from].bit) == 0)
        from++;
    return from;
}

void smail__extension_put(struct smail__buf *out, smail_span first_line,
                          const struct smail__extensions *offered)
{
    size_t start = out->len;
    size_t next = next_offered(0, offered->set);

    smail__buf_printf(out, "250%c", next < EXTENSIONS ? '-' : ' ');
    smail__reply_put_printable(out, first_line);
    smail__buf_puts(out, "\r\n");
    while (next < EXTENSIONS) {
        size_t i = next;

        next = next_offered(i + 1, offered->set);
        smail__buf_printf(out, "250%c%s", next < EXTENSIONS ? '-' : ' ',
                          extensions[i].keyword);
        put_parameters(out, extensions[i].bit, offered);
        smail__buf_puts(out, "\r\n");
    }
    if (smail__buf_error(out) != 0)
        smail__buf_truncate(out, start);
}

unsigned smail__extension_read(smail_span *parameters, smail_span line)
{
    smail_span keyword = smail__span_cut(&line, ' ');

    *parameters = smail__span_trim(line);
    for (size_t i = 0; i < EXTENSIONS; i++)
        if (smail__span_iis(keyword, extensions[i].keyword))
            return extensions[i].bit;
    return 0;
}
