/* SPDX-License-Identifier: MIT */
/* jmap/created.c - the ids behind "#name" (RFC 8620, 5.3). */
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/span.h"
#include "jmap/request.h"

const char *smail__jmap_created_get(const struct smail__jmap_request *request,
                                    smail_span name)
{
    for (size_t i = request->created_count; i > 0; i--)
        if (smail__span_is(name, request->created[i - 1].name))
            return request->created[i - 1].id;
    return NULL;
}

int smail__jmap_created_put(struct smail__jmap_request *request,
                            smail_span name, smail_span id, smail_error *err)
{
    struct smail__jmap_created *created;

    if (request->created_count == request->created_room) {
        size_t room =
            request->created_room == 0 ? 8 : request->created_room * 2;

        created = realloc(request->created, room * sizeof(*created));
        if (created == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "out of memory");
        request->created = created;
        request->created_room = room;
    }
    created = &request->created[request->created_count];
    created->name = smail__spandup(name);
    created->id = smail__spandup(id);
    request->created_count++;
    if (created->name == NULL || created->id == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "out of memory");
    return 0;
}

void smail__jmap_created_dispose(struct smail__jmap_request *request)
{
    for (size_t i = 0; i < request->created_count; i++) {
        free(request->created[i].name);
        free(request->created[i].id);
    }
    free(request->created);
}
