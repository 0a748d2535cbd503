/* SPDX-License-Identifier: MIT */
/*
 * server/landlock.c - which paths there are, for this process.
 *
 * The calls are made by number, and the constants that a newer kernel brought
 * are written out: what counts is the kernel that it runs on.
 */
/* clang-format off */
#define _GNU_SOURCE 1 /* O_PATH, syscall(), realpath() */
/* clang-format on */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "base/error.h"
#include "base/mem.h"
#include "server/sandbox.h"

/* Read by libraries, of which some are only loaded when a message needs them;
 * none of it is ours, or secret. */
static const char *const common[] = {
    "/usr",
    "/lib",
    "/lib64",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/ssl",
    "/etc/pki",
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/nsswitch.conf",
    "/etc/services",
    "/dev/urandom",
    "/run/systemd/resolve",
};

void smail__sandbox_init(struct smail__sandbox *sandbox)
{
    memset(sandbox, 0, sizeof(*sandbox));
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        smail__sandbox_add(sandbox, common[i], false);
    smail__sandbox_add(sandbox, "/dev/null", true);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    smail__sandbox_add(sandbox, "/proc", true);
#endif
}

void smail__sandbox_dispose(struct smail__sandbox *sandbox)
{
    for (size_t i = 0; i < sandbox->count; i++)
        free(sandbox->paths[i].path);
    sandbox->count = 0;
}

void smail__sandbox_add(struct smail__sandbox *sandbox, const char *path,
                        bool may_write)
{
    struct smail__sandbox_path *item = &sandbox->paths[sandbox->count];

    if (path == NULL || path[0] == '\0' || sandbox->error != 0)
        return;
    if (sandbox->count == SMAIL__SANDBOX_PATHS_MAX) {
        sandbox->error = SMAIL_ELIMIT;
        return;
    }
    item->path = smail__strdup(path);
    item->may_write = may_write;
    if (item->path == NULL)
        sandbox->error = SMAIL_ENOMEM;
    else
        sandbox->count++;
}

static void add_folder(struct smail__sandbox *sandbox, char *path,
                       bool may_write)
{
    char *slash = strrchr(path, '/');

    if (slash == NULL) {
        smail__sandbox_add(sandbox, ".", may_write);
        return;
    }
    slash[slash == path ? 1 : 0] = '\0';
    smail__sandbox_add(sandbox, path, may_write);
}

void smail__sandbox_add_folder_of(struct smail__sandbox *sandbox,
                                  const char *path, bool may_write)
{
    char *copy, *real;

    if (path == NULL || path[0] == '\0')
        return;
    copy = smail__strdup(path);
    real = realpath(path, NULL);
    if (copy != NULL)
        add_folder(sandbox, copy, may_write);
    if (real != NULL)
        add_folder(sandbox, real, may_write);
    free(copy);
    free(real);
}

#ifdef __linux__

/* By the version that brought them. */
#define FS_REFER (UINT64_C(1) << 13)     /* 2 */
#define FS_TRUNCATE (UINT64_C(1) << 14)  /* 3 */
#define FS_IOCTL_DEV (UINT64_C(1) << 15) /* 5 */
#define SCOPE_SIGNAL (UINT64_C(1) << 1)  /* 6 */
#define FS_FIRST ((UINT64_C(1) << 13) - 1)

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE                                                        \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |  \
     LANDLOCK_ACCESS_FS_MAKE_REG | FS_REFER | FS_TRUNCATE)
/* Of those, what there is for a file that is no folder. */
#define OF_FILE                                                     \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
     FS_TRUNCATE | FS_IOCTL_DEV)

struct ruleset {
    uint64_t fs, net, scoped;
};

static uint64_t handled(int version)
{
    uint64_t access = FS_FIRST;

    if (version >= 2)
        access |= FS_REFER;
    if (version >= 3)
        access |= FS_TRUNCATE;
    if (version >= 5)
        access |= FS_IOCTL_DEV;
    return access;
}

static int failed(smail_error *err, const char *what)
{
    char reason[128] = "";
    int os = errno;

    return smail__fail_os(err, SMAIL_EIO, os, "sandbox: %s: %s", what,
                          strerror_r(os, reason, sizeof(reason)));
}

static int allow(int ruleset, const struct smail__sandbox_path *item,
                 uint64_t known, smail_error *err)
{
    struct landlock_path_beneath_attr rule = { 0 };
    struct stat about;
    int rc = 0;

    rule.parent_fd = open(item->path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return 0; /* what is not there needs no permission */
    rule.allowed_access = (item->may_write ? READ | WRITE : READ) & known;
    if (fstat(rule.parent_fd, &about) == 0 && !S_ISDIR(about.st_mode))
        rule.allowed_access &= OF_FILE;
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
                &rule, 0) != 0)
        rc = failed(err, item->path);
    close(rule.parent_fd);
    return rc;
}

int smail__sandbox_paths(int *version, const struct smail__sandbox *sandbox,
                         smail_error *err)
{
    struct ruleset attr = { 0 };
    size_t size = sizeof(attr.fs);
    int ruleset, rc = 0;
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
                       LANDLOCK_CREATE_RULESET_VERSION);

    *version = abi > 0 ? (int)abi : 0;
    if (sandbox->error != 0)
        return smail__fail(err, sandbox->error, "sandbox: too many paths");
    if (abi <= 0)
        return 0;
    attr.fs = handled(*version);
    if (*version >= 6) {
        attr.scoped = SCOPE_SIGNAL;
        size = sizeof(attr);
    }
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
    if (ruleset < 0)
        return failed(err, "Landlock");
    for (size_t i = 0; i < sandbox->count && rc == 0; i++)
        rc = allow(ruleset, &sandbox->paths[i], attr.fs, err);
    if (rc == 0 && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
                    syscall(SYS_landlock_restrict_self, ruleset, 0) != 0))
        rc = failed(err, "Landlock");
    close(ruleset);
    return rc;
}

#else

int smail__sandbox_paths(int *version, const struct smail__sandbox *sandbox,
                         smail_error *err)
{
    (void)sandbox;
    (void)err;
    *version = 0;
    return 0;
}

#endif
