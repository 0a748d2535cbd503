/* SPDX-License-Identifier: MIT */
/* webmail/routes.c - the table of calls. See routes.h. */
#include "routes.h"

#include <string.h>

#include "base/span.h"
#include "http/uri.h"

/* "*" in a pattern stands for one segment that is not empty. */
static const struct route {
    const char *method;
    const char *pattern;
    void (*answer)(struct request *request);
} table[] = {
    { "GET", "auth/session", login_show },
    { "POST", "auth/login", login_begin },
    { "POST", "auth/logout", login_end },
    { "GET", "auth/signup", signup_show },
    { "POST", "auth/signup", signup_begin },
    { "POST", "auth/password", password_change },
    { "GET", "auth/sessions", sessions_list },
    { "DELETE", "auth/sessions/*", sessions_end },
    { "GET", "auth/logins", logins_list },
    { "GET", "auth/totp", totp_show },
    { "POST", "auth/totp", totp_begin },
    { "POST", "auth/totp/confirm", totp_confirm },
    { "POST", "auth/totp/codes", totp_renew },
    { "POST", "auth/totp/disable", totp_disable },
    { "GET", "auth/app-passwords", app_passwords_list },
    { "POST", "auth/app-passwords", app_passwords_add },
    { "DELETE", "auth/app-passwords/*", app_passwords_remove },
    { "GET", ".well-known/jmap", mail_session },
    { "POST", "jmap/api", mail_api },
    { "POST", "jmap/api/", mail_api },
    { "POST", "jmap/upload/*/", mail_upload },
    { "POST", "jmap/upload/*", mail_upload },
    { "GET", "jmap/download/*/*/*", mail_download },
};

#define ROUTES (sizeof(table) / sizeof(*table))

/* Keep what stands for the next "*". */
static bool take_parameter(struct request *request, smail_span segment)
{
    struct smail__buf value;
    bool result;

    if (segment.len == 0 || request->parameters == PARAMETERS_MAX)
        return false;
    smail__buf_init(&value, PARAMETER_SIZE - 1, NULL);
    result = smail__uri_decode(&value, segment, false) == 0;
    if (result) {
        memcpy(request->parameter[request->parameters], value.data,
               value.len + 1);
        request->parameters++;
    }
    smail__buf_dispose(&value);
    return result;
}

/* Segments are compared as sent: ours need no encoding, and an encoded slash
 * must not become one that parts. */
static bool matches(struct request *request, const char *pattern)
{
    smail_span wanted = smail__span(pattern);
    smail_span path = smail__span_from(request->path, 1);

    request->parameters = 0;
    if (wanted.data[wanted.len - 1] == '/' &&
        (path.len == 0 || path.data[path.len - 1] != '/'))
        return false;
    while (wanted.len > 0 && path.len > 0) {
        smail_span want = smail__uri_segment(&wanted);
        smail_span have = smail__uri_segment(&path);

        if (smail__span_is(want, "*") ? !take_parameter(request, have)
                                      : !smail__span_equal(want, have))
            return false;
    }
    return wanted.len == 0 && path.len == 0;
}

static bool has_method(const struct request *request, const char *method)
{
    return smail__span_is(request->method, method) ||
           (request_is_head(request) && strcmp(method, "GET") == 0);
}

void routes_handle(struct request *request)
{
    bool is_known = false;

    for (size_t i = 0; i < ROUTES; i++) {
        if (!matches(request, table[i].pattern))
            continue;
        if (has_method(request, table[i].method)) {
            table[i].answer(request);
            return;
        }
        is_known = true;
    }
    if (!is_known &&
        (smail__span_is(request->method, "GET") || request_is_head(request)))
        page_show(request);
    else if (is_known)
        answer_problem(request, 405, "methodNotAllowed",
                       "That cannot be done with this.", NULL);
    else
        answer_problem(request, 404, "notFound", "There is no such thing.",
                       NULL);
}
