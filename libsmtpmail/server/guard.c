/* SPDX-License-Identifier: MIT */
/* server/guard.c - tables of guesses that cannot grow. */
#include "server/guard.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "account/limiter.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "crypto/digest.h"
#include "crypto/random.h"

/* Entries live in one of the places of their row. A storm from more addresses
 * than these displaces who has failed least, and the waiting last of all. */
#define ROWS 1024
#define WAYS 8

#define FORGIVE_SECONDS 60
#define FAILURES_FREE 3 /* answered after a second each */
#define DELAY_MAX 30000

/* Wrong passwords for one account, from anywhere, before each is answered
 * late; one a minute is forgiven. */
#define ACCOUNT_BURST 20
#define ACCOUNT_INTERVAL 60
#define ACCOUNT_DELAY 8000

/* How long a place stays known for an account. */
#define KNOWN_SECONDS ((int64_t)30 * 24 * 3600)

struct place {
    uint64_t key; /* 0: free */
    uint32_t failures;
    uint32_t pending;
    int64_t failed_at; /* the time that `failures` was true at */
    int64_t banned_until;
};

struct known {
    uint64_t key;
    int64_t until;
};

struct smail__guard {
    pthread_mutex_t lock;
    uint32_t failures_max, ban_seconds;
    char *exempt;
    unsigned char secret[SMAIL__SHA256_LEN]; /* nobody aims at rows */
    struct smail__limiter *accounts;
    struct place places[ROWS][WAYS];
    struct known known[ROWS][WAYS];
};

/* --- Keys ----------------------------------------------------------------- */

/* "4" and the address, or "6" and the network of it. */
static size_t peer_key(char out[17], const struct smail__endpoint *peer)
{
    static const unsigned char mapped[12] = { 0, 0, 0, 0, 0,    0,
                                              0, 0, 0, 0, 0xff, 0xff };
    const unsigned char *address = peer->address;
    bool is_mapped = peer->is_ipv6 && memcmp(address, mapped, 12) == 0;

    out[0] = peer->is_ipv6 && !is_mapped ? '6' : '4';
    if (out[0] == '6') {
        memcpy(out + 1, address, 8);
        return 9;
    }
    memcpy(out + 1, is_mapped ? address + 12 : address, 4);
    return 5;
}

static uint64_t hash(const struct smail__guard *guard, smail_span key)
{
    unsigned char mac[SMAIL__SHA256_LEN];
    uint64_t number;

    smail__hmac_sha256(
        mac, (smail_span){ (const char *)guard->secret, sizeof(guard->secret) },
        key);
    memcpy(&number, mac, sizeof(number));
    return number != 0 ? number : 1;
}

static uint64_t hash_peer(const struct smail__guard *guard,
                          const struct smail__endpoint *peer)
{
    char key[17];
    size_t len = peer_key(key, peer);

    return hash(guard, (smail_span){ key, len });
}

/* Of an address together with a user. */
static uint64_t hash_pair(const struct smail__guard *guard,
                          const struct smail__endpoint *peer, smail_span user)
{
    char key[17 + 320];
    size_t len = peer_key(key, peer);

    for (size_t i = 0; i < user.len && len < sizeof(key); i++)
        key[len++] = smail__lower(user.data[i]);
    return hash(guard, (smail_span){ key, len });
}

/* --- Places --------------------------------------------------------------- */

static void forgive(struct place *place, int64_t now)
{
    int64_t passed = (now - place->failed_at) / FORGIVE_SECONDS;

    if (place->banned_until != 0 && now >= place->banned_until) {
        place->banned_until = 0;
        place->failures = 0;
    }
    if (place->failures == 0 || place->banned_until != 0 || passed <= 0)
        return;
    place->failures = passed < (int64_t)place->failures
                          ? place->failures - (uint32_t)passed
                          : 0;
    place->failed_at += passed * FORGIVE_SECONDS;
}

static struct place *look(struct smail__guard *guard, uint64_t key, int64_t now)
{
    struct place *row = guard->places[key % ROWS];

