/* SPDX-License-Identifier: MIT */
/* account/scram_message.c - see account/scram_message.h. */
#include "account/scram_message.h"

#include "base/base64.h"
#include "base/span.h"

bool smail__scram_take(smail_span *value, smail_span *rest, char letter)
{
    if (rest->len < 2 || rest->data[0] != letter || rest->data[1] != '=')
        return false;
    *value = smail__span_from(smail__span_cut(rest, ','), 2);
    return true;
}

bool smail__scram_skip(smail_span *rest, char letter)
{
    while (rest->len > 0 && rest->data[0] != letter) {
        smail_span extension = smail__span_cut(rest, ',');

        if (extension.len < 3 || !smail__is_alpha(extension.data[0]) ||
            extension.data[1] != '=' || extension.data[0] == 'm')
            return false;
    }
    return true;
}

bool smail__scram_is_nonce(smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x21 || text.data[i] > 0x7e || text.data[i] == ',')
            return false;
    return text.len > 0;
}

bool smail__scram_name_decode(char *out, size_t *len, size_t room,
                              smail_span text)
{
    size_t at = 0;

    for (size_t i = 0; i < text.len; i++) {
        char byte = text.data[i];

        if (byte == '=') {
            smail_span code = smail__span_slice(text, i, 3);

            if (smail__span_is(code, "=2C"))
                byte = ',';
            else if (!smail__span_is(code, "=3D"))
                return false;
            i += 2;
        }
        if (byte == '\0' || at == room)
            return false;
        out[at++] = byte;
    }
    *len = at;
    return true;
}

void smail__scram_name_encode(struct smail__buf *out, smail_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == ',')
            smail__buf_puts(out, "=2C");
        else if (name.data[i] == '=')
            smail__buf_puts(out, "=3D");
        else
            smail__buf_putc(out, name.data[i]);
    }
}

void smail__scram_put(struct smail__buf *out, const char *attribute,
                      smail_span bytes)
{
    smail__buf_puts(out, attribute);
    smail__base64_encode(out, bytes);
}
