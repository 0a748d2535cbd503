/* SPDX-License-Identifier: MIT */
/* crypto/random.c - getentropy(3) is not in C11; getrandom(2) is Linux's. */
#define _GNU_SOURCE
#include "crypto/random.h"

#include <errno.h>

#include <sys/random.h>

#include "base/error.h"

int smail__random(void *out, size_t len, smail_error *err)
{
    unsigned char *at = out;

    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return smail__fail_os(err, SMAIL_EIO, errno,
                                  "the system gave no random numbers");
        at += got;
        len -= (size_t)got;
    }
    return 0;
}
