/* SPDX-License-Identifier: MIT */
/* net/zone_file.c - from JSON to a zone. */
#include "net/zone_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "base/utf8.h"
#include "dns/record.h"
#include "json/read.h"

#define DEPTH_MAX 8

struct reading {
    struct smail__dns_zone *zone;
    const char *path;
    smail_span name;
    enum smail__dns_type type;
    smail_error *err;
};

static int complain(struct reading *reading, const char *what)
{
    smail_span name = smail__utf8_clip(reading->name, 80);

    return smail__fail(
        reading->err, SMAIL_EINVAL, "%s: '%.*s' %s: %s", reading->path,
        SMAIL__SPAN_ARG(name),
        reading->type != 0 ? smail__dns_type_name(reading->type) : "", what);
}

static int check(struct reading *reading, int rc)
{
    if (rc == 0)
        return 0;
    if (rc == SMAIL_ENOMEM)
        return smail__fail(reading->err, rc, "%s: no memory", reading->path);
    return complain(reading, rc == SMAIL_ELIMIT
                                 ? "too long, or too many records"
                                 : "no such name or record can be");
}

static int add_wire(struct reading *reading, struct smail__buf *wire, int rc)
{
    if (rc == 0)
        rc = smail__buf_error(wire);
    if (rc == 0)
        rc = smail__dns_zone_add(reading->zone, reading->name, reading->type,
                                 smail__buf_span(wire));
    smail__buf_dispose(wire);
    return check(reading, rc);
}

static int add_record(struct reading *reading,
                      const struct smail__json_value *value)
{
    struct smail__buf wire;
    smail_span text = { "", 0 };
    int rc = 0;

    smail__buf_init(&wire, SMAIL__DNS_RECORD_MAX, NULL);
    if (smail__json_type(value) == SMAIL__JSON_ARRAY &&
        reading->type == SMAIL__DNS_TXT) {
        for (size_t i = 0; i < smail__json_count(value) && rc == 0; i++) {
            rc = smail__json_as_text(&text, smail__json_at(value, i));
            if (rc == 0)
                rc = smail__dns_write(&wire, SMAIL__DNS_TXT, text);
        }
        return add_wire(reading, &wire, rc);
    }
    rc = smail__json_as_text(&text, value);
    if (rc == 0)
        rc = smail__dns_write(&wire, reading->type, text);
    return add_wire(reading, &wire, rc);
}

/* "SERVFAIL" and its like; false for any other value. */
static bool is_trouble(enum smail__dns_trouble *out,
                       const struct smail__json_value *value)
{
    static const struct {
        const char *word;
        enum smail__dns_trouble trouble;
    } words[] = { { "SERVFAIL", SMAIL__DNS_SERVFAIL },
                  { "BOGUS", SMAIL__DNS_UNSOUND },
                  { "TIMEOUT", SMAIL__DNS_UNANSWERED },
                  { "NXDOMAIN", SMAIL__DNS_MISSING } };
    smail_span text;

    if (smail__json_as_text(&text, value) != 0)
        return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (smail__span_is(text, words[i].word)) {
            *out = words[i].trouble;
            return true;
        }
    }
    return false;
}

static int add_type(smail_span key, const struct smail__json_value *value,
                    void *user)
{
    struct reading *reading = user;
    enum smail__dns_trouble trouble;
    bool is_secure = false;
    int rc = 0;

    reading->type = 0;
    if (smail__span_is(key, "secure")) {
        if (smail__json_as_bool(&is_secure, value) != 0)
            return complain(reading, "'secure' is true or false");
        return is_secure ? check(reading, smail__dns_zone_secure(reading->zone,
                                                                 reading->name))
                         : 0;
    }
    reading->type = smail__dns_type_of(key);
    if (reading->type == 0)
        return complain(reading, "the types are A, AAAA, CNAME, MX, NS, PTR, "
                                 "SRV, TLSA and TXT");
    if (is_trouble(&trouble, value))
        return check(reading,
                     smail__dns_zone_trouble(reading->zone, reading->name,
                                             reading->type, trouble));
    if (smail__json_type(value) != SMAIL__JSON_ARRAY)
        return add_record(reading, value);
    for (size_t i = 0; i < smail__json_count(value) && rc == 0; i++)
        rc = add_record(reading, smail__json_at(value, i));
    return rc;
}

static int add_name(smail_span key, const struct smail__json_value *value,
                    void *user)
{
    struct reading *reading = user;
    enum smail__dns_trouble trouble;

    reading->name = key;
    reading->type = 0;
    if (is_trouble(&trouble, value))
        return check(reading,
                     smail__dns_zone_trouble(reading->zone, key, 0, trouble));
    if (smail__json_type(value) != SMAIL__JSON_OBJECT)
        return complain(reading, "wants an object of types");
    return smail__json_each(value, add_type, reading);
}

int smail__zone_file_parse(struct smail__dns_zone **out, smail_span text,
                           const char *path, smail_error *err)
{
    struct smail__json_document *document = NULL;
    struct reading reading = { .path = path, .err = err };
    smail_error why = SMAIL_ERROR_INIT;
    int rc = smail__json_read(&document, text, DEPTH_MAX, &why);

    if (rc != 0)
        return smail__fail(err, SMAIL_EINVAL, "%s: %s", path, why.message);
    if (smail__dns_zone_new(&reading.zone) != 0)
        rc = smail__fail(err, SMAIL_ENOMEM, "%s: no memory", path);
    else if (smail__json_type(smail__json_root(document)) != SMAIL__JSON_OBJECT)
        rc = smail__fail(err, SMAIL_EINVAL,
                         "%s: a zone is an object: name, type, records", path);
    else
        rc = smail__json_each(smail__json_root(document), add_name, &reading);
    smail__json_document_free(document);
    if (rc != 0) {
        smail__dns_zone_free(reading.zone);
        return rc;
    }
    smail__dns_zone_finish(reading.zone);
    *out = reading.zone;
    return 0;
}

int smail__zone_file_read(struct smail__dns_zone **out, const char *path,
                          smail_error *err)
{
    FILE *file = fopen(path, "rb");
    char piece[8192], reason[128] = "";
    struct smail__buf text;
    size_t len;
    int rc;

    if (file == NULL) {
        int os = errno;

        if (strerror_r(os, reason, sizeof(reason)) != 0)
            reason[0] = '\0';
        return smail__fail_os(err, SMAIL_EIO, os,
                              "zone file '%s' cannot be read: %s", path,
                              reason);
    }
    smail__buf_init(&text, SMAIL__ZONE_FILE_MAX, NULL);
    while ((len = fread(piece, 1, sizeof(piece), file)) > 0)
        smail__buf_append(&text, (smail_span){ piece, len });
    rc = ferror(file) ? SMAIL_EIO : smail__buf_error(&text);
    fclose(file);
    if (rc != 0)
        rc = smail__fail(err, rc, "zone file '%s' cannot be read: %s", path,
                         rc == SMAIL_ELIMIT ? "it is too large" : "it fails");
    else
        rc = smail__zone_file_parse(out, smail__buf_span(&text), path, err);
    smail__buf_dispose(&text);
    return rc;
}
