/* SPDX-License-Identifier: MIT */
/*
 * fuzz/smtp_client.c - a whole client session with a server and an owner who
 * do anything in any order: it ends, its events are in order, and what it says
 * is canonical.
 *
 * The first octets choose the options; each that follows is a move of the
 * server's or the owner's, with an octet or more behind it.
 */
#include <stdlib.h>
#include <string.h>

#include <smtpmail/error.h>
#include <smtpmail/smtp_client.h>

#include "base/span.h"
#include "base/utf8.h"

#define RECIPIENTS 4
#define MOVES_MAX 2000

/* The longest line: of AUTH. */
#define LINE_MAX_SAID 12288

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum saying { SAYING_COMMANDS, SAYING_CONTENT, SAYING_CHUNK };

struct bout {
    smail_smtp_client *client;
    smail_mem mem;
    unsigned allocations; /* that are left; 0: as many as it likes */
    bool no_memory;       /* one has failed */
    smail_span data;      /* what is left to decide by */
    bool lmtp;
    bool closed;
    bool in_mail; /* send() said yes, DONE or READY is to come */
    bool done;    /* DONE came */
    bool binary;
    bool chunked; /* BDAT was seen in this transaction */
    size_t count; /* of recipients */
    bool good[RECIPIENTS];
    enum saying saying;
    char line[LINE_MAX_SAID + 2]; /* being said, as far as it is known */
    size_t line_len;
    uint64_t chunk; /* octets of it to come */
    smail_smtp_content content;
};

static unsigned choose(struct bout *b, unsigned below)
{
    unsigned value = 0;

    if (b->data.len > 0) {
        value = (unsigned char)b->data.data[0];
        b->data = smail__span_from(b->data, 1);
    }
    return value % below;
}

static smail_span take(struct bout *b, size_t max)
{
    smail_span taken =
        smail__span_slice(b->data, 0, choose(b, 255) % (max + 1));

    taken = smail__span_slice(b->data, 0, taken.len);
    b->data = smail__span_from(b->data, taken.len);
    return taken;
}

static void require(bool what)
{
    if (!what)
        abort();
}

static void *resize(void *ptr, size_t size, void *user)
{
    struct bout *b = user;

    if (size == 0) {
        free(ptr);
        return NULL;
    }
    if (b->allocations > 0 && --b->allocations == 0) {
        b->no_memory = true;
        return NULL;
    }
    return realloc(ptr, size);
}

/* --- what the client says ------------------------------------------------- */

static void on_command(struct bout *b)
{
    smail_span line = { b->line, b->line_len - 2 };
    smail_span rest = line;

    require(smail__utf8_valid(line));
    for (size_t i = 0; i < line.len; i++)
        require((unsigned char)line.data[i] >= ' ' && line.data[i] != 0x7f);
    if (!smail__span_istarts(line, "BDAT "))
        return;
    (void)smail__span_cut(&rest, ' ');
    require(smail__span_number(&b->chunk, smail__span_cut(&rest, ' ')) == 0);
    require(rest.len == 0 || smail__span_is(rest, "LAST"));
    b->saying = b->chunk > 0 ? SAYING_CHUNK : SAYING_COMMANDS;
}

/* One octet of a command or of stuffed content. */
static void hear_line(struct bout *b, char byte)
{
    bool after_cr = b->line_len > 0 && b->line[b->line_len - 1] == '\r';

    require(b->line_len < sizeof(b->line));
    require(byte != '\0' && (byte == '\n') == after_cr);
    b->line[b->line_len++] = byte;
    if (byte != '\n')
        return;
    if (b->saying == SAYING_COMMANDS)
        on_command(b);
    else
        require(b->line_len <= SMAIL_SMTP_TEXT_LINE_MAX + 3);
    b->line_len = 0;
}

static void hear_client(struct bout *b)
{
    smail_span said = smail_smtp_client_output(b->client);

    for (size_t i = 0; i < said.len; i++) {
        if (b->saying != SAYING_CHUNK) {
            hear_line(b, said.data[i]);
            continue;
        }
        smail_smtp_content_scan(&b->content, smail__span_slice(said, i, 1));
        require(b->binary || !b->content.bare);
        if (--b->chunk == 0)
            b->saying = SAYING_COMMANDS;
    }
    smail_smtp_client_sent(b->client, said.len);
}

/* --- what the server says ------------------------------------------------- */

static void check_text(smail_span text)
{
    require(smail__utf8_valid(text));
    for (size_t i = 0; i < text.len; i++)
        require(text.data[i] == '\n' ||
                ((unsigned char)text.data[i] >= ' ' && text.data[i] != 0x7f));
}

