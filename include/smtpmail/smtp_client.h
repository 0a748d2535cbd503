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
 * and after DONE and AUTH_DONE it is READY again, for any number of mails up
 * to offer()->max_mails.  What the server refuses is no error: the event
 * carries its reply.  A transaction that ends in CLOSE without DONE is not
 * settled: the server may or may not have the mail if all of it was sent, and
 * does not have it otherwise.
 *
 * Commands are pipelined where the server offers that (RFC 2920).  Read while
 * you write then: who only writes may wait for a server that only writes too
 * (RFC 2920, 3.1).
 *
 * What cannot go to this server as it is, because of its size, its 8-bit or
 * binary content, its UTF-8 or REQUIRETLS, is found out by send() before a
 * single octet is said; obstacle() tells what a bounce would say.  To send it
 * in another form, or to another server, or not at all, is the caller's to
 * decide: nothing is ever downgraded in silence.
 *
 * What goes out is canonical whatever comes in: lines end with CRLF and hold
 * 998 octets at most (RFC 5321, 4.5.3.1.6), dots are stuffed, and a bare CR, a
 * bare LF or a NUL is never sent outside BINARYMIME.
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
    bool no_chunking;             /**< DATA, even where BDAT is offered. */
    uint32_t chunk_size;          /**< Octets in one BDAT, 1 MiB at most.
                                       Default 65536. */
    bool early_content;           /**< Where CHUNKING and PIPELINING are
                                       offered: ask for content at once and
                                       send it behind the RCPTs, which saves
                                       a round trip and is in vain when all
                                       of them are refused. */
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
    SMAIL_SMTP_CLIENT_SEND_BODY,  /**< Call body(), at last body_end(). Comes
                                       again where body() had to wait for
                                       the server. */
    SMAIL_SMTP_CLIENT_SETTLED,    /**< LMTP: `reply` settles `recipient`. */
    SMAIL_SMTP_CLIENT_DONE,       /**< `reply` settles the transaction. Any
                                       other than 2yz: nothing was taken. In
                                       LMTP SETTLED says what was. */
    SMAIL_SMTP_CLIENT_STARTTLS,   /**< Flush, shake hands, secured(). */
    SMAIL_SMTP_CLIENT_CLOSE       /**< Flush and hang up; see `reason`. Comes
                                       once, then feed() returns WAIT. */
} smail_smtp_client_event_type;

/** Why content cannot be sent as it is. */
typedef enum smail_smtp_content_fault {
    SMAIL_SMTP_CONTENT_FINE,
    SMAIL_SMTP_CONTENT_BARE,     /**< A CR, LF or NUL outside CRLF. */
    SMAIL_SMTP_CONTENT_LONG,     /**< A line of more than 998 octets. */
    SMAIL_SMTP_CONTENT_EIGHT_BIT /**< An octet over 127 where `body` of the
                                      envelope is 7BIT. */
} smail_smtp_content_fault;

typedef enum smail_smtp_close_reason {
    SMAIL_SMTP_CLOSE_QUIT,      /**< quit() was answered. */
    SMAIL_SMTP_CLOSE_REFUSED,   /**< The server ends it, as `reply` says. */
    SMAIL_SMTP_CLOSE_NO_TLS,    /**< TLS is required and cannot be had. */
    SMAIL_SMTP_CLOSE_NONSENSE,  /**< What the server says is not SMTP. If it
                                     was no reply, the front of it is in the
                                     text of `reply`, whose code is 0. */
    SMAIL_SMTP_CLOSE_ENDLESS,   /**< A reply went over max_reply_lines or
                                     max_reply_octets; as above. */
    SMAIL_SMTP_CLOSE_CONTENT,   /**< body() was given what cannot be sent, or
                                     body_fail() was called. */
    SMAIL_SMTP_CLOSE_ABANDONED, /**< abandon() was called. */
    SMAIL_SMTP_CLOSE_NOMEM      /**< There was no memory. */
} smail_smtp_close_reason;

/**
 * What the server offers (RFC 5321, 4.1.1.1): all of it as its last EHLO or
 * LHLO said, nothing after HELO or before. Owned by the session; its spans are
 * good until it greets again: secured(), greet(), or feed().
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
    bool again;                     /**< Of RECIPIENT, SETTLED, DONE: `reply`
                                       is no, but may be yes another time. That
                                       is 4yz, and 552 to one RCPT of many when
                                       it speaks of their number
                                       (RFC 5321, 4.5.3.1.10). */
} smail_smtp_client_event;

