/* SPDX-License-Identifier: MIT */
/*
 * smtpmail/domain_check.h - is all well with the records in DNS of a domain
 * whose mail we have? What is there, and what should be?
 *
 *    smail_domain_check_options options = SMAIL_DOMAIN_CHECK_OPTIONS_INIT;
 *    smail_domain_report *report;
 *
 *    options.hostname = "mail.example.org";
 *    if (smail_domain_check(&report, store, "example.org", &options, &err) == 0)
 *        puts(smail_domain_report_json(report));
 *    smail_domain_report_free(report);
 */
#ifndef SMAIL_DOMAIN_CHECK_H
#define SMAIL_DOMAIN_CHECK_H

#include <smtpmail/store.h>

SMAIL_BEGIN_DECLS

/** The worse, the larger. All is well without the last three. */
typedef enum smail_check_status {
    SMAIL_CHECK_OK,
    SMAIL_CHECK_OPTIONAL, /**< It is not there, and need not be. */
    SMAIL_CHECK_INSECURE, /**< Nobody looks at it: the zone is not signed. */
    SMAIL_CHECK_WARNING,  /**< It works, and could be better. */
    SMAIL_CHECK_UNKNOWN,  /**< DNS does not answer now. */
    SMAIL_CHECK_MISSING,
    SMAIL_CHECK_WRONG
} smail_check_status;

/** "ok", "optional", "insecure", "warning", "unknown", "missing", "wrong". */
SMAIL_API const char *smail_check_status_name(smail_check_status status);

/** One record that should exist. */
typedef struct smail_domain_check_item {
    const char *name;  /**< "MX", "address", "PTR", "SPF", "DKIM", "DMARC",
                            "MTA-STS", "TLS-RPT", "TLSA" or "SRV". */
    const char *type;  /**< "TXT". */
    const char *owner; /**< "_dmarc.example.org". */
    smail_check_status status;
    const char *expected;    /**< As lines of a zone file; "": not known. */
    const char *found;       /**< What is there, a record a line; "": none. */
    const char *explanation; /**< Sentences: what it means, what to do. They
                                  and `found` may quote what strangers wrote:
                                  escape them for a terminal. */
} smail_domain_check_item;

/** Zero in any field means the default. Start from the _INIT value. */
typedef struct smail_domain_check_options {
    size_t size;
    const char *hostname;         /**< Required; what EHLO says. */
    const char *const *addresses; /**< From which we send, as text. Default:
                                       those that DNS has of `hostname`. */
    size_t address_count;         /**< At most 16. */
    const char *certificate;      /**< PEM files, parted by commas, that port
                                       25 shows: for TLSA. */
    const char *name_servers;     /**< As in server.h, and so the next two. */
    const char *zone_file;        /**< MTA-STS policies are not fetched then,
                                       unless `https_port` is set. */
    const char *trust_anchor;
    uint32_t dns_timeout;    /**< Seconds for one answer. Default 5. */
    uint32_t deadline;       /**< Seconds for all; what has not come by then is
                                  UNKNOWN. Default 30. */
    const char *authorities; /**< PEM file: who signs certificates of others,
                                  for the host of the policy. Default: the
                                  system's. */
    bool no_fetch;           /**< Do not look at the MTA-STS policy. */
    uint16_t https_port;     /**< Where it is. Default 443. */
} smail_domain_check_options;

#define SMAIL_DOMAIN_CHECK_OPTIONS_INIT    \
    {                                      \
        sizeof(smail_domain_check_options) \
    }

typedef struct smail_domain_report smail_domain_report;

/**
 * Asks DNS, and the host of the MTA-STS policy; returns when all is known, or
 * at the deadline. Records that are not as they should be are no failure.
 * SMAIL_ENOTFOUND: the store has no such domain; SMAIL_EINVAL for an address
 * that is none; SMAIL_EIO, SMAIL_EINVAL: a file of the resolver.
 */
SMAIL_API int smail_domain_check(smail_domain_report **out, smail_store *store,
                                 const char *domain,
                                 const smail_domain_check_options *options,
                                 smail_error *err);
SMAIL_API void smail_domain_report_free(smail_domain_report *report);

/** Nothing is missing, wrong or unknown. */
SMAIL_API bool smail_domain_report_is_well(const smail_domain_report *report);

/** In A-labels, as DNS has it. */
SMAIL_API const char *smail_domain_report_domain(
    const smail_domain_report *report);

SMAIL_API size_t smail_domain_report_count(const smail_domain_report *report);
/** In the order MX, address, PTR, SPF, DKIM, DMARC, MTA-STS, TLS-RPT, TLSA,
    SRV; there may be more than one of a name. */
SMAIL_API const smail_domain_check_item *smail_domain_report_item(
    const smail_domain_report *report, size_t index);

/**
 * {"domain": "...", "hostname": "...", "ok": false, "checks": [{"name": "SPF",
 * "type": "TXT", "owner": "...", "status": "missing", "found": ["..."],
 * "expected": ["..."], "explanation": "..."}]}
 */
SMAIL_API const char *smail_domain_report_json(
    const smail_domain_report *report);

SMAIL_END_DECLS

#endif