static void on_event(struct bout *b, const smail_smtp_client_event *event)
{
    check_text(event->reply.text);
    require(event->reply.code == 0 ||
            (event->reply.code >= 200 && event->reply.code <= 599));
    require(!b->closed);
    switch (event->type) {
    case SMAIL_SMTP_CLIENT_RECIPIENT:
        require(b->in_mail && !b->done && event->recipient < b->count);
        b->good[event->recipient] = event->reply.code / 100 == 2;
        break;
    case SMAIL_SMTP_CLIENT_SETTLED:
        require(b->in_mail && !b->done && b->lmtp &&
                event->recipient < b->count && b->good[event->recipient]);
        b->good[event->recipient] = false;
        break;
    case SMAIL_SMTP_CLIENT_SEND_BODY:
        require(b->in_mail && !b->done);
        break;
    case SMAIL_SMTP_CLIENT_DONE:
        require(b->in_mail && !b->done);
        b->done = true;
        break;
    case SMAIL_SMTP_CLIENT_READY:
        b->in_mail = false;
        break;
    case SMAIL_SMTP_CLIENT_CLOSE:
        b->closed = true;
        break;
    default:
        break;
    }
}

static void hear_server(struct bout *b, smail_span input)
{
    const smail_smtp_client_event *event;

    for (unsigned turns = 0;; turns++) {
        require(turns < 10000);
        if (smail_smtp_client_feed(&event, b->client, &input) != 0) {
            require(b->no_memory);
            continue; /* CLOSE is next */
        }
        if (event->type == SMAIL_SMTP_CLIENT_NEED_INPUT)
            require(input.len == 0);
        if (event->type == SMAIL_SMTP_CLIENT_NEED_INPUT ||
            event->type == SMAIL_SMTP_CLIENT_WAIT)
            break;
        on_event(b, event);
    }
}

/* Words that get it somewhere, in one piece or in two. */
static void say_known(struct bout *b)
{
    static const char *const words[] = {
        "220 mx\r\n",
        "250-mx\r\n250-PIPELINING\r\n250-SIZE 9999\r\n250-8BITMIME\r\n"
        "250-DSN\r\n250-SMTPUTF8\r\n250-STARTTLS\r\n250-REQUIRETLS\r\n"
        "250-DELIVERBY 2\r\n250-FUTURERELEASE 9 2030-01-01T00:00:00Z\r\n"
        "250-LIMITS RCPTMAX=3 MAILMAX=5\r\n250-MT-PRIORITY\r\n"
        "250-CHUNKING\r\n250-BINARYMIME\r\n250 AUTH PLAIN LOGIN\r\n",
        "250-mx\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250 AUTH PLAIN\r\n",
        "250-mx\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
        "250 2.0.0 ok\r\n",
        "250-a\r\n250 b\r\n",
        "354 go\r\n",
        "450 4.2.1 later\r\n",
        "550 5.1.1 no\r\n",
        "552 5.5.3 many\r\n",
        "503 bad\r\n",
        "334 \r\n",
        "334 VXNlcm5hbWU6\r\n",
        "235 2.7.0 yes\r\n",
        "421 bye\r\n",
        "221 bye\r\n",
    };
    smail_span word =
        smail__span(words[choose(b, sizeof(words) / sizeof(words[0]))]);
    size_t cut = choose(b, 64);

    hear_server(b, smail__span_slice(word, 0, cut));
    hear_server(b, smail__span_from(word, cut));
}

/* --- what the owner does -------------------------------------------------- */

static smail_path invent_path(struct bout *b)
{
    static const char *const parts[] = {
        "a",     "b.test",      "\xc3\xa4", "\"a b\"",   "",
        "x\r\n", "[127.0.0.1]", "a> b",     "postmaster"
    };
    const unsigned count = sizeof(parts) / sizeof(parts[0]);
    smail_path path = { smail__span(parts[choose(b, count)]),
                        smail__span(parts[choose(b, count)]) };

    if (choose(b, 8) == 0)
        path.local = take(b, 80);
    if (choose(b, 8) == 0)
        path.domain = take(b, 80);
    return path;
}

static void invent_mail(struct bout *b, smail_smtp_mail *mail)
{
    mail->sender = invent_path(b);
    mail->body = (smail_smtp_body_type)choose(b, 3);
    mail->size = choose(b, 2);
    if (choose(b, 2) == 0)
        return;
    mail->smtputf8 = choose(b, 2) != 0;
    mail->require_tls = choose(b, 8) == 0;
    mail->ret = (smail_smtp_ret)choose(b, 3);
    mail->envelope_id = take(b, 20);
    mail->auth = take(b, 20);
    mail->by_mode = (smail_smtp_by_mode)choose(b, 3);
    mail->by_time = (int32_t)choose(b, 4) - 1;
    mail->by_trace = choose(b, 2) != 0;
    mail->hold_for = choose(b, 3);
    mail->hold_until = choose(b, 3);
    mail->priority = (int)choose(b, 22) - 11;
}