    for (size_t i = 0; i < WAYS; i++) {
        if (row[i].key == key) {
            forgive(&row[i], now);
            return &row[i];
        }
    }
    return NULL;
}

/* What is lost by giving it up. */
static uint64_t worth(const struct place *place)
{
    if (place->key == 0)
        return 0;
    return 1 + place->failures + (place->banned_until != 0 ? 1000000u : 0) +
           (uint64_t)place->pending * 1000000000u;
}

static struct place *take(struct smail__guard *guard, uint64_t key, int64_t now)
{
    struct place *found = look(guard, key, now);
    struct place *row = guard->places[key % ROWS];

    if (found != NULL)
        return found;
    found = &row[0];
    for (size_t i = 0; i < WAYS; i++) {
        forgive(&row[i], now);
        if (worth(&row[i]) < worth(found))
            found = &row[i];
    }
    *found = (struct place){ .key = key, .failed_at = now };
    return found;
}

static bool is_exempt(struct smail__guard *guard,
                      const struct smail__endpoint *peer)
{
    bool result;

    pthread_mutex_lock(&guard->lock);
    result = smail__endpoint_in(peer, guard->exempt);
    pthread_mutex_unlock(&guard->lock);
    return result;
}

/* --- Known pairs ---------------------------------------------------------- */

static bool is_known(struct smail__guard *guard, uint64_t key, int64_t now)
{
    const struct known *row = guard->known[key % ROWS];

    for (size_t i = 0; i < WAYS; i++)
        if (row[i].key == key)
            return row[i].until > now;
    return false;
}

static void remember(struct smail__guard *guard, uint64_t key, int64_t now)
{
    struct known *row = guard->known[key % ROWS];
    struct known *found = &row[0];

    for (size_t i = 0; i < WAYS; i++) {
        if (row[i].key == key) {
            found = &row[i];
            break;
        }
        if (row[i].until < found->until)
            found = &row[i];
    }
    *found = (struct known){ key, now + KNOWN_SECONDS };
}

/* --- Beginning and end ---------------------------------------------------- */

int smail__guard_change(struct smail__guard *guard, uint32_t failures,
                        uint32_t ban_seconds, const char *exempt,
                        smail_error *err)
{
    int rc = smail__endpoint_check(exempt, err);
    char *copy = rc == 0 ? smail__strdup(exempt) : NULL;

    if (rc == 0 && copy == NULL)
        rc = smail__fail(err, SMAIL_ENOMEM, "no memory for a guard");
    if (rc != 0)
        return rc;
    pthread_mutex_lock(&guard->lock);
    free(guard->exempt);
    guard->exempt = copy;
    guard->failures_max = failures;
    guard->ban_seconds = ban_seconds;
    pthread_mutex_unlock(&guard->lock);
    return 0;
}

