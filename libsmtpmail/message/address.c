/* SPDX-License-Identifier: MIT */
/*
 * message/address.c - address lists of header fields (RFC 5322, 3.4 and 4.4),
 * in one pass. Ours because the packaged GMime drops what it does not like:
 * all behind a ';', an entry with brackets in its name.
 *
 * What is surely meant is read: a name in a comment, an address without angle
 * brackets behind a name, a comma in a name without quotes, brackets and
 * quotes that never close. All is bounded by SMAIL__HEADER_MAX.
 */
#include "message/address.h"

#include "base/buf.h"
#include "base/span.h"
#include "message/charset.h"
#include "message/header.h"
#include "message/parse.h"
#include "message/word.h"

/* UTF-8 may take more room than what it was made from. */
#define TEXT_MAX (4 * SMAIL__HEADER_MAX)

struct reader {
    smail_span rest;
    /* The entry in the making, as it stands. */
    struct smail__buf phrase;  /* outside of all brackets, with quotes */
    struct smail__buf address; /* between < and > */
    struct smail__buf comment; /* the last one */
    bool has_angle;
    /* "Doe" of "Doe, John <john@x>", until it is known which it is. */
    struct smail__buf pending;
    struct smail__buf group;
    bool in_group;
    size_t given;     /* in this group */
    bool no_quotes;   /* one never closed: from there on they are bytes */
    bool no_comments; /* the same */
    void (*each)(const smail_mailbox_address *address, void *user);
    void *user;
};

static bool is_blank(char byte)
{
    return smail__is_space(byte) || byte == '\r' || byte == '\n' ||
           byte == '\0';
}

static smail_span skip_blank(smail_span text)
{
    while (text.len > 0 && is_blank(text.data[0]))
        text = smail__span_from(text, 1);
    return text;
}

/* Length of the quoted string at the front, with its quotes; 0 if open. */
static size_t quoted_length(smail_span text)
{
    for (size_t i = 1; i < text.len; i++) {
        if (text.data[i] == '\\')
            i++;
        else if (text.data[i] == '"')
            return i + 1;
    }
    return 0;
}

/* The same of a comment, which may hold others. */
static size_t comment_length(smail_span text)
{
    size_t depth = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\\')
            i++;
        else if (text.data[i] == '(')
            depth++;
        else if (text.data[i] == ')' && --depth == 0)
            return i + 1;
    }
    return 0;
}

/* The contents of quotes or parentheses, backslashes off. */
static void put_inside(struct smail__buf *out, smail_span text)
{
    for (size_t i = 1; i + 1 < text.len; i++) {
        if (text.data[i] == '\\' && i + 2 < text.len)
            i++;
        smail__buf_putc(out, text.data[i]);
    }
}

/* A phrase without its quotes. */
static void put_phrase(struct smail__buf *out, smail_span phrase)
{
    while (phrase.len > 0) {
        size_t len = phrase.data[0] == '"' ? quoted_length(phrase) : 0;

        if (len > 0)
            put_inside(out, smail__span_slice(phrase, 0, len));
        else
            smail__buf_putc(out, phrase.data[0]);
        phrase = smail__span_from(phrase, len > 0 ? len : 1);
    }
}

static const char *text_of(const struct smail__buf *buf)
{
    return buf->len > 0 && smail__buf_error(buf) == 0 ? buf->data : "";
}

/* `name` is a phrase without quotes, with encoded words. */
static void give(struct reader *reader, smail_span name, smail_span address)
{
    struct smail__buf shown;
    struct smail__buf exact;

    smail__buf_init(&shown, TEXT_MAX, NULL);
    smail__buf_init(&exact, TEXT_MAX, NULL);
    smail__words_display(&shown, name);
    (void)smail__charset_to_utf8(&exact, SMAIL__SPAN(""), address);
    smail_mailbox_address out = {
        .name = text_of(&shown),
        .address = text_of(&exact),
        .group = reader->in_group ? text_of(&reader->group) : NULL,
    };

    if (shown.len > 0 || exact.len > 0) {
        reader->each(&out, reader->user);
        reader->given++;
    }
    smail__buf_dispose(&shown);
    smail__buf_dispose(&exact);
}

