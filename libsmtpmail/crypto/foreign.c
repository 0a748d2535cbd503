/* SPDX-License-Identifier: MIT */
/*
 * crypto/foreign.c - see crypto/foreign.h.
 *
 * libcrypt knows many more kinds, some of them broken, and takes any cost that
 * stands there: a hash is read here to its last character before libcrypt
 * sees it.
 */
#include "crypto/foreign.h"

#include <errno.h>
#include <string.h>

#include <crypt.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"

#define ACCEPTED                                                   \
    "accepted are bcrypt ($2a$, $2b$, $2y$; cost 4 to 14), "       \
    "SHA-crypt ($5$, $6$; 1000 to 1000000 rounds) and yescrypt "   \
    "($y$; 1 to 128 MiB), also behind {BLF-CRYPT}, {SHA256-CRYPT}" \
    ", {SHA512-CRYPT} or {CRYPT}"

/* The digits of libcrypt, lowest first. */
static const char digits[] =
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Numbers up to here are one digit of yescrypt's; none that it may have here
 * is larger. */
#define YESCRYPT_DIGIT_MAX 47

#define BCRYPT_SALT 22
#define SHACRYPT_SALT_MAX 16
#define YESCRYPT_SALT_MAX 86

enum kind { BCRYPT, SHA256, SHA512, YESCRYPT };

/* How it begins, and how many digits of hash end it. */
static const struct scheme {
    const char *prefix;
    enum kind kind;
    size_t hash_len;
} schemes[] = {
    { "$2a$", BCRYPT, 31 }, { "$2b$", BCRYPT, 31 }, { "$2y$", BCRYPT, 31 },
    { "$5$", SHA256, 43 },  { "$6$", SHA512, 86 },  { "$y$", YESCRYPT, 43 },
};

/* What Dovecot writes in front of it; of one kind, or of any. */
static const struct {
    const char *name;
    bool is_any;
    enum kind kind;
} dovecot[] = {
    { "{BLF-CRYPT}", false, BCRYPT },
    { "{SHA256-CRYPT}", false, SHA256 },
    { "{SHA512-CRYPT}", false, SHA512 },
    { "{CRYPT}", true, BCRYPT },
};

/* --- Reading ------------------------------------------------------------- */

static bool starts(smail_span text, const char *prefix)
{
    size_t len = strlen(prefix);

    return text.len >= len && memcmp(text.data, prefix, len) == 0;
}

static const struct scheme *scheme_of(smail_span text)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (starts(text, schemes[i].prefix))
            return &schemes[i];
    return NULL;
}

static int digit_of(char byte)
{
    const char *at = byte == '\0' ? NULL : strchr(digits, byte);

    return at == NULL ? -1 : (int)(at - digits);
}

/* `min` to `max` digits and nothing else. */
static bool is_digits(smail_span text, size_t min, size_t max)
{
    if (text.len < min || text.len > max)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (digit_of(text.data[i]) < 0)
            return false;
    return true;
}

/* "12$" and the salt with the hash behind it. */
static bool is_bcrypt(smail_span text, size_t hash_len)
{
    smail_span cost = smail__span_cut(&text, '$');
    uint64_t number;

    return cost.len == 2 && smail__span_number(&number, cost) == 0 &&
           number >= SMAIL__BCRYPT_COST_MIN &&
           number <= SMAIL__BCRYPT_COST_MAX &&
           is_digits(text, BCRYPT_SALT + hash_len, BCRYPT_SALT + hash_len);
}

/* "rounds=5000$" or nothing, salt, '$', hash. */
static bool is_shacrypt(smail_span text, size_t hash_len)
{
    smail_span salt = smail__span_cut(&text, '$');
    uint64_t rounds;

    if (starts(salt, "rounds=")) {
        salt = smail__span_from(salt, strlen("rounds="));
        /* A zero in front of it would be another text for the same number. */
        if (smail__span_number(&rounds, salt) != 0 || salt.data[0] == '0' ||
            rounds < SMAIL__SHACRYPT_ROUNDS_MIN ||
            rounds > SMAIL__SHACRYPT_ROUNDS_MAX)
            return false;
        salt = smail__span_cut(&text, '$');
    }
    return is_digits(salt, 1, SHACRYPT_SALT_MAX) &&
           is_digits(text, hash_len, hash_len);
}

/* A number of one digit, counted from `from`; 0: it is none, or longer. */
static unsigned yescrypt_number(char byte, unsigned from)
{
    int digit = digit_of(byte);

    return digit < 0 || digit > YESCRYPT_DIGIT_MAX ? 0 : (unsigned)digit + from;
}

/*
 * "j9T": the one flavour that is in use, log2(N) and r; with ".7" behind it,
 * p. What else could follow nobody sets.
 */
static bool is_yescrypt_cost(smail_span text)
{
    unsigned n, r, p = 1;
    uint64_t memory;

    if ((text.len != 3 && text.len != 5) || text.data[0] != 'j')
        return false;
    n = yescrypt_number(text.data[1], 1);
    r = yescrypt_number(text.data[2], 1);
    if (text.len == 5)
        p = text.data[3] == '.' ? yescrypt_number(text.data[4], 2) : 0;
    if (n == 0 || r == 0 || p == 0)
        return false;
    memory = ((uint64_t)128 * r) << n;
    return memory >= SMAIL__YESCRYPT_MEMORY_MIN &&
           memory <= SMAIL__YESCRYPT_MEMORY_MAX &&
           memory * p <= SMAIL__YESCRYPT_WORK_MAX;
}

