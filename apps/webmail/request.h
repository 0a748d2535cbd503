/* SPDX-License-Identifier: MIT */
/*
 * webmail/request.h - one request and its answer, whatever server brings it.
 *
 * Everything is on the thread of the request. Exactly one answer is given.
 */
#ifndef WEBMAIL_REQUEST_H
#define WEBMAIL_REQUEST_H

#include "app.h"
#include "base/buf.h"

/* Segments of a path that stand for something, and octets of each. */
#define PARAMETERS_MAX 3
#define PARAMETER_SIZE 1024

struct request {
    struct app *app;
    void *connection; /* the server's */
    smail_span method;
    smail_span path;  /* as sent */
    smail_span query; /* as sent */
    smail_span host;
    const char *peer;
    bool is_secure;
    bool is_chunked;  /* the body ends where request_read() says so */
    uint64_t length;  /* else: of the body */
    uint64_t read;    /* of it */
    smail_id account; /* once it is known; for the log */
    bool is_answered;
    size_t parameters;
    char parameter[PARAMETERS_MAX][PARAMETER_SIZE];
};

/* Empty, with data NULL, when it was not sent. */
smail_span request_field(const struct request *request, const char *name);

/* Has the client the content with this tag already (RFC 9110, 13.1.2)? */
bool request_has_tag(const struct request *request, const char *tag);

/* Octets of the body; 0 at its end, negative when the client broke off. */
int64_t request_read(struct request *request, void *out, size_t len);

/* The whole body, at most `max` octets: 0; or an answer was given. */
int request_body(struct smail__buf *out, struct request *request, size_t max);

/* "https://mail.example.test", as the client sees us. */
void request_origin(struct smail__buf *out, const struct request *request);

/* True when it must not be answered with a body. */
bool request_is_head(const struct request *request);

/* --- Answers ------------------------------------------------------------- */

/* A head; `fields` are whole lines with CRLF, or "". `length` octets of body
 * are to follow, unless it was asked for the head alone. */
void answer_begin(struct request *request, int status, const char *type,
                  uint64_t length, const char *fields);
/* Part of the body; negative when the client is gone. */
int answer_write(struct request *request, smail_span bytes);

void answer(struct request *request, int status, const char *type,
            smail_span body, const char *fields);
void answer_json(struct request *request, int status,
                 const struct smail__buf *json, const char *fields);
void answer_empty(struct request *request, const char *fields); /* 204 */

/* application/problem+json (RFC 7807); `field` names what is wrong, or is
 * NULL. */
void answer_problem(struct request *request, int status, const char *code,
                    const char *title, const char *field);
/* 401, with needsCode: the password was right, a code is wanted, too. */
void answer_code(struct request *request, const char *code, const char *title);
void answer_wait(struct request *request, int64_t seconds); /* 429 */

/* For failures of the library: what the client can do about it is said, what
 * went wrong is logged. */
void answer_error(struct request *request, const smail_error *error);

#endif
