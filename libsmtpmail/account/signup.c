/* SPDX-License-Identifier: MIT */
/* account/signup.c - see account/signup.h. */
#include "account/signup.h"

#include <string.h>

#include "account/name.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/utf8.h"
#include "store/store.h"

static const char sql_set_open[] =
    "UPDATE domain SET is_open = $1 WHERE name = $2";

static const char sql_open[] =
    "SELECT name FROM domain WHERE is_open = 1 ORDER BY name";

static const char sql_is_open[] =
    "SELECT 1 FROM domain WHERE name = $1 AND is_open = 1";

/* Beside the names of RFC 2142, those that a reader would take for the
 * server's own voice. */
static const char *const official[] = {
    "admin",    "administrator", "hostadmin", "mail",   "mailer-daemon",
    "no-reply", "noreply",       "root",      "system",
};

/* The first that anybody tries; of those with eight letters or more. */
static const char *const common[] = {
    "password",  "passw0rd",  "password1",  "password12", "password123",
    "12345678",  "123456789", "1234567890", "87654321",   "qwertyuiop",
    "qwerty123", "1q2w3e4r",  "1qaz2wsx",   "iloveyou",   "sunshine",
    "princess",  "football",  "baseball",   "superman",   "starwars",
    "letmein1",  "welcome1",  "trustno1",   "abcdefgh",   "abcd1234",
    "asdfghjk",  "changeme",  "computer",   "internet",   "whatever",
};

/* --- Passwords ----------------------------------------------------------- */

static bool is_one_letter(smail_span text)
{
    for (size_t i = 1; i < text.len; i++)
        if (text.data[i] != text.data[0])
            return false;
    return true;
}

static bool is_common(smail_span password)
{
    for (size_t i = 0; i < sizeof(common) / sizeof(*common); i++)
        if (smail__span_iis(password, common[i]))
            return true;
    return false;
}

bool smail__password_is_weak(const char **why, smail_span password,
                             smail_span address)
{
    smail_span local = { address.data, smail__span_find(address, '@') };

    *why = NULL;
    if (password.len < SMAIL_PASSWORD_MIN)
        *why = "Please take a password of at least 8 characters.";
    else if (password.len > SMAIL_PASSWORD_MAX)
        *why = "That password is too long: at most 1024 characters.";
    else if (memchr(password.data, '\0', password.len) != NULL)
        *why = "That password has a character that cannot be typed.";
    else if (smail__span_iequal(password, address) ||
             smail__span_iequal(password, local))
        *why = "Please take a password that is not your address.";
    else if (is_one_letter(password) || is_common(password))
        *why = "That is one of the first passwords that anybody tries. Please "
               "take another.";
    return *why != NULL;
}

/* --- Names --------------------------------------------------------------- */

bool smail__is_line_of_text(smail_span text)
{
    uint32_t code;
    size_t len;

    while (text.len > 0) {
        len = smail__utf8_next(&code, text);
        if (len == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0) ||
            code == 0x2028 || code == 0x2029)
            return false;
        text = smail__span_from(text, len);
    }
    return true;
}

static bool is_reserved(smail_span local)
{
    if (smail__name_reserved(local) != NULL)
        return true;
    for (size_t i = 0; i < sizeof(official) / sizeof(*official); i++)
        if (smail__span_iis(local, official[i]))
            return true;
    return false;
}

/* "alice+news" is where alice gets her news already. */
static bool has_detail(smail_span local)
{
    return smail__span_find(local, '+') < local.len;
}

/* --- Domains ------------------------------------------------------------- */

struct opening {
    char name[SMAIL_DOMAIN_MAX + 1];
    bool is_open;
};

static int set_open(smail_tx *tx, void *arg, smail_error *err)
{
    struct opening *opening = arg;
    struct smail__statement *statement;
    int rc = smail__db_prepare(&statement, smail__tx_db(tx), sql_set_open, err);

    if (rc != 0)
        return rc;
    smail__bind_int(statement, 1, opening->is_open);
    smail__bind_text(statement, 2, smail__span(opening->name));
    rc = smail__statement_run(statement, err);
    if (rc == 0 && smail__db_changes(smail__tx_db(tx)) == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no domain '%s'",
                           opening->name);
    return rc;
}

int smail_domain_set_open(smail_store *store, const char *name, bool is_open,
                          smail_error *err)
{
    struct opening opening = { .is_open = is_open };
    int rc = smail__name_domain(opening.name, name, err);

    return rc != 0 ? rc : smail__store_write(store, set_open, &opening, err);
}

