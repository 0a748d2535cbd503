/* SPDX-License-Identifier: MIT */
/*
 * transfer/mbox.c - see transfer/mbox.h. A separator is a line that begins
 * with "From ", at the start of the file or behind an empty line; the empty
 * line before it belongs to nobody.
 */
#include "transfer/mbox.h"

#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "message/header.h"
#include "transfer/from_line.h"

/* What of a header is looked at for Content-Length. */
#define HEADER_STEP ((size_t)4096)

void smail__mbox_init(struct smail__mbox *mbox, struct smail__input *input,
                      enum smail__dialect dialect)
{
    *mbox = (struct smail__mbox){ .input = input,
                                  .dialect = dialect,
                                  .at_line = true };
    smail__buf_init(&mbox->block, SMAIL__MBOX_BLOCK_MAX, NULL);
}

void smail__mbox_dispose(struct smail__mbox *mbox)
{
    smail__buf_dispose(&mbox->block);
}

static bool is_empty_line(smail_span piece)
{
    return smail__span_is(piece, "\n") || smail__span_is(piece, "\r\n");
}

/* --- Separators ---------------------------------------------------------- */

static bool is_field(smail_span text)
{
    size_t at = 0;

    while (at < text.len && (smail__is_alnum(text.data[at]) ||
                             text.data[at] == '-' || text.data[at] == '_'))
        at++;
    return at > 0 && at < text.len && text.data[at] == ':';
}

/* Without an empty line before it only one that has a date and a header
 * behind: some programs forget the line, or files were joined. */
static bool is_joined(struct smail__mbox *mbox, smail_span line)
{
    char next[80];
    int64_t got;

    if (smail__from_line_time(line) == 0)
        return false;
    got = smail__input_peek(next, sizeof(next), mbox->input, line.len, NULL);
    return got > 0 && is_field((smail_span){ next, (size_t)got });
}

/* The first one settles whether they have dates: a line of text that somebody
 * forgot to quote has none. */
static bool is_separator(struct smail__mbox *mbox, smail_span piece)
{
    if (!mbox->at_line || mbox->dialect == SMAIL__DIALECT_ONE ||
        !smail__is_from_line(piece))
        return false;
    if (!mbox->is_inside)
        return true;
    if (!mbox->is_mbox)
        return false;
    if (mbox->after_empty)
        return !mbox->has_dates || smail__from_line_time(piece) != 0;
    return is_joined(mbox, piece);
}

/* --- Lengths ------------------------------------------------------------- */

/* Does the message end `ahead` of here: empty lines, then a separator or the
 * end? */
static bool ends_at(struct smail__mbox *mbox, uint64_t ahead)
{
    char text[16];
    int64_t got =
        smail__input_peek(text, sizeof(text), mbox->input, ahead, NULL);
    smail_span rest = { text, got > 0 ? (size_t)got : 0 };

    if (got < 0)
        return false;
    for (int i = 0; i < 2; i++) {
        if (rest.len > 1 && rest.data[0] == '\r' && rest.data[1] == '\n')
            rest = smail__span_from(rest, 2);
        else if (rest.len > 0 && rest.data[0] == '\n')
            rest = smail__span_from(rest, 1);
    }
    return rest.len == 0 ? got < (int64_t)sizeof(text)
                         : smail__is_from_line(rest);
}

/* The end itself has to be there, not only nothing behind it. */
static bool reaches(struct smail__mbox *mbox, uint64_t length)
{
    char last;

    return length == 0 ||
           smail__input_peek(&last, 1, mbox->input, length - 1, NULL) == 1;
}

/* Whether the next `length` octets hold a line that begins as a separator:
 * then nothing in them is quoted. */
