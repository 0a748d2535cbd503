/* SPDX-License-Identifier: MIT */
/*
 * fuzz/sasl.c - any lines as the responses of an exchange: it ends, and asks
 * only about what fits.
 */
#include <stdlib.h>

#include <smtpmail/account.h>

#include "account/sasl.h"
#include "base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void talk(const char *mechanism, smail_span lines)
{
    struct smail__sasl_action action = { .result = SMAIL__SASL_CHALLENGE };
    struct smail__sasl *sasl = NULL;
    unsigned steps = 0;

    if (smail__sasl_new(&sasl, smail__span(mechanism), NULL, NULL) != 0)
        return;
    while (action.result == SMAIL__SASL_CHALLENGE) {
        bool has_response = steps > 0 || lines.len % 2 == 0;

        if (steps++ > 3)
            abort();
        smail__sasl_step(&action, sasl, smail__span_cut(&lines, '\n'),
                         has_response);
    }
    if (action.result == SMAIL__SASL_CHECK &&
        (action.user.len == 0 || action.user.len > SMAIL__SASL_USER_MAX ||
         action.password.len == 0 || action.password.len > SMAIL_PASSWORD_MAX))
        abort();
    smail__sasl_free(sasl);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    smail_span lines = { (const char *)data, size };

    talk("PLAIN", lines);
    talk("LOGIN", lines);
    return 0;
}
