/* SPDX-License-Identifier: MIT */
/*
 * server/capture.h - a policy that takes every message for anybody and keeps
 * it in one place: a folder (capture_folder.c) or memory (test_server.c).
 *
 * Messages come piece by piece and on several threads at a time; which pieces
 * belong together is known by the number of their connection.
 */
#ifndef SMAIL__SERVER_CAPTURE_H
#define SMAIL__SERVER_CAPTURE_H

#include <smtpmail/server.h>

/* Where messages go. Any thread; each message stays on one. */
struct smail__capture_place {
    /* The content begins. NULL: it cannot be kept. */
    void *(*begin)(const smail_transaction *transaction, void *user);
    /* 0, or it cannot be kept. */
    int (*write)(void *message, smail_span piece, void *user);
    /* All has come: keep it. Takes `message`, also when it fails. */
    int (*keep)(void *message, const smail_transaction *transaction,
                void *user);
    /* The rest will not come. Takes `message`. */
    void (*drop)(void *message, void *user);
    void *user;
};

struct smail__capture;

int smail__capture_new(struct smail__capture **out,
                       const struct smail__capture_place *place,
                       smail_error *err);

/* When the server is gone. */
void smail__capture_free(struct smail__capture *capture);

/* The policy for smail_server_new(). */
void smail__capture_policy(smail_policy *out, struct smail__capture *capture);

/* The server that was made with it: before it runs. */
void smail__capture_serve(struct smail__capture *capture, smail_server *server);

/*
 * One .eml file a message in the folder `path`, which is made if it is not
 * there: "20261123T050242.123456Z-1a2b.eml", in the order they came. The file
 * appears when it is whole. In front of what the client sent stand
 * Return-Path and one Envelope-To for each recipient.
 */
struct smail__capture_folder;

int smail__capture_folder_open(struct smail__capture_folder **out,
                               const char *path, smail_error *err);
void smail__capture_folder_free(struct smail__capture_folder *folder);
void smail__capture_folder_place(struct smail__capture_place *out,
                                 struct smail__capture_folder *folder);

#endif
