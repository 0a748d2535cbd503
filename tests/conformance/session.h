/* SPDX-License-Identifier: MIT */
/* session.h - whom we talk to, and how a session with it begins. */
#ifndef CONFORMANCE_SESSION_H
#define CONFORMANCE_SESSION_H

#include "peer.h"

enum tls { TLS_NONE, TLS_STARTTLS, TLS_IMPLICIT };

struct target {
    const char *host;
    const char *port;
    bool lmtp;
    enum tls tls;
    const char *user; /* NULL: no AUTH */
    const char *password;
    const char *recipient; /* that takes mail; NULL: none is known */
    const char *sender;
    const char *client; /* our name in EHLO */
    const char *reader; /* command that prints a delivered message, or NULL */
    int timeout;        /* milliseconds for a reply */
};

/* What EHLO said, before TLS and at last; lines parted by LF. */
struct offer {
    struct text clear;
    struct text last;
};

/* Connect, with TLS at once where that is how the target listens. */
bool session_open(struct peer *peer, const struct target *target,
                  struct text *why);

/*
 * From the greeting to where MAIL may come: EHLO or LHLO, and STARTTLS and
 * AUTH (if `log_in`) as far as the target says. False: `why` tells.
 */
bool session_greet(struct peer *peer, struct reply *reply, struct offer *offer,
                   const struct target *target, bool log_in, struct text *why);

/* The line of an offer that begins with `keyword`, in any case; or NULL. */
bool offer_has(const struct text *offer, const char *keyword);

/*
 * The first of the `needs` of a rule that is not met; NULL: all are. Words:
 * KEYWORD is offered, !KEYWORD is not, AUTH=NAME is among the mechanisms,
 * clear:... as it was before TLS, `user`, `recipient`, `reader`, `starttls`
 * are given by the options, `plain` is a session without TLS from its start.
 * `room` holds what is returned.
 */
const char *offer_missing(char *room, size_t len, const char *needs,
                          const struct offer *offer,
                          const struct target *target);

#endif
