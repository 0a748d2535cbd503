/* SPDX-License-Identifier: MIT */
/*
 * account/sasl_scram.c - SCRAM-SHA-256 and -PLUS, the server's side (RFC 5802,
 * 5 and 7; RFC 7677).
 *
 *    FIRST     gs2-header and client-first-message-bare -> KEYS, ASKING
 *    ASKING    smail__sasl_keys(): server-first-message -> SECOND
 *    SECOND    client-final-message: server-final-message -> LAST, or DENY
 *    LAST      empty -> ACCEPT
 *
 * Keys that are not there are tried all the same, so that neither the words
 * nor the time tell whether there is such a user.
 */
#include <stdlib.h>
#include <string.h>

#include "account/sasl_internal.h"
#include "account/scram_message.h"
#include "base/base64.h"
#include "base/mem.h"
#include "base/span.h"
#include "crypto/random.h"

#define NOT_SCRAM "the response is not that of SCRAM"
#define NO_MEMORY "out of memory"

/* Octets of our part of the nonce, before base64. */
#define NONCE_LEN 18

/* --- The first message ---------------------------------------------------- */

static smail_span binding_of(const struct smail__sasl *sasl, bool is_end_point)
{
    const unsigned char *data = is_end_point ? sasl->end_point : sasl->exporter;
    size_t len = is_end_point ? sasl->end_point_len : sasl->exporter_len;

    return (smail_span){ (const char *)data, len };
}

/* RFC 5802, 6: what the client says of channel binding; NULL when it fits. */
static const char *check_flag(struct smail__sasl *sasl, smail_span flag)
{
    if (smail__span_is(flag, "n"))
        return sasl->mechanism->is_plus ? "no channel binding was given" : NULL;
    if (smail__span_is(flag, "y")) {
        if (sasl->mechanism->is_plus)
            return "no channel binding was given";
        /* Somebody in between has hidden it from the client. */
        return sasl->offers_plus ? "the server does offer channel binding"
                                 : NULL;
    }
    if (!sasl->mechanism->is_plus)
        return NOT_SCRAM;
    sasl->scram.is_end_point = smail__span_is(flag, "p=tls-server-end-point");
    if (!sasl->scram.is_end_point && !smail__span_is(flag, "p=tls-exporter"))
        return "the channel binding is not supported";
    if (binding_of(sasl, sasl->scram.is_end_point).len == 0)
        return "the channel binding is not supported";
    return NULL;
}

/* gs2-header (RFC 5802, 7). `authzid` is left encoded. */
static const char *take_header(struct smail__sasl *sasl, smail_span *rest,
                               smail_span *authzid)
{
    smail_span whole = *rest;
    smail_span flag = smail__span_cut(rest, ',');
    const char *objection = check_flag(sasl, flag);

    if (objection != NULL)
        return objection;
    *authzid = smail__span_cut(rest, ',');
    if (authzid->len > 0 &&
        (authzid->len < 3 || memcmp(authzid->data, "a=", 2) != 0))
        return NOT_SCRAM;
    smail__buf_append(&sasl->scram.gs2,
                      smail__span_slice(whole, 0, whole.len - rest->len));
    if (sasl->mechanism->is_plus)
        smail__buf_append(&sasl->scram.gs2,
                          binding_of(sasl, sasl->scram.is_end_point));
    return NULL;
}

static int make_nonce(struct smail__sasl *sasl, smail_span theirs)
{
    struct smail__buf *nonce = &sasl->scram.nonce;
    unsigned char bytes[NONCE_LEN];

    smail__buf_append(nonce, theirs);
    if (sasl->our_nonce.len > 0) {
        smail__buf_append(nonce, smail__buf_span(&sasl->our_nonce));
    } else {
        if (smail__random(bytes, sizeof(bytes), NULL) != 0)
            return SMAIL_EIO;
        smail__base64_encode(nonce,
                             (smail_span){ (const char *)bytes, NONCE_LEN });
    }
    return smail__buf_error(nonce);
}

/* Nobody may act for somebody else here. */
static bool is_same(smail_span user, smail_span authzid)
{
    char name[SMAIL__SASL_USER_MAX];
    size_t len;

    return authzid.len == 0 ||
           (smail__scram_name_decode(name, &len, sizeof(name),
                                     smail__span_from(authzid, 2)) &&
            smail__span_iequal(user, (smail_span){ name, len }));
}

