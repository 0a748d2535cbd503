/* SPDX-License-Identifier: MIT */
/*
 * smtpmail/smtp_server.h - one SMTP session, server side, without the I/O.
 *
 * The session reads no socket, no clock and no file.  You feed it the bytes
 * that arrived, it hands back one event at a time, and you send whatever it
 * has put in its output.  Events come in two kinds:
 *
 *   decisions  CONNECT HELO AUTH MAIL RCPT DATA END_OF_DATA, and where the
 *              options ask for them VRFY EXPN
 *              The client is waiting.  Answer with exactly one call to
 *              smail_smtp_server_accept(), _accept_with(), _reject() or,
 *              for AUTH, _challenge(): now or in an hour.  Until then feed()
 *              consumes nothing, so a client that pipelines ahead is held
 *              back by its own TCP window.
 *
 *   notices    BODY STARTTLS RESET CLOSE, and XCLIENT from trusted peers
 *              Act on them and go on.
 *
 *    while (smail_smtp_server_feed(&event, session, &input) == 0) {
 *        switch (event->type) {
 *        case SMAIL_SMTP_NEED_INPUT:  ... send output, read more, or return
 *        case SMAIL_SMTP_RCPT:        ... look the recipient up
 *
 * The session keeps the command order of RFC 5321, 4.1.4 by itself: what
 * reaches you is always in order and always well formed.
 *
 * Content is passed on as it came: CRLF line ends, dots unstuffed, 8-bit
 * octets untouched.  A bare CR, a bare LF or a NUL is refused and never
 * repaired (RFC 5321, 2.3.8), unless `normalize_line_ends` is set.  Only a
 * BINARYMIME message (RFC 3030, 3) may hold any octet at any place.
 *
 * What the options offer is advertised, and only then understood: switch an
 * extension on where somebody honours what its event fields say.
 */
#ifndef SMAIL_SMTP_SERVER_H
#define SMAIL_SMTP_SERVER_H

#include <smtpmail/address.h>
#include <smtpmail/base.h>

SMAIL_BEGIN_DECLS

typedef struct smail_smtp_server smail_smtp_server;

typedef enum smail_smtp_protocol {
    SMAIL_SMTP_PROTOCOL_SMTP,
    SMAIL_SMTP_PROTOCOL_LMTP /**< RFC 2033: LHLO, one reply per recipient. */
} smail_smtp_protocol;

