/* SPDX-License-Identifier: MIT */
/* account/sasl_internal.h - what the mechanisms of the server share. */
#ifndef SMAIL__ACCOUNT_SASL_INTERNAL_H
#define SMAIL__ACCOUNT_SASL_INTERNAL_H

#include <smtpmail/account.h>

#include "account/sasl.h"
#include "base/buf.h"
#include "crypto/tls.h"

enum smail__sasl_state {
    SMAIL__SASL_START,
    SMAIL__SASL_FIRST,
    SMAIL__SASL_SECOND,
    SMAIL__SASL_ASKING, /* the caller has a question to answer */
    SMAIL__SASL_LAST,   /* one more response, which says nothing */
    SMAIL__SASL_DONE
};

struct smail__sasl_mechanism {
    const char *name;
    const char *prompt; /* when there was no initial response */
    void (*step)(struct smail__sasl_action *out, struct smail__sasl *sasl,
                 smail_span response);
    bool is_plus;
    bool is_oauth; /* OAUTHBEARER, and not XOAUTH2 */
};

/* Of SCRAM alone. */
struct smail__sasl_scram {
    bool is_end_point;           /* the binding that the client chose */
    struct smail__buf gs2;       /* its gs2-header, and the binding's octets */
    struct smail__buf nonce;     /* both parts */
    struct smail__buf message;   /* AuthMessage, as far as it has come */
    struct smail__buf challenge; /* that is being sent */
    struct smail__scram *keys;
    size_t key_count; /* of which `count` are real */
    size_t count;
    size_t found;
};

struct smail__sasl {
    const struct smail__sasl_mechanism *mechanism;
    enum smail__sasl_state state;
    bool is_accepted; /* what LAST leads to */
    char user[SMAIL__SASL_USER_MAX];
    size_t user_len;
    struct smail__buf secret; /* a password or token */
    struct smail__sasl_scram scram;
    unsigned char end_point[SMAIL__TLS_BINDING_MAX];
    unsigned char exporter[SMAIL__TLS_BINDING_MAX];
    size_t end_point_len, exporter_len;
    bool offers_plus;
    struct smail__buf our_nonce;
};

void smail__sasl_fail(struct smail__sasl_action *out, struct smail__sasl *sasl,
                      const char *reason);
void smail__sasl_deny(struct smail__sasl_action *out, struct smail__sasl *sasl);

/* A user name: 1 to SMAIL__SASL_USER_MAX octets of UTF-8 without NUL; false
   after fail(). */
bool smail__sasl_keep_user(struct smail__sasl_action *out,
                           struct smail__sasl *sasl, smail_span user);

/* sasl_plain.c */
void smail__sasl_plain(struct smail__sasl_action *out, struct smail__sasl *sasl,
                       smail_span response);
void smail__sasl_login(struct smail__sasl_action *out, struct smail__sasl *sasl,
                       smail_span response);
void smail__sasl_external(struct smail__sasl_action *out,
                          struct smail__sasl *sasl, smail_span response);

/* sasl_token.c */
void smail__sasl_token(struct smail__sasl_action *out, struct smail__sasl *sasl,
                       smail_span response);

/* sasl_scram.c */
void smail__sasl_scram(struct smail__sasl_action *out, struct smail__sasl *sasl,
                       smail_span response);

#endif
