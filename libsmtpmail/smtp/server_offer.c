/* SPDX-License-Identifier: MIT */
/*
 * smtp/server_offer.c - what may be used in this state of the session: that,
 * and nothing else, is advertised and understood (RFC 3207, 4.2; RFC 4954, 3).
 */
#include "smtp/server.h"

bool smail__server_offers_auth(const smail_smtp_server *session)
{
    return session->options.auth_mechanisms != NULL &&
           (session->secured || session->options.auth_without_tls);
}

static unsigned list(const smail_smtp_server *session)
{
    const smail_smtp_server_options *options = &session->options;
    const struct {
        bool offered;
        unsigned bit;
    } some[] = {
        { options->offer_starttls && !session->secured,
          SMAIL__EXTENSION_STARTTLS },
        { smail__server_offers_auth(session), SMAIL__EXTENSION_AUTH },
        { options->offer_dsn, SMAIL__EXTENSION_DSN },
        { options->offer_smtputf8, SMAIL__EXTENSION_SMTPUTF8 },
        { options->offer_chunking, SMAIL__EXTENSION_CHUNKING },
        { options->offer_binarymime, SMAIL__EXTENSION_BINARYMIME },
        { options->offer_deliverby, SMAIL__EXTENSION_DELIVERBY },
        { options->max_future_release > 0 && session->authenticated,
          SMAIL__EXTENSION_FUTURERELEASE },
        { options->offer_mt_priority && session->authenticated,
          SMAIL__EXTENSION_MT_PRIORITY },
        { options->offer_requiretls && session->secured,
          SMAIL__EXTENSION_REQUIRETLS },
        { options->offer_limits, SMAIL__EXTENSION_LIMITS },
        { options->ask_vrfy, SMAIL__EXTENSION_VRFY },
        { options->ask_expn, SMAIL__EXTENSION_EXPN },
        { options->allow_xclient, SMAIL__EXTENSION_XCLIENT },
    };
    unsigned set = SMAIL__EXTENSION_PIPELINING | SMAIL__EXTENSION_SIZE |
                   SMAIL__EXTENSION_8BITMIME |
                   SMAIL__EXTENSION_ENHANCEDSTATUSCODES;

    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
        if (some[i].offered)
            set |= some[i].bit;
    return set;
}

bool smail__server_speaks(const smail_smtp_server *session,
                          enum smail__verb verb)
{
    const struct smail__command_form *form = smail__command_form(verb);

    if (form->extension != 0 && (session->offered & form->extension) == 0)
        return false;
    return session->options.protocol == SMAIL_SMTP_PROTOCOL_LMTP ? form->lmtp
                                                                 : form->smtp;
}

/* Spoken here, and not put off until there is TLS (RFC 3207, 4). */
static bool is_ready(const smail_smtp_server *session, enum smail__verb verb)
{
    const struct smail__command_form *form = smail__command_form(verb);

    return smail__server_speaks(session, verb) &&
           (form->in_clear || session->secured ||
            !session->options.require_tls);
}

void smail__server_offer(smail_smtp_server *session)
{
    session->offered = list(session);
    session->line_most = 0;
    session->ready = 0;
    for (unsigned verb = 0; verb < SMAIL__VERBS; verb++) {
        size_t max =
            session->options.max_command_line +
            smail__extension_extra(session->offered, (enum smail__verb)verb);

        if (verb == SMAIL__VERB_AUTH && smail__server_offers_auth(session) &&
            max < session->options.max_auth_line)
            max = session->options.max_auth_line;
        session->line_max[verb] = (uint32_t)max;
        if (is_ready(session, (enum smail__verb)verb))
            session->ready |= UINT32_C(1) << verb;
        if (max > session->line_most)
            session->line_most = (uint32_t)max;
    }
}

void smail__server_put_offer(smail_smtp_server *session, smail_span first_line)
{
    const smail_smtp_server_options *options = &session->options;
    const struct smail__extensions extensions = {
        .set = session->offered,
        .size = options->max_message_size,
        .mechanisms = options->auth_mechanisms,
        .min_deliver_by = options->min_deliver_by,
        .max_future_release = options->max_future_release,
        .max_future_release_date = options->max_future_release_date,
        .mt_priority_profile = options->mt_priority_profile,
        .max_mails = options->max_mails,
        .max_recipients = options->max_recipients,
        .max_recipient_domains = options->max_recipient_domains,
    };

    smail__extension_put(&session->output, first_line, &extensions);
}
