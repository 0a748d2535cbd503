/* SPDX-License-Identifier: MIT */
/* config/listen.c - "KIND:ADDRESS:PORT". */
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "config/config.h"

static const char *const kinds[] = { "smtp", "submission", "submissions",
                                     "lmtp" };

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const char *smail__listen_kind_name(enum smail__listen_kind kind)
{
    return (size_t)kind < KINDS ? kinds[kind] : "?";
}

static bool is_address(smail_span text)
{
    smail_span port = text, host;
    uint64_t number;

    if (text.len >= SMAIL__CONFIG_ADDRESS_MAX)
        return false;
    if (text.len > 0 && text.data[0] == '[') {
        smail__span_cut(&port, ']');
        if (port.len == 0 || port.data[0] != ':')
            return false;
        port = smail__span_from(port, 1);
        host = smail__span_slice(text, 1, text.len - port.len - 3);
    } else {
        host = smail__span_cut(&port, ':');
    }
    return host.len > 0 && port.len > 0 &&
           smail__span_number(&number, port) == 0 && number <= 65535;
}

/* "unix:/run/smtpmail/lmtp" */
static bool is_path(smail_span text)
{
    return text.len < SMAIL__CONFIG_ADDRESS_MAX &&
           smail__span_istarts(text, "unix:/") &&
           smail__span_find(text, '\0') == text.len;
}

int smail__listen_add(struct smail__listens *listens, smail_span text,
                      smail_error *err)
{
    smail_span address = text;
    smail_span name = smail__span_cut(&address, ':');
    struct smail__listen *item;
    size_t kind = 0;

    while (kind < KINDS && !smail__span_is(name, kinds[kind]))
        kind++;
    if (kind == KINDS || (!is_address(address) &&
                          !(kind == SMAIL__LISTEN_LMTP && is_path(address))))
        return smail__fail(err, SMAIL_EINVAL,
                           "'%.*s' is not KIND:ADDRESS:PORT with KIND one of "
                           "smtp, submission, submissions, lmtp (as "
                           "smtp:0.0.0.0:25, smtp:[::]:25 or "
                           "lmtp:unix:/run/smtpmail/lmtp)",
                           (int)(text.len < 60 ? text.len : 60), text.data);
    if (listens->count == SMAIL__CONFIG_LISTEN_MAX)
        return smail__fail(err, SMAIL_ELIMIT, "more than %d addresses",
                           SMAIL__CONFIG_LISTEN_MAX);
    item = &listens->items[listens->count++];
    item->kind = (enum smail__listen_kind)kind;
    memcpy(item->address, address.data, address.len);
    item->address[address.len] = '\0';
    return 0;
}
