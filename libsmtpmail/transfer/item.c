/* SPDX-License-Identifier: MIT */
/* transfer/item.c - see transfer/item.h. */
#include "transfer/item.h"

#include <string.h>

#include "base/date.h"
#include "base/span.h"
#include "transfer/from_line.h"
#include "transfer/status.h"

static bool ends_in(smail_span name, const char *end)
{
    size_t len = strlen(end);

    return name.len > len &&
           smail__span_iis(smail__span_from(name, name.len - len), end);
}

enum smail__item_kind smail__item_kind(smail_span name)
{
    static const struct {
        const char *end;
        enum smail__item_kind kind;
    } ends[] = {
        { ".eml", SMAIL__ITEM_MESSAGE },    { ".mbox", SMAIL__ITEM_MBOX },
        { ".mbx", SMAIL__ITEM_MBOX },       { ".msf", SMAIL__ITEM_NOISE },
        { ".dat", SMAIL__ITEM_NOISE },      { ".html", SMAIL__ITEM_NOISE },
        { ".json", SMAIL__ITEM_NOISE },     { ".zip", SMAIL__ITEM_ARCHIVE },
        { ".tar", SMAIL__ITEM_ARCHIVE },    { ".tgz", SMAIL__ITEM_ARCHIVE },
        { ".tar.gz", SMAIL__ITEM_ARCHIVE },
    };
    static const char *const noise[] = {
        "dovecot",     "courier",     "maildirfolder",  "subscriptions",
        "maildirsize", "panacea.dat", "filterlog.html",
    };

    if (smail__span_is(name, SMAIL__MANIFEST_NAME))
        return SMAIL__ITEM_MANIFEST;
    if (smail__span_is(name, "dovecot-keywords"))
        return SMAIL__ITEM_KEYWORDS;
    if (name.len == 0 || name.data[0] == '.')
        return SMAIL__ITEM_NOISE;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        if (ends_in(name, ends[i].end))
            return ends[i].kind;
    for (size_t i = 0; i < sizeof(noise) / sizeof(noise[0]); i++)
        if (smail__span_istarts(name, noise[i]))
            return SMAIL__ITEM_NOISE;
    return SMAIL__ITEM_OTHER;
}

static bool digits(int *out, smail_span *text, size_t count)
{
    uint64_t value;

    if (text->len < count ||
        smail__span_number(&value, smail__span_slice(*text, 0, count)) != 0)
        return false;
    *out = (int)value;
    *text = smail__span_from(*text, count);
    return true;
}

static bool letter(smail_span *text, char which)
{
    if (text->len == 0 || text->data[0] != which)
        return false;
    *text = smail__span_from(*text, 1);
    return true;
}

int64_t smail__item_time(smail_span name)
{
    struct smail__date date = { 0 };

    if (!digits(&date.year, &name, 4) || !digits(&date.month, &name, 2) ||
        !digits(&date.day, &name, 2) || !letter(&name, 'T') ||
        !digits(&date.hour, &name, 2) || !digits(&date.minute, &name, 2) ||
        !digits(&date.second, &name, 2) || !letter(&name, 'Z') ||
        !letter(&name, '-') || date.month < 1 || date.month > 12 ||
        date.day < 1 || date.day > 31)
        return 0;
    return smail__date_to_seconds(&date);
}

void smail__item_mailbox(struct smail__buf *out, smail_span folder)
{
    static const smail_span takeout = { "Takeout/Mail", 12 };

    if (smail__span_equal(smail__span_slice(folder, 0, takeout.len), takeout))
        folder = smail__span_from(folder, takeout.len + 1);
    while (folder.len > 0) {
        smail_span level = smail__span_cut(&folder, '/');

        if (ends_in(level, ".sbd"))
            level.len -= 4;
        if (level.len == 0 || smail__span_is(level, "."))
            continue;
        if (out->len > 0)
            smail__buf_putc(out, '/');
        smail__buf_append(out, level);
    }
}

smail_span smail__item_mbox_name(smail_span name)
{
    if (ends_in(name, ".mbox"))
        name.len -= 5;
    else if (ends_in(name, ".mbx"))
        name.len -= 4;
    return name;
}

