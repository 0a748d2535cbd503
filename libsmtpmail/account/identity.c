/* SPDX-License-Identifier: MIT */
/* account/identity.c - see account/identity.h and smtpmail/account.h. */
#include "account/identity.h"

#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "base/utf8.h"
#include "message/address.h"
#include "json/copy.h"

/* JSON of a list of addresses: it is ours, and flat. */
#define LIST_DEPTH 4

/* --- Lists as JSON ------------------------------------------------------- */

/* An EmailAddress (RFC 8621, 4.1.2.3): name or null, and email. */
static bool is_address(const struct smail__json_value *value)
{
    const struct smail__json_value *name = smail__json_get(value, "name");
    smail_span email;

    return smail__json_type(value) == SMAIL__JSON_OBJECT &&
           smail__json_as_text(&email, smail__json_get(value, "email")) == 0 &&
           smail__address_is_clean(email) &&
           (smail__json_type(name) == SMAIL__JSON_NULL ||
            smail__json_type(name) == SMAIL__JSON_STRING);
}

bool smail__identity_read_list(struct smail__buf *out,
                               const struct smail__json_value *value)
{
    struct smail__json json;
    size_t count = smail__json_count(value);

    smail__buf_clear(out);
    if (smail__json_type(value) == SMAIL__JSON_NULL)
        return true;
    if (smail__json_type(value) != SMAIL__JSON_ARRAY ||
        count > SMAIL__IDENTITY_ADDRESSES_MAX)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!is_address(smail__json_at(value, i)))
            return false;
    smail__json_init(&json, out);
    smail__json_value(&json, value);
    return smail__buf_error(out) == 0;
}

int smail__identity_check_address(const struct smail__identity *identity,
                                  smail_store *store, smail_id account,
                                  smail_error *err)
{
    smail_span text =
        smail__buf_span(&identity->texts[SMAIL__IDENTITY_ADDRESS]);
    smail_path path;

    if (smail_path_parse(&path, text, false) != 0)
        return smail__fail(err, SMAIL_EINVAL, "that is not a complete address");
    return smail_address_may_send(store, account, &path, err);
}

/* --- Lists as in a header ------------------------------------------------ */

struct making {
    struct smail__json json;
    size_t count;
    bool is_wrong;
};

static void make_one(const smail_mailbox_address *address, void *user)
{
    struct making *making = user;
    smail_path path;

    making->count++;
    if (making->count > SMAIL__IDENTITY_ADDRESSES_MAX ||
        smail_path_parse(&path, smail__span(address->address), false) != 0) {
        making->is_wrong = true;
        return;
    }
    smail__json_begin_object(&making->json);
    smail__json_key(&making->json, "name");
    if (address->name == NULL || address->name[0] == '\0')
        smail__json_null(&making->json);
    else
        smail__json_string(&making->json, address->name);
    smail__json_key(&making->json, "email");
    smail__json_string(&making->json, address->address);
    smail__json_end_object(&making->json);
}

/* "Bob <bob@example.test>, carol@example.test"; blank: none. */
static int make_list(struct smail__buf *out, const char *text, smail_error *err)
{
    struct making making = { .count = 0 };
    smail_span list = smail__span_trim(smail__span(text));
    int code;

    smail__buf_clear(out);
    if (list.len == 0)
        return 0;
    smail__json_init(&making.json, out);
    smail__json_begin_array(&making.json);
    code = smail__addresses_read(list, make_one, &making);
    smail__json_end_array(&making.json);
    if (code != 0)
        return smail__fail(err, code, "the addresses cannot be read");
    if (making.is_wrong || making.count == 0)
        return smail__fail(err, SMAIL_EINVAL,
                           "'%s' is not a list of 1 to %d complete addresses",
                           text, SMAIL__IDENTITY_ADDRESSES_MAX);
    return 0;
}

static void put_quoted(struct smail__buf *out, smail_span name)
{
    smail__buf_putc(out, '"');
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == '"' || name.data[i] == '\\')
            smail__buf_putc(out, '\\');
        smail__buf_putc(out, name.data[i]);
    }
    smail__buf_putc(out, '"');
}

/* The same back; nothing of what is no JSON, for that was not ours. */
static void show_list(struct smail__buf *out, smail_span json)
{
    struct smail__json_document *document;
    const struct smail__json_value *list;

    smail__buf_clear(out);
    if (json.len == 0 ||
        smail__json_read(&document, json, LIST_DEPTH, NULL) != 0)
        return;
    list = smail__json_root(document);
    for (size_t i = 0; i < smail__json_count(list); i++) {
        const struct smail__json_value *item = smail__json_at(list, i);
        smail_span name, email;
        bool has_name =
            smail__json_as_text(&name, smail__json_get(item, "name")) == 0 &&
            name.len > 0;

        if (smail__json_as_text(&email, smail__json_get(item, "email")) != 0)
            continue;
        smail__buf_puts(out, out->len > 0 ? ", " : "");
        if (has_name)
            put_quoted(out, name);
        smail__buf_puts(out, has_name ? " <" : "");
        smail__buf_append(out, email);
        smail__buf_puts(out, has_name ? ">" : "");
    }
    smail__json_document_free(document);
}

/* --- Changes ------------------------------------------------------------- */

static int set_text(struct smail__identity *identity,
                    enum smail__identity_text which, const char *text,
                    smail_error *err)
{
    struct smail__buf *out = &identity->texts[which];

    if (text == NULL)
        return 0;
    if (!smail__utf8_valid(smail__span(text)))
        return smail__fail(err, SMAIL_EINVAL,
                           "a text of the identity is not UTF-8");
    smail__buf_clear(out);
    smail__buf_puts(out, text);
    return 0;
}

