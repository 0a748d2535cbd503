/* SPDX-License-Identifier: MIT */
/* message/address.h - address lists that stand in no message yet. */
#ifndef SMAIL__MESSAGE_ADDRESS_H
#define SMAIL__MESSAGE_ADDRESS_H

#include <smtpmail/message.h>

/* As smail_message_addresses(), of a list by itself. */
int smail__addresses_read(smail_span list,
                          void (*each)(const smail_mailbox_address *address,
                                       void *user),
                          void *user);

/* Without controls, which would end the line that it stands in. */
bool smail__address_is_clean(smail_span address);

#endif