static bool holds_from(struct smail__mbox *mbox, uint64_t length)
{
    char piece[8192];
    uint64_t at = 0;

    while (at < length) {
        int64_t got =
            smail__input_peek(piece, sizeof(piece), mbox->input, at, NULL);
        smail_span rest;

        if (got <= 0)
            return false;
        rest = (smail_span){ piece, (size_t)got };
        if (rest.len > length - at)
            rest.len = (size_t)(length - at);
        for (size_t i = 0; i + 6 <= rest.len; i++) {
            const char *end = memchr(rest.data + i, '\n', rest.len - i);

            if (end == NULL)
                break;
            i = (size_t)(end - rest.data);
            if (smail__is_from_line(smail__span_from(rest, i + 1)))
                return true;
        }
        if ((uint64_t)got <= 6 || rest.len < (size_t)got)
            break;
        at += (uint64_t)got - 6; /* one may lie across */
    }
    return false;
}

/* The header that comes, as much as the buffer takes. */
static int see_header(smail_span *out, struct smail__mbox *mbox,
                      smail_error *err)
{
    size_t wanted = HEADER_STEP;

    for (;;) {
        size_t length;
        int code = smail__input_have(mbox->input, wanted, err);

        if (code < 0)
            return code;
        *out = (smail_span){ mbox->input->data + mbox->input->at,
                             mbox->input->end - mbox->input->at };
        length = smail__header_length(*out);
        if (length < out->len || out->len < wanted ||
            wanted == SMAIL__INPUT_PIECE) {
            out->len = length;
            return 0;
        }
        wanted *= 2;
    }
}

/* mboxcl: 1 when its length is to be believed. */
static int read_length(struct smail__mbox *mbox, smail_span header)
{
    smail_span value;
    uint64_t length;

    if (mbox->dialect == SMAIL__DIALECT_RD ||
        mbox->dialect == SMAIL__DIALECT_O ||
        !smail__header_find(&value, header, "Content-Length", 0) ||
        smail__span_number(&length, smail__span_trim(value)) != 0 ||
        length > SMAIL__MBOX_LENGTH_MAX)
        return 0;
    length += header.len;
    if (!reaches(mbox, length) || !ends_at(mbox, length))
        return 0;
    mbox->counted = true;
    mbox->left = length;
    mbox->is_unquoted =
        mbox->dialect == SMAIL__DIALECT_CL2 ||
        (mbox->dialect == SMAIL__DIALECT_AUTO && holds_from(mbox, length));
    return 1;
}

/* --- What an export put in front ----------------------------------------- */

struct front {
    uint64_t block, stored, received;
};

static bool take_number(uint64_t *out, smail_span *rest, const char *name)
{
    smail_span word = smail__span_cut(rest, ' ');
    smail_span key = smail__span_cut(&word, '=');

    return smail__span_is(key, name) && smail__span_number(out, word) == 0;
}

/* "X-Smtpmail-Export: 1 block=120 stored=2048 received=1795397160". */
static bool read_front(struct front *out, smail_span line)
{
    smail_span rest = line;

    if (!smail__span_istarts(line, SMAIL__MBOX_FIELD " 1 ") ||
        line.data[line.len - 1] != '\n')
        return false;
    rest = smail__span_trim(
        smail__span_from(line, sizeof(SMAIL__MBOX_FIELD " 1 ") - 1));
    return take_number(&out->block, &rest, "block") &&
           take_number(&out->stored, &rest, "stored") &&
           take_number(&out->received, &rest, "received") && rest.len == 0;
}

/* It is ours only when all it says is so. */
static int take_front(struct smail__mbox *mbox, smail_error *err)
{
    smail_span line = smail__input_piece(mbox->input);
    struct front front;
    char last;

    if (!read_front(&front, line) || front.block > SMAIL__MBOX_BLOCK_MAX ||
        front.stored > UINT64_MAX / 2 ||
        (front.block > 0 &&
         (smail__input_peek(&last, 1, mbox->input, line.len + front.block - 1,
                            NULL) != 1 ||
          last != '\n')) ||
        !reaches(mbox, line.len + front.block + front.stored) ||
        !ends_at(mbox, line.len + front.block + front.stored))
        return 0;
    smail__input_take(mbox->input, line.len);
    while (mbox->block.len < front.block) {
        int code = smail__input_fill(mbox->input, err);
        smail_span piece = smail__input_piece(mbox->input);

        if (code < 0)
            return code;
        piece = smail__span_slice(piece, 0, front.block - mbox->block.len);
        smail__buf_append(&mbox->block, piece);
        if (piece.len == 0 || smail__buf_error(&mbox->block) != 0)
            return smail__fail(err, SMAIL_ENOMEM, "no memory");
        smail__input_take(mbox->input, piece.len);
    }
    mbox->is_ours = true;
    mbox->as_it_is = true;
    mbox->received_at = (int64_t)front.received;
    mbox->counted = true;
    mbox->left = front.stored;
    return 0;
}

