/* SPDX-License-Identifier: MIT */
/* jmap/argument.c - arguments of a method, with their types checked. */
#include <stdarg.h>

#include "base/span.h"
#include "jmap/call.h"

int smail__jmap_fail(struct smail__jmap_call *call, const char *error,
                     const char *format, ...)
{
    va_list args;

    call->error = error;
    va_start(args, format);
    smail__vformat(call->detail, sizeof(call->detail), format, args);
    va_end(args);
    return SMAIL__JMAP_REFUSED;
}

static int wrong_type(struct smail__jmap_call *call, const char *name)
{
    return smail__jmap_fail(call, "invalidArguments",
                            "'%s' is not of the right type", name);
}

static const struct smail__json_value *find(const struct smail__jmap_call *call,
                                            const char *name)
{
    const struct smail__json_value *value = smail__json_get(call->args, name);

    return smail__json_type(value) == SMAIL__JSON_NULL ? NULL : value;
}

int smail__jmap_arg_of(const struct smail__json_value **out,
                       struct smail__jmap_call *call, const char *name,
                       enum smail__json_type type)
{
    const struct smail__json_value *value = find(call, name);

    if (value == NULL)
        return 0;
    if (smail__json_type(value) != type)
        return wrong_type(call, name);
    *out = value;
    return 0;
}

int smail__jmap_arg_bool(bool *out, struct smail__jmap_call *call,
                         const char *name)
{
    const struct smail__json_value *value = find(call, name);

    if (value != NULL && smail__json_as_bool(out, value) != 0)
        return wrong_type(call, name);
    return 0;
}

int smail__jmap_arg_int(int64_t *out, struct smail__jmap_call *call,
                        const char *name, int64_t min, int64_t max)
{
    const struct smail__json_value *value = find(call, name);
    int64_t number;

    if (value == NULL)
        return 0;
    if (smail__json_as_int(&number, value) != 0)
        return wrong_type(call, name);
    if (number < min || number > max)
        return smail__jmap_fail(call, "invalidArguments",
                                "'%s' is out of range", name);
    *out = number;
    return 0;
}

int smail__jmap_arg_text(smail_span *out, struct smail__jmap_call *call,
                         const char *name)
{
    const struct smail__json_value *value = find(call, name);

    if (value != NULL && smail__json_as_text(out, value) != 0)
        return wrong_type(call, name);
    return 0;
}
