/* SPDX-License-Identifier: MIT */
/* base/error.c - codes in words, and the one place that fills smail_error. */
#include "base/error.h"

#include <string.h>

/* clang-format off */
static const char *const descriptions[] = {
    [-SMAIL_OK]         = "no error",
    [-SMAIL_ENOMEM]     = "out of memory",
    [-SMAIL_EINVAL]     = "invalid argument",
    [-SMAIL_ESTATE]     = "not possible in this state",
    [-SMAIL_ENOTFOUND]  = "not found",
    [-SMAIL_EEXISTS]    = "already exists",
    [-SMAIL_EMALFORMED] = "malformed input",
    [-SMAIL_ELIMIT]     = "limit reached",
    [-SMAIL_EAUTH]      = "authentication failed",
    [-SMAIL_EBUSY]      = "in use by somebody else",
    [-SMAIL_ECORRUPT]   = "stored data is damaged",
    [-SMAIL_EIO]        = "input or output failed",
    [-SMAIL_EQUOTA]     = "quota exceeded",
    [-SMAIL_ETEMP]      = "temporarily not possible",
    [-SMAIL_EUNKNOWN]   = "outcome not known",
};
/* clang-format on */

const char *smail_strerror(int code)
{
    int count = (int)(sizeof(descriptions) / sizeof(descriptions[0]));

    if (code > 0 || code <= -count)
        return "unknown error";
    return descriptions[-code];
}

static void keep_to_one_line(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

SMAIL__PRINTF(4, 0)
static int fill(smail_error *err, int code, int os, const char *format,
                va_list args)
{
    if (err != NULL) {
        smail_error filled = { code, os, "" };

        /* Through a copy: an argument may be err->message itself. */
        smail__vformat(filled.message, sizeof(filled.message), format, args);
        keep_to_one_line(filled.message);
        *err = filled;
    }
    return code;
}

int smail__fail(smail_error *err, int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fill(err, code, 0, format, args);
    va_end(args);
    return code;
}

int smail__fail_os(smail_error *err, int code, int os, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fill(err, code, os, format, args);
    va_end(args);
    return code;
}
