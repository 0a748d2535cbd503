/* SPDX-License-Identifier: MIT */
/* verify/spf_record.h - the terms of an SPF record (RFC 7208, 12). */
#ifndef SMAIL__VERIFY_SPF_RECORD_H
#define SMAIL__VERIFY_SPF_RECORD_H

#include "verify/spf.h"

enum smail__spf_kind {
    SMAIL__SPF_ALL,
    SMAIL__SPF_INCLUDE,
    SMAIL__SPF_A,
    SMAIL__SPF_MX,
    SMAIL__SPF_PTR,
    SMAIL__SPF_IP4,
    SMAIL__SPF_IP6,
    SMAIL__SPF_EXISTS
};

/* A mechanism. */
struct smail__spf_term {
    enum smail__spf_kind kind;
    enum smail__spf_result result; /* where it matches */
    smail_span text;               /* all of it */
    smail_span target;             /* domain-spec, not expanded; may be "" */
    unsigned bits4, bits6;
    struct smail__ip network; /* of ip4 and ip6 */
};

struct smail__spf_record {
    struct smail__spf_term terms[SMAIL__SPF_TERMS_MAX];
    size_t count;
    smail_span redirect, exp; /* data NULL: there is none */
};

/*
 * All of `text`, which `out` points into. False: it is no record, and `why`
 * says what is wrong with it.
 */
bool smail__spf_parse(struct smail__spf_record *out, smail_span text, char *why,
                      size_t why_room);

/* Is `text` a macro-string; and a domain-spec, as it stands before macros are
   expanded? (RFC 7208, 7.1) The letters c, r and t are for explanations. */
bool smail__spf_is_macro(smail_span text, bool is_explanation);
bool smail__spf_is_domain_spec(smail_span text);

#endif
