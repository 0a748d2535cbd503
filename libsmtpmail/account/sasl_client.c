/* SPDX-License-Identifier: MIT */
/* account/sasl_client.c - see account/sasl_client.h. */
#include "account/sasl_client.h"

#include <stdlib.h>
#include <string.h>

#include "account/sasl_client_internal.h"
#include "account/scram_message.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/utf8.h"
#include "message/prepare.h"

/* Of a user name, password, token or host; the line of AUTH holds no more. */
#define PART_MAX 8192
#define RESPONSE_MAX 20000

/* --- The simple ones ------------------------------------------------------ */

static int say_too_much(smail_error *err)
{
    return smail__fail(err, SMAIL_EMALFORMED,
                       "the server asks for more than the mechanism says");
}

static int plain(struct smail__sasl_client *client, smail_span challenge,
                 smail_error *err)
{
    (void)challenge;
    if (client->step > 0)
        return say_too_much(err);
    smail__buf_putc(&client->response, '\0');
    smail__buf_append(&client->response, smail__buf_span(&client->user));
    smail__buf_putc(&client->response, '\0');
    smail__buf_append(&client->response, smail__buf_span(&client->password));
    return 0;
}

/* What it asks for is not read: servers word it as they like. */
static int login(struct smail__sasl_client *client, smail_span challenge,
                 smail_error *err)
{
    (void)challenge;
    if (client->step > 1)
        return say_too_much(err);
    smail__buf_append(
        &client->response,
        smail__buf_span(client->step == 0 ? &client->user : &client->password));
    return 0;
}

/* RFC 4422, A.2: nobody to act as but oneself, unless one says so. */
static int external(struct smail__sasl_client *client, smail_span challenge,
                    smail_error *err)
{
    (void)challenge;
    if (client->step > 0)
        return say_too_much(err);
    smail__buf_append(&client->response, smail__buf_span(&client->user));
    return 0;
}

static void put_bearer(struct smail__sasl_client *client)
{
    smail__buf_puts(&client->response, "auth=Bearer ");
    smail__buf_append(&client->response, smail__buf_span(&client->token));
    smail__buf_puts(&client->response, "\x01\x01");
}

static int refuse_token(smail_span challenge, smail_error *err)
{
    return smail__fail(err, SMAIL_EAUTH, "the token is refused: %.*s",
                       SMAIL__SPAN_ARG(smail__span_slice(challenge, 0, 150)));
}

/* RFC 7628, 3.1. */
static int oauthbearer(struct smail__sasl_client *client, smail_span challenge,
                       smail_error *err)
{
    if (client->step > 0)
        return refuse_token(challenge, err);
    smail__buf_puts(&client->response, "n,");
    if (client->user.len > 0) {
        smail__buf_puts(&client->response, "a=");
        smail__scram_name_encode(&client->response,
                                 smail__buf_span(&client->user));
    }
    smail__buf_puts(&client->response, ",\x01");
    if (client->host.len > 0) {
        smail__buf_puts(&client->response, "host=");
        smail__buf_append(&client->response, smail__buf_span(&client->host));
        smail__buf_putc(&client->response, '\x01');
    }
    if (client->port != 0)
        smail__buf_printf(&client->response, "port=%u\x01",
                          (unsigned)client->port);
    put_bearer(client);
    return 0;
}

static int xoauth2(struct smail__sasl_client *client, smail_span challenge,
                   smail_error *err)
{
    if (client->step > 0)
        return refuse_token(challenge, err);
    smail__buf_puts(&client->response, "user=");
    smail__buf_append(&client->response, smail__buf_span(&client->user));
    smail__buf_putc(&client->response, '\x01');
    put_bearer(client);
    return 0;
}

/* --- Which ---------------------------------------------------------------- */

static bool has_password(const struct smail__sasl_credentials *credentials)
{
    return credentials->user.len > 0 && credentials->password.len > 0;
}

