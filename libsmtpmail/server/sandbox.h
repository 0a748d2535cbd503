/* SPDX-License-Identifier: MIT */
/*
 * server/sandbox.h - what a process that talks to strangers can still do when
 * one of them has taken it over: no program is run, no file is opened but ours
 * (Landlock), and few things are asked of the kernel at all (seccomp).
 *
 * First the paths, while there is one thread, for later ones inherit it; then,
 * when all is set up, the calls, for all threads at once. Where the kernel has
 * neither, the words for the log say so.
 */
#ifndef SMAIL__SERVER_SANDBOX_H
#define SMAIL__SERVER_SANDBOX_H

#include <smtpmail/error.h>

#define SMAIL__SANDBOX_PATHS_MAX 48

struct smail__sandbox {
    struct smail__sandbox_path {
        char *path;
        bool may_write;
    } paths[SMAIL__SANDBOX_PATHS_MAX];
    size_t count;
    int error; /* the first of add */
};

/* With what every program needs: libraries, DNS, time. */
void smail__sandbox_init(struct smail__sandbox *sandbox);
void smail__sandbox_dispose(struct smail__sandbox *sandbox);

/* A file or folder to read, or to write in too; and the folder that a file is
 * in, so that it may be replaced, followed through links. What is not there
 * when it is enforced is left out. "" and NULL are nothing. */
void smail__sandbox_add(struct smail__sandbox *sandbox, const char *path,
                        bool may_write);
void smail__sandbox_add_folder_of(struct smail__sandbox *sandbox,
                                  const char *path, bool may_write);

/*
 * Nothing but those paths from now on. `*version` is Landlock's, or 0 where
 * the kernel has none, which is no failure. Sets no_new_privs.
 */
int smail__sandbox_paths(int *version, const struct smail__sandbox *sandbox,
                         smail_error *err);

/* Few system calls from now on, in all threads. `*is_on` false: the kernel has
 * no seccomp. */
int smail__sandbox_calls(bool *is_on, smail_error *err);

#endif
