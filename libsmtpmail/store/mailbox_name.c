/* SPDX-License-Identifier: MIT */
/* store/mailbox_name.c - what a mailbox may be called. */
#include "base/error.h"
#include "base/span.h"
#include "base/utf8.h"
#include "store/mailbox.h"

static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

int smail__mailbox_name_check(smail_span name, smail_error *err)
{
    smail_span left = name;

    if (name.len == 0)
        return smail__fail(err, SMAIL_EINVAL, "a mailbox needs a name");
    if (name.len > SMAIL_MAILBOX_NAME_MAX)
        return smail__fail(err, SMAIL_EINVAL,
                           "a mailbox name has more than %d octets",
                           SMAIL_MAILBOX_NAME_MAX);
    while (left.len > 0) {
        uint32_t c;
        size_t len = smail__utf8_next(&c, left);

        if (len == 0)
            return smail__fail(err, SMAIL_EINVAL,
                               "a mailbox name is not UTF-8");
        if (is_control(c) || c == '/')
            return smail__fail(err, SMAIL_EINVAL,
                               "a mailbox name has a control in it or a '/'");
        left = smail__span_from(left, len);
    }
    return 0;
}

int smail__path_parse(struct smail__path *out, const char *path,
                      smail_error *err)
{
    smail_span left = smail__span(path);
    bool more = true;

    out->count = 0;
    while (more) {
        smail_span level;
        size_t before = left.len;
        int code;

        level = smail__span_cut(&left, '/');
        more = level.len < before; /* there was a '/', a level must follow */
        if (out->count == SMAIL_MAILBOX_DEPTH_MAX)
            return smail__fail(err, SMAIL_EINVAL,
                               "mailboxes nest at most %d deep",
                               SMAIL_MAILBOX_DEPTH_MAX);
        code = smail__mailbox_name_check(level, err);
        if (code < 0)
            return code;
        out->levels[out->count++] = level;
    }
    return 0;
}
