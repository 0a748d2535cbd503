/* SPDX-License-Identifier: MIT */
/*
 * store/email_patch.c - see store/email_patch.h. All is checked before the
 * first row is touched, so that one that is refused leaves no trace in the
 * transaction it shares with others.
 */
#include "store/email_patch.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/span.h"
#include "store/email.h"
#include "store/keyword.h"

/* Messages of one transaction: a few milliseconds. */
#define STEP 50

void smail__email_patch_init(struct smail__email_patch *patch, smail_id email)
{
    *patch = (struct smail__email_patch){ .email = email };
    smail__buf_init(&patch->add, (size_t)4 * SMAIL__WORDS_MAX, NULL);
    smail__buf_init(&patch->remove, (size_t)4 * SMAIL__WORDS_MAX, NULL);
}

void smail__email_patch_dispose(struct smail__email_patch *patch)
{
    smail__buf_dispose(&patch->add);
    smail__buf_dispose(&patch->remove);
    free(patch->places);
    patch->places = NULL;
}

void smail__email_patch_keyword(struct smail__email_patch *patch,
                                smail_span keyword, bool on)
{
    struct smail__buf *list = on ? &patch->add : &patch->remove;

    smail__buf_append(list, keyword);
    smail__buf_putc(list, ' ');
}

int smail__email_patch_place(struct smail__email_patch *patch, smail_id mailbox,
                             bool in, smail_error *err)
{
    if (patch->place_count == patch->place_room) {
        size_t room = patch->place_room == 0 ? 4 : patch->place_room * 2;
        struct smail__patch_place *places;

        if (room > (size_t)4 * SMAIL__PLACES_MAX)
            return smail__fail(err, SMAIL_ELIMIT, "too many mailboxes");
        places = realloc(patch->places, room * sizeof(*places));
        if (places == NULL)
            return smail__fail(err, SMAIL_ENOMEM, "out of memory");
        patch->places = places;
        patch->place_room = room;
    }
    patch->places[patch->place_count++] =
        (struct smail__patch_place){ mailbox, !in };
    return 0;
}

/* --- Where it shall be --------------------------------------------------- */

static bool is_in(const struct smail__places *places, smail_id mailbox)
{
    for (size_t i = 0; i < places->count; i++)
        if (places->list[i].mailbox == mailbox)
            return true;
    return false;
}

/* What the patch says of a mailbox: 1 in, -1 out, 0 nothing. */
static int says(const struct smail__email_patch *patch, smail_id mailbox)
{
    for (size_t i = patch->place_count; i > 0; i--)
        if (patch->places[i - 1].mailbox == mailbox)
            return patch->places[i - 1].out ? -1 : 1;
    return patch->all_mailboxes ? -1 : 0;
}

/* Entries of the patch that put it where it is not, each once. */
static bool is_new(const struct smail__email_patch *patch, size_t index,
                   const struct smail__places *places)
{
    smail_id mailbox = patch->places[index].mailbox;

    if (says(patch, mailbox) < 1 || is_in(places, mailbox))
        return false;
    for (size_t i = 0; i < index; i++)
        if (patch->places[i].mailbox == mailbox)
            return false;
    return true;
}

static int check_places(smail_tx *tx, smail_id account,
                        const struct smail__email_patch *patch,
                        const struct smail__places *places, smail_error *err)
{
    static const char sql[] =
        "SELECT id FROM mailbox WHERE account = $1 AND id = $2";
    size_t count = 0;

    for (size_t i = 0; i < places->count; i++)
        count += says(patch, places->list[i].mailbox) >= 0;
    for (size_t i = 0; i < patch->place_count; i++) {
        int64_t found;
        int code;

        if (!is_new(patch, i, places))
            continue;
        code = smail__db_value(&found, smail__tx_db(tx), sql, account,
                               patch->places[i].mailbox, err);
        if (code == SMAIL_ENOTFOUND)
            return smail__fail(err, SMAIL_ESTATE, "there is no mailbox %lld",
                               (long long)patch->places[i].mailbox);
        if (code < 0)
            return code;
        count++;
    }
    if (count == 0)
        return smail__fail(err, SMAIL_ESTATE,
                           "a message has to be in a mailbox");
    if (count > SMAIL__PLACES_MAX)
        return smail__fail(err, SMAIL_ELIMIT, "too many mailboxes");
    return 0;
}

static int move(smail_tx *tx, const struct smail__email *email,
                const struct smail__email_patch *patch,
                const struct smail__places *places, smail_error *err)
{
    bool moved = false;
    int code = 0;

    for (size_t i = 0; code == 0 && i < places->count; i++) {
        if (says(patch, places->list[i].mailbox) >= 0)
            continue;
        code = smail__email_take_out(tx, email->account, &places->list[i],
                                     email->unread, err);
        moved = true;
    }
    for (size_t i = 0; code == 0 && i < patch->place_count; i++) {
        if (!is_new(patch, i, places))
            continue;
        code = smail__email_put_in(tx, email, patch->places[i].mailbox, err);
        moved = true;
    }
    if (code == 0 && moved)
        code = smail__email_touch(tx, email, err);
    return code;
}

/* --- Keywords ------------------------------------------------------------ */

/* Append all that the message has now. */
static int put_keywords(struct smail__buf *out, smail_tx *tx,
                        const struct smail__email *email, smail_error *err)
{
    static const char sql[] =
        "SELECT flags, keywords FROM email WHERE account = $1 AND id = $2";
    struct smail__statement *row;
    int code = smail__db_prepare(&row, smail__tx_db(tx), sql, err);

    if (code < 0)
        return code;
    smail__bind_int(row, 1, email->account);
    smail__bind_int(row, 2, email->id);
    code = smail__statement_step(row, err);
    if (code > 0)
        smail__keywords_put(out, (unsigned)smail__column_int(row, 0),
                            smail__column_span(row, 1));
    smail__statement_reset(row);
    return code < 0 ? code : smail__buf_error(out);
}

