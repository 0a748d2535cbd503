/* SPDX-License-Identifier: MIT */
/* verify/sts.c - see verify/sts.h. */
#include "verify/sts.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "dns/record.h"

/* RFC 8461, 3.1 and 3.2: of fields that nobody knows yet. */
#define NAME_MAX 32
/* Digits of max_age. */
#define AGE_DIGITS_MAX 10
/* Octets of a record that are looked at. */
#define RECORD_MAX 4096

static bool is_name(smail_span name)
{
    if (name.len == 0 || name.len > NAME_MAX || !smail__is_alnum(name.data[0]))
        return false;
    for (size_t i = 1; i < name.len; i++) {
        char c = name.data[i];

        if (!smail__is_alnum(c) && c != '_' && c != '-' && c != '.')
            return false;
    }
    return true;
}

static smail_span trim_spaces(smail_span text)
{
    while (text.len > 0 && smail__is_space(text.data[0]))
        text = smail__span_from(text, 1);
    while (text.len > 0 && smail__is_space(text.data[text.len - 1]))
        text.len--;
    return text;
}

/* --- The record ---------------------------------------------------------- */

static bool is_id(smail_span value)
{
    if (value.len == 0 || value.len > SMAIL__STS_ID_MAX)
        return false;
    for (size_t i = 0; i < value.len; i++)
        if (!smail__is_alnum(value.data[i]))
            return false;
    return true;
}

/* Of what nobody knows: printable, no space, no '='. */
static bool is_value(smail_span value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] < 0x21 || value.data[i] > 0x7e ||
            value.data[i] == '=')
            return false;
    return value.len > 0;
}

/* Only what begins so is about MTA-STS at all. */
static bool is_ours(smail_span text)
{
    smail_span version = smail__span_cut(&text, ';');

    return smail__span_is(trim_spaces(version), "v=STSv1") &&
           version.data[0] == 'v' && version.data[version.len] == ';';
}

/* The fields behind the version. */
static bool read_fields(char out[SMAIL__STS_ID_MAX + 1], smail_span text)
{
    out[0] = '\0';
    while (text.len > 0) {
        smail_span value = trim_spaces(smail__span_cut(&text, ';')), name;

        if (value.len == 0 && trim_spaces(text).len == 0)
            break; /* a ';' behind the last */
        name = smail__span_cut(&value, '=');
        if (!is_name(name) || !is_value(value))
            return false;
        if (!smail__span_is(name, "id") || out[0] != '\0')
            continue; /* unknown, or said before: RFC 8461, 3.2 */
        if (!is_id(value))
            return false;
        memcpy(out, value.data, value.len);
        out[value.len] = '\0';
    }
    return out[0] != '\0';
}

bool smail__sts_read_id(char out[SMAIL__STS_ID_MAX + 1],
                        const struct smail__dns_answer *answer)
{
    struct smail__buf text;
    bool is_good = false;
    size_t found = 0;

    if (answer->status != SMAIL__DNS_FOUND)
        return false;
    smail__buf_init(&text, RECORD_MAX, NULL);
    for (size_t i = 0; i < answer->count; i++) {
        smail_span one;

        smail__buf_clear(&text);
        if (smail__dns_read_txt(&text, answer->records[i]) != 0 ||
            smail__buf_error(&text) != 0)
            continue;
        one = smail__buf_span(&text);
        if (!is_ours(one))
            continue;
        found++;
        (void)smail__span_cut(&one, ';');
        is_good = read_fields(out, one);
    }
    smail__buf_dispose(&text);
    return found == 1 && is_good;
}

/* --- The policy ---------------------------------------------------------- */

struct reader {
    struct smail__sts_policy *out;
    struct smail__buf hosts;
    bool has_version, has_mode, has_age;
};

static int read_mode(struct reader *reader, smail_span value, smail_error *err)
{
    static const struct {
        const char *name;
        enum smail__sts_mode mode;
    } list[] = { { "none", SMAIL__STS_NONE },
                 { "testing", SMAIL__STS_TESTING },
                 { "enforce", SMAIL__STS_ENFORCE } };

    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        if (!smail__span_is(value, list[i].name))
            continue;
        reader->out->mode = list[i].mode;
        return 0;
    }
    return smail__fail(err, SMAIL_EMALFORMED, "the policy's mode is none");
}

static int read_age(struct reader *reader, smail_span value, smail_error *err)
{
    uint64_t number;

    if (value.len > AGE_DIGITS_MAX || smail__span_number(&number, value) != 0)
        return smail__fail(err, SMAIL_EMALFORMED,
                           "the policy's max_age is no number");
    reader->out->max_age =
        number < SMAIL__STS_MAX_AGE ? (uint32_t)number : SMAIL__STS_MAX_AGE;
    return 0;
}

