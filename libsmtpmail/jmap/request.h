/* SPDX-License-Identifier: MIT */
/*
 * jmap/request.h - one request (RFC 8620, 3.3): its calls, the responses so
 * far, the ids it created.
 */
#ifndef SMAIL__JMAP_REQUEST_H
#define SMAIL__JMAP_REQUEST_H

#include "jmap/call.h"

/* Responses that a request can have: one call may give two. */
#define SMAIL__JMAP_RESPONSES_MAX 128

/* Octets of the responses that one request refers to. */
#define SMAIL__JMAP_REFERRED_MAX ((size_t)8 * 1024 * 1024)

/* Octets that all references of one request copy: lists of ids are short, and
 * a reference to a reference to a list of them must not grow without end. */
#define SMAIL__JMAP_COPIED_MAX ((size_t)4 * 1024 * 1024)

/* References in the arguments of one call. */
#define SMAIL__JMAP_REFERENCES_MAX 16

struct smail__jmap_created {
    char *name, *id;
};

/* Where a response's arguments stand in `out`. */
struct smail__jmap_response {
    smail_span call_id; /* of the request */
    char name[40];
    size_t offset, len;
    struct smail__json_document *document; /* read when first referred to */
};

struct smail__jmap_request {
    struct smail__jmap *jmap;
    smail_id account;
    struct smail__buf *out;
    struct smail__json json; /* writes `out` */
    unsigned capabilities;
    bool gives_created; /* createdIds were sent, so they are answered */
    struct smail__jmap_created *created;
    size_t created_count, created_room;
    struct smail__jmap_response responses[SMAIL__JMAP_RESPONSES_MAX];
    size_t response_count;
    size_t begin; /* where the response begins in `out` */

    /* What references have cost so far. */
    size_t referred_octets, referred_values, copied_octets;
};

/* method_table.c */
/* Capabilities as bits. */
enum {
    SMAIL__JMAP_CORE = 1 << 0,
    SMAIL__JMAP_MAIL = 1 << 1,
    SMAIL__JMAP_SENDING = 1 << 2,
    SMAIL__JMAP_SEARCH = 1 << 3,
    SMAIL__JMAP_REMOVED = 1 << 4
};

struct smail__jmap_entry {
    const char *name;
    unsigned capability;
    bool no_account;
    smail__jmap_method *run;
    const char *arguments; /* with a space behind each; NULL: any */
    bool changes;
};

/* By its name, among those of the capabilities that the request uses. */
const struct smail__jmap_entry *smail__jmap_find_method(smail_span name,
                                                        unsigned capabilities);

void smail__jmap_created_dispose(struct smail__jmap_request *request);

/*
 * reference.c: the arguments of `call` with each "#name" put in its place
 * (RFC 8620, 3.7), as a document of its own; `*out` is NULL and call->args
 * stand when there is none. SMAIL__JMAP_REFUSED.
 */
int smail__jmap_resolve(struct smail__json_document **out,
                        struct smail__jmap_call *call, smail_error *err);

#endif