static const char *text_of(const struct smail__buf *buf)
{
    return buf->len > 0 ? buf->data : "";
}

/* smail__email_flag() takes away first and then adds: as it is wanted when
 * all are given. It checks both lists before it writes. */
static int flag(smail_tx *tx, const struct smail__email *email,
                const struct smail__email_patch *patch, smail_error *err)
{
    struct smail__buf now;
    int code = 0;

    if (patch->add.len == 0 && patch->remove.len == 0 && !patch->all_keywords)
        return 0;
    smail__buf_init(&now, (size_t)2 * SMAIL__WORDS_MAX, NULL);
    if (patch->all_keywords)
        code = put_keywords(&now, tx, email, err);
    else
        smail__buf_append(&now, smail__buf_span(&patch->remove));
    if (code == 0)
        code = smail__buf_error(&now);
    if (code == 0)
        code = smail__email_flag(tx, email->account, email->id,
                                 text_of(&patch->add), text_of(&now), err);
    smail__buf_dispose(&now);
    return code;
}

int smail__tx_email_patch(smail_tx *tx, smail_id account,
                          const struct smail__email_patch *patch,
                          smail_error *err)
{
    struct smail__places places;
    struct smail__email email;
    int code = smail__buf_error(&patch->add);

    if (code == 0)
        code = smail__buf_error(&patch->remove);
    if (code < 0)
        return smail__fail(err, code, "too many keywords");
    code =
        smail__email_load(&email, smail__tx_db(tx), account, patch->email, err);
    if (code == 0)
        code = smail__places_load(&places, smail__tx_db(tx), account,
                                  patch->email, err);
    if (code < 0)
        return code;
    code = check_places(tx, account, patch, &places, err);
    if (code == 0)
        code = flag(tx, &email, patch, err);
    if (code == 0)
        code = smail__email_load(&email, smail__tx_db(tx), account,
                                 patch->email, err);
    if (code == 0)
        code = move(tx, &email, patch, &places, err);
    smail__places_dispose(&places);
    return code;
}

/* --- Many ---------------------------------------------------------------- */

struct many {
    smail_id account;
    struct smail__email_patch *patches;
    const smail_id *emails;
    int *codes;
    size_t count;
};

/* What an object is to blame for stays with it; the rest ends the job. */
static bool is_own_fault(int code)
{
    return code == SMAIL_ENOTFOUND || code == SMAIL_ESTATE ||
           code == SMAIL_EINVAL || code == SMAIL_ELIMIT;
}

static int patch_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct many *many = arg;

    for (size_t i = 0; i < many->count; i++) {
        struct smail__email_patch *patch = &many->patches[i];

        if (patch->code < 0)
            continue; /* it was refused before */
        patch->code =
            smail__tx_email_patch(tx, many->account, patch, &patch->error);
        if (patch->code < 0 && !is_own_fault(patch->code)) {
            if (err != NULL)
                *err = patch->error;
            return patch->code;
        }
    }
    return 0;
}

int smail__email_patch_all(smail_store *store, smail_id account,
                           struct smail__email_patch *patches, size_t count,
                           smail_error *err)
{
    int code = 0;

    for (size_t at = 0; code == 0 && at < count; at += STEP) {
        struct many many = { .account = account,
                             .patches = patches + at,
                             .count = count - at < STEP ? count - at : STEP };

        code = smail__store_write(store, patch_job, &many, err);
    }
    return code;
}

static int remove_all_job(smail_tx *tx, void *arg, smail_error *err)
{
    struct many *many = arg;

    for (size_t i = 0; i < many->count; i++) {
        many->codes[i] =
            smail__email_remove(tx, many->account, many->emails[i], err);
        if (many->codes[i] < 0 && many->codes[i] != SMAIL_ENOTFOUND)
            return many->codes[i];
    }
    return 0;
}

int smail__email_remove_all(smail_store *store, smail_id account,
                            const smail_id *emails, int *codes, size_t count,
                            smail_error *err)
{
    int code = 0;

    for (size_t at = 0; code == 0 && at < count; at += STEP) {
        struct many many = { .account = account,
                             .emails = emails + at,
                             .codes = codes + at,
                             .count = count - at < STEP ? count - at : STEP };

        code = smail__store_write(store, remove_all_job, &many, err);
    }
    return code;
}

/* --- One ----------------------------------------------------------------- */

int smail_email_place(smail_store *store, smail_id account, smail_id email,
                      const smail_placing *placing, smail_error *err)
{
    struct smail__email_patch patch;
    int code = 0;

    if (placing == NULL || placing->size < sizeof(*placing))
        return smail__fail(err, SMAIL_EINVAL, "no placing");
    smail__email_patch_init(&patch, email);
    for (size_t i = 0; code == 0 && i < placing->remove_count; i++)
        code = smail__email_patch_place(&patch, placing->remove[i], false, err);
    for (size_t i = 0; code == 0 && i < placing->add_count; i++)
        code = smail__email_patch_place(&patch, placing->add[i], true, err);
    if (code == 0)
        code = smail__email_patch_all(store, account, &patch, 1, err);
    if (code == 0 && patch.code < 0) {
        code = patch.code;
        if (err != NULL)
            *err = patch.error;
    }
    smail__email_patch_dispose(&patch);
    return code;
}
