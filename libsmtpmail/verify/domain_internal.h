/* SPDX-License-Identifier: MIT */
/* verify/domain_internal.h - what the files domain_*.c share. */
#ifndef SMAIL__VERIFY_DOMAIN_INTERNAL_H
#define SMAIL__VERIFY_DOMAIN_INTERNAL_H

#include "verify/domain_check.h"

struct smail__domain_run {
    struct smail__domain_check *out;
    struct smail__questions *questions;
    const struct smail__domain_facts *facts;
    /* Ours: those that were told of, else those that DNS has of the
       hostname. */
    struct smail__ip addresses[SMAIL__CHECK_ADDRESSES_MAX];
    size_t address_count;
    bool host_has_them; /* all of them are in DNS, by the hostname */
    bool mx_has_host;   /* an MX names the hostname */
};

/* --- Checks (domain_check.c) ---------------------------------------------- */

/* A new one, in the order they are shown. Never NULL. */
struct smail__check *smail__check_begin(struct smail__domain_run *run,
                                        const char *name, const char *type,
                                        const char *owner);

/* A sentence more; the status is the worst that was said. */
void smail__check_say(struct smail__check *check,
                      enum smail__check_status status, const char *format, ...)
    SMAIL__PRINTF(3, 4);

/* NULL: open; what is said from then on does not count. An answer that nobody
   has makes the check UNKNOWN, one whose signatures do not hold WRONG: then
   NULL as well. */
const struct smail__dns_answer *smail__check_ask(struct smail__domain_run *run,
                                                 struct smail__check *check,
                                                 const char *name,
                                                 enum smail__dns_type type);

/* Lines of a zone file. */
void smail__check_expect(struct smail__check *check, const char *format, ...)
    SMAIL__PRINTF(2, 3);
void smail__check_expect_txt(struct smail__check *check, const char *owner,
                             smail_span text);

/* What is there is fine: that is what to paste, and not what we would. */
void smail__check_keep(struct smail__check *check, const char *owner,
                       smail_span text);

void smail__check_found(struct smail__check *check, enum smail__dns_type type,
                        smail_span record);

/* Show the TXT records of the answer that begin with `prefix`, whatever its
   case; their number. The first of them, whole, is in `out`. */
size_t smail__check_txt(struct smail__buf *out, struct smail__check *check,
                        const struct smail__dns_answer *answer,
                        const char *prefix);

/* --- The checks, in their order ------------------------------------------- */

void smail__check_mx(struct smail__domain_run *run); /* domain_host.c */
void smail__check_address(struct smail__domain_run *run);
void smail__check_reverse(struct smail__domain_run *run);
void smail__check_spf(struct smail__domain_run *run);   /* domain_spf.c */
void smail__check_dkim(struct smail__domain_run *run);  /* domain_dkim.c */
void smail__check_dmarc(struct smail__domain_run *run); /* domain_dmarc.c */
void smail__check_sts(struct smail__domain_run *run);   /* domain_sts.c */
void smail__check_tls_report(struct smail__domain_run *run);
void smail__check_tlsa(struct smail__domain_run *run);     /* domain_tlsa.c */
void smail__check_services(struct smail__domain_run *run); /* domain_srv.c */

#endif
