/* SPDX-License-Identifier: MIT */
/* transfer/import.c - a stream of messages, message by message. */
#include "transfer/import.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/span.h"
#include "message/header.h"
#include "transfer/from_line.h"
#include "transfer/name.h"
#include "transfer/status.h"

/* What is kept of a message to learn its date and keywords. */
#define FRONT_MAX ((size_t)64 * 1024)

/* --- What a message says of itself --------------------------------------- */

/* The date behind the last ';' of the first Received (RFC 5321, 4.4). */
static int64_t received_time(smail_span header)
{
    int64_t time = 0;
    smail_span value;

    if (!smail__header_find(&value, header, "Received", 0))
        return 0;
    while (smail__span_find(value, ';') < value.len)
        (void)smail__span_cut(&value, ';');
    return smail__header_date(&time, smail__span_trim(value)) ? time : 0;
}

static int64_t time_of(const struct smail__mbox *mbox,
                       const struct smail__origin *origin, smail_span header)
{
    struct smail__summary summary;
    int64_t time = received_time(header);

    if (mbox->is_ours)
        return mbox->received_at;
    if (origin->entry != NULL)
        return origin->entry->received_at;
    if (mbox->time != 0)
        return mbox->time;
    if (origin->received_at != 0)
        return origin->received_at;
    if (time != 0)
        return time;
    smail__summary_read(&summary, header);
    return summary.sent_at;
}

/* "sent Gesendet/2024": a use or '-', and the path. */
static int take_mailbox(struct smail__import *import, smail_span value,
                        bool is_place, smail_error *err)
{
    smail_span role = smail__span_cut(&value, ' ');
    int known = SMAIL_ROLE_TRASH;
    smail_id id;
    int code;

    while (known > SMAIL_ROLE_NONE &&
           !smail__span_is(role, smail_role_name((smail_role)known)))
        known--;
    if (value.len == 0 || import->options->mailbox != NULL)
        return 0;
    code = smail__sink_mailbox(&id, &import->sink, value, (smail_role)known,
                               true, err);
    if (code == 0 && is_place) {
        smail__buf_append(&import->arrival.paths, value);
        smail__buf_putc(&import->arrival.paths, '\n');
        import->arrival.has_places = true;
    }
    return code;
}

/* What an export put in front of the message. */
static int read_block(struct smail__import *import, smail_span block,
                      smail_error *err)
{
    int code = 0;

    while (code == 0 && block.len > 0) {
        smail_span value = smail__span_cut(&block, '\n');
        smail_span name = smail__span_cut(&value, ':');

        value = smail__span_from(value, 1);
        if (smail__span_is(name, "X-Keywords"))
            smail__status_add_all(&import->arrival.keywords, value);
        else if (smail__span_is(name, "X-Smtpmail-Mailbox"))
            code = take_mailbox(import, value, true, err);
        else if (smail__span_is(name, "X-Smtpmail-Empty"))
            code = take_mailbox(import, value, false, err);
    }
    return code;
}

/* Some servers keep their own notes as the first message. */
static bool is_internal(smail_span header)
{
    smail_span value;

    return smail__header_find(&value, header, "Subject", 0) &&
           smail__span_istarts(
               smail__span_trim(value),
               "DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA");
}

/* 1: by its own words it is no message, or no more. */
static int describe(struct smail__import *import,
                    const struct smail__mbox *mbox,
                    const struct smail__origin *origin, smail_error *err)
{
    struct smail__arrival *arrival = &import->arrival;
    smail_span header = smail__buf_span(&import->front);

    arrival->received_at = time_of(mbox, origin, header);
    arrival->has_places = origin->mailbox.len > 0;
    smail__buf_clear(&arrival->keywords);
    smail__buf_clear(&arrival->paths);
    smail__status_add_all(&arrival->keywords,
                          smail__span(import->options->keywords));
    if (origin->entry == NULL || origin->keep_keywords)
        smail__status_add_all(&arrival->keywords,
                              smail__span(origin->keywords));
    if (origin->entry != NULL)
        smail__status_add_all(&arrival->keywords, origin->entry->keywords);
    if (mbox->is_ours)
        return read_block(import, smail__buf_span(&mbox->block), err);
    if (mbox->is_mbox && is_internal(header))
        return 1;
    if (mbox->is_mbox && !smail__status_read(&arrival->keywords, header))
        return 1;
    if (mbox->is_mbox && import->options->labels)
        smail__labels_read(&arrival->paths, header);
    if (arrival->paths.len > 0) {
        arrival->has_places = true;
    } else if (origin->mailbox.len > 0) {
        smail__buf_append(&arrival->paths, origin->mailbox);
    }
    return 0;
}

