/* SPDX-License-Identifier: MIT */
/*
 * message/trace.h - the lines that we put in front of a message (RFC 5321,
 * 4.4): Return-Path and Received.
 */
#ifndef SMAIL__MESSAGE_TRACE_H
#define SMAIL__MESSAGE_TRACE_H

#include <smtpmail/base.h>

#include "base/buf.h"

/* What a trace says. Empty spans are left out. Text from the client may hold
 * anything: what is not printable ASCII becomes '?'. */
struct smail__trace {
    smail_span sender_local, sender_domain; /* both empty: <> */
    smail_span helo;
    smail_span peer;    /* IP address in text, without brackets */
    smail_span reverse; /* the peer's name by DNS, if known */
    smail_span hostname;
    smail_span id;
    smail_span tls_protocol, tls_cipher;
    smail_span recipient; /* local@domain; only when there is just one */
    bool extended, tls, authenticated, lmtp;
    bool utf8; /* SMTPUTF8: addresses may hold it (RFC 6531, 4.3) */
    int64_t now;
};

void smail__trace_return_path(struct smail__buf *out,
                              const struct smail__trace *trace);
void smail__trace_received(struct smail__buf *out,
                           const struct smail__trace *trace);

/* The "with" of Received (RFC 3848; RFC 6531, 4.3): "ESMTPSA". */
const char *smail__trace_protocol(const struct smail__trace *trace);

#endif
