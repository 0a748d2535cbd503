/* SPDX-License-Identifier: MIT */
/*
 * transfer/input.h - octets in order, from a file, a pipe or an entry of an
 * archive, in lines or in pieces of long ones, with a look ahead that costs no
 * memory: what cannot be read twice is kept in a file without a name.
 */
#ifndef SMAIL__TRANSFER_INPUT_H
#define SMAIL__TRANSFER_INPUT_H

#include <smtpmail/error.h>

/* The longest line that is seen in one piece. */
#define SMAIL__INPUT_PIECE ((size_t)64 * 1024)

struct smail__input {
    /* Octets, 0 at the end, negative on failure. */
    int64_t (*read)(char *out, size_t len, void *user, smail_error *err);
    void *user;
    int fd;        /* what the usual read() reads; -1 */
    bool can_seek; /* pread() of `fd` works */
    char *data;    /* SMAIL__INPUT_PIECE octets */
    size_t at, end;
    uint64_t offset; /* of data[at], from where it began */
    uint64_t taken;  /* octets that came through read() */
    bool is_over;
    int spool; /* read ahead; -1 */
    uint64_t spool_at, spool_end;
};

/* `fd` is not closed; -1 with a `read` of one's own. */
int smail__input_open(struct smail__input *input, int fd,
                      int64_t (*read)(char *out, size_t len, void *user,
                                      smail_error *err),
                      void *user, smail_error *err);
void smail__input_close(struct smail__input *input);

/* Have a whole line at the front, or as much as there is room for. */
int smail__input_fill(struct smail__input *input, smail_error *err);

/* Have `len` octets at the front, SMAIL__INPUT_PIECE at most; fewer only at
 * the end. */
int smail__input_have(struct smail__input *input, size_t len, smail_error *err);

/* What comes next, up to and with the line's end; empty at the end. */
smail_span smail__input_piece(const struct smail__input *input);
void smail__input_take(struct smail__input *input, size_t len);

/* Octets that stand `ahead` of the front: fewer only at the end. */
int64_t smail__input_peek(char *out, size_t len, struct smail__input *input,
                          uint64_t ahead, smail_error *err);

#endif