/** Zero in any field means the default. Start from the _INIT value. */
typedef struct smail_smtp_server_options {
    size_t size;          /**< Set by _INIT; how the struct may grow. */
    const smail_mem *mem; /**< Kept. NULL means malloc. */
    const char *hostname; /**< Our name in the greeting and EHLO. */
    smail_smtp_protocol protocol;
    uint64_t max_message_size;   /**< SIZE, RFC 1870. Default 32 MiB. */
    uint32_t max_recipients;     /**< RFC 5321, 4.5.3.1.8. Default 100. */
    uint32_t max_command_line;   /**< With CRLF; 4.5.3.1.4. Default 512, and
                                  what each extension in use adds. */
    uint32_t max_text_line;      /**< With CRLF; 4.5.3.1.6. Default: none. */
    uint32_t max_auth_line;      /**< RFC 4954, 4. Default 12288. */
    uint32_t max_errors;         /**< Refused commands, the next one is 421 and
                                  the end; a mail that is taken starts the
                                  count afresh. Default 20. */
    uint32_t max_commands;       /**< The same for commands that carry no mail
                                  forward: NOOP, RSET, VRFY, EHLO, an empty
                                  chunk, and MAIL and RCPT beyond a limit that
                                  is answered by 452. Default 1000. */
    bool offer_starttls;         /**< RFC 3207. */
    bool require_tls;            /**< 530 without TLS, to all but NOOP, EHLO,
                                  STARTTLS and QUIT (RFC 3207, 4). */
    const char *auth_mechanisms; /**< Space-separated, as "PLAIN LOGIN"; offered
                                  once secured. NULL: no AUTH at all. */
    bool auth_without_tls;       /**< Offer AUTH in the clear: tests only. */
    bool require_auth;           /**< 530 5.7.0 before MAIL (RFC 6409, 4.3). */
    bool normalize_line_ends;    /**< Turn bare CR and LF in content into CRLF.
                                  Only ever for submission by one's own users.
                                  Dots and the end are still judged by true
                                  CRLFs alone; a NUL is refused all the
                                  same. */
    bool offer_chunking;         /**< BDAT (RFC 3030, 2). */
    bool offer_binarymime;       /**< RFC 3030, 3; needs CHUNKING. */
    bool offer_smtputf8;         /**< RFC 6531: addresses in UTF-8. */
    bool offer_dsn;              /**< RFC 3461: RET, ENVID, NOTIFY, ORCPT. */
    bool offer_requiretls;       /**< RFC 8689; advertised under TLS alone. */
    bool offer_mt_priority;      /**< RFC 6710; advertised after AUTH alone. */
    bool offer_deliverby;        /**< RFC 2852. */
    bool offer_limits;       /**< RFC 9422: tell max_recipients, max_mails and
                                  max_recipient_domains. */
    uint32_t min_deliver_by; /**< Seconds; RFC 2852, 2: BY= with mode R and
                                  less is refused. 0: no such limit. */
    const char *mt_priority_profile; /**< The Priority Assignment Policy that
                                          EHLO names (RFC 6710, 3). May be
                                          NULL. */
    uint32_t max_future_release;     /**< Seconds; FUTURERELEASE (RFC 4865),
                                          advertised after AUTH alone. 0: not
                                          offered. */
    int64_t max_future_release_date; /**< The latest HOLDUNTIL= in seconds since
                                          1970: the session has no clock, so
                                          say now + max_future_release. Must
                                          be given with it. */
    uint32_t max_mails;              /**< MAIL commands in a session, more are
                                          452. 0: any number. At most 999999,
                                          as are the two others of LIMITS. */
    uint32_t max_recipient_domains;  /**< Different domains among the
                                          recipients of a mail, more are 452.
                                          0: any number. */
    bool ask_vrfy;         /**< VRFY is a decision, and advertised; otherwise it
                                is 252 to all (RFC 5321, 7.3). */
    bool ask_expn;         /**< The same for EXPN; otherwise it is 502. */
    const char *help_text; /**< What HELP says, lines parted by '\n'. NULL: a
                                reference to the RFC. */
    bool allow_xclient;    /**< This peer is a proxy of ours and may speak for
                                its clients by XCLIENT. */
} smail_smtp_server_options;

#define SMAIL_SMTP_SERVER_OPTIONS_INIT    \
    {                                     \
        sizeof(smail_smtp_server_options) \
    }

typedef enum smail_smtp_event_type {
    SMAIL_SMTP_NEED_INPUT,  /**< All input is used up. */
    SMAIL_SMTP_WAIT,        /**< Nothing used: decide or send output first. */
    SMAIL_SMTP_CONNECT,     /**< Decide: greet with 220, or turn away. */
    SMAIL_SMTP_HELO,        /**< Decide: `helo`. */
    SMAIL_SMTP_AUTH,        /**< Decide: `auth`. */
    SMAIL_SMTP_MAIL,        /**< Decide: `mail`. */
    SMAIL_SMTP_RCPT,        /**< Decide: `rcpt`. */
    SMAIL_SMTP_DATA,        /**< Decide: may the content come? */
    SMAIL_SMTP_BODY,        /**< Notice: `body`, dots already unstuffed. */
    SMAIL_SMTP_END_OF_DATA, /**< Decide: accepting makes the mail ours. */
    SMAIL_SMTP_RESET,       /**< Notice: the transaction that MAIL began is
                               over without END_OF_DATA: RSET, EHLO, QUIT,
                               a refused content or abandon(). */
    SMAIL_SMTP_STARTTLS,    /**< Notice: flush, shake hands, secured(). */
    SMAIL_SMTP_CLOSE,       /**< Notice: flush and hang up. Comes once; what
                               feed() returns afterwards is WAIT. */
    SMAIL_SMTP_VRFY,        /**< Decide, with ask_vrfy: `query`. accept() is
                               252; accept_with() is 250 and its text a mailbox,
                               as "Full Name <alice@example.org>". */
    SMAIL_SMTP_EXPN,        /**< Decide, with ask_expn: `query`. The same; one
                               mailbox a line. */
    SMAIL_SMTP_XCLIENT      /**< Notice: `xclient`. The peer speaks for another
                               from here on, the session starts over: CONNECT
                               comes next. */
} smail_smtp_event_type;

