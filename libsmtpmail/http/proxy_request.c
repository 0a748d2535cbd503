/* SPDX-License-Identifier: MIT */
/* http/proxy_request.c - what the server behind is told: a head written anew,
 * and the body as it comes. */
#include "base/span.h"
#include "http/proxy_internal.h"

/* What stands around a chunk that is written anew, and behind the last. */
#define CHUNK_FRAME 32

/* The fields that the server behind needs; no other is passed on. */
static const char *const passed[] = {
    "accept",        "accept-encoding", "accept-language",   "authorization",
    "content-type",  "cookie",          "if-modified-since", "if-none-match",
    "last-event-id", "origin",          "sec-fetch-site",    "user-agent",
    "x-csrf-token",
};

static bool is_passed(smail_span name)
{
    for (size_t i = 0; i < sizeof(passed) / sizeof(*passed); i++)
        if (smail__span_iis(name, passed[i]))
            return true;
    return false;
}

/* Octets of the body that can be taken. */
static size_t room_of(const struct smail__proxy *proxy)
{
    const size_t room = SMAIL__BODY_WINDOW + SMAIL__HTTP_HEAD_MAX;

    return proxy->out.len < room ? room - proxy->out.len : 0;
}

static void take_octets(struct smail__proxy *proxy, smail_span *input)
{
    smail_span piece = smail__span_slice(*input, 0, room_of(proxy));

    if (piece.len > proxy->body_left)
        piece.len = (size_t)proxy->body_left;
    smail__buf_append(&proxy->out, piece);
    proxy->body_left -= piece.len;
    *input = smail__span_from(*input, piece.len);
}

/* The chunks are read here, and written anew in the plainest way: two readers
 * cannot differ about those. */
static int take_chunks(struct smail__proxy *proxy, smail_span *input)
{
    while (proxy->body_left > 0 && input->len > 0 &&
           room_of(proxy) > CHUNK_FRAME) {
        smail_span piece;
        int status = smail__http_chunks_read(&piece, &proxy->chunks, input,
                                             room_of(proxy) - CHUNK_FRAME);

        if (status != 0)
            return status;
        if (piece.len > 0) {
            smail__buf_printf(&proxy->out, "%zx\r\n", piece.len);
            smail__buf_append(&proxy->out, piece);
            smail__buf_puts(&proxy->out, "\r\n");
        }
        if (proxy->chunks.is_done) {
            smail__buf_puts(&proxy->out, "0\r\n\r\n");
            proxy->body_left = 0;
        }
    }
    return 0;
}

void smail__proxy_put_head(struct smail__proxy *proxy,
                           const struct smail__http_head *head)
{
    const struct smail__client *client = proxy->client;
    struct smail__buf *out = &proxy->out;

    smail__buf_printf(out,
                      "%.*s %.*s HTTP/1.1\r\nHost: %.*s\r\n"
                      "Connection: close\r\n",
                      SMAIL__SPAN_ARG(head->method),
                      SMAIL__SPAN_ARG(head->target),
                      SMAIL__SPAN_ARG(head->host));
    smail__buf_printf(out,
                      "X-Smtpmail-Secret: %s\r\nX-Smtpmail-Peer: %s\r\n"
                      "X-Smtpmail-Scheme: %s\r\n",
                      client->loop->front->options.secret, client->peer_text,
                      client->is_secure ? "https" : "http");
    for (size_t i = 0; i < head->count; i++)
        if (is_passed(head->fields[i].name))
            smail__buf_printf(out, "%.*s: %.*s\r\n",
                              SMAIL__SPAN_ARG(head->fields[i].name),
                              SMAIL__SPAN_ARG(head->fields[i].value));
    if (head->has_length)
        smail__buf_printf(out, "Content-Length: %llu\r\n",
                          (unsigned long long)head->length);
    smail__buf_puts(out, head->is_chunked ? "Transfer-Encoding: chunked\r\n\r\n"
                                          : "\r\n");
}

int smail__proxy_take(struct smail__proxy *proxy, smail_span *input)
{
    if (proxy->is_chunked)
        return take_chunks(proxy, input);
    take_octets(proxy, input);
    return 0;
}
