/* SPDX-License-Identifier: MIT */
/*
 * smtpmail/smtp_client.h - one SMTP session, client side, without the I/O.
 *
 * The mirror of smtp_server.h, and in the tests its sparring partner: the
 * output of one is the input of the other.
 *
 * You feed it what the server said and send what is in its output; it greets,
 * asks for TLS, and tells when it is READY.  Then one of send(), auth() and
 * quit() is next:
 *
 *    READY -> send()  -> RECIPIENT ... SEND_BODY, body() ..., body_end(), DONE
 *          -> auth()  -> CHALLENGE, respond() ..., AUTH_DONE
 *          -> quit()  -> CLOSE
 *
 * and after DONE and AUTH_DONE it is READY again.  What the server refuses is
 * no error: the event carries its reply.  A transaction that ends in CLOSE
 * without DONE is not settled: the server may or may not have the mail if all
 * of it was sent, and does not have it otherwise.
 *
 * Commands are pipelined where the server offers that (RFC 2920).
 */
#ifndef SMAIL_SMTP_CLIENT_H
#define SMAIL_SMTP_CLIENT_H

#include <smtpmail/address.h>
#include <smtpmail/base.h>
#include <smtpmail/smtp_server.h>

SMAIL_BEGIN_DECLS

typedef struct smail_smtp_client smail_smtp_client;

/** What to do about STARTTLS (RFC 3207). */
typedef enum smail_smtp_tls_use {
    SMAIL_SMTP_TLS_NEVER,
    SMAIL_SMTP_TLS_IF_OFFERED, /**< Go on in the clear if it is refused. */
    SMAIL_SMTP_TLS_REQUIRED    /**< CLOSE if it cannot be had. */
} smail_smtp_tls_use;

/** Zero in any field means the default. Start from the _INIT value. */
typedef struct smail_smtp_client_options {
    size_t size;                  /**< Set by _INIT; how the struct may grow. */
    const smail_mem *mem;         /**< Kept. NULL means malloc. */
    const char *hostname;         /**< What EHLO says; required. */
    smail_smtp_protocol protocol; /**< LMTP: LHLO, a reply per recipient. */
    smail_smtp_tls_use tls;       /**< Default: never. */
    bool no_pipelining;           /**< One command at a time, whatever is
                                       offered. */
    uint32_t max_reply_lines;     /**< In one reply. Default 128. */
    uint32_t max_reply_octets;    /**< In one reply. Default 65536. */
} smail_smtp_client_options;

#define SMAIL_SMTP_CLIENT_OPTIONS_INIT    \
    {                                     \
        sizeof(smail_smtp_client_options) \
    }

/**
 * What the server said (RFC 5321, 4.2): `code` 550, `status` "5.1.1" or empty
 * (RFC 3463), `text` its own words, lines parted by '\n', long ones cut off.
 * The words are a stranger's, but clean: UTF-8 without controls, a '?' for
 * each octet that was something else.
 */
typedef struct smail_smtp_reply {
    int code;
    smail_span status;
    smail_span text;
} smail_smtp_reply;

typedef enum smail_smtp_client_event_type {
    SMAIL_SMTP_CLIENT_NEED_INPUT, /**< All input is used up. */
    SMAIL_SMTP_CLIENT_WAIT,       /**< Nothing used: yours is the next move. */
    SMAIL_SMTP_CLIENT_READY,      /**< Idle: send(), auth() or quit(). */
    SMAIL_SMTP_CLIENT_CHALLENGE,  /**< `challenge`: respond() or cancel(). */
    SMAIL_SMTP_CLIENT_AUTH_DONE,  /**< `reply` settles auth(): 235 is yes. */
    SMAIL_SMTP_CLIENT_RECIPIENT,  /**< `reply` to RCPT of `recipient`. */
    SMAIL_SMTP_CLIENT_SEND_BODY,  /**< Call body(), at last body_end(). */
    SMAIL_SMTP_CLIENT_SETTLED,    /**< LMTP: `reply` settles `recipient`. */
    SMAIL_SMTP_CLIENT_DONE,       /**< `reply` settles the transaction. Any
                                       other than 2yz: nothing was taken. In
                                       LMTP SETTLED says what was. */
    SMAIL_SMTP_CLIENT_STARTTLS,   /**< Flush, shake hands, secured(). */
    SMAIL_SMTP_CLIENT_CLOSE       /**< Flush and hang up; see `reason`. */
} smail_smtp_client_event_type;

