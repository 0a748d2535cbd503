/* SPDX-License-Identifier: MIT */
/* transfer/name.h - mailbox names as others write them. */
#ifndef SMAIL__TRANSFER_NAME_H
#define SMAIL__TRANSFER_NAME_H

#include <smtpmail/store.h>

#include "base/buf.h"

/* Modified UTF-7 (RFC 3501, 5.1.3). False, and what was decoded so far, for
 * what is none: then it may be UTF-8. */
bool smail__utf7_decode(struct smail__buf *out, smail_span name);

/* `plain` says which octets besides may not stand for themselves. */
void smail__utf7_encode(struct smail__buf *out, smail_span name,
                        const char *never);

/* A folder of a Maildir++, ".Work.2024", as a path: "Work/2024"; modified
 * UTF-7 or UTF-8. */
void smail__name_of_maildir(struct smail__buf *out, smail_span folder);

/* What stands in a file system for one level of a path, and back: "%XX" for
 * what might be more than a name there. */
void smail__name_to_file(struct smail__buf *out, smail_span level);
void smail__name_of_file(struct smail__buf *out, smail_span name);

/* `path` as a mailbox can have it: valid UTF-8, no controls, no level empty or
 * too long, not too deep. Empty when nothing is left. */
void smail__name_clean(struct smail__buf *out, smail_span path);

/* The use that programs have for a mailbox of this name. */
smail_role smail__role_of_name(smail_span path);

#endif
