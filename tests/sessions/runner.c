/* SPDX-License-Identifier: MIT */
/*
 * runner.c - plays a dialogue file against a server session.
 *
 *    runner whole FILE   each group of C: lines is fed at once
 *    runner bytes FILE   everything is fed one byte at a time
 *    runner nomem FILE   again and again, the nth allocation failing
 *
 * Exits with 0 if all was as the file says. See README.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <smtpmail/error.h>

#include "base/buf.h"
#include "base/span.h"
#include "event.h"
#include "script.h"

#define TEXT_MAX (64 * 1024 * 1024)
#define RUNS_MAX 10000 /* a dialogue with more allocations is a mistake */

static const char last_words[] =
    "421 4.3.0 Out of memory, closing connection\r\n";

struct meter {
    long live;    /* blocks not yet freed */
    long calls;   /* allocations so far */
    long fail_at; /* this one fails; 0: none does */
};

struct run {
    const struct script *script;
    smail_smtp_server *session;
    size_t at;              /* the next line of the script */
    size_t end;             /* where its group ends */
    unsigned line;          /* last looked at, for messages */
    struct smail__buf sent; /* what the server said, this group */
    struct smail__buf body; /* content handed over so far */
    struct meter meter;
    bool shaking;   /* STARTTLS came: the rest of the group is not fed */
    bool exhausted; /* SMAIL_ENOMEM came back */
};

static void fail(const struct run *run, const char *what, const char *got)
{
    fprintf(stderr, "line %u: %s: [%s]\n", run->line, what, got);
    exit(1);
}

/* malloc that counts, and fails when it is told to. */
static void *meter_resize(void *ptr, size_t size, void *user)
{
    struct meter *meter = user;
    void *block;

    if (size == 0) {
        meter->live -= ptr != NULL;
        free(ptr);
        return NULL;
    }
    if (++meter->calls == meter->fail_at)
        return NULL;
    block = realloc(ptr, size);
    meter->live += ptr == NULL && block != NULL;
    return block;
}

/* What came back from a call; ENOMEM is only fine when it was provoked. */
static void check(struct run *run, int error)
{
    if (error == SMAIL_ENOMEM && run->meter.fail_at != 0 &&
        run->meter.calls >= run->meter.fail_at)
        run->exhausted = true;
    else if (error != 0)
        fail(run, "call failed", smail_strerror(error));
}

static void drain(struct run *run)
{
    smail_span output;

    while ((output = smail_smtp_server_output(run->session)).len > 0) {
        smail__buf_append(&run->sent, output);
        smail_smtp_server_sent(run->session, output.len);
    }
}

static bool is_decision(smail_smtp_event_type type)
{
    return (type >= SMAIL_SMTP_CONNECT && type <= SMAIL_SMTP_DATA) ||
           type == SMAIL_SMTP_END_OF_DATA || type == SMAIL_SMTP_VRFY ||
           type == SMAIL_SMTP_EXPN;
}

/* "550 5.1.1 No such user": `status` "-" stands for NULL. */
struct words {
    int code;
    char status[16];
    const char *text;
};

static struct words read_words(struct run *run, const char *text)
{
    struct words words = { 0, "", NULL };
    int used = 0;

    if (sscanf(text, "%d %15s %n", &words.code, words.status, &used) < 2)
        fail(run, "CODE STATUS TEXT expected", text);
    words.text = text + used;
    return words;
}

static const char *status_of(const struct words *words)
{
    return strcmp(words->status, "-") == 0 ? NULL : words->status;
}

static int accept_with(struct run *run, const char *text)
{
    char status[16] = "";
    int used = 0;

    if (*text == '\0')
        return smail_smtp_server_accept(run->session);
    if (sscanf(text, "%15s %n", status, &used) < 1)
        fail(run, "STATUS TEXT expected", text);
    return smail_smtp_server_accept_with(
        run->session, strcmp(status, "-") == 0 ? NULL : status, text + used);
}

static int challenge(struct run *run, const char *text)
{
    size_t len;
    char *bytes = script_unescape(&len, text);
    int error =
        smail_smtp_server_challenge(run->session, (smail_span){ bytes, len });

    free(bytes);
    return error;
}

static int settle_recipient(struct run *run, const char *text)
{
    char *rest;
    size_t index = strtoul(text, &rest, 10);
    struct words words = read_words(run, rest);

    return smail_smtp_server_reject_recipient(run->session, index, words.code,
                                              status_of(&words), words.text);
}

static int reject(struct run *run, const char *text)
{
    struct words words = read_words(run, text);

    return smail_smtp_server_reject(run->session, words.code, status_of(&words),
                                    words.text);
}

static int abandon(struct run *run, const char *text)
{
    char status[16] = "";
    int used = 0;

    (void)sscanf(text, "%15s %n", status, &used);
    return smail_smtp_server_abandon(run->session, status, text + used);
}