int smail__signup_domains(smail_store *store,
                          int (*each)(const char *name, void *user), void *user,
                          smail_error *err)
{
    struct smail__statement *statement;
    struct smail__db *db;
    int rc = smail__store_begin_read(&db, store, err);

    if (rc != 0)
        return rc;
    rc = smail__db_prepare(&statement, db, sql_open, err);
    while (rc == 0 && (rc = smail__statement_step(statement, err)) == 1) {
        char *name = smail__spandup(smail__column_span(statement, 0));

        rc = name != NULL ? each(name, user)
                          : smail__fail(err, SMAIL_ENOMEM, "no memory");
        smail__mem_free(NULL, name);
        if (rc != 0)
            smail__statement_reset(statement);
    }
    smail__store_end_read(store, db);
    return rc;
}

static int check_open(smail_store *store, const char *domain, smail_error *err)
{
    struct smail__statement *statement;
    struct smail__db *db;
    int rc = smail__store_begin_read(&db, store, err);

    if (rc != 0)
        return rc;
    rc = smail__db_prepare(&statement, db, sql_is_open, err);
    if (rc == 0) {
        smail__bind_text(statement, 1, smail__span(domain));
        rc = smail__statement_step(statement, err);
        if (rc == 0)
            rc = SMAIL_ENOTFOUND;
        smail__statement_reset(statement);
    }
    smail__store_end_read(store, db);
    return rc > 0 ? 0 : rc;
}

/* --- Signing up ---------------------------------------------------------- */

static int check_address(struct smail__name *out,
                         enum smail__signup_fault *fault, const char *address,
                         smail_error *err)
{
    smail_span local;

    *fault = SMAIL__SIGNUP_ADDRESS;
    /* Letters of other scripts look like those of other people's names. */
    if (!smail__is_ascii(smail__span(address)) ||
        smail__name_parse(out, address, false, NULL) != 0)
        return smail__fail(err, SMAIL_EINVAL,
                           "That is not a mail address. Letters, digits, dots "
                           "and hyphens will do.");
    local = smail__span(out->local);
    if (has_detail(local))
        return smail__fail(err, SMAIL_EINVAL,
                           "An address of your own cannot have a plus sign.");
    if (is_reserved(local)) {
        *fault = SMAIL__SIGNUP_RESERVED;
        return smail__fail(err, SMAIL_EINVAL,
                           "That name is reserved for those who run this "
                           "server. Please take another.");
    }
    return 0;
}

static int check_all(struct smail__name *out, enum smail__signup_fault *fault,
                     smail_store *store, const char *address, smail_span name,
                     smail_span password, smail_error *err)
{
    char text[SMAIL__NAME_SIZE];
    const char *why;
    int rc = check_address(out, fault, address, err);

    if (rc != 0)
        return rc;
    *fault = SMAIL__SIGNUP_CLOSED;
    rc = check_open(store, out->domain, err);
    if (rc == SMAIL_ENOTFOUND)
        return smail__fail(err, SMAIL_EINVAL,
                           "Nobody can sign up for addresses at %s here.",
                           out->domain);
    *fault = SMAIL__SIGNUP_FAILED;
    if (rc != 0)
        return rc;
    *fault = SMAIL__SIGNUP_NAME;
    if (name.len > SMAIL__SIGNUP_NAME_MAX || !smail__is_line_of_text(name))
        return smail__fail(err, SMAIL_EINVAL,
                           "Please write your name in one line, not too long.");
    *fault = SMAIL__SIGNUP_PASSWORD;
    smail__name_text(text, out);
    if (smail__password_is_weak(&why, password, smail__span(text)))
        return smail__fail(err, SMAIL_EINVAL, "%s", why);
    *fault = SMAIL__SIGNUP_FAILED;
    return 0;
}

int smail__signup(smail_id *out, enum smail__signup_fault *fault,
                  smail_store *store, smail_span address, smail_span name,
                  smail_span password, smail_error *err)
{
    smail_account_options options = SMAIL_ACCOUNT_OPTIONS_INIT;
    char *asked = smail__spandup(address), *shown = smail__spandup(name);
    char text[SMAIL__NAME_SIZE];
    struct smail__name folded;
    int rc = SMAIL_ENOMEM;

    *fault = SMAIL__SIGNUP_FAILED;
    if (asked == NULL || shown == NULL) {
        smail__fail(err, rc, "no memory");
        goto out;
    }
    rc = check_all(&folded, fault, store, asked, name, password, err);
    if (rc != 0)
        goto out;
    smail__name_text(text, &folded);
    options.name = shown;
    options.password = password;
    rc = smail_account_add(out, store, text, &options, err);
    if (rc == SMAIL_EEXISTS) {
        *fault = SMAIL__SIGNUP_TAKEN;
        smail__fail(err, rc, "The address %s is taken. Please choose another.",
                    text);
    }
out:
    smail__mem_free(NULL, asked);
    smail__mem_free(NULL, shown);
    return rc;
}
