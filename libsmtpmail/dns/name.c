/* SPDX-License-Identifier: MIT */
/* dns/name.c - names between text and wire. */
#include "dns/name.h"

#include <string.h>

#include "base/format.h"
#include "base/span.h"

static bool is_plain(unsigned char byte)
{
    return smail__is_alnum((char)byte) || byte == '-' || byte == '_' ||
           byte == '*' || byte == '/';
}

/* One octet of a label, escapes undone; false for a bad escape. */
static bool take_octet(unsigned char *out, smail_span *text)
{
    smail_span digits;
    uint64_t number = 0;

    *out = (unsigned char)text->data[0];
    *text = smail__span_from(*text, 1);
    if (*out != '\\')
        return true;
    if (text->len == 0)
        return false;
    if (!smail__is_digit(text->data[0])) {
        *out = (unsigned char)text->data[0];
        *text = smail__span_from(*text, 1);
        return true;
    }
    digits = smail__span_slice(*text, 0, 3);
    if (digits.len < 3 || smail__span_number(&number, digits) != 0 ||
        number > 255)
        return false;
    *out = (unsigned char)number;
    *text = smail__span_from(*text, 3);
    return true;
}

int smail__dns_name_to_wire(unsigned char out[SMAIL__DNS_WIRE_MAX], size_t *len,
                            smail_span text)
{
    size_t at = 0, label = 0; /* where its length stands */

    if (smail__span_is(text, "."))
        text.len = 0;
    out[0] = 0;
    while (text.len > 0) {
        unsigned char octet;
        bool is_dot = text.data[0] == '.';

        if (!take_octet(&octet, &text))
            return SMAIL_EMALFORMED;
        if (is_dot) {
            if (out[label] == 0)
                return SMAIL_EMALFORMED;
            if (text.len == 0)
                break;
            label = ++at;
            if (at >= SMAIL__DNS_WIRE_MAX)
                return SMAIL_ELIMIT;
            out[label] = 0;
            continue;
        }
        /* The root's own octet comes behind the last label. */
        if (out[label] == SMAIL__DNS_LABEL_MAX ||
            ++at >= SMAIL__DNS_WIRE_MAX - 1)
            return SMAIL_ELIMIT;
        out[label]++;
        out[at] = (unsigned char)smail__lower((char)octet);
    }
    if (out[label] == 0 && label > 0)
        return SMAIL_EMALFORMED;
    if (out[label] > 0)
        out[++at] = 0;
    *len = at + 1;
    return 0;
}

int smail__dns_name_from_wire(char out[SMAIL__DNS_NAME_ROOM], size_t *len,
                              smail_span wire)
{
    size_t at = 0, text = 0;

    while (at < wire.len && at < SMAIL__DNS_WIRE_MAX) {
        size_t label = (unsigned char)wire.data[at++];

        if (label == 0) {
            out[text] = '\0';
            *len = at;
            return 0;
        }
        if (label > SMAIL__DNS_LABEL_MAX || label > wire.len - at ||
            at + label >= SMAIL__DNS_WIRE_MAX)
            return SMAIL_EMALFORMED;
        if (text > 0)
            out[text++] = '.';
        for (; label > 0; label--, at++) {
            unsigned char octet = (unsigned char)wire.data[at];

            if (is_plain(octet))
                out[text++] = smail__lower((char)octet);
            else
                text += smail__format(out + text, 5, "\\%03u", octet);
        }
    }
    return SMAIL_EMALFORMED;
}

int smail__dns_name(char out[SMAIL__DNS_NAME_ROOM], smail_span text)
{
    unsigned char wire[SMAIL__DNS_WIRE_MAX];
    size_t len = 0;
    int rc = smail__dns_name_to_wire(wire, &len, text);

    if (rc != 0)
        return rc;
    return smail__dns_name_from_wire(out, &len,
                                     (smail_span){ (const char *)wire, len });
}

bool smail__dns_name_equal(smail_span a, smail_span b)
{
    unsigned char wire_a[SMAIL__DNS_WIRE_MAX], wire_b[SMAIL__DNS_WIRE_MAX];
    size_t len_a = 0, len_b = 0;

    return smail__dns_name_to_wire(wire_a, &len_a, a) == 0 &&
           smail__dns_name_to_wire(wire_b, &len_b, b) == 0 && len_a == len_b &&
           memcmp(wire_a, wire_b, len_a) == 0;
}

int smail__dns_reverse(char out[SMAIL__DNS_NAME_ROOM],
                       const unsigned char *address, bool is_ipv6,
                       const char *zone)
{
    char text[SMAIL__DNS_NAME_ROOM + 80];
    size_t at = 0;

    if (zone[0] == '\0')
        zone = is_ipv6 ? "ip6.arpa" : "in-addr.arpa";
    if (strlen(zone) >= SMAIL__DNS_NAME_ROOM)
        return SMAIL_ELIMIT;
    for (int i = is_ipv6 ? 15 : 3; i >= 0; i--) {
        if (is_ipv6)
            at += smail__format(text + at, sizeof(text) - at, "%x.%x.",
                                address[i] & 15u, address[i] >> 4);
        else
            at += smail__format(text + at, sizeof(text) - at, "%u.",
                                (unsigned)address[i]);
    }
    smail__format(text + at, sizeof(text) - at, "%s", zone);
    return smail__dns_name(out, smail__span(text));
}
