/* SPDX-License-Identifier: MIT */
/*
 * Server and client streams joined back to back, without a socket, and every
 * way in which a certificate can be wrong.
 */
#include "crypto/tls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/span.h"

struct fixture {
    char folder[64];
    char certificate[96], key[96], other_key[96], locked_key[96];
};

static void run(const char *format, const char *a, const char *b)
{
    char command[512];

    snprintf(command, sizeof(command),
             "cd '%s' && openssl req -x509 -newkey ec -pkeyopt "
             "ec_paramgen_curve:P-256 -subj /CN=localhost "
             "-addext subjectAltName=DNS:localhost %s -out '%s' 2>/dev/null",
             a, format, b);
    assert_int_equal(system(command), 0);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    snprintf(f->folder, sizeof(f->folder), "/tmp/tls-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->certificate, sizeof(f->certificate), "%s/cert.pem", f->folder);
    snprintf(f->key, sizeof(f->key), "%s/key.pem", f->folder);
    snprintf(f->other_key, sizeof(f->other_key), "%s/other.pem", f->folder);
    snprintf(f->locked_key, sizeof(f->locked_key), "%s/locked.pem", f->folder);
    run("-nodes -days 30 -keyout key.pem", f->folder, "cert.pem");
    run("-nodes -days 30 -keyout other.pem", f->folder, "x.pem");
    run("-passout pass:secret -days 30 -keyout locked.pem", f->folder, "y.pem");
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

/* Carry what one side has for the other, at most `step` octets at a time. */
static bool carry(struct smail__tls_stream *from, struct smail__tls_stream *to,
                  size_t step)
{
    smail_span bytes = smail__tls_stream_output(from);
    size_t taken;

    if (bytes.len > step)
        bytes.len = step;
    taken = bytes.len > 0 ? smail__tls_stream_feed(to, bytes) : 0;
    smail__tls_stream_sent(from, taken);
    return taken > 0;
}

static int shake(struct smail__tls_stream *server,
                 struct smail__tls_stream *client, size_t step,
                 smail_error *err)
{
    int a = 0, b = 0;

    for (int i = 0; i < 100000 && (a != 1 || b != 1); i++) {
        a = a == 1 ? 1 : smail__tls_stream_handshake(client, err);
        b = b == 1 ? 1 : smail__tls_stream_handshake(server, err);
        if (a < 0 || b < 0)
            return a < 0 ? a : b;
        carry(client, server, step);
        carry(server, client, step);
    }
    return a == 1 && b == 1 ? 1 : 0;
}

struct pair {
    struct smail__tls_context *server_context, *client_context;
    struct smail__tls_stream *server, *client;
};

static void open_pair(struct pair *pair, const struct fixture *f,
                      const char *name)
{
    smail_error err = SMAIL_ERROR_INIT;

    assert_int_equal(smail__tls_server_new(&pair->server_context,
                                           f->certificate, f->key, &err),
                     0);
    assert_int_equal(
        smail__tls_client_new(&pair->client_context, f->certificate, &err), 0);
    assert_int_equal(
        smail__tls_stream_new(&pair->server, pair->server_context, NULL, &err),
        0);
    assert_int_equal(
        smail__tls_stream_new(&pair->client, pair->client_context, name, &err),
        0);
}

static void close_pair(struct pair *pair)
{
    smail__tls_stream_free(pair->server);
    smail__tls_stream_free(pair->client);
    smail__tls_context_free(pair->server_context);
    smail__tls_context_free(pair->client_context);
}

static void a_megabyte_passes_in_steps_of(struct fixture *f, size_t step,
                                          size_t total)
{
    struct pair pair;
    smail_error err = SMAIL_ERROR_INIT;
    char out[1000], in[5000];
    size_t sent = 0, got = 0, len;

    open_pair(&pair, f, "localhost");
    assert_int_equal(shake(pair.server, pair.client, step, &err), 1);
    assert_string_equal(smail__tls_stream_protocol(pair.server), "TLSv1.3");
    assert_true(strlen(smail__tls_stream_cipher(pair.server)) > 5);
    while (got < total) {
        for (size_t i = 0; i < sizeof(out); i++)
            out[i] = (char)((sent + i) * 7 % 251);
        if (sent < total) {
            assert_true(smail__tls_stream_write(
                            &len, pair.client, (smail_span){ out, sizeof(out) },
                            &err) >= 0);
            sent += len;
        }
        while (carry(pair.client, pair.server, step) ||
               carry(pair.server, pair.client, step))
            if (smail__tls_stream_read(&len, pair.server, in, sizeof(in),
                                       &err) == 1)
                for (size_t i = 0; i < len; i++, got++)
                    assert_int_equal(in[i], (char)(got * 7 % 251));
        while (smail__tls_stream_read(&len, pair.server, in, sizeof(in),
                                      &err) == 1)
            for (size_t i = 0; i < len; i++, got++)
                assert_int_equal(in[i], (char)(got * 7 % 251));
    }

    smail__tls_stream_close(pair.client);
    carry(pair.client, pair.server, 4096);
    assert_int_equal(
        smail__tls_stream_read(&len, pair.server, in, sizeof(in), &err),
        SMAIL_ESTATE);
    close_pair(&pair);
}

static void bytes_pass_whole(void **state)
{
    a_megabyte_passes_in_steps_of(*state, 4096, 1000000);
}

static void bytes_pass_one_at_a_time(void **state)
{
    a_megabyte_passes_in_steps_of(*state, 1, 40000);
}

static void output_is_bounded_when_nobody_sends(void **state)
{
    struct pair pair;
    smail_error err = SMAIL_ERROR_INIT;
    static const char block[1000];
    size_t len, total = 0;
    int rc = 1;

    open_pair(&pair, *state, "localhost");
    assert_int_equal(shake(pair.server, pair.client, 4096, &err), 1);
    for (int i = 0; i < 1000 && rc == 1; i++) {
        rc = smail__tls_stream_write(
            &len, pair.server, (smail_span){ block, sizeof(block) }, &err);
        total += len;
    }
    assert_int_equal(rc, 0);
    assert_true(total <= 2 * SMAIL__TLS_BUFFER);
    close_pair(&pair);
}

static void garbage_fails_and_says_so(void **state)
{
    struct pair pair;
    smail_error err = SMAIL_ERROR_INIT;
    size_t len;
    char in[16];

    open_pair(&pair, *state, "localhost");
    smail__tls_stream_feed(pair.server,
                           SMAIL__SPAN("EHLO client.example\r\nNOOP\r\n"));
    assert_int_equal(smail__tls_stream_handshake(pair.server, &err), SMAIL_EIO);
    assert_true(strlen(err.message) > 10);
    assert_int_equal(
        smail__tls_stream_read(&len, pair.server, in, sizeof(in), &err),
        SMAIL_EIO);
    close_pair(&pair);
}

static void a_client_demands_the_right_name(void **state)
{
    struct pair pair;
    smail_error err = SMAIL_ERROR_INIT;

    open_pair(&pair, *state, "elsewhere.example");
    assert_int_equal(shake(pair.server, pair.client, 4096, &err), SMAIL_EIO);
    assert_non_null(strstr(err.message, "certificate verify failed"));
    close_pair(&pair);
}

static void no_session_ticket_is_sent(void **state)
{
    struct pair pair;
    smail_error err = SMAIL_ERROR_INIT;

    open_pair(&pair, *state, "localhost");
    assert_int_equal(shake(pair.server, pair.client, 4096, &err), 1);
    /* A TLS 1.3 server would send its tickets now. */
    assert_int_equal(smail__tls_stream_output(pair.server).len, 0);
    close_pair(&pair);
}

static void streams_outlive_their_context(void **state)
{
    struct pair pair;
    smail_error err = SMAIL_ERROR_INIT;

    open_pair(&pair, *state, "localhost");
    smail__tls_context_free(pair.server_context);
    pair.server_context = NULL;
    assert_int_equal(shake(pair.server, pair.client, 4096, &err), 1);
    close_pair(&pair);
}

static void refuses(const char *certificate, const char *key, int code,
                    const char *file, const char *reason)
{
    struct smail__tls_context *context = NULL;
    smail_error err = SMAIL_ERROR_INIT;

    assert_int_equal(smail__tls_server_new(&context, certificate, key, &err),
                     code);
    assert_null(context);
    if (strstr(err.message, file) == NULL ||
        strstr(err.message, reason) == NULL)
        fail_msg("'%s' names not '%s' and '%s'", err.message, file, reason);
}

static void bad_files_are_named_with_the_reason(void **state)
{
    struct fixture *f = *state;
    struct smail__tls_context *context = NULL;
    smail_error err = SMAIL_ERROR_INIT;

    refuses("/nowhere/cert.pem", f->key, SMAIL_ENOTFOUND, "/nowhere/cert.pem",
            "No such file");
    refuses(f->certificate, "/nowhere/key.pem", SMAIL_ENOTFOUND,
            "/nowhere/key.pem", "No such file");
    refuses(f->key, f->key, SMAIL_EMALFORMED, "key.pem",
            "not a PEM certificate");
    refuses(f->certificate, f->certificate, SMAIL_EMALFORMED, "cert.pem",
            "not a PEM private key");
    refuses(f->certificate, f->other_key, SMAIL_EMALFORMED, "other.pem",
            "does not belong");
    refuses(f->certificate, f->locked_key, SMAIL_EMALFORMED, "locked.pem",
            "passphrase");
    refuses("/dev/null", f->key, SMAIL_EMALFORMED, "/dev/null", "not a PEM");
    if (getuid() != 0) {
        assert_int_equal(chmod(f->other_key, 0), 0);
        refuses(f->certificate, f->other_key, SMAIL_EIO, "other.pem",
                "Permission denied");
    }
    assert_int_equal(
        smail__tls_server_new(&context, f->certificate, f->key, &err), 0);
    assert_int_equal(smail__tls_context_not_after(context) -
                         smail__tls_context_not_before(context),
                     30 * 86400);
    smail__tls_context_free(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_pass_whole),
        cmocka_unit_test(bytes_pass_one_at_a_time),
        cmocka_unit_test(output_is_bounded_when_nobody_sends),
        cmocka_unit_test(garbage_fails_and_says_so),
        cmocka_unit_test(a_client_demands_the_right_name),
        cmocka_unit_test(no_session_ticket_is_sent),
        cmocka_unit_test(streams_outlive_their_context),
        cmocka_unit_test(bad_files_are_named_with_the_reason),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
