/* SPDX-License-Identifier: MIT */
/* play.c - plays one rule against the server. */
#define _POSIX_C_SOURCE 200809L
#include "play.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define STORED_SECONDS 10 /* for a message to get from 250 to its mailbox */
#define STORED_MAX (8 * 1024 * 1024)

struct player {
    const struct target *target;
    const struct rule *rule;
    struct peer peer;
    struct reply reply;
    struct offer offer;
    struct text sent;  /* last */
    struct text why;   /* what is wrong */
    const char *means; /* what is not met means */
    struct variable variables[16];
    struct text plain;  /* the variable */
    char number[16];    /* of the repetition */
    char local[256];    /* of the recipient */
    char updomain[256]; /* in capitals */
    char token[48];     /* names this run */
    bool ended;         /* closed as was allowed; up to `again` */
    bool done;
    bool trace;
    enum outcome outcome;
    unsigned repetition;
};

static void finish(struct player *player, enum outcome outcome)
{
    player->done = true;
    player->outcome = outcome;
}

static void __attribute__((format(printf, 3, 4)))
fail(struct player *player, const struct step *step, const char *format, ...)
{
    char line[512];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    text_clear(&player->why);
    text_printf(&player->why, "line %u: ", step->line);
    if (player->means != NULL)
        text_printf(&player->why, "%s: ", player->means);
    text_puts(&player->why, line);
    finish(player, OUTCOME_FAIL);
}

static void trace(const struct player *player, const char *mark,
                  const char *data, size_t len)
{
    struct text shown = { .data = NULL };

    if (!player->trace)
        return;
    text_show(&shown, data, len);
    text_put(&shown, "", 0);
    fprintf(stderr, "    %s %s\n", mark, shown.data);
    text_free(&shown);
}

/* What a step's text means; ends the program where it means nothing. */
static void expand(struct text *out, struct player *player,
                   const struct step *step)
{
    const char *fault;

    text_clear(out);
    fault = text_expand(out, step->text, player->variables);
    if (fault != NULL) {
        fprintf(stderr, "%s: line %u: %s\n", player->rule->name, step->line,
                fault);
        exit(2);
    }
}

static void do_send(struct player *player, const struct step *step)
{
    expand(&player->sent, player, step);
    if (step->verb == VERB_SEND)
        text_puts(&player->sent, "\r\n");
    trace(player, ">", player->sent.data, player->sent.len);
    peer_send(&player->peer, player->sent.data, player->sent.len);
}

static void do_expect(struct player *player, const struct step *step,
                      const char *codes)
{
    struct text shown = { .data = NULL };
    struct reply *reply = &player->reply;

    peer_reply(reply, &player->peer);
    text_put(&shown, "", 0);
    if (reply->code != 0)
        text_show(&shown, reply->text.data, reply->text.len);
    else
        text_puts(&shown,
                  reply->closed ? "the connection was closed" : "no reply");
    trace(player, "<", shown.data, shown.len);
    if (reply->fault != NULL)
        fail(player, step, "%s [%.300s]", reply->fault, shown.data);
    else if (!check_codes(codes, reply))
        fail(player, step, "expected %s, got [%.300s]", codes, shown.data);
    else if (reply->code == 0)
        player->ended = true;
    text_free(&shown);
}

static void do_greet(struct player *player, const struct step *step)
{
    struct text why = { .data = NULL };

    if (!session_greet(&player->peer, &player->reply, &player->offer,
                       player->target, step->verb == VERB_GREET, &why))
        fail(player, step, "%s", why.data);
    text_free(&why);
}

static void do_again(struct player *player, const struct step *step)
{
    struct text why = { .data = NULL };

    peer_close(&player->peer, false);
    player->ended = false;
    if (!session_open(&player->peer, player->target, &why))
        fail(player, step, "%s", why.data);
    text_free(&why);
}

static void do_envelope(struct player *player, const struct step *step)
{
    static char mail[] = "MAIL FROM:<$sender>", rcpt[] = "RCPT TO:<$recipient>";
    struct step line = *step;

    line.verb = VERB_SEND;
    line.text = mail;
    do_send(player, &line);
    do_expect(player, step, "250");
    if (player->done)
        return;
    line.text = rcpt;
    do_send(player, &line);
    do_expect(player, step, "250 251");
}

/* Print the message that holds the token, if it has come. */
static bool read_stored(struct text *out, const struct target *target)
{
    FILE *pipe = popen(target->reader, "r");
    char chunk[4096];
    size_t len;

    text_clear(out);
    if (pipe == NULL)
        return false;
    while ((len = fread(chunk, 1, sizeof(chunk), pipe)) > 0)
        if (out->len < STORED_MAX)
            text_put(out, chunk, len);
    return pclose(pipe) == 0 && out->len > 0;
}