/* "j9T$", salt, '$', hash. */
static bool is_yescrypt(smail_span text, size_t hash_len)
{
    smail_span costs = smail__span_cut(&text, '$');
    smail_span salt = smail__span_cut(&text, '$');

    return is_yescrypt_cost(costs) && is_digits(salt, 1, YESCRYPT_SALT_MAX) &&
           is_digits(text, hash_len, hash_len);
}

/* Its scheme; NULL when anything is wrong with it. */
static const struct scheme *parse(smail_span text)
{
    const struct scheme *scheme = scheme_of(text);
    bool ok = false;

    if (scheme == NULL || text.len >= SMAIL__FOREIGN_MAX)
        return NULL;
    text = smail__span_from(text, strlen(scheme->prefix));
    switch (scheme->kind) {
    case BCRYPT:
        ok = is_bcrypt(text, scheme->hash_len);
        break;
    case SHA256:
    case SHA512:
        ok = is_shacrypt(text, scheme->hash_len);
        break;
    case YESCRYPT:
        ok = is_yescrypt(text, scheme->hash_len);
        break;
    }
    return ok ? scheme : NULL;
}

int smail__foreign_read(char out[SMAIL__FOREIGN_MAX], smail_span text,
                        smail_error *err)
{
    const struct scheme *scheme;
    bool is_any = true;
    enum kind kind = BCRYPT;

    for (size_t i = 0; i < sizeof(dovecot) / sizeof(dovecot[0]); i++) {
        if (!smail__span_istarts(text, dovecot[i].name))
            continue;
        text = smail__span_from(text, strlen(dovecot[i].name));
        is_any = dovecot[i].is_any;
        kind = dovecot[i].kind;
        break;
    }
    scheme = parse(text);
    if (scheme == NULL || (!is_any && scheme->kind != kind))
        return smail__fail(err, SMAIL_EINVAL,
                           "this password hash cannot be taken: " ACCEPTED);
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    return 0;
}

/* --- Checking ------------------------------------------------------------ */

/* Of `data`, what is secret lies in it alone: the caller wipes it. */
static int compute(struct crypt_data *data, smail_span hash,
                   smail_span password, smail_error *err)
{
    char setting[SMAIL__FOREIGN_MAX];
    char phrase[SMAIL__FOREIGN_PASSWORD_MAX + 1];
    const char *made;
    int code = 0;

    memcpy(setting, hash.data, hash.len);
    setting[hash.len] = '\0';
    if (password.len > 0)
        memcpy(phrase, password.data, password.len);
    phrase[password.len] = '\0';

    /* Unlike crypt_r, it has no text that stands for a failure. */
    errno = 0;
    made = crypt_rn(phrase, setting, data, (int)sizeof(*data));
    if (made == NULL)
        code = errno == ENOMEM
                   ? smail__fail(err, SMAIL_ENOMEM,
                                 "there is no memory to hash a password")
                   : smail__fail(err, SMAIL_ECORRUPT,
                                 "a stored password hash is refused by "
                                 "libcrypt");
    smail__wipe(phrase, sizeof(phrase));
    return code;
}

/*
 * The digits of the hash alone are compared: some programs leave bits in the
 * last digit of bcrypt's salt that mean nothing, and libcrypt clears them.
 */
static bool is_same(const struct crypt_data *data, smail_span hash,
                    size_t hash_len)
{
    size_t len = strlen(data->output);

    return len >= hash_len && hash.len >= hash_len &&
           smail__equal_secret(data->output + len - hash_len,
                               hash.data + hash.len - hash_len, hash_len);
}

bool smail__foreign_is(smail_span hash)
{
    return scheme_of(hash) != NULL;
}

int smail__foreign_check(smail_span hash, smail_span password, smail_error *err)
{
    const struct scheme *scheme = parse(hash);
    struct crypt_data *data;
    bool is_right;
    int code;

    if (scheme == NULL)
        return smail__fail(err, SMAIL_ECORRUPT,
                           "a stored password hash is not one that is "
                           "accepted");
    if (password.len > SMAIL__FOREIGN_PASSWORD_MAX ||
        smail__span_find(password, '\0') < password.len)
        return smail__fail(err, SMAIL_EAUTH, "wrong user name or password");
    data = smail__mem_alloc(NULL, sizeof(*data));
    if (data == NULL)
        return smail__fail(err, SMAIL_ENOMEM,
                           "there is no memory to hash a password");
    code = compute(data, hash, password, err);
    is_right = code == 0 && is_same(data, hash, scheme->hash_len);
    smail__wipe(data, sizeof(*data));
    smail__mem_free(NULL, data);
    if (code != 0)
        return code;
    if (!is_right)
        return smail__fail(err, SMAIL_EAUTH, "wrong user name or password");
    return 0;
}

bool smail__foreign_covers(smail_span hash, smail_span password)
{
    const struct scheme *scheme = scheme_of(hash);

    return scheme == NULL || scheme->kind != BCRYPT ||
           password.len <= SMAIL__BCRYPT_PASSWORD_MAX;
}