/* --- Messages ------------------------------------------------------------ */

static void forget(struct smail__mbox *mbox)
{
    mbox->counted = false;
    mbox->as_it_is = false;
    mbox->is_unquoted = false;
    mbox->is_at_end = false;
    mbox->is_ours = false;
    mbox->left = 0;
    mbox->time = 0;
    mbox->received_at = 0;
    mbox->at_line = true;
    mbox->after_empty = false;
    mbox->ended_cr = false;
    smail__buf_clear(&mbox->block);
}

static int skip_rest(struct smail__mbox *mbox, smail_error *err)
{
    struct smail__buf scrap;
    int code;

    smail__buf_init(&scrap, 4 * SMAIL__INPUT_PIECE, NULL);
    while ((code = smail__mbox_read(&scrap, mbox, err)) > 0)
        smail__buf_clear(&scrap);
    smail__buf_dispose(&scrap);
    return code;
}

/* Empty lines between a counted message and the next separator. */
static int skip_empty(struct smail__mbox *mbox, smail_error *err)
{
    while (mbox->counted) {
        int code = smail__input_fill(mbox->input, err);
        smail_span piece = smail__input_piece(mbox->input);

        if (code < 0)
            return code;
        if (!is_empty_line(piece))
            break;
        smail__input_take(mbox->input, piece.len);
    }
    return 0;
}

static int begin(struct smail__mbox *mbox, smail_error *err)
{
    smail_span piece, header;
    int code = smail__input_fill(mbox->input, err);

    if (code < 0)
        return code;
    if (mbox->is_mbox) {
        code = take_front(mbox, err);
        if (code < 0 || mbox->is_ours)
            return code;
    }
    piece = smail__input_piece(mbox->input);
    mbox->as_it_is = piece.len > 1 && piece.data[piece.len - 1] == '\n' &&
                     piece.data[piece.len - 2] == '\r';
    if (!mbox->is_mbox)
        return 0;
    code = see_header(&header, mbox, err);
    if (code == 0)
        (void)read_length(mbox, header);
    return code;
}

int smail__mbox_next(struct smail__mbox *mbox, smail_error *err)
{
    bool after_one = mbox->is_inside;
    smail_span piece;
    int code = after_one ? skip_rest(mbox, err) : 0;

    if (code == 0)
        code = skip_empty(mbox, err);
    if (code == 0)
        code = smail__input_fill(mbox->input, err);
    if (code < 0)
        return code;
    piece = smail__input_piece(mbox->input);
    if (piece.len == 0 || (after_one && !mbox->is_mbox))
        return 0;
    forget(mbox);
    mbox->is_inside = false;
    mbox->offset = mbox->input->offset;
    if (is_separator(mbox, piece)) {
        mbox->time = smail__from_line_time(piece);
        if (!mbox->is_mbox)
            mbox->has_dates = mbox->time != 0;
        mbox->is_mbox = true;
        smail__input_take(mbox->input, piece.len);
    }
    mbox->is_inside = true;
    code = begin(mbox, err);
    return code < 0 ? code : 1;
}

/* --- Content ------------------------------------------------------------- */

/* One '>' comes off what would be a separator without it. */
static smail_span unquote(const struct smail__mbox *mbox, smail_span piece)
{
    size_t marks = 0;

    if (!mbox->is_mbox || !mbox->at_line || mbox->is_unquoted)
        return piece;
    while (marks < piece.len && piece.data[marks] == '>')
        marks++;
    if (marks == 0 || !smail__is_from_line(smail__span_from(piece, marks)))
        return piece;
    if (marks > 1 && !mbox->is_ours &&
        (mbox->dialect == SMAIL__DIALECT_O ||
         mbox->dialect == SMAIL__DIALECT_CL))
        return piece;
    return smail__span_from(piece, 1);
}

