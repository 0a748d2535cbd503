/* SPDX-License-Identifier: MIT */
/* webmail/signup.c - accounts that people make for themselves. */
#include "account/signup.h"

#include <time.h>

#include "base/span.h"
#include "fields.h"
#include "identity.h"
#include "routes.h"

#define LIST_MAX 65536

static const struct {
    int status;
    const char *code, *field;
} faults[] = {
    [SMAIL__SIGNUP_ADDRESS] = { 422, "invalidAddress", "address" },
    [SMAIL__SIGNUP_RESERVED] = { 422, "reservedAddress", "address" },
    [SMAIL__SIGNUP_TAKEN] = { 409, "addressTaken", "address" },
    [SMAIL__SIGNUP_CLOSED] = { 422, "domainClosed", "address" },
    [SMAIL__SIGNUP_PASSWORD] = { 422, "weakPassword", "password" },
    [SMAIL__SIGNUP_NAME] = { 422, "badRequest", "name" },
};

static int put_domain(const char *name, void *user)
{
    struct smail__buf *out = user;

    if (out->data[out->len - 1] != '[')
        smail__buf_putc(out, ',');
    put_json(out, smail__span(name));
    return 0;
}

void signup_show(struct request *request)
{
    smail_error error = SMAIL_ERROR_INIT;
    struct smail__buf json;

    smail__buf_init(&json, LIST_MAX, NULL);
    smail__buf_puts(&json, "{\"domains\":[");
    if (smail__signup_domains(request->app->store, put_domain, &json, &error) !=
        0) {
        answer_error(request, &error);
    } else {
        smail__buf_printf(&json, "],\"passwordMin\":%d}\n", SMAIL_PASSWORD_MIN);
        answer_json(request, 200, &json, "");
    }
    smail__buf_dispose(&json);
}

static void make_account(struct request *request, const struct fields *fields)
{
    struct app *app = request->app;
    smail_error error = SMAIL_ERROR_INIT;
    enum smail__signup_fault fault;
    smail_id account;
    int rc;

    if (!take_hash_turn(app)) {
        answer_problem(request, 503, "unavailable",
                       "The server is too busy. Please try again.", NULL);
        return;
    }
    rc = smail__signup(&account, &fault, app->store,
                       smail__span_trim(fields_text(fields, "address")),
                       smail__span_trim(fields_text(fields, "name")),
                       fields_text(fields, "password"), &error);
    give_hash_turn(app);
    /* That an address is taken is worth something to who asks for many. */
    if (rc == 0 || fault == SMAIL__SIGNUP_TAKEN)
        smail__limiter_note(app->signups, smail__span(request->peer),
                            (int64_t)time(NULL));
    if (rc == 0) {
        login_answer(request, 201, account);
    } else if (fault == SMAIL__SIGNUP_FAILED) {
        answer_error(request, &error);
    } else {
        answer_problem(request, faults[fault].status, faults[fault].code,
                       error.message, faults[fault].field);
    }
}

void signup_begin(struct request *request)
{
    struct fields *fields;
    int64_t wait;

    if (!require_own_origin(request))
        return;
    wait = peer_wait(request->app->signups, request->app, request->peer);
    if (wait > 0) {
        answer_wait(request, wait);
        return;
    }
    fields = fields_read(request);
    if (fields == NULL)
        return;
    make_account(request, fields);
    fields_free(fields);
}
