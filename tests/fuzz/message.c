/* SPDX-License-Identifier: MIT */
/* Whole messages: structure, fields, addresses, decoders, previews. */
#include <stddef.h>
#include <stdint.h>

#include <smtpmail/message.h>

#include "message/header.h"
#include "message/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ignore(const smail_mailbox_address *address, void *user)
{
    (void)address;
    (void)user;
}

static void read_parts(const smail_message *message)
{
    for (size_t i = 0; i < smail_message_part_count(message); i++) {
        smail_buf text = SMAIL_BUF_INIT;
        smail_message *inner;

        if (smail_message_text(&text, message, i, NULL) == 0)
            smail_buf_dispose(&text);
        if (smail_message_embedded(&inner, message, i, NULL) == 0)
            smail_message_free(inner);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    smail_span raw = { (const char *)data, size };
    struct smail__summary summary;
    struct smail__index index;
    smail_message *message;

    smail__summary_read(&summary, raw);
    if (smail_message_parse(&message, raw, NULL) != 0)
        return 0;
    (void)smail_message_addresses(message, "From", ignore, NULL);
    (void)smail_message_addresses(message, "To", ignore, NULL);
    read_parts(message);
    smail_message_free(message);
    if (smail__index_make(&index, raw, NULL) == 0)
        smail__index_dispose(&index);
    return 0;
}
