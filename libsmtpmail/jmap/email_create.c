/* SPDX-License-Identifier: MIT */
/* jmap/email_create.c - a message from its properties (RFC 8621, 4.6). */
#include "jmap/email_create.h"

#include <stdlib.h>
#include <time.h>

#include <smtpmail/account.h>

#include "base/base64.h"
#include "base/error.h"
#include "base/span.h"
#include "crypto/random.h"
#include "jmap/email_make.h"
#include "jmap/email_place.h"

#define HEADER_MAX ((size_t)256 * 1024)

struct creating {
    struct smail__jmap_set *set;
    struct smail__jmap_make make;
    struct smail__jmap_place place;
    struct smail__buf header;
    smail_append *append;
};

/* Properties that are no header fields. */
static bool is_other(smail_span key)
{
    static const char *const names[] = { "mailboxIds", "keywords",
                                         "receivedAt", "bodyStructure",
                                         "bodyValues", "textBody",
                                         "htmlBody",   "attachments" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (smail__span_is(key, names[i]))
            return true;
    return false;
}

static bool write_field(struct creating *creating, smail_span key,
                        const struct smail__json_value *value)
{
    struct smail__jmap_header header;

    if (!smail__jmap_header_read(&header, key) ||
        smail__span_istarts(header.name, "Content-") ||
        smail__span_iis(header.name, "MIME-Version"))
        return false;
    return smail__jmap_fields_add(&creating->make.fields, header.name) &&
           smail__jmap_header_write(&creating->header, &header, value);
}

static int read_member(smail_span key, const struct smail__json_value *value,
                       void *user)
{
    struct creating *creating = user;

    if (is_other(key) || smail__json_type(value) == SMAIL__JSON_NULL)
        return 0;
    if (!write_field(creating, key, value))
        smail__jmap_refuse_property(creating->set, key.data);
    return 0;
}

/* --- What every message has ---------------------------------------------- */

static int copy_domain(const smail_account *account, void *user)
{
    smail_span *out = user;
    smail_span domain = smail__span(account->address);

    (void)smail__span_cut(&domain, '@');
    smail__format((char *)(uintptr_t)out->data, out->len, "%.*s",
                  SMAIL__SPAN_ARG(domain));
    return 0;
}

static int write_id(struct creating *creating, smail_error *err)
{
    struct smail__jmap_call *call = creating->set->call;
    unsigned char random[12];
    char hex[2 * sizeof(random) + 1], domain[SMAIL_DOMAIN_MAX + 1] = "";
    smail_span out = { domain, sizeof(domain) };
    int code = smail_account_get(call->jmap->store, call->account, copy_domain,
                                 &out, err);

    if (code == 0)
        code = smail__random(random, sizeof(random), err);
    if (code < 0)
        return code;
    smail__hex_encode(hex, random, sizeof(random));
    smail__buf_printf(&creating->header, "Message-ID: <%s@%s>\r\n", hex,
                      domain[0] != '\0' ? domain : "localhost");
    return 0;
}

static int complete(struct creating *creating, smail_error *err)
{
    const struct smail__jmap_fields *fields = &creating->make.fields;
    int code = 0;

    if (!smail__jmap_fields_have(fields, "Date"))
        smail__compose_date(&creating->header, "Date", (int64_t)time(NULL), 0);
    if (!smail__jmap_fields_have(fields, "Message-ID"))
        code = write_id(creating, err);
    smail__buf_puts(&creating->header, "MIME-Version: 1.0\r\n");
    if (code == 0 && smail__buf_error(&creating->header) == SMAIL_ELIMIT)
        return smail__jmap_refuse(creating->set, "tooLarge",
                                  "the header is too long");
    return code == 0 ? smail__buf_error(&creating->header) : code;
}

/* --- Writing ------------------------------------------------------------- */

static int write_bytes(void *user, smail_span bytes, smail_error *err)
{
    struct creating *creating = user;
    uint64_t max = creating->set->call->jmap->limits.message_size;

    if (bytes.len > max - smail_append_size(creating->append)) {
        smail__buf_printf(&creating->set->more, ",\"maxSize\":%llu",
                          (unsigned long long)max);
        return smail__jmap_refuse(creating->set, "tooLarge",
                                  "a message has at most %llu octets",
                                  (unsigned long long)max);
    }
    return smail_append_write(creating->append, bytes, err);
}

static int write_message(struct creating *creating,
                         struct smail__compose_part *body, smail_error *err)
{
    int code = smail_append_new(&creating->append,
                                creating->set->call->jmap->store, err);

    if (code == 0)
        code = write_bytes(creating, smail__buf_span(&creating->header), err);
    if (code == 0)
        code = smail__compose_write(body, write_bytes, creating, err);
    return code;
}

static int run(struct creating *creating,
               const struct smail__json_value *object, smail_error *err)
{
    struct smail__compose_part *body = NULL;
    int code = smail__jmap_place_read(&creating->place, creating->set, object);

    smail__json_each(object, read_member, creating);
    if (code == 0 && creating->set->error != NULL)
        code = SMAIL__JMAP_REFUSED;
    if (code == 0)
        code = complete(creating, err);
    if (code == 0)
        code = smail__jmap_make_body(&body, &creating->make, object, err);
    if (code == 0)
        code = write_message(creating, body, err);
    if (code == 0)
        code = smail__jmap_place_commit(creating->set, creating->append,
                                        &creating->place, err);
    return code;
}

int smail__jmap_email_create(struct smail__jmap_set *set,
                             const struct smail__json_value *object,
                             smail_error *err)
{
    struct creating *creating = calloc(1, sizeof(*creating));
    int code;

    if (creating == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    creating->set = set;
    smail__jmap_make_init(&creating->make, set);
    smail__jmap_place_init(&creating->place);
    smail__buf_init(&creating->header, HEADER_MAX, NULL);
    code = run(creating, object, err);
    smail_append_free(creating->append);
    smail__buf_dispose(&creating->header);
    smail__jmap_place_dispose(&creating->place);
    smail__jmap_make_dispose(&creating->make);
    free(creating);
    return code;
}
