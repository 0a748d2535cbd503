/* SPDX-License-Identifier: MIT */
/* message/trace.c - see message/trace.h. */
#include "message/trace.h"

#include "base/date.h"
#include "base/span.h"
#include "base/utf8.h"

/* Longest piece of a stranger's text in a trace line. */
#define PIECE_MAX 320

/* The keywords of RFC 3848, by authenticated and tls. */
static const char *const esmtp[2][2] = { { "ESMTP", "ESMTPS" },
                                         { "ESMTPA", "ESMTPSA" } };
static const char *const lmtp[2][2] = { { "LMTP", "LMTPS" },
                                        { "LMTPA", "LMTPSA" } };

static const char *const utf8[2][2][2] = {
    { { "UTF8SMTP", "UTF8SMTPS" }, { "UTF8SMTPA", "UTF8SMTPSA" } },
    { { "UTF8LMTP", "UTF8LMTPS" }, { "UTF8LMTPA", "UTF8LMTPSA" } }
};

const char *smail__trace_protocol(const struct smail__trace *trace)
{
    if (trace->utf8)
        return utf8[trace->lmtp][trace->authenticated][trace->tls];
    if (trace->lmtp)
        return lmtp[trace->authenticated][trace->tls];
    if (!trace->extended)
        return "SMTP";
    return esmtp[trace->authenticated][trace->tls];
}

/* Nothing that a stranger says can end the line or open a comment in it. */
static void put(struct smail__buf *out, smail_span text, const char *also)
{
    text = smail__span_slice(text, 0, PIECE_MAX);
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];
        bool bad = byte < ' ' || byte >= 0x7f;

        for (const char *at = also; *at != '\0'; at++)
            bad = bad || byte == *at;
        smail__buf_putc(out, bad ? '?' : byte);
    }
}

/* An address; the engine has looked at its UTF-8. */
static void put_address(struct smail__buf *out, smail_span text,
                        const char *also, const struct smail__trace *trace)
{
    if (trace->utf8 && smail__utf8_valid(text) && !smail__is_ascii(text))
        smail__buf_append(out, smail__span_slice(text, 0, PIECE_MAX));
    else
        put(out, text, also);
}

void smail__trace_return_path(struct smail__buf *out,
                              const struct smail__trace *trace)
{
    smail__buf_puts(out, "Return-Path: <");
    put_address(out, trace->sender_local, "", trace);
    if (trace->sender_domain.len > 0) {
        smail__buf_putc(out, '@');
        put_address(out, trace->sender_domain, "<>", trace);
    }
    smail__buf_puts(out, ">\r\n");
}

static void put_from(struct smail__buf *out, const struct smail__trace *trace)
{
    smail__buf_puts(out, "Received: from ");
    if (trace->helo.len > 0)
        put(out, trace->helo, " ()<>;\\\"");
    else
        smail__buf_puts(out, "unknown");
    if (trace->peer.len > 0) {
        bool v6 = smail__span_find(trace->peer, ':') < trace->peer.len;

        smail__buf_puts(out, " (");
        if (trace->reverse.len > 0) {
            put(out, trace->reverse, " ()<>;\\\"");
            smail__buf_putc(out, ' ');
        }
        smail__buf_puts(out, v6 ? "[IPv6:" : "[");
        put(out, trace->peer, "[]()");
        smail__buf_puts(out, "])");
    }
    smail__buf_puts(out, "\r\n");
}

void smail__trace_received(struct smail__buf *out,
                           const struct smail__trace *trace)
{
    char date[SMAIL__DATE_MAX];

    put_from(out, trace);
    if (trace->tls && trace->tls_protocol.len > 0) {
        smail__buf_puts(out, "\t(using ");
        put(out, trace->tls_protocol, "()\\");
        smail__buf_puts(out, " with cipher ");
        put(out, trace->tls_cipher, "()\\");
        smail__buf_puts(out, ")\r\n");
    }
    smail__buf_puts(out, "\tby ");
    put(out, trace->hostname, "");
    smail__buf_printf(out, " with %s", smail__trace_protocol(trace));
    if (trace->id.len > 0) {
        smail__buf_puts(out, "\r\n\tid ");
        put(out, trace->id, " ()<>;\\\"");
    }
    if (trace->recipient.len > 0) {
        smail__buf_puts(out, "\r\n\tfor <");
        put_address(out, trace->recipient, "", trace);
        smail__buf_putc(out, '>');
    }
    smail__date_rfc5322(date, trace->now);
    smail__buf_printf(out, ";\r\n\t%s\r\n", date);
}