/* Up to white space that no quotes hide. */
static size_t word_length(smail_span text)
{
    size_t len = 0;

    while (len < text.len && !is_blank(text.data[len])) {
        size_t quoted = text.data[len] == '"'
                            ? quoted_length(smail__span_from(text, len))
                            : 0;

        len += quoted > 0 ? quoted : 1;
    }
    return len;
}

/* An '@' that makes an address: in quotes or in an encoded word it does not. */
static bool has_at_sign(smail_span text)
{
    while (text.len > 0) {
        size_t len = 0;

        if (text.data[0] == '@')
            return true;
        if (text.data[0] == '"')
            len = quoted_length(text);
        else if (text.data[0] == '=')
            len = smail__word_length(text);
        text = smail__span_from(text, len > 0 ? len : 1);
    }
    return false;
}

/* Whether the address so far goes on in the word `next`: "a @ b . c"
 * (RFC 5322, 4.4). Before the '@' a dot may be an initial's. */
static bool goes_on(const struct smail__buf *address, smail_span next,
                    bool has_at)
{
    char last = address->len > 0 ? address->data[address->len - 1] : '\0';

    if (next.len == 0)
        return false;
    return next.data[0] == '@' || last == '@' ||
           (has_at && (next.data[0] == '.' || last == '.'));
}

/* The address without angle brackets at the front of a phrase, and what it
 * takes there; 0 if the first word belongs to none. */
static size_t take_bare(struct smail__buf *out, smail_span text)
{
    smail_span rest = text;
    bool has_at = false;

    do {
        smail_span word = smail__span_slice(rest, 0, word_length(rest));

        smail__buf_append(out, word);
        has_at = has_at || has_at_sign(word);
        rest = skip_blank(smail__span_from(rest, word.len));
    } while (goes_on(out, rest, has_at));
    return has_at ? text.len - rest.len : 0;
}

/* "Bob bob@x" and "a@x b@x": the words that are no address are the name of
 * the first. */
static void give_bare(struct reader *reader, smail_span phrase)
{
    struct smail__buf name;
    struct smail__buf address;

    smail__buf_init(&name, TEXT_MAX, NULL);
    smail__buf_init(&address, TEXT_MAX, NULL);
    for (int pass = 0; pass < 2; pass++) {
        smail_span rest = skip_blank(phrase);

        while (rest.len > 0) {
            smail__buf_clear(&address);
            size_t used = take_bare(&address, rest);

            if (used == 0) {
                used = word_length(rest);
                if (pass == 0) {
                    put_phrase(&name, smail__span_slice(rest, 0, used));
                    smail__buf_putc(&name, ' ');
                }
            } else if (pass == 1) {
                give(reader,
                     smail__buf_span(name.len > 0 ? &name : &reader->comment),
                     smail__buf_span(&address));
                smail__buf_clear(&name);
                smail__buf_clear(&reader->comment);
            }
            rest = skip_blank(smail__span_from(rest, used));
        }
    }
    smail__buf_dispose(&name);
    smail__buf_dispose(&address);
}

/* Neither brackets nor '@': one word is a local address ("root"), more are a
 * name ("undisclosed recipients"). */
static void give_word(struct reader *reader, smail_span phrase)
{
    struct smail__buf text;
    bool is_name =
        word_length(phrase) < phrase.len || smail__word_length(phrase) > 0;

    smail__buf_init(&text, TEXT_MAX, NULL);
    put_phrase(&text, phrase);
    if (is_name)
        give(reader, smail__buf_span(&text), SMAIL__SPAN(""));
    else
        give(reader, smail__buf_span(&reader->comment), smail__buf_span(&text));
    smail__buf_dispose(&text);
}

