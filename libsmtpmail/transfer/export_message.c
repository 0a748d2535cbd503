/* SPDX-License-Identifier: MIT */
/* transfer/export_message.c - one message, found whole before it is written. */
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "store/known.h"
#include "transfer/export.h"

bool smail__export_tick(struct smail__export *export)
{
    const smail_export_options *options = export->options;

    if (!export->result->was_stopped && options->progress != NULL)
        export->result->was_stopped =
            options->progress(&export->progress, options->user);
    return export->result->was_stopped;
}

void smail__export_close(struct smail__export_message *message)
{
    free(message->keywords);
    free(message->mailboxes);
    smail_content_close(message->content);
    memset(message, 0, sizeof(*message));
}

/* --- Is it whole? -------------------------------------------------------- */

static bool has_bare_lf(smail_span octets, char before)
{
    for (size_t at = 0; at < octets.len; at++) {
        at += smail__span_find(smail__span_from(octets, at), '\n');
        if (at < octets.len && (at > 0 ? octets.data[at - 1] : before) != '\r')
            return true;
    }
    return false;
}

static void look(struct smail__export_message *message,
                 struct smail__quoter *quoter, smail_span octets)
{
    smail__quote(NULL, quoter, octets);
    message->has_lf = message->has_lf || has_bare_lf(octets, message->last);
    message->last = octets.data[octets.len - 1];
}

static int read_whole(struct smail__export_message *message,
                      struct smail__export *export,
                      struct smail__sha256 *digest, smail_error *err)
{
    struct smail__quoter quoter = { .inside = false };
    uint64_t at = 0;

    message->is_held = message->size <= SMAIL__EXPORT_PIECE;
    while (at < message->size) {
        int64_t got = smail_content_read(export->piece, message->content, at,
                                         SMAIL__EXPORT_PIECE, err);
        smail_span octets = { export->piece, got > 0 ? (size_t)got : 0 };

        if (got < 0)
            return (int)got;
        if (got == 0)
            return smail__fail(err, SMAIL_ECORRUPT, "its bytes end too early");
        smail__sha256_update(digest, octets);
        look(message, &quoter, octets);
        at += octets.len;
    }
    message->quotes = quoter.added;
    return 0;
}

static int verify(struct smail__export_message *message,
                  struct smail__export *export, smail_error *err)
{
    unsigned char wanted[SMAIL__SHA256_LEN], found[SMAIL__SHA256_LEN];
    struct smail__sha256 *digest;
    int code =
        smail_content_open(&message->content, export->store,
                           export->options->account, message->email, err);

