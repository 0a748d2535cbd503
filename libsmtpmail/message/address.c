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

/* An encoded word with raw octets in it: GMime would convert them, and then
 * what they became once more. Escaped, they are read once. */
static void put_word(struct smail__buf *out, smail_span word)
{
    for (size_t i = 0; i < word.len; i++) {
        if ((unsigned char)word.data[i] < 0x80)
            smail__buf_putc(out, word.data[i]);
        else
            smail__buf_printf(out, "=%02x", (unsigned char)word.data[i]);
    }
}

/* What GMime is given: no line ends, no NULs, cut to what is reasonable. */
static void put_readable(struct smail__buf *out, smail_span value)
{
    size_t nested = 0;

    if (value.len > LIST_MAX) {
        value.len = LIST_MAX;
        while (value.len > 0 && value.data[value.len - 1] != ',')
            value.len--;
    }
    while (value.len > 0) {
        size_t word = smail__word_length(value);
        char byte = value.data[0];

        if (word > 0) {
            put_word(out, smail__span_slice(value, 0, word));
            value = smail__span_from(value, word);
            continue;
        }
        if (byte == '(' && ++nested > COMMENTS_MAX)
            return;
        if (byte != '\r' && byte != '\n' && byte != '\0')
            smail__buf_putc(out, byte);
        value = smail__span_from(value, 1);
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

    /* What it leaves undecoded, we decode. */
    g_mime_parser_options_set_rfc2047_compliance_mode(
        options, GMIME_RFC_COMPLIANCE_STRICT);
    InternetAddressList *list = internet_address_list_parse(options, text.data);

    give_list(&walk, list, NULL);
    if (list != NULL)
        g_object_unref(list);
    g_mime_parser_options_free(options);
    smail__buf_dispose(&text);
    return 0;
}