/**
 * Who sends what to whom: what MAIL and RCPT say, in the same words as the
 * events of smtp_server.h, so that a relay hands on what it was given. Start
 * from the _INIT value. Nothing of it is kept after send().
 *
 * Parameters go out where the server offers their extension. Without it:
 *   body, smtputf8, require_tls, hold_for, hold_until, by_mode RETURN
 *       are an obstacle;
 *   size, auth, ret, envelope_id, notify, orcpt, by_mode NOTIFY, priority,
 *   and require_tls of a bounce (RFC 8689, 5)
 *       are left out. A relay may then owe a notice of relaying
 *       (RFC 3461, 5.2.2 and RFC 2852, 4): look at offer().
 * SMTPUTF8 is also said where an address is not ASCII. `body` says what the
 * content is; smail_smtp_content_scan() finds out. What it cannot know is
 * whether 8-bit headers are meant as UTF-8 (RFC 6532), or came from a program
 * that never heard of it: `smtputf8` is the caller's word.
 */
typedef struct smail_smtp_envelope {
    size_t size;           /**< Set by _INIT; how the struct may grow. */
    size_t recipient_size; /**< Set by _INIT; how a recipient may grow. */
    const smail_smtp_rcpt *recipients;
    size_t count; /**< Of recipients; 1 to SMAIL_SMTP_RECIPIENTS_MAX. */
    smail_smtp_mail mail;
} smail_smtp_envelope;

#define SMAIL_SMTP_ENVELOPE_INIT                             \
    {                                                        \
        sizeof(smail_smtp_envelope), sizeof(smail_smtp_rcpt) \
    }

/** Recipients of one transaction; the server may name a smaller number. */
#define SMAIL_SMTP_RECIPIENTS_MAX 10000

/** What keeps a mail from going to this server as it is. */
typedef enum smail_smtp_obstacle_type {
    SMAIL_SMTP_OBSTACLE_NONE,
    SMAIL_SMTP_OBSTACLE_ADDRESS,       /**< Breaks RFC 5321, 4.1.2. */
    SMAIL_SMTP_OBSTACLE_PARAMETER,     /**< Makes no sense or is too long. */
    SMAIL_SMTP_OBSTACLE_SIZE,          /**< Over offer()->max_size. */
    SMAIL_SMTP_OBSTACLE_8BITMIME,      /**< Not offered: re-encode, or not. */
    SMAIL_SMTP_OBSTACLE_BINARYMIME,    /**< Not offered, nor CHUNKING. */
    SMAIL_SMTP_OBSTACLE_SMTPUTF8,      /**< Not offered (RFC 6531, 3.2). */
    SMAIL_SMTP_OBSTACLE_REQUIRETLS,    /**< Not offered, or no TLS
                                            (RFC 8689, 4.2.1). */
    SMAIL_SMTP_OBSTACLE_FUTURERELEASE, /**< Not offered, or not so long. */
    SMAIL_SMTP_OBSTACLE_DELIVERBY,     /**< Not offered, or not so soon. */
    SMAIL_SMTP_OBSTACLE_RECIPIENTS,    /**< Too many at once: divide them. */
    SMAIL_SMTP_OBSTACLE_DOMAINS,       /**< Theirs are too many, likewise. */
    SMAIL_SMTP_OBSTACLE_MAILS          /**< Too many: take a new session. */
} smail_smtp_obstacle_type;

typedef struct smail_smtp_obstacle {
    smail_smtp_obstacle_type type;
    size_t recipient;   /**< Whose ADDRESS or PARAMETER, or whose address calls
                             for SMTPUTF8; SIZE_MAX: the mail's own. */
    int code;           /**< What the server would have said, for a bounce: */
    const char *status; /**< 4yz can be put right without the sender. */
    const char *text;
} smail_smtp_obstacle;

/**
 * What content is made of. Start from the _INIT value, scan() it all, in
 * pieces of any size, and read the upper fields.
 */
typedef struct smail_smtp_content {
    uint64_t size;       /**< Octets: `size` of the envelope. */
    size_t longest_line; /**< Octets, without CRLF. */
    bool bare;           /**< Holds a CR, LF or NUL outside CRLF. */
    bool eight_bit;      /**< Holds octets over 127 (RFC 6152). */
    bool utf8_header;    /**< Some before the first empty line: if they are
                              UTF-8, it calls for `smtputf8` (RFC 6532). */
    size_t line;         /**< Ours: the line so far, */
    bool after_cr;       /**< its last octet, */
    bool in_text;        /**< and where it stands. */
} smail_smtp_content;

