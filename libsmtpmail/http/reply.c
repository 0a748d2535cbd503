/* SPDX-License-Identifier: MIT */
/*
 * http/reply.c - heads of answers (RFC 9112, 4), with the fields that keep a
 * page safe wherever the answer does not bring its own.
 */
#include <time.h>

#include "base/date.h"
#include "base/span.h"
#include "http/front_internal.h"

static const struct {
    const char *name, *value;
} safety[] = {
    /* An answer that is shown as a page by mistake may do nothing. */
    { "Content-Security-Policy",
      "default-src 'none'; base-uri 'none'; form-action 'none'; "
      "frame-ancestors 'none'" },
    { "X-Content-Type-Options", "nosniff" },
    { "X-Frame-Options", "DENY" },
    { "Referrer-Policy", "no-referrer" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
    { "Permissions-Policy", "camera=(), geolocation=(), microphone=(), "
                            "payment=(), usb=()" },
    { "Cache-Control", "no-store" },
};

/* What the front says itself. */
static const char *const own[] = {
    "connection", "content-length", "date",
    "keep-alive", "server",         "x-smtpmail-account",
};

static bool is_own(smail_span name)
{
    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
        if (smail__span_iis(name, own[i]))
            return true;
    return false;
}

static bool has_field(const struct smail__reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->count; i++)
        if (smail__span_iis(reply->fields[i].name, name))
            return true;
    return false;
}

/* RFC 9110, 5.6.7. */
static void put_date(struct smail__buf *out)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct smail__date date;

    smail__date_from_seconds(&date, (int64_t)time(NULL));
    smail__buf_printf(out, "Date: %.*s, %02d %.*s %04d %02d:%02d:%02d GMT\r\n",
                      3, days + 3 * date.weekday, date.day, 3,
                      months + 3 * (date.month - 1), date.year, date.hour,
                      date.minute, date.second);
}

static void put_safety(struct smail__buf *out, const struct smail__reply *reply,
                       bool is_secure)
{
    for (size_t i = 0; i < sizeof(safety) / sizeof(*safety); i++)
        if (!has_field(reply, safety[i].name))
            smail__buf_printf(out, "%s: %s\r\n", safety[i].name,
                              safety[i].value);
    if (is_secure)
        smail__buf_puts(out, "Strict-Transport-Security: max-age=31536000\r\n");
    /* RFC 9110, 15.5.2. Not Basic: browsers would ask with a box of theirs. */
    if (reply->status == 401 && !has_field(reply, "WWW-Authenticate"))
        smail__buf_puts(out, "WWW-Authenticate: Bearer realm=\"mail\"\r\n");
}

void smail__reply_head(struct smail__client *client,
                       const struct smail__reply *reply)
{
    struct smail__buf *out = &client->out;

    client->status = reply->status;
    smail__buf_printf(out, "HTTP/1.1 %d %s\r\n", reply->status,
                      smail__http_reason(reply->status));
    put_date(out);
    for (size_t i = 0; i < reply->count; i++)
        if (!is_own(reply->fields[i].name))
            smail__buf_printf(out, "%.*s: %.*s\r\n",
                              SMAIL__SPAN_ARG(reply->fields[i].name),
                              SMAIL__SPAN_ARG(reply->fields[i].value));
    put_safety(out, reply, client->is_secure);
    if (reply->has_length && reply->status != 204)
        smail__buf_printf(out, "Content-Length: %llu\r\n",
                          (unsigned long long)reply->length);
    smail__buf_printf(out, "Connection: %s\r\n\r\n",
                      client->keeps_alive ? "keep-alive" : "close");
}
