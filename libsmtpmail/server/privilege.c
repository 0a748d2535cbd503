/* SPDX-License-Identifier: MIT */
/* server/privilege.c - setresuid() and all that goes with it, verified. */
/* clang-format off */
#define _GNU_SOURCE 1 /* setresuid(), initgroups(), syscall() */
/* clang-format on */
#include "server/privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "base/error.h"

#define LOOKUP_ROOM 16384

static int failed(smail_error *err, const char *what)
{
    char reason[128] = "";
    int os = errno;
    const char *text = strerror_r(os, reason, sizeof(reason));

    return smail__fail_os(err, SMAIL_EIO, os, "privileges: %s: %s", what, text);
}

struct identity {
    uid_t uid;
    gid_t gid;
    bool is_given;
};

static int find_group(gid_t *out, const char *name, smail_error *err)
{
    char room[LOOKUP_ROOM];
    struct group entry, *found = NULL;

    if (getgrnam_r(name, &entry, room, sizeof(room), &found) != 0 ||
        found == NULL)
        return smail__fail(err, SMAIL_ENOTFOUND, "there is no group '%s'",
                           name);
    *out = found->gr_gid;
    return 0;
}

static int find_identity(struct identity *out, const char *user,
                         const char *group, smail_error *err)
{
    char room[LOOKUP_ROOM];
    struct passwd entry, *found = NULL;

    *out = (struct identity){ getuid(), getgid(), false };
    if (user == NULL)
        return group == NULL ? 0
                             : smail__fail(err, SMAIL_EINVAL,
                                           "a group without a user: set both "
                                           "in [process]");
    if (getpwnam_r(user, &entry, room, sizeof(room), &found) != 0 ||
        found == NULL)
        return smail__fail(err, SMAIL_ENOTFOUND,
                           "there is no user '%s': make one with useradd "
                           "--system %s",
                           user, user);
    *out = (struct identity){ found->pw_uid, found->pw_gid, true };
    return group == NULL ? 0 : find_group(&out->gid, group, err);
}

static int change(const struct identity *to, const char *user, smail_error *err)
{
    if (geteuid() != 0)
        return smail__fail(err, SMAIL_EINVAL,
                           "only root can become user '%s': start it as root, "
                           "or as that user without [process] user",
                           user);
    if (initgroups(user, to->gid) != 0)
        return failed(err, "groups");
    if (setresgid(to->gid, to->gid, to->gid) != 0)
        return failed(err, "group");
    if (setresuid(to->uid, to->uid, to->uid) != 0)
        return failed(err, "user");
    return 0;
}

static int verify_change(const struct identity *to, smail_error *err)
{
    uid_t uid[3];
    gid_t gid[3];

    if (getresuid(&uid[0], &uid[1], &uid[2]) != 0 ||
        getresgid(&gid[0], &gid[1], &gid[2]) != 0)
        return failed(err, "who we are");
    for (int i = 0; i < 3; i++) {
        if (uid[i] != to->uid || gid[i] != to->gid)
            return smail__fail(err, SMAIL_EIO,
                               "privileges: the change of user did not hold");
    }
    if (to->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
        return smail__fail(err, SMAIL_EIO,
                           "privileges: root's rights could be had again");
    return 0;
}

#ifdef __linux__

/* What root without a user to become needs for files of others. */
static const int kept[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,
                            CAP_FOWNER };

static bool is_kept(int capability, bool is_root)
{
    for (size_t i = 0; is_root && i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (kept[i] == capability)
            return true;
    }
    return false;
}

static void allowed(struct __user_cap_data_struct data[2], bool is_root)
{
    memset(data, 0, 2 * sizeof(*data));
    for (int i = 0; i <= CAP_LAST_CAP && i < 64; i++) {
        if (is_kept(i, is_root))
            data[i / 32].effective |= 1u << (i % 32);
    }
    data[0].permitted = data[0].effective;
    data[1].permitted = data[1].effective;
}

/* What could be had by running a program. Wants CAP_SETPCAP, so this comes
 * before root goes; who was never root cannot, and needs it not. */
static void drop_bounding_set(bool is_root)
{
    for (int i = 0; i < 64; i++) {
        if (!is_kept(i, is_root) && prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
            (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
    }
}

static int drop_capabilities(bool is_root, smail_error *err)
{
    struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct now[2], wanted[2];

    allowed(wanted, is_root);
    if (syscall(SYS_capget, &header, now) != 0)
        return failed(err, "capabilities");
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (int i = 0; i < 2; i++) {
        wanted[i].effective &= now[i].permitted;
        wanted[i].permitted &= now[i].permitted;
    }
    if (syscall(SYS_capset, &header, wanted) != 0 ||
        syscall(SYS_capget, &header, now) != 0)
        return failed(err, "capabilities");
    for (int i = 0; i < 2; i++) {
        if ((now[i].permitted & ~wanted[i].permitted) != 0 ||
            (now[i].effective & ~wanted[i].effective) != 0 ||
            now[i].inheritable != 0)
            return smail__fail(err, SMAIL_EIO,
                               "privileges: capabilities are left");
    }
    return 0;
}

static int never_again(smail_error *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return failed(err, "no_new_privs");
    return 0;
}

#else

static void drop_bounding_set(bool is_root)
{
    (void)is_root;
}

static int drop_capabilities(bool is_root, smail_error *err)
{
    (void)is_root;
    (void)err;
    return 0;
}

static int never_again(smail_error *err)
{
    (void)err;
    return 0;
}

#endif

int smail__privilege_drop(struct smail__privilege *out, const char *user,
                          const char *group, smail_error *err)
{
    struct identity to;
    int rc = find_identity(&to, user, group, err);
    bool is_other =
        rc == 0 && to.is_given &&
        (to.uid != getuid() || to.gid != getgid() || geteuid() != getuid());

    if (rc == 0)
        drop_bounding_set(to.uid == 0);
    if (rc == 0 && is_other)
        rc = change(&to, user, err);
    if (rc == 0 && to.is_given)
        rc = verify_change(&to, err);
    if (rc == 0)
        rc = drop_capabilities(to.uid == 0, err);
    if (rc == 0)
        rc = never_again(err);
    if (rc == 0)
        *out = (struct smail__privilege){ (unsigned)to.uid, (unsigned)to.gid,
                                          is_other, to.uid == 0, to.uid != 0 };
    return rc;
}
