/* SPDX-License-Identifier: MIT */
/* account/sasl_client_internal.h - what the mechanisms of the client share. */
#ifndef SMAIL__ACCOUNT_SASL_CLIENT_INTERNAL_H
#define SMAIL__ACCOUNT_SASL_CLIENT_INTERNAL_H

#include "account/sasl_client.h"
#include "base/buf.h"
#include "crypto/digest.h"

struct smail__sasl_client {
    const struct smail__sasl_client_kind *kind;
    unsigned step;  /* responses given so far */
    bool is_proved; /* the server has, where it has to */
    struct smail__buf user, password, token, host;
    struct smail__buf binding; /* its octets */
    bool is_end_point;
    bool can_bind; /* we could, if the server offered it */
    uint16_t port;
    struct smail__buf gs2;                      /* the header of SCRAM */
    struct smail__buf nonce;                    /* ours */
    struct smail__buf bare;                     /* client-first-message-bare */
    unsigned char signature[SMAIL__SHA256_LEN]; /* that the server owes */
    struct smail__buf response;
};

struct smail__sasl_client_kind {
    const char *name;
    bool is_first; /* the client speaks first */
    bool is_plus;
    bool needs_proof; /* of the server */
    /* The `client->step`th response into `client->response`. */
    int (*respond)(struct smail__sasl_client *client, smail_span challenge,
                   smail_error *err);
    bool (*is_enough)(const struct smail__sasl_credentials *credentials);
};

/* sasl_client_scram.c */
int smail__sasl_client_scram(struct smail__sasl_client *client,
                             smail_span challenge, smail_error *err);

#endif
