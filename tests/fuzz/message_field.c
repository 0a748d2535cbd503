/* SPDX-License-Identifier: MIT */
/*
 * fuzz/message_field.c - any bytes as an address list, a parameter, encoded
 * words, a date. All text that comes out is UTF-8.
 */
#include <stdlib.h>

#include "base/span.h"
#include "base/utf8.h"
#include "message/address.h"
#include "message/header.h"
#include "message/parameter.h"
#include "message/word.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(smail_span text)
{
    if (!smail__utf8_valid(text))
        abort();
}

static void check_mailbox(const smail_mailbox_address *mailbox, void *user)
{
    (void)user;
    check(smail__span(mailbox->name));
    check(smail__span(mailbox->address));
    check(smail__span(mailbox->group));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    smail_span field = { (const char *)data, size };
    struct smail__buf text;
    int64_t date;

    smail__buf_init(&text, 1 << 20, NULL);
    smail__words_display(&text, field);
    check(smail__buf_span(&text));
    smail__buf_clear(&text);
    (void)smail__parameter_find(&text, field, "filename");
    check(smail__buf_span(&text));
    smail__buf_dispose(&text);
    (void)smail__header_date(&date, field);
    (void)smail__addresses_read(field, check_mailbox, NULL);
    return 0;
}