static void do_send(struct bout *b)
{
    smail_smtp_rcpt people[RECIPIENTS] = { { .notify = 0 } };
    smail_smtp_envelope envelope = SMAIL_SMTP_ENVELOPE_INIT;

    invent_mail(b, &envelope.mail);
    envelope.recipients = people;
    envelope.count = choose(b, RECIPIENTS + 1);
    for (size_t i = 0; i < envelope.count; i++) {
        people[i].recipient = invent_path(b);
        if (choose(b, 2) == 0)
            continue;
        people[i].notify = choose(b, 17);
        people[i].orcpt_type =
            smail__span(choose(b, 2) != 0 ? "utf-8" : "rfc822");
        people[i].orcpt_address = take(b, 30);
    }
    if (smail_smtp_client_send(b->client, &envelope) != 0)
        return;
    b->in_mail = true;
    b->done = false;
    b->count = envelope.count;
    b->binary = envelope.mail.body == SMAIL_SMTP_BODY_BINARYMIME;
    memset(b->good, 0, sizeof(b->good));
    memset(&b->content, 0, sizeof(b->content));
}

/* What comes out of these calls is content, unless it is a BDAT. */
static void hear_content(struct bout *b)
{
    smail_span said = smail_smtp_client_output(b->client);

    if (b->saying == SAYING_COMMANDS && b->line_len == 0 && said.len > 0 &&
        !smail__span_istarts(said, "BDAT ") &&
        !smail__span_istarts(said, "RSET"))
        b->saying = SAYING_CONTENT;
    hear_client(b);
}

static void do_body(struct bout *b)
{
    static const char *const pieces[] = { "text\r\n", ".\r\n", "\r\n", "..",
                                          "\xc3\xa4", "\r",    "\n" };
    smail_span content =
        smail__span(pieces[choose(b, sizeof(pieces) / sizeof(pieces[0]))]);

    if (choose(b, 2) == 0)
        content = take(b, 250);
    if (smail_smtp_client_body(b->client, &content) == SMAIL_EMALFORMED)
        require(!b->binary);
}

static void do_body_end(struct bout *b)
{
    (void)smail_smtp_client_body_end(b->client);
}

static void do_auth(struct bout *b)
{
    smail_span initial = take(b, 50);

    (void)smail_smtp_client_auth(b->client, choose(b, 2) ? "PLAIN" : "LOGIN",
                                 choose(b, 2) ? &initial : NULL);
}

/* The owner's move. */
static void act(struct bout *b)
{
    switch (choose(b, 16)) {
    case 0:
    case 1:
    case 2:
    case 3:
        do_send(b);
        break;
    case 4:
    case 5:
    case 6:
        do_body(b);
        hear_content(b);
        break;
    case 7:
        do_body_end(b);
        hear_content(b);
        b->saying = SAYING_COMMANDS;
        break;
    case 8:
        do_auth(b);
        break;
    case 9:
        (void)smail_smtp_client_respond(b->client, take(b, 50));
        break;
    case 10:
        (void)smail_smtp_client_cancel(b->client);
        break;
    case 11:
        (void)smail_smtp_client_quit(b->client);
        break;
    case 12:
        (void)smail_smtp_client_secured(b->client);
        break;
    case 13:
        (void)smail_smtp_client_body_fail(b->client);
        break;
    case 14:
        require(smail_smtp_client_patience(b->client) >= 120);
        break;
    default:
        if (choose(b, 16) == 0)
            smail_smtp_client_abandon(b->client);
    }
}

static bool begin(struct bout *b)
{
    smail_smtp_client_options options = SMAIL_SMTP_CLIENT_OPTIONS_INIT;
    unsigned flags = choose(b, 256);

    options.hostname = "c.example";
    b->lmtp = (flags & 1) != 0;
    options.protocol =
        b->lmtp ? SMAIL_SMTP_PROTOCOL_LMTP : SMAIL_SMTP_PROTOCOL_SMTP;
    options.no_pipelining = (flags & 2) != 0;
    options.no_chunking = (flags & 4) != 0;
    options.early_content = (flags & 8) != 0;
    options.tls = (smail_smtp_tls_use)(flags >> 4 & 3) % 3;
    options.chunk_size = 1 + choose(b, 20);
    options.max_reply_octets = 5000;
    b->allocations = choose(b, 256);
    b->mem = (smail_mem){ resize, b };
    options.mem = &b->mem;
    return smail_smtp_client_new(&b->client, &options) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct bout bout;
    struct bout *b = &bout;

    memset(b, 0, sizeof(*b));
    b->data = (smail_span){ (const char *)data, size };
    if (!begin(b)) {
        require(b->no_memory);
        return 0;
    }
    for (unsigned i = 0; i < MOVES_MAX && b->data.len > 0; i++) {
        unsigned move = choose(b, 8);

        if (move < 4)
            say_known(b);
        else if (move == 4)
            hear_server(b, take(b, 100));
        else
            act(b);
        hear_client(b);
    }
    smail_smtp_client_abandon(b->client);
    hear_server(b, (smail_span){ "", 0 });
    require(b->closed && smail_smtp_client_output(b->client).len == 0);
    smail_smtp_client_free(b->client);
    return 0;
}
