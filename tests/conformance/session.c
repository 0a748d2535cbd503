/* SPDX-License-Identifier: MIT */
/* session.c - whom we talk to, and how a session with it begins. */
#include "session.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

bool session_open(struct peer *peer, const struct target *target,
                  struct text *why)
{
    const char *fault;

    if (!peer_open(peer, target->host, target->port, &fault) ||
        (target->tls == TLS_IMPLICIT && !peer_handshake(peer, &fault))) {
        text_puts(why, fault);
        return false;
    }
    return true;
}

/* One reply; it has to have this code and be well formed. */
static bool want(struct peer *peer, struct reply *reply, int code,
                 const char *after, struct text *why)
{
    peer_reply(reply, peer);
    if (reply->code == code && reply->fault == NULL)
        return true;
    text_printf(why, "%s: expected %d, ", after, code);
    if (reply->fault != NULL) {
        text_puts(why, reply->fault);
    } else if (reply->code == 0) {
        text_puts(why, reply->closed ? "the connection was closed"
                                     : "no reply came");
    } else {
        text_puts(why, "got ");
        text_show(why, reply->text.data, reply->text.len);
    }
    return false;
}

static bool say(struct peer *peer, struct reply *reply, int code,
                const char *first, const char *second, struct text *why)
{
    struct text line = { .data = NULL };

    text_puts(&line, first);
    text_puts(&line, second);
    text_puts(&line, "\r\n");
    peer_send(peer, line.data, line.len);
    text_free(&line);
    return want(peer, reply, code, first, why);
}

static bool hello(struct peer *peer, struct reply *reply, struct text *offer,
                  const struct target *target, struct text *why)
{
    const char *line;

    if (!say(peer, reply, 250, target->lmtp ? "LHLO " : "EHLO ", target->client,
             why))
        return false;
    text_clear(offer);
    line = strchr(reply->text.data, '\n');
    for (; line != NULL; line = strchr(line + 1, '\n')) {
        size_t len = strcspn(line + 1, "\n");

        if (len > 4)
            text_put(offer, line + 5, len - 4);
        text_puts(offer, "\n");
    }
    text_put(offer, "", 0);
    return true;
}

static bool authenticate(struct peer *peer, struct reply *reply,
                         const struct target *target, struct text *why)
{
    struct text secret = { .data = NULL }, encoded = { .data = NULL };
    bool fine;

    text_put(&secret, "", 1);
    text_puts(&secret, target->user);
    text_put(&secret, "", 1);
    text_puts(&secret, target->password);
    text_base64(&encoded, secret.data, secret.len);
    fine = say(peer, reply, 235, "AUTH PLAIN ", encoded.data, why);
    text_free(&secret);
    text_free(&encoded);
    return fine;
}

bool session_greet(struct peer *peer, struct reply *reply, struct offer *offer,
                   const struct target *target, bool log_in, struct text *why)
{
    const char *fault;

    if (!want(peer, reply, 220, "greeting", why) ||
        !hello(peer, reply, &offer->clear, target, why))
        return false;
    text_clear(&offer->last);
    text_puts(&offer->last, offer->clear.data);
    if (target->tls == TLS_STARTTLS) {
        if (!say(peer, reply, 220, "STARTTLS", "", why))
            return false;
        if (!peer_handshake(peer, &fault)) {
            text_puts(why, fault);
            return false;
        }
        if (!hello(peer, reply, &offer->last, target, why))
            return false;
    }
    return target->user == NULL || !log_in ||
           authenticate(peer, reply, target, why);
}

/* The line with `keyword`, as far as it goes behind it; or NULL. */
static const char *find(const struct text *offer, const char *keyword)
{
    size_t len = strlen(keyword);
    const char *line = offer->data;

    while (line != NULL && *line != '\0') {
        if (strncasecmp(line, keyword, len) == 0 &&
            strchr(" =\n", line[len]) != NULL)
            return line + len;
        line = strchr(line, '\n');
        line += line != NULL;
    }
    return NULL;
}

bool offer_has(const struct text *offer, const char *keyword)
{
    const char *value = strchr(keyword, '=');
    char name[64];
    const char *at;

    if (value == NULL)
        return find(offer, keyword) != NULL;
    (void)snprintf(name, sizeof(name), "%.*s", (int)(value - keyword), keyword);
    at = find(offer, name);
    value++;
    while (at != NULL && *at != '\n' && *at != '\0') {
        size_t len = strcspn(at + 1, " \n");

        if (len == strlen(value) && strncasecmp(at + 1, value, len) == 0)
            return true;
        at += 1 + len;
    }
    return false;
}

static bool is_met(const char *word, const struct offer *offer,
                   const struct target *target)
{
    static const char clear[] = "clear:";
    bool wanted = word[0] != '!';

    word += !wanted;
    if (strcmp(word, "user") == 0)
        return wanted == (target->user != NULL);
    if (strcmp(word, "recipient") == 0)
        return wanted == (target->recipient != NULL);
    if (strcmp(word, "reader") == 0)
        return wanted == (target->reader != NULL);
    if (strcmp(word, "plain") == 0)
        return wanted == (target->tls != TLS_IMPLICIT);
    if (strcmp(word, "starttls") == 0)
        return wanted == (target->tls == TLS_STARTTLS);
    if (strncmp(word, clear, strlen(clear)) == 0)
        return wanted == offer_has(&offer->clear, word + strlen(clear));
    return wanted == offer_has(&offer->last, word);
}

const char *offer_missing(char *room, size_t len, const char *needs,
                          const struct offer *offer,
                          const struct target *target)
{
    while (needs != NULL && *needs != '\0') {
        size_t word = strcspn(needs, " ");

        (void)snprintf(room, len, "%.*s", (int)word, needs);
        if (!is_met(room, offer, target))
            return room;
        needs += word;
        needs += strspn(needs, " ");
    }
    return NULL;
}
