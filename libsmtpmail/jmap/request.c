/* SPDX-License-Identifier: MIT */
/*
 * jmap/request.c - a request as a whole: is it one (RFC 8620, 3.6.1), then
 * call by call, each with its response or its error (RFC 8620, 3.6.2).
 */
#include "jmap/request.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "jmap/method.h"

#define PROBLEM "urn:ietf:params:jmap:error:"

static const struct {
    const char *name;
    unsigned bit;
} capabilities[] = {
    { "urn:ietf:params:jmap:core", SMAIL__JMAP_CORE },
    { "urn:ietf:params:jmap:mail", SMAIL__JMAP_MAIL },
    { "urn:ietf:params:jmap:submission", SMAIL__JMAP_SENDING },
    { "urn:libsmtpmail:jmap:search", SMAIL__JMAP_SEARCH },
    { "urn:libsmtpmail:jmap:removed", SMAIL__JMAP_REMOVED },
};

static void dispose(struct smail__jmap_request *request)
{
    smail__jmap_created_dispose(request);
    for (size_t i = 0; i < request->response_count; i++)
        smail__json_document_free(request->responses[i].document);
}

/* --- One call ------------------------------------------------------------ */

static void put_response(struct smail__jmap_request *request, const char *name,
                         smail_span arguments, smail_span call_id)
{
    struct smail__jmap_response *response =
        &request->responses[request->response_count];
    size_t len = strlen(name);

    smail__json_begin_array(&request->json);
    smail__json_string(&request->json, name);
    smail__buf_putc(request->out, ',');
    response->offset = request->out->len;
    response->len = arguments.len;
    smail__buf_append(request->out, arguments);
    smail__json_text(&request->json, call_id);
    smail__json_end_array(&request->json);
    if (request->response_count + 1 == SMAIL__JMAP_RESPONSES_MAX ||
        len >= sizeof(response->name))
        return; /* it cannot be referred to */
    memcpy(response->name, name, len + 1);
    response->call_id = call_id;
    response->document = NULL;
    request->response_count++;
}

static void put_error(struct smail__jmap_request *request,
                      const struct smail__jmap_call *call, smail_span call_id)
{
    struct smail__buf text;
    struct smail__json json;

    smail__buf_init(&text, 4096, NULL);
    smail__json_init(&json, &text);
    smail__json_begin_object(&json);
    smail__json_key(&json, "type");
    smail__json_string(&json, call->error);
    if (call->detail[0] != '\0') {
        smail__json_key(&json, "description");
        smail__json_string(&json, call->detail);
    }
    smail__json_end_object(&json);
    put_response(request, "error", smail__buf_span(&text), call_id);
    smail__buf_dispose(&text);
}

/* Everybody has one account and sees no other (RFC 8620, 3.6.2). */
static int check_account(struct smail__jmap_call *call)
{
    smail_span text = { NULL, 0 };
    smail_id account;
    int code = smail__jmap_arg_text(&text, call, "accountId");

    if (code != 0)
        return code;
    if (text.data == NULL)
        return smail__jmap_fail(call, "invalidArguments",
                                "accountId is missing");
    if (!smail__jmap_id_parse(&account, SMAIL__JMAP_ACCOUNT, text) ||
        account != call->account)
        return smail__jmap_fail(call, "accountNotFound", "%s", "");
    return 0;
}

/* What the store says, in the words of RFC 8620, 3.6.2. */
static void refuse_failure(struct smail__jmap_call *call, int code,
                           const smail_error *error)
{
    bool later = code == SMAIL_ETEMP || code == SMAIL_EBUSY;

    smail__jmap_fail(call, later ? "serverUnavailable" : "serverFail", "%s",
                     error->message[0] != '\0' ? error->message
                                               : smail_strerror(code));
}

struct knowing {
    struct smail__jmap_call *call;
    const char *arguments;
};

static int check_argument(smail_span key, const struct smail__json_value *value,
                          void *user)
{
    struct knowing *knowing = user;
    smail_span known = smail__span(knowing->arguments);

    (void)value;
    while (known.len > 0)
        if (smail__span_equal(smail__span_cut(&known, ' '), key))
            return 0;
    return smail__jmap_fail(knowing->call, "invalidArguments",
                            "there is no argument '%.*s'",
                            SMAIL__SPAN_ARG(key));
}

/* RFC 8620, 3.9: an argument that is unknown is an invalid one. */
static int check_arguments(struct smail__jmap_call *call,
                           const struct smail__jmap_entry *method)
{
    struct knowing knowing = { call, method->arguments };

    return method->arguments == NULL
               ? 0
               : smail__json_each(call->args, check_argument, &knowing);
}

static int take_turn(struct smail__jmap_call *call,
                     const struct smail__jmap_entry *method, smail_error *err)
{
    pthread_mutex_t *turn =
        &call->jmap->turns[(uint64_t)call->account % SMAIL__JMAP_TURNS];
    int code;

    if (!method->changes)
        return method->run(call, err);
    pthread_mutex_lock(turn);
    code = method->run(call, err);
    pthread_mutex_unlock(turn);
    return code;
}

