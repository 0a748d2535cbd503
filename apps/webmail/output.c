/* SPDX-License-Identifier: MIT */
/* webmail/output.c - what others read of webmail. */
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/format.h"

#define LINE_OCTETS 16384
#define PATH_OCTETS 4096

static void write_line(enum smail__log_level level, const char *event,
                       const struct smail__log_field *fields, size_t count,
                       void *user)
{
    const bool *is_json = user;
    int64_t now = (int64_t)time(NULL);
    struct smail__buf out;

    smail__buf_init(&out, LINE_OCTETS, NULL);
    if (*is_json)
        smail__log_as_json(&out, now, level, event, fields, count);
    else
        smail__log_as_text(&out, now, level, event, fields, count);
    smail__buf_putc(&out, '\n');
    /* One write, so that lines of several threads do not mix; nobody is left
     * to be told when it fails. */
    if (smail__buf_error(&out) == 0)
        while (write(STDERR_FILENO, out.data, out.len) < 0 && errno == EINTR)
            ;
    smail__buf_dispose(&out);
}

void output_log(struct smail__log *log, enum smail__log_level level,
                const bool *is_json)
{
    *log = (struct smail__log){ level, write_line, (void *)is_json };
}

void output_place(char out[OUTPUT_PLACE_SIZE], const char *kind,
                  const struct smail__endpoint *endpoint)
{
    char text[SMAIL__ADDRESS_TEXT];

    smail__endpoint_text(text, endpoint);
    smail__format(out, OUTPUT_PLACE_SIZE, "%s %s %u", kind, text,
                  (unsigned)endpoint->port);
}

static int failed(smail_error *err, const char *path)
{
    char reason[128] = "";
    int os = errno;

    if (strerror_r(os, reason, sizeof(reason)) != 0)
        reason[0] = '\0';
    return smail__fail_os(err, SMAIL_EIO, os,
                          "ready file '%s' cannot be written: %s", path,
                          reason);
}

int output_ready(const char *path, const char *text, smail_error *err)
{
    char temporary[PATH_OCTETS];
    FILE *file;
    bool is_good;

    if (smail__format(temporary, sizeof(temporary), "%s.%lld", path,
                      (long long)getpid()) >= sizeof(temporary))
        return smail__fail(err, SMAIL_EINVAL, "ready file: path is too long");
    file = fopen(temporary, "w");
    if (file == NULL)
        return failed(err, path);
    is_good = fputs(text, file) >= 0;
    if (fclose(file) != 0 || !is_good || rename(temporary, path) != 0) {
        int rc = failed(err, path);

        unlink(temporary);
        return rc;
    }
    return 0;
}
