/* SPDX-License-Identifier: MIT */
/* delivery/envelope.c - see delivery/envelope.h. */
#include "delivery/envelope.h"

#include "base/span.h"
#include "message/address.h"
#include "message/header.h"

/* Of one message: 1000 recipients fit many times. */
#define TEXT_MAX ((size_t)1024 * 1024)

void smail__addresses_init(struct smail__addresses *addresses)
{
    smail__buf_init(&addresses->text, TEXT_MAX, NULL);
    addresses->count = 0;
}

void smail__addresses_dispose(struct smail__addresses *addresses)
{
    smail__buf_dispose(&addresses->text);
}

void smail__addresses_add(struct smail__addresses *addresses,
                          smail_span address)
{
    smail_span left = smail__buf_span(&addresses->text);

    while (left.len > 0)
        if (smail__span_iequal(smail__span_cut(&left, '\n'), address))
            return;
    if (smail__span_find(address, '\n') < address.len)
        return; /* no address has one */
    smail__buf_append(&addresses->text, address);
    smail__buf_putc(&addresses->text, '\n');
    addresses->count++;
}

static void add(const smail_mailbox_address *address, void *user)
{
    if (address->address[0] != '\0')
        smail__addresses_add(user, smail__span(address->address));
}

void smail__addresses_collect(struct smail__addresses *addresses,
                              smail_span header, const char *name)
{
    smail_span value;

    for (size_t i = 0; smail__header_find(&value, header, name, i); i++)
        (void)smail__addresses_read(value, add, addresses);
}