static int run_method(struct smail__jmap_call *call,
                      const struct smail__jmap_entry *method,
                      struct smail__buf *text, smail_error *err)
{
    struct smail__json_document *resolved = NULL;
    int code = smail__jmap_resolve(&resolved, call, err);

    if (resolved != NULL)
        call->args = smail__json_root(resolved);
    if (code == 0 && !method->no_account)
        code = check_account(call);
    if (code == 0)
        code = check_arguments(call, method);
    if (code == 0)
        code = take_turn(call, method, err);
    if (code == 0 && smail__buf_error(text) != 0)
        code = smail__buf_error(text) == SMAIL_ELIMIT
                   ? smail__jmap_fail(call, "requestTooLarge",
                                      "the answer is too large")
                   : smail__fail(err, SMAIL_ENOMEM, "out of memory");
    smail__json_document_free(resolved);
    return code;
}

/* Octets that the next call may answer. */
static size_t room_of(const struct smail__jmap_request *request)
{
    size_t used = request->out->len - request->begin;
    size_t room = request->out->max - request->out->len;

    if (used >= SMAIL__JMAP_ANSWER_MAX)
        return 0;
    return room < SMAIL__JMAP_ANSWER_MAX - used ? room
                                                : SMAIL__JMAP_ANSWER_MAX - used;
}

static void run_call(struct smail__jmap_request *request,
                     const struct smail__json_value *item)
{
    struct smail__jmap_call call = { .jmap = request->jmap,
                                     .request = request,
                                     .account = request->account,
                                     .args = smail__json_at(item, 1) };
    smail_error error = SMAIL_ERROR_INIT;
    smail_span name = { NULL, 0 }, call_id = { NULL, 0 };
    const struct smail__jmap_entry *method;
    struct smail__buf text;
    int code = SMAIL__JMAP_REFUSED;

    (void)smail__json_as_text(&name, smail__json_at(item, 0));
    (void)smail__json_as_text(&call_id, smail__json_at(item, 2));
    smail__buf_init(&text, room_of(request), NULL);
    smail__buf_init(&call.extra, room_of(request), NULL);
    smail__json_init(&call.json, &text);
    method = smail__jmap_find_method(name, request->capabilities);
    if (method == NULL)
        smail__jmap_fail(&call, "unknownMethod", "%s", "");
    else
        code = run_method(&call, method, &text, &error);
    if (code < 0)
        refuse_failure(&call, code, &error);
    if (code != 0)
        put_error(request, &call, call_id);
    else
        put_response(request, method->name, smail__buf_span(&text), call_id);
    if (code == 0 && call.extra_name != NULL)
        put_response(request, call.extra_name, smail__buf_span(&call.extra),
                     call_id);
    smail__buf_dispose(&text);
    smail__buf_dispose(&call.extra);
}

/* --- The request --------------------------------------------------------- */

static int put_problem(struct smail__buf *out, int *status, const char *type,
                       const char *limit, const char *detail)
{
    struct smail__json json;

    smail__json_init(&json, out);
    smail__json_begin_object(&json);
    smail__json_key(&json, "type");
    smail__json_string(&json, type);
    smail__json_key(&json, "status");
    smail__json_int(&json, 400);
    if (limit != NULL) {
        smail__json_key(&json, "limit");
        smail__json_string(&json, limit);
    }
    smail__json_key(&json, "detail");
    smail__json_string(&json, detail);
    smail__json_end_object(&json);
    *status = 400;
    return smail__buf_error(out);
}

static bool is_call(const struct smail__json_value *item)
{
    return smail__json_type(item) == SMAIL__JSON_ARRAY &&
           smail__json_count(item) == 3 &&
           smail__json_type(smail__json_at(item, 0)) == SMAIL__JSON_STRING &&
           smail__json_type(smail__json_at(item, 1)) == SMAIL__JSON_OBJECT &&
           smail__json_type(smail__json_at(item, 2)) == SMAIL__JSON_STRING;
}

static bool is_request(const struct smail__json_value *root)
{
    const struct smail__json_value *calls =
        smail__json_get(root, "methodCalls");
    size_t count = smail__json_count(calls);

    if (smail__json_type(root) != SMAIL__JSON_OBJECT ||
        smail__json_type(smail__json_get(root, "using")) != SMAIL__JSON_ARRAY ||
        smail__json_type(calls) != SMAIL__JSON_ARRAY)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!is_call(smail__json_at(calls, i)))
            return false;
    return true;
}

/* False for a capability that is none of ours, left in `unknown`. */
static bool read_using(smail_span *unknown, struct smail__jmap_request *request,
                       const struct smail__json_value *list)
{
    size_t count = smail__json_count(list);

    for (size_t i = 0; i < count; i++) {
        unsigned bit = 0;

        *unknown = SMAIL__SPAN("what is no text");
        (void)smail__json_as_text(unknown, smail__json_at(list, i));
        for (size_t j = 0; j < sizeof(capabilities) / sizeof(capabilities[0]);
             j++)
            if (smail__span_is(*unknown, capabilities[j].name))
                bit = capabilities[j].bit;
        if (bit == 0)
            return false;
        request->capabilities |= bit;
    }
    return true;
}