static bool await_stored(struct text *out, struct player *player)
{
    struct timespec pause = { .tv_nsec = 100000000 };

    (void)setenv("TOKEN", player->token, 1);
    for (unsigned i = 0; i < STORED_SECONDS * 10; i++) {
        if (read_stored(out, player->target))
            return true;
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

static bool has_line(struct text *message, const char *glob)
{
    char *line = message->data;

    while (line != NULL && *line != '\0') {
        char *end = strchr(line, '\n');
        bool found;

        if (end != NULL)
            *end = '\0';
        if (end != NULL && end > line && end[-1] == '\r')
            end[-1] = '\0';
        found = text_matches(glob, line);
        if (found)
            return true;
        line = end == NULL ? NULL : end + 1;
    }
    return false;
}

static void do_stored(struct player *player, const struct step *step)
{
    struct text message = { .data = NULL }, glob = { .data = NULL };

    if (player->target->reader == NULL)
        return; /* then only the replies are judged */
    expand(&glob, player, step);
    if (!await_stored(&message, player))
        fail(player, step, "the message was not delivered");
    else if (has_line(&message, glob.data) != (step->verb == VERB_STORED))
        fail(player, step, "the message as delivered %s the line [%s]",
             step->verb == VERB_STORED ? "lacks" : "has", glob.data);
    text_free(&message);
    text_free(&glob);
}

static void do_check(struct player *player, const struct step *step)
{
    const char *fault = NULL;

    if (step->verb == VERB_HAS && !check_has(step->text, &player->reply))
        fault = "no line of the reply is as it has to be";
    if (step->verb == VERB_LACKS && check_has(step->text, &player->reply))
        fault = "a line of the reply must not be there";
    if (step->verb == VERB_CHECK)
        fault = check_named(step->text, &player->reply);
    if (fault != NULL) {
        struct text shown = { .data = NULL };

        text_show(&shown, player->reply.text.data, player->reply.text.len);
        fail(player, step, "%s (%s) [%.300s]", fault, step->text, shown.data);
        text_free(&shown);
    }
}

static void do_handshake(struct player *player, const struct step *step)
{
    const char *fault;

    if (peer_handshake(&player->peer, &fault))
        return;
    if (strcmp(step->text, "close") == 0)
        player->ended = true;
    else
        fail(player, step, "%s", fault);
}

static void do_silent(struct player *player, const struct step *step)
{
    bool spoke = peer_wait(&player->peer, (int)strtol(step->text, NULL, 10));
    struct text shown = { .data = NULL };

    if (spoke || player->peer.in.len > 0) {
        text_show(&shown, player->peer.in.data, player->peer.in.len);
        fail(player, step, "no reply was due, got [%.300s]", shown.data);
    }
    text_free(&shown);
}

static void do_pieces(struct player *player, const struct step *step)
{
    char *rest;

    player->peer.piece = strtoul(step->text, &rest, 10);
    player->peer.piece_pause = (int)strtol(rest, NULL, 10);
}

static void do_branch(struct player *player, const struct step *step)
{
    if (!check_codes(step->text, &player->reply))
        return;
    if (step->verb == VERB_SKIP) {
        text_clear(&player->why);
        text_puts(&player->why, "the server says ");
        text_show(&player->why, player->reply.text.data,
                  player->reply.text.len);
    }
    finish(player, step->verb == VERB_SKIP ? OUTCOME_SKIP : OUTCOME_PASS);
}

/* The step that follows `at`. */
static size_t do_repeat(struct player *player, size_t at)
{
    const struct step *step = &player->rule->steps[at];
    const struct step *head = &player->rule->steps[step->partner];

    if (step->verb == VERB_REPEAT)
        player->repetition = 0;
    else
        player->repetition++;
    (void)snprintf(player->number, sizeof(player->number), "%u",
                   player->repetition);
    if (step->verb == VERB_END &&
        player->repetition < strtoul(head->text, NULL, 10))
        return step->partner + 1;
    return at + 1;
}

static void do_step(struct player *player, const struct step *step)
{
    switch (step->verb) {
    case VERB_SEND:
    case VERB_SEND_RAW:
        do_send(player, step);
        break;
    case VERB_EXPECT:
        do_expect(player, step, step->text);
        break;
    case VERB_HAS:
    case VERB_LACKS:
    case VERB_CHECK:
        do_check(player, step);
        break;
    case VERB_MEANS:
        player->means = step->text;
        break;
    case VERB_GREET:
    case VERB_HELLO:
        do_greet(player, step);
        break;
    case VERB_ENVELOPE:
        do_envelope(player, step);
        break;
    case VERB_AGAIN:
        do_again(player, step);
        break;
    case VERB_PIECES:
        do_pieces(player, step);
        break;
    case VERB_WAIT:
        (void)peer_wait(&player->peer, (int)strtol(step->text, NULL, 10));
        break;
    case VERB_SILENT:
        do_silent(player, step);
        break;
    case VERB_HALF:
        peer_half_close(&player->peer);
        break;
    case VERB_DROP:
    case VERB_ABORT:
        peer_close(&player->peer, step->verb == VERB_ABORT);
        break;
    case VERB_HANDSHAKE:
        do_handshake(player, step);
        break;
    case VERB_STOP:
    case VERB_SKIP:
        do_branch(player, step);
        break;
    case VERB_STORED:
    case VERB_NOT_STORED:
        do_stored(player, step);
        break;
    case VERB_REPEAT:
    case VERB_END:
        break;
    }
}

static void set_variables(struct player *player)
{
    const struct target *target = player->target;
    const char *recipient = target->recipient != NULL ? target->recipient : "";
    const char *at = strrchr(recipient, '@');
    const struct variable all[] = {
        { "hello", target->lmtp ? "LHLO" : "EHLO" },
        { "client", target->client },
        { "sender", target->sender },
        { "recipient", recipient },
        { "domain", at != NULL ? at + 1 : "example.invalid" },
        { "local", player->local },
        { "updomain", player->updomain },
        { "token", player->token },
        { "n", player->number },
        { "plain", player->plain.data },
        { NULL, NULL },
    };

    memcpy(player->variables, all, sizeof(all));
    (void)snprintf(player->local, sizeof(player->local), "%.*s",
                   at != NULL ? (int)(at - recipient) : 0, recipient);
    for (size_t i = 0; at != NULL && at[1 + i] != '\0' && i < 255; i++)
        player->updomain[i] = at[1 + i] >= 'a' && at[1 + i] <= 'z'
                                  ? (char)(at[1 + i] - 'a' + 'A')
                                  : at[1 + i];
}

/* AUTH PLAIN's response for the user and a password that is wrong. */
static void make_values(struct player *player)
{
    const char *user =
        player->target->user != NULL ? player->target->user : "nobody";
    struct text secret = { .data = NULL };

    (void)snprintf(player->token, sizeof(player->token), "token-%08lx-%08lx",
                   (unsigned long)time(NULL), (unsigned long)getpid());
    text_put(&secret, "", 1);
    text_puts(&secret, user);
    text_put(&secret, "", 1);
    text_puts(&secret, "wrong");
    text_base64(&player->plain, secret.data, secret.len);
    text_free(&secret);
}

static void run(struct player *player)
{
    const struct rule *rule = player->rule;
    struct text why = { .data = NULL };
    size_t at = 0;

    if (!session_open(&player->peer, player->target, &why))
        fail(player, &rule->steps[0], "%s", why.data);
    text_free(&why);
    while (at < rule->count && !player->done) {
        const struct step *step = &rule->steps[at];

        if (player->ended && step->verb != VERB_AGAIN &&
            step->verb != VERB_STORED && step->verb != VERB_NOT_STORED) {
            at++;
            continue;
        }
        do_step(player, step);
        at = step->verb == VERB_REPEAT || step->verb == VERB_END
                 ? do_repeat(player, at)
                 : at + 1;
    }
}

static bool speaks_of_recipient(const char *text)
{
    static const char *const names[] = { "$recipient", "$local", "$domain",
                                         "$updomain" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strstr(text, names[i]) != NULL)
            return true;
    return false;
}

/* Rules that mail something need somebody who takes it. */
static bool needs_recipient(const struct rule *rule)
{
    for (size_t i = 0; i < rule->count; i++)
        if (rule->steps[i].verb == VERB_ENVELOPE ||
            speaks_of_recipient(rule->steps[i].text))
            return true;
    return false;
}

enum outcome play(struct text *why, const struct rule *rule,
                  const struct target *target, const struct offer *offer,
                  bool traced)
{
    struct player player = { .target = target, .rule = rule, .trace = traced };
    char room[64];
    const char *missing =
        offer_missing(room, sizeof(room), rule->needs, offer, target);

    if (missing == NULL && target->recipient == NULL && needs_recipient(rule))
        missing = "recipient";
    if (missing != NULL) {
        text_printf(why, "needs %s", missing);
        return OUTCOME_SKIP;
    }
    peer_init(&player.peer, target->timeout);
    make_values(&player);
    set_variables(&player);
    run(&player);
    text_put(why, player.why.data, player.why.len);
    peer_dispose(&player.peer);
    reply_free(&player.reply);
    text_free(&player.offer.clear);
    text_free(&player.offer.last);
    text_free(&player.sent);
    text_free(&player.why);
    text_free(&player.plain);
    return player.outcome;
}
