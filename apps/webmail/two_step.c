/* SPDX-License-Identifier: MIT */
/*
 * webmail/two_step.c - the second factor: shown, made, put in force, ended;
 * and the log of log-ins.
 */
#include "two_step.h"

#include <time.h>

#include <smtpmail/totp.h>

#include "base/mem.h"
#include "base/span.h"
#include "fields.h"
#include "routes.h"

#define LIST_MAX 131072

void answer_code_wanted(struct request *request)
{
    answer_code(request, "codeRequired",
                "Please enter the code of your app, or a recovery code.");
}

bool take_code(struct request *request, smail_id account, smail_span code)
{
    int64_t wait = 0;
    int status = check_code(&wait, request->app, account, code, request->peer);

    if (status == 429)
        answer_wait(request, wait);
    else if (status == 401)
        answer_code(request, "wrongCode",
                    "That code is wrong, or was used already.");
    else if (status != 0)
        answer_problem(request, 503, "unavailable",
                       "The server is too busy. Please try again.", NULL);
    return status == 0;
}

static void answer_failure(struct request *request, const smail_error *error)
{
    if (error->code == SMAIL_ESTATE)
        answer_problem(request, 409, "wrongState", error->message, NULL);
    else if (error->code == SMAIL_EAUTH)
        answer_code(request, "wrongCode", "That code is wrong.");
    else if (error->code == SMAIL_EBUSY)
        answer_wait(request, SMAIL_TOTP_TRY_SECONDS);
    else
        answer_error(request, error);
}

static void answer_codes(struct request *request, smail_totp_codes *codes)
{
    struct smail__buf json;

    smail__buf_init(&json, 4096, NULL);
    smail__buf_puts(&json, "{\"codes\":[");
    for (int i = 0; i < SMAIL_TOTP_CODES; i++)
        smail__buf_printf(&json, "%s\"%s\"", i > 0 ? "," : "", codes->text[i]);
    smail__buf_puts(&json, "]}\n");
    answer_json(request, 200, &json, "");
    smail__wipe(json.data, json.len);
    smail__buf_dispose(&json);
    smail__wipe(codes, sizeof(*codes));
}

void totp_show(struct request *request)
{
    smail_error error = SMAIL_ERROR_INIT;
    struct identity identity;
    smail_totp_status status;
    struct smail__buf json;

    if (!require_owner(&identity, request))
        return;
    if (smail_totp_get(&status, request->app->store, identity.account,
                       &error) != 0) {
        answer_error(request, &error);
        return;
    }
    smail__buf_init(&json, 4096, NULL);
    smail__buf_printf(&json, "{\"inForce\":%s,\"confirmedAt\":",
                      status.confirmed_at != 0 ? "true" : "false");
    put_time(&json, status.confirmed_at);
    smail__buf_printf(&json, ",\"codesLeft\":%u}\n", status.codes_left);
    answer_json(request, 200, &json, "");
    smail__buf_dispose(&json);
}

static void begin(struct request *request, smail_id account)
{
    smail_error error = SMAIL_ERROR_INIT;
    smail_totp_secret secret;
    struct smail__buf json;

    if (smail_totp_begin(&secret, request->app->store, account, NULL, &error) !=
        0) {
        answer_failure(request, &error);
        return;
    }
    smail__buf_init(&json, 4096, NULL);
    smail__buf_printf(&json, "{\"secret\":\"%s\",\"uri\":", secret.text);
    put_json(&json, smail__span(secret.uri));
    smail__buf_puts(&json, "}\n");
    answer_json(request, 200, &json, "");
    smail__wipe(json.data, json.len);
    smail__buf_dispose(&json);
    smail__wipe(&secret, sizeof(secret));
}

void totp_begin(struct request *request)
{
    struct own_address own;
    struct identity identity;
    struct fields *fields;

    if (!require_owner(&identity, request))
        return;
    fields = fields_read(request);
    if (fields == NULL)
        return;
    if (require_password(&own, request, &identity,
                         fields_text(fields, "password"), "password"))
        begin(request, identity.account);
    fields_free(fields);
}

void totp_confirm(struct request *request)
{
    smail_error error = SMAIL_ERROR_INIT;
    struct identity identity;
    smail_totp_codes codes;
    struct fields *fields;

    if (!require_owner(&identity, request))
        return;
    fields = fields_read(request);
    if (fields == NULL)
        return;
    if (smail_totp_confirm(&codes, request->app->store, identity.account,
                           fields_text(fields, "code"), (int64_t)time(NULL),
                           &error) == 0)
        answer_codes(request, &codes);
    else
        answer_failure(request, &error);
    fields_free(fields);
}

/* Password and code, both. False: an answer was given. */
static bool require_both(struct identity *identity, struct request *request)
{
    struct own_address own;
    struct fields *fields;
    bool result;

    if (!require_owner(identity, request))
        return false;
    fields = fields_read(request);
    if (fields == NULL)
        return false;
    result = require_password(&own, request, identity,
                              fields_text(fields, "password"), "password") &&
             take_code(request, identity->account, fields_text(fields, "code"));
    fields_free(fields);
    return result;
}

void totp_renew(struct request *request)
{
    smail_error error = SMAIL_ERROR_INIT;
    struct identity identity;
    smail_totp_codes codes;

    if (!require_both(&identity, request))
        return;
    if (smail_totp_renew_codes(&codes, request->app->store, identity.account,
                               &error) == 0)
        answer_codes(request, &codes);
    else
        answer_failure(request, &error);
}

void totp_disable(struct request *request)
{
    smail_error error = SMAIL_ERROR_INIT;
    struct identity identity;

    if (!require_both(&identity, request))
        return;
    if (smail_totp_disable(request->app->store, identity.account, &error) == 0)
        answer_empty(request, "");
    else
        answer_failure(request, &error);
}

/* --- The log of log-ins -------------------------------------------------- */

static int put_login(const smail_login *login, void *user)
{
    struct smail__buf *out = user;

    if (out->data[out->len - 1] != '[')
        smail__buf_putc(out, ',');
    smail__buf_puts(out, "{\"at\":");
    put_time(out, login->at);
    smail__buf_puts(out, ",\"service\":");
    put_json(out, smail__span(login->service));
    smail__buf_puts(out, ",\"method\":");
    put_json(out, smail__span(login->method));
    smail__buf_puts(out, ",\"peer\":");
    put_json(out, smail__span(login->peer));
    smail__buf_printf(out, ",\"outcome\":\"%s\"}",
                      smail_login_outcome_name(login->outcome));
    return 0;
}

void logins_list(struct request *request)
{
    smail_error error = SMAIL_ERROR_INIT;
    struct identity identity;
    struct smail__buf json;

    if (!require_owner(&identity, request))
        return;
    smail__buf_init(&json, LIST_MAX, NULL);
    smail__buf_puts(&json, "{\"list\":[");
    if (smail_login_list(request->app->store, identity.account, 0, put_login,
                         &json, &error) != 0) {
        answer_error(request, &error);
    } else {
        smail__buf_puts(&json, "]}\n");
        answer_json(request, 200, &json, "");
    }
    smail__buf_dispose(&json);
}