static void give_pending(struct reader *reader)
{
    struct smail__buf comment = reader->comment;

    if (reader->pending.len == 0)
        return;
    smail__buf_init(&reader->comment, TEXT_MAX, NULL); /* is another's */
    give_word(reader, smail__buf_span(&reader->pending));
    reader->comment = comment;
    smail__buf_clear(&reader->pending);
}

static void give_angle(struct reader *reader, smail_span phrase)
{
    struct smail__buf name;

    smail__buf_init(&name, TEXT_MAX, NULL);
    if (phrase.len > 0 && reader->pending.len > 0) {
        put_phrase(&name, smail__buf_span(&reader->pending));
        smail__buf_puts(&name, ", ");
        smail__buf_clear(&reader->pending);
    }
    give_pending(reader);
    put_phrase(&name, phrase);
    if (name.len == 0)
        smail__buf_append(&name, smail__buf_span(&reader->comment));
    give(reader, smail__buf_span(&name), smail__buf_span(&reader->address));
    smail__buf_dispose(&name);
}

static void end_entry(struct reader *reader, bool by_comma)
{
    smail_span phrase = smail__span_trim(smail__buf_span(&reader->phrase));

    if (reader->has_angle) {
        give_angle(reader, phrase);
    } else if (phrase.len > 0) {
        give_pending(reader);
        if (has_at_sign(phrase))
            give_bare(reader, phrase);
        else if (by_comma && reader->comment.len == 0)
            smail__buf_append(&reader->pending, phrase);
        else
            give_word(reader, phrase);
    }
    if (!by_comma)
        give_pending(reader);
    smail__buf_clear(&reader->phrase);
    smail__buf_clear(&reader->address);
    smail__buf_clear(&reader->comment);
    reader->has_angle = false;
}

static void end_group(struct reader *reader)
{
    smail_mailbox_address none = { "", "", text_of(&reader->group) };

    if (reader->in_group && reader->given == 0)
        reader->each(&none, reader->user);
    reader->in_group = false;
    smail__buf_clear(&reader->group);
}

/* "name:" begins a group (RFC 5322, 3.4), unless the colon is just there. */
static void take_colon(struct reader *reader)
{
    smail_span phrase = smail__span_trim(smail__buf_span(&reader->phrase));

    if (smail__span_iis(phrase, "mailto")) {
        smail__buf_clear(&reader->phrase);
    } else if (reader->in_group || reader->has_angle || phrase.len == 0 ||
               has_at_sign(phrase)) {
        smail__buf_putc(&reader->phrase, ':');
    } else {
        struct smail__buf name;

        give_pending(reader);
        smail__buf_init(&name, TEXT_MAX, NULL);
        put_phrase(&name, phrase);
        smail__words_display(&reader->group, smail__buf_span(&name));
        smail__buf_dispose(&name);
        smail__buf_clear(&reader->phrase);
        smail__buf_clear(&reader->comment);
        reader->in_group = true;
        reader->given = 0;
    }
}

/* What stands in quotes or parentheses or is an encoded word, as one: its
 * length, or 0. */
static size_t take_whole(struct reader *reader, struct smail__buf *out)
{
    smail_span rest = reader->rest;
    size_t len = 0;

    if (rest.data[0] == '"' && !reader->no_quotes) {
        len = quoted_length(rest);
        reader->no_quotes = len == 0;
        smail__buf_append(out, smail__span_slice(rest, 0, len));
    } else if (rest.data[0] == '(' && !reader->no_comments) {
        len = comment_length(rest);
        reader->no_comments = len == 0;
        if (len > 2) {
            smail__buf_clear(&reader->comment);
            put_inside(&reader->comment, smail__span_slice(rest, 0, len));
        }
    } else if (rest.data[0] == '=') {
        len = smail__word_length(rest);
        /* RFC 2047, 5 (3) allows neither here; they would look like ours. */
        for (size_t i = 0; i < len; i++)
            if (rest.data[i] != '"' && rest.data[i] != '\\')
                smail__buf_putc(out, rest.data[i]);
    }
    return len;
}