typedef enum smail_smtp_close_reason {
    SMAIL_SMTP_CLOSE_QUIT,      /**< quit() was answered. */
    SMAIL_SMTP_CLOSE_REFUSED,   /**< The server ends it, as `reply` says. */
    SMAIL_SMTP_CLOSE_NO_TLS,    /**< TLS is required and cannot be had. */
    SMAIL_SMTP_CLOSE_NONSENSE,  /**< What the server says is not SMTP. If it
                                     was no reply, the front of it is in the
                                     text of `reply`, whose code is 0. */
    SMAIL_SMTP_CLOSE_ENDLESS,   /**< A reply went over max_reply_lines or
                                     max_reply_octets; as above. */
    SMAIL_SMTP_CLOSE_CONTENT,   /**< body() was given what cannot be sent. */
    SMAIL_SMTP_CLOSE_ABANDONED, /**< abandon() was called. */
    SMAIL_SMTP_CLOSE_NOMEM      /**< There was no memory. */
} smail_smtp_close_reason;

/**
 * What the server offers (RFC 5321, 4.1.1.1): all of it as its last EHLO or
 * LHLO said, nothing after HELO or before. Owned by the session, good until it
 * greets again, that is, until secured() or feed() after STARTTLS.
 */
typedef struct smail_smtp_offer {
    bool extended;               /**< EHLO or LHLO was understood. */
    bool pipelining;             /**< RFC 2920. */
    bool enhanced_codes;         /**< ENHANCEDSTATUSCODES, RFC 2034. */
    bool starttls;               /**< RFC 3207. */
    bool auth;                   /**< RFC 4954; see `mechanisms`. */
    bool size;                   /**< RFC 1870; see `max_size`. */
    bool eight_bit;              /**< 8BITMIME, RFC 6152. */
    bool chunking;               /**< RFC 3030, 2. */
    bool binary;                 /**< BINARYMIME, RFC 3030, 3. */
    bool dsn;                    /**< RFC 3461. */
    bool utf8;                   /**< SMTPUTF8, RFC 6531. */
    bool requiretls;             /**< RFC 8689. */
    bool future_release;         /**< RFC 4865; see `max_hold`. */
    bool deliver_by;             /**< RFC 2852; see `min_by`. */
    bool priority;               /**< MT-PRIORITY, RFC 6710. */
    bool limits;                 /**< RFC 9422; see `max_mails`. */
    bool xclient;                /**< See `xclient_attributes`. */
    uint64_t max_size;           /**< Of a message; 0: no maximum is named. */
    smail_span mechanisms;       /**< Upper case, parted by spaces. */
    uint64_t max_hold;           /**< Seconds of HOLDFOR; 0: unknown. */
    int64_t max_hold_until;      /**< Of HOLDUNTIL, seconds since 1970; 0:
                                   unknown. */
    uint32_t min_by;             /**< Seconds, of BY=...;R; 0: no minimum. */
    uint32_t max_mails;          /**< MAILMAX: transactions in one session. */
    uint32_t max_recipients;     /**< RCPTMAX: recipients in one transaction. */
    uint32_t max_domains;        /**< RCPTDOMAINMAX: their domains, likewise. 0
                                   in these three: no limit is named. */
    smail_span priority_profile; /**< Of MT-PRIORITY; may be empty. */
    smail_span xclient_attributes; /**< Parted by spaces. */
} smail_smtp_offer;

/** Owned by the session. It and its spans are good until feed() is called. */
typedef struct smail_smtp_client_event {
    smail_smtp_client_event_type type;
    size_t recipient;               /**< Index in what send() was given. */
    smail_smtp_reply reply;         /**< `code` 0 if no reply belongs here. */
    smail_span challenge;           /**< Decoded. */
    smail_smtp_close_reason reason; /**< Of CLOSE. */
} smail_smtp_client_event;

