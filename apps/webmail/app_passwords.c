/* SPDX-License-Identifier: MIT */
/* webmail/app_passwords.c - passwords for programs: list, make, remove. */
#include "account/app_password.h"

#include <time.h>

#include "base/date.h"
#include "base/mem.h"
#include "base/span.h"
#include "fields.h"
#include "identity.h"
#include "routes.h"

#define LIST_MAX 65536

static int put_item(const struct smail__app_password *password, void *user)
{
    struct smail__buf *out = user;

    if (out->len > 1)
        smail__buf_putc(out, ',');
    smail__buf_printf(out,
                      "{\"id\":\"%lld\",\"name\":", (long long)password->id);
    put_json(out, smail__span(password->name));
    smail__buf_puts(out, ",\"created\":");
    put_time(out, password->created_at);
    smail__buf_puts(out, ",\"expires\":");
    put_time(out, password->expires_at);
    smail__buf_puts(out, ",\"lastUsed\":");
    put_time(out, password->last_used);
    smail__buf_puts(out, ",\"scope\":");
    put_json(out, smail__span(password->scope));
    smail__buf_putc(out, '}');
    return 0;
}

void app_passwords_list(struct request *request)
{
    smail_error error = SMAIL_ERROR_INIT;
    struct identity identity;
    struct smail__buf json;

    if (!require_owner(&identity, request))
        return;
    smail__buf_init(&json, LIST_MAX, NULL);
    smail__buf_putc(&json, '[');
    if (smail__app_password_list(request->app->store, identity.account,
                                 put_item, &json, &error) != 0) {
        answer_error(request, &error);
    } else {
        smail__buf_puts(&json, "]\n");
        answer_json(request, 200, &json, "");
    }
    smail__buf_dispose(&json);
}

static void make(struct request *request,
                 const struct smail__app_password_wish *wish)
{
    smail_error error = SMAIL_ERROR_INIT;
    char password[SMAIL__APP_PASSWORD_SIZE];
    struct smail__buf json;
    smail_id id;
    int rc = smail__app_password_add(&id, password, request->app->store, wish,
                                     (int64_t)time(NULL), &error);

    if (rc == SMAIL_EINVAL || rc == SMAIL_ELIMIT) {
        answer_problem(request, 422, "badRequest", error.message, "name");
        return;
    }
    if (rc != 0) {
        answer_error(request, &error);
        return;
    }
    smail__buf_init(&json, 4096, NULL);
    smail__buf_printf(&json, "{\"id\":\"%lld\",\"name\":", (long long)id);
    put_json(&json, wish->name);
    smail__buf_printf(&json, ",\"password\":\"%s\"}\n", password);
    answer_json(request, 201, &json, "");
    smail__wipe(json.data, json.len);
    smail__buf_dispose(&json);
    smail__wipe(password, sizeof(password));
}

void app_passwords_add(struct request *request)
{
    struct identity identity;
    struct fields *fields;
    struct smail__app_password_wish wish = { .expires_at = 0 };
    smail_span expires, scope;

    if (!require_owner(&identity, request))
        return;
    fields = fields_read(request);
    if (fields == NULL)
        return;
    wish.account = identity.account;
    wish.name = smail__span_trim(fields_text(fields, "name"));
    expires = fields_text(fields, "expires");
    scope = fields_text(fields, "scope");
    if (expires.len > 0 &&
        (smail__date_parse_rfc3339(&wish.expires_at, expires) != 0 ||
         wish.expires_at <= (int64_t)time(NULL)))
        answer_problem(request, 422, "badRequest",
                       "Please give a time that is still to come.", "expires");
    else if (scope.len > 0 && !smail__app_scope_read(&wish.scope, scope))
        answer_problem(request, 422, "badRequest",
                       "Please choose all, smtp or jmap.", "scope");
    else
        make(request, &wish);
    fields_free(fields);
}

void app_passwords_remove(struct request *request)
{
    smail_error error = SMAIL_ERROR_INIT;
    struct identity identity;
    uint64_t id;

    if (!require_owner(&identity, request))
        return;
    if (smail__span_number(&id, smail__span(request->parameter[0])) != 0 ||
        id > INT64_MAX)
        answer_problem(request, 404, "notFound",
                       "There is no such app password.", NULL);
    else if (smail__app_password_remove(request->app->store, identity.account,
                                        (smail_id)id, &error) != 0)
        answer_error(request, &error);
    else
        answer_empty(request, "");
}
