/* SPDX-License-Identifier: MIT */
/* jmap/method_table.c - the methods there are, and the arguments of each. */
#include "base/span.h"
#include "jmap/method.h"
#include "jmap/request.h"

#define GET "accountId ids properties "
#define CHANGES "accountId sinceState maxChanges "
#define QUERY                                                   \
    "accountId filter sort position anchor anchorOffset limit " \
    "calculateTotal "
#define QUERY_CHANGES \
    "accountId filter sort sinceQueryState maxChanges upToId calculateTotal "
#define SET "accountId ifInState create update destroy "
#define BODY                                                  \
    "bodyProperties fetchTextBodyValues fetchHTMLBodyValues " \
    "fetchAllBodyValues maxBodyValueBytes "
#define TREE "sortAsTree filterAsTree "

static int echo(struct smail__jmap_call *call, smail_error *err)
{
    (void)err;
    smail__json_value(&call->json, call->args);
    return 0;
}

static const struct smail__jmap_entry methods[] = {
    { "Core/echo", SMAIL__JMAP_CORE, true, echo, NULL },
    { "Mailbox/get", SMAIL__JMAP_MAIL, false, smail__jmap_mailbox_get, GET },
    { "Mailbox/changes", SMAIL__JMAP_MAIL, false, smail__jmap_mailbox_changes,
      CHANGES },
    { "Mailbox/query", SMAIL__JMAP_MAIL, false, smail__jmap_mailbox_query,
      QUERY TREE },
    { "Mailbox/queryChanges", SMAIL__JMAP_MAIL, false,
      smail__jmap_query_changes, QUERY_CHANGES TREE },
    { "Mailbox/set", SMAIL__JMAP_MAIL, false, smail__jmap_mailbox_set,
      SET "onDestroyRemoveEmails ", true },
    { "Thread/get", SMAIL__JMAP_MAIL, false, smail__jmap_thread_get, GET },
    { "Thread/changes", SMAIL__JMAP_MAIL, false, smail__jmap_thread_changes,
      CHANGES },
    { "Email/get", SMAIL__JMAP_MAIL, false, smail__jmap_email_get, GET BODY },
    { "Email/changes", SMAIL__JMAP_MAIL, false, smail__jmap_email_changes,
      CHANGES },
    { "Email/query", SMAIL__JMAP_MAIL, false, smail__jmap_email_query,
      QUERY "collapseThreads " },
    { "Email/queryChanges", SMAIL__JMAP_MAIL, false, smail__jmap_query_changes,
      QUERY_CHANGES "collapseThreads " },
    { "Email/set", SMAIL__JMAP_MAIL, false, smail__jmap_email_set, SET, true },
    { "Email/import", SMAIL__JMAP_MAIL, false, smail__jmap_email_import,
      "accountId ifInState emails ", true },
    { "Email/parse", SMAIL__JMAP_MAIL, false, smail__jmap_email_parse,
      "accountId blobIds properties " BODY },
    { "SearchSnippet/get", SMAIL__JMAP_MAIL, false, smail__jmap_snippet_get,
      "accountId filter emailIds " },
    { "Identity/get", SMAIL__JMAP_SENDING, false, smail__jmap_identity_get,
      GET },
    { "Identity/changes", SMAIL__JMAP_SENDING, false,
      smail__jmap_identity_changes, CHANGES },
    { "Identity/set", SMAIL__JMAP_SENDING, false, smail__jmap_identity_set, SET,
      true },
    { "EmailSubmission/get", SMAIL__JMAP_SENDING, false,
      smail__jmap_submission_get, GET },
    { "EmailSubmission/changes", SMAIL__JMAP_SENDING, false,
      smail__jmap_submission_changes, CHANGES },
    { "EmailSubmission/query", SMAIL__JMAP_SENDING, false,
      smail__jmap_submission_query, QUERY },
    { "EmailSubmission/queryChanges", SMAIL__JMAP_SENDING, false,
      smail__jmap_query_changes, QUERY_CHANGES },
    { "EmailSubmission/set", SMAIL__JMAP_SENDING, false,
      smail__jmap_submission_set,
      SET "onSuccessUpdateEmail onSuccessDestroyEmail ", true },
    { "RemovedEmail/get", SMAIL__JMAP_REMOVED, false, smail__jmap_removed_get,
      GET },
    { "RemovedEmail/query", SMAIL__JMAP_REMOVED, false,
      smail__jmap_removed_query,
      "accountId position anchor anchorOffset limit calculateTotal " },
    { "RemovedEmail/undelete", SMAIL__JMAP_REMOVED, false,
      smail__jmap_removed_undelete, "accountId ids ", true },
};

const struct smail__jmap_entry *smail__jmap_find_method(smail_span name,
                                                        unsigned capabilities)
{
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (smail__span_is(name, methods[i].name) &&
            (methods[i].capability & capabilities) != 0)
            return &methods[i];
    return NULL;
}
