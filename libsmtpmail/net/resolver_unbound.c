/* SPDX-License-Identifier: MIT */
/*
 * net/resolver_unbound.c - libunbound in thread mode: one thread of its own
 * resolves, one of ours takes the answers in.
 *
 * Its cache and its questions have an end of their own; what our loops no
 * longer wait for is let go on, as the answer is cached.
 */
/* clang-format off */
#define _GNU_SOURCE 1 /* pipe2() */
/* clang-format on */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <unbound.h>

#include "base/error.h"
#include "base/span.h"
#include "net/endpoint.h"
#include "net/resolver_internal.h"

#define CLASS_IN 1
#define PORT_MAX_DIGITS 5
#define NOERROR 0
#define NXDOMAIN 3

struct smail__unbound {
    struct ub_ctx *context;
    pthread_t thread;
    bool has_thread, validates;
    int stop[2]; /* a pipe: its end is the thread's */
};

static const struct {
    const char *name, *value;
} settings[] = {
    { "msg-cache-size:", "2m" },           { "rrset-cache-size:", "4m" },
    { "key-cache-size:", "1m" },           { "neg-cache-size:", "512k" },
    { "infra-cache-numhosts:", "2000" },   { "outgoing-range:", "512" },
    { "num-queries-per-thread:", "1024" }, { "edns-buffer-size:", "1232" },
    { "cache-max-ttl:", "86400" },         { "cache-max-negative-ttl:", "600" },
};

/* Where the distributions put the key of the root. */
static const char *const anchors[] = { "/usr/share/dns/root.key",
                                       "/var/lib/unbound/root.key",
                                       "/etc/unbound/root.key" };

static const char *const resolv_conf = "/etc/resolv.conf";

/* --- Setting it up -------------------------------------------------------- */

static int failed(smail_error *err, const char *what, int code)
{
    return smail__fail(err, SMAIL_EINVAL, "resolver: %s: %s", what,
                       ub_strerror(code));
}

/* "ADDRESS:PORT" is "ADDRESS@PORT" there. */
static int add_server(struct ub_ctx *context, smail_span text, smail_error *err)
{
    char copy[SMAIL__ADDRESS_TEXT + PORT_MAX_DIGITS + 4], address[80];
    struct smail__endpoint endpoint;
    int code;

    if (text.len == 0 || text.len >= sizeof(copy))
        return smail__fail(err, SMAIL_EINVAL,
                           "resolver: '%.*s' is not ADDRESS:PORT",
                           SMAIL__SPAN_ARG(text));
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    if (smail__endpoint_parse(&endpoint, text, NULL) != 0) {
        /* An address alone, an IPv6 one with or without brackets. */
        smail_span bare = text;

        if (bare.data[0] == '[' && bare.data[bare.len - 1] == ']')
            bare = smail__span_slice(bare, 1, bare.len - 2);
        smail__format(copy, sizeof(copy),
                      memchr(bare.data, ':', bare.len) != NULL ? "[%.*s]:53"
                                                               : "%.*s:53",
                      SMAIL__SPAN_ARG(bare));
        if (smail__endpoint_parse(&endpoint, smail__span(copy), NULL) != 0)
            return smail__fail(err, SMAIL_EINVAL,
                               "resolver: '%.*s' is not ADDRESS or "
                               "ADDRESS:PORT",
                               SMAIL__SPAN_ARG(text));
    }
    smail__endpoint_text(copy, &endpoint);
    smail__format(address, sizeof(address), "%s@%u", copy,
                  (unsigned)endpoint.port);
    code = ub_ctx_set_fwd(context, address);
    return code == 0 ? 0 : failed(err, address, code);
}

static int set_servers(struct ub_ctx *context, const char *text,
                       smail_error *err)
{
    smail_span rest = smail__span(text);
    int rc = 0, code;

    if (smail__span_is(rest, "recursive"))
        return 0;
    /* Questions go to whom one is told to ask, also on this machine. */
    (void)ub_ctx_set_option(context, "do-not-query-localhost:", "no");
    if (rest.len == 0) {
        if (access(resolv_conf, R_OK) != 0)
            return 0; /* from the root down, then */
        code = ub_ctx_resolvconf(context, resolv_conf);
        return code == 0 ? 0 : failed(err, resolv_conf, code);
    }
    while (rc == 0 && rest.len > 0) {
        smail_span one = smail__span_cut(&rest, ' ');

        if (one.len > 0)
            rc = add_server(context, one, err);
    }
    return rc;
}

static int set_anchor(struct smail__unbound *unbound,
                      const struct smail__resolver_options *options,
                      smail_error *err)
{
    const char *file = options->trust_anchor;
    int code;

    if (file == NULL && options->server != NULL &&
        strcmp(options->server, "recursive") != 0)
        return 0;
    for (size_t i = 0; file == NULL && i < sizeof(anchors) / sizeof(anchors[0]);
         i++) {
        if (access(anchors[i], R_OK) == 0)
            file = anchors[i];
    }
    if (file == NULL)
        return 0;
    if (access(file, R_OK) != 0)
        return smail__fail_os(err, SMAIL_EIO, errno,
                              "trust anchor '%s' cannot be read", file);
    code = ub_ctx_add_ta_file(unbound->context, file);
    if (code != 0)
        return failed(err, file, code);
    unbound->validates = true;
    return 0;
}

/* --- Answers -------------------------------------------------------------- */