static int secured(struct run *run, const char *text)
{
    (void)text;
    return smail_smtp_server_secured(run->session);
}

static int authenticated(struct run *run, const char *text)
{
    (void)text;
    return smail_smtp_server_authenticated(run->session);
}

static void act(struct run *run, const char *action)
{
    static const struct {
        const char *name;
        int (*run)(struct run *run, const char *text);
    } actions[] = {
        { "accept", accept_with },
        { "reject", reject },
        { "challenge", challenge },
        { "recipient", settle_recipient },
        { "abandon", abandon },
        { "secured", secured },
        { "authenticated", authenticated },
    };
    size_t name = strcspn(action, " ");

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (strlen(actions[i].name) == name &&
            strncmp(action, actions[i].name, name) == 0) {
            check(run,
                  actions[i].run(run, action + name + (action[name] == ' ')));
            return;
        }
    fail(run, "unknown action", action);
}

/* The next line of the group that is no reply; NULL at the group's end. */
static const struct line *peek(struct run *run)
{
    while (run->at < run->end) {
        const struct line *line = &run->script->lines[run->at];

        run->line = line->number;
        if (line->kind != LINE_SERVER)
            return line;
        run->at++;
    }
    return NULL;
}

/* The `! action` lines that stand here. */
static void act_unasked(struct run *run)
{
    const struct line *line;

    while ((line = peek(run)) != NULL && line->kind == LINE_ACTION &&
           !run->exhausted) {
        run->at++;
        act(run, line->text);
    }
}

/* `? body TEXT` lines, before anything else that ends the content. */
static void compare_body(struct run *run)
{
    const struct line *line = peek(run);
    struct smail__buf wanted;
    bool any = false;

    smail__buf_init(&wanted, TEXT_MAX, NULL);
    while (line != NULL && strncmp(line->text, "body", 4) == 0) {
        size_t len;
        char *text =
            script_unescape(&len, line->text + 4 + (line->text[4] == ' '));

        any = true;
        smail__buf_append(&wanted, (smail_span){ text, len });
        free(text);
        run->at++;
        line = peek(run);
    }
    if (any && !smail__span_equal(smail__buf_span(&wanted),
                                  smail__buf_span(&run->body)))
        fail(run, "content differs", run->body.data);
    smail__buf_dispose(&wanted);
    smail__buf_clear(&run->body);
}

/*
 * Decisions that the file does not mention are accepted; notices have to be
 * mentioned, but for BODY.
 */
static void match_event(struct run *run, const smail_smtp_event *event)
{
    const struct line *line;
    struct smail__buf got;

    if (event->type == SMAIL_SMTP_BODY) {
        smail__buf_append(&run->body, event->body);
        return;
    }
    if (event->type == SMAIL_SMTP_END_OF_DATA)
        compare_body(run);
    if (event->type == SMAIL_SMTP_RESET)
        smail__buf_clear(&run->body);
    if (event->type == SMAIL_SMTP_STARTTLS)
        run->shaking = true;
    line = peek(run);
    smail__buf_init(&got, TEXT_MAX, NULL);
    event_put(&got, event);
    if (line != NULL && line->kind == LINE_EVENT &&
        strcmp(line->text, got.data) == 0) {
        run->at++;
        if (line->action[0] != '\0')
            act(run, line->action);
        else
            act_unasked(run);
    } else if (is_decision(event->type)) {
        check(run, smail_smtp_server_accept(run->session));
    } else {
        fail(run, "unexpected event", got.data);
    }
    smail__buf_dispose(&got);
}

static void feed(struct run *run, smail_span input)
{
    const smail_smtp_event *event;

    while (!run->exhausted) {
        int error = smail_smtp_server_feed(&event, run->session, &input);

        check(run, error);
        drain(run);
        if (error != 0 || event->type == SMAIL_SMTP_NEED_INPUT ||
            event->type == SMAIL_SMTP_WAIT)
            return;
        match_event(run, event);
        drain(run);
    }
}

static void feed_group(struct run *run, smail_span input, size_t step)
{
    if (input.len == 0)
        act_unasked(run);
    feed(run, smail__span_slice(input, 0, 0));
    while (input.len > 0 && !run->shaking) {
        feed(run, smail__span_slice(input, 0, step));
        input = smail__span_from(input, step);
    }
    run->shaking = false;
    act_unasked(run);
    feed(run, smail__span_slice(input, 0, 0));
}

/* The C: lines of a group, joined; then its other lines up to the next C:. */
static size_t join_client_lines(struct smail__buf *out, struct run *run)
{
    const struct script *script = run->script;
    size_t i = run->at;

    while (i < script->count && script->lines[i].kind == LINE_CLIENT) {
        smail__buf_append(
            out, (smail_span){ script->lines[i].text, script->lines[i].len });
        i++;
    }
    run->at = i;
    while (i < script->count && script->lines[i].kind != LINE_CLIENT)
        i++;
    return i;
}

