/* SPDX-License-Identifier: MIT */
/* jmap/session.c - the session object (RFC 8620, 2; RFC 8621, 1.3). */
#include <smtpmail/account.h>

#include "base/error.h"
#include "base/span.h"
#include "jmap/internal.h"
#include "store/search.h"
#include "json/write.h"

/* It changes with what is promised: a hash of the limits (FNV-1a). */
void smail__jmap_session_state(char out[SMAIL__JMAP_STATE_SIZE],
                               const struct smail__jmap *jmap)
{
    const struct smail__jmap_limits *limits = &jmap->limits;
    const uint64_t values[] = { limits->upload_size,    limits->uploads,
                                limits->request_size,   limits->requests,
                                limits->calls,          limits->objects_in_get,
                                limits->objects_in_set, limits->message_size };
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        for (int shift = 0; shift < 64; shift += 8)
            hash = (hash ^ (uint32_t)(values[i] >> shift & 0xff)) * 16777619u;
    smail__format(out, SMAIL__JMAP_STATE_SIZE, "%08x", (unsigned)hash);
}

static void put_number(struct smail__json *json, const char *key,
                       uint64_t value)
{
    smail__json_key(json, key);
    smail__json_uint(json, value);
}

static void put_text(struct smail__json *json, const char *key,
                     const char *value)
{
    smail__json_key(json, key);
    smail__json_string(json, value);
}

static void put_core(struct smail__json *json,
                     const struct smail__jmap_limits *limits)
{
    smail__json_key(json, "urn:ietf:params:jmap:core");
    smail__json_begin_object(json);
    put_number(json, "maxSizeUpload", limits->upload_size);
    put_number(json, "maxConcurrentUpload", limits->uploads);
    put_number(json, "maxSizeRequest", limits->request_size);
    put_number(json, "maxConcurrentRequests", limits->requests);
    put_number(json, "maxCallsInRequest", limits->calls);
    put_number(json, "maxObjectsInGet", limits->objects_in_get);
    put_number(json, "maxObjectsInSet", limits->objects_in_set);
    smail__json_key(json, "collationAlgorithms");
    smail__json_begin_array(json);
    smail__json_string(json, "i;ascii-casemap");
    smail__json_string(json, "i;octet");
    smail__json_end_array(json);
    smail__json_end_object(json);
}

/* RFC 8621, 1.3.1. */
static void put_mail(struct smail__json *json,
                     const struct smail__jmap_limits *limits)
{
    static const char *const sorts[] = { "receivedAt",
                                         "sentAt",
                                         "size",
                                         "from",
                                         "to",
                                         "subject",
                                         "hasKeyword",
                                         "allInThreadHaveKeyword",
                                         "someInThreadHaveKeyword" };

    smail__json_key(json, "urn:ietf:params:jmap:mail");
    smail__json_begin_object(json);
    put_number(json, "maxMailboxesPerEmail", SMAIL__JMAP_PLACES_MAX);
    put_number(json, "maxMailboxDepth", SMAIL_MAILBOX_DEPTH_MAX);
    put_number(json, "maxSizeMailboxName", SMAIL_MAILBOX_NAME_MAX);
    put_number(json, "maxSizeAttachmentsPerEmail", limits->message_size);
    smail__json_key(json, "emailQuerySortOptions");
    smail__json_begin_array(json);
    for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++)
        smail__json_string(json, sorts[i]);
    smail__json_end_array(json);
    smail__json_key(json, "mayCreateTopLevelMailbox");
    smail__json_bool(json, true);
    smail__json_end_object(json);
}

/* RFC 8621, 1.3.2. */
static void put_submission(struct smail__json *json,
                           const struct smail__jmap *jmap)
{
    smail__json_key(json, "urn:ietf:params:jmap:submission");
    smail__json_begin_object(json);
    put_number(json, "maxDelayedSend",
               jmap->routes != NULL ? SMAIL__JMAP_HOLD_MAX : 0);
    smail__json_key(json, "submissionExtensions");
    smail__json_begin_object(json);
    if (jmap->routes != NULL) {
        smail__json_key(json, "FUTURERELEASE");
        smail__json_begin_array(json);
        smail__json_end_array(json);
    }
    smail__json_end_object(json);
    smail__json_end_object(json);
}

