/* SPDX-License-Identifier: MIT */
/* delivery/courier_login.c - logging in to a relay (RFC 4954). */
#include "account/sasl_client.h"
#include "base/span.h"
#include "delivery/sender_internal.h"

bool smail__courier_has_login(const struct smail__courier *courier)
{
    return courier->lane->route->user != NULL && !courier->is_authenticated;
}

static void no_login(struct smail__courier *courier, const char *text)
{
    smail__courier_note(courier, 0, SMAIL__SPAN("4.7.0"), "AUTH",
                        smail__span(text));
    smail__courier_try_next(courier);
}

void smail__courier_log_in(struct smail__courier *courier)
{
    const struct smail__route *route = courier->lane->route;
    const smail_smtp_offer *offer = smail_smtp_client_offer(courier->client);
    struct smail__sasl_credentials credentials = {
        .user = smail__span(route->user),
        .password = smail__span(route->password),
        .host = smail__span(smail__courier_host(courier)->name),
        .port = smail__courier_host(courier)->port,
        .is_secure = courier->is_secured,
        .offered = offer->mechanisms,
    };
    const char *name = smail__sasl_client_choose(&credentials);
    smail_span initial;
    smail_error err = SMAIL_ERROR_INIT;
    int first = 0;

    if (name == NULL) {
        no_login(courier, courier->is_secured
                              ? "the relay offers no way to log in that we know"
                              : "the relay offers no TLS, and a password is "
                                "not sent in the clear");
        return;
    }
    if (smail__sasl_client_new(&courier->sasl, name, &credentials, &err) < 0 ||
        (first = smail__sasl_client_initial(&initial, courier->sasl, &err)) <
            0 ||
        smail_smtp_client_auth(courier->client, name,
                               first > 0 ? &initial : NULL) < 0)
        no_login(courier, "cannot log in to the relay");
}

void smail__courier_challenged(struct smail__courier *courier,
                               smail_span challenge)
{
    smail_error err = SMAIL_ERROR_INIT;
    smail_span response;

    if (smail__sasl_client_respond(&response, courier->sasl, challenge, &err) <
        0)
        smail_smtp_client_cancel(courier->client);
    else
        smail_smtp_client_respond(courier->client, response);
}

void smail__courier_logged_in(struct smail__courier *courier,
                              const smail_smtp_reply *reply)
{
    smail_error err = SMAIL_ERROR_INIT;
    bool yes = reply->code == 235 &&
               smail__sasl_client_finish(courier->sasl, &err) == 0;

    smail__sasl_client_free(courier->sasl);
    courier->sasl = NULL;
    courier->is_authenticated = yes;
    if (yes)
        return;
    /* A wrong password is the operator's to mend: the mail waits. */
    smail__courier_note(courier, reply->code == 235 ? 0 : reply->code,
                        SMAIL__SPAN("4.7.8"), "AUTH",
                        reply->code == 235
                            ? SMAIL__SPAN("the relay did not prove who "
                                          "it is")
                            : reply->text);
    courier->has_refused_all = false;
    smail__courier_try_next(courier);
}
