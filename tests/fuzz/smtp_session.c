/* SPDX-License-Identifier: MIT */
/*
 * fuzz/smtp_session.c - any bytes as a session with the server, under any
 * options, with a caller that decides any way.
 *
 * The first octets are the options, the caller's moods and how the rest is cut
 * up. Then comes what the client sends; the octets FE FE FE part what it says
 * before a TLS handshake from what it says behind it. Held:
 *
 *   events come in the order that smtp_server.h promises;
 *   content that is handed over whole has no bare CR, LF or NUL, ends with a
 *   line, and keeps the limits;
 *   output is well-formed replies (RFC 5321, 4.2) and nothing else;
 *   all of it is the same when the octets come one by one;
 *   with a malloc that fails, nothing but a 421 is different.
 */
#include <stdlib.h>
#include <string.h>

#include <smtpmail/error.h>
#include <smtpmail/smtp_server.h>

#include "base/buf.h"
#include "base/span.h"

#define HEADER 8
#define LOG_MAX ((size_t)64 * 1024 * 1024)
#define REPLY_LINE_MAX 512
#define TURNS_MAX 8 /* feed() calls for one octet, beyond its decisions */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the model of the caller knows of the session. */
struct run {
    const uint8_t *header;
    smail_smtp_server *session;
    smail_smtp_server_options options;
    struct smail__buf events; /* said of each event, and of the decisions */
    struct smail__buf output;
    struct smail__buf body;
    unsigned decisions;
    unsigned recipients;
    bool connected, greeted, in_mail, in_content, chunked, binary, closed;
    bool exhausted; /* SMAIL_ENOMEM came back */
    long allocations, fail_at;
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void *resize(void *ptr, size_t size, void *user)
{
    struct run *run = user;

    if (size == 0) {
        free(ptr);
        return NULL;
    }
    if (++run->allocations == run->fail_at)
        return NULL;
    return realloc(ptr, size);
}

/* A call came back; SMAIL_ENOMEM is right only where it was provoked. */
static void check(struct run *run, int error)
{
    require(error == 0 || (error == SMAIL_ENOMEM && run->fail_at != 0));
    run->exhausted |= error != 0;
}

static void choose_options(struct run *run)
{
    smail_smtp_server_options *options = &run->options;
    const uint8_t *header = run->header;
    bool auth = (header[0] & 8) != 0;

    *options = (smail_smtp_server_options)SMAIL_SMTP_SERVER_OPTIONS_INIT;
    options->hostname = "mx.example";
    if ((header[0] & 1) != 0)
        options->protocol = SMAIL_SMTP_PROTOCOL_LMTP;
    options->offer_starttls = (header[0] & 2) != 0;
    options->require_tls = (header[0] & 4) != 0 && options->offer_starttls;
    options->auth_mechanisms = auth ? "PLAIN LOGIN SCRAM-SHA-256" : NULL;
    options->auth_without_tls = (header[0] & 16) != 0;
    options->require_auth = auth && (header[0] & 32) != 0;
    options->normalize_line_ends = (header[0] & 64) != 0;
    options->allow_xclient = (header[0] & 128) != 0;
    options->offer_chunking = (header[1] & 1) != 0;
    options->offer_binarymime = (header[1] & 3) == 3;
    options->offer_smtputf8 = (header[1] & 4) != 0;
    options->offer_dsn = (header[1] & 8) != 0;
    options->offer_requiretls = (header[1] & 16) != 0;
    options->offer_mt_priority = (header[1] & 32) != 0;
    options->offer_deliverby = (header[1] & 64) != 0;
    options->ask_vrfy = options->ask_expn = (header[1] & 128) != 0;
    options->max_message_size =
        (header[2] & 3) != 0 ? 64u << (header[2] & 3) : 0;
    options->max_text_line = (header[2] & 4) != 0 ? 32 : 0;
    options->max_recipients = (header[2] & 8) != 0 ? 3 : 0;
    options->max_errors = (header[2] & 16) != 0 ? 3 : 0;
    options->max_commands = (header[2] & 32) != 0 ? 4 : 0;
    options->max_mails = (header[2] & 64) != 0 ? 2 : 0;
    options->max_recipient_domains = (header[2] & 128) != 0 ? 2 : 0;
    options->offer_limits = (header[3] & 1) != 0;
    options->max_future_release = (header[3] & 2) != 0 ? 86400 : 0;
    options->max_future_release_date = 4000000000;
    options->min_deliver_by = (header[3] & 4) != 0 ? 60 : 0;
    options->mt_priority_profile = (header[3] & 8) != 0 ? "MIXER" : NULL;
    options->help_text = (header[3] & 16) != 0 ? "One\nTwo" : NULL;
}

/* The caller's mood at its next decision: the same whatever the pieces. */
static unsigned mood(struct run *run)
{
    uint32_t hash = 2166136261u;

    hash = (hash ^ run->header[5]) * 16777619u;
    hash = (hash ^ run->header[6]) * 16777619u;
    hash = (hash ^ run->decisions++) * 16777619u;
    hash ^= hash >> 15;
    return run->header[6] == 0 ? 0 : hash % 97;
}

/* --- What the client hears ------------------------------------------------ */

static void check_reply_line(smail_span line, bool *more, char *code)
{
    require(line.len >= 3 && line.len + 2 <= REPLY_LINE_MAX);
    require(line.data[0] >= '2' && line.data[0] <= '5');
    require(line.data[1] >= '0' && line.data[1] <= '5');
    require(smail__is_digit(line.data[2]));
    require(line.len == 3 || line.data[3] == ' ' || line.data[3] == '-');
    if (*more)
        require(memcmp(code, line.data, 3) == 0);
    memcpy(code, line.data, 3);
    *more = line.len > 3 && line.data[3] == '-';
    for (size_t i = 0; i < line.len; i++)
        require((unsigned char)line.data[i] >= ' ' && line.data[i] != 0x7f);
}

static void check_output(smail_span output)
{
    bool more = false;
    char code[3] = "";

    while (output.len > 0) {
        size_t end = smail__span_find(output, '\r');

        require(end + 1 < output.len && output.data[end + 1] == '\n');
        check_reply_line(smail__span_slice(output, 0, end), &more, code);
        output = smail__span_from(output, end + 2);
    }
    require(!more);
}

static void drain(struct run *run)
{
    smail_span output;

    while ((output = smail_smtp_server_output(run->session)).len > 0) {
        /* Not always all at once. */
        size_t len = run->header[7] != 0 && output.len > run->header[7]
                         ? run->header[7]
                         : output.len;

        smail__buf_append(&run->output, smail__span_slice(output, 0, len));
        smail_smtp_server_sent(run->session, len);
    }
}

/* --- What the caller hears ------------------------------------------------ */

static void note(struct run *run, const char *name, smail_span value)
{
    smail__buf_printf(&run->events, "%s [", name);
    smail__buf_append(&run->events, value);
    smail__buf_puts(&run->events, "]\n");
}

/* Octets that may stand in whatever goes into a header or a log. */
static void check_text(smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        require((unsigned char)text.data[i] >= ' ' && text.data[i] != 0x7f);
}

static void on_path(struct run *run, const char *name, const smail_path *path)
{
    check_text(path->local);
    check_text(path->domain);
    require(path->local.len <= SMAIL_LOCAL_PART_MAX);
    require(path->domain.len <= SMAIL_DOMAIN_MAX);
    note(run, name, path->local);
    note(run, "@", path->domain);
}

static void on_mail(struct run *run, const smail_smtp_mail *mail)
{
    const smail_smtp_server_options *options = &run->options;

    require(run->greeted && !run->in_mail);
    require(!options->require_tls ||
            smail_smtp_server_is_secured(run->session));
    require(!options->require_auth ||
            smail_smtp_server_is_authenticated(run->session));
    require(!mail->smtputf8 || options->offer_smtputf8);
    require(mail->body != SMAIL_SMTP_BODY_BINARYMIME ||
            options->offer_binarymime);
    require(!mail->require_tls || smail_smtp_server_is_secured(run->session));
    require(mail->by_mode != SMAIL_SMTP_BY_RETURN ||
            mail->by_time >= (int32_t)options->min_deliver_by);
    require(mail->priority >= -9 && mail->priority <= 9);
    require(mail->hold_for <= options->max_future_release);
    check_text(mail->auth);
    check_text(mail->envelope_id);
    on_path(run, "MAIL", &mail->sender);
    smail__buf_printf(&run->events, "%d %d %d %d %d\n", (int)mail->body,
                      mail->smtputf8, (int)mail->ret, (int)mail->by_mode,
                      mail->priority);
    note(run, "ENVID", mail->envelope_id);
    note(run, "AUTH", mail->auth);
    run->binary = mail->body == SMAIL_SMTP_BODY_BINARYMIME;
}

static void on_rcpt(struct run *run, const smail_smtp_rcpt *rcpt)
{
    require(run->in_mail && !run->in_content);
    require(rcpt->recipient.local.len > 0);
    require(run->options.offer_dsn ||
            (rcpt->notify == 0 && rcpt->orcpt_type.len == 0));
    require(run->options.max_recipients == 0 ||
            run->recipients < run->options.max_recipients);
    check_text(rcpt->orcpt_address);
    on_path(run, "RCPT", &rcpt->recipient);
    note(run, "ORCPT", rcpt->orcpt_address);
}

static void on_data(struct run *run, const smail_smtp_data *data)
{
    require(run->in_mail && run->recipients > 0 && !run->in_content);
    require(data->chunked ? run->options.offer_chunking : !run->binary);
    run->chunked = data->chunked;
    smail__buf_clear(&run->body);
    note(run, data->chunked ? "BDAT" : "DATA", (smail_span){ "", 0 });
}

/* Content that may become ours; what was refused before does not count. */
static void on_end(struct run *run)
{
    smail_span body = smail__buf_span(&run->body);
    const smail_smtp_server_options *options = &run->options;
    size_t line = 0;

    require(run->in_content);
    require(options->max_message_size == 0 ||
            body.len <= options->max_message_size);
    if (!run->chunked && body.len > 0)
        require(body.len >= 2 &&
                memcmp(body.data + body.len - 2, "\r\n", 2) == 0);
    for (size_t i = 0; i < body.len && !run->binary; i++) {
        bool crlf = body.data[i] == '\r' && i + 1 < body.len &&
                    body.data[i + 1] == '\n';

        require(body.data[i] != '\0');
        require(body.data[i] != '\r' || crlf);
        require(body.data[i] != '\n' || (i > 0 && body.data[i - 1] == '\r'));
        line = body.data[i] == '\n' ? 0 : line + 1;
        require(options->max_text_line == 0 || line < options->max_text_line);
    }
    note(run, "END", body);
}

static bool is_decision(smail_smtp_event_type type)
{
    return (type >= SMAIL_SMTP_CONNECT && type <= SMAIL_SMTP_DATA) ||
           type == SMAIL_SMTP_END_OF_DATA || type == SMAIL_SMTP_VRFY ||
           type == SMAIL_SMTP_EXPN;
}

/* An answer was given and taken: what it does to the model. */
static void settle(struct run *run, smail_smtp_event_type type, bool yes)
{
    if (type == SMAIL_SMTP_HELO && yes)
        run->greeted = true;
    if (type == SMAIL_SMTP_MAIL && yes) {
        run->in_mail = true;
        run->recipients = 0;
    }
    if (type == SMAIL_SMTP_RCPT && yes)
        run->recipients++;
    if (type == SMAIL_SMTP_DATA && yes)
        run->in_content = true;
    if (type == SMAIL_SMTP_END_OF_DATA)
        run->in_mail = run->in_content = false;
}

/* LMTP: the second recipient has an answer of its own. False: no memory. */
static bool settle_second(struct run *run, smail_smtp_event_type type)
{
    if (type != SMAIL_SMTP_END_OF_DATA || run->recipients < 2 ||
        run->options.protocol != SMAIL_SMTP_PROTOCOL_LMTP)
        return true;
    check(run, smail_smtp_server_reject_recipient(run->session, 1, 452, "4.2.2",
                                                  "Full"));
    return !run->exhausted;
}

static void answer(struct run *run, smail_smtp_event_type type)
{
    unsigned how = mood(run);
    smail_smtp_server *session = run->session;
    bool yes = true;
    int error;

    if (how < 60) {
        error = smail_smtp_server_accept(session);
    } else if (how < 68) {
        error = smail_smtp_server_accept_with(session, NULL,
                                              "With \r\n words \xc3\xbc\nand");
    } else if (type == SMAIL_SMTP_AUTH && how < 85) {
        error = smail_smtp_server_challenge(session, SMAIL__SPAN("who?"));
        yes = false;
    } else if (how == 96) {
        /* The session ends with RESET and CLOSE. */
        check(run, smail_smtp_server_abandon(session, "4.3.2", "Going"));
        return;
    } else {
        if (!settle_second(run, type))
            return; /* the session is over, and with it the decision */
        error = smail_smtp_server_reject(session, how < 94 ? 550 : 421, NULL,
                                         "No\n\x01words");
        yes = false;
        if (type == SMAIL_SMTP_END_OF_DATA)
            run->in_mail = run->in_content = false;
    }
    check(run, error);
    if (error == 0)
        settle(run, type, yes);
}

static void on_decision(struct run *run, const smail_smtp_event *event)
{
    require(run->connected || event->type == SMAIL_SMTP_CONNECT);
    switch (event->type) {
    case SMAIL_SMTP_CONNECT:
        require(!run->connected && !run->in_mail);
        run->connected = true;
        note(run, "CONNECT", (smail_span){ "", 0 });
        break;
    case SMAIL_SMTP_HELO:
        check_text(event->helo.name);
        note(run, event->helo.extended ? "EHLO" : "HELO", event->helo.name);
        break;
    case SMAIL_SMTP_AUTH:
        require(run->options.auth_mechanisms != NULL && !run->in_mail);
        require(!smail_smtp_server_is_authenticated(run->session));
        require(run->options.auth_without_tls ||
                smail_smtp_server_is_secured(run->session));
        note(run, "AUTH", event->auth.mechanism);
        note(run, event->auth.has_response ? "response" : "none",
             event->auth.response);
        break;
    case SMAIL_SMTP_MAIL:
        on_mail(run, &event->mail);
        break;
    case SMAIL_SMTP_RCPT:
        on_rcpt(run, &event->rcpt);
        break;
    case SMAIL_SMTP_DATA:
        on_data(run, &event->data);
        break;
    case SMAIL_SMTP_END_OF_DATA:
        on_end(run);
        break;
    default:
        require(run->options.ask_vrfy);
        check_text(event->query.text);
        note(run, "QUERY", event->query.text);
    }
    require(run->in_mail == smail_smtp_server_in_transaction(run->session));
    answer(run, event->type);
}

static void on_notice(struct run *run, const smail_smtp_event *event)
{
    switch (event->type) {
    case SMAIL_SMTP_BODY:
        require(run->in_content && event->body.len > 0);
        smail__buf_append(&run->body, event->body);
        return;
    case SMAIL_SMTP_RESET:
        require(run->in_mail);
        run->in_mail = run->in_content = false;
        note(run, "RESET", (smail_span){ "", 0 });
        break;
    case SMAIL_SMTP_STARTTLS:
        require(run->options.offer_starttls && !run->in_mail);
        require(!smail_smtp_server_is_secured(run->session));
        note(run, "STARTTLS", (smail_span){ "", 0 });
        break;
    case SMAIL_SMTP_CLOSE:
        require(!run->in_mail && !run->closed);
        run->closed = true;
        note(run, "CLOSE", (smail_span){ "", 0 });
        break;
    case SMAIL_SMTP_XCLIENT:
        require(run->options.allow_xclient && !run->in_mail);
        run->connected = run->greeted = false;
        note(run, "XCLIENT", event->xclient.addr.value);
        break;
    default:
        abort();
    }
}

/* All events that `input` leads to. True: STARTTLS came. */
static bool feed(struct run *run, smail_span input)
{
    size_t turns = 0;

    for (;;) {
        const smail_smtp_event *event;
        size_t before = input.len;

        int error = smail_smtp_server_feed(&event, run->session, &input);

        check(run, error);
        require(input.len <= before);
        if (error != 0) { /* the event says nothing */
            require(++turns < TURNS_MAX);
            continue;
        }
        if (event->type == SMAIL_SMTP_NEED_INPUT)
            require(input.len == 0);
        if (event->type == SMAIL_SMTP_NEED_INPUT ||
            event->type == SMAIL_SMTP_WAIT) {
            drain(run);
            if (event->type == SMAIL_SMTP_NEED_INPUT || run->closed)
                return false;
            turns = input.len < before ? 0 : turns + 1;
            require(turns < TURNS_MAX); /* it must not stand still */
            continue;
        }
        turns = input.len < before ? 0 : turns;
        if (is_decision(event->type))
            on_decision(run, event);
        else
            on_notice(run, event);
        if (event->type == SMAIL_SMTP_STARTTLS) {
            require(input.len == 0);
            drain(run);
            return true;
        }
    }
}

/* Up to the next FE FE FE; moves behind it. */
static smail_span cut_segment(smail_span *wire)
{
    smail_span segment = *wire;

    for (size_t i = 0; i + 3 <= wire->len; i++)
        if (memcmp(wire->data + i, "\xfe\xfe\xfe", 3) == 0) {
            segment.len = i;
            *wire = smail__span_from(*wire, i + 3);
            return segment;
        }
    *wire = smail__span_from(*wire, wire->len);
    return segment;
}

/* `step` octets at once; 0: all of a segment. */
static void play(struct run *run, smail_span wire, size_t step)
{
    bool shake = feed(run, (smail_span){ "", 0 });

    while (wire.len > 0 && !run->closed) {
        smail_span segment = cut_segment(&wire);

        while (segment.len > 0 && !shake && !run->closed) {
            size_t len = step == 0 || step > segment.len ? segment.len : step;
            /* On the heap, so that ASan sees one octet too many. */
            char *piece = malloc(len);

            require(piece != NULL);
            memcpy(piece, segment.data, len);
            segment = smail__span_from(segment, len);
            shake = feed(run, (smail_span){ piece, len });
            free(piece);
        }
        if (shake) {
            check(run, smail_smtp_server_secured(run->session));
            require(smail_smtp_server_is_secured(run->session));
            run->greeted = false;
            shake = false;
        }
    }
}

static void begin(struct run *run, const uint8_t *header, long fail_at,
                  const smail_mem *mem)
{
    int error;

    *run = (struct run){ .header = header, .fail_at = fail_at };
    smail__buf_init(&run->events, LOG_MAX, NULL);
    smail__buf_init(&run->output, LOG_MAX, NULL);
    smail__buf_init(&run->body, LOG_MAX, NULL);
    choose_options(run);
    run->options.mem = mem;
    error = smail_smtp_server_new(&run->session, &run->options);
    check(run, error);
    if (error != 0)
        run->session = NULL;
    else if ((header[3] & 32) != 0)
        check(run, smail_smtp_server_secured(run->session));
}

static void end(struct run *run)
{
    check_output(smail__buf_span(&run->output));
    smail_smtp_server_free(run->session);
    smail__buf_dispose(&run->events);
    smail__buf_dispose(&run->output);
    smail__buf_dispose(&run->body);
}

static bool same(const struct smail__buf *a, const struct smail__buf *b)
{
    return smail__span_equal(smail__buf_span(a), smail__buf_span(b));
}

/* The nth allocation fails: only a 421 may come of it. */
static void play_without_memory(const uint8_t *header, smail_span wire,
                                long nth)
{
    struct run run;
    smail_mem mem = { resize, &run };

    begin(&run, header, nth, &mem);
    if (run.session != NULL)
        play(&run, wire, header[4]);
    require(!run.exhausted || run.session == NULL || run.closed);
    end(&run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run whole, parts;
    smail_span wire;

    if (size < HEADER)
        return 0;
    wire = (smail_span){ (const char *)data + HEADER, size - HEADER };
    begin(&whole, data, 0, NULL);
    play(&whole, wire, 0);
    begin(&parts, data, 0, NULL);
    play(&parts, wire, 1 + (size_t)data[4] % 16);
    require(same(&whole.events, &parts.events));
    require(same(&whole.output, &parts.output));
    require(whole.closed == parts.closed);
    end(&whole);
    end(&parts);
    if ((data[3] & 64) != 0)
        play_without_memory(data, wire, 1 + (long)data[6]);
    return 0;
}
