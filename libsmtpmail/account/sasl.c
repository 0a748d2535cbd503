/* SPDX-License-Identifier: MIT */
/*
 * account/sasl.c - the frame of an exchange. Each mechanism is one function
 * that takes a response and says what comes next.
 *
 *    state     what the next response is
 *    START     the initial one; without it the prompt goes out -> FIRST
 *    FIRST     the first of the mechanism
 *    SECOND    the second (LOGIN, SCRAM)
 *    ASKING    none: the caller answers first (SCRAM's keys, a token)
 *    LAST      an empty one, or a lone 0x01, before ACCEPT or DENY
 *    DONE      none any more
 */
#include "account/sasl.h"

#include <stdlib.h>
#include <string.h>

#include "account/sasl_internal.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/utf8.h"

static const struct smail__sasl_mechanism mechanisms[] = {
    { "PLAIN", "", smail__sasl_plain, false, false },
    { "LOGIN", "Username:", smail__sasl_login, false, false },
    { "SCRAM-SHA-256", "", smail__sasl_scram, false, false },
    { "SCRAM-SHA-256-PLUS", "", smail__sasl_scram, true, false },
    { "OAUTHBEARER", "", smail__sasl_token, false, true },
    { "XOAUTH2", "", smail__sasl_token, false, false },
    { "EXTERNAL", "", smail__sasl_external, false, false },
};

void smail__sasl_fail(struct smail__sasl_action *out, struct smail__sasl *sasl,
                      const char *reason)
{
    sasl->state = SMAIL__SASL_DONE;
    out->result = SMAIL__SASL_FAIL;
    out->reason = reason;
}

void smail__sasl_deny(struct smail__sasl_action *out, struct smail__sasl *sasl)
{
    sasl->state = SMAIL__SASL_DONE;
    out->result = SMAIL__SASL_DENY;
    out->user = (smail_span){ sasl->user, sasl->user_len };
}

bool smail__sasl_keep_user(struct smail__sasl_action *out,
                           struct smail__sasl *sasl, smail_span user)
{
    if (user.len == 0 || user.len > sizeof(sasl->user) ||
        !smail__utf8_valid(user) || smail__span_find(user, '\0') < user.len) {
        smail__sasl_fail(out, sasl, "the user name is not one");
        return false;
    }
    memcpy(sasl->user, user.data, user.len);
    sasl->user_len = user.len;
    return true;
}

/* --- Beginning and end ---------------------------------------------------- */

static void keep_binding(unsigned char *out, size_t *len, smail_span binding)
{
    if (binding.len == 0 || binding.len > SMAIL__TLS_BINDING_MAX)
        return;
    memcpy(out, binding.data, binding.len);
    *len = binding.len;
}

static void keep_channel(struct smail__sasl *sasl,
                         const struct smail__sasl_channel *channel)
{
    if (channel == NULL)
        return;
    keep_binding(sasl->end_point, &sasl->end_point_len, channel->end_point);
    keep_binding(sasl->exporter, &sasl->exporter_len, channel->exporter);
    sasl->offers_plus = channel->offers_plus;
    smail__buf_append(&sasl->our_nonce, channel->nonce);
}

static void set_up(struct smail__sasl *sasl)
{
    struct smail__sasl_scram *scram = &sasl->scram;

    smail__buf_init(&sasl->secret, SMAIL__SASL_TOKEN_MAX, NULL);
    smail__buf_init(&sasl->our_nonce, SMAIL__SASL_NONCE_MAX, NULL);
    smail__buf_init(&scram->gs2, 1024, NULL);
    smail__buf_init(&scram->nonce, 2 * SMAIL__SASL_NONCE_MAX, NULL);
    smail__buf_init(&scram->message, 8192, NULL);
    smail__buf_init(&scram->challenge, 1024, NULL);
}

int smail__sasl_new(struct smail__sasl **out, smail_span mechanism,
                    const struct smail__sasl_channel *channel, smail_error *err)
{
    for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
        if (!smail__span_iis(mechanism, mechanisms[i].name))
            continue;
        *out = calloc(1, sizeof(**out));
        if (*out == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "no memory");
        (*out)->mechanism = &mechanisms[i];
        set_up(*out);
        keep_channel(*out, channel);
        return 0;
    }
    return smail__fail(err, SMAIL_ENOTFOUND, "no mechanism is called '%.*s'",
                       SMAIL__SPAN_ARG(mechanism));
}

static void forget(struct smail__buf *buf)
{
    if (buf->data != NULL)
        smail__wipe(buf->data, buf->room);
    smail__buf_dispose(buf);
}

void smail__sasl_free(struct smail__sasl *sasl)
{
    if (sasl == NULL)
        return;
    forget(&sasl->secret);
    forget(&sasl->our_nonce);
    forget(&sasl->scram.gs2);
    forget(&sasl->scram.nonce);
    forget(&sasl->scram.message);
    forget(&sasl->scram.challenge);
    if (sasl->scram.keys != NULL)
        smail__wipe(sasl->scram.keys,
                    sasl->scram.key_count * sizeof(*sasl->scram.keys));
    free(sasl->scram.keys);
    smail__wipe(sasl, sizeof(*sasl));
    free(sasl);
}

/* --- The step -------------------------------------------------------------- */

/* After a server's last word the client has nothing to say (RFC 5802, 3), or
   a 0x01 (RFC 7628, 3.2.3). */
static void step_last(struct smail__sasl_action *out, struct smail__sasl *sasl,
                      smail_span response)
{
    if (!sasl->is_accepted) {
        smail__sasl_deny(out, sasl);
        return;
    }
    if (response.len > 0) {
        smail__sasl_fail(out, sasl, "nothing more was to be said");
        return;
    }
    sasl->state = SMAIL__SASL_DONE;
    out->result = SMAIL__SASL_ACCEPT;
    out->user = (smail_span){ sasl->user, sasl->user_len };
    out->index = sasl->scram.found;
}

void smail__sasl_step(struct smail__sasl_action *out, struct smail__sasl *sasl,
                      smail_span response, bool has_response)
{
    memset(out, 0, sizeof(*out));
    if (sasl->state == SMAIL__SASL_DONE || sasl->state == SMAIL__SASL_ASKING ||
        (!has_response && sasl->state != SMAIL__SASL_START)) {
        smail__sasl_fail(out, sasl, "the exchange is over");
        return;
    }
    if (!has_response) {
        sasl->state = SMAIL__SASL_FIRST;
        out->result = SMAIL__SASL_CHALLENGE;
        out->challenge = smail__span(sasl->mechanism->prompt);
        return;
    }
    if (sasl->state == SMAIL__SASL_LAST) {
        step_last(out, sasl, response);
        return;
    }
    if (sasl->state == SMAIL__SASL_START)
        sasl->state = SMAIL__SASL_FIRST;
    sasl->mechanism->step(out, sasl, response);
}
