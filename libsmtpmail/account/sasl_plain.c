/* SPDX-License-Identifier: MIT */
/*
 * account/sasl_plain.c - the mechanisms that prove nothing by themselves:
 * PLAIN, LOGIN and EXTERNAL.
 *
 *    state     PLAIN                LOGIN               EXTERNAL
 *    FIRST     message -> CHECK     user, "Password:"   authzid -> CERTIFICATE
 *    SECOND    -                    password -> CHECK   -
 */
#include "account/sasl_internal.h"
#include "base/span.h"

static void check(struct smail__sasl_action *out, struct smail__sasl *sasl,
                  smail_span password)
{
    if (password.len == 0 || password.len > SMAIL_PASSWORD_MAX) {
        smail__sasl_fail(out, sasl, "the password is empty or too long");
        return;
    }
    smail__buf_append(&sasl->secret, password);
    if (smail__buf_error(&sasl->secret) != 0) {
        smail__sasl_fail(out, sasl, "out of memory");
        return;
    }
    sasl->state = SMAIL__SASL_DONE;
    out->result = SMAIL__SASL_CHECK;
    out->user = (smail_span){ sasl->user, sasl->user_len };
    out->password = smail__buf_span(&sasl->secret);
}

/*
 * RFC 4616, 2: [authzid] NUL authcid NUL passwd, none of which holds a NUL.
 * Nobody may act for somebody else here, so an authzid must say the same.
 */
void smail__sasl_plain(struct smail__sasl_action *out, struct smail__sasl *sasl,
                       smail_span response)
{
    smail_span rest = response;
    smail_span authzid, authcid;

    authzid = smail__span_cut(&rest, '\0');
    if (authzid.len == response.len) {
        smail__sasl_fail(out, sasl, "the response is not that of PLAIN");
        return;
    }
    authcid = smail__span_cut(&rest, '\0');
    if (authzid.len + authcid.len + 1 == response.len ||
        smail__span_find(rest, '\0') < rest.len) {
        smail__sasl_fail(out, sasl, "the response is not that of PLAIN");
        return;
    }
    if (!smail__sasl_keep_user(out, sasl, authcid))
        return;
    if (authzid.len > 0 && !smail__span_iequal(authzid, authcid)) {
        smail__sasl_fail(out, sasl, "nobody may act for somebody else");
        return;
    }
    check(out, sasl, rest);
}

void smail__sasl_login(struct smail__sasl_action *out, struct smail__sasl *sasl,
                       smail_span response)
{
    if (sasl->state == SMAIL__SASL_SECOND) {
        check(out, sasl, response);
        return;
    }
    if (!smail__sasl_keep_user(out, sasl, response))
        return;
    sasl->state = SMAIL__SASL_SECOND;
    out->result = SMAIL__SASL_CHALLENGE;
    out->challenge = SMAIL__SPAN("Password:");
}

/* RFC 4422, A.2: an identity to act as, or nothing. */
void smail__sasl_external(struct smail__sasl_action *out,
                          struct smail__sasl *sasl, smail_span response)
{
    if (response.len > 0 && !smail__sasl_keep_user(out, sasl, response))
        return;
    sasl->state = SMAIL__SASL_DONE;
    out->result = SMAIL__SASL_CERTIFICATE;
    out->user = (smail_span){ sasl->user, sasl->user_len };
}
