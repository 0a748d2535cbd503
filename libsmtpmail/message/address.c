/* SPDX-License-Identifier: MIT */
/*
 * message/address.c - address lists of header fields (RFC 5322, 3.4 and 4.4),
 * read by GMime, which has seen more broken ones than any grammar allows.
 *
 * Display names are decoded by us (message/word.c): the packaged GMime stops
 * at the first padded encoded word. Limits keep its recursion and its memory
 * in hand.
 */
#include <pthread.h>
#include <string.h>

#include <gmime/gmime.h>

#include "base/span.h"
#include "message/header.h"
#include "message/parse.h"
#include "message/word.h"

/* A list that is longer is cut at the last comma before. */
#define LIST_MAX 65536
#define ADDRESSES_MAX 2000

/* More quotes or parentheses than any person writes: not given to GMime. */
#define COMMENTS_MAX 100

#define NAME_MAX_LEN 4096

static void start_gmime(void)
{
    g_mime_init();
}

static void init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, start_gmime);
}

struct walk {
    void (*each)(const smail_mailbox_address *address, void *user);
    void *user;
    size_t count;
};

static void give(struct walk *walk, const char *name, const char *address,
                 const char *group)
{
    struct smail__buf decoded;
    smail_mailbox_address out = {
        .name = "",
        .address = address != NULL ? address : "",
        .group = group,
    };

    if (walk->count++ >= ADDRESSES_MAX)
        return;
    smail__buf_init(&decoded, NAME_MAX_LEN * 4, NULL);
    if (name != NULL)
        smail__words_display(
            &decoded, smail__span_slice(smail__span(name), 0, NAME_MAX_LEN));
    if (decoded.len > 0 && smail__buf_error(&decoded) == 0)
        out.name = decoded.data;
    walk->each(&out, walk->user);
    smail__buf_dispose(&decoded);
}

static void give_list(struct walk *walk, InternetAddressList *list,
                      const char *group)
{
    int length = list != NULL ? internet_address_list_length(list) : 0;

    for (int i = 0; i < length; i++) {
        InternetAddress *address = internet_address_list_get_address(list, i);
        const char *name = internet_address_get_name(address);

        if (INTERNET_ADDRESS_IS_MAILBOX(address))
            give(walk, name,
                 internet_address_mailbox_get_addr(
                     INTERNET_ADDRESS_MAILBOX(address)),
                 group);
        else if (group == NULL)
            give_list(walk,
                      internet_address_group_get_members(
                          INTERNET_ADDRESS_GROUP(address)),
                      name != NULL ? name : "");
    }
}

/* Where in the list a byte stands: what it means depends on it. */
struct place {
    bool quoted;
    size_t comments; /* how deep */
    size_t opened;   /* comments so far */
};

/* Decoded words go in as a quoted string, so that GMime has nothing left to
 * decode: it would stop at the first padded one, and convert raw octets. */
static size_t put_words(struct smail__buf *out, const struct place *place,
                        smail_span value)
{
    const char *quote = place->quoted || place->comments > 0 ? "" : "\"";
    struct smail__buf text;
    size_t taken;

    if (value.len < 2 || value.data[0] != '=' || value.data[1] != '?')
        return 0;
    smail__buf_init(&text, 4 * LIST_MAX, NULL);
    taken = smail__words_run(&text, value);
    if (taken > 0) {
        smail__buf_puts(out, quote);
        for (size_t i = 0; i < text.len; i++) {
            if (strchr("\"\\()", text.data[i]) != NULL)
                smail__buf_putc(out, '\\');
            if ((unsigned char)text.data[i] >= ' ')
                smail__buf_putc(out, text.data[i]);
        }
        smail__buf_puts(out, quote);
    }
    smail__buf_dispose(&text);
    return taken;
}

static void note(struct place *place, char byte)
{
    if (byte == '"' && place->comments == 0)
        place->quoted = !place->quoted;
    else if (byte == '(' && !place->quoted)
        place->opened += place->comments++ < COMMENTS_MAX;
    else if (byte == ')' && !place->quoted && place->comments > 0)
        place->comments--;
}

/* What GMime is given: words decoded, no line ends, no NULs, cut to what is
 * reasonable. */
static void put_readable(struct smail__buf *out, smail_span value)
{
    struct place place = { .quoted = false };

    if (value.len > LIST_MAX) {
        value.len = LIST_MAX;
        while (value.len > 0 && value.data[value.len - 1] != ',')
            value.len--;
    }
    while (value.len > 0 && place.opened <= COMMENTS_MAX) {
        size_t taken = put_words(out, &place, value);
        char byte = value.data[0];

        if (taken == 0 && byte == '\\' && value.len > 1) {
            smail__buf_append(out, smail__span_slice(value, 0, 2));
            taken = 2;
        } else if (taken == 0) {
            note(&place, byte);
            if (byte != '\r' && byte != '\n' && byte != '\0')
                smail__buf_putc(out, byte);
            taken = 1;
        }
        value = smail__span_from(value, taken);
    }
}

int smail_message_addresses(const smail_message *message, const char *name,
                            void (*each)(const smail_mailbox_address *address,
                                         void *user),
                            void *user)
{
    struct walk walk = { each, user, 0 };
    smail_span value;

    if (!smail__header_find(&value, smail__message_header_of(message, 0), name,
                            0))
        return SMAIL_ENOTFOUND;
    struct smail__buf text;

    smail__buf_init(&text, 4 * LIST_MAX, NULL);
    put_readable(&text, value);
    if (text.len == 0 || smail__buf_error(&text) != 0) {
        int rc = smail__buf_error(&text);

        smail__buf_dispose(&text);
        return rc;
    }
    init();
    GMimeParserOptions *options = g_mime_parser_options_new();

    InternetAddressList *list = internet_address_list_parse(options, text.data);

    give_list(&walk, list, NULL);
    if (list != NULL)
        g_object_unref(list);
    g_mime_parser_options_free(options);
    smail__buf_dispose(&text);
    return 0;
}
