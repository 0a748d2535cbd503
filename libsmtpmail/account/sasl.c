/* SPDX-License-Identifier: MIT */
/*
 * account/sasl.c - each mechanism is one function that takes a response and
 * says what comes next.
 *
 *    state     PLAIN                         LOGIN
 *    START     no response: "" -> FIRST      no response: "Username:" -> FIRST
 *              else as FIRST                 else as FIRST
 *    FIRST     message -> CHECK, DONE        user, "Password:" -> SECOND
 *    SECOND    -                             password -> CHECK, DONE
 *    DONE      FAIL                          FAIL
 */
#include "account/sasl.h"

#include <stdlib.h>
#include <string.h>

#include <smtpmail/account.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/utf8.h"

enum state { START, FIRST, SECOND, DONE };

struct mechanism {
    const char *name;
    const char *prompt; /* when there was no initial response */
    void (*step)(struct smail__sasl_action *out, struct smail__sasl *sasl,
                 smail_span response);
};

struct smail__sasl {
    const struct mechanism *mechanism;
    enum state state;
    char user[SMAIL__SASL_USER_MAX];
    size_t user_len;
    char password[SMAIL_PASSWORD_MAX];
    size_t password_len;
};

static void fail(struct smail__sasl_action *out, struct smail__sasl *sasl,
                 const char *reason)
{
    sasl->state = DONE;
    out->result = SMAIL__SASL_FAIL;
    out->reason = reason;
}

static bool keep_user(struct smail__sasl_action *out, struct smail__sasl *sasl,
                      smail_span user)
{
    if (user.len == 0 || user.len > sizeof(sasl->user) ||
        !smail__utf8_valid(user) || smail__span_find(user, '\0') < user.len) {
        fail(out, sasl, "the user name is not one");
        return false;
    }
    memcpy(sasl->user, user.data, user.len);
    sasl->user_len = user.len;
    return true;
}

static void check(struct smail__sasl_action *out, struct smail__sasl *sasl,
                  smail_span password)
{
    if (password.len == 0 || password.len > sizeof(sasl->password)) {
        fail(out, sasl, "the password is empty or too long");
        return;
    }
    memcpy(sasl->password, password.data, password.len);
    sasl->password_len = password.len;
    sasl->state = DONE;
    out->result = SMAIL__SASL_CHECK;
    out->user = (smail_span){ sasl->user, sasl->user_len };
    out->password = (smail_span){ sasl->password, sasl->password_len };
}

/*
 * RFC 4616, 2: [authzid] NUL authcid NUL passwd, none of which holds a NUL.
 * Nobody may act for somebody else here, so an authzid must say the same.
 */
static void step_plain(struct smail__sasl_action *out, struct smail__sasl *sasl,
                       smail_span response)
{
    smail_span rest = response;
    smail_span authzid, authcid;

    authzid = smail__span_cut(&rest, '\0');
    if (authzid.len == response.len) {
        fail(out, sasl, "the response is not that of PLAIN");
        return;
    }
    authcid = smail__span_cut(&rest, '\0');
    if (authzid.len + authcid.len + 1 == response.len ||
        smail__span_find(rest, '\0') < rest.len) {
        fail(out, sasl, "the response is not that of PLAIN");
        return;
    }
    if (!keep_user(out, sasl, authcid))
        return;
    if (authzid.len > 0 && !smail__span_iequal(authzid, authcid)) {
        fail(out, sasl, "nobody may act for somebody else");
        return;
    }
    check(out, sasl, rest);
}

static void step_login(struct smail__sasl_action *out, struct smail__sasl *sasl,
                       smail_span response)
{
    if (sasl->state == SECOND) {
        check(out, sasl, response);
        return;
    }
    if (!keep_user(out, sasl, response))
        return;
    sasl->state = SECOND;
    out->result = SMAIL__SASL_CHALLENGE;
    out->challenge = SMAIL__SPAN("Password:");
}

static const struct mechanism mechanisms[] = {
    { "PLAIN", "", step_plain },
    { "LOGIN", "Username:", step_login },
};

int smail__sasl_new(struct smail__sasl **out, smail_span mechanism,
                    smail_error *err)
{
    for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
        if (!smail__span_iis(mechanism, mechanisms[i].name))
            continue;
        *out = calloc(1, sizeof(**out));
        if (*out == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "no memory");
        (*out)->mechanism = &mechanisms[i];
        return 0;
    }
    return smail__fail(err, SMAIL_ENOTFOUND, "no mechanism is called '%.*s'",
                       SMAIL__SPAN_ARG(mechanism));
}

void smail__sasl_free(struct smail__sasl *sasl)
{
    if (sasl == NULL)
        return;
    smail__wipe(sasl, sizeof(*sasl));
    free(sasl);
}

void smail__sasl_step(struct smail__sasl_action *out, struct smail__sasl *sasl,
                      smail_span response, bool has_response)
{
    memset(out, 0, sizeof(*out));
    if (sasl->state == DONE || (!has_response && sasl->state != START)) {
        fail(out, sasl, "the exchange is over");
        return;
    }
    if (!has_response) {
        sasl->state = FIRST;
        out->result = SMAIL__SASL_CHALLENGE;
        out->challenge = smail__span(sasl->mechanism->prompt);
        return;
    }
    if (sasl->state == START)
        sasl->state = FIRST;
    sasl->mechanism->step(out, sasl, response);
}
