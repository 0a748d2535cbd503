/* SPDX-License-Identifier: MIT */
/* What both ends of a TLS connection hold for the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/format.h"
#include "crypto/tls.h"

struct fixture {
    char folder[64], certificate[96], key[96];
};

static int make(const char *folder, const char *algorithm)
{
    char command[600];

    smail__format(command, sizeof(command),
                  "openssl req -x509 -newkey %s -nodes -days 30 -subj /CN=l "
                  "-keyout %s/key.pem -out %s/cert.pem 2>/dev/null",
                  algorithm, folder, folder);
    return system(command);
}

static int setup(void **state)
{
    static struct fixture f;

    smail__format(f.folder, sizeof(f.folder), "/tmp/tls-peer-XXXXXX");
    if (mkdtemp(f.folder) == NULL)
        return -1;
    smail__format(f.certificate, sizeof(f.certificate), "%s/cert.pem",
                  f.folder);
    smail__format(f.key, sizeof(f.key), "%s/key.pem", f.folder);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    unlink(f->certificate);
    unlink(f->key);
    return rmdir(f->folder);
}

struct pair {
    struct smail__tls_context *server_context, *client_context;
    struct smail__tls_stream *server, *client;
};

static void carry(struct smail__tls_stream *from, struct smail__tls_stream *to)
{
    smail_span bytes = smail__tls_stream_output(from);

    if (bytes.len > 0)
        smail__tls_stream_sent(from, smail__tls_stream_feed(to, bytes));
}

static void open_pair(struct pair *pair, const struct fixture *f,
                      const char *authorities)
{
    smail_error err = SMAIL_ERROR_INIT;
    int a = 0, b = 0;

    assert_int_equal(smail__tls_server_new(&pair->server_context,
                                           f->certificate, f->key, &err),
                     0);
    if (authorities != NULL)
        assert_int_equal(
            smail__tls_server_ask(pair->server_context, authorities, &err), 0);
    assert_int_equal(
        smail__tls_client_new(&pair->client_context, f->certificate, &err), 0);
    assert_int_equal(
        smail__tls_stream_new(&pair->server, pair->server_context, NULL, &err),
        0);
    assert_int_equal(
        smail__tls_stream_new(&pair->client, pair->client_context, NULL, &err),
        0);
    for (int i = 0; i < 100 && (a != 1 || b != 1); i++) {
        a = a == 1 ? 1 : smail__tls_stream_handshake(pair->client, &err);
        b = b == 1 ? 1 : smail__tls_stream_handshake(pair->server, &err);
        assert_true(a >= 0 && b >= 0);
        carry(pair->client, pair->server);
        carry(pair->server, pair->client);
    }
    assert_int_equal(a + b, 2);
}

static void close_pair(struct pair *pair)
{
    smail__tls_stream_free(pair->server);
    smail__tls_stream_free(pair->client);
    smail__tls_context_free(pair->server_context);
    smail__tls_context_free(pair->client_context);
}

static void assert_bindings(const struct fixture *f, size_t end_point_len)
{
    unsigned char ours[SMAIL__TLS_BINDING_MAX], theirs[SMAIL__TLS_BINDING_MAX];
    struct pair pair;

    open_pair(&pair, f, NULL);
    assert_int_equal(smail__tls_stream_end_point(ours, pair.server),
                     end_point_len);
    assert_int_equal(smail__tls_stream_end_point(theirs, pair.client),
                     end_point_len);
    assert_memory_equal(ours, theirs, end_point_len);
    assert_int_equal(smail__tls_stream_exporter(ours, pair.server), 32);
    assert_int_equal(smail__tls_stream_exporter(theirs, pair.client), 32);
    assert_memory_equal(ours, theirs, 32);
    close_pair(&pair);
}

/* RFC 5929, 4.1: the hash of the certificate's signature, SHA-1 made SHA-256,
 * and none at all for what signs without one. */
static void both_ends_hold_the_same_bindings(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(make(f->folder, "ec -pkeyopt ec_paramgen_curve:P-256"), 0);
    assert_bindings(f, 32);
    assert_int_equal(
        make(f->folder, "ec -pkeyopt ec_paramgen_curve:P-256 -sha384"), 0);
    assert_bindings(f, 48);
    assert_int_equal(
        make(f->folder, "ec -pkeyopt ec_paramgen_curve:P-256 -sha1"), 0);
    assert_bindings(f, 32);
    assert_int_equal(make(f->folder, "ed25519"), 0);
    assert_bindings(f, 0);
}

static void connections_differ(void **state)
{
    unsigned char one[SMAIL__TLS_BINDING_MAX], two[SMAIL__TLS_BINDING_MAX];
    struct fixture *f = *state;
    struct pair a, b;

    assert_int_equal(make(f->folder, "ec -pkeyopt ec_paramgen_curve:P-256"), 0);
    open_pair(&a, f, NULL);
    open_pair(&b, f, NULL);
    assert_int_equal(smail__tls_stream_exporter(one, a.server), 32);
    assert_int_equal(smail__tls_stream_exporter(two, b.server), 32);
    assert_memory_not_equal(one, two, 32);
    close_pair(&a);
    close_pair(&b);
}

static void a_client_without_a_certificate_has_no_addresses(void **state)
{
    char email[SMAIL__TLS_EMAIL_MAX + 1];
    struct smail__tls_context *context = NULL;
    struct fixture *f = *state;
    smail_error err = SMAIL_ERROR_INIT;
    struct pair pair;

    assert_int_equal(make(f->folder, "ec -pkeyopt ec_paramgen_curve:P-256"), 0);
    open_pair(&pair, f, f->certificate);
    assert_int_equal(smail__tls_stream_peer_email(email, pair.server, 0), 0);
    close_pair(&pair);

    assert_int_equal(
        smail__tls_server_new(&context, f->certificate, f->key, &err), 0);
    assert_int_equal(smail__tls_server_ask(context, f->key, &err),
                     SMAIL_EMALFORMED);
    assert_non_null(strstr(err.message, f->key));
    assert_int_equal(smail__tls_server_ask(context, "/nowhere", &err),
                     SMAIL_EMALFORMED);
    smail__tls_context_free(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ends_hold_the_same_bindings),
        cmocka_unit_test(connections_differ),
        cmocka_unit_test(a_client_without_a_certificate_has_no_addresses),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
