/* SPDX-License-Identifier: MIT */
/*
 * fuzz/smtp_command.c - any bytes as a command line, as the parameters of MAIL
 * and RCPT, and as xtext and unitext.
 *
 * The first two octets are the extensions that are known. What is accepted
 * keeps the limits, lies inside the line, and holds no control character.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/span.h"
#include "base/utf8.h"
#include "smtp/command.h"
#include "smtp/extension.h"
#include "smtp/parameter.h"
#include "smtp/xtext.h"

#define LINE_MAX_LEN 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_inside(smail_span part, smail_span whole)
{
    require(part.len == 0 || (part.data >= whole.data &&
                              part.data + part.len <= whole.data + whole.len));
}

static void check_text(smail_span text)
{
    for (size_t i = 0; i < text.len; i++)
        require((unsigned char)text.data[i] >= ' ' && text.data[i] != 0x7f);
}

static void check_command(smail_span line)
{
    struct smail__command command;

    smail__command_parse(&command, line);
    require(command.verb < SMAIL__VERBS);
    check_inside(command.argument, line);
    require(smail__span_equal(smail__span_trim(command.argument),
                              command.argument));
    if (command.verb != SMAIL__VERB_UNKNOWN)
        require(smail__span_istarts(smail__span_trim(line),
                                    smail__command_form(command.verb)->name));
}

static void check_mail(smail_span text,
                       const struct smail__parameter_rules *rules)
{
    smail_smtp_mail mail = { .size = 0 };

    if (smail__parameter_of_mail(&mail, text, rules) != SMAIL__PARAMETER_FINE)
        return;
    check_inside(mail.auth, text);
    check_inside(mail.envelope_id, text);
    check_text(mail.auth);
    check_text(mail.envelope_id);
    require(mail.envelope_id.len <= SMAIL__PARAMETER_ENVID_MAX);
    require(mail.priority >= -9 && mail.priority <= 9);
    require(mail.by_mode != SMAIL_SMTP_BY_RETURN ||
            mail.by_time >= (int32_t)rules->min_deliver_by);
    require(mail.by_mode != SMAIL_SMTP_BY_RETURN || mail.by_time > 0);
    require(mail.hold_for <= rules->max_future_release);
    require(mail.hold_until <= rules->max_future_release_date);
    require(mail.hold_for == 0 || mail.hold_until == 0);
    require(mail.body != SMAIL_SMTP_BODY_BINARYMIME ||
            (rules->known & SMAIL__EXTENSION_BINARYMIME) != 0);
    require(!mail.smtputf8 || (rules->known & SMAIL__EXTENSION_SMTPUTF8) != 0);
}

static void check_rcpt(smail_span text,
                       const struct smail__parameter_rules *rules)
{
    smail_smtp_rcpt rcpt = { .notify = 0 };

    if (smail__parameter_of_rcpt(&rcpt, text, rules) != SMAIL__PARAMETER_FINE)
        return;
    check_inside(rcpt.orcpt_type, text);
    check_inside(rcpt.orcpt_address, text);
    check_text(rcpt.orcpt_type);
    check_text(rcpt.orcpt_address);
    require(rcpt.orcpt_address.len <= SMAIL__PARAMETER_ORCPT_MAX);
    require(smail__utf8_valid(rcpt.orcpt_address));
    require((rcpt.notify & SMAIL_SMTP_NOTIFY_NEVER) == 0 ||
            rcpt.notify == SMAIL_SMTP_NOTIFY_NEVER);
}

/* What xtext stands for, written as xtext again, stands for the same. */
static void check_xtext(smail_span text)
{
    static const char hex[] = "0123456789ABCDEF";
    struct smail__buf plain, again;
    smail_span out, round;

    if (!smail__xtext_decode(&out, text))
        return;
    check_inside(out, text);
    check_text(out);
    smail__buf_init(&plain, LINE_MAX_LEN, NULL);
    smail__buf_init(&again, 3 * LINE_MAX_LEN, NULL);
    smail__buf_append(&plain, out);
    for (size_t i = 0; i < out.len; i++) {
        unsigned char byte = (unsigned char)out.data[i];

        smail__buf_putc(&again, '+');
        smail__buf_putc(&again, hex[byte >> 4]);
        smail__buf_putc(&again, hex[byte & 15]);
    }
    require(again.len == 0 ||
            smail__xtext_decode(&round, smail__buf_span(&again)));
    require(again.len == 0 ||
            smail__span_equal(round, smail__buf_span(&plain)));
    smail__buf_dispose(&plain);
    smail__buf_dispose(&again);
}

static void check_unitext(smail_span text)
{
    smail_span out;

    if (!smail__unitext_decode(&out, text))
        return;
    check_inside(out, text);
    require(!smail__utf8_valid(text) || smail__utf8_valid(out));
}

/* A copy for each, as the parsers write into what they read. */
static char *copy(smail_span text)
{
    char *bytes = malloc(text.len + 1);

    require(bytes != NULL);
    if (text.len > 0)
        memcpy(bytes, text.data, text.len);
    bytes[text.len] = '\0'; /* as smail__line_next() leaves it */
    return bytes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct smail__parameter_rules rules;
    smail_span line;
    char *bytes;

    if (size < 3 || size > LINE_MAX_LEN)
        return 0;
    rules = (struct smail__parameter_rules){
        .known = (unsigned)data[0] << 8 | data[1] | (data[2] & 1) << 16,
        .min_deliver_by = (data[2] & 2) != 0 ? 60 : 0,
        .max_future_release = 86400,
        .max_future_release_date = 4000000000,
        .utf8 = (data[2] & 4) != 0,
    };
    line = (smail_span){ (const char *)data + 3, size - 3 };
    check_command(line);
    bytes = copy(line);
    check_mail((smail_span){ bytes, line.len }, &rules);
    free(bytes);
    bytes = copy(line);
    check_rcpt((smail_span){ bytes, line.len }, &rules);
    free(bytes);
    bytes = copy(line);
    check_xtext((smail_span){ bytes, line.len });
    free(bytes);
    bytes = copy(line);
    check_unitext((smail_span){ bytes, line.len });
    free(bytes);
    return 0;
}