/* "250 ..." stands for a whole reply that begins so, of any number of lines. */
static smail_span match_reply(struct run *run, const struct line *line,
                              smail_span sent)
{
    size_t len = strlen(line->text);
    bool open = len > 4 && strcmp(line->text + len - 4, " ...") == 0;

    run->line = line->number;
    do {
        smail_span got =
            smail__span_slice(sent, 0, smail__span_find(sent, '\n'));

        if (sent.len == 0)
            fail(run, "nothing said; expected", line->text);
        sent = smail__span_from(sent, got.len + 1);
        if (got.len == 0 || got.data[got.len - 1] != '\r')
            fail(run, "reply does not end in CRLF", got.data);
        got.len--;
        if (!open && !smail__span_is(got, line->text))
            fail(run, "expected another reply than", got.data);
        if (open &&
            !smail__span_istarts(got, (char[]){ line->text[0], line->text[1],
                                                line->text[2], '\0' }))
            fail(run, "expected another code than", got.data);
        open = open && got.data[3] == '-';
    } while (open);
    return sent;
}

static void compare_replies(struct run *run, size_t from, size_t to)
{
    smail_span sent = smail__buf_span(&run->sent);

    for (size_t i = from; i < to; i++)
        if (run->script->lines[i].kind == LINE_SERVER)
            sent = match_reply(run, &run->script->lines[i], sent);
    if (sent.len > 0)
        fail(run, "said without being expected", sent.data);
    smail__buf_clear(&run->sent);
}

static void play_group(struct run *run, size_t step)
{
    struct smail__buf input;
    size_t from;

    smail__buf_init(&input, TEXT_MAX, NULL);
    run->end = join_client_lines(&input, run);
    from = run->at;
    feed_group(run, smail__buf_span(&input), step);
    smail__buf_dispose(&input);
    if (run->meter.fail_at != 0 && run->meter.calls >= run->meter.fail_at) {
        run->at = run->script->count; /* what follows may well differ */
        return;
    }
    compare_replies(run, from, run->end);
    if (peek(run) != NULL)
        fail(run, "did not happen", run->script->lines[run->at].text);
    run->at = run->end;
}

/* After SMAIL_ENOMEM: RESET perhaps, then CLOSE, and 421 as last words. */
static void check_collapse(struct run *run)
{
    const smail_smtp_event *event;
    smail_span none = { "", 0 };
    size_t len = sizeof(last_words) - 1;

    if (smail_smtp_server_feed(&event, run->session, &none) != 0)
        fail(run, "feed fails twice", "");
    if (event->type == SMAIL_SMTP_RESET &&
        smail_smtp_server_feed(&event, run->session, &none) != 0)
        fail(run, "feed fails after RESET", "");
    if (event->type != SMAIL_SMTP_CLOSE)
        fail(run, "no CLOSE after SMAIL_ENOMEM", "");
    drain(run);
    if (run->sent.len < len ||
        memcmp(run->sent.data + run->sent.len - len, last_words, len) != 0)
        fail(run, "no 421 after SMAIL_ENOMEM", run->sent.data);
}

/* True if an allocation was made to fail. */
static bool play(const struct script *script, size_t step, long fail_at)
{
    struct run run = { .script = script, .meter = { .fail_at = fail_at } };
    const smail_mem mem = { meter_resize, &run.meter };
    smail_smtp_server_options options = script->options;
    int error;

    options.mem = &mem;
    smail__buf_init(&run.sent, TEXT_MAX, NULL);
    smail__buf_init(&run.body, TEXT_MAX, NULL);
    error = smail_smtp_server_new(&run.session, &options);
    check(&run, error);
    while (error == 0 && run.at < script->count && !run.exhausted)
        play_group(&run, step);
    if (error == 0 && run.exhausted)
        check_collapse(&run);
    if (error == 0)
        smail_smtp_server_free(run.session);
    smail__buf_dispose(&run.sent);
    smail__buf_dispose(&run.body);
    if (run.meter.live != 0)
        fail(&run, "memory was not given back", "");
    return fail_at != 0 && run.meter.calls >= fail_at;
}

int main(int argc, char **argv)
{
    struct script script;
    long n = 1;

    if (argc != 3) {
        fprintf(stderr, "usage: runner whole|bytes|nomem FILE\n");
        return 2;
    }
    script_read(&script, argv[2]);
    if (strcmp(argv[1], "nomem") == 0) {
        while (n < RUNS_MAX && play(&script, SIZE_MAX, n))
            n++;
        n = 1;
        while (n < RUNS_MAX && play(&script, 1, n))
            n++;
    } else {
        (void)play(&script, argv[1][0] == 'b' ? 1 : SIZE_MAX, 0);
    }
    script_free(&script);
    return 0;
}