typedef struct smail_smtp_helo {
    smail_span name;
    bool extended; /**< EHLO or LHLO, not HELO. */
} smail_smtp_helo;

/**
 * One step of a SASL exchange (RFC 4954). The engine does the framing and the
 * base64; what the bytes mean is the mechanism's business, so SCRAM and tokens
 * need no change here.
 */
typedef struct smail_smtp_auth {
    smail_span mechanism; /**< Upper case, one of those offered. */
    smail_span response;  /**< Decoded. */
    bool initial;         /**< The first step of an exchange. */
    bool has_response;    /**< False: AUTH came without an initial response,
                             which differs from an empty one ("="). */
} smail_smtp_auth;

typedef enum smail_smtp_body_type {
    SMAIL_SMTP_BODY_7BIT,
    SMAIL_SMTP_BODY_8BITMIME,  /**< RFC 6152. */
    SMAIL_SMTP_BODY_BINARYMIME /**< RFC 3030, 3: any octets, by BDAT alone. */
} smail_smtp_body_type;

/** What a notice of failure should hold of the mail (RFC 3461, 4.3). */
typedef enum smail_smtp_ret {
    SMAIL_SMTP_RET_UNSAID,
    SMAIL_SMTP_RET_FULL,
    SMAIL_SMTP_RET_HDRS
} smail_smtp_ret;

/** When to send a notice (RFC 3461, 4.1): NEVER alone, or any of the others. */
typedef enum smail_smtp_notify {
    SMAIL_SMTP_NOTIFY_NEVER = 1,
    SMAIL_SMTP_NOTIFY_SUCCESS = 2,
    SMAIL_SMTP_NOTIFY_FAILURE = 4,
    SMAIL_SMTP_NOTIFY_DELAY = 8
} smail_smtp_notify;

/** What to do when a mail cannot be delivered in time (RFC 2852, 4). */
typedef enum smail_smtp_by_mode {
    SMAIL_SMTP_BY_UNSAID,
    SMAIL_SMTP_BY_RETURN, /**< R: give up and return it. */
    SMAIL_SMTP_BY_NOTIFY  /**< N: tell the sender and go on. */
} smail_smtp_by_mode;

typedef struct smail_smtp_mail {
    smail_path sender; /**< Empty for a bounce. */
    uint64_t size;     /**< As declared by SIZE=; 0 if it was not. */
    smail_smtp_body_type body;
    smail_span auth;  /**< AUTH=, decoded xtext (RFC 4954, 5), no controls; the
                          client's claim, empty if it makes none. */
    bool smtputf8;    /**< RFC 6531, 3.4: addresses and headers may be UTF-8. */
    bool require_tls; /**< RFC 8689, 4.1. */
    smail_smtp_ret ret;         /**< RFC 3461, 4.3. */
    smail_span envelope_id;     /**< ENVID=, decoded, printable ASCII; empty if
                                     not given (RFC 3461, 4.4). */
    smail_smtp_by_mode by_mode; /**< BY= (RFC 2852, 4). */
    bool by_trace;              /**< Its T: notices of relaying too. */
    int32_t by_time;            /**< Its seconds; below 1 only with NOTIFY. */
    uint32_t hold_for;          /**< HOLDFOR= in seconds (RFC 4865, 5), or 0. */
    int64_t hold_until;         /**< HOLDUNTIL= in seconds since 1970, or 0. It
                                     may be in the past: look at the clock. */
    int priority;               /**< MT-PRIORITY=, -9 to 9 (RFC 6710, 4.1); 0
                                     if not given. */
    bool has_priority;
} smail_smtp_mail;

typedef struct smail_smtp_rcpt {
    smail_path recipient;
    unsigned notify;          /**< Of smail_smtp_notify; 0: NOTIFY= was not
                                   given (RFC 3461, 4.1). */
    smail_span orcpt_type;    /**< ORCPT= (RFC 3461, 4.2): "rfc822", "utf-8"
                                   ...; empty if not given. */
    smail_span orcpt_address; /**< Its address, decoded: printable ASCII, or
                                   UTF-8 for "utf-8" (RFC 6533, 3). */
} smail_smtp_rcpt;

/** How the content will come. */
typedef struct smail_smtp_data {
    bool chunked;  /**< By BDAT (RFC 3030, 2): it comes without being asked for.
                        Accepting says nothing yet; rejecting drops the chunk,
                        then says so, and ends the transaction: RESET. */
    uint64_t size; /**< Of its first chunk. */
} smail_smtp_data;

