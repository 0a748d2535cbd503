/* SPDX-License-Identifier: MIT */
/*
 * smtpmail/transfer.h - mail from and to the files that others read and write:
 * mbox, Maildir, .eml, and archives of them.
 *
 * All of it streams: memory does not grow with what is read or written. Both
 * ways may be cut short at any time and begun again; what was done is then
 * found and passed over.
 */
#ifndef SMAIL_TRANSFER_H
#define SMAIL_TRANSFER_H

#include <smtpmail/store.h>

SMAIL_BEGIN_DECLS

typedef enum smail_transfer_format {
    SMAIL_TRANSFER_AUTO,    /**< Import: by looking. Export: .eml files. */
    SMAIL_TRANSFER_EML,     /**< Each message a file. */
    SMAIL_TRANSFER_MBOX,    /**< RFC 4155, quoted as mboxrd; import: any. */
    SMAIL_TRANSFER_MBOXRD,  /**< Import only, like the next three. */
    SMAIL_TRANSFER_MBOXO,   /**< ">From " is "From ", ">>From " itself. */
    SMAIL_TRANSFER_MBOXCL,  /**< mboxo with Content-Length. */
    SMAIL_TRANSFER_MBOXCL2, /**< Not quoted, with Content-Length. */
    SMAIL_TRANSFER_MAILDIR, /**< Maildir++, folders as ".Work.2024". */
    SMAIL_TRANSFER_ZIP,     /**< .eml files in a zip; import: any of these in
                                 a zip, tar or tar.gz. */
    SMAIL_TRANSFER_TAR      /**< Import only; the same as ZIP. */
} smail_transfer_format;

/** "eml", "mboxrd" ...: SMAIL_EINVAL for any other word. */
SMAIL_API int smail_transfer_format_by_name(smail_transfer_format *out,
                                            const char *name);

/** How far it is. */
typedef struct smail_transfer_progress {
    size_t size;
    uint64_t messages; /**< Taken, known or skipped; written. */
    uint64_t octets;   /**< Of those messages. */
    uint64_t done;     /**< Of `total`, in a unit of its own. */
    uint64_t total;    /**< 0: it is not known. */
} smail_transfer_progress;

/* --- Import -------------------------------------------------------------- */

/** A message, or a file, that was not taken. */
typedef struct smail_import_skip {
    size_t size;
    const char *file;   /**< As it was named; ARCHIVE/ENTRY in an archive. */
    uint64_t number;    /**< Of the message in it, from 1; 0: all of it. */
    uint64_t offset;    /**< Where it begins, in octets. */
    const char *reason; /**< One line. */
} smail_import_skip;

/** One that was. */
typedef struct smail_import_taken {
    size_t size;
    const char *file;
    uint64_t number;
    smail_id email;
    uint64_t octets;
    bool duplicate; /**< The account had it: `email`. */
} smail_import_taken;

typedef struct smail_import_options {
    size_t size;
    smail_id account; /**< Required. */
    smail_transfer_format format;
    const char *mailbox;   /**< All of it goes there; made if need be. NULL:
                                where the source has it, else the inbox. */
    const char *keywords;  /**< That all of them get; NULL. */
    bool folders;          /**< Folders of files are mailboxes, as they are in
                                a Maildir and in an archive. */
    bool labels;           /**< So is what X-Gmail-Labels names. */
    bool allow_duplicates; /**< Else bytes that the account has are not stored
                                again. */
    uint64_t max_message;  /**< Larger ones are skipped; 0: 64 MiB. */
    uint64_t max_expanded; /**< Of one archive, unpacked; 0: 1 TiB. */
    void (*skipped)(const smail_import_skip *skip, void *user);
    void (*taken)(const smail_import_taken *taken, void *user);
    /** Called often. True: finish what is begun, then stop. */
    bool (*progress)(const smail_transfer_progress *progress, void *user);
    void *user;
} smail_import_options;

#define SMAIL_IMPORT_OPTIONS_INIT    \
    {                                \
        sizeof(smail_import_options) \
    }

typedef struct smail_import_result {
    size_t size;
    uint64_t imported, duplicates, skipped;
    uint64_t octets;  /**< Of what was imported. */
    bool was_stopped; /**< By progress(). */
} smail_import_result;

#define SMAIL_IMPORT_RESULT_INIT    \
    {                               \
        sizeof(smail_import_result) \
    }

/**
 * Import `path`, a file or a folder. What cannot be taken is skipped and told
 * of; a failure of the store (SMAIL_EQUOTA, SMAIL_EIO ...) ends it, and what
 * was imported until then stays: `*out` counts it also then. Symbolic links in
 * folders and archives are not followed; devices, pipes and sockets in them
 * not read.
 */
SMAIL_API int smail_import(smail_import_result *out, smail_store *store,
                           const char *path,
                           const smail_import_options *options,
                           smail_error *err);

/** The same from a descriptor, which stays open; `name` is told of it. */
SMAIL_API int smail_import_fd(smail_import_result *out, smail_store *store,
                              int fd, const char *name,
                              const smail_import_options *options,
                              smail_error *err);

/* --- Export -------------------------------------------------------------- */

/** A message that was written, or could not be. */
typedef struct smail_export_item {
    size_t size;
    smail_id email;
    const char *file; /**< In the target; "" in a file of all. */
    uint64_t octets;
    bool was_there;     /**< The file was, and was left alone. */
    const char *reason; /**< NULL: it is written. Else why not. */
} smail_export_item;

typedef struct smail_export_options {
    size_t size;
    smail_id account; /**< Required. */
    smail_transfer_format format;
    const char *mailbox; /**< This one alone, without those in it; NULL: all. */
    const char *text;    /**< Only what it finds, as smail_query.text. */
    const char *search;  /**< The same, as smail_query.search. */
    uint64_t limit;      /**< Of each mailbox the newest; 0: all. */
    bool skip_bad;       /**< Go past messages whose bytes are gone or wrong. */
    void (*item)(const smail_export_item *item, void *user);
    bool (*progress)(const smail_transfer_progress *progress, void *user);
    void *user;
} smail_export_options;

#define SMAIL_EXPORT_OPTIONS_INIT    \
    {                                \
        sizeof(smail_export_options) \
    }

typedef struct smail_export_result {
    size_t size;
    uint64_t written, there, bad; /**< Messages; `there`: already. */
    uint64_t octets;
    bool was_stopped;
} smail_export_result;

#define SMAIL_EXPORT_RESULT_INIT    \
    {                               \
        sizeof(smail_export_result) \
    }

/**
 * Write messages to `target`: a folder for EML and MAILDIR, a file for ZIP;
 * for MBOX a file, or, when there is a folder of that name or it ends in '/',
 * a file for each mailbox. Files appear whole or not at all; a file that is
 * there already stays as it is (EML, MAILDIR) or is replaced at the end.
 *
 * What smail_import() makes of it has the same mailboxes, keywords, times and
 * octets. SMAIL_ECORRUPT: bytes are gone or wrong; with `skip_bad` only when
 * all others were written.
 */
SMAIL_API int smail_export(smail_export_result *out, smail_store *store,
                           const char *target,
                           const smail_export_options *options,
                           smail_error *err);

SMAIL_END_DECLS

#endif
