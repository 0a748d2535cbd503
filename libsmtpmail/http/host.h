/* SPDX-License-Identifier: MIT */
/*
 * http/host.h - is a request for us (RFC 9110, 7.4)? A browser that was lured
 * to a stranger's name, which then leads here (DNS rebinding), says that name.
 */
#ifndef SMAIL__HTTP_HOST_H
#define SMAIL__HTTP_HOST_H

#include <smtpmail/base.h>

/*
 * `host` as in the field, with its port or without. `names` are parted by
 * commas: "mail.example.org" is that name, ".example.org" all below it, "."
 * every name of one label, "*" any. An address and "localhost" are always
 * ours: no stranger can make them lead elsewhere.
 */
bool smail__http_host_is_ours(smail_span host, const char *names);

#endif