/** VRFY and EXPN (RFC 5321, 3.5). */
typedef struct smail_smtp_query {
    smail_span text; /**< A user, mailbox or list; valid UTF-8. */
    bool smtputf8;   /**< The client takes UTF-8 in the answer
                          (RFC 6531, 3.7.4.2). What the answer holds of it is
                          otherwise turned into '?': say 252 or 550 with
                          status "2.6.8" or "5.6.8" instead. */
} smail_smtp_query;

/** What is said of one attribute of XCLIENT. */
typedef enum smail_smtp_known {
    SMAIL_SMTP_UNSAID,      /**< Keep what is known. */
    SMAIL_SMTP_KNOWN,       /**< Its value is in the span. */
    SMAIL_SMTP_UNAVAILABLE, /**< [UNAVAILABLE]: there is none. */
    SMAIL_SMTP_TEMPUNAVAIL  /**< [TEMPUNAVAIL]: it could not be found out. */
} smail_smtp_known;

typedef struct smail_smtp_attribute {
    smail_smtp_known known;
    smail_span value; /**< Decoded; empty unless KNOWN. */
} smail_smtp_attribute;

/**
 * Postfix's XCLIENT: whom the peer speaks for. Every value is in the form that
 * its comment names, no other gets here. LOGIN logs nobody in by itself: see
 * smail_smtp_server_authenticated().
 */
typedef struct smail_smtp_xclient {
    smail_smtp_attribute name;     /**< Host name. */
    smail_smtp_attribute addr;     /**< IPv4, or IPv6 without its prefix. */
    smail_smtp_attribute port;     /**< 0 to 65535. */
    smail_smtp_attribute proto;    /**< "SMTP" or "ESMTP". */
    smail_smtp_attribute helo;     /**< What HELO said. */
    smail_smtp_attribute login;    /**< Who is logged in. */
    smail_smtp_attribute destaddr; /**< Our address, as for `addr`. */
    smail_smtp_attribute destport;
} smail_smtp_xclient;

/**
 * Owned by the session, so that it can grow without breaking the ABI. It and
 * its spans are good until the decision is given or feed() is called again;
 * the span of BODY points into the caller's own input.
 */
typedef struct smail_smtp_event {
    smail_smtp_event_type type;
    union {
        smail_smtp_helo helo;
        smail_smtp_auth auth;
        smail_smtp_mail mail;
        smail_smtp_rcpt rcpt;
        smail_span body;
        smail_smtp_data data; /**< Of DATA. */
        smail_smtp_query query;
        smail_smtp_xclient xclient;
    };
} smail_smtp_event;

/**
 * The options are copied, strings too. SMAIL_EINVAL: `hostname` is missing or
 * no host name, a mechanism no name, AUTH required with none offered,
 * BINARYMIME offered without CHUNKING, a profile of priorities no name,
 * FUTURERELEASE without its date, or a limit beyond what LIMITS can tell.
 */
SMAIL_API int smail_smtp_server_new(smail_smtp_server **out,
                                    const smail_smtp_server_options *options);
SMAIL_API void smail_smtp_server_free(smail_smtp_server *session);

/**
 * Consume bytes from the front of `input` up to the next event.
 *
 * Moves `input` past what was consumed.  On STARTTLS it drops the rest, so
 * that no command sent in the clear is carried into the secured session
 * (RFC 3207, 4.2); bytes of the clear that arrive before secured() must not
 * be fed at all.
 *
 * SMAIL_ENOMEM, here and from every answer below: the session says 421 and
 * CLOSE follows.
 */
SMAIL_API int smail_smtp_server_feed(const smail_smtp_event **out,
                                     smail_smtp_server *session,
                                     smail_span *input);

/** Say yes to the pending decision, with its usual reply. */
SMAIL_API int smail_smtp_server_accept(smail_smtp_server *session);

/**
 * Say yes in one's own words: `text` takes the place of the usual text, and
 * `status` (RFC 3463, as "2.0.0"; NULL: the usual one) that of its code. This
 * is how END_OF_DATA names the queue id. `text` as in reject(); for CONNECT and
 * HELO it stands behind our name. An accepted END_OF_DATA is confirmed even
 * where there is no memory for these words, by the usual reply.
 */
