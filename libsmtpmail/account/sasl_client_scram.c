/* SPDX-License-Identifier: MIT */
/*
 * account/sasl_client_scram.c - SCRAM-SHA-256 and -PLUS, the client's side
 * (RFC 5802, 5 and 7; RFC 7677).
 */
#include <string.h>

#include "account/sasl_client_internal.h"
#include "account/scram_message.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "crypto/random.h"
#include "crypto/scram.h"

#define NONCE_LEN 18
#define SALT_MAX 1024
#define MESSAGE_MAX 16384

static int make_nonce(struct smail__sasl_client *client, smail_error *err)
{
    unsigned char bytes[NONCE_LEN];
    int rc;

    if (client->nonce.len > 0)
        return 0;
    rc = smail__random(bytes, sizeof(bytes), err);
    if (rc == 0)
        smail__base64_encode(&client->nonce,
                             (smail_span){ (const char *)bytes, NONCE_LEN });
    return rc;
}

/* RFC 5802, 6: 'y' says "we could, and you do not", which a server that does
   takes for what it is. */
static const char *flag_of(const struct smail__sasl_client *client)
{
    if (client->kind->is_plus)
        return client->is_end_point ? "p=tls-server-end-point,,"
                                    : "p=tls-exporter,,";
    return client->can_bind ? "y,," : "n,,";
}

static int say_first(struct smail__sasl_client *client, smail_error *err)
{
    int rc = make_nonce(client, err);

    if (rc != 0)
        return rc;
    smail__buf_puts(&client->gs2, flag_of(client));
    smail__buf_puts(&client->bare, "n=");
    smail__scram_name_encode(&client->bare, smail__buf_span(&client->user));
    smail__buf_puts(&client->bare, ",r=");
    smail__buf_append(&client->bare, smail__buf_span(&client->nonce));
    smail__buf_append(&client->response, smail__buf_span(&client->gs2));
    smail__buf_append(&client->response, smail__buf_span(&client->bare));
    return 0;
}

/* --- The proof ------------------------------------------------------------ */

struct first {
    smail_span nonce, salt;
    uint64_t iterations;
};

static int read_first(struct first *out, struct smail__buf *salt,
                      const struct smail__sasl_client *client,
                      smail_span challenge, smail_error *err)
{
    smail_span ours = smail__buf_span(&client->nonce);
    smail_span rest = challenge, text, count;

    if (!smail__scram_take(&out->nonce, &rest, 'r') ||
        !smail__scram_take(&text, &rest, 's') ||
        !smail__scram_take(&count, &rest, 'i') ||
        !smail__scram_skip(&rest, '\0') ||
        smail__span_number(&out->iterations, count) != 0 ||
        smail__base64_decode(salt, text) != 0 || smail__buf_error(salt) != 0 ||
        salt->len == 0 || !smail__scram_is_nonce(out->nonce))
        return smail__fail(err, SMAIL_EMALFORMED,
                           "the server's challenge is not that of SCRAM");
    /* RFC 5802, 5.1: ours, and something more of the server's. */
    if (out->nonce.len <= ours.len ||
        !smail__span_equal(smail__span_slice(out->nonce, 0, ours.len), ours))
        return smail__fail(err, SMAIL_EAUTH,
                           "the server answers to another exchange");
    if (out->iterations < 1 || out->iterations > SMAIL__SASL_ITERATIONS_MAX)
        return smail__fail(
            err, SMAIL_ELIMIT, "the server wants %llu iterations, more than %d",
            (unsigned long long)out->iterations, SMAIL__SASL_ITERATIONS_MAX);
    out->salt = smail__buf_span(salt);
    return 0;
}

static void put_without_proof(struct smail__sasl_client *client,
                              smail_span nonce)
{
    smail__buf_append(&client->gs2, smail__buf_span(&client->binding));
    smail__scram_put(&client->response, "c=", smail__buf_span(&client->gs2));
    smail__buf_puts(&client->response, ",r=");
    smail__buf_append(&client->response, nonce);
}

static int prove(struct smail__sasl_client *client, const struct first *first,
                 smail_span challenge, smail_error *err)
{
    struct smail__scram_challenge question = { first->salt,
                                               (uint32_t)first->iterations,
                                               { "", 0 } };
    unsigned char proof[SMAIL__SHA256_LEN];
    struct smail__buf message;
    int rc;

    put_without_proof(client, first->nonce);
    smail__buf_init(&message, MESSAGE_MAX, NULL);
    smail__buf_append(&message, smail__buf_span(&client->bare));
    smail__buf_putc(&message, ',');
    smail__buf_append(&message, challenge);
    smail__buf_putc(&message, ',');
    smail__buf_append(&message, smail__buf_span(&client->response));
    question.auth_message = smail__buf_span(&message);
    rc = smail__buf_error(&message) != 0
             ? smail__fail(err, SMAIL_ELIMIT, "the challenge is too long")
             : smail__scram_prove(proof, client->signature, &question,
                                  smail__buf_span(&client->password), err);
    if (rc == 0)
        smail__scram_put(&client->response, ",p=",
                         (smail_span){ (const char *)proof, sizeof(proof) });
    smail__wipe(proof, sizeof(proof));
    smail__buf_dispose(&message);
    return rc;
}

static int say_final(struct smail__sasl_client *client, smail_span challenge,
                     smail_error *err)
{
    struct smail__buf salt;
    struct first first;
    int rc;

    smail__buf_init(&salt, SALT_MAX, NULL);
    rc = read_first(&first, &salt, client, challenge, err);
    if (rc == 0)
        rc = prove(client, &first, challenge, err);
    smail__buf_dispose(&salt);
    return rc;
}

/* --- The server's proof --------------------------------------------------- */

static int check_signature(struct smail__sasl_client *client,
                           smail_span challenge, smail_error *err)
{
    smail_span rest = challenge, text;
    struct smail__buf signature;

    if (smail__scram_take(&text, &rest, 'e'))
        return smail__fail(err, SMAIL_EAUTH, "the server refuses: %.*s",
                           SMAIL__SPAN_ARG(smail__span_slice(text, 0, 100)));
    if (!smail__scram_take(&text, &rest, 'v'))
        return smail__fail(err, SMAIL_EMALFORMED,
                           "the server's last word is not that of SCRAM");
    smail__buf_init(&signature, SMAIL__SHA256_LEN, NULL);
    client->is_proved = smail__base64_decode(&signature, text) == 0 &&
                        smail__buf_error(&signature) == 0 &&
                        signature.len == SMAIL__SHA256_LEN &&
                        smail__equal_secret(signature.data, client->signature,
                                            SMAIL__SHA256_LEN);
    smail__buf_dispose(&signature);
    if (!client->is_proved)
        return smail__fail(err, SMAIL_EAUTH,
                           "the server does not know the password");
    return 0;
}

int smail__sasl_client_scram(struct smail__sasl_client *client,
                             smail_span challenge, smail_error *err)
{
    switch (client->step) {
    case 0:
        return say_first(client, err);
    case 1:
        return say_final(client, challenge, err);
    case 2:
        return check_signature(client, challenge, err);
    default:
        return smail__fail(err, SMAIL_EMALFORMED,
                           "the server asks for more than SCRAM says");
    }
}