/* --- One message --------------------------------------------------------- */

/* 1: it is too large. */
static int copy(struct smail__import *import, struct smail__mbox *mbox,
                smail_error *err)
{
    int code, put = 0;

    smail__buf_clear(&import->front);
    smail__buf_clear(&import->piece);
    while ((code = smail__mbox_read(&import->piece, mbox, err)) > 0) {
        smail_span text = smail__buf_span(&import->piece);

        smail__buf_append(
            &import->front,
            smail__span_slice(text, 0, FRONT_MAX - import->front.len));
        put = smail__sink_write(&import->sink, text, err);
        if (put != 0)
            return put;
        smail__buf_clear(&import->piece);
    }
    return code;
}

static int take(struct smail__import *import, const struct smail__mbox *mbox,
                const struct smail__origin *origin, smail_error *err)
{
    bool is_kept = mbox->is_ours || origin->entry != NULL;
    int code;

    if (smail__sink_size(&import->sink) == 0 && !is_kept) {
        smail__sink_drop(&import->sink);
        return 0;
    }
    code = describe(import, mbox, origin, err);
    if (code == 0)
        return smail__sink_commit(&import->sink, &import->arrival, err);
    smail__sink_drop(&import->sink);
    return code < 0 ? code : 0;
}

static int import_one(struct smail__import *import, struct smail__mbox *mbox,
                      const struct smail__origin *origin, smail_error *err)
{
    int code = smail__sink_begin(&import->sink, err);

    if (code < 0)
        return code;
    import->arrival.file = origin->file;
    import->arrival.number++;
    import->arrival.offset = mbox->offset;
    code = copy(import, mbox, err);
    if (code == 0)
        return take(import, mbox, origin, err);
    smail__sink_drop(&import->sink);
    if (code < 0)
        return code;
    smail__sink_skip(&import->sink, origin->file, import->arrival.number,
                     mbox->offset, "it has more than %llu octets",
                     (unsigned long long)import->sink.max_message);
    return 0;
}

static bool is_mbox_wanted(const struct smail__origin *origin)
{
    return origin->dialect != SMAIL__DIALECT_AUTO &&
           origin->dialect != SMAIL__DIALECT_ONE;
}

int smail__import_stream(struct smail__import *import,
                         struct smail__input *input,
                         const struct smail__origin *origin, smail_error *err)
{
    struct smail__mbox mbox;
    int code;

    smail__mbox_init(&mbox, input, origin->dialect);
    import->arrival.number = 0;
    while ((code = smail__mbox_next(&mbox, err)) > 0 &&
           !import->sink.is_stopped) {
        if (!mbox.is_mbox && (is_mbox_wanted(origin) ||
                              import->options->format == SMAIL_TRANSFER_MBOX)) {
            smail__sink_skip(&import->sink, origin->file, 0, 0,
                             "it does not begin with a \"From \" line: no "
                             "mbox");
            code = 0;
            break;
        }
        if (origin->entry != NULL)
            mbox.as_it_is = true;
        code = import_one(import, &mbox, origin, err);
        if (import->is_one_file)
            import->sink.progress.done = input->offset;
        if (code < 0)
            break;
    }
    if (code == 0 && import->arrival.number == 0 && origin->entry != NULL)
        code = import_one(import, &mbox, origin, err); /* one of no octets */
    smail__mbox_dispose(&mbox);
    return code < 0 ? code : 0;
}