/** Who sends what to whom. Nothing of it is kept after send(). */
typedef struct smail_smtp_envelope {
    smail_path sender; /**< Empty for a bounce. */
    const smail_path *recipients;
    size_t count;
    uint64_t size;             /**< Told by SIZE= where offered; 0: unknown. */
    smail_smtp_body_type body; /**< 8BITMIME: only where that is offered. */
} smail_smtp_envelope;

/** The options are copied, the string too. */
SMAIL_API int smail_smtp_client_new(smail_smtp_client **out,
                                    const smail_smtp_client_options *options);
SMAIL_API void smail_smtp_client_free(smail_smtp_client *session);

/**
 * Consume bytes from the front of `input` up to the next event. On STARTTLS
 * the rest is dropped: nothing said in the clear behind the 220 counts
 * (RFC 3207, 6). SMAIL_ENOMEM: CLOSE follows.
 */
SMAIL_API int smail_smtp_client_feed(const smail_smtp_client_event **out,
                                     smail_smtp_client *session,
                                     smail_span *input);

/** Bytes waiting to be sent; and: the first `len` have been. */
SMAIL_API smail_span smail_smtp_client_output(const smail_smtp_client *session);
SMAIL_API void smail_smtp_client_sent(smail_smtp_client *session, size_t len);

/**
 * Start a transaction. SMAIL_ESTATE if the session is not idle; SMAIL_EINVAL
 * for a path that breaks RFC 5321, 4.1.2, no recipient at all, or an 8BITMIME
 * body where that is not offered; SMAIL_ELIMIT if `size` is over the server's
 * maximum. Nothing is sent then, and the session is idle still.
 */
SMAIL_API int smail_smtp_client_send(smail_smtp_client *session,
                                     const smail_smtp_envelope *envelope);

/**
 * Hand over content: CRLF line ends, dots unstuffed. Moves `content` past what
 * was taken; what is left has to wait until the output has been sent.
 * SMAIL_EMALFORMED for a bare CR, a bare LF or a NUL, which no server should
 * get to see: the connection is given up, CLOSE follows.
 */
SMAIL_API int smail_smtp_client_body(smail_smtp_client *session,
                                     smail_span *content);

/** The content ends here. A last line without CRLF gets one. */
SMAIL_API int smail_smtp_client_body_end(smail_smtp_client *session);

/**
 * Log in with a mechanism the server offers (else SMAIL_ENOTFOUND). The bytes
 * are those of the mechanism, base64 is done here (RFC 4954). `initial` NULL:
 * no initial response, which differs from an empty one. The caller minds that
 * the session is secured.
 */
SMAIL_API int smail_smtp_client_auth(smail_smtp_client *session,
                                     const char *mechanism,
                                     const smail_span *initial);
SMAIL_API int smail_smtp_client_respond(smail_smtp_client *session,
                                        smail_span response);
SMAIL_API int smail_smtp_client_cancel(smail_smtp_client *session);

/** Take leave. CLOSE follows the server's answer. */
SMAIL_API int smail_smtp_client_quit(smail_smtp_client *session);

/**
 * TLS is up: after STARTTLS, or before the first feed(), which is implicit TLS
 * (RFC 8314, 3.3).
 */
SMAIL_API int smail_smtp_client_secured(smail_smtp_client *session);

/**
 * Time is up, the connection broke or the handshake failed: no more output;
 * CLOSE follows.
 */
SMAIL_API void smail_smtp_client_abandon(smail_smtp_client *session);

SMAIL_API bool smail_smtp_client_is_secured(const smail_smtp_client *session);

/** What the last EHLO offered. Never NULL. */
SMAIL_API const smail_smtp_offer *smail_smtp_client_offer(
    const smail_smtp_client *session);

/** Seconds of silence to allow in this state (RFC 5321, 4.5.3.2). */
SMAIL_API unsigned smail_smtp_client_patience(const smail_smtp_client *session);

SMAIL_END_DECLS

#endif
