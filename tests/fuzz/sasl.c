/* SPDX-License-Identifier: MIT */
/*
 * fuzz/sasl.c - any lines as what the other side of an exchange says, for
 * every mechanism, to a server and to a client: it ends, and asks only about
 * what fits. The first octet says whether there is an initial response and
 * which binding there is.
 */
#include <stdlib.h>
#include <string.h>

#include <smtpmail/account.h>

#include "account/sasl.h"
#include "account/sasl_client.h"
#include "base/span.h"

#define STEPS_MAX 5

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const mechanisms[] = {
    "PLAIN",       "LOGIN",   "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS",
    "OAUTHBEARER", "XOAUTH2", "EXTERNAL",
};

#define COUNT (sizeof(mechanisms) / sizeof(mechanisms[0]))

/* --- The server ----------------------------------------------------------- */

static void check_limits(const struct smail__sasl_action *action)
{
    switch (action->result) {
    case SMAIL__SASL_CHECK:
        if (action->user.len == 0 || action->password.len == 0 ||
            action->password.len > SMAIL_PASSWORD_MAX)
            abort();
        break;
    case SMAIL__SASL_KEYS:
        if (action->user.len == 0)
            abort();
        break;
    case SMAIL__SASL_TOKEN:
        if (action->token.len == 0 || action->token.len > SMAIL__SASL_TOKEN_MAX)
            abort();
        break;
    case SMAIL__SASL_ACCEPT: /* nobody has the key of all zeros */
        abort();
    case SMAIL__SASL_FAIL:
        if (action->reason == NULL)
            abort();
        break;
    default:
        break;
    }
    if (action->user.len > SMAIL__SASL_USER_MAX)
        abort();
}

static void answer(struct smail__sasl_action *action, struct smail__sasl *sasl)
{
    static const struct smail__scram keys[2] = { { .iterations = 4096 },
                                                 { .iterations = 4096 } };

    if (action->result == SMAIL__SASL_KEYS)
        smail__sasl_keys(action, sasl, keys, 2);
    else if (action->result == SMAIL__SASL_TOKEN)
        smail__sasl_no_token(action, sasl);
    check_limits(action);
}

static void serve(const char *mechanism, unsigned flags, smail_span lines)
{
    struct smail__sasl_action action = { .result = SMAIL__SASL_CHALLENGE };
    const struct smail__sasl_channel channel = {
        .end_point = SMAIL__SPAN("end"),
        .exporter = SMAIL__SPAN("exporter"),
        .offers_plus = (flags & 2) != 0,
        .nonce = SMAIL__SPAN("nonce"),
    };
    struct smail__sasl *sasl = NULL;
    unsigned steps = 0;

    if (smail__sasl_new(&sasl, smail__span(mechanism),
                        flags & 4 ? NULL : &channel, NULL) != 0)
        return;
    while (action.result == SMAIL__SASL_CHALLENGE) {
        bool has_response = steps > 0 || (flags & 1) != 0;

        if (steps++ > STEPS_MAX)
            abort();
        smail__sasl_step(&action, sasl,
                         has_response ? smail__span_cut(&lines, '\n')
                                      : (smail_span){ "", 0 },
                         has_response);
        check_limits(&action);
        answer(&action, sasl);
    }
    smail__sasl_free(sasl);
}

/* --- The client ----------------------------------------------------------- */

static void ask(const char *mechanism, unsigned flags, smail_span lines)
{
    const struct smail__sasl_credentials credentials = {
        .user = SMAIL__SPAN("us,er"),
        .password = SMAIL__SPAN("pencil"),
        .token = SMAIL__SPAN("token"),
        .host = SMAIL__SPAN("host"),
        .exporter = flags & 2 ? SMAIL__SPAN("exporter") : (smail_span){ "", 0 },
        .end_point = SMAIL__SPAN("end"),
        .nonce = SMAIL__SPAN("nonce"),
        .has_certificate = true,
        .is_secure = true,
    };
    struct smail__sasl_client *client = NULL;
    smail_span response;
    unsigned steps = 0;

    if (smail__sasl_client_new(&client, mechanism, &credentials, NULL) != 0)
        abort();
    if (smail__sasl_client_initial(&response, client, NULL) < 0)
        abort();
    while (smail__sasl_client_respond(&response, client,
                                      smail__span_cut(&lines, '\n'), NULL) == 0)
        if (steps++ > STEPS_MAX)
            abort();
    /* Nobody can guess what a server that knows the password would sign. */
    if (strncmp(mechanism, "SCRAM", 5) == 0 &&
        smail__sasl_client_finish(client, NULL) == 0)
        abort();
    smail__sasl_client_free(client);
}

/* PBKDF2 takes as long as it is asked to, up to a limit: not here. */
static bool is_costly(smail_span lines)
{
    unsigned digits = 0;

    for (size_t i = 0; i < lines.len; i++) {
        digits = smail__is_digit(lines.data[i]) ? digits + 1 : 0;
        if (digits > 4)
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    smail_span lines;

    if (size == 0)
        return 0;
    lines = (smail_span){ (const char *)data + 1, size - 1 };
    for (size_t i = 0; i < COUNT; i++) {
        serve(mechanisms[i], data[0], lines);
        if (!is_costly(lines))
            ask(mechanisms[i], data[0], lines);
    }
    return 0;
}
