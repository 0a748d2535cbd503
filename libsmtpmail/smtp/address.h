/* SPDX-License-Identifier: MIT */
/* smtp/address.h - paths and domains inside a command (RFC 5321, 4.1.2). */
#ifndef SMAIL__SMTP_ADDRESS_H
#define SMAIL__SMTP_ADDRESS_H

#include <smtpmail/address.h>

/* What is wrong with a path, so that the reply can name it. */
enum smail__address_fault {
    SMAIL__ADDRESS_FINE,
    SMAIL__ADDRESS_SYNTAX,
    SMAIL__ADDRESS_LOCAL_LONG,
    SMAIL__ADDRESS_LABEL_LONG,
    SMAIL__ADDRESS_DOMAIN_LONG,
    SMAIL__ADDRESS_PATH_LONG
};

/* Which paths beside `<mailbox>` are good. */
enum smail__address_kind {
    SMAIL__ADDRESS_REVERSE, /* `<>` too */
    SMAIL__ADDRESS_FORWARD  /* `<postmaster>` too, in any case */
};

/*
 * Take a path in angle brackets from the front of `text`. A source route is
 * accepted and ignored (RFC 5321, appendix C).
 */
enum smail__address_fault smail__address_take(smail_path *out, smail_span *text,
                                              enum smail__address_kind kind,
                                              bool utf8);

/* The same faults for a mailbox without brackets. */
enum smail__address_fault smail__address_parse(smail_path *out, smail_span text,
                                               bool utf8);

/* One sentence for the reply, without a code. */
const char *smail__address_fault_text(enum smail__address_fault fault);

/*
 * What HELO and EHLO may be given: a domain or an address literal, or a name
 * that only strays from them by underscores, as many clients in use do.
 */
bool smail__address_is_helo(smail_span name);

#endif
