/* SPDX-License-Identifier: MIT */
/*
 * crypto/password.c - scrypt (RFC 7914) in the PHC string format.
 *
 * Of libscrypt only the function itself is used: its helpers take passwords
 * as C strings, cut up the stored hash, and take any cost that stands there.
 */
#include "crypto/password.h"

#include <string.h>

#include <libscrypt.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "crypto/foreign.h"
#include "crypto/random.h"

#define SALT_LEN 16
#define HASH_LEN 32

/* N = 2^15, r = 8: 32 MiB and some 60 ms a hash (RFC 7914, 2). */
#define COST_LN 15
#define COST_R 8
#define COST_P 1

/* Beyond these a stored hash would be a memory bomb: 128 MiB at most. */
#define MAX_LN 17
#define MAX_R 8
#define MAX_P 8

#define MIN_LN 10
#define MIN_SALT 8
#define MIN_HASH 16
#define MAX_BINARY 64

struct hash {
    unsigned ln, r, p;
    unsigned char salt[MAX_BINARY];
    size_t salt_len;
    unsigned char hash[MAX_BINARY];
    size_t hash_len;
};

/* "ln=15": the number must be 1 to `max`. */
static bool parse_cost(unsigned *out, smail_span *from, const char *name,
                       unsigned max)
{
    smail_span value = smail__span_cut(from, ',');
    smail_span key = smail__span_cut(&value, '=');
    uint64_t number;

    if (!smail__span_is(key, name) || smail__span_number(&number, value) != 0 ||
        number < 1 || number > max)
        return false;
    *out = (unsigned)number;
    return true;
}

/* Base64 without padding, `min` to MAX_BINARY octets. */
static bool parse_binary(unsigned char out[MAX_BINARY], size_t *len,
                         smail_span text, size_t min)
{
    struct smail__buf padded, binary;
    bool ok;

    smail__buf_init(&padded, 2 * MAX_BINARY, NULL);
    smail__buf_init(&binary, MAX_BINARY, NULL);
    smail__buf_append(&padded, text);
    while (padded.len % 4 != 0 && smail__buf_error(&padded) == 0)
        smail__buf_putc(&padded, '=');
    ok = smail__buf_error(&padded) == 0 &&
         smail__base64_decode(&binary, smail__buf_span(&padded)) == 0 &&
         smail__buf_error(&binary) == 0 && binary.len >= min;
    if (ok) {
        memcpy(out, binary.data, binary.len);
        *len = binary.len;
    }
    smail__buf_dispose(&padded);
    smail__buf_dispose(&binary);
    return ok;
}

static bool parse_hash(struct hash *out, smail_span text)
{
    smail_span costs;

    if (smail__span_cut(&text, '$').len != 0 ||
        !smail__span_is(smail__span_cut(&text, '$'), "scrypt"))
        return false;
    costs = smail__span_cut(&text, '$');
    if (!parse_cost(&out->ln, &costs, "ln", MAX_LN) || out->ln < MIN_LN ||
        !parse_cost(&out->r, &costs, "r", MAX_R) ||
        !parse_cost(&out->p, &costs, "p", MAX_P) || costs.len != 0)
        return false;
    return parse_binary(out->salt, &out->salt_len, smail__span_cut(&text, '$'),
                        MIN_SALT) &&
           parse_binary(out->hash, &out->hash_len, text, MIN_HASH);
}

static int derive(unsigned char *out, size_t len, const struct hash *costs,
                  smail_span password, smail_error *err)
{
    const char *data = password.data == NULL ? "" : password.data;

    if (libscrypt_scrypt((const uint8_t *)data, password.len, costs->salt,
                         costs->salt_len, (uint64_t)1 << costs->ln, costs->r,
                         costs->p, out, len) != 0)
        return smail__fail(err, SMAIL_ENOMEM,
                           "there is no memory to hash a password");
    return 0;
}

static void put_binary(struct smail__buf *out, const void *data, size_t len)
{
    smail__base64_encode(out, (smail_span){ data, len });
    while (out->len > 0 && out->data[out->len - 1] == '=')
        smail__buf_truncate(out, out->len - 1);
}

int smail__password_hash(char out[SMAIL__PASSWORD_HASH_MAX],
                         smail_span password, smail_error *err)
{
    struct hash hash = { COST_LN, COST_R, COST_P, .salt_len = SALT_LEN,
                         .hash_len = HASH_LEN };
    struct smail__buf text;
    int code = smail__random(hash.salt, hash.salt_len, err);

    if (code == 0)
        code = derive(hash.hash, hash.hash_len, &hash, password, err);
    if (code != 0)
        return code;
    smail__buf_init(&text, SMAIL__PASSWORD_HASH_MAX - 1, NULL);
    smail__buf_printf(&text, "$scrypt$ln=%u,r=%u,p=%u$", hash.ln, hash.r,
                      hash.p);
    put_binary(&text, hash.salt, hash.salt_len);
    smail__buf_putc(&text, '$');
    put_binary(&text, hash.hash, hash.hash_len);
    code = smail__buf_error(&text);
    if (code == 0)
        memcpy(out, text.data, text.len + 1);
    else
        smail__fail(err, code, "there is no memory to hash a password");
    smail__buf_dispose(&text);
    smail__wipe(&hash, sizeof(hash));
    return code;
}

int smail__password_check(smail_span hash, smail_span password,
                          smail_error *err)
{
    struct hash known = { COST_LN, COST_R, COST_P, .salt_len = SALT_LEN,
                          .hash_len = HASH_LEN };
    unsigned char made[MAX_BINARY];
    bool equal;
    int code;

    if (smail__foreign_is(hash))
        return smail__foreign_check(hash, password, err);
    if (hash.len > 0 && !parse_hash(&known, hash))
        return smail__fail(err, SMAIL_ECORRUPT,
                           "a stored password hash is not one of ours");
    code = derive(made, known.hash_len, &known, password, err);
    if (code != 0)
        return code;
    equal = smail__equal_secret(made, known.hash, known.hash_len);
    smail__wipe(made, sizeof(made));
    smail__wipe(&known, sizeof(known));
    if (!equal || hash.len == 0)
        return smail__fail(err, SMAIL_EAUTH, "wrong user name or password");
    return 0;
}

int smail__password_import(char out[SMAIL__PASSWORD_HASH_MAX], smail_span text,
                           smail_error *err)
{
    struct hash known;

    if (text.len >= SMAIL__PASSWORD_HASH_MAX || !parse_hash(&known, text))
        return smail__foreign_read(out, text, err);
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return 0;
}

bool smail__password_is_outdated(smail_span hash)
{
    struct hash known;

    return !parse_hash(&known, hash) || known.ln != COST_LN ||
           known.r != COST_R || known.p != COST_P ||
           known.salt_len != SALT_LEN || known.hash_len != HASH_LEN;
}
