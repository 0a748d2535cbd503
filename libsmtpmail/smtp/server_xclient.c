/* SPDX-License-Identifier: MIT */
/*
 * smtp/server_xclient.c - XCLIENT, the protocol of Postfix by which a proxy
 * tells whom it speaks for: `XCLIENT NAME=mx.example.org ADDR=192.0.2.1`.
 * Values are xtext (RFC 3461, 4), [UNAVAILABLE] or [TEMPUNAVAIL]. What was said
 * so far was said by the proxy, so the session starts over with a greeting.
 */
#include <string.h>

#include "base/span.h"
#include "base/utf8.h"
#include "smtp/address.h"
#include "smtp/literal.h"
#include "smtp/server.h"
#include "smtp/xtext.h"

#define LOGIN_MAX 255
#define PORT_DIGITS_MAX 5

/* As [IPv6:...], in full, takes less. */
#define ADDRESS_MAX 64

static bool is_literal(const char *prefix, smail_span address)
{
    char text[ADDRESS_MAX];
    size_t start = strlen(prefix);
    size_t len = start + address.len + 1;

    if (len > sizeof(text))
        return false;
    memcpy(text, prefix, start);
    memcpy(text + start, address.data, address.len);
    text[len - 1] = ']';
    return smail__literal_is_valid((smail_span){ text, len });
}

static bool read_address(smail_span *value)
{
    if (smail__span_istarts(*value, "IPV6:"))
        *value = smail__span_from(*value, sizeof("IPV6:") - 1);
    else if (smail__span_find(*value, ':') == value->len)
        return is_literal("[", *value);
    return is_literal("[IPv6:", *value);
}

static bool read_name(smail_span *value)
{
    return smail__address_is_helo(*value);
}

static bool read_port(smail_span *value)
{
    uint64_t port;

    return value->len <= PORT_DIGITS_MAX &&
           smail__span_number(&port, *value) == 0 && port <= UINT16_MAX;
}

static bool read_protocol(smail_span *value)
{
    if (smail__span_iis(*value, "ESMTP"))
        *value = SMAIL__SPAN("ESMTP");
    else if (smail__span_iis(*value, "SMTP"))
        *value = SMAIL__SPAN("SMTP");
    else
        return false;
    return true;
}

static bool read_login(smail_span *value)
{
    return value->len <= LOGIN_MAX && smail__utf8_valid(*value);
}

static const struct {
    const char *name;
    size_t offset;
    bool (*read)(smail_span *value);
} attributes[] = {
    { "NAME", offsetof(smail_smtp_xclient, name), read_name },
    { "ADDR", offsetof(smail_smtp_xclient, addr), read_address },
    { "PORT", offsetof(smail_smtp_xclient, port), read_port },
    { "PROTO", offsetof(smail_smtp_xclient, proto), read_protocol },
    { "HELO", offsetof(smail_smtp_xclient, helo), read_name },
    { "LOGIN", offsetof(smail_smtp_xclient, login), read_login },
    { "DESTADDR", offsetof(smail_smtp_xclient, destaddr), read_address },
    { "DESTPORT", offsetof(smail_smtp_xclient, destport), read_port },
};

static bool read_value(smail_smtp_attribute *out, smail_span value,
                       bool (*read)(smail_span *value))
{
    *out = (smail_smtp_attribute){ .value = { "", 0 } };
    if (smail__span_iis(value, "[UNAVAILABLE]")) {
        out->known = SMAIL_SMTP_UNAVAILABLE;
    } else if (smail__span_iis(value, "[TEMPUNAVAIL]")) {
        out->known = SMAIL_SMTP_TEMPUNAVAIL;
    } else {
        out->known = SMAIL_SMTP_KNOWN;
        if (!smail__xtext_decode(&out->value, value) || out->value.len == 0 ||
            !read(&out->value))
            return false;
    }
    return true;
}

/* One `NAME=value`; false if it is none, is not known or comes again. */
static bool read_one(smail_smtp_xclient *out, smail_span word)
{
    smail_span name = smail__span_cut(&word, '=');

    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
        smail_smtp_attribute *attribute =
            (smail_smtp_attribute *)(void *)((char *)out +
                                             attributes[i].offset);

        if (smail__span_iis(name, attributes[i].name))
            return attribute->known == SMAIL_SMTP_UNSAID &&
                   read_value(attribute, word, attributes[i].read);
    }
    return false;
}

/* Nobody has said hello, and nobody is logged in. */
static void start_over(smail_smtp_server *session)
{
    session->greeted = false;
    session->extended = false;
    session->authenticated = false;
    session->errors = 0;
    session->mails = 0;
    smail__buf_clear(&session->helo);
    smail__server_offer(session);
    session->phase = SMAIL__SERVER_START;
}

int smail__server_xclient(smail_smtp_server *session, smail_span argument)
{
    smail_smtp_xclient xclient = { .name = { SMAIL_SMTP_UNSAID, { "", 0 } } };

    if (session->mail.open)
        return smail__server_refuse(session, 503, "5.5.1",
                                    "Not during a mail transaction");
    while (argument.len > 0) {
        smail_span word = smail__span_cut(&argument, ' ');

        if (word.len > 0 && !read_one(&xclient, word))
            return smail__server_refuse(session, 501, "5.5.4",
                                        "Bad XCLIENT attribute");
    }
    start_over(session);
    session->event.type = SMAIL_SMTP_XCLIENT;
    session->event.xclient = xclient;
    return 0;
}
