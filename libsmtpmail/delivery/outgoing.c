/* SPDX-License-Identifier: MIT */
/* delivery/outgoing.c - see delivery/outgoing.h. */
#include "delivery/outgoing.h"

#include <stdlib.h>
#include <string.h>

#include "account/dkim.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/format.h"
#include "base/mem.h"
#include "base/span.h"
#include "delivery/envelope.h"
#include "message/word.h"

/* A subject that is kept for notices and lists. */
#define SUBJECT_MAX 500

void smail__outgoing_init(struct smail__outgoing *outgoing,
                          const struct smail__routes *routes)
{
    *outgoing = (struct smail__outgoing){ .routes = routes };
    outgoing->content = (smail_smtp_content)SMAIL_SMTP_CONTENT_INIT;
    smail__buf_init(&outgoing->prefix, (size_t)64 * 1024, NULL);
    outgoing->message.sender = SMAIL__SPAN("");
    outgoing->message.envelope_id = SMAIL__SPAN("");
    outgoing->message.prefix = SMAIL__SPAN("");
}

static void free_span(smail_span span)
{
    free((void *)(uintptr_t)span.data);
}

void smail__outgoing_truncate(struct smail__outgoing *outgoing, size_t count)
{
    while (outgoing->count > count) {
        struct smail__queue_recipient *last =
            &outgoing->recipients[--outgoing->count];

        free_span(last->recipient);
        free_span(last->destination);
        free_span(last->original_recipient);
    }
}

void smail__outgoing_dispose(struct smail__outgoing *outgoing)
{
    smail__outgoing_truncate(outgoing, 0);
    free(outgoing->recipients);
    free(outgoing->sender);
    smail__dkim_signer_free(outgoing->signer);
    smail__buf_dispose(&outgoing->prefix);
    outgoing->signer = NULL;
    outgoing->recipients = NULL;
    outgoing->sender = NULL;
}

static void path_text(char out[SMAIL_LOCAL_PART_MAX + SMAIL_DOMAIN_MAX + 2],
                      const smail_path *path)
{
    smail__format(out, SMAIL_LOCAL_PART_MAX + SMAIL_DOMAIN_MAX + 2,
                  "%.*s%s%.*s", SMAIL__SPAN_ARG(path->local),
                  path->domain.len > 0 ? "@" : "",
                  SMAIL__SPAN_ARG(path->domain));
}

int smail__outgoing_sender(struct smail__outgoing *outgoing,
                           const smail_path *sender)
{
    char text[SMAIL_LOCAL_PART_MAX + SMAIL_DOMAIN_MAX + 2];

    path_text(text, sender);
    free(outgoing->sender);
    outgoing->sender = smail__strdup(text);
    if (outgoing->sender == NULL)
        return SMAIL_ENOMEM;
    outgoing->message.sender = smail__span(outgoing->sender);
    return 0;
}

bool smail__outgoing_has(const struct smail__outgoing *outgoing,
                         smail_span text)
{
    for (size_t i = 0; i < outgoing->count; i++)
        if (smail__span_equal(outgoing->recipients[i].recipient, text))
            return true;
    return false;
}

static int make_room(struct smail__outgoing *outgoing)
{
    size_t room = outgoing->room == 0 ? 4 : outgoing->room * 2;
    struct smail__queue_recipient *list;

    if (outgoing->count < outgoing->room)
        return 0;
    if (outgoing->count >= SMAIL_SMTP_RECIPIENTS_MAX)
        return SMAIL_ELIMIT;
    list = realloc(outgoing->recipients, room * sizeof(*list));
    if (list == NULL)
        return SMAIL_ENOMEM;
    outgoing->recipients = list;
    outgoing->room = room;
    return 0;
}

static int add(struct smail__outgoing *outgoing, const smail_path *recipient,
               const char *destination, unsigned notify, smail_span original)
{
    char text[SMAIL_LOCAL_PART_MAX + SMAIL_DOMAIN_MAX + 2];
    struct smail__queue_recipient *one;
    int code;

    path_text(text, recipient);
    if (smail__outgoing_has(outgoing, smail__span(text)))
        return 0;
    code = make_room(outgoing);
    if (code < 0)
        return code;
    one = &outgoing->recipients[outgoing->count];
    *one = (struct smail__queue_recipient){ .notify = notify };
    one->recipient.data = smail__strdup(text);
    one->destination.data = smail__strdup(destination);
    one->original_recipient.data = smail__spandup(original);
    one->recipient.len = strlen(text);
    one->destination.len = strlen(destination);
    one->original_recipient.len = original.len;
    outgoing->count++; /* dispose() frees what is there of it */
    return one->recipient.data != NULL && one->destination.data != NULL &&
                   one->original_recipient.data != NULL
               ? 0
               : SMAIL_ENOMEM;
}