/* A line of so many '>' that nobody knows yet whether "From " is behind them:
 * its end waits, as the start of a line. */
#define HELD_BACK 8

static bool is_open(const struct smail__mbox *mbox, smail_span piece)
{
    size_t marks = 0;
    smail_span rest;

    if (!mbox->at_line || piece.len != SMAIL__INPUT_PIECE ||
        piece.data[0] != '>')
        return false;
    while (marks < piece.len && piece.data[marks] == '>')
        marks++;
    rest = smail__span_from(piece, marks);
    return rest.len <= 5 && memcmp(rest.data, "From ", rest.len) == 0;
}

static void put(struct smail__buf *out, struct smail__mbox *mbox,
                smail_span piece)
{
    bool has_end = piece.len > 0 && piece.data[piece.len - 1] == '\n';
    size_t text = has_end ? piece.len - 1 : piece.len;
    bool has_cr = text > 0 ? piece.data[text - 1] == '\r' : mbox->ended_cr;

    smail__buf_append(out, smail__span_slice(piece, 0, text));
    if (has_end)
        smail__buf_puts(out, has_cr || mbox->as_it_is ? "\n" : "\r\n");
    mbox->ended_cr = !has_end && has_cr;
}

static void put_held(struct smail__buf *out, const struct smail__mbox *mbox)
{
    if (mbox->after_empty)
        smail__buf_puts(out,
                        mbox->empty_crlf || !mbox->as_it_is ? "\r\n" : "\n");
}

static int read_counted(struct smail__buf *out, struct smail__mbox *mbox)
{
    smail_span piece = smail__input_piece(mbox->input);
    bool is_held = is_open(mbox, piece) && mbox->left > piece.len;

    if (is_held)
        piece.len -= HELD_BACK;
    if (piece.len > mbox->left)
        piece.len = (size_t)mbox->left;
    if (piece.len == 0)
        return 0;
    put(out, mbox, unquote(mbox, piece));
    mbox->at_line = is_held || piece.data[piece.len - 1] == '\n';
    mbox->left -= piece.len;
    smail__input_take(mbox->input, piece.len);
    return 1;
}

/* The end: the empty line there is the separator's, if there are any. */
static int end(struct smail__buf *out, struct smail__mbox *mbox)
{
    if (!mbox->is_mbox)
        put_held(out, mbox);
    mbox->after_empty = false;
    mbox->is_at_end = true;
    return out->len > 0 ? 1 : 0;
}

static int read_some(struct smail__buf *out, struct smail__mbox *mbox)
{
    smail_span piece = smail__input_piece(mbox->input);
    bool is_held;

    if (piece.len == 0 || is_separator(mbox, piece))
        return end(out, mbox);
    put_held(out, mbox);
    is_held = is_open(mbox, piece) && !mbox->input->is_over;
    if (is_held)
        piece.len -= HELD_BACK;
    mbox->after_empty = mbox->at_line && is_empty_line(piece);
    mbox->empty_crlf = piece.len == 2;
    if (!mbox->after_empty)
        put(out, mbox, unquote(mbox, piece));
    mbox->at_line = is_held || piece.data[piece.len - 1] == '\n';
    smail__input_take(mbox->input, piece.len);
    return 1;
}

int smail__mbox_read(struct smail__buf *out, struct smail__mbox *mbox,
                     smail_error *err)
{
    int more = 1;

    /* Lines are short: some of them at once. */
    while (more > 0 && !mbox->is_at_end && out->len < SMAIL__INPUT_PIECE) {
        int code = smail__input_fill(mbox->input, err);

        if (code < 0)
            return code;
        more = mbox->counted ? read_counted(out, mbox) : read_some(out, mbox);
    }
    if (smail__buf_error(out) != 0)
        return smail__fail(err, SMAIL_ENOMEM, "no memory");
    return out->len > 0;
}
