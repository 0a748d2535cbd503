/* SPDX-License-Identifier: MIT */
/*
 * account/sasl_token.c - OAUTHBEARER (RFC 7628) and XOAUTH2: a token that
 * somebody else has issued, and maybe whose it is said to be.
 *
 *    OAUTHBEARER  n,a=USER,^Ahost=H^Aport=P^Aauth=Bearer TOKEN^A^A
 *    XOAUTH2      user=USER^Aauth=Bearer TOKEN^A^A
 *
 * A token that is no good is answered by a little JSON, as clients want it,
 * and the exchange fails behind it (RFC 7628, 3.2.2 and 3.2.3).
 */
#include <string.h>

#include "account/sasl_internal.h"
#include "account/scram_message.h"
#include "base/span.h"

#define SEPARATOR '\x01'

/* RFC 6750, 2.1: b64token. */
static bool is_token(smail_span token)
{
    for (size_t i = 0; i < token.len; i++)
        if (!smail__is_alnum(token.data[i]) &&
            (token.data[i] == '\0' || strchr("-._~+/=", token.data[i]) == NULL))
            return false;
    return token.len > 0 && token.len <= SMAIL__SASL_TOKEN_MAX;
}

/* The gs2-header of RFC 5801, 4, in front; false after fail(). */
static bool take_header(struct smail__sasl_action *out,
                        struct smail__sasl *sasl, smail_span *rest)
{
    char user[SMAIL__SASL_USER_MAX];
    smail_span flag = smail__span_cut(rest, ',');
    smail_span authzid = smail__span_cut(rest, ',');
    size_t len;

    /* No binding is defined for it: "p=" cannot be meant. */
    if (!smail__span_is(flag, "n") && !smail__span_is(flag, "y")) {
        smail__sasl_fail(out, sasl, "the response is not that of OAUTHBEARER");
        return false;
    }
    if (authzid.len > 0) {
        if (authzid.len < 2 || memcmp(authzid.data, "a=", 2) != 0 ||
            !smail__scram_name_decode(user, &len, sizeof(user),
                                      smail__span_from(authzid, 2))) {
            smail__sasl_fail(out, sasl, "the user name is not one");
            return false;
        }
        if (!smail__sasl_keep_user(out, sasl, (smail_span){ user, len }))
            return false;
    }
    if (smail__span_cut(rest, SEPARATOR).len > 0 || rest->len == 0) {
        smail__sasl_fail(out, sasl, "the response is not that of OAUTHBEARER");
        return false;
    }
    return true;
}

/* The token behind "Bearer", in any case (RFC 7235, 2.1). */
static bool take_bearer(smail_span *out, smail_span value)
{
    smail_span scheme = smail__span_cut(&value, ' ');

    *out = smail__span_trim(value);
    return smail__span_iis(scheme, "bearer") && is_token(*out);
}

/* key=value pairs up to an empty one, and nothing behind; false after
   fail(). */
static bool take_pairs(struct smail__sasl_action *out, struct smail__sasl *sasl,
                       smail_span rest, smail_span *token)
{
    bool is_ended = false;

    while (rest.len > 0 && !is_ended) {
        size_t end = smail__span_find(rest, SEPARATOR);
        smail_span pair = smail__span_slice(rest, 0, end);
        smail_span key;

        if (end == rest.len)
            break;
        rest = smail__span_from(rest, end + 1);
        is_ended = pair.len == 0;
        key = smail__span_cut(&pair, '=');
        if (smail__span_is(key, "auth")) {
            if (token->len > 0 || !take_bearer(token, pair)) {
                smail__sasl_fail(out, sasl, "no bearer token was given");
                return false;
            }
        } else if (smail__span_is(key, "user") && !sasl->mechanism->is_oauth &&
                   !smail__sasl_keep_user(out, sasl, pair)) {
            return false;
        }
    }
    if (!is_ended || rest.len > 0 || token->len == 0) {
        smail__sasl_fail(out, sasl, "no bearer token was given");
        return false;
    }
    return true;
}

void smail__sasl_token(struct smail__sasl_action *out, struct smail__sasl *sasl,
                       smail_span response)
{
    smail_span token = { "", 0 };

    if (sasl->mechanism->is_oauth && !take_header(out, sasl, &response))
        return;
    if (!take_pairs(out, sasl, response, &token))
        return;
    smail__buf_append(&sasl->secret, token);
    if (smail__buf_error(&sasl->secret) != 0) {
        smail__sasl_fail(out, sasl, "out of memory");
        return;
    }
    sasl->state = SMAIL__SASL_ASKING;
    out->result = SMAIL__SASL_TOKEN;
    out->user = (smail_span){ sasl->user, sasl->user_len };
    out->token = smail__buf_span(&sasl->secret);
}

void smail__sasl_no_token(struct smail__sasl_action *out,
                          struct smail__sasl *sasl)
{
    memset(out, 0, sizeof(*out));
    if (sasl->state != SMAIL__SASL_ASKING) {
        smail__sasl_fail(out, sasl, "the exchange is over");
        return;
    }
    sasl->state = SMAIL__SASL_LAST;
    out->result = SMAIL__SASL_CHALLENGE;
    out->challenge =
        sasl->mechanism->is_oauth
            ? SMAIL__SPAN("{\"status\":\"invalid_token\"}")
            : SMAIL__SPAN("{\"status\":\"401\",\"schemes\":\"bearer\"}");
}
