/* SPDX-License-Identifier: MIT */
/* smtp/server_options.c - what the caller wants: read, checked, copied. */
#include <string.h>

#include <smtpmail/error.h>

#include "base/mem.h"
#include "base/span.h"
#include "smtp/address.h"
#include "smtp/server.h"

/* What EHLO says in one line has to fit (RFC 5321, 4.5.3.1.5). */
#define MECHANISMS_MAX 400
#define PROFILE_MAX 200

/* RFC 4865, 4 and RFC 2852, 4 give a number of seconds nine digits. */
#define SECONDS_MAX 999999999

/* The last second of the year 9999: what RFC 3339 can say. */
#define DATE_MAX INT64_C(253402300799)

#define DEFAULT_MESSAGE_SIZE (UINT64_C(32) * 1024 * 1024)
#define DEFAULT_RECIPIENTS 100
#define DEFAULT_COMMAND_LINE 512
#define DEFAULT_AUTH_LINE 12288
#define DEFAULT_ERRORS 20
#define DEFAULT_COMMANDS 1000

static void set_default(uint32_t *option, uint32_t value)
{
    if (*option == 0)
        *option = value;
}

static void copy_options(smail_smtp_server_options *out,
                         const smail_smtp_server_options *options)
{
    size_t size = options->size < sizeof(*out) ? options->size : sizeof(*out);

    memset(out, 0, sizeof(*out));
    memcpy(out, options, size);
    if (out->max_message_size == 0)
        out->max_message_size = DEFAULT_MESSAGE_SIZE;
    set_default(&out->max_recipients, DEFAULT_RECIPIENTS);
    set_default(&out->max_command_line, DEFAULT_COMMAND_LINE);
    set_default(&out->max_auth_line, DEFAULT_AUTH_LINE);
    set_default(&out->max_errors, DEFAULT_ERRORS);
    set_default(&out->max_commands, DEFAULT_COMMANDS);
}

/* Letters, digits and what stands in `others`, 1 to `max` of them. */
static bool is_name(smail_span text, const char *others, size_t max)
{
    for (size_t i = 0; i < text.len; i++)
        if (!smail__is_alnum(text.data[i]) &&
            strchr(others, text.data[i]) == NULL)
            return false;
    return text.len > 0 && text.len <= max;
}

/* sasl-mech (RFC 4422, 3.1), parted by single spaces. */
bool smail__server_are_mechanisms(smail_span list)
{
    if (list.len == 0 || list.len > MECHANISMS_MAX)
        return false;
    while (list.len > 0)
        if (!is_name(smail__span_cut(&list, ' '), "-_", MECHANISMS_MAX))
            return false;
    return true;
}

static bool are_names_good(const smail_smtp_server_options *options)
{
    const char *mechanisms = options->auth_mechanisms;
    const char *profile = options->mt_priority_profile;

    return smail__address_is_helo(smail__span(options->hostname)) &&
           (mechanisms == NULL ||
            smail__server_are_mechanisms(smail__span(mechanisms))) &&
           (mechanisms != NULL || !options->require_auth) &&
           (profile == NULL ||
            is_name(smail__span(profile), "-_.", PROFILE_MAX));
}

static bool are_limits_good(const smail_smtp_server_options *options)
{
    if (options->offer_limits &&
        (options->max_mails > SMAIL__EXTENSION_LIMIT_MAX ||
         options->max_recipients > SMAIL__EXTENSION_LIMIT_MAX ||
         options->max_recipient_domains > SMAIL__EXTENSION_LIMIT_MAX))
        return false;
    if (options->min_deliver_by > SECONDS_MAX ||
        options->max_future_release > SECONDS_MAX)
        return false;
    return options->max_future_release == 0 ||
           (options->max_future_release_date > 0 &&
            options->max_future_release_date <= DATE_MAX);
}

int smail__server_options_read(smail_smtp_server_options *out,
                               const smail_smtp_server_options *options)
{
    if (options->size == 0)
        return SMAIL_EINVAL;
    copy_options(out, options);
    if (!are_names_good(out) || !are_limits_good(out) ||
        (out->offer_binarymime && !out->offer_chunking))
        return SMAIL_EINVAL;
    return 0;
}

int smail__server_options_own(smail_smtp_server *session)
{
    smail_smtp_server_options *options = &session->options;
    const char **strings[] = { &options->auth_mechanisms, &options->hostname,
                               &options->mt_priority_profile,
                               &options->help_text };
    size_t len = 0;
    size_t at = 0;

    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        if (*strings[i] != NULL)
            len += strlen(*strings[i]) + 1;
    session->strings = smail__mem_alloc(options->mem, len);
    if (session->strings == NULL)
        return SMAIL_ENOMEM;
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        size_t size = *strings[i] != NULL ? strlen(*strings[i]) + 1 : 0;

        if (size == 0)
            continue;
        memcpy(session->strings + at, *strings[i], size);
        *strings[i] = session->strings + at;
        at += size;
    }
    if (options->auth_mechanisms != NULL) /* these come first */
        for (char *at_name = session->strings; *at_name != '\0'; at_name++)
            *at_name = smail__upper(*at_name);
    return 0;
}
