/* SPDX-License-Identifier: MIT */
/* transfer/maildir.c - see transfer/maildir.h. */
#include "transfer/maildir.h"

#include <string.h>

#include "base/span.h"

/* Seconds that are taken for a time: 1973 to 5138. */
#define TIME_MIN ((uint64_t)100000000)
#define TIME_MAX ((uint64_t)100000000000)

void smail__maildir_words_init(struct smail__maildir_words *words)
{
    memset(words, 0, sizeof(*words));
    smail__buf_init(&words->text, SMAIL__MAILDIR_KEYWORDS_MAX, NULL);
}

void smail__maildir_words_dispose(struct smail__maildir_words *words)
{
    smail__buf_dispose(&words->text);
}

/* "0 $label1" a line. */
void smail__maildir_words_read(struct smail__maildir_words *words)
{
    smail_span rest = smail__buf_span(&words->text);

    memset(words->words, 0, sizeof(words->words));
    while (rest.len > 0) {
        smail_span line = smail__span_cut(&rest, '\n');
        smail_span number = smail__span_cut(&line, ' ');
        uint64_t index;

        if (number.len > 0 && smail__span_number(&index, number) == 0 &&
            index < 26)
            words->words[index] = smail__span_trim(line);
    }
}

void smail__maildir_name_read(struct smail__maildir_name *out, smail_span name)
{
    smail_span number;
    uint64_t time;

    *out = (struct smail__maildir_name){ .unique = name };
    /* ':' cannot be in a name everywhere: '!' and ';' stand for it there. */
    for (size_t i = 0; i + 3 <= name.len; i++) {
        if (strchr(":!;", name.data[i]) == NULL || name.data[i + 1] != '2' ||
            name.data[i + 2] != ',')
            continue;
        out->unique = smail__span_slice(name, 0, i);
        out->letters = smail__span_from(name, i + 3);
        break;
    }
    number = out->unique;
    number = smail__span_cut(&number, '.');
    if (smail__span_number(&time, number) == 0 && time >= TIME_MIN &&
        time <= TIME_MAX)
        out->time = (int64_t)time;
}
