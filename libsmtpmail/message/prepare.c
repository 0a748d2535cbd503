/* SPDX-License-Identifier: MIT */
/* message/prepare.c - see message/prepare.h. */
#include "message/prepare.h"

#include <glib.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "base/utf8.h"

/* RFC 3454, B.1: commonly mapped to nothing. */
static bool shows_nothing(uint32_t c)
{
    return c == 0x00ad || c == 0x034f || c == 0x1806 ||
           (c >= 0x180b && c <= 0x180d) || (c >= 0x200b && c <= 0x200d) ||
           c == 0x2060 || (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff;
}

/* RFC 4013, 2.3 and 2.5, by the category of the character. */
static bool is_prohibited(uint32_t c)
{
    switch (g_unichar_type(c)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_UNASSIGNED:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
        return true;
    default:
        return c == SMAIL__UTF8_REPLACEMENT || (c >= 0xfff9 && c <= 0xfffc);
    }
}

/* RFC 4013, 2.1. */
static void map(struct smail__buf *out, smail_span text)
{
    while (text.len > 0) {
        uint32_t c;
        size_t len = smail__utf8_next(&c, text);

        text = smail__span_from(text, len);
        if (shows_nothing(c))
            continue;
        if (c != ' ' && g_unichar_type(c) == G_UNICODE_SPACE_SEPARATOR)
            c = ' ';
        smail__utf8_put(out, c);
    }
}

static bool is_allowed(smail_span text)
{
    while (text.len > 0) {
        uint32_t c;

        text = smail__span_from(text, smail__utf8_next(&c, text));
        if (is_prohibited(c))
            return false;
    }
    return true;
}

static int normalize(struct smail__buf *out, const struct smail__buf *mapped,
                     smail_error *err)
{
    char *normal = mapped->len > 0
                       ? g_utf8_normalize(mapped->data, (gssize)mapped->len,
                                          G_NORMALIZE_NFKC)
                       : g_strdup("");
    smail_span result = smail__span(normal);
    int rc = 0;

    if (normal == NULL || !is_allowed(result))
        rc = smail__fail(err, SMAIL_EINVAL,
                         "the text has characters that a login cannot have");
    else
        smail__buf_append(out, result);
    if (normal != NULL)
        smail__wipe(normal, result.len);
    g_free(normal);
    return rc;
}

int smail__prepare(struct smail__buf *out, smail_span text, smail_error *err)
{
    struct smail__buf mapped;
    int rc;

    if (!smail__utf8_valid(text) || smail__span_find(text, '\0') < text.len)
        return smail__fail(err, SMAIL_EINVAL, "the text is not UTF-8");
    smail__buf_init(&mapped, 4 * text.len + 1, NULL);
    map(&mapped, text);
    rc = smail__buf_error(&mapped) != 0
             ? smail__fail(err, SMAIL_ENOMEM, "no memory")
             : normalize(out, &mapped, err);
    if (mapped.data != NULL)
        smail__wipe(mapped.data, mapped.room);
    smail__buf_dispose(&mapped);
    if (rc == 0 && smail__buf_error(out) != 0)
        rc = smail__fail(err, SMAIL_ENOMEM, "no memory");
    return rc;
}