SMAIL_API int smail_smtp_server_accept_with(smail_smtp_server *session,
                                            const char *status,
                                            const char *text);

/**
 * Say no. `code` is 4yz or 5yz; `status` is an RFC 3463 code such as
 * "5.1.1" of the class of `code`, or NULL for "4.0.0" or "5.0.0", and is left
 * out for CONNECT and HELO (RFC 2034, 4); `text` is one line of printable text,
 * or several parted by '\n'. 421 as `code` also ends the session; another code
 * at CONNECT leaves the client to say QUIT (RFC 5321, 3.1). What is not
 * printable ASCII is replaced by '?'.
 * SMAIL_ESTATE if nothing is pending, SMAIL_EINVAL for another code.
 */
SMAIL_API int smail_smtp_server_reject(smail_smtp_server *session, int code,
                                       const char *status, const char *text);

/**
 * Ask the next SASL question: a 334 with `challenge` in base64. SMAIL_EINVAL
 * if it is too long for a line (9200 octets).
 */
SMAIL_API int smail_smtp_server_challenge(smail_smtp_server *session,
                                          smail_span challenge);

/**
 * LMTP only (RFC 2033, 4.2), at END_OF_DATA: turn away the recipient at
 * `index`, counted from 0 among those accepted, then accept() or reject() for
 * the rest.
 */
SMAIL_API int smail_smtp_server_reject_recipient(smail_smtp_server *session,
                                                 size_t index, int code,
                                                 const char *status,
                                                 const char *text);

/** Bytes waiting to be sent. Empty when there are none. */
SMAIL_API smail_span smail_smtp_server_output(const smail_smtp_server *session);

/** Drop the first `len` bytes of the output: they have been sent. */
SMAIL_API void smail_smtp_server_sent(smail_smtp_server *session, size_t len);

/**
 * TLS is up. After STARTTLS: start over from EHLO (RFC 3207, 4.2). Before the
 * first feed(): implicit TLS (RFC 8314, 3.3).
 */
SMAIL_API int smail_smtp_server_secured(smail_smtp_server *session);

/**
 * Offer these mechanisms from now on, in the place of options.auth_mechanisms,
 * as a certificate of the client's or a channel binding may allow: call it
 * before secured(). SMAIL_EINVAL for what are no names, or when AUTH was not
 * to be offered at all; SMAIL_ESTATE within an exchange of AUTH.
 */
SMAIL_API int smail_smtp_server_offer_auth(smail_smtp_server *session,
                                           const char *mechanisms);

/**
 * The client is logged in by other means than AUTH: as XCLIENT says, or by its
 * certificate. SMAIL_ESTATE within a transaction or an exchange of AUTH.
 */
SMAIL_API int smail_smtp_server_authenticated(smail_smtp_server *session);

/** TLS is up, the client is logged in, EHLO was used: for the trace header. */
SMAIL_API bool smail_smtp_server_is_secured(const smail_smtp_server *session);
SMAIL_API bool smail_smtp_server_is_authenticated(
    const smail_smtp_server *session);
SMAIL_API bool smail_smtp_server_is_extended(const smail_smtp_server *session);

/** What EHLO or HELO last said; empty before. Good until the next of them. */
SMAIL_API smail_span smail_smtp_server_helo(const smail_smtp_server *session);

/** Between MAIL and the end of its transaction. */
SMAIL_API bool smail_smtp_server_in_transaction(
    const smail_smtp_server *session);

/** What comes next is content, and be it refused, and not a command. */
SMAIL_API bool smail_smtp_server_in_content(const smail_smtp_server *session);

/**
 * At a RESET in the middle of content that the session refuses (too large, a
 * bare CR ...): what the client will be told when its content ends, and the
 * code. NULL for any other RESET. For the log.
 */
SMAIL_API const char *smail_smtp_server_refusal(
    int *code, const smail_smtp_server *session);

/** Seconds of silence to allow in this state (RFC 5321, 4.5.3.2.7). */
SMAIL_API unsigned smail_smtp_server_patience(const smail_smtp_server *session);

/**
 * Time is up, or we are shutting down: queue "421 `status` `text`" and end
 * with CLOSE; a pending decision is withdrawn.
 */
SMAIL_API int smail_smtp_server_abandon(smail_smtp_server *session,
                                        const char *status, const char *text);

SMAIL_END_DECLS

#endif
