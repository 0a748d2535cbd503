/* SPDX-License-Identifier: MIT */
/*
 * server/proxy_header.h - the line or block that a load balancer puts before what its
 * client says: the PROXY protocol of HAProxy, versions 1 and 2. No I/O.
 */
#ifndef SMAIL__SERVER_PROXY_HEADER_H
#define SMAIL__SERVER_PROXY_HEADER_H

#include "net/endpoint.h"

/* With its CRLF, as the protocol has it. */
#define SMAIL__PROXY_LINE_MAX 107
/* Addresses and what may follow them, all in all; ours. */
#define SMAIL__PROXY_BLOCK_MAX 1024

struct smail__proxy_header {
    unsigned char data[SMAIL__PROXY_BLOCK_MAX];
    size_t len;
};

enum smail__proxy_header_result {
    SMAIL__PROXY_MORE,   /* all input was used, and more is needed */
    SMAIL__PROXY_CLIENT, /* whom the proxy speaks for */
    SMAIL__PROXY_ITSELF, /* LOCAL or UNKNOWN: a check of its own */
    SMAIL__PROXY_BAD     /* not the protocol, or what it forbids */
};

/* Takes from the front of `input` what belongs to the header, and no more. The
 * struct begins zeroed. */
enum smail__proxy_header_result smail__proxy_header_feed(
    struct smail__endpoint *client, struct smail__proxy_header *proxy,
    smail_span *input);

#endif