static bool has_plain(const struct smail__sasl_credentials *credentials)
{
    return has_password(credentials) && credentials->is_secure;
}

static bool has_binding(const struct smail__sasl_credentials *credentials)
{
    return has_password(credentials) &&
           (credentials->end_point.len > 0 || credentials->exporter.len > 0);
}

static bool has_bearer(const struct smail__sasl_credentials *credentials)
{
    return credentials->token.len > 0 && credentials->is_secure;
}

static bool has_bearer_and_user(
    const struct smail__sasl_credentials *credentials)
{
    return has_bearer(credentials) && credentials->user.len > 0;
}

static bool has_certificate(const struct smail__sasl_credentials *credentials)
{
    return credentials->has_certificate;
}

/* The best first. */
static const struct smail__sasl_client_kind kinds[] = {
    { "EXTERNAL", true, false, false, external, has_certificate },
    { "OAUTHBEARER", true, false, false, oauthbearer, has_bearer },
    { "XOAUTH2", true, false, false, xoauth2, has_bearer_and_user },
    { "SCRAM-SHA-256-PLUS", true, true, true, smail__sasl_client_scram,
      has_binding },
    { "SCRAM-SHA-256", true, false, true, smail__sasl_client_scram,
      has_password },
    { "PLAIN", true, false, false, plain, has_plain },
    { "LOGIN", false, false, false, login, has_plain },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static bool is_offered(smail_span offered, const char *name)
{
    while (offered.len > 0)
        if (smail__span_iis(smail__span_cut(&offered, ' '), name))
            return true;
    return false;
}

const char *smail__sasl_client_choose(
    const struct smail__sasl_credentials *credentials)
{
    for (size_t i = 0; i < KINDS; i++)
        if (is_offered(credentials->offered, kinds[i].name) &&
            kinds[i].is_enough(credentials))
            return kinds[i].name;
    return NULL;
}

/* --- Beginning and end ---------------------------------------------------- */

static struct smail__buf *bufs_of(struct smail__sasl_client *client, size_t i)
{
    struct smail__buf *bufs[] = { &client->user,    &client->password,
                                  &client->token,   &client->host,
                                  &client->nonce,   &client->binding,
                                  &client->gs2,     &client->bare,
                                  &client->response };

    return i < sizeof(bufs) / sizeof(bufs[0]) ? bufs[i] : NULL;
}

static int keep(struct smail__buf *out, smail_span text, const char *what,
                smail_error *err)
{
    /* NUL and 0x01 part what we send. */
    if (!smail__utf8_valid(text) || smail__span_find(text, '\0') < text.len ||
        smail__span_find(text, '\x01') < text.len || text.len > PART_MAX)
        return smail__fail(err, SMAIL_EINVAL, "the %s cannot be sent", what);
    smail__buf_append(out, text);
    if (smail__buf_error(out) != 0)
        return smail__fail(err, SMAIL_ENOMEM, "no memory");
    return 0;
}

/* RFC 5802, 2.2 wants it; RFC 4616, 2 leaves PLAIN's to the server. */
static int keep_prepared(struct smail__sasl_client *client, smail_span user,
                         smail_span password, smail_error *err)
{
    int rc;

    if (!client->kind->needs_proof) {
        rc = keep(&client->user, user, "user name", err);
        return rc != 0 ? rc
                       : keep(&client->password, password, "password", err);
    }
    rc = smail__prepare(&client->user, user, err);
    return rc != 0 ? rc : smail__prepare(&client->password, password, err);
}

/* tls-exporter where there is one: it holds for this connection alone. */
static void keep_binding(struct smail__sasl_client *client,
                         const struct smail__sasl_credentials *credentials)
{
    client->is_end_point = credentials->exporter.len == 0;
    client->can_bind = has_binding(credentials) &&
                       !is_offered(credentials->offered, "SCRAM-SHA-256-PLUS");
    if (client->kind->is_plus)
        smail__buf_append(&client->binding, client->is_end_point
                                                ? credentials->end_point
                                                : credentials->exporter);
}

static int fill(struct smail__sasl_client *client,
                const struct smail__sasl_credentials *credentials,
                smail_error *err)
{
    int rc =
        keep_prepared(client, credentials->user, credentials->password, err);

    if (rc == 0)
        rc = keep(&client->token, credentials->token, "token", err);
    if (rc == 0)
        rc = keep(&client->host, credentials->host, "host name", err);
    if (rc == 0)
        rc = keep(&client->nonce, credentials->nonce, "nonce", err);
    client->port = credentials->port;
    keep_binding(client, credentials);
    if (rc == 0 && smail__buf_error(&client->binding) != 0)
        rc = smail__fail(err, SMAIL_ENOMEM, "no memory");
    return rc;
}

static const struct smail__sasl_client_kind *kind_of(const char *mechanism)
{
    for (size_t i = 0; i < KINDS; i++)
        if (smail__span_iis(smail__span(mechanism), kinds[i].name))
            return &kinds[i];
    return NULL;
}

int smail__sasl_client_new(struct smail__sasl_client **out,
                           const char *mechanism,
                           const struct smail__sasl_credentials *credentials,
                           smail_error *err)
{
    const struct smail__sasl_client_kind *kind = kind_of(mechanism);
    struct smail__sasl_client *client;
    struct smail__buf *buf;
    int rc;

    if (kind == NULL)
        return smail__fail(err, SMAIL_ENOTFOUND, "no mechanism is called '%s'",
                           mechanism);
    if (!kind->is_enough(credentials))
        return smail__fail(err, SMAIL_EINVAL,
                           "the credentials are not those of %s", kind->name);
    client = calloc(1, sizeof(*client));
    if (client == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory");
    client->kind = kind;
    for (size_t i = 0; (buf = bufs_of(client, i)) != NULL; i++)
        smail__buf_init(buf, RESPONSE_MAX, NULL);
    rc = fill(client, credentials, err);
    if (rc != 0) {
        smail__sasl_client_free(client);
        return rc;
    }
    *out = client;
    return 0;
}

void smail__sasl_client_free(struct smail__sasl_client *client)
{
    struct smail__buf *buf;

    if (client == NULL)
        return;
    for (size_t i = 0; (buf = bufs_of(client, i)) != NULL; i++) {
        if (buf->data != NULL)
            smail__wipe(buf->data, buf->room);
        smail__buf_dispose(buf);
    }
    smail__wipe(client, sizeof(*client));
    free(client);
}

/* --- The steps ------------------------------------------------------------ */

int smail__sasl_client_initial(smail_span *response,
                               struct smail__sasl_client *client,
                               smail_error *err)
{
    int rc;

    *response = (smail_span){ "", 0 };
    if (!client->kind->is_first)
        return 0;
    rc = smail__sasl_client_respond(response, client, *response, err);
    return rc == 0 ? 1 : rc;
}

int smail__sasl_client_respond(smail_span *response,
                               struct smail__sasl_client *client,
                               smail_span challenge, smail_error *err)
{
    int rc;

    smail__buf_clear(&client->response);
    rc = client->kind->respond(client, challenge, err);
    client->step++;
    if (rc == 0 && smail__buf_error(&client->response) != 0)
        rc = smail__fail(err, SMAIL_ENOMEM, "no memory for a response");
    if (rc != 0)
        return rc;
    *response = client->response.len > 0 ? smail__buf_span(&client->response)
                                         : (smail_span){ "", 0 };
    return 0;
}

int smail__sasl_client_finish(const struct smail__sasl_client *client,
                              smail_error *err)
{
    if (!client->kind->needs_proof || client->is_proved)
        return 0;
    return smail__fail(err, SMAIL_EAUTH,
                       "the server did not prove that it knows the password");
}