static void step_first(struct smail__sasl_action *out, struct smail__sasl *sasl,
                       smail_span response)
{
    char user[SMAIL__SASL_USER_MAX];
    smail_span rest = response, authzid = { "", 0 }, bare, name, nonce;
    const char *objection = take_header(sasl, &rest, &authzid);
    size_t len;

    bare = rest;
    if (objection == NULL &&
        (!smail__scram_take(&name, &rest, 'n') ||
         !smail__scram_take(&nonce, &rest, 'r') ||
         !smail__scram_is_nonce(nonce) || nonce.len > SMAIL__SASL_NONCE_MAX ||
         !smail__scram_skip(&rest, '\0')))
        objection = NOT_SCRAM;
    if (objection == NULL &&
        !smail__scram_name_decode(user, &len, sizeof(user), name))
        objection = "the user name is not one";
    if (objection != NULL) {
        smail__sasl_fail(out, sasl, objection);
        return;
    }
    if (!smail__sasl_keep_user(out, sasl, (smail_span){ user, len }))
        return;
    if (!is_same((smail_span){ user, len }, authzid)) {
        smail__sasl_fail(out, sasl, "nobody may act for somebody else");
        return;
    }
    smail__buf_append(&sasl->scram.message, bare);
    if (make_nonce(sasl, nonce) != 0 ||
        smail__buf_error(&sasl->scram.message) != 0 ||
        smail__buf_error(&sasl->scram.gs2) != 0) {
        smail__sasl_fail(out, sasl, NO_MEMORY);
        return;
    }
    sasl->state = SMAIL__SASL_ASKING;
    out->result = SMAIL__SASL_KEYS;
    out->user = (smail_span){ sasl->user, sasl->user_len };
}

/* --- The challenge -------------------------------------------------------- */

static int keep_keys(struct smail__sasl_scram *scram,
                     const struct smail__scram *keys, size_t count)
{
    scram->count = count < SMAIL__SASL_KEYS_MAX ? count : SMAIL__SASL_KEYS_MAX;
    scram->key_count = scram->count > 0 ? scram->count : 1;
    scram->keys = calloc(scram->key_count, sizeof(*scram->keys));
    if (scram->keys == NULL)
        return SMAIL_ENOMEM;
    memcpy(scram->keys, keys, scram->key_count * sizeof(*scram->keys));
    return 0;
}

void smail__sasl_keys(struct smail__sasl_action *out, struct smail__sasl *sasl,
                      const struct smail__scram *keys, size_t count)
{
    struct smail__sasl_scram *scram = &sasl->scram;
    struct smail__buf *challenge = &scram->challenge;

    memset(out, 0, sizeof(*out));
    if (sasl->state != SMAIL__SASL_ASKING || scram->keys != NULL) {
        smail__sasl_fail(out, sasl, "the exchange is over");
        return;
    }
    if (keep_keys(scram, keys, count) != 0) {
        smail__sasl_fail(out, sasl, NO_MEMORY);
        return;
    }
    smail__buf_puts(challenge, "r=");
    smail__buf_append(challenge, smail__buf_span(&scram->nonce));
    smail__scram_put(
        challenge,
        ",s=", (smail_span){ (const char *)keys->salt, sizeof(keys->salt) });
    smail__buf_printf(challenge, ",i=%u", (unsigned)keys->iterations);
    smail__buf_putc(&scram->message, ',');
    smail__buf_append(&scram->message, smail__buf_span(challenge));
    if (smail__buf_error(challenge) != 0 ||
        smail__buf_error(&scram->message) != 0) {
        smail__sasl_fail(out, sasl, NO_MEMORY);
        return;
    }
    sasl->state = SMAIL__SASL_SECOND;
    out->result = SMAIL__SASL_CHALLENGE;
    out->challenge = smail__buf_span(challenge);
}

/* --- The proof ------------------------------------------------------------ */

struct final {
    smail_span binding, nonce, proof; /* the first and the last in base64 */
    smail_span without_proof;
};

