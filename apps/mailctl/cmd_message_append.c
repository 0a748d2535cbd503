/* SPDX-License-Identifier: MIT */
/* cmd_message_append.c - one message, as it stands in a file, into a mailbox.
 * Lines come to end in CR LF. */
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "ctl.h"
#include "file.h"
#include "message.h"

#define PIECE ((size_t)65536)
#define WORDS_MAX 65536

const struct option message_append_options[] = {
    { "keyword", "WORD", "that it gets; more than once if need be" },
    { "seen", NULL, "as --keyword seen" },
    { "date", "TIME", "when it came: 2026-11-23, or with THH:MM:SSZ" },
    { NULL, NULL, NULL },
};

struct reading {
    smail_append *append;
    uint64_t left; /* octets that may come yet */
    char last;     /* octet that was written */
};

static int write_piece(struct reading *reading, const char *data, size_t len,
                       smail_error *err)
{
    if (len == 0)
        return 0;
    if (len > reading->left)
        return smail__fail(err, SMAIL_ELIMIT,
                           "larger than [limits] message-size");
    reading->left -= len;
    reading->last = data[len - 1];
    return smail_append_write(reading->append, (smail_span){ data, len }, err);
}

/* LF that has no CR before it gets one. */
static int write_lines(struct reading *reading, smail_span piece,
                       smail_error *err)
{
    size_t begin = 0;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < piece.len; i++) {
        char before = i > 0 ? piece.data[i - 1] : reading->last;

        if (piece.data[i] != '\n' || before == '\r')
            continue;
        rc = write_piece(reading, piece.data + begin, i - begin, err);
        if (rc == 0)
            rc = write_piece(reading, "\r\n", 2, err);
        begin = i + 1;
    }
    return rc != 0 ? rc
                   : write_piece(reading, piece.data + begin, piece.len - begin,
                                 err);
}

static int read_file(struct reading *reading, const char *path,
                     smail_error *err)
{
    char piece[PIECE];
    int64_t got = 0;
    int fd;
    int rc = file_open(&fd, path, err);

    if (rc != 0)
        return rc;
    while (rc == 0 &&
           (got = file_read(piece, sizeof(piece), fd, path, err)) > 0)
        rc = write_lines(reading, (smail_span){ piece, (size_t)got }, err);
    file_close(fd);
    if (rc == 0 && got < 0)
        return (int)got;
    if (rc == 0 && smail_append_size(reading->append) == 0)
        return smail__fail(err, SMAIL_EINVAL, "%s is empty", path);
    return rc;
}

static int read_keywords(struct smail__buf *out, struct ctl *ctl)
{
    for (size_t i = 0; i < ctl->given_count; i++) {
        const struct given *given = &ctl->given[i];

        if (strcmp(given->option->name, "seen") == 0)
            message_add_keyword(out, "seen");
        if (strcmp(given->option->name, "keyword") != 0)
            continue;
        if (given->value[0] == '\0')
            return ctl_usage(ctl, "a keyword is not empty (\"$...\" must be "
                                  "quoted in a shell)");
        message_add_keyword(out, given->value);
    }
    return smail__buf_error(out);
}

static int find_target(smail_target *out, struct ctl *ctl)
{
    const char *date = ctl_option(ctl, "date");
    int rc = ctl_account(&out->account, ctl);

    if (rc == 0 && ctl->argument_count == 3)
        rc = smail_mailbox_find(&out->mailbox, ctl->store, out->account,
                                ctl->arguments[1], &ctl->err);
    if (rc == 0 && date != NULL)
        rc = message_time(&out->received_at, ctl, date);
    return rc;
}

static int append(struct ctl *ctl, const smail_target *target)
{
    const char *path = ctl->arguments[ctl->argument_count - 1];
    struct reading reading = { NULL, ctl->config.message_size, '\0' };
    char sentence[100], number[24];
    smail_appended appended;
    int rc = smail_append_new(&reading.append, ctl->store, &ctl->err);

    if (rc == 0)
        rc = read_file(&reading, path, &ctl->err);
    if (rc == 0)
        rc = smail_append_commit(reading.append, target, 1, &appended,
                                 &ctl->err);
    smail_append_free(reading.append);
    if (rc != 0)
        return rc;
    smail__format(number, sizeof(number), "%lld", (long long)appended.email);
    smail__format(sentence, sizeof(sentence), "added message %s", number);
    return ctl_done(ctl, "id", number, sentence);
}

int message_append(struct ctl *ctl)
{
    smail_target target = { .account = 0 };
    struct smail__buf words;
    int rc = find_target(&target, ctl);

    smail__buf_init(&words, WORDS_MAX, NULL);
    if (rc == 0)
        rc = read_keywords(&words, ctl);
    target.keywords = words.len > 0 ? words.data : NULL;
    if (rc == 0)
        rc = append(ctl, &target);
    smail__buf_dispose(&words);
    return rc;
}
