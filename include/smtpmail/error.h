/* SPDX-License-Identifier: MIT */
/*
 * smtpmail/error.h - how a call says that it failed, and why.
 *
 * A function that can fail returns an int: 0, or one of the negative codes
 * below.  The code is for the program to branch on.  Functions that touch a
 * store, a file or a parser also take a `smail_error *err` as their last
 * argument, for the person who reads the log.  It may be NULL.  It is
 * written only on failure, lives wherever the caller put it, and needs no
 * clean-up, so an error can be carried from a worker thread to the loop by
 * plain assignment.
 */
#ifndef SMAIL_ERROR_H
#define SMAIL_ERROR_H

#include <smtpmail/base.h>

SMAIL_BEGIN_DECLS

typedef enum smail_code {
    SMAIL_OK = 0,
    SMAIL_ENOMEM = -1,     /**< No memory. The object is still valid. */
    SMAIL_EINVAL = -2,     /**< An argument or option makes no sense. */
    SMAIL_ESTATE = -3,     /**< The object cannot do that now. */
    SMAIL_ENOTFOUND = -4,  /**< Nothing has that name or id. */
    SMAIL_EEXISTS = -5,    /**< Something already has that name. */
    SMAIL_EMALFORMED = -6, /**< The input breaks its own grammar. */
    SMAIL_ELIMIT = -7,     /**< A configured limit was reached. */
    SMAIL_EAUTH = -8,      /**< Wrong user or wrong secret, never which. */
    SMAIL_EBUSY = -9,      /**< Somebody else holds it; try again. */
    SMAIL_ECORRUPT = -10,  /**< Stored data is not what we wrote. */
    SMAIL_EIO = -11,       /**< The system refused; see `os`. */
    SMAIL_EQUOTA = -12,    /**< The account is full. */
    SMAIL_ETEMP = -13,     /**< Not now; the same call may work later. */
    SMAIL_EUNKNOWN = -14   /**< The commit's outcome is not known yet. */
} smail_code;

typedef struct smail_error {
    int code;          /**< A smail_code. */
    int os;            /**< errno or SQLite's extended code; 0 if neither. */
    char message[240]; /**< One line of plain English, no newline. */
} smail_error;

#define SMAIL_ERROR_INIT \
    {                    \
        SMAIL_OK, 0, ""  \
    }

/** A short fixed description of `code`. Never NULL. */
SMAIL_API const char *smail_strerror(int code);

SMAIL_END_DECLS

#endif