/* One byte inside of angle brackets, white space at dots and '@' left out. */
static void put_angle(struct smail__buf *out, char byte)
{
    bool at_gap = out->len > 0 && out->data[out->len - 1] == ' ';

    if (is_blank(byte)) {
        if (out->len > 0 && !at_gap && out->data[out->len - 1] != '.' &&
            out->data[out->len - 1] != '@')
            smail__buf_putc(out, ' ');
        return;
    }
    if (at_gap && (byte == '.' || byte == '@'))
        smail__buf_truncate(out, out->len - 1);
    smail__buf_putc(out, byte);
}

/* <address>, with or without its route (RFC 5322, 4.4) or its end. */
static void take_angle(struct reader *reader)
{
    struct smail__buf *out = &reader->address;

    if (reader->has_angle)
        end_entry(reader, true);
    reader->has_angle = true;
    reader->rest = skip_blank(smail__span_from(reader->rest, 1));
    bool has_route = reader->rest.len > 0 && reader->rest.data[0] == '@';

    while (reader->rest.len > 0) {
        char byte = reader->rest.data[0];
        size_t len = take_whole(reader, out);

        if (len == 0 && ((byte == ',' && !has_route) || byte == ';'))
            break;
        reader->rest = smail__span_from(reader->rest, len > 0 ? len : 1);
        if (len > 0)
            continue;
        if (byte == '>')
            break;
        if (byte == ':' &&
            (has_route || smail__span_iis(smail__buf_span(out), "mailto"))) {
            smail__buf_clear(out);
            has_route = false;
        } else if (byte != '<' && byte != '"') {
            put_angle(out, byte);
        }
    }
    smail_span trimmed = smail__span_trim(smail__buf_span(out));

    smail__buf_truncate(out, trimmed.len);
}

static void read_list(struct reader *reader)
{
    while (reader->rest.len > 0) {
        char byte = reader->rest.data[0];
        size_t len;

        if (byte == '<') {
            take_angle(reader);
            continue;
        }
        len = take_whole(reader, &reader->phrase);
        reader->rest = smail__span_from(reader->rest, len > 0 ? len : 1);
        if (len > 0)
            continue;
        if (byte == ':')
            take_colon(reader);
        else if (byte == ',' || byte == ';')
            end_entry(reader, byte == ',');
        else if (byte != '"' && byte != '(' && byte != ')' && byte != '>')
            smail__buf_putc(&reader->phrase, byte);
        if (byte == ';')
            end_group(reader);
    }
    end_entry(reader, false);
    end_group(reader);
}

int smail__addresses_read(smail_span list,
                          void (*each)(const smail_mailbox_address *address,
                                       void *user),
                          void *user)
{
    struct reader reader = { .rest = list, .each = each, .user = user };
    struct smail__buf *bufs[] = { &reader.phrase, &reader.address,
                                  &reader.comment, &reader.pending,
                                  &reader.group };
    int rc = 0;

    for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
        smail__buf_init(bufs[i], TEXT_MAX, NULL);
    read_list(&reader);
    for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++) {
        if (rc == 0)
            rc = smail__buf_error(bufs[i]);
        smail__buf_dispose(bufs[i]);
    }
    return rc;
}

int smail_message_addresses(const smail_message *message, const char *name,
                            void (*each)(const smail_mailbox_address *address,
                                         void *user),
                            void *user)
{
    smail_span list;

    if (!smail__header_find(&list, smail__message_header_of(message, 0), name,
                            0))
        return SMAIL_ENOTFOUND;
    return smail__addresses_read(list, each, user);
}

bool smail__address_is_clean(smail_span email)
{
    for (size_t i = 0; i < email.len; i++) {
        unsigned char byte = (unsigned char)email.data[i];

        /* U+0080 to U+009F are controls too. */
        if (byte < 0x20 || byte == 0x7f ||
            (byte == 0xc2 && i + 1 < email.len &&
             (unsigned char)email.data[i + 1] < 0xa0))
            return false;
    }
    return true;
}