    if (code == 0)
        code =
            smail__email_digest(wanted, export->store, export->options->account,
                                message->email, err);
    if (code < 0)
        return code;
    message->size = smail_content_size(message->content);
    digest = smail__sha256_new();
    if (digest == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory");
    code = read_whole(message, export, digest, err);
    smail__sha256_finish(found, digest);
    if (code == 0 && memcmp(wanted, found, sizeof(found)) != 0)
        code = smail__fail(err, SMAIL_ECORRUPT,
                           "its bytes are not those that came");
    return code;
}

/* 0: go past it. */
static int is_bad(struct smail__export_message *message,
                  struct smail__export *export, const char *file,
                  const smail_error *error, smail_error *err)
{
    smail_export_item item = { .size = sizeof(item),
                               .email = message->email,
                               .file = file,
                               .octets = message->size,
                               .reason = error->message };

    if (error->code == SMAIL_ENOMEM && err != NULL)
        *err = *error;
    if (error->code == SMAIL_ENOMEM)
        return error->code;
    if (!export->options->skip_bad)
        return smail__fail(err, SMAIL_ECORRUPT, "message %lld: %s",
                           (long long)message->email, error->message);
    export->result->bad++;
    export->progress.messages++;
    if (export->options->item != NULL)
        export->options->item(&item, export->options->user);
    return 0;
}

int smail__export_open(struct smail__export_message *message,
                       struct smail__export *export, smail_id email,
                       const char *file, smail_error *err)
{
    smail_error error = SMAIL_ERROR_INIT;
    smail_cursor *cursor = NULL;
    smail_entry entry;
    int code;

    memset(message, 0, sizeof(*message));
    message->email = email;
    code = smail_email_get(&entry, &cursor, export->store,
                           export->options->account, email, err);
    if (code < 0) /* removed since it was listed */
        return code == SMAIL_ENOTFOUND ? 0 : code;
    message->received_at = entry.received_at;
    message->keywords = smail__strdup(entry.keywords);
    message->mailboxes = smail__strdup(entry.mailboxes);
    smail_cursor_free(cursor);
    if (message->keywords == NULL || message->mailboxes == NULL)
        code = smail__fail(err, SMAIL_ENOMEM, "no memory");
    else if (verify(message, export, &error) == 0)
        return 1;
    else
        code = is_bad(message, export, file, &error, err);
    smail__export_close(message);
    return code;
}

int smail__export_copy(struct smail__export *export,
                       const struct smail__export_message *message,
                       int (*put)(struct smail__export *export,
                                  smail_span octets, void *user,
                                  smail_error *err),
                       void *user, smail_error *err)
{
    uint64_t at = 0;
    int code = 0;

    if (message->is_held)
        return put(export, (smail_span){ export->piece, message->size }, user,
                   err);
    while (code == 0 && at < message->size) {
        int64_t got = smail_content_read(export->piece, message->content, at,
                                         SMAIL__EXPORT_PIECE, err);

        if (got <= 0)
            return got < 0 ? (int)got
                           : smail__fail(err, SMAIL_ECORRUPT,
                                         "a message ends too early");
        code =
            put(export, (smail_span){ export->piece, (size_t)got }, user, err);
        at += (uint64_t)got;
    }
    return code;
}

void smail__export_tell(struct smail__export *export,
                        const struct smail__export_message *message,
                        const char *file, bool was_there)
{
    smail_export_item item = { .size = sizeof(item),
                               .email = message->email,
                               .file = file,
                               .octets = message->size,
                               .was_there = was_there };

    if (was_there)
        export->result->there++;
    else
        export->result->written++;
    if (!was_there)
        export->result->octets += message->size;
    export->progress.messages++;
    export->progress.done++;
    export->progress.octets += message->size;
    if (export->options->item != NULL)
        export->options->item(&item, export->options->user);
}

/* --- Names and notes ----------------------------------------------------- */

/* The date first, so that a listing is in order. */
void smail__export_name(char out[SMAIL__EXPORT_NAME_MAX],
                        const struct smail__export_key *key)
{
    char time[SMAIL__DATE_MAX], compact[SMAIL__DATE_MAX];
    size_t len = 0;

    smail__date_rfc3339(time, key->time);
    for (size_t i = 0; time[i] != '\0'; i++)
        if (time[i] != '-' && time[i] != ':')
            compact[len++] = time[i];
    compact[len] = '\0';
    smail__format(out, SMAIL__EXPORT_NAME_MAX, "%s-%010lld.eml", compact,
                  (long long)key->email);
}

/* Before, a number in the name of a file is not taken for a time. */
#define DATED_FROM 100000000

/* Its name says when it came; what has LF would come back with CR LF. */
void smail__export_note(struct smail__buf *out, const char *file,
                        const struct smail__export_message *message)
{
    bool is_dated = message->received_at >= DATED_FROM;

    if (message->keywords[0] == '\0' && !message->has_lf && is_dated &&
        message->size > 0)
        return;
    smail__manifest_put(out, file, message->received_at, message->size,
                        message->keywords);
}

bool smail__export_is_top(const struct smail__export *export,
                          const struct smail__export_mailbox *mailbox)
{
    return export->options->mailbox != NULL ||
           mailbox->role == SMAIL_ROLE_INBOX;
}