static enum smail__dns_status status_of(const struct ub_result *result)
{
    if (result->bogus)
        return SMAIL__DNS_TEMPORARY;
    if (result->rcode == NXDOMAIN || result->nxdomain)
        return SMAIL__DNS_NO_NAME;
    if (result->rcode != NOERROR)
        return SMAIL__DNS_TEMPORARY;
    return result->havedata ? SMAIL__DNS_FOUND : SMAIL__DNS_NO_DATA;
}

static const char *reason_of(const struct ub_result *result)
{
    if (result->bogus)
        return result->why_bogus != NULL ? result->why_bogus
                                         : "the signatures do not hold";
    return result->rcode != NOERROR && result->rcode != NXDOMAIN
               ? "the name server failed"
               : "";
}

static struct smail__dns_answer *make_answer(const struct ub_result *result)
{
    enum smail__dns_status status = status_of(result);
    const char *name =
        result->canonname != NULL ? result->canonname : result->qname;
    char text[SMAIL__DNS_NAME_ROOM];
    struct smail__dns_answer *answer;
    size_t count = 0, octets = 0;

    if (smail__dns_name(text, smail__span(name)) != 0)
        text[0] = '\0';
    while (status == SMAIL__DNS_FOUND && count < SMAIL__DNS_RECORDS_MAX &&
           result->data[count] != NULL)
        octets += (size_t)result->len[count++];
    answer =
        smail__dns_answer_new(status, text, reason_of(result), count, octets);
    if (answer == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        smail__dns_answer_add(
            answer, (smail_span){ result->data[i], (size_t)result->len[i] });
    answer->ttl = result->ttl > 0 ? (uint32_t)result->ttl : 0;
    if (result->bogus)
        answer->security = SMAIL__DNS_BOGUS;
    else if (result->secure)
        answer->security = SMAIL__DNS_SECURE;
    return answer;
}

static void on_result(void *user, int code, struct ub_result *result)
{
    struct smail__dns_answer *answer;

    if (code != 0 || result == NULL)
        answer = smail__dns_answer_new(SMAIL__DNS_TEMPORARY, "",
                                       ub_strerror(code), 0, 0);
    else
        answer = make_answer(result);
    ub_resolve_free(result);
    smail__resolver_answer(user, answer);
}

static void *thread_main(void *arg)
{
    struct smail__unbound *unbound = arg;
    struct pollfd fds[2] = {
        { .fd = ub_fd(unbound->context), .events = POLLIN },
        { .fd = unbound->stop[0], .events = POLLIN },
    };

    for (;;) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        if (fds[1].revents != 0)
            break;
        if (fds[0].revents != 0 && ub_process(unbound->context) != 0)
            break;
    }
    return NULL;
}

/* --- Life ----------------------------------------------------------------- */

static void on_first(void *user, int code, struct ub_result *result)
{
    (void)user;
    (void)code;
    ub_resolve_free(result);
}

/* The first question makes it read its files and start its thread: here, and
 * not when there are no rights any more. It answers this one by itself. */
static int start(struct smail__unbound *unbound, smail_error *err)
{
    int code = ub_resolve_async(unbound->context, "localhost.", SMAIL__DNS_A,
                                CLASS_IN, NULL, on_first, NULL);

    if (code != 0)
        return failed(err, "it does not start", code);
    if (pipe2(unbound->stop, O_CLOEXEC) != 0) {
        unbound->stop[0] = unbound->stop[1] = -1;
        return smail__fail_os(err, SMAIL_EIO, errno, "resolver: no pipe");
    }
    if (pthread_create(&unbound->thread, NULL, thread_main, unbound) != 0)
        return smail__fail(err, SMAIL_EIO, "no thread for the resolver");
    unbound->has_thread = true;
    return 0;
}

int smail__unbound_new(struct smail__unbound **out,
                       const struct smail__resolver_options *options,
                       smail_error *err)
{
    struct smail__unbound *unbound = calloc(1, sizeof(*unbound));
    int rc;

    if (unbound == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for a resolver");
    unbound->stop[0] = unbound->stop[1] = -1;
    unbound->context = ub_ctx_create();
    if (unbound->context == NULL) {
        free(unbound);
        return smail__fail(err, SMAIL_ENOMEM, "no memory for a resolver");
    }
    (void)ub_ctx_debugout(unbound->context, NULL);
    (void)ub_ctx_async(unbound->context, 1);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        (void)ub_ctx_set_option(unbound->context, settings[i].name,
                                settings[i].value);
    rc = set_servers(unbound->context, options->server, err);
    if (rc == 0)
        rc = set_anchor(unbound, options, err);
    if (rc == 0)
        rc = start(unbound, err);
    if (rc != 0) {
        smail__unbound_free(unbound);
        return rc;
    }
    *out = unbound;
    return 0;
}

void smail__unbound_free(struct smail__unbound *unbound)
{
    if (unbound == NULL)
        return;
    if (unbound->has_thread) {
        close(unbound->stop[1]);
        unbound->stop[1] = -1;
        pthread_join(unbound->thread, NULL);
    }
    for (int i = 0; i < 2; i++) {
        if (unbound->stop[i] >= 0)
            close(unbound->stop[i]);
    }
    ub_ctx_delete(unbound->context);
    free(unbound);
}

bool smail__unbound_validates(const struct smail__unbound *unbound)
{
    return unbound->validates;
}

int smail__unbound_ask(struct smail__unbound *unbound,
                       struct smail__resolving *resolving, const char *name,
                       enum smail__dns_type type)
{
    int code = ub_resolve_async(unbound->context, name, type, CLASS_IN,
                                resolving, on_result, NULL);

    return code == 0 ? 0 : SMAIL_ENOMEM;
}
