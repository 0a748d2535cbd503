/* SPDX-License-Identifier: MIT */
/* check.c - what a pattern of codes cannot say about a reply. */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define CODE_LEN 3

static bool code_fits(const char *pattern, int code)
{
    char digits[16];

    if (code < 100 || code > 999)
        return false;
    (void)snprintf(digits, sizeof(digits), "%d", code);
    for (unsigned i = 0; i < CODE_LEN; i++)
        if (pattern[i] != digits[i] && pattern[i] != 'x')
            return false;
    return true;
}

bool check_codes(const char *codes, const struct reply *reply)
{
    while (*codes != '\0') {
        size_t len = strcspn(codes, " ");

        if (len == 5 && strncmp(codes, "close", len) == 0 && reply->closed &&
            reply->code == 0 && reply->fault == NULL)
            return true;
        if (len == CODE_LEN && code_fits(codes, reply->code))
            return true;
        codes += len;
        codes += strspn(codes, " ");
    }
    return false;
}

/* Copy what follows the code; moves behind the line. False at the end. */
static bool next_line(char *line, size_t room, const char **at)
{
    size_t len;

    if (*at == NULL || **at == '\0')
        return false;
    len = strcspn(*at, "\n");
    (void)snprintf(line, room, "%.*s", len > 4 ? (int)len - 4 : 0, *at + 4);
    *at += len;
    *at += **at == '\n';
    return true;
}

bool check_has(const char *glob, const struct reply *reply)
{
    const char *at = reply->text.data;
    char line[1024];

    while (next_line(line, sizeof(line), &at))
        if (text_matches(glob, line))
            return true;
    return false;
}

static bool is_alnum(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z');
}

/* RFC 5321, 4.1.2: the length of a Domain or an address literal. */
static size_t domain_len(const char *text)
{
    size_t len = strcspn(text, " ");

    if (text[0] == '[')
        return len > 2 && text[len - 1] == ']' ? len : 0;
    for (size_t i = 0; i < len; i++) {
        bool edge =
            i == 0 || i + 1 == len || text[i - 1] == '.' || text[i + 1] == '.';

        if (!is_alnum(text[i]) && (edge || strchr(".-", text[i]) == NULL))
            return 0;
    }
    return len <= 255 ? len : 0;
}

static const char *check_greeting(const struct reply *reply)
{
    const char *at = reply->text.data;
    char line[1024];

    if (!next_line(line, sizeof(line), &at) || domain_len(line) == 0)
        return "the greeting does not begin with a domain";
    return NULL;
}

/* RFC 5321, 4.1.1.1: ehlo-keyword *( SP ehlo-param ). */
static bool is_ehlo_line(const char *line)
{
    size_t len = strcspn(line, " ");

    for (size_t i = 0; i < len; i++)
        if (!is_alnum(line[i]) && (i == 0 || line[i] != '-'))
            return false;
    while (len > 0 && line[len] == ' ') {
        size_t word = strcspn(line + len + 1, " ");

        if (word == 0)
            return false;
        len += 1 + word;
    }
    return len > 0 && line[len] == '\0';
}

static const char *check_ehlo(const struct reply *reply)
{
    const char *at = reply->text.data;
    char line[1024];

    if (!next_line(line, sizeof(line), &at) || domain_len(line) == 0)
        return "the reply to EHLO does not begin with a domain";
    while (next_line(line, sizeof(line), &at))
        if (!is_ehlo_line(line))
            return "a line of the reply to EHLO is not a keyword with its "
                   "parameters";
    return NULL;
}

static const char *check_status(const struct reply *reply)
{
    const char *at = reply->text.data;
    char line[1024];

    while (next_line(line, sizeof(line), &at)) {
        unsigned class, subject, detail;
        int used = 0;

        if (sscanf(line, "%1u.%3u.%3u%n", &class, &subject, &detail, &used) !=
                3 ||
            (line[used] != ' ' && line[used] != '\0'))
            return "a line has no enhanced status code";
        if (class != (unsigned)reply->code / 100)
            return "the class of the enhanced status code is not the reply's";
    }
    return NULL;
}

const char *check_named(const char *name, const struct reply *reply)
{
    if (strcmp(name, "greeting") == 0)
        return check_greeting(reply);
    if (strcmp(name, "ehlo") == 0)
        return check_ehlo(reply);
    if (strcmp(name, "status") == 0)
        return check_status(reply);
    if (strcmp(name, "printable") == 0)
        return reply->unprintable
                   ? "the reply holds octets that are not printable"
                   : NULL;
    return "the rule asks for a check that is not known";
}
