/* SPDX-License-Identifier: MIT */
/* message/fold.c - see fold.h; Unicode's tables are GLib's. */
#include "message/fold.h"

#include <glib.h>

#include <smtpmail/error.h>

#include "base/span.h"
#include "base/utf8.h"

static int fold_ascii(struct smail__buf *out, smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        smail__buf_putc(out, smail__lower(text.data[i]));
    return smail__buf_error(out);
}

/* Decomposed, an accent is a character of its own. */
static void put_letters(struct smail__buf *out, const char *text)
{
    for (; *text != '\0'; text = g_utf8_next_char(text)) {
        gunichar letter = g_utf8_get_char(text);

        if (!g_unichar_ismark(letter))
            smail__utf8_put(out, letter);
    }
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
    put_letters(out, folded);
    g_free(folded);
    g_free(apart);
    smail__buf_dispose(&clean);
    return smail__buf_error(out);
}
