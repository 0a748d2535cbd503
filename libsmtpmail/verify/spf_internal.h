/* SPDX-License-Identifier: MIT */
/* verify/spf_internal.h - what spf.c, spf_match.c and spf_macro.c share. */
#ifndef SMAIL__VERIFY_SPF_INTERNAL_H
#define SMAIL__VERIFY_SPF_INTERNAL_H

#include "verify/spf_record.h"

/* One evaluation. */
struct smail__spf {
    struct smail__questions *questions;
    const struct smail__spf_request *request;
    struct smail__ip ip; /* the client's, IPv4 wherever it is one */
    struct smail__spf_verdict *out;
};

/* What comes of a step. OPEN: an answer is missing, nothing else counts. */
enum smail__spf_step {
    SMAIL__SPF_NO,
    SMAIL__SPF_YES,
    SMAIL__SPF_OPEN,
    SMAIL__SPF_TEMPORARY,
    SMAIL__SPF_PERMANENT
};

/*
 * Expand `text` into `out`, of `room` octets with the NUL; `domain` is the one
 * whose record it is of. YES, OPEN, or NO when there is no room for it.
 */
enum smail__spf_step smail__spf_expand(char *out, size_t room,
                                       struct smail__spf *spf,
                                       const char *domain, smail_span text);

/* The same for a domain-spec: what is too long loses labels at its left
   (RFC 7208, 7.3). An empty one is `domain`. */
enum smail__spf_step smail__spf_target(char out[SMAIL__DNS_NAME_ROOM],
                                       struct smail__spf *spf,
                                       const char *domain, smail_span text);

/*
 * A name of the client that leads back to it (RFC 7208, 5.5): `domain` itself
 * before one under it, before any if `is_any`. NO: there is none.
 */
enum smail__spf_step smail__spf_validated(char out[SMAIL__DNS_NAME_ROOM],
                                          struct smail__spf *spf,
                                          const char *domain, bool is_any);

/* Does the mechanism match? Not for all and include. */
enum smail__spf_step smail__spf_match(struct smail__spf *spf,
                                      const char *domain,
                                      const struct smail__spf_term *term);

/* Ask; a NULL means OPEN. */
const struct smail__dns_answer *smail__spf_ask(struct smail__spf *spf,
                                               const char *name,
                                               enum smail__dns_type type);

/* One more of the ten lookups, and one more that found nothing; PERMANENT
   beyond the limit, else YES. */
enum smail__spf_step smail__spf_count_lookup(struct smail__spf *spf);
enum smail__spf_step smail__spf_count_void(struct smail__spf *spf);

#endif
