/* SPDX-License-Identifier: MIT */
/*
 * server/privilege.h - root's rights, given up for good once the ports are
 * bound.
 */
#ifndef SMAIL__SERVER_PRIVILEGE_H
#define SMAIL__SERVER_PRIVILEGE_H

#include <smtpmail/error.h>

/* What was done, for the log. */
struct smail__privilege {
    unsigned uid, gid;
    bool is_changed; /* another user than before */
    bool is_root;    /* still: there was no user to become */
    bool has_no_capabilities;
};

/*
 * Become `user` (and `group`, else the user's own, with all others of the
 * user), drop every capability, and never get any again. All threads of the
 * process, but call it while there is one. It looks whether all of this came
 * true, and fails if not.
 *
 * `user` NULL: stay who we are. Root then keeps no capabilities but those to
 * open files of others.
 */
int smail__privilege_drop(struct smail__privilege *out, const char *user,
                          const char *group, smail_error *err);

#endif
