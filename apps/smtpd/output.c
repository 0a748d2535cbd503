/* SPDX-License-Identifier: MIT */
/* output.c - what others read of smtpd. */
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/span.h"
#include "net/endpoint.h"
#include "server/server.h"

#define LINE_MAX 16384

void output_line(const char *line, size_t len)
{
    struct iovec parts[2] = { { (void *)line, len }, { (void *)"\n", 1 } };

    /* Nobody is left to be told when this fails. */
    while (writev(STDERR_FILENO, parts, 2) < 0 && errno == EINTR)
        ;
}

static void write_line(enum smail__log_level level, const char *event,
                       const struct smail__log_field *fields, size_t count,
                       void *user)
{
    const bool *is_json = user;
    struct smail__buf out;

    smail__buf_init(&out, LINE_MAX, NULL);
    if (*is_json)
        smail__log_as_json(&out, (int64_t)time(NULL), level, event, fields,
                           count);
    else
        smail__log_as_text(&out, (int64_t)time(NULL), level, event, fields,
                           count);
    if (smail__buf_error(&out) == 0)
        output_line(out.data, out.len);
    smail__buf_dispose(&out);
}

void output_log(struct smail__log *log, enum smail__log_level level,
                bool *is_json)
{
    *log = (struct smail__log){ level, write_line, is_json };
}

void output_place(char out[OUTPUT_PLACE_SIZE],
                  const struct smail__listen *listen, uint16_t port)
{
    struct smail__endpoint endpoint = { 0 };
    char text[SMAIL__ADDRESS_TEXT];

    if (smail__server_path(listen->address) != NULL) {
        snprintf(out, OUTPUT_PLACE_SIZE, "%s %s 0",
                 smail__listen_kind_name(listen->kind), listen->address);
        return;
    }
    (void)smail__endpoint_parse(&endpoint, smail__span(listen->address), NULL);
    smail__endpoint_text(text, &endpoint);
    snprintf(out, OUTPUT_PLACE_SIZE, "%s %s %u",
             smail__listen_kind_name(listen->kind), text, (unsigned)port);
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

int output_ready(const char *path, const struct ports *ports, smail_error *err)
{
    char temporary[4096], place[OUTPUT_PLACE_SIZE];
    FILE *file;
    bool good = true;

    if ((size_t)snprintf(temporary, sizeof(temporary), "%s.%ld", path,
                         (long)getpid()) >= sizeof(temporary))
        return smail__fail(err, SMAIL_EINVAL, "ready file: path is too long");
    file = fopen(temporary, "w");
    if (file == NULL)
        return failed(err, path);
    for (size_t i = 0; i < ports->count; i++) {
        output_place(place, &ports->items[i], ports->ports[i]);
        good = fprintf(file, "%s\n", place) > 0 && good;
    }
    if (fclose(file) != 0 || !good || rename(temporary, path) != 0) {
        int rc = failed(err, path);

        unlink(temporary);
        return rc;
    }
    return 0;
}
