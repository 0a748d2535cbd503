/* SPDX-License-Identifier: MIT */
/*
 * What a process cannot do any more. Each test is a child that gives its
 * rights up and tries; what it ends with is the line that failed, or 0.
 */
/* clang-format off */
#define _GNU_SOURCE 1 /* chroot(), mknod() */
/* clang-format on */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/privilege.h"
#include "server/sandbox.h"

#define CHECK(condition)                          \
    do {                                          \
        if (!(condition))                         \
            _exit(line_of(__LINE__, #condition)); \
    } while (0)

/* 77 is "this kernel cannot". */
#define CANNOT 77

static int line_of(int line, const char *what)
{
    dprintf(2, "line %d: %s (%s)\n", line, what, strerror(errno));
    return 1;
}

static void in_child(void (*test)(const char *folder))
{
    char folder[] = "/tmp/smtpmail-sandbox-XXXXXX", path[128];
    pid_t child;
    int status = 0;

    assert_non_null(mkdtemp(folder));
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        test(folder);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    snprintf(path, sizeof(path), "%s/file", folder);
    unlink(path);
    snprintf(path, sizeof(path), "%s/moved", folder);
    unlink(path);
    rmdir(folder);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == CANNOT)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int open_in(const char *folder, const char *name, int flags)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return open(path, flags | O_CLOEXEC, 0600);
}

/* --- Paths ---------------------------------------------------------------- */

static void *try_passwd(void *arg)
{
    *(int *)arg = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    return NULL;
}

static void only_our_paths(const char *folder)
{
    struct smail__sandbox sandbox;
    int version = 0, fd, other = -2;
    pthread_t thread;
    char from[128], to[128];

    fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    close(fd);
    smail__sandbox_init(&sandbox);
    smail__sandbox_add(&sandbox, folder, true);
    CHECK(smail__sandbox_paths(&version, &sandbox, NULL) == 0);
    smail__sandbox_dispose(&sandbox);
    if (version == 0)
        _exit(CANNOT);

    fd = open_in(folder, "file", O_RDWR | O_CREAT);
    CHECK(fd >= 0);
    CHECK(write(fd, "text", 4) == 4);
    CHECK(ftruncate(fd, 2) == 0);
    close(fd);
    snprintf(from, sizeof(from), "%s/file", folder);
    snprintf(to, sizeof(to), "%s/moved", folder);
    CHECK(rename(from, to) == 0);
    CHECK(open("/dev/null", O_RDWR | O_CLOEXEC) >= 0);

    errno = 0;
    CHECK(open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
    CHECK(open("/tmp/smtpmail-not-ours", O_WRONLY | O_CREAT, 0600) < 0);
    CHECK(open("/usr/not-ours", O_WRONLY | O_CREAT, 0600) < 0);
    CHECK(mkdir("/tmp/smtpmail-not-ours", 0700) < 0);
    CHECK(execl("/bin/true", "true", (char *)NULL) < 0 && errno == EACCES);
    CHECK(pthread_create(&thread, NULL, try_passwd, &other) == 0);
    pthread_join(thread, NULL);
    CHECK(other == -1);
}

static void paths_that_are_not_ours_are_gone(void **state)
{
    (void)state;
    in_child(only_our_paths);
}

/* --- Calls ---------------------------------------------------------------- */

struct other_thread {
    sem_t go;
    int fork_result, socket_result;
};

static void *wait_then_try(void *arg)
{
    struct other_thread *other = arg;

    while (sem_wait(&other->go) != 0)
        ;
    other->fork_result = execl("/bin/true", "true", (char *)NULL);
    other->socket_result = socket(AF_NETLINK, SOCK_RAW, 0);
    return NULL;
}

static void only_few_calls(const char *folder)
{
    struct other_thread other = { .fork_result = 0 };
    bool is_on = false;
    pthread_t thread;
    int fd;

    /* This one is there before, and is to be covered all the same. */
    CHECK(sem_init(&other.go, 0, 0) == 0);
    CHECK(pthread_create(&thread, NULL, wait_then_try, &other) == 0);
    CHECK(smail__sandbox_calls(&is_on, NULL) == 0);
    if (!is_on)
        _exit(CANNOT);
    sem_post(&other.go);
    pthread_join(thread, NULL);
    CHECK(other.fork_result == -1);
    CHECK(other.socket_result == -1);

    /* What a server does still works. */
    fd = open_in(folder, "file", O_RDWR | O_CREAT);
    CHECK(fd >= 0);
    CHECK(pwrite(fd, "text", 4, 0) == 4 && fsync(fd) == 0);
    CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED);
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    close(fd);
    sem_init(&other.go, 0, 1);
    CHECK(pthread_create(&thread, NULL, wait_then_try, &other) == 0);
    pthread_join(thread, NULL);
    CHECK(other.fork_result == -1);

    /* And what it does not do does not. */
    CHECK(execl("/bin/true", "true", (char *)NULL) < 0 && errno == EPERM);
    CHECK(setuid(0) < 0 && errno == EPERM);
    CHECK(chroot("/") < 0 && errno == EPERM);
    CHECK(socket(AF_PACKET, SOCK_RAW, 0) < 0);
    CHECK(mknod("/tmp/smtpmail-not-ours", S_IFIFO | 0600, 0) < 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    CHECK(fork() < 0);
    CHECK(kill(getppid(), 0) < 0 && errno == EPERM);
#endif
}

static void calls_that_a_server_does_not_need_fail(void **state)
{
    (void)state;
    in_child(only_few_calls);
}

/* --- Rights --------------------------------------------------------------- */

static void become_nobody(const char *folder)
{
    struct smail__privilege privilege;
    smail_error err = SMAIL_ERROR_INIT;
    gid_t groups[64];
    char line[256];
    FILE *status;
    int seen = 0;

    (void)folder;
    if (geteuid() != 0)
        _exit(CANNOT);
    CHECK(smail__privilege_drop(&privilege, "nobody", NULL, &err) == 0);
    CHECK(privilege.is_changed && !privilege.is_root);
    CHECK(getuid() != 0 && geteuid() != 0 && getgid() != 0);
    CHECK(setuid(0) < 0 && setgid(0) < 0);
    for (int i = getgroups(64, groups); i > 0; i--)
        CHECK(groups[i - 1] != 0);
    status = fopen("/proc/self/status", "r");
    CHECK(status != NULL);
    while (fgets(line, sizeof(line), status) != NULL) {
        if (strncmp(line, "Cap", 3) == 0) {
            CHECK(strstr(line, "\t0000000000000000") != NULL);
            seen++;
        }
        if (strncmp(line, "NoNewPrivs:", 11) == 0)
            CHECK(line[12] == '1');
    }
    fclose(status);
    CHECK(seen == 5);
}

static void root_becomes_somebody_with_no_rights(void **state)
{
    (void)state;
    in_child(become_nobody);
}

static void stay_root(const char *folder)
{
    struct smail__privilege privilege;
    int fd;

    if (geteuid() != 0)
        _exit(CANNOT);
    CHECK(smail__privilege_drop(&privilege, NULL, NULL, NULL) == 0);
    CHECK(privilege.is_root && !privilege.is_changed);
    CHECK(chroot("/") < 0 && errno == EPERM);
    fd = open_in(folder, "file", O_RDWR | O_CREAT);
    CHECK(fd >= 0 && chown(folder, 0, 0) == 0);
}

static void root_that_stays_root_has_few(void **state)
{
    (void)state;
    in_child(stay_root);
}

static void users_that_cannot_be(const char *folder)
{
    struct smail__privilege privilege;
    smail_error err = SMAIL_ERROR_INIT;

    (void)folder;
    CHECK(smail__privilege_drop(&privilege, "no-such-user", NULL, &err) ==
          SMAIL_ENOTFOUND);
    CHECK(strstr(err.message, "no-such-user") != NULL);
    CHECK(smail__privilege_drop(&privilege, NULL, "nogroup", &err) ==
          SMAIL_EINVAL);
    CHECK(smail__privilege_drop(&privilege, "nobody", "no-such-group", &err) ==
          SMAIL_ENOTFOUND);
    if (geteuid() == 0)
        CHECK(smail__privilege_drop(&privilege, "nobody", NULL, &err) == 0);
    /* Twice is once. */
    CHECK(geteuid() != 0 ||
          smail__privilege_drop(&privilege, "nobody", NULL, &err) == 0);
    CHECK(smail__privilege_drop(&privilege, "root", NULL, &err) ==
          SMAIL_EINVAL);
}

static void who_is_not_there_or_not_ours_to_be(void **state)
{
    (void)state;
    in_child(users_that_cannot_be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_that_are_not_ours_are_gone),
        cmocka_unit_test(calls_that_a_server_does_not_need_fail),
        cmocka_unit_test(root_becomes_somebody_with_no_rights),
        cmocka_unit_test(root_that_stays_root_has_few),
        cmocka_unit_test(who_is_not_there_or_not_ours_to_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
