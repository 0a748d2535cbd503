/* SPDX-License-Identifier: MIT */
/* account/remember.c - see account/remember.h. */
#include "account/remember.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "crypto/digest.h"
#include "crypto/random.h"

/* A thousand programs at work; who falls out is verified once more. */
#define SLOTS 1024

struct slot {
    unsigned char mac[SMAIL__SHA256_LEN];
    smail_id account; /* 0: free */
    int64_t version;
    int64_t expires_at;
};

struct smail__remember {
    pthread_mutex_t lock;
    smail_store *store;
    unsigned char key[SMAIL__SHA256_LEN];
    struct slot slots[SLOTS];
};

static const char sql_version[] =
    "SELECT credential_version, is_disabled FROM account WHERE id = $1";

/* Hashing each by itself keeps "ab" + "c" from being "a" + "bc". */
static void mac_of(unsigned char out[SMAIL__SHA256_LEN],
                   const struct smail__remember *remember, smail_span user,
                   smail_span password)
{
    unsigned char both[2 * SMAIL__SHA256_LEN];

    smail__sha256(both, user);
    smail__sha256(both + SMAIL__SHA256_LEN, password);
    smail__hmac_sha256(
        out, (smail_span){ (const char *)remember->key, sizeof(remember->key) },
        (smail_span){ (const char *)both, sizeof(both) });
    smail__wipe(both, sizeof(both));
}

static struct slot *slot_of(struct smail__remember *remember,
                            const unsigned char mac[SMAIL__SHA256_LEN])
{
    return &remember->slots[(mac[0] << 8 | mac[1]) % SLOTS];
}

int smail__remember_new(struct smail__remember **out, smail_store *store,
                        smail_error *err)
{
    struct smail__remember *remember = calloc(1, sizeof(*remember));
    int rc;

    if (remember == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory for passwords");
    rc = smail__random(remember->key, sizeof(remember->key), err);
    if (rc != 0) {
        free(remember);
        return rc;
    }
    pthread_mutex_init(&remember->lock, NULL);
    remember->store = store;
    *out = remember;
    return 0;
}

void smail__remember_free(struct smail__remember *remember)
{
    if (remember == NULL)
        return;
    pthread_mutex_destroy(&remember->lock);
    smail__wipe(remember, sizeof(*remember));
    free(remember);
}

static int read_version(int64_t *out, struct smail__db *db, smail_id account,
                        smail_error *err)
{
    struct smail__statement *statement;
    bool is_disabled;
    int rc = smail__db_prepare(&statement, db, sql_version, err);

    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, account);
    rc = smail__statement_step(statement, err);
    if (rc == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "no such account");
    if (rc < 0)
        return rc;
    *out = smail__column_int(statement, 0);
    is_disabled = smail__column_int(statement, 1) != 0;
    smail__statement_reset(statement);
    if (is_disabled)
        return smail__fail(err, SMAIL_EAUTH, "the account is disabled");
    return 0;
}

int smail__credential_version(int64_t *out, smail_store *store,
                              smail_id account, smail_error *err)
{
    struct smail__db *db;
    int rc = smail__store_begin_read(&db, store, err);

    if (rc != 0)
        return rc;
    rc = read_version(out, db, account, err);
    smail__store_end_read(store, db);
    return rc;
}

int smail__remember_find(smail_id *account, struct smail__remember *remember,
                         smail_span user, smail_span password, int64_t now,
                         smail_error *err)
{
    unsigned char mac[SMAIL__SHA256_LEN];
    struct slot found;
    int64_t version;
    int rc;

    mac_of(mac, remember, user, password);
    pthread_mutex_lock(&remember->lock);
    found = *slot_of(remember, mac);
    pthread_mutex_unlock(&remember->lock);
    if (found.account == 0 || now >= found.expires_at ||
        !smail__equal_secret(found.mac, mac, sizeof(mac)))
        return SMAIL_ENOTFOUND;
    rc = smail__credential_version(&version, remember->store, found.account,
                                   err);
    if (rc == SMAIL_EAUTH || (rc == 0 && version != found.version))
        return SMAIL_ENOTFOUND;
    if (rc == 0)
        *account = found.account;
    return rc;
}

void smail__remember_add(struct smail__remember *remember, smail_span user,
                         smail_span password, smail_id account, int64_t version,
                         int64_t now)
{
    struct slot slot = { .account = account,
                         .version = version,
                         .expires_at = now + SMAIL__REMEMBER_SECONDS };

    mac_of(slot.mac, remember, user, password);
    pthread_mutex_lock(&remember->lock);
    *slot_of(remember, slot.mac) = slot;
    pthread_mutex_unlock(&remember->lock);
}
