/* SPDX-License-Identifier: MIT */
/*
 * smtpmail/test_server.h - a mail server inside a test.
 *
 *    smail_test_server_open(&server, NULL, &err);
 *    send_a_mail_to("127.0.0.1", smail_test_server_port(server));
 *    smail_test_server_wait(&message, server, 5000);
 *    assert(memmem(message->content.data, message->content.len, ...));
 *    smail_test_server_close(server);
 *
 * It listens on loopback, on a port that the system chooses, takes every
 * message for anybody and keeps it in memory until it is asked for. Any number
 * of them run side by side. All calls are safe from any thread, but for
 * close(), which is the last one.
 */
#ifndef SMAIL_TEST_SERVER_H
#define SMAIL_TEST_SERVER_H

#include <smtpmail/error.h>
#include <smtpmail/server.h>

SMAIL_BEGIN_DECLS

typedef struct smail_test_server smail_test_server;

/** Zero in any field means the default. Start from the _INIT value. */
typedef struct smail_test_server_options {
    size_t size;               /**< Set by _INIT; how the struct may grow. */
    smail_listener_kind kind;  /**< Default: SMAIL_LISTENER_SMTP. Submission
                                   takes any password. */
    const char *certificate;   /**< PEM chain; NULL: no TLS. */
    const char *key;           /**< PEM. */
    uint64_t max_message_size; /**< Default 32 MiB. */
    size_t max_messages;       /**< Kept at a time, more are 452. Default
                                    10000. */
    size_t max_memory;         /**< Octets kept at a time, more are 452.
                                    Default 256 MiB. */
} smail_test_server_options;

#define SMAIL_TEST_SERVER_OPTIONS_INIT    \
    {                                     \
        sizeof(smail_test_server_options) \
    }

/**
 * A message and its envelope. It belongs to the server until close(), or
 * forget().
 */
typedef struct smail_test_message {
    size_t size;
    const char *sender;            /**< "alice@example.org"; "" for <>. */
    const char *const *recipients; /**< Ends with NULL. */
    size_t recipient_count;
    smail_span content; /**< As it was sent, CRLF line ends. Its
                                         data ends with a NUL. */
    const char *helo;   /**< What the client called itself. */
    bool is_secure;     /**< It came under TLS. */
    bool is_authenticated;
} smail_test_message;

/** Listens when it returns. `options` may be NULL. */
SMAIL_API int smail_test_server_open(smail_test_server **out,
                                     const smail_test_server_options *options,
                                     smail_error *err);

/** Of 127.0.0.1. */
SMAIL_API uint16_t smail_test_server_port(const smail_test_server *server);

/**
 * The next message that nobody has waited for yet, in the order they came:
 * at once, or when it comes. SMAIL_ETEMP when none has come in `timeout_ms`
 * milliseconds; 0 does not wait. Each is handed out once.
 */
SMAIL_API int smail_test_server_wait(const smail_test_message **out,
                                     smail_test_server *server,
                                     unsigned timeout_ms);

/** How many have come in all. */
SMAIL_API size_t smail_test_server_count(smail_test_server *server);

/**
 * To see how a program bears it: every RCPT from now on is refused with
 * `code`, 400 to 599, and `text`. 0: they are accepted again.
 */
SMAIL_API int smail_test_server_refuse(smail_test_server *server, int code,
                                       const char *text);

/** Free all that was handed out or waits. */
SMAIL_API void smail_test_server_forget(smail_test_server *server);

/** Frees the messages too. NULL is fine. */
SMAIL_API void smail_test_server_close(smail_test_server *server);

SMAIL_END_DECLS

#endif