struct writing {
    struct smail__json *json;
    const struct smail__jmap *jmap;
    const char *id;
    const char *base_url;
};

static void put_account(struct writing *writing, const smail_account *account)
{
    struct smail__json *json = writing->json;

    smail__json_key(json, "accounts");
    smail__json_begin_object(json);
    smail__json_key(json, writing->id);
    smail__json_begin_object(json);
    put_text(json, "name", account->address);
    smail__json_key(json, "isPersonal");
    smail__json_bool(json, true);
    smail__json_key(json, "isReadOnly");
    smail__json_bool(json, false);
    smail__json_key(json, "accountCapabilities");
    smail__json_begin_object(json);
    smail__json_key(json, "urn:ietf:params:jmap:core");
    smail__json_begin_object(json);
    smail__json_end_object(json);
    put_mail(json, &writing->jmap->limits);
    put_submission(json, writing->jmap);
    smail__json_key(json, "urn:libsmtpmail:jmap:search");
    smail__json_begin_object(json);
    put_number(json, "maxSizeQuestion", SMAIL__SEARCH_MAX);
    smail__json_end_object(json);
    smail__json_key(json, "urn:libsmtpmail:jmap:removed");
    smail__json_begin_object(json);
    smail__json_end_object(json);
    smail__json_end_object(json);
    smail__json_end_object(json);
    smail__json_end_object(json);
}

static void put_url(struct writing *writing, const char *key, const char *path)
{
    struct smail__buf url;

    smail__buf_init(&url, 4096, NULL);
    smail__buf_printf(&url, "%s%s", writing->base_url, path);
    smail__json_key(writing->json, key);
    smail__json_text(writing->json, smail__buf_span(&url));
    smail__buf_dispose(&url);
}

static int put_session(const smail_account *account, void *user)
{
    static const char *const names[] = { "urn:ietf:params:jmap:core",
                                         "urn:ietf:params:jmap:mail",
                                         "urn:ietf:params:jmap:submission",
                                         "urn:libsmtpmail:jmap:search",
                                         "urn:libsmtpmail:jmap:removed" };
    struct writing *writing = user;
    struct smail__json *json = writing->json;
    char state[SMAIL__JMAP_STATE_SIZE];

    smail__json_begin_object(json);
    smail__json_key(json, "capabilities");
    smail__json_begin_object(json);
    put_core(json, &writing->jmap->limits);
    for (size_t i = 1; i < 5; i++) {
        smail__json_key(json, names[i]);
        smail__json_begin_object(json);
        smail__json_end_object(json);
    }
    smail__json_end_object(json);
    put_account(writing, account);
    smail__json_key(json, "primaryAccounts");
    smail__json_begin_object(json);
    /* Of those that have something that lies in an account. */
    for (size_t i = 1; i < 3; i++)
        put_text(json, names[i], writing->id);
    smail__json_end_object(json);
    put_text(json, "username", account->address);
    put_url(writing, "apiUrl", "/jmap/api");
    put_url(writing, "downloadUrl",
            "/jmap/download/{accountId}/{blobId}/{name}?type={type}");
    put_url(writing, "uploadUrl", "/jmap/upload/{accountId}/");
    put_url(writing, "eventSourceUrl",
            "/jmap/eventsource/?types={types}&closeafter={closeafter}"
            "&ping={ping}");
    smail__jmap_session_state(state, writing->jmap);
    put_text(json, "state", state);
    smail__json_end_object(json);
    return 0;
}

int smail__jmap_session(struct smail__buf *out, struct smail__jmap *jmap,
                        smail_id account, const char *base_url,
                        smail_error *err)
{
    char id[SMAIL__JMAP_ID_SIZE];
    struct smail__json json;
    struct writing writing = { &json, jmap, id, base_url };
    int code;

    smail__json_init(&json, out);
    smail__jmap_id_text(id, SMAIL__JMAP_ACCOUNT, account);
    code = smail_account_get(jmap->store, account, put_session, &writing, err);
    if (code == 0 && smail__buf_error(out) != 0)
        return smail__fail(err, smail__buf_error(out),
                           "the session object is too large");
    return code;
}
