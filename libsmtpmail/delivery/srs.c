/* SPDX-License-Identifier: MIT */
/* delivery/srs.c - see delivery/srs.h. */
#include "delivery/srs.h"

#include "base/buf.h"
#include "base/format.h"
#include "base/span.h"
#include "crypto/digest.h"

/* Letters that survive hosts which change the case (RFC 4648, 6). */
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* 40 bits: enough, as each guess costs a message. */
#define HASH_LEN 8
#define STAMPS 1024

static void put_hash(char out[HASH_LEN + 1], smail_span text,
                     const unsigned char secret[SMAIL__SRS_SECRET_LEN])
{
    unsigned char digest[SMAIL__SHA256_LEN];
    char folded[SMAIL__SRS_ROOM + 16];
    size_t len = text.len < sizeof(folded) ? text.len : sizeof(folded);
    uint64_t bits = 0;

    for (size_t i = 0; i < len; i++)
        folded[i] = smail__lower(text.data[i]);
    smail__hmac_sha256(
        digest, (smail_span){ (const char *)secret, SMAIL__SRS_SECRET_LEN },
        (smail_span){ folded, len });
    for (size_t i = 0; i < 5; i++)
        bits = bits << 8 | digest[i];
    for (size_t i = 0; i < HASH_LEN; i++)
        out[i] = letters[bits >> (5 * (HASH_LEN - 1 - i)) & 31];
    out[HASH_LEN] = '\0';
}

static unsigned stamp_of(int64_t now)
{
    return (unsigned)(now / 86400 % STAMPS);
}

static int letter_value(char letter)
{
    for (int i = 0; i < 32; i++)
        if (smail__lower(letters[i]) == smail__lower(letter))
            return i;
    return -1;
}

/* "SRS0=", "SRS0+" or "SRS0-", as others write it. */
static bool has_tag(smail_span local, char number)
{
    return local.len > 5 && smail__span_istarts(local, "SRS") &&
           local.data[3] == number &&
           (local.data[4] == '=' || local.data[4] == '+' ||
            local.data[4] == '-');
}

bool smail__srs_is_ours(smail_span local)
{
    return has_tag(local, '0') || has_tag(local, '1');
}

static int finish(char out[SMAIL__SRS_ROOM], const struct smail__buf *local,
                  smail_span domain)
{
    if (smail__buf_error(local) != 0)
        return SMAIL_ELIMIT;
    smail__format(out, SMAIL__SRS_ROOM, "%.*s@%.*s",
                  SMAIL__SPAN_ARG(smail__buf_span(local)),
                  SMAIL__SPAN_ARG(domain));
    return 0;
}

/* A second forwarder remembers the first one alone, which knows the rest. */
static int forward_again(struct smail__buf *out, const smail_path *sender,
                         const unsigned char *secret)
{
    char hash[HASH_LEN + 1], text[SMAIL__SRS_ROOM];
    smail_span rest = smail__span_from(sender->local, 4);
    smail_span first = sender->domain;

    if (has_tag(sender->local, '1')) {
        rest = smail__span_from(sender->local, 5);
        (void)smail__span_cut(&rest, '='); /* its hash */
        first = smail__span_cut(&rest, '=');
    }
    smail__format(text, sizeof(text), "%.*s=%.*s", SMAIL__SPAN_ARG(first),
                  SMAIL__SPAN_ARG(rest));
    put_hash(hash, smail__span(text), secret);
    smail__buf_printf(out, "SRS1=%s=%s", hash, text);
    return 0;
}

int smail__srs_forward(char out[SMAIL__SRS_ROOM], const smail_path *sender,
                       smail_span our_domain,
                       const unsigned char secret[SMAIL__SRS_SECRET_LEN],
                       int64_t now)
{
    char hash[HASH_LEN + 1], text[SMAIL__SRS_ROOM + 16];
    unsigned stamp = stamp_of(now);
    struct smail__buf local;
    int code;

    out[0] = '\0';
    if (smail_path_is_null(sender))
        return 0;
    smail__buf_init(&local, SMAIL_LOCAL_PART_MAX, NULL);
    if (smail__srs_is_ours(sender->local)) {
        (void)forward_again(&local, sender, secret);
    } else {
        smail__format(text, sizeof(text), "%c%c=%.*s=%.*s", letters[stamp >> 5],
                      letters[stamp & 31], SMAIL__SPAN_ARG(sender->domain),
                      SMAIL__SPAN_ARG(sender->local));
        put_hash(hash, smail__span(text), secret);
        smail__buf_printf(&local, "SRS0=%s=%s", hash, text);
    }
    code = finish(out, &local, our_domain);
    smail__buf_dispose(&local);
    return code;
}

static bool is_fresh(smail_span stamp, int64_t now)
{
    int high = stamp.len == 2 ? letter_value(stamp.data[0]) : -1;
    int low = stamp.len == 2 ? letter_value(stamp.data[1]) : -1;
    unsigned age;

    if (high < 0 || low < 0)
        return false;
    age = (stamp_of(now) + STAMPS - (unsigned)(high << 5 | low)) % STAMPS;
    return age <= SMAIL__SRS_DAYS || age == STAMPS - 1; /* clocks differ */
}

int smail__srs_reverse(char out[SMAIL__SRS_ROOM], smail_span local,
                       const unsigned char secret[SMAIL__SRS_SECRET_LEN],
                       int64_t now)
{
    char hash[HASH_LEN + 1];
    smail_span rest = smail__span_from(local, 5), given, stamp, domain;

    if (!smail__srs_is_ours(local))
        return SMAIL_EAUTH;
    given = smail__span_cut(&rest, '=');
    put_hash(hash, rest, secret);
    if (!smail__span_iis(given, hash))
        return SMAIL_EAUTH;
    if (has_tag(local, '1')) {
        char home[SMAIL__SRS_ROOM];

        domain = smail__span_cut(&rest, '=');
        smail__format(out, SMAIL__SRS_ROOM, "SRS0%.*s@%.*s",
                      SMAIL__SPAN_ARG(rest), SMAIL__SPAN_ARG(domain));
        /* Mail that came by here twice: the first forwarder is us. */
        if (smail__srs_reverse(home, (smail_span){ out, 4 + rest.len }, secret,
                               now) == 0)
            smail__format(out, SMAIL__SRS_ROOM, "%s", home);
        return 0;
    }
    stamp = smail__span_cut(&rest, '=');
    domain = smail__span_cut(&rest, '=');
    if (!is_fresh(stamp, now) || domain.len == 0 || rest.len == 0)
        return SMAIL_EAUTH;
    smail__format(out, SMAIL__SRS_ROOM, "%.*s@%.*s", SMAIL__SPAN_ARG(rest),
                  SMAIL__SPAN_ARG(domain));
    return 0;
}
