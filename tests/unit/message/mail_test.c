/* SPDX-License-Identifier: MIT */
/*
 * tests/mail: NAME.eml is a message, NAME.txt what must be made of it. Those
 * that other parsers lost text of, or never came back from, are among them.
 */
#include "unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include <smtpmail/message.h>

#include "base/buf.h"
#include "base/span.h"

#define FOLDER SMTPMAIL_SOURCE_DIR "/tests/mail/"
#define FILE_MAX 65536

static void put_address(const smail_mailbox_address *address, void *user)
{
    smail__buf_printf(user, " [%s|%s%s%s]", address->name, address->address,
                      address->group != NULL ? "|" : "",
                      address->group != NULL ? address->group : "");
}

static void put_header(struct smail__buf *out, const smail_message *message)
{
    static const char *const lists[] = { "From", "To", "Cc" };
    smail_buf subject = SMAIL_BUF_INIT;
    int64_t date;

    if (smail_message_header(&subject, message, "Subject", 0) == 0)
        smail__buf_printf(out, "Subject: %s\n", subject.data);
    smail_buf_dispose(&subject);
    if (smail_message_date(&date, message) == 0)
        smail__buf_printf(out, "Date: %lld\n", (long long)date);
    for (size_t i = 0; i < 3; i++) {
        size_t before = out->len;

        smail__buf_printf(out, "%s:", lists[i]);
        if (smail_message_addresses(message, lists[i], put_address, out) == 0)
            smail__buf_putc(out, '\n');
        else
            smail__buf_truncate(out, before);
    }
}

static void put_message(struct smail__buf *out, const smail_message *message);

/* Text in quotes, line ends as \n; of other content, how much. */
static void put_content(struct smail__buf *out, const smail_message *message,
                        size_t index)
{
    smail_buf text = SMAIL_BUF_INIT;
    bool is_text =
        strncmp(smail_message_part(message, index)->type, "text/", 5) == 0;

    if (is_text)
        assert_int_equal(smail_message_text(&text, message, index, NULL), 0);
    else
        assert_int_equal(smail_message_decode(&text, message, index, NULL), 0);
    smail__buf_printf(out, is_text ? " \"" : " %zu octets", text.len);
    for (size_t i = 0; is_text && i < text.len; i++) {
        if (text.data[i] == '\n')
            smail__buf_puts(out, "\\n");
        else
            smail__buf_putc(out, text.data[i]);
    }
    smail__buf_puts(out, is_text ? "\"\n" : "\n");
    smail_buf_dispose(&text);
}

static void put_part(struct smail__buf *out, const smail_message *message,
                     size_t index)
{
    const smail_part *part = smail_message_part(message, index);
    smail_message *inner;

    smail__buf_printf(out, "%zu", index);
    for (int i = 0; i <= part->depth; i++)
        smail__buf_putc(out, ' ');
    smail__buf_printf(out, "%s %d-%d-%d", part->type, (int)part->offset_header,
                      (int)part->offset_body, (int)part->offset_end);
    if (part->charset != NULL)
        smail__buf_printf(out, " charset=%s", part->charset);
    if (part->name != NULL)
        smail__buf_printf(out, " name=%s", part->name);
    if (part->id != NULL)
        smail__buf_printf(out, " id=%s", part->id);
    if (part->is_multipart)
        smail__buf_putc(out, '\n');
    else
        put_content(out, message, index);
    if (smail_message_embedded(&inner, message, index, NULL) == 0) {
        smail__buf_puts(out, "{\n");
        put_message(out, inner);
        smail__buf_puts(out, "}\n");
        smail_message_free(inner);
    }
}

static void put_message(struct smail__buf *out, const smail_message *message)
{
    static const char *const names[] = { "text", "html", "attached" };
    smail_buf preview = SMAIL_BUF_INIT;

    put_header(out, message);
    for (size_t i = 0; i < smail_message_part_count(message); i++)
        put_part(out, message, i);
    for (int list = 0; list < 3; list++) {
        size_t count;
        const size_t *indexes =
            smail_message_body(&count, message, (smail_body_list)list);

        smail__buf_printf(out, "%s:", names[list]);
        for (size_t i = 0; i < count; i++)
            smail__buf_printf(out, " %zu", indexes[i]);
        smail__buf_putc(out, '\n');
    }
    assert_int_equal(smail_message_preview(&preview, message, 60, NULL), 0);
    smail__buf_printf(out, "preview: %s\ndefects: %u\n", preview.data,
                      smail_message_defects(message));
    smail_buf_dispose(&preview);
}

/* False without such a file. */
static bool read_file(struct smail__buf *out, const char *name,
                      const char *ending)
{
    struct smail__buf path;
    char bytes[4096];
    size_t len;

    smail__buf_init(&path, 4096, NULL);
    smail__buf_printf(&path, "%s%s%s", FOLDER, name, ending);
    FILE *file = fopen(path.data, "rb");

    smail__buf_dispose(&path);
    if (file == NULL)
        return false;
    while ((len = fread(bytes, 1, sizeof(bytes), file)) > 0)
        smail__buf_append(out, (smail_span){ bytes, len });
    (void)fclose(file);
    return smail__buf_error(out) == 0;
}

static bool check(const char *name)
{
    struct smail__buf raw, expected, actual;
    smail_message *message;

    smail__buf_init(&raw, FILE_MAX, NULL);
    smail__buf_init(&expected, FILE_MAX, NULL);
    smail__buf_init(&actual, FILE_MAX, NULL);
    bool found = read_file(&raw, name, ".eml");

    assert_true(found);
    assert_int_equal(smail_message_parse(&message, smail__buf_span(&raw), NULL),
                     0);
    put_message(&actual, message);
    smail_message_free(message);
    bool same =
        read_file(&expected, name, ".txt") &&
        smail__span_equal(smail__buf_span(&expected), smail__buf_span(&actual));

    if (!same)
        print_error("%s.eml is not what %s.txt says, but\n%s", name, name,
                    actual.data);
    smail__buf_dispose(&raw);
    smail__buf_dispose(&expected);
    smail__buf_dispose(&actual);
    return same;
}

static void messages_are_read_as_expected(void **state)
{
    DIR *folder = opendir(FOLDER);
    struct dirent *entry;
    size_t wrong = 0;
    size_t count = 0;

    (void)state;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        size_t len = strlen(entry->d_name);

        if (len < 5 || strcmp(entry->d_name + len - 4, ".eml") != 0)
            continue;
        entry->d_name[len - 4] = '\0';
        wrong += !check(entry->d_name);
        count++;
    }
    (void)closedir(folder);
    assert_true(count >= 12);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_read_as_expected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
