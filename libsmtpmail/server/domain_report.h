/* SPDX-License-Identifier: MIT */
/* server/domain_report.h - see <smtpmail/domain_check.h>. */
#ifndef SMAIL__SERVER_DOMAIN_REPORT_H
#define SMAIL__SERVER_DOMAIN_REPORT_H

#include <smtpmail/domain_check.h>

#include "net/resolver.h"
#include "verify/domain_check.h"

struct smail_domain_report {
    char *domain, *hostname;
    struct smail__domain_check check;
    smail_domain_check_item items[SMAIL__CHECKS_MAX];
    struct smail__buf json;
};

/* What a run of questions needs; all but `facts` may be read only. */
struct smail__domain_asking {
    struct smail__resolver *resolver;
    const char *authorities;
    bool fetches;
    uint16_t https_port;
    uint32_t milliseconds; /* for all */
};

/* Fill `out` on a loop of its own. The policy is put into `facts` and its
   text into `policy`. */
int smail__domain_ask(struct smail__domain_check *out,
                      struct smail__domain_facts *facts,
                      struct smail__buf *policy,
                      const struct smail__domain_asking *asking,
                      smail_error *err);

#endif
