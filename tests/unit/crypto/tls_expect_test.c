/* SPDX-License-Identifier: MIT */
/* Whom a client takes for the server, and what it says of the others. */
#include "crypto/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

struct fixture {
    char folder[64];
};

/* An authority, and what it has signed: for mx.test, for another name, long
 * ago. Each file "x.pem" has its key in "x.key"; digests are in "x.spki". */
static const char *const commands[] = {
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
    "-days 30 -subj /CN=ca -keyout ca.key -out ca.pem",
    "for n in mx.test other.test; do echo subjectAltName=DNS:$n >$n.ext; "
    "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "
    "/CN=mx.test -keyout $n.key -out $n.csr; openssl x509 -req -in $n.csr "
    "-CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile $n.ext -out "
    "$n.pem; done",
    "openssl x509 -req -in mx.test.csr -CA ca.pem -CAkey ca.key "
    "-CAcreateserial -days -1 -extfile mx.test.ext -out old.pem; "
    "cp mx.test.key old.key",
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
    "-days 30 -subj /CN=x -addext subjectAltName=DNS:mx.test -keyout own.key "
    "-out own.pem",
    /* The subject's name alone. */
    "openssl x509 -req -in mx.test.csr -CA ca.pem -CAkey ca.key "
    "-CAcreateserial -days 30 -out cn.pem; cp mx.test.key cn.key",
    "openssl pkey -in own.key -pubout -outform DER | openssl dgst -sha256 "
    "-binary >own.spki",
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    snprintf(f->folder, sizeof(f->folder), "/tmp/expect-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        char text[800];

        snprintf(text, sizeof(text), "cd '%s' && (%s) 2>/dev/null", f->folder,
                 commands[i]);
        assert_int_equal(system(text), 0);
    }
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'", f->folder);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

static bool carry(struct smail__tls_stream *from, struct smail__tls_stream *to)
{
    smail_span bytes = smail__tls_stream_output(from);
    size_t taken = bytes.len > 0 ? smail__tls_stream_feed(to, bytes) : 0;

    smail__tls_stream_sent(from, taken);
    return taken > 0;
}

static int shake(struct smail__tls_stream *server,
                 struct smail__tls_stream *client)
{
    int a = 0, b = 0;

    for (int i = 0; i < 1000 && a >= 0 && (a != 1 || b != 1); i++) {
        a = a == 1 ? 1 : smail__tls_stream_handshake(client, NULL);
        b = b == 1 ? 1 : smail__tls_stream_handshake(server, NULL);
        carry(client, server);
        carry(server, client);
    }
    return a;
}

/* What comes of a handshake with who shows NAME.pem: 1 or negative. */
static int meet(const struct fixture *f, const char *name,
                const struct smail__tls_expected *expected,
                enum smail__tls_fault *fault)
{
    struct smail__tls_context *ours = NULL, *theirs = NULL;
    struct smail__tls_stream *client = NULL, *server = NULL;
    char certificate[120], key[120], authority[120];
    int code;

    snprintf(certificate, sizeof(certificate), "%s/%s.pem", f->folder, name);
    snprintf(key, sizeof(key), "%s/%s.key", f->folder, name);
    snprintf(authority, sizeof(authority), "%s/ca.pem", f->folder);
    assert_int_equal(smail__tls_server_new(&theirs, certificate, key, NULL), 0);
    assert_int_equal(smail__tls_client_new(&ours, authority, NULL), 0);
    assert_int_equal(smail__tls_stream_new(&server, theirs, NULL, NULL), 0);
    assert_int_equal(smail__tls_stream_new(&client, ours, NULL, NULL), 0);
    assert_int_equal(smail__tls_stream_expect(client, expected, NULL), 0);
    code = shake(server, client);
    *fault = smail__tls_stream_fault(client);
    smail__tls_stream_free(client);
    smail__tls_stream_free(server);
    smail__tls_context_free(ours);
    smail__tls_context_free(theirs);
    return code;
}

static const struct {
    const char *shown;
    enum smail__tls_fault fault;
} list[] = {
    { "mx.test", SMAIL__TLS_FAULT_NONE },
    { "other.test", SMAIL__TLS_FAULT_NAME },
    { "cn", SMAIL__TLS_FAULT_NAME }, /* RFC 8461, 4.2 */
    { "old", SMAIL__TLS_FAULT_TIME },
    { "own", SMAIL__TLS_FAULT_TRUST },
};

static void a_certificate_that_is_demanded(void **state)
{
    struct smail__tls_expected expected = { .name = "mx.test", .verify = true };
    enum smail__tls_fault fault;

    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        int code = meet(*state, list[i].shown, &expected, &fault);

        if (fault != list[i].fault || (code == 1) != (list[i].fault == 0))
            fail_msg("%s: %d, %d", list[i].shown, code, (int)fault);
    }
    expected.also = "other.test";
    assert_int_equal(meet(*state, "other.test", &expected, &fault), 1);
}

static void a_certificate_that_is_looked_at(void **state)
{
    struct smail__tls_expected expected = { .name = "mx.test" };
    enum smail__tls_fault fault;

    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        assert_int_equal(meet(*state, list[i].shown, &expected, &fault), 1);
        assert_int_equal(fault, list[i].fault);
    }
    expected.name = "[192.0.2.1]"; /* there is no name to look for */
    assert_int_equal(meet(*state, "mx.test", &expected, &fault), 1);
}

static void a_certificate_that_dns_names(void **state)
{
    const struct fixture *f = *state;
    char path[120], digest[33];
    struct smail__tls_association record = { 3, 1, 1, { digest, 32 } };
    struct smail__tls_expected expected = { .name = "elsewhere.test",
                                            .associations = &record,
                                            .association_count = 1 };
    enum smail__tls_fault fault;
    FILE *file;

    snprintf(path, sizeof(path), "%s/own.spki", f->folder);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(digest, 1, sizeof(digest), file), 32);
    fclose(file);
    /* RFC 7672, 3.1.1: neither name nor date nor authority matters. */
    assert_int_equal(meet(f, "own", &expected, &fault), 1);
    assert_int_equal(fault, SMAIL__TLS_FAULT_NONE);
    assert_true(meet(f, "mx.test", &expected, &fault) < 0);
    assert_int_equal(fault, SMAIL__TLS_FAULT_NO_MATCH);
    digest[0] ^= 1;
    assert_true(meet(f, "own", &expected, &fault) < 0);
    assert_int_equal(fault, SMAIL__TLS_FAULT_NO_MATCH);
}

static void nobody_has_shown_one_yet(void **state)
{
    struct smail__tls_context *context = NULL;
    struct smail__tls_stream *stream = NULL;

    (void)state;
    assert_int_equal(smail__tls_client_new(&context, NULL, NULL), 0);
    assert_int_equal(smail__tls_stream_new(&stream, context, NULL, NULL), 0);
    assert_int_equal(smail__tls_stream_fault(stream), SMAIL__TLS_FAULT_OTHER);
    smail__tls_stream_free(stream);
    smail__tls_context_free(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_that_is_demanded),
        cmocka_unit_test(a_certificate_that_is_looked_at),
        cmocka_unit_test(a_certificate_that_dns_names),
        cmocka_unit_test(nobody_has_shown_one_yet),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
