/* SPDX-License-Identifier: MIT */
/* transfer/export.h - one run of an export, as its formats share it. */
#ifndef SMAIL__TRANSFER_EXPORT_H
#define SMAIL__TRANSFER_EXPORT_H

#include <smtpmail/transfer.h>

#include "base/buf.h"
#include "transfer/manifest.h"
#include "transfer/out_file.h"

/* Octets of a message that are read at a time. */
#define SMAIL__EXPORT_PIECE ((size_t)256 * 1024)

struct smail__export_mailbox {
    smail_id id;
    char *path;
    smail_role role;
};

/* Which message, in the order of what it is called: by time, then by id. */
struct smail__export_key {
    int64_t time; /* of it, as far as a name can say */
    smail_id email;
};

struct smail__export_keys {
    struct smail__export_key *list;
    size_t count, room;
};

struct smail__export;

/* What a format does. All of them go on where another run ended. */
struct smail__export_format {
    int (*begin)(struct smail__export *export, const char *target,
                 smail_error *err);
    /* NULL: it has no use for mailboxes one by one. */
    int (*mailbox)(struct smail__export *export,
                   const struct smail__export_mailbox *mailbox,
                   const struct smail__export_keys *keys, smail_error *err);
    int (*all)(struct smail__export *export,
               const struct smail__export_keys *keys, smail_error *err);
    int (*finish)(struct smail__export *export, smail_error *err);
    void (*dispose)(struct smail__export *export);
};

extern const struct smail__export_format smail__export_eml;
extern const struct smail__export_format smail__export_maildir;
extern const struct smail__export_format smail__export_mbox;
extern const struct smail__export_format smail__export_zip;

struct smail__export {
    smail_store *store;
    const smail_export_options *options;
    smail_export_result *result;
    const struct smail__export_format *format;
    smail_transfer_progress progress;
    struct smail__export_mailbox *mailboxes;
    size_t mailbox_count, mailbox_room;
    char *piece;

    int folder;                  /* the target, or what it is in; -1 */
    char *name;                  /* of a file in it; NULL: the target is all */
    struct smail__out_file file; /* one of all */
    struct smail__buf out;
    bool is_split;  /* a file for each mailbox */
    bool has_begun; /* the first message was written */
    void *archive;
};

/* A message that is about to be written, found whole. */
struct smail__export_message {
    smail_id email;
    int64_t received_at;
    uint64_t size;
    uint64_t quotes; /* that an mbox needs for it */
    bool has_lf;     /* a line of it ends in LF alone */
    char last;       /* octet of it; 0: there is none */
    bool is_held;    /* all of it is in `piece` */
    char *keywords;
    char *mailboxes; /* paths, a newline between */
    smail_content *content;
};

/* Does the target stand for a folder? */
bool smail__target_is_folder(const char *target);

/* Open `folder`: the target, made if need be, or what the file is in. */
int smail__export_target(struct smail__export *export, const char *target,
                         bool is_folder, smail_error *err);

/* 1; or 0 when it is gone, or bad and to be passed over. `file` names it. */
int smail__export_open(struct smail__export_message *message,
                       struct smail__export *export, smail_id email,
                       const char *file, smail_error *err);
void smail__export_close(struct smail__export_message *message);

/* Its octets, all from the start, piece by piece. */
int smail__export_copy(struct smail__export *export,
                       const struct smail__export_message *message,
                       int (*put)(struct smail__export *export,
                                  smail_span octets, void *user,
                                  smail_error *err),
                       void *user, smail_error *err);

/* It was written, or was there. */
void smail__export_tell(struct smail__export *export,
                        const struct smail__export_message *message,
                        const char *file, bool was_there);

/* Does somebody want us to stop? */
bool smail__export_tick(struct smail__export *export);

/* "20261123T012600Z-0000000017.eml". */
#define SMAIL__EXPORT_NAME_MAX 96
void smail__export_name(char out[SMAIL__EXPORT_NAME_MAX],
                        const struct smail__export_key *key);

/* A line of the list beside messages, if there is anything to say of it. */
void smail__export_note(struct smail__buf *out, const char *file,
                        const struct smail__export_message *message);

/* The mailbox that is the folder itself: the inbox, or the only one. */
bool smail__export_is_top(const struct smail__export *export,
                          const struct smail__export_mailbox *mailbox);

/* transfer/quote.c: '>' in front of what would be a separator. */
struct smail__quoter {
    bool inside;      /* of a line that is none */
    unsigned matched; /* octets of "From " that are held */
    uint64_t added;
};
/* `out` NULL: only count. */
void smail__quote(struct smail__buf *out, struct smail__quoter *quoter,
                  smail_span octets);
void smail__quote_end(struct smail__buf *out, struct smail__quoter *quoter);

#endif
