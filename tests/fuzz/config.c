/* SPDX-License-Identifier: MIT */
/* fuzz/config.c - any bytes as the config: a value for all, or a clear no. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <unistd.h>

#include "base/format.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("config", MFD_CLOEXEC);
    struct smail__config config;
    smail_error err = SMAIL_ERROR_INIT;
    char path[40];
    int rc;

    if (fd < 0 || (size > 0 && write(fd, data, size) < 0))
        return 0;
    smail__format(path, sizeof(path), "/proc/self/fd/%d", fd);
    rc = smail__config_load(&config, path, true, &err);
    close(fd);
    if (rc != 0 && (rc != SMAIL_EINVAL || err.message[0] == '\0'))
        abort();
    if (rc == 0 && (config.hostname == NULL || config.exempt == NULL ||
                    config.message_size == 0 || config.idle_timeout == 0 ||
                    config.listens.count > SMAIL__CONFIG_LISTEN_MAX))
        abort();
    if (rc == 0)
        smail__config_dispose(&config);
    return 0;
}