#define SMAIL_SMTP_CONTENT_INIT \
    {                           \
        0                       \
    }

/** Octets of a line that may be sent as text (RFC 5321, 4.5.3.1.6). */
#define SMAIL_SMTP_TEXT_LINE_MAX 998

SMAIL_API void smail_smtp_content_scan(smail_smtp_content *content,
                                       smail_span octets);

/** What `body` of the envelope has to be, once all of it was scanned. */
SMAIL_API smail_smtp_body_type
smail_smtp_content_body(const smail_smtp_content *content);

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
 * for no recipient at all. For an obstacle() SMAIL_EINVAL too if the envelope
 * is wrong in itself, SMAIL_ENOTFOUND if the server lacks an extension, and
 * SMAIL_ELIMIT if a limit of its is in the way. Nothing is said then, and the
 * session is idle still.
 */
SMAIL_API int smail_smtp_client_send(smail_smtp_client *session,
                                     const smail_smtp_envelope *envelope);

/** The same answer without sending, once the server has greeted. */
SMAIL_API int smail_smtp_client_check(smail_smtp_client *session,
                                      const smail_smtp_envelope *envelope);

/** What send() or check() last found in the way. Never NULL. */
SMAIL_API const smail_smtp_obstacle *smail_smtp_client_obstacle(
    const smail_smtp_client *session);

/**
 * Hand over content: CRLF line ends, dots unstuffed. Moves `content` past what
 * was taken; what is left has to wait until output has been sent, or until
 * SEND_BODY comes again. SMAIL_ESTATE when none is wanted, or no more: DONE
 * says why.
 *
 * SMAIL_EMALFORMED for what cannot be sent, see content_fault(). No server gets
 * to see it, and none gets the mail, and there is no DONE. Where BDAT is used
 * the session is READY again after a RSET; the end of DATA cannot be taken
 * back, so there the connection is given up: CLOSE.
 */
SMAIL_API int smail_smtp_client_body(smail_smtp_client *session,
                                     smail_span *content);

/**
 * The content ends here. Unless it is binary, a last line without CRLF gets
 * one. SMAIL_EMALFORMED if a CR was the last octet.
 */
SMAIL_API int smail_smtp_client_body_end(smail_smtp_client *session);

/** The rest cannot be had: end it as if it had been malformed. */
SMAIL_API int smail_smtp_client_body_fail(smail_smtp_client *session);

/** What was wrong with content, after SMAIL_EMALFORMED. */
SMAIL_API smail_smtp_content_fault
smail_smtp_client_content_fault(const smail_smtp_client *session);

/**
 * Log in with a mechanism the server offers (else SMAIL_ENOTFOUND), once in a
 * session (else SMAIL_ESTATE; RFC 4954, 4). The bytes are those of the
 * mechanism, base64 is done here. `initial` NULL: no initial response, which
 * differs from an empty one; one that makes the line of AUTH too long is kept
 * for the first challenge. SMAIL_ELIMIT: it fits in no line. The caller minds
 * that the session is secured.
 *
 * A CHALLENGE is answered by respond() or cancel(). What is no base64, or a
 * 17th challenge, is cancelled without asking.
 */
SMAIL_API int smail_smtp_client_auth(smail_smtp_client *session,
                                     const char *mechanism,
                                     const smail_span *initial);
SMAIL_API int smail_smtp_client_respond(smail_smtp_client *session,
                                        smail_span response);
SMAIL_API int smail_smtp_client_cancel(smail_smtp_client *session);

/**
 * Ask again what is offered: EHLO, and READY follows. FUTURERELEASE and
 * MT-PRIORITY may be offered only to those who are logged in (RFC 4865).
 */
SMAIL_API int smail_smtp_client_greet(smail_smtp_client *session);

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
SMAIL_API bool smail_smtp_client_is_authenticated(
    const smail_smtp_client *session);

/** What the last EHLO offered. Never NULL. */
SMAIL_API const smail_smtp_offer *smail_smtp_client_offer(
    const smail_smtp_client *session);

/** Seconds of silence to allow in this state (RFC 5321, 4.5.3.2). */
SMAIL_API unsigned smail_smtp_client_patience(const smail_smtp_client *session);

/**
 * Where the session stands, for a log or a bounce: "MAIL" while the reply to
 * it is awaited, "idle", "content", "end of content" ... A fixed word.
 */
SMAIL_API const char *smail_smtp_client_phase(const smail_smtp_client *session);

SMAIL_END_DECLS

#endif
