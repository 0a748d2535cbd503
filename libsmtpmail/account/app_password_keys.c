/* SPDX-License-Identifier: MIT */
/* account/app_password_keys.c - see account/app_password_keys.h. */
#include "account/app_password_keys.h"

#include <string.h>

#include "account/name.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "crypto/random.h"

#define SECRET_LEN 32
#define HEX_SIZE (2 * SECRET_LEN + 1)

static const char sql_secret[] =
    "SELECT value FROM setting WHERE name = 'scram_secret'";

/* Two programs may make one at the same time: the first is the one. */
static const char sql_set_secret[] =
    "INSERT INTO setting (name, value) VALUES ('scram_secret', $1)"
    " ON CONFLICT (name) DO NOTHING";

/* The newest first: one that was made before salts were shared does not hide
   the others. */
static const char sql_keys[] =
    "SELECT p.account, p.id, p.scram, p.last_used FROM app_password p"
    " JOIN account a ON a.id = p.account WHERE a.address = $1"
    " AND a.is_disabled = 0 AND (p.expires_at = 0 OR p.expires_at > $2)"
    " AND (p.scope = '' OR p.scope = 'smtp')"
    " AND p.scram IS NOT NULL ORDER BY p.id DESC";

/* --- The salt ------------------------------------------------------------- */

static int read_secret(char out[HEX_SIZE], struct smail__db *db,
                       smail_error *err)
{
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, db, sql_secret, err);

    if (rc != 0)
        return rc;
    rc = smail__statement_step(statement, err);
    if (rc == 1)
        smail__format(out, HEX_SIZE, "%.*s",
                      SMAIL__SPAN_ARG(smail__column_span(statement, 0)));
    smail__statement_reset(statement);
    return rc;
}

static int make_secret(smail_tx *tx, void *arg, smail_error *err)
{
    char *text = arg;
    struct smail__statement *statement;
    int rc =
        smail__db_prepare(&statement, smail__tx_db(tx), sql_set_secret, err);

    if (rc != 0)
        return rc;
    smail__bind_text(statement, 1, smail__span(text));
    rc = smail__statement_run(statement, err);
    if (rc == 0)
        rc = read_secret(text, smail__tx_db(tx), err);
    return rc < 0 ? rc : 0;
}

static int get_secret(char out[HEX_SIZE], smail_store *store, smail_error *err)
{
    unsigned char bytes[SECRET_LEN];
    struct smail__db *db;
    int rc = smail__store_begin_read(&db, store, err);

    if (rc != 0)
        return rc;
    rc = read_secret(out, db, err);
    smail__store_end_read(store, db);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    rc = smail__random(bytes, sizeof(bytes), err);
    if (rc != 0)
        return rc;
    smail__hex_encode(out, bytes, sizeof(bytes));
    smail__wipe(bytes, sizeof(bytes));
    return smail__store_write(store, make_secret, out, err);
}

int smail__app_password_salt(unsigned char out[SMAIL__SCRAM_SALT_LEN],
                             smail_store *store, smail_span address,
                             smail_error *err)
{
    unsigned char mac[SMAIL__SHA256_LEN];
    char secret[HEX_SIZE];
    int rc = get_secret(secret, store, err);

    if (rc != 0)
        return rc;
    smail__hmac_sha256(mac, smail__span(secret), address);
    memcpy(out, mac, SMAIL__SCRAM_SALT_LEN);
    smail__wipe(secret, sizeof(secret));
    return 0;
}

/* --- The keys ------------------------------------------------------------- */

static void add(struct smail__app_password_keys *out,
                struct smail__statement *statement)
{
    struct smail__scram scram;

    if (smail__scram_unpack(&scram, smail__column_span(statement, 2), NULL) !=
        0)
        return;
    if (out->count > 0 &&
        (scram.iterations != out->scram[0].iterations ||
         memcmp(scram.salt, out->scram[0].salt, sizeof(scram.salt)) != 0))
        return;
    out->account = smail__column_int(statement, 0);
    out->scram[out->count] = scram;
    out->key[out->count] = (struct smail__app_password_key){
        .id = smail__column_int(statement, 1),
        .last_used = smail__column_int(statement, 3),
    };
    out->count++;
}

static int read_keys(struct smail__app_password_keys *out, struct smail__db *db,
                     int64_t now, smail_error *err)
{
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, db, sql_keys, err);

    if (rc != 0)
        return rc;
    smail__bind_text(statement, 1, smail__span(out->address));
    smail__bind_int(statement, 2, now);
    while (out->count < SMAIL__APP_PASSWORDS_MAX &&
           (rc = smail__statement_step(statement, err)) == 1)
        add(out, statement);
    smail__statement_reset(statement);
    return rc < 0 ? rc : 0;
}

/* What nobody has is looked for all the same: it takes its time. */
static smail_span name_of(struct smail__app_password_keys *out, smail_span user)
{
    if (smail__name_of_user(out->address, user))
        return smail__span(out->address);
    out->address[0] = '\0';
    return user;
}

int smail__app_password_keys(struct smail__app_password_keys *out,
                             smail_store *store, smail_span user, int64_t now,
                             smail_error *err)
{
    struct smail__db *db;
    smail_span name;
    int rc;

    memset(out, 0, sizeof(*out));
    name = name_of(out, user);
    rc = smail__store_begin_read(&db, store, err);
    if (rc != 0)
        return rc;
    rc = read_keys(out, db, now, err);
    smail__store_end_read(store, db);
    if (rc == 0 && out->count == 0) {
        out->scram[0].iterations = SMAIL__SCRAM_ITERATIONS;
        rc = smail__app_password_salt(out->scram[0].salt, store, name, err);
    }
    return rc;
}

void smail__app_password_used(const struct smail__app_password_keys *keys,
                              size_t index, smail_store *store, int64_t now)
{
    smail__app_password_touch(store, keys->account, keys->key[index].id,
                              keys->key[index].last_used, now);
}
