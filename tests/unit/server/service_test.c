/* SPDX-License-Identifier: MIT */
/* What a service manager says by variables, and hears by datagrams. */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "server/service.h"

static void set(const char *pid, const char *count, const char *names)
{
    char ours[32];

    snprintf(ours, sizeof(ours), "%ld", (long)getpid());
    setenv("LISTEN_PID", pid != NULL ? pid : ours, 1);
    setenv("LISTEN_FDS", count, 1);
    if (names != NULL)
        setenv("LISTEN_FDNAMES", names, 1);
    else
        unsetenv("LISTEN_FDNAMES");
}

static void without_a_manager_there_is_nothing(void **state)
{
    struct smail__service_sockets sockets;
    struct smail__service service;

    (void)state;
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("NOTIFY_SOCKET");
    assert_int_equal(smail__service_sockets(&sockets, NULL), 0);
    assert_int_equal(sockets.count, 0);
    smail__service_open(&service);
    smail__service_say(&service, "READY=1");
    assert_int_equal(service.watchdog, 0);
}

static void sockets_for_another_process(void **state)
{
    struct smail__service_sockets sockets;

    (void)state;
    set("1", "2", "smtp:lmtp");
    assert_int_equal(smail__service_sockets(&sockets, NULL), 0);
    assert_int_equal(sockets.count, 0);
    set("x", "2", NULL);
    assert_int_equal(smail__service_sockets(&sockets, NULL), 0);
    assert_int_equal(sockets.count, 0);
    set(NULL, "-1", NULL);
    assert_int_equal(smail__service_sockets(&sockets, NULL), 0);
    assert_int_equal(sockets.count, 0);
}

/* Descriptors 3 and 4 may be anybody's in a test: they are put back. */
static void sockets_and_their_names(void **state)
{
    struct smail__service_sockets sockets;
    int saved[2] = { fcntl(3, F_DUPFD_CLOEXEC, 20),
                     fcntl(4, F_DUPFD_CLOEXEC, 20) };
    int one = socket(AF_INET, SOCK_STREAM, 0);

    (void)state;
    assert_true(one >= 0);
    if (one != 3)
        assert_int_equal(dup2(one, 3), 3);
    assert_int_equal(dup2(3, 4), 4);
    set(NULL, "2", "smtp");
    assert_int_equal(smail__service_sockets(&sockets, NULL), 0);
    assert_int_equal(sockets.count, 2);
    assert_int_equal(sockets.items[0].fd, 3);
    assert_string_equal(sockets.items[0].name, "smtp");
    assert_int_equal(sockets.items[1].fd, 4);
    assert_string_equal(sockets.items[1].name, "");
    assert_int_equal(fcntl(3, F_GETFD), FD_CLOEXEC);
    assert_null(getenv("LISTEN_FDS"));
    assert_int_equal(smail__service_sockets(&sockets, NULL), 0);
    assert_int_equal(sockets.count, 0);

    close(4);
    set(NULL, "2", NULL);
    assert_int_equal(smail__service_sockets(&sockets, NULL), SMAIL_EINVAL);
    if (one != 3 && one != 4)
        close(one);
    close(3);
    for (int i = 0; i < 2; i++) {
        if (saved[i] >= 0) {
            dup2(saved[i], 3 + i);
            close(saved[i]);
        }
    }
}

static void so_many_sockets_and_no_more(void **state)
{
    struct smail__service_sockets sockets;

    (void)state;
    set(NULL, "33", NULL);
    assert_int_equal(smail__service_sockets(&sockets, NULL), SMAIL_ELIMIT);
    unsetenv("LISTEN_FDS");
}

static void hear(const char *address, const char *expected)
{
    struct sockaddr_un place = { .sun_family = AF_UNIX };
    struct smail__service service;
    char heard[256];
    ssize_t len;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    size_t size = strlen(address);

    memcpy(place.sun_path, address, size);
    if (address[0] == '@')
        place.sun_path[0] = '\0';
    assert_int_equal(
        bind(fd, (struct sockaddr *)&place,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)),
        0);
    setenv("NOTIFY_SOCKET", address, 1);
    smail__service_open(&service);
    smail__service_say(&service, expected);
    len = recv(fd, heard, sizeof(heard) - 1, 0);
    assert_true(len > 0);
    heard[len] = '\0';
    assert_string_equal(heard, expected);

    smail__service_say_reloading(&service);
    len = recv(fd, heard, sizeof(heard) - 1, 0);
    assert_true(len > 0);
    heard[len] = '\0';
    assert_memory_equal(heard, "RELOADING=1\nMONOTONIC_USEC=", 27);
    close(fd);
}

static void words_arrive(void **state)
{
    char path[64];

    (void)state;
    snprintf(path, sizeof(path), "/tmp/smtpmail-notify-%ld", (long)getpid());
    hear(path, "READY=1");
    unlink(path);
    snprintf(path, sizeof(path), "@smtpmail-notify-%ld", (long)getpid());
    hear(path, "STOPPING=1");
}

static void how_often_a_sign_of_life(void **state)
{
    static const struct {
        const char *microseconds, *pid;
        uint32_t milliseconds;
    } rows[] = {
        { "30000000", NULL, 15000 },
        { "30000000", "1", 0 },
        { "0", NULL, 0 },
        { "x", NULL, 0 },
        { "1", NULL, 1 },
        { "99999999999999", NULL, 3600000 },
    };
    struct smail__service service;

    (void)state;
    setenv("NOTIFY_SOCKET", "/run/notify", 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        setenv("WATCHDOG_USEC", rows[i].microseconds, 1);
        unsetenv("WATCHDOG_PID");
        if (rows[i].pid != NULL)
            setenv("WATCHDOG_PID", rows[i].pid, 1);
        smail__service_open(&service);
        assert_int_equal(service.watchdog, rows[i].milliseconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_manager_there_is_nothing),
        cmocka_unit_test(sockets_for_another_process),
        cmocka_unit_test(sockets_and_their_names),
        cmocka_unit_test(so_many_sockets_and_no_more),
        cmocka_unit_test(words_arrive),
        cmocka_unit_test(how_often_a_sign_of_life),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