struct creating {
    struct smail__jmap_request *request;
    smail_error *err;
};

static int read_created(smail_span key, const struct smail__json_value *value,
                        void *user)
{
    struct creating *creating = user;
    smail_span id;

    if (smail__json_as_text(&id, value) != 0 || !smail__jmap_is_id(key) ||
        !smail__jmap_is_id(id))
        return SMAIL_EMALFORMED;
    return smail__jmap_created_put(creating->request, key, id, creating->err);
}

static void put_created(struct smail__jmap_request *request)
{
    if (!request->gives_created)
        return;
    smail__json_key(&request->json, "createdIds");
    smail__json_begin_object(&request->json);
    for (size_t i = 0; i < request->created_count; i++) {
        const struct smail__jmap_created *created = &request->created[i];

        if (smail__jmap_created_get(request, smail__span(created->name)) !=
            created->id)
            continue; /* made again later */
        smail__json_key(&request->json, created->name);
        smail__json_string(&request->json, created->id);
    }
    smail__json_end_object(&request->json);
}

static int answer(struct smail__jmap_request *request,
                  const struct smail__json_value *calls)
{
    char state[SMAIL__JMAP_STATE_SIZE];
    size_t count = smail__json_count(calls);

    request->begin = request->out->len;
    smail__json_init(&request->json, request->out);
    smail__json_begin_object(&request->json);
    smail__json_key(&request->json, "methodResponses");
    smail__json_begin_array(&request->json);
    for (size_t i = 0; i < count && smail__buf_error(request->out) == 0; i++)
        run_call(request, smail__json_at(calls, i));
    smail__json_end_array(&request->json);
    put_created(request);
    smail__jmap_session_state(state, request->jmap);
    smail__json_key(&request->json, "sessionState");
    smail__json_string(&request->json, state);
    smail__json_end_object(&request->json);
    return smail__buf_error(request->out);
}

static int process(struct smail__jmap_request *request, int *status,
                   const struct smail__json_value *root, smail_error *err)
{
    const struct smail__json_value *calls, *created;
    struct creating creating = { request, err };
    smail_span unknown;
    char detail[200];

    if (!is_request(root))
        return put_problem(request->out, status, PROBLEM "notRequest", NULL,
                           "The JSON is not a JMAP request.");
    calls = smail__json_get(root, "methodCalls");
    if (!read_using(&unknown, request, smail__json_get(root, "using"))) {
        smail__format(detail, sizeof(detail), "This server does not know %.*s.",
                      (int)(unknown.len < 100 ? unknown.len : 100),
                      unknown.data);
        return put_problem(request->out, status, PROBLEM "unknownCapability",
                           NULL, detail);
    }
    if (smail__json_count(calls) > request->jmap->limits.calls)
        return put_problem(request->out, status, PROBLEM "limit",
                           "maxCallsInRequest",
                           "The request has too many calls.");
    created = smail__json_get(root, "createdIds");
    request->gives_created = smail__json_type(created) == SMAIL__JSON_OBJECT;
    if (created != NULL &&
        (!request->gives_created || smail__json_count(created) > 10000 ||
         smail__json_each(created, read_created, &creating) != 0))
        return put_problem(request->out, status, PROBLEM "notRequest", NULL,
                           "createdIds is not a map of ids.");
    return answer(request, calls);
}

int smail__jmap_request(struct smail__buf *out, int *http_status,
                        struct smail__jmap *jmap, smail_id account,
                        smail_span json, smail_error *err)
{
    struct smail__jmap_request *request;
    struct smail__json_document *document = NULL;
    smail_error fault = SMAIL_ERROR_INIT;
    int code;

    *http_status = 200;
    if (json.len > jmap->limits.request_size ||
        smail__json_values(json) > SMAIL__JMAP_VALUES_MAX)
        return put_problem(out, http_status, PROBLEM "limit", "maxSizeRequest",
                           "The request is too large.");
    code = smail__json_read(&document, json, SMAIL__JMAP_DEPTH_MAX, &fault);
    if (code == SMAIL_ENOMEM)
        return smail__fail(err, code, "out of memory");
    if (code < 0)
        return put_problem(out, http_status, PROBLEM "notJSON", NULL,
                           fault.message);
    request = calloc(1, sizeof(*request));
    if (request != NULL) {
        request->jmap = jmap;
        request->account = account;
        request->out = out;
        code = process(request, http_status, smail__json_root(document), err);
        dispose(request);
    }
    smail__json_document_free(document);
    if (request == NULL || code == SMAIL_ENOMEM)
        code = smail__fail(err, SMAIL_ENOMEM, "out of memory");
    free(request);
    return code == SMAIL_ELIMIT ? 0 : code; /* the caller's buffer says so */
}
