/* SPDX-License-Identifier: MIT */
/* memory.h - an allocator that counts, and fails when it is told to. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdlib.h>

#include <smtpmail/base.h>

struct meter {
    long live;    /* blocks not yet given back */
    long calls;   /* allocations so far */
    long fail_at; /* this one fails; 0: none does */
    size_t asked; /* octets asked for, all in all */
};

static inline void *meter_resize(void *ptr, size_t size, void *user)
{
    struct meter *meter = user;
    void *block;

    if (size == 0) {
        meter->live -= ptr != NULL;
        free(ptr);
        return NULL;
    }
    if (++meter->calls == meter->fail_at)
        return NULL;
    meter->asked += size;
    block = realloc(ptr, size);
    meter->live += ptr == NULL && block != NULL;
    return block;
}

static inline smail_mem meter_mem(struct meter *meter)
{
    return (smail_mem){ meter_resize, meter };
}

#endif
