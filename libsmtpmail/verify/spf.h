/* SPDX-License-Identifier: MIT */
/*
 * verify/spf.h - may this address send mail of that domain? (RFC 7208)
 *
 * check_host() as RFC 7208, 4 has it, with all mechanisms, modifiers and
 * macros, and the limits of RFC 7208, 4.6.4. No I/O: verify/question.h tells
 * how it is driven.
 */
#ifndef SMAIL__VERIFY_SPF_H
#define SMAIL__VERIFY_SPF_H

#include "verify/ip.h"
#include "verify/question.h"

/* RFC 7208, 4.6.4. */
#define SMAIL__SPF_LOOKUPS_MAX 10
#define SMAIL__SPF_VOID_MAX 2
#define SMAIL__SPF_NAMES_MAX 10 /* hosts of one mx, names of one ptr */

/* Terms of one record: more is no record that anybody wrote. */
#define SMAIL__SPF_TERMS_MAX 256

/* Questions that one evaluation can ask at the most: a record for each lookup
   and ten hosts of each, the explanation, and the names of %{p}. */
#define SMAIL__SPF_QUESTIONS_MAX 200

/* Octets of an explanation (RFC 7208, 6.2). */
#define SMAIL__SPF_EXPLANATION_MAX 500

/* RFC 7208, 2.6. */
enum smail__spf_result {
    SMAIL__SPF_NONE,
    SMAIL__SPF_NEUTRAL,
    SMAIL__SPF_PASS,
    SMAIL__SPF_FAIL,
    SMAIL__SPF_SOFTFAIL,
    SMAIL__SPF_TEMPERROR,
    SMAIL__SPF_PERMERROR
};

struct smail__spf_request {
    struct smail__ip ip; /* the client's */
    const char *domain;
    const char *sender;   /* "local@domain"; "domain" or "": postmaster's */
    const char *helo;     /* for %{h}; may be NULL */
    const char *receiver; /* our own name, for %{r}; may be NULL */
    int64_t now;          /* for %{t} */
};

struct smail__spf_verdict {
    enum smail__spf_result result;
    char mechanism[80]; /* that matched: "ip4:192.0.2.0/24"; or "default" */
    char why[200];      /* of an error; else "" */
    char explanation[SMAIL__SPF_EXPLANATION_MAX + 1]; /* of FAIL; may be "" */
    unsigned lookups;                                 /* of the ten */
    unsigned voids;
};

/* "pass". */
const char *smail__spf_result_name(enum smail__spf_result result);

/* Is this TXT the SPF record of its name? (RFC 7208, 4.5) */
bool smail__spf_is_record(smail_span text);

/* True: `out` is the verdict. False: questions are open. */
bool smail__spf_evaluate(struct smail__spf_verdict *out,
                         struct smail__questions *questions,
                         const struct smail__spf_request *request);

#endif