static bool read_final(struct final *out, smail_span response)
{
    smail_span rest = response;
    size_t before;

    if (!smail__scram_take(&out->binding, &rest, 'c') ||
        !smail__scram_take(&out->nonce, &rest, 'r') ||
        !smail__scram_skip(&rest, 'p'))
        return false;
    before = response.len - rest.len;
    if (!smail__scram_take(&out->proof, &rest, 'p') || rest.len > 0 ||
        before == 0)
        return false;
    out->without_proof = smail__span_slice(response, 0, before - 1);
    /* A comma behind the proof would be no part of it. */
    return out->proof.data + out->proof.len == response.data + response.len;
}

static bool decodes_to(smail_span text, smail_span bytes)
{
    struct smail__buf buf;
    bool result;

    smail__buf_init(&buf, 2048, NULL);
    result = smail__base64_decode(&buf, text) == 0 &&
             smail__buf_error(&buf) == 0 &&
             smail__span_equal(smail__buf_span(&buf), bytes);
    smail__buf_dispose(&buf);
    return result;
}

static bool decode_proof(unsigned char out[SMAIL__SHA256_LEN], smail_span text)
{
    struct smail__buf buf;
    bool result;

    smail__buf_init(&buf, SMAIL__SHA256_LEN, NULL);
    result = smail__base64_decode(&buf, text) == 0 &&
             smail__buf_error(&buf) == 0 && buf.len == SMAIL__SHA256_LEN;
    if (result)
        memcpy(out, buf.data, SMAIL__SHA256_LEN);
    smail__buf_dispose(&buf);
    return result;
}

/* All are tried, whichever it is. */
static bool find_key(struct smail__sasl_scram *scram,
                     const unsigned char proof[SMAIL__SHA256_LEN])
{
    smail_span message = smail__buf_span(&scram->message);
    bool found = false;

    for (size_t i = 0; i < scram->key_count; i++) {
        if (!smail__scram_check(&scram->keys[i], message, proof) ||
            i >= scram->count)
            continue;
        scram->found = i;
        found = true;
    }
    return found;
}

static void say_signature(struct smail__sasl_action *out,
                          struct smail__sasl *sasl)
{
    struct smail__sasl_scram *scram = &sasl->scram;
    unsigned char signature[SMAIL__SHA256_LEN];

    smail__scram_sign(signature, &scram->keys[scram->found],
                      smail__buf_span(&scram->message));
    smail__buf_clear(&scram->challenge);
    smail__scram_put(
        &scram->challenge,
        "v=", (smail_span){ (const char *)signature, sizeof(signature) });
    if (smail__buf_error(&scram->challenge) != 0) {
        smail__sasl_fail(out, sasl, NO_MEMORY);
        return;
    }
    sasl->is_accepted = true;
    sasl->state = SMAIL__SASL_LAST;
    out->result = SMAIL__SASL_CHALLENGE;
    out->challenge = smail__buf_span(&scram->challenge);
}

static void step_second(struct smail__sasl_action *out,
                        struct smail__sasl *sasl, smail_span response)
{
    struct smail__sasl_scram *scram = &sasl->scram;
    unsigned char proof[SMAIL__SHA256_LEN];
    struct final final;

    if (!read_final(&final, response) || !decode_proof(proof, final.proof)) {
        smail__sasl_fail(out, sasl, NOT_SCRAM);
        return;
    }
    smail__buf_putc(&scram->message, ',');
    smail__buf_append(&scram->message, final.without_proof);
    if (smail__buf_error(&scram->message) != 0) {
        smail__sasl_fail(out, sasl, NO_MEMORY);
        return;
    }
    if (!decodes_to(final.binding, smail__buf_span(&scram->gs2)) ||
        !smail__span_equal(final.nonce, smail__buf_span(&scram->nonce)) ||
        !find_key(scram, proof)) {
        smail__sasl_deny(out, sasl);
        return;
    }
    say_signature(out, sasl);
}

void smail__sasl_scram(struct smail__sasl_action *out, struct smail__sasl *sasl,
                       smail_span response)
{
    if (sasl->state == SMAIL__SASL_SECOND)
        step_second(out, sasl, response);
    else
        step_first(out, sasl, response);
}
