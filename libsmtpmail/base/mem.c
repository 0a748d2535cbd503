/* SPDX-License-Identifier: MIT */
/* base/mem.c - the default allocator, copies, and care with secrets. */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static void *resize(void *ptr, size_t size, void *user)
{
    (void)user;
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, size);
}

const smail_mem smail__mem_default = { resize, NULL };

void *smail__mem_resize(const smail_mem *mem, void *ptr, size_t size)
{
    if (mem == NULL)
        mem = &smail__mem_default;
    return mem->resize(ptr, size, mem->user);
}

void *smail__mem_alloc(const smail_mem *mem, size_t size)
{
    void *ptr = smail__mem_resize(mem, NULL, size);

    if (ptr != NULL)
        memset(ptr, 0, size);
    return ptr;
}

void smail__mem_free(const smail_mem *mem, void *ptr)
{
    if (ptr != NULL)
        (void)smail__mem_resize(mem, ptr, 0);
}

char *smail__spandup(smail_span span)
{
    char *copy = malloc(span.len + 1);

    if (copy == NULL)
        return NULL;
    if (span.len > 0)
        memcpy(copy, span.data, span.len);
    copy[span.len] = '\0';
    return copy;
}

char *smail__strdup(const char *text)
{
    return smail__spandup((smail_span){ text, strlen(text) });
}

void smail__wipe(void *secret, size_t len)
{
#if defined(__GNUC__)
    memset(secret, 0, len);
    __asm__ volatile("" : : "r"(secret) : "memory"); /* somebody looks */
#else
    volatile unsigned char *at = secret;

    while (len-- > 0)
        *at++ = 0;
#endif
}

bool smail__equal_secret(const void *a, const void *b, size_t len)
{
    const volatile unsigned char *x = a;
    const volatile unsigned char *y = b;
    unsigned char differ = 0;

    for (size_t i = 0; i < len; i++)
        differ |= (unsigned char)(x[i] ^ y[i]);
    return differ == 0;
}
