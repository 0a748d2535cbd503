/* SPDX-License-Identifier: MIT */
/* delivery/notice_words.c - what an enhanced status code (RFC 3463) means to a
 * person. */
#include <string.h>

#include "base/span.h"
#include "delivery/notice.h"

/* By the end of an enhanced status code (RFC 3463), the first that fits: what
 * it means, and what one can do. */
static const struct {
    const char *status;
    const char *what, *advice;
} explanations[] = {
    { "1.1", "Nobody has that address there.",
      "Check it letter by letter; ask the recipient another way." },
    { "1.2", "There is no such domain.",
      "Check the part of the address behind the @." },
    { "1.3", "The address makes no sense to the other side.",
      "Check it letter by letter." },
    { "1.6", "The recipient has moved and left no address.",
      "Ask the recipient another way." },
    { "1.8", "The other side does not believe your own address.",
      "Ask who runs your mail server to look at its DNS records." },
    { "1.10", "The domain takes no mail at all, and says so.",
      "Check the part of the address behind the @." },
    { "2.1", "The mailbox there is switched off.",
      "Ask the recipient another way." },
    { "2.2", "The mailbox there is full.",
      "Try again when the recipient has made room." },
    { "2.3", "The message is larger than the recipient may get.",
      "Send it without its attachments, or put these where they can be "
      "fetched from." },
    { "3.4", "The message is larger than that server takes.",
      "Send it without its attachments, or put these where they can be "
      "fetched from." },
    { "4.1", "The mail server there does not answer.",
      "Try again later, or ask the recipient another way." },
    { "4.3", "DNS does not say where the mail has to go.",
      "Try again later; if it goes on, tell the recipient." },
    { "4.4", "DNS names no server that can be reached for the domain.",
      "Check the part of the address behind the @; tell the recipient." },
    { "4.6", "The message went round in circles.",
      "Tell who runs the mail servers: a forwarding leads back." },
    { "4.7",
      "Time is up: it could not be delivered for so long that we "
      "have given up.",
      "Send it again, or ask the recipient another way." },
    { "6.1", "The other side cannot take a message of this kind.",
      "Send it as plain text." },
    { "6.0", "The message is not well formed, so it cannot be sent.",
      "Send it with another mail program, and tell the maker of this one." },
    { "6.", "The other side cannot take a message of this kind.",
      "Send it in another form, as plain text with plain addresses." },
    { "7.5",
      "The server there could not prove that it is the right one, or "
      "offers no encryption, which it has promised.",
      "Tell the recipient: their mail server's certificate wants care." },
    { "7.10",
      "You asked for encryption all the way, and that server does "
      "not offer it well enough.",
      "Send it without that wish, if it may be read on the way." },
    { "7.", "The other side does not want this message.",
      "Its own words above say why; if they are about your server, show them "
      "to who runs it." },
    { "5.3", "There are too many recipients.", "Send it to fewer at a time." },
    { "2.", "The mailbox there cannot take the message.",
      "Ask the recipient another way." },
    { "1.", "The other side does not accept the address.",
      "Check it letter by letter." },
    { "4.", "The other side could not be reached.",
      "Try again later, or ask the recipient another way." },
};

/* "5.1.10" begins with no "5.1.1". */
static bool is_about(smail_span status, const char *pattern)
{
    size_t len = strlen(pattern);
    smail_span tail = smail__span_from(status, 2);

    if (status.len < 3)
        return false;
    if (pattern[len - 1] == '.')
        return tail.len >= len &&
               smail__span_is(smail__span_slice(tail, 0, len), pattern);
    return smail__span_is(tail, pattern);
}

void smail__notice_explain(const char **what, const char **advice,
                           smail_span status)
{
    *what = "The other side refused the message.";
    *advice = "Its own words above say why.";
    for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
        if (is_about(status, explanations[i].status)) {
            *what = explanations[i].what;
            *advice = explanations[i].advice;
            return;
        }
}