/* --- Into the account ---------------------------------------------------- */

static enum smail__dialect dialect_of(smail_transfer_format format)
{
    switch (format) {
    case SMAIL_TRANSFER_MBOXRD:
        return SMAIL__DIALECT_RD;
    case SMAIL_TRANSFER_MBOXO:
        return SMAIL__DIALECT_O;
    case SMAIL_TRANSFER_MBOXCL:
        return SMAIL__DIALECT_CL;
    case SMAIL_TRANSFER_MBOXCL2:
        return SMAIL__DIALECT_CL2;
    case SMAIL_TRANSFER_EML:
        return SMAIL__DIALECT_ONE;
    default:
        return SMAIL__DIALECT_AUTO;
    }
}

static bool is_header(smail_span text)
{
    size_t at = 0;

    while (at < text.len && (smail__is_alnum(text.data[at]) ||
                             text.data[at] == '-' || text.data[at] == '_'))
        at++;
    return at > 0 && at < text.len && text.data[at] == ':';
}

/* Maildir: letters hold good over what was so when it was exported. */
static void read_keywords(struct smail__buf *out, struct smail__origin *origin,
                          const struct smail__item *item,
                          const struct smail__maildir_name *name,
                          struct smail__manifest_entry *entry)
{
    smail_span rest;

    smail__status_letters(out, item->is_new ? smail__span("") : name->letters,
                          item->words != NULL ? item->words->words : NULL);
    if (origin->entry == NULL)
        return;
    rest = entry->keywords;
    while (rest.len > 0) {
        smail_span word = smail__span_cut(&rest, ' ');

        if (!smail__status_is_letter(word))
            smail__status_add(out, word);
    }
    entry->keywords = smail__span("");
    origin->keep_keywords = true;
}

static int import_known(struct smail__import *import,
                        const struct smail__item *item,
                        struct smail__input *input,
                        struct smail__origin *origin, smail_error *err)
{
    struct smail__manifest_entry entry;
    struct smail__maildir_name name;
    struct smail__buf keywords;
    int code;

    smail__maildir_name_read(&name, item->name);
    smail__buf_init(&keywords, SMAIL__STATUS_MAX, NULL);
    if (item->kind == SMAIL__ITEM_MAILDIR)
        origin->received_at = name.time;
    else
        origin->received_at = smail__item_time(item->name);
    if (smail__manifest_find(&entry, item->manifest,
                             item->kind == SMAIL__ITEM_MAILDIR ? name.unique
                                                               : item->name))
        origin->entry = &entry;
    if (item->kind == SMAIL__ITEM_MAILDIR)
        read_keywords(&keywords, origin, item, &name, &entry);
    origin->keywords = keywords.data;
    code = smail__import_stream(import, input, origin, err);
    smail__buf_dispose(&keywords);
    return code;
}

int smail__item_import(struct smail__import *import,
                       const struct smail__item *item,
                       struct smail__input *input, smail_error *err)
{
    enum smail__dialect asked = dialect_of(import->options->format);
    struct smail__origin origin = { .file = item->file,
                                    .mailbox = item->mailbox,
                                    .dialect = asked };
    smail_span line;
    int code = smail__input_fill(input, err);

    if (code < 0)
        return code;
    line = smail__input_piece(input);
    if (item->kind == SMAIL__ITEM_MAILDIR ||
        (item->kind == SMAIL__ITEM_MESSAGE && asked != SMAIL__DIALECT_RD &&
         asked != SMAIL__DIALECT_O)) {
        origin.dialect = SMAIL__DIALECT_ONE;
        return import_known(import, item, input, &origin, err);
    }
    if (item->kind == SMAIL__ITEM_MBOX || smail__is_from_line(line))
        return line.len > 0 ? smail__import_stream(import, input, &origin, err)
                            : 0;
    if (is_header(line)) {
        origin.dialect = SMAIL__DIALECT_ONE;
        return import_known(import, item, input, &origin, err);
    }
    smail__sink_skip(&import->sink, item->file, 0, 0,
                     "neither a message nor an mbox");
    return 0;
}
