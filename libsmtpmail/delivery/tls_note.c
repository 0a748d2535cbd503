/* SPDX-License-Identifier: MIT */
/*
 * delivery/tls_note.c - how TLS went in a session: for reports (RFC 8460,
 * 4.3), and in words.
 */
#include "base/format.h"
#include "delivery/sender_internal.h"

static const struct smail__host *host_of(const struct smail__courier *courier)
{
    return &courier->lane->hosts->list[courier->host];
}

static enum smail__tls_result result_of(const struct smail__host *host,
                                        enum smail__tls_fault fault)
{
    switch (fault) {
    case SMAIL__TLS_FAULT_NONE:
        return SMAIL__TLS_SUCCESSFUL;
    case SMAIL__TLS_FAULT_NAME:
        return SMAIL__TLS_CERTIFICATE_HOST_MISMATCH;
    case SMAIL__TLS_FAULT_TIME:
        return SMAIL__TLS_CERTIFICATE_EXPIRED;
    case SMAIL__TLS_FAULT_TRUST:
        return SMAIL__TLS_CERTIFICATE_NOT_TRUSTED;
    case SMAIL__TLS_FAULT_NO_MATCH:
        if (host->policy == SMAIL_TLS_POLICY_TLSA)
            return SMAIL__TLS_TLSA_INVALID;
        break;
    case SMAIL__TLS_FAULT_OTHER:
        break;
    }
    return SMAIL__TLS_VALIDATION_FAILURE;
}

static void count(struct smail__courier *courier, enum smail__tls_result result)
{
    const struct smail__world *world = &courier->sender->world;
    const struct smail__host *host = host_of(courier);

    if (courier->is_counted || courier->lane->route->kind != SMAIL__ROUTE_MX ||
        world->count_tls == NULL)
        return;
    courier->is_counted = true;
    world->count_tls(world->world, courier->lane->domain.data, host->policy,
                     host->name, result);
}

void smail__courier_tls_done(struct smail__courier *courier)
{
    const struct smail__host *host = host_of(courier);

    switch (host->policy) {
    case SMAIL_TLS_POLICY_NONE:
        count(courier, SMAIL__TLS_SUCCESSFUL);
        break;
    case SMAIL_TLS_POLICY_STS:
        count(courier, host->is_unlisted ? SMAIL__TLS_VALIDATION_FAILURE
                                         : result_of(host, courier->tls.fault));
        break;
    case SMAIL_TLS_POLICY_TLSA: /* without a record that is of use, TLS is all */
        count(courier, host->tls == SMAIL__TLS_DANE ? SMAIL__TLS_SUCCESSFUL
                                                    : SMAIL__TLS_TLSA_INVALID);
        break;
    }
}

void smail__courier_tls_failed(struct smail__courier *courier,
                               enum smail__tls_fault fault)
{
    count(courier, result_of(host_of(courier), fault));
}

void smail__courier_tls_missing(struct smail__courier *courier)
{
    count(courier, courier->no_tls ? SMAIL__TLS_VALIDATION_FAILURE
                                   : SMAIL__TLS_STARTTLS_NOT_SUPPORTED);
}

void smail__lane_tls(struct smail__sender *sender, struct lane *lane)
{
    const struct smail__world *world = &sender->world;
    const struct smail__hosts *hosts = lane->hosts;

    if (world->count_tls == NULL || lane->route->kind != SMAIL__ROUTE_MX ||
        hosts->code != 4)
        return;
    if (hosts->is_bogus)
        world->count_tls(world->world, lane->domain.data, SMAIL_TLS_POLICY_TLSA,
                         "", SMAIL__TLS_DNSSEC_INVALID);
    else if (hosts->unlisted[0] != '\0')
        world->count_tls(world->world, lane->domain.data, SMAIL_TLS_POLICY_STS,
                         hosts->unlisted, SMAIL__TLS_VALIDATION_FAILURE);
}

void smail__courier_tls_words(char *out, size_t size,
                              const struct smail__courier *courier,
                              const char *why, enum smail__tls_fault fault)
{
    static const char *const words[] = {
        [SMAIL__TLS_FAULT_NONE] = "",
        [SMAIL__TLS_FAULT_NAME] = ": the host's certificate is for another "
                                  "name",
        [SMAIL__TLS_FAULT_TIME] = ": the host's certificate is out of date",
        [SMAIL__TLS_FAULT_TRUST] = ": nobody whom we trust signed the host's "
                                   "certificate",
        [SMAIL__TLS_FAULT_NO_MATCH] = ": the host's certificate is not the "
                                      "one that DNS names",
        [SMAIL__TLS_FAULT_OTHER] = "",
    };
    const struct smail__host *host = host_of(courier);

    if (host->tls <= SMAIL__TLS_MAY)
        smail__format(out, size, "%s", why);
    else
        smail__format(out, size, "%s%s (TLS is demanded: %s)", why,
                      words[fault], host->tls_reason);
}