int smail__outgoing_add(struct smail__outgoing *outgoing,
                        const smail_path *recipient, unsigned notify,
                        smail_span original)
{
    char domain[SMAIL_DOMAIN_MAX + 1];
    char destination[SMAIL__DESTINATION_ROOM];
    const struct smail__route *route;

    if (smail__route_domain(domain, recipient->domain) < 0)
        return SMAIL_EMALFORMED;
    route = smail__routes_find(outgoing->routes, smail__span(domain),
                               outgoing->message.sender);
    smail__route_destination(destination, outgoing->routes, route,
                             smail__span(domain));
    return add(outgoing, recipient, destination, notify, original);
}

int smail__outgoing_add_local(struct smail__outgoing *outgoing,
                              const smail_path *recipient, unsigned notify,
                              smail_span original)
{
    return add(outgoing, recipient, SMAIL__ROUTE_HERE, notify, original);
}

void smail__outgoing_scan(struct smail__outgoing *outgoing, smail_span piece)
{
    smail_smtp_content_scan(&outgoing->content, piece);
    if (outgoing->signer != NULL)
        smail__dkim_signer_feed(outgoing->signer, piece);
}

/* --- Signing ------------------------------------------------------------- */

int smail__outgoing_will_sign(struct smail__outgoing *outgoing)
{
    return outgoing->signer != NULL ? 0
                                    : smail__dkim_signer_new(&outgoing->signer);
}

/* Whoever may not send as an address is not vouched for as it, either: what a
 * customer of ours writes into From is not what another one of ours said. */
static bool may_vouch(const struct smail__outgoing *outgoing,
                      smail_store *store, smail_span address)
{
    smail_path path;

    return outgoing->message.account == 0 ||
           (smail_path_parse(&path, address, true) == 0 &&
            smail_address_may_send(store, outgoing->message.account, &path,
                                   NULL) == 0);
}

/* Of the first address in From, as keys are kept. Negative: there is none, or
 * it is not to be signed for. */
static int from_domain(char out[SMAIL_DOMAIN_MAX + 1],
                       const struct smail__outgoing *outgoing,
                       smail_store *store, smail_span header)
{
    struct smail__addresses from;
    smail_span left, domain;
    int code;

    smail__addresses_init(&from);
    smail__addresses_collect(&from, header, "From");
    left = smail__buf_span(&from.text);
    domain = left;
    domain.len = smail__span_find(left, '\n');
    for (size_t i = domain.len; i > 0; i--)
        if (domain.data[i - 1] == '@') {
            domain = smail__span_from(domain, i);
            break;
        }
    code = smail__route_domain(out, domain);
    while (code == 0 && left.len > 0)
        if (!may_vouch(outgoing, store, smail__span_cut(&left, '\n')))
            code = SMAIL_EAUTH;
    smail__addresses_dispose(&from);
    return code;
}

int smail__outgoing_sign(struct smail__outgoing *outgoing, smail_store *store,
                         int64_t now, smail_error *err)
{
    char domain[SMAIL_DOMAIN_MAX + 1];
    struct smail__dkim_keys keys;
    int code;

    if (outgoing->signer == NULL || outgoing->count == 0 ||
        from_domain(domain, outgoing, store,
                    smail__dkim_signer_header(outgoing->signer)) != 0)
        return 0;
    smail__dkim_keys_init(&keys);
    code = smail__dkim_keys_load(&keys, store, domain, err);
    if (code == 0 && keys.count > 0)
        code = smail__dkim_signer_sign(&outgoing->prefix, outgoing->signer,
                                       keys.list, keys.count, now, err);
    if (code == 0)
        outgoing->message.prefix = smail__buf_span(&outgoing->prefix);
    smail__dkim_keys_dispose(&keys);
    return code;
}

/* Those of one destination in a row. */
static int compare(const void *a, const void *b)
{
    const struct smail__queue_recipient *left = a, *right = b;

    return smail__span_compare(left->destination, right->destination);
}

int smail__outgoing_insert(smail_tx *tx, smail_append *append,
                           struct smail__outgoing *outgoing, int64_t now,
                           smail_error *err)
{
    struct smail__queue_message *message = &outgoing->message;
    const struct smail__delivery *delivery = &append->delivery;
    uint32_t warn = outgoing->warn_seconds, expire = outgoing->expire_seconds;
    int64_t from = message->release_at > now ? message->release_at : now;
    struct smail__buf subject;
    int code;

    smail__buf_init(&subject, (size_t)64 * 1024, NULL);
    smail__words_display(&subject, delivery->subject);
    if (subject.len > SUBJECT_MAX)
        smail__buf_truncate(&subject, SUBJECT_MAX);
    message->subject = smail__buf_span(&subject);
    message->message_id = delivery->message_id;
    memcpy(message->name, append->id, sizeof(message->name));
    message->body = smail_smtp_content_body(&outgoing->content);
    message->size = outgoing->content.size + message->prefix.len;
    message->created_at = now;
    message->warn_at = from + (warn != 0 ? warn : SMAIL__WARN_SECONDS);
    message->expires_at = from + (expire != 0 ? expire : SMAIL__EXPIRE_SECONDS);
    qsort(outgoing->recipients, outgoing->count, sizeof(*outgoing->recipients),
          compare);
    code = smail__queue_insert(tx, message, outgoing->recipients,
                               outgoing->count, err);
    smail__buf_dispose(&subject);
    return code;
}
