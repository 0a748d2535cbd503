/* SPDX-License-Identifier: MIT */
/* message/fold.c - see fold.h; Unicode's tables are GLib's. */
#include "message/fold.h"

#include <glib.h>

#include <smtpmail/error.h>

#include "base/span.h"
#include "base/utf8.h"

static int fold_ascii(struct smail__buf *out, smail_span text)
{
    size_t at = out->len;

    smail__buf_append(out, text);
    for (; at < out->len; at++)
        if (out->data[at] >= 'A' && out->data[at] <= 'Z')
            out->data[at] += 'a' - 'A';
    return smail__buf_error(out);
}

/* Letters that Unicode takes for letters of their own, and people without
 * them on their keyboard type so. */
static const char *plain_of(gunichar letter)
{
    static const struct {
        gunichar letter;
        const char *plain;
    } letters[] = {
        { 0xe6, "ae" }, { 0xf0, "d" },   { 0xf8, "o" },
        { 0x111, "d" }, { 0x127, "h" },  { 0x131, "i" },
        { 0x142, "l" }, { 0x153, "oe" }, { 0x167, "t" },
    };

    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
        if (letters[i].letter == letter)
            return letters[i].plain;
    return NULL;
}

static bool is_word_alone(gunichar letter)
{
    if (letter < 0xe00 || !g_unichar_isalpha(letter))
        return false;
    switch (g_unichar_get_script(letter)) {
    case G_UNICODE_SCRIPT_HAN:
    case G_UNICODE_SCRIPT_HIRAGANA:
    case G_UNICODE_SCRIPT_KATAKANA:
    case G_UNICODE_SCRIPT_BOPOMOFO:
    case G_UNICODE_SCRIPT_THAI:
    case G_UNICODE_SCRIPT_LAO:
    case G_UNICODE_SCRIPT_KHMER:
    case G_UNICODE_SCRIPT_MYANMAR:
        return true;
    default:
        return false;
    }
}

/* Decomposed, an accent is a character of its own. */
static void put_letters(struct smail__buf *out, const char *text, bool words)
{
    for (; *text != '\0'; text = g_utf8_next_char(text)) {
        gunichar letter = g_utf8_get_char(text);
        const char *plain = plain_of(letter);
        bool alone = words && is_word_alone(letter);

        if (g_unichar_ismark(letter))
            continue;
        if (alone)
            smail__buf_putc(out, ' ');
        if (plain != NULL)
            smail__buf_puts(out, plain);
        else
            smail__utf8_put(out, letter);
        if (alone)
            smail__buf_putc(out, ' ');
    }
}

static int fold(struct smail__buf *out, smail_span text, bool words)
{
    struct smail__buf clean;
    gchar *apart, *folded;

    if (smail__is_ascii(text))
        return fold_ascii(out, text);
    smail__buf_init(&clean, 3 * text.len + 1, NULL);
    smail__utf8_scrub(&clean, text);
    if (smail__buf_error(&clean) != 0) {
        smail__buf_dispose(&clean);
        return SMAIL_ENOMEM;
    }
    apart = g_utf8_normalize(clean.data, (gssize)clean.len, G_NORMALIZE_ALL);
    folded = g_utf8_casefold(apart != NULL ? apart : "", -1);
    put_letters(out, folded, words);
    g_free(folded);
    g_free(apart);
    smail__buf_dispose(&clean);
    return smail__buf_error(out);
}

bool smail__has_letter(smail_span text)
{
    while (text.len > 0) {
        uint32_t letter = 0;
        size_t len = smail__utf8_next(&letter, text);

        if (len > 0 && g_unichar_isalnum(letter))
            return true;
        text = smail__span_from(text, len > 0 ? len : 1);
    }
    return false;
}

int smail__fold_name(struct smail__buf *out, smail_span text)
{
    gchar *same, *folded, *again;

    if (!smail__utf8_valid(text))
        return SMAIL_EINVAL;
    same = g_utf8_normalize(text.data, (gssize)text.len, G_NORMALIZE_NFC);
    folded = g_utf8_casefold(same != NULL ? same : "", -1);
    again = g_utf8_normalize(folded, -1, G_NORMALIZE_NFC);
    smail__buf_puts(out, again != NULL ? again : "");
    g_free(again);
    g_free(folded);
    g_free(same);
    return smail__buf_error(out);
}

int smail__fold(struct smail__buf *out, smail_span text)
{
    return fold(out, text, false);
}

int smail__fold_words(struct smail__buf *out, smail_span text)
{
    return fold(out, text, true);
}