int smail__guard_new(struct smail__guard **out, uint32_t failures,
                     uint32_t ban_seconds, const char *exempt, smail_error *err)
{
    struct smail__guard *guard = calloc(1, sizeof(*guard));
    int rc;

    if (guard == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for a guard");
    pthread_mutex_init(&guard->lock, NULL);
    rc = smail__guard_change(guard, failures, ban_seconds, exempt, err);
    if (rc == 0)
        rc = smail__random(guard->secret, sizeof(guard->secret), err);
    if (rc == 0)
        rc = smail__limiter_new(&guard->accounts, ACCOUNT_BURST,
                                ACCOUNT_INTERVAL, err);
    if (rc != 0) {
        smail__guard_free(guard);
        return rc;
    }
    *out = guard;
    return 0;
}

void smail__guard_free(struct smail__guard *guard)
{
    if (guard == NULL)
        return;
    smail__limiter_free(guard->accounts);
    pthread_mutex_destroy(&guard->lock);
    free(guard->exempt);
    free(guard);
}

/* --- Logins --------------------------------------------------------------- */

bool smail__guard_is_banned(struct smail__guard *guard,
                            const struct smail__endpoint *peer, int64_t now)
{
    uint64_t key = hash_peer(guard, peer);
    const struct place *place;
    bool is_banned;

    if (is_exempt(guard, peer))
        return false;
    pthread_mutex_lock(&guard->lock);
    place = look(guard, key, now);
    is_banned = place != NULL && place->banned_until > now;
    pthread_mutex_unlock(&guard->lock);
    return is_banned;
}

int smail__guard_begin(unsigned *rank, struct smail__guard *guard,
                       const struct smail__endpoint *peer, smail_span user,
                       int64_t now)
{
    uint64_t key = hash_peer(guard, peer);
    uint64_t pair = hash_pair(guard, peer, user);
    struct place *place;
    int rc = 0;

    *rank = SMAIL__GUARD_RANK_KNOWN;
    if (is_exempt(guard, peer))
        return 0;
    pthread_mutex_lock(&guard->lock);
    place = take(guard, key, now);
    if (place->pending >= SMAIL__GUARD_PENDING_MAX)
        rc = SMAIL_EBUSY;
    /* Known, it is still the first in line once, and not a hundred times. */
    else if (is_known(guard, pair, now))
        *rank = SMAIL__GUARD_RANK_KNOWN + place->pending;
    else
        *rank = SMAIL__GUARD_RANK_KNOWN + 1 + place->failures + place->pending;
    if (*rank > SMAIL__GUARD_RANK_MAX)
        *rank = SMAIL__GUARD_RANK_MAX;
    if (rc == 0)
        place->pending++;
    pthread_mutex_unlock(&guard->lock);
    return rc;
}

/* It may have been displaced meanwhile, or never counted. */
void smail__guard_end(struct smail__guard *guard,
                      const struct smail__endpoint *peer)
{
    uint64_t key = hash_peer(guard, peer);
    struct place *row = guard->places[key % ROWS];

    pthread_mutex_lock(&guard->lock);
    for (size_t i = 0; i < WAYS; i++)
        if (row[i].key == key && row[i].pending > 0)
            row[i].pending--;
    pthread_mutex_unlock(&guard->lock);
}

void smail__guard_pass(struct smail__guard *guard,
                       const struct smail__endpoint *peer, smail_span user,
                       int64_t now)
{
    uint64_t pair = hash_pair(guard, peer, user);

    if (is_exempt(guard, peer))
        return;
    pthread_mutex_lock(&guard->lock);
    remember(guard, pair, now);
    pthread_mutex_unlock(&guard->lock);
}

static uint32_t delay_for(uint32_t failures)
{
    uint32_t delay = 1000;

    for (uint32_t i = FAILURES_FREE; i < failures && delay < DELAY_MAX; i++)
        delay *= 2;
    return delay < DELAY_MAX ? delay : DELAY_MAX;
}

static uint32_t note_failure(struct smail__guard *guard, uint64_t key,
                             int64_t now)
{
    struct place *place = take(guard, key, now);

    if (place->failures == 0)
        place->failed_at = now;
    place->failures++;
    if (place->failures >= guard->failures_max && place->banned_until == 0)
        place->banned_until = now + guard->ban_seconds;
    return place->failures;
}

uint32_t smail__guard_fail(struct smail__guard *guard,
                           const struct smail__endpoint *peer, smail_span user,
                           unsigned failures, int64_t now)
{
    char name[320];
    smail_span account = { name, 0 };
    uint64_t key = hash_peer(guard, peer);
    uint32_t count = failures, delay;

    if (!is_exempt(guard, peer)) {
        pthread_mutex_lock(&guard->lock);
        count = note_failure(guard, key, now);
        pthread_mutex_unlock(&guard->lock);
    }
    while (account.len < user.len && account.len < sizeof(name)) {
        name[account.len] = smail__lower(user.data[account.len]);
        account.len++;
    }
    delay = delay_for(count);
    if (smail__limiter_wait(guard->accounts, account, now) > 0 &&
        delay < ACCOUNT_DELAY)
        delay = ACCOUNT_DELAY;
    smail__limiter_note(guard->accounts, account, now);
    return delay;
}
