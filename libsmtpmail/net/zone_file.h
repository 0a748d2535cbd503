/* SPDX-License-Identifier: MIT */
/*
 * net/zone_file.h - a zone as JSON, name -> type -> records:
 *
 *    {
 *      "example.org": {
 *        "MX": ["10 mx.example.org"],
 *        "TXT": ["v=spf1 mx -all"],
 *        "secure": true
 *      },
 *      "mx.example.org": { "A": "192.0.2.1", "AAAA": "SERVFAIL" },
 *      "gone.example.org": "NXDOMAIN"
 *    }
 *
 * One record may stand without its brackets; the strings of a TXT record may
 * be an array in the array. For all records of a name or of one of its types
 * may stand "SERVFAIL", "BOGUS", "TIMEOUT" or "NXDOMAIN". Answers about a name
 * with "secure" are as if they were signed.
 */
#ifndef SMAIL__NET_ZONE_FILE_H
#define SMAIL__NET_ZONE_FILE_H

#include <smtpmail/error.h>

#include "dns/zone.h"

#define SMAIL__ZONE_FILE_MAX ((size_t)16 * 1024 * 1024)

/* Ready to be asked. The error names the file and what is wrong in it. */
int smail__zone_file_read(struct smail__dns_zone **out, const char *path,
                          smail_error *err);

/* The same from memory; `path` is for the error. */
int smail__zone_file_parse(struct smail__dns_zone **out, smail_span text,
                           const char *path, smail_error *err);

#endif