static int set_list(struct smail__identity *identity,
                    enum smail__identity_text which, const char *text,
                    smail_error *err)
{
    return text == NULL ? 0 : make_list(&identity->texts[which], text, err);
}

static int apply(struct smail__identity *identity,
                 const smail_identity_changes *changes, smail_error *err)
{
    smail_identity_changes all = SMAIL_IDENTITY_CHANGES_INIT;
    int code;

    if (changes != NULL)
        memcpy(&all, changes,
               changes->size < sizeof(all) ? changes->size : sizeof(all));
    if (all.name != NULL && !smail__address_is_clean(smail__span(all.name)))
        return smail__fail(err, SMAIL_EINVAL, "a name has no controls");
    code = set_text(identity, SMAIL__IDENTITY_NAME, all.name, err);
    if (code == 0)
        code = set_list(identity, SMAIL__IDENTITY_REPLY_TO, all.reply_to, err);
    if (code == 0)
        code = set_list(identity, SMAIL__IDENTITY_BCC, all.bcc, err);
    if (code == 0)
        code = set_text(identity, SMAIL__IDENTITY_PLAIN_SIGNATURE,
                        all.text_signature, err);
    if (code == 0)
        code = set_text(identity, SMAIL__IDENTITY_HTML_SIGNATURE,
                        all.html_signature, err);
    return code;
}

int smail_identity_add(smail_id *out, smail_store *store, smail_id account,
                       const char *address,
                       const smail_identity_changes *changes, smail_error *err)
{
    struct smail__identity identity;
    int code = smail__identity_ensure(store, account, err);

    if (code != 0)
        return code;
    smail__identity_init(&identity);
    code = set_text(&identity, SMAIL__IDENTITY_ADDRESS, address, err);
    if (code == 0)
        code = smail__identity_check_address(&identity, store, account, err);
    if (code == SMAIL_EAUTH)
        smail__fail(err, code, "the account may not send as %s", address);
    if (code == 0)
        code = apply(&identity, changes, err);
    if (code == 0)
        code = smail__identity_save(&identity, store, account, err);
    if (code == 0 && out != NULL)
        *out = identity.id;
    smail__identity_dispose(&identity);
    return code;
}

/* SMAIL_ENOTFOUND. */
static int load(struct smail__identity *out, smail_store *store,
                smail_id account, smail_id id, smail_error *err)
{
    struct smail__db *db;
    int code = smail__store_begin_read(&db, store, err);

    if (code != 0)
        return code;
    code = smail__identity_load(out, db, account, id, err);
    smail__store_end_read(store, db);
    if (code == 0)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no such identity");
    return code < 0 ? code : 0;
}

int smail_identity_set(smail_store *store, smail_id account, smail_id identity,
                       const smail_identity_changes *changes, smail_error *err)
{
    struct smail__identity row;
    int code = smail__identity_ensure(store, account, err);

    if (code != 0)
        return code;
    smail__identity_init(&row);
    code = load(&row, store, account, identity, err);
    if (code == 0)
        code = apply(&row, changes, err);
    if (code == 0)
        code = smail__identity_save(&row, store, account, err);
    smail__identity_dispose(&row);
    return code;
}

int smail_identity_remove(smail_store *store, smail_id account,
                          smail_id identity, smail_error *err)
{
    return smail__identity_remove(store, account, identity, err);
}

static const char *text_of(const struct smail__buf *buf)
{
    return buf->len > 0 ? buf->data : "";
}

static int show(const struct smail__identity *row,
                int (*each)(const smail_identity *identity, void *user),
                void *user)
{
    smail_identity identity = {
        .id = row->id,
        .name = text_of(&row->texts[SMAIL__IDENTITY_NAME]),
        .address = text_of(&row->texts[SMAIL__IDENTITY_ADDRESS]),
        .text_signature = text_of(&row->texts[SMAIL__IDENTITY_PLAIN_SIGNATURE]),
        .html_signature = text_of(&row->texts[SMAIL__IDENTITY_HTML_SIGNATURE]),
    };
    struct smail__buf reply_to, bcc;
    int code;

    /* Quotes may double it. */
    smail__buf_init(&reply_to, 2 * SMAIL_IDENTITY_TEXT_MAX, NULL);
    smail__buf_init(&bcc, 2 * SMAIL_IDENTITY_TEXT_MAX, NULL);
    show_list(&reply_to,
              smail__buf_span(&row->texts[SMAIL__IDENTITY_REPLY_TO]));
    show_list(&bcc, smail__buf_span(&row->texts[SMAIL__IDENTITY_BCC]));
    identity.reply_to = text_of(&reply_to);
    identity.bcc = text_of(&bcc);
    code = each(&identity, user);
    smail__buf_dispose(&reply_to);
    smail__buf_dispose(&bcc);
    return code;
}

int smail_identity_list(smail_store *store, smail_id account,
                        int (*each)(const smail_identity *identity, void *user),
                        void *user, smail_error *err)
{
    struct smail__identity row;
    struct smail__db *db;
    smail_id id = 0;
    int code = smail__identity_ensure(store, account, err);

    if (code == 0)
        code = smail__store_begin_read(&db, store, err);
    if (code != 0)
        return code;
    smail__identity_init(&row);
    while ((code = smail__identity_next(&id, db, account, err)) > 0) {
        code = smail__identity_load(&row, db, account, id, err);
        if (code > 0)
            code = show(&row, each, user);
        if (code != 0)
            break;
    }
    smail__identity_dispose(&row);
    smail__store_end_read(store, db);
    return code;
}
