/* SPDX-License-Identifier: MIT */
/* base/mem.h - memory through a smail_mem, malloc by default. */
#ifndef SMAIL__BASE_MEM_H
#define SMAIL__BASE_MEM_H

#include <smtpmail/base.h>

/* malloc, realloc and free behind the smail_mem interface. */
extern const smail_mem smail__mem_default;

/* `mem` NULL stands for the default. alloc() returns zeroed memory. */
void *smail__mem_alloc(const smail_mem *mem, size_t size);
void *smail__mem_resize(const smail_mem *mem, void *ptr, size_t size);
void smail__mem_free(const smail_mem *mem, void *ptr);

/* A NUL-terminated copy from malloc; NULL when there is no memory. */
char *smail__strdup(const char *text);
char *smail__spandup(smail_span span);

/* Overwrite a secret in a way that the compiler may not drop. */
void smail__wipe(void *secret, size_t len);

/* Compare without telling by time where they differ. */
bool smail__equal_secret(const void *a, const void *b, size_t len);

#endif
