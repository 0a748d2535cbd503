/* SPDX-License-Identifier: MIT */
/*
 * http/uri.h - paths and queries of targets (RFC 3986), decoded once.
 */
#ifndef SMAIL__HTTP_URI_H
#define SMAIL__HTTP_URI_H

#include "base/buf.h"

/*
 * Only what RFC 3986, 3.3 and 3.4 allow, each '%' with its two digits, no
 * encoded NUL or other control. A path has besides no segment that decodes to
 * "." or "..", and no backslash, encoded or not.
 */
bool smail__uri_is_path(smail_span path);
bool smail__uri_is_query(smail_span query);

/* Append what `text` decodes to: SMAIL_EMALFORMED when a '%' lacks its digits
 * or the result is not UTF-8. `plus` turns '+' into a space, as forms do. */
int smail__uri_decode(struct smail__buf *out, smail_span text, bool plus);

/* Cut the next segment, with what is before the next '/', from a path that
 * begins behind a '/'. Still encoded. */
smail_span smail__uri_segment(smail_span *rest);

/* Append the decoded value of `name` in `query`. SMAIL_ENOTFOUND without. */
int smail__uri_parameter(struct smail__buf *out, smail_span query,
                         const char *name);

/* Append `text` with all but the unreserved characters encoded. */
void smail__uri_encode(struct smail__buf *out, smail_span text);

#endif
