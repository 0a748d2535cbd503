/* SPDX-License-Identifier: MIT */
/*
 * test_server.c - a test of a program that sends mail.
 *
 * The server listens on a port of its own, takes everything, and hands it to
 * the test. What is tested here is welcome(): put yours in its place.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <smtpmail/test_server.h>

/* Sends a letter of welcome by way of the server at `port`. */
static int welcome(const char *whom, uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    char line[512];

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        return -1;
    dprintf(fd,
            "HELO shop.example\r\nMAIL FROM:<shop@example.org>\r\n"
            "RCPT TO:<%s>\r\nDATA\r\n"
            "Subject: Welcome\r\n\r\nGood to have you here.\r\n.\r\nQUIT\r\n",
            whom);
    while (read(fd, line, sizeof(line)) > 0) /* until it hangs up */
        ;
    return close(fd);
}

static int check(const smail_test_message *message)
{
    if (message->recipient_count != 1 ||
        strcmp(message->recipients[0], "alice@example.com") != 0)
        return printf("it went to somebody else\n");
    if (strstr(message->content.data, "Subject: Welcome\r\n") == NULL)
        return printf("it has another subject: %s\n", message->content.data);
    return 0;
}

int main(void)
{
    const smail_test_message *message;
    smail_test_server *server;
    smail_error err;
    int faults;

    if (smail_test_server_open(&server, NULL, &err) != 0)
        return printf("%s\n", err.message);
    if (welcome("alice@example.com", smail_test_server_port(server)) != 0 ||
        smail_test_server_wait(&message, server, 5000) != 0)
        faults = printf("no mail has come\n");
    else
        faults = check(message);
    smail_test_server_close(server);
    return faults == 0 ? 0 : 1;
}
