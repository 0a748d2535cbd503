/* SPDX-License-Identifier: MIT */
/* verify/ip.c - see the header. */
#include "verify/ip.h"

#include <arpa/inet.h>
#include <string.h>

#include "dns/record.h"

static const unsigned char mapped[12] = { 0, 0, 0, 0, 0,    0,
                                          0, 0, 0, 0, 0xff, 0xff };

static size_t length_of(const struct smail__ip *ip)
{
    return ip->is_ipv6 ? 16 : 4;
}

int smail__ip_parse(struct smail__ip *out, smail_span text)
{
    char copy[SMAIL__IP_TEXT];

    if (text.len == 0 || text.len >= sizeof(copy))
        return SMAIL_EMALFORMED;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    *out = (struct smail__ip){ .is_ipv6 = memchr(copy, ':', text.len) != NULL };
    return inet_pton(out->is_ipv6 ? AF_INET6 : AF_INET, copy, out->octets) == 1
               ? 0
               : SMAIL_EMALFORMED;
}

void smail__ip_unmap(struct smail__ip *ip)
{
    if (!ip->is_ipv6 || memcmp(ip->octets, mapped, sizeof(mapped)) != 0)
        return;
    ip->is_ipv6 = false;
    memmove(ip->octets, ip->octets + sizeof(mapped), 4);
}

void smail__ip_text(char out[SMAIL__IP_TEXT], const struct smail__ip *ip)
{
    if (inet_ntop(ip->is_ipv6 ? AF_INET6 : AF_INET, ip->octets, out,
                  SMAIL__IP_TEXT) == NULL)
        out[0] = '\0';
}

int smail__ip_read(struct smail__ip *out, smail_span record)
{
    *out = (struct smail__ip){ .is_ipv6 = false };
    return smail__dns_read_address(out->octets, &out->is_ipv6, record);
}

bool smail__ip_equal(const struct smail__ip *a, const struct smail__ip *b)
{
    return a->is_ipv6 == b->is_ipv6 &&
           memcmp(a->octets, b->octets, length_of(a)) == 0;
}

bool smail__ip_within(const struct smail__ip *ip,
                      const struct smail__ip *network, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    if (ip->is_ipv6 != network->is_ipv6 || bits > length_of(ip) * 8 ||
        memcmp(ip->octets, network->octets, whole) != 0)
        return false;
    return rest == 0 ||
           ((ip->octets[whole] ^ network->octets[whole]) >> (8 - rest)) == 0;
}

/* IPv4 that an IPv6 address stands for: mapped, by NAT64 (RFC 6052, 2.1), by
 * 6to4 (RFC 3056, 2). */
static bool unwrap(struct smail__ip *out, const struct smail__ip *ip)
{
    static const unsigned char nat64[12] = { 0, 0x64, 0xff, 0x9b };
    const unsigned char *octets = ip->octets;
    size_t at = 12;

    if (!ip->is_ipv6)
        return false;
    if (octets[0] == 0x20 && octets[1] == 0x02)
        at = 2;
    else if (memcmp(octets, mapped, sizeof(mapped)) != 0 &&
             memcmp(octets, nat64, sizeof(nat64)) != 0)
        return false;
    *out = (struct smail__ip){ .is_ipv6 = false };
    memcpy(out->octets, octets + at, 4);
    return true;
}

bool smail__ip_is_private(const struct smail__ip *ip)
{
    static const struct {
        struct smail__ip network;
        unsigned bits;
    } networks[] = {
        { { false, { 0 } }, 8 },
        { { false, { 10 } }, 8 },
        { { false, { 100, 64 } }, 10 },
        { { false, { 127 } }, 8 },
        { { false, { 169, 254 } }, 16 },
        { { false, { 172, 16 } }, 12 },
        { { false, { 192, 0, 0 } }, 24 },
        { { false, { 192, 168 } }, 16 },
        { { false, { 198, 18 } }, 15 },
        { { false, { 224 } }, 4 },
        { { false, { 240 } }, 4 },
        { { true, { 0 } }, 96 }, /* ::, ::1, ::a.b.c.d */
        { { true, { 0xfc } }, 7 },
        { { true, { 0xfe, 0x80 } }, 10 },
        { { true, { 0xfe, 0xc0 } }, 10 },
        { { true, { 0xff } }, 8 },
    };
    struct smail__ip inner;

    if (unwrap(&inner, ip))
        ip = &inner;
    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
        if (smail__ip_within(ip, &networks[i].network, networks[i].bits))
            return true;
    }
    return false;
}
