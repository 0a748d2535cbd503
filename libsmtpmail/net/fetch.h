/* SPDX-License-Identifier: MIT */
/*
 * net/fetch.h - small texts over HTTPS, by libcurl on threads of their own
 * (RFC 8461, 3.3).
 *
 * What is fetched is bounded in octets and in time, is of type text/plain, and
 * comes from addresses that the caller has looked up, from a host whose
 * certificate is for its name. Nothing is followed: no redirect, no proxy, no
 * cookie.
 */
#ifndef SMAIL__NET_FETCH_H
#define SMAIL__NET_FETCH_H

#include "base/buf.h"
#include "dns/name.h"
#include "net/endpoint.h"
#include "net/loop.h"
#include "net/worker.h"

struct smail__fetcher;
struct smail__tls_context;

/* Addresses of one host that are tried. */
#define SMAIL__FETCH_ADDRESSES_MAX 16

/* Texts that wait for a thread. */
#define SMAIL__FETCH_QUEUE_MAX 200

enum smail__fetch_result {
    SMAIL__FETCH_DONE,
    SMAIL__FETCH_NO_ANSWER, /* or none in time */
    SMAIL__FETCH_UNTRUSTED, /* the certificate is not right */
    SMAIL__FETCH_NOT_THERE  /* another status, type, or too long a text */
};

/* One text, inside the object that wants it. */
struct smail__fetch {
    /* In: */
    char host[SMAIL__DNS_NAME_ROOM];
    uint16_t port; /* 0: 443 */
    const char *path;
    struct smail__endpoint addresses[SMAIL__FETCH_ADDRESSES_MAX];
    size_t address_count;
    uint32_t patience; /* milliseconds, for all of it */
    size_t octets_max;
    void (*done)(struct smail__fetch *fetch); /* once, on the loop */
    /* Out, until dispose(): */
    enum smail__fetch_result result;
    struct smail__buf text;
    char why[200];
    /* Its own: */
    struct smail__work work;
    struct smail__task task;
    struct smail__loop *loop;
    struct smail__fetcher *fetcher;
};

/* `tls`: a client's, for whom it trusts; it must outlive the fetcher. */
int smail__fetcher_new(struct smail__fetcher **out,
                       struct smail__tls_context *tls, smail_error *err);
/* Cuts off what is under way; done() is called for it if its loop still goes.
 * NULL is fine. */
void smail__fetcher_free(struct smail__fetcher *fetcher);

/* Any thread. SMAIL_ELIMIT when too many wait: done() is not called then. */
int smail__fetch_start(struct smail__fetcher *fetcher,
                       struct smail__fetch *fetch, struct smail__loop *loop);
void smail__fetch_dispose(struct smail__fetch *fetch);

#endif
