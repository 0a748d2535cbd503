/* SPDX-License-Identifier: MIT */
/*
 * jmap/jmap.h - JMAP (RFC 8620, RFC 8621) without HTTP: JSON in, JSON out.
 *
 * Who is asking was settled by the caller: every call takes the account and
 * sees nothing of any other. An id of somebody else is not found.
 *
 * A smail__jmap is one per process and may be used from any thread. Uploads
 * and blobs belong to one thread at a time.
 */
#ifndef SMAIL__JMAP_JMAP_H
#define SMAIL__JMAP_JMAP_H

#include <smtpmail/store.h>

#include "base/buf.h"

struct smail__jmap;
struct smail__jmap_upload;
struct smail__jmap_blob;

/* RFC 8620, 2: "urn:ietf:params:jmap:core". Zero means the default. */
struct smail__jmap_limits {
    uint64_t upload_size;    /* maxSizeUpload, 50 MiB */
    unsigned uploads;        /* maxConcurrentUpload, 4 */
    uint64_t request_size;   /* maxSizeRequest, 10 MiB */
    unsigned requests;       /* maxConcurrentRequests, 8 */
    unsigned calls;          /* maxCallsInRequest, 32 */
    unsigned objects_in_get; /* maxObjectsInGet, 500 */
    unsigned objects_in_set; /* maxObjectsInSet, 500 */
    uint64_t message_size;   /* of what is sent, 50 MiB */

    /* Of one account, in any 24 hours; 0: without end. */
    uint32_t messages_per_day, recipients_per_day;
};

/* `store` is kept and must outlive it; `limits` may be NULL. */
int smail__jmap_new(struct smail__jmap **out, smail_store *store,
                    const struct smail__jmap_limits *limits, smail_error *err);
void smail__jmap_free(struct smail__jmap *jmap);

/* Before the first request: mail for other hosts goes into the queue, by these
 * routes, which must outlive it; seconds until a sender is told of a delay and
 * of the end. Without them it is refused. */
struct smail__routes;
void smail__jmap_set_routes(struct smail__jmap *jmap,
                            const struct smail__routes *routes, uint32_t warn,
                            uint32_t expire);

/* Before the first request: hear of an account that would send more than
 * `limits` let it, with what it was told. On the thread that asked. */
void smail__jmap_on_excess(struct smail__jmap *jmap,
                           void (*excess)(smail_id account, const char *text,
                                          void *user),
                           void *user);

/* With the defaults filled in. */
const struct smail__jmap_limits *smail__jmap_limits(
    const struct smail__jmap *jmap);

/* --- Requests ------------------------------------------------------------ */

/* Octets of what the calls of one request answer: 500 emails with their bodies
 * are a lot of text. A call beyond it is refused with "requestTooLarge". */
#define SMAIL__JMAP_ANSWER_MAX ((size_t)32 * 1024 * 1024)

/* And of a whole response: errors and created ids come on top. */
#define SMAIL__JMAP_RESPONSE_MAX \
    (SMAIL__JMAP_ANSWER_MAX + (size_t)16 * 1024 * 1024)

/* The session object (RFC 8620, 2). `base_url` is scheme, host and port as
 * the client sees them, without a slash at the end. */
int smail__jmap_session(struct smail__buf *out, struct smail__jmap *jmap,
                        smail_id account, const char *base_url,
                        smail_error *err);

/*
 * One request (RFC 8620, 3.3). Appends the response and sets `*http_status`
 * to 200, or appends a problem (RFC 8620, 3.6.1) and sets its status: both
 * return 0. Negative only when there is nothing to answer with.
 */
int smail__jmap_request(struct smail__buf *out, int *http_status,
                        struct smail__jmap *jmap, smail_id account,
                        smail_span json, smail_error *err);

/* --- Blobs (RFC 8620, 6) ------------------------------------------------- */

/*
 * Begin an upload; `type` is the media type as the client named it, and what
 * came so far is held in memory up to 64 KiB and beyond it in a file without
 * a name. SMAIL_ELIMIT when the account has `uploads` under way.
 */
int smail__jmap_upload_begin(struct smail__jmap_upload **out,
                             struct smail__jmap *jmap, smail_id account,
                             smail_span type, smail_error *err);

/* SMAIL_ELIMIT beyond `upload_size`. */
int smail__jmap_upload_write(struct smail__jmap_upload *upload,
                             smail_span bytes, smail_error *err);

/* Store it and append {"accountId","blobId","type","size"}. SMAIL_EQUOTA. */
int smail__jmap_upload_finish(struct smail__buf *out,
                              struct smail__jmap_upload *upload,
                              smail_error *err);

/* In any case; without finish() nothing remains of it. NULL is fine. */
void smail__jmap_upload_free(struct smail__jmap_upload *upload);

/* Open by id ("b..." or "b...-part"). SMAIL_ENOTFOUND, for foreign ids too. */
int smail__jmap_blob_open(struct smail__jmap_blob **out,
                          struct smail__jmap *jmap, smail_id account,
                          smail_span blob_id, smail_error *err);
uint64_t smail__jmap_blob_size(const struct smail__jmap_blob *blob);

/* A media type to go by when the client names none: "message/rfc822", the
 * part's own, or "application/octet-stream". */
const char *smail__jmap_blob_type(const struct smail__jmap_blob *blob);

/* Octets read, fewer than `len` only at the end; negative on failure. */
int64_t smail__jmap_blob_read(void *out, struct smail__jmap_blob *blob,
                              uint64_t offset, size_t len, smail_error *err);
void smail__jmap_blob_close(struct smail__jmap_blob *blob);

/* --- Push (RFC 8620, 7) -------------------------------------------------- */

/* A set of types as bits, 1 << enum smail__object of store/store.h, and
 * EmailDelivery (RFC 8621, 1.5), which changes when mail comes in. */
#define SMAIL__JMAP_EMAIL_DELIVERY (1u << 31)
#define SMAIL__JMAP_ALL_TYPES 0xffffffffu

/* "Email,Mailbox", or "*" for all; names that nobody knows are passed over. */
unsigned smail__jmap_types(smail_span names);

/* Append a StateChange (RFC 8620, 7.1) with the states of `types` as they are
 * now, on one line: the same text as long as nothing changed. */
int smail__jmap_state(struct smail__buf *out, struct smail__jmap *jmap,
                      smail_id account, unsigned types, smail_error *err);

#endif
