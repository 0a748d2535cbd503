/* SPDX-License-Identifier: MIT */
/* db/postgres_error.c - PostgreSQL's codes in ours. */
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "db/postgres.h"

/* By the first that fits; a class is its first two letters. */
static const struct {
    const char *state;
    int code;
    bool broken; /* this connection is of no more use */
} states[] = {
    { "23505", SMAIL_EEXISTS, false }, /* unique */
    { "23503", SMAIL_ESTATE, false },  /* others refer to it */
    { "40", SMAIL_ETEMP, false },      /* serialization failure, deadlock */
    { "55", SMAIL_ETEMP, false },      /* locked */
    { "57P", SMAIL_ETEMP, true },      /* the server goes down or starts */
    { "57", SMAIL_ETEMP, false },      /* cancelled */
    { "53", SMAIL_ETEMP, false },      /* no room, memory or connections */
    { "54", SMAIL_ELIMIT, false },
    { "08", SMAIL_ETEMP, true },
    { "25006", SMAIL_ETEMP, true }, /* read-only: the server is a standby */
    { "28", SMAIL_EIO, false },     /* who we are */
    { "3D", SMAIL_ENOTFOUND, false },
    { "42501", SMAIL_EIO, false },   /* not allowed */
    { "0A000", SMAIL_ETEMP, true },  /* a cached plan, after a migration */
    { "58", SMAIL_EIO, true },       /* the server's system refused */
    { "F0", SMAIL_ECORRUPT, false }, /* its configuration */
    { "XX", SMAIL_ECORRUPT, false },
};

static int translate(struct postgres_db *db, const char *state)
{
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strncmp(state, states[i].state, strlen(states[i].state)) != 0)
            continue;
        db->broken = db->broken || states[i].broken;
        return states[i].code;
    }
    return SMAIL_EINVAL;
}

/* The first line is enough, without the newline. */
static smail_span first_line(const char *text)
{
    smail_span line = { text, strcspn(text, "\n") };

    return line;
}

int smail__postgres_fail(struct postgres_db *db, const PGresult *result,
                         const char *doing, smail_error *err)
{
    const char *state =
        result != NULL ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *text = result != NULL
                           ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)
                           : NULL;
    int code = state != NULL ? translate(db, state) : SMAIL_ETEMP;

    if (text == NULL || *text == '\0')
        text = PQerrorMessage(db->handle);
    if (state == NULL || PQstatus(db->handle) == CONNECTION_BAD)
        db->broken = true;
    if (state != NULL && strncmp(state, "53100", 5) == 0)
        return smail__fail(err, SMAIL_ETEMP,
                           "disk full while %s PostgreSQL; make room on it",
                           doing);
    return smail__fail(err, code, "%s PostgreSQL: %.*s%s%s%s", doing,
                       SMAIL__SPAN_ARG(first_line(text)),
                       state != NULL ? " (" : "", state != NULL ? state : "",
                       state != NULL ? ")" : "");
}