static int read_host(struct reader *reader, smail_span value, smail_error *err)
{
    bool any = value.len > 2 && value.data[0] == '*' && value.data[1] == '.';
    smail_span rest = any ? smail__span_from(value, 2) : value;
    char name[SMAIL__DNS_NAME_ROOM];

    for (size_t i = 0; i < rest.len; i++)
        if (!smail__is_alnum(rest.data[i]) && rest.data[i] != '-' &&
            rest.data[i] != '.')
            return smail__fail(err, SMAIL_EMALFORMED,
                               "an mx of the policy is no name of a host");
    if (smail__dns_name(name, rest) != 0 || name[0] == '\0')
        return smail__fail(err, SMAIL_EMALFORMED,
                           "an mx of the policy is no name of a host");
    smail__buf_printf(&reader->hosts, "%s%s\n", any ? "*." : "", name);
    return 0;
}

/* Characters of UTF-8 are looked at as such by nobody. */
static bool is_text(smail_span value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.data[i] < 0x20 || value.data[i] == 0x7f)
            return false;
    return value.len > 0;
}

static int read_field(struct reader *reader, smail_span name, smail_span value,
                      smail_error *err)
{
    bool *seen = smail__span_is(name, "version")   ? &reader->has_version
                 : smail__span_is(name, "mode")    ? &reader->has_mode
                 : smail__span_is(name, "max_age") ? &reader->has_age
                                                   : NULL;

    if (smail__span_is(name, "mx"))
        return read_host(reader, value, err);
    /* RFC 8461, 3.2: of what is said twice the first counts. */
    if (seen == NULL || *seen)
        return 0;
    *seen = true;
    if (seen == &reader->has_mode)
        return read_mode(reader, value, err);
    if (seen == &reader->has_age)
        return read_age(reader, value, err);
    return smail__span_is(value, "STSv1")
               ? 0
               : smail__fail(err, SMAIL_EMALFORMED,
                             "the policy is of another version");
}

static int read_lines(struct reader *reader, smail_span text, smail_error *err)
{
    int code = 0;

    while (code == 0 && text.len > 0) {
        smail_span line = smail__span_cut(&text, '\n'), name;

        if (line.len > 0 && line.data[line.len - 1] == '\r')
            line.len--;
        line = trim_spaces(line);
        if (line.len == 0 && text.len == 0)
            break;
        name = smail__span_cut(&line, ':');
        line = trim_spaces(line);
        if (!is_name(name) || !is_text(line))
            return smail__fail(err, SMAIL_EMALFORMED,
                               "a line of the policy is not 'name: value'");
        code = read_field(reader, name, line, err);
    }
    return code;
}

int smail__sts_policy_parse(struct smail__sts_policy *out, smail_span text,
                            smail_error *err)
{
    struct reader reader = { .out = out };
    int code;

    *out = (struct smail__sts_policy){ .mode = SMAIL__STS_NONE };
    if (text.len > SMAIL__STS_POLICY_MAX)
        return smail__fail(err, SMAIL_EMALFORMED, "the policy is too long");
    /* Names get no longer than they are. */
    smail__buf_init(&reader.hosts, SMAIL__STS_POLICY_MAX, NULL);
    code = read_lines(&reader, text, err);
    if (code == 0 &&
        (!reader.has_version || !reader.has_mode || !reader.has_age))
        code = smail__fail(err, SMAIL_EMALFORMED,
                           "the policy says no version, mode or max_age");
    if (code == 0 && out->mode != SMAIL__STS_NONE && reader.hosts.len == 0)
        code = smail__fail(err, SMAIL_EMALFORMED, "the policy names no mx");
    if (code == 0) {
        out->hosts = smail__spandup(smail__buf_span(&reader.hosts));
        if (out->hosts == NULL || smail__buf_error(&reader.hosts) != 0)
            code = smail__fail(err, SMAIL_ENOMEM, "out of memory");
    }
    if (code != 0) {
        free(out->hosts);
        out->hosts = NULL;
    }
    smail__buf_dispose(&reader.hosts);
    return code;
}

/* --- Hosts --------------------------------------------------------------- */

static bool pattern_matches(smail_span pattern, smail_span host)
{
    if (pattern.len > 2 && pattern.data[0] == '*' && pattern.data[1] == '.') {
        size_t dot = smail__span_find(host, '.');

        /* RFC 8461, 4.1: one label, no more. */
        return dot > 0 && dot < host.len &&
               smail__dns_name_equal(smail__span_from(pattern, 2),
                                     smail__span_from(host, dot + 1));
    }
    return smail__dns_name_equal(pattern, host);
}

bool smail__sts_matches(smail_span patterns, const char *host)
{
    while (patterns.len > 0) {
        smail_span one = smail__span_trim(smail__span_cut(&patterns, '\n'));

        if (one.len > 0 && pattern_matches(one, smail__span(host)))
            return true;
    }
    return false;
}
