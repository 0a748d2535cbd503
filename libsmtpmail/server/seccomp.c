/* SPDX-License-Identifier: MIT */
/*
 * server/seccomp.c - the system calls that are left.
 *
 * A list of what a mail server does: files, sockets, threads, time. All else
 * fails with ENOSYS, as on a kernel that has no such call, which libraries
 * know how to bear; running programs and its like fails with EPERM.
 */
/* clang-format off */
#define _GNU_SOURCE 1 /* CLONE_THREAD */
/* clang-format on */
#include "server/sandbox.h"

#ifdef __linux__
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#endif

#include "base/error.h"

#ifdef __linux__

static const char *const allowed[] = {
    /* files */
    "read",
    "write",
    "readv",
    "writev",
    "pread64",
    "pwrite64",
    "preadv",
    "pwritev",
    "preadv2",
    "pwritev2",
    "open",
    "openat",
    "openat2",
    "creat",
    "close",
    "close_range",
    "stat",
    "fstat",
    "lstat",
    "newfstatat",
    "fstatat64",
    "stat64",
    "fstat64",
    "lstat64",
    "statx",
    "access",
    "faccessat",
    "faccessat2",
    "lseek",
    "_llseek",
    "truncate",
    "ftruncate",
    "truncate64",
    "ftruncate64",
    "fallocate",
    "fsync",
    "fdatasync",
    "sync_file_range",
    "flock",
    "fcntl",
    "fcntl64",
    "dup",
    "dup2",
    "dup3",
    "pipe",
    "pipe2",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "readlink",
    "readlinkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "chmod",
    "fchmod",
    "fchmodat",
    "fchown",
    "fchown32",
    "utimensat",
    "getdents",
    "getdents64",
    "getcwd",
    "umask",
    "statfs",
    "fstatfs",
    "statfs64",
    "fstatfs64",
    "fadvise64",
    "fadvise64_64",
    "readahead",
    "copy_file_range",
    "sendfile",
    "sendfile64",
    "inotify_init",
    "inotify_init1",
    "inotify_add_watch",
    "inotify_rm_watch",
    /* memory */
    "mmap",
    "mmap2",
    "munmap",
    "mremap",
    "mprotect",
    "madvise",
    "brk",
    "msync",
    "mincore",
    "membarrier",
    "get_mempolicy",
    /* sockets; socket() below */
    "socketpair",
    "connect",
    "accept",
    "accept4",
    "bind",
    "listen",
    "getsockname",
    "getpeername",
    "setsockopt",
    "getsockopt",
    "sendto",
    "recvfrom",
    "sendmsg",
    "recvmsg",
    "sendmmsg",
    "recvmmsg",
    "shutdown",
    "poll",
    "ppoll",
    "select",
    "_newselect",
    "pselect6",
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "eventfd",
    "eventfd2",
    "timerfd_create",
    "timerfd_settime",
    "timerfd_gettime",
    /* threads; clone() below */
    "set_robust_list",
    "get_robust_list",
    "rseq",
    "futex",
    "futex_time64",
    "futex_waitv",
    "sched_yield",
    "sched_getaffinity",
    "sched_getparam",
    "sched_getscheduler",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "set_tid_address",
    "set_thread_area",
    "gettid",
    "getpid",
    "getppid",
    "tgkill",
    "exit",
    "exit_group",
    "getpriority",
    "setpriority",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigreturn",
    "rt_sigtimedwait",
    "rt_sigtimedwait_time64",
    "rt_sigpending",
    "rt_sigsuspend",
    "sigaltstack",
    "restart_syscall",
    "getcpu",
    /* who and when */
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getresuid",
    "getresgid",
    "getgroups",
    "getuid32",
    "geteuid32",
    "getgid32",
    "getegid32",
    "nanosleep",
    "clock_nanosleep",
    "clock_nanosleep_time64",
    "clock_gettime",
    "clock_gettime64",
    "clock_getres",
    "clock_getres_time64",
    "gettimeofday",
    "time",
    "times",
    "getrandom",
    "uname",
    "sysinfo",
    "getrusage",
    "getrlimit",
    "ugetrlimit",
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    /* the search for leaks at the end looks at this process from another */
    "clone",
    "clone3",
    "ptrace",
    "wait4",
    "waitid",
    "kill",
    "prctl",
    "personality",
    "process_vm_readv",
    "prlimit64",
    "ioctl",
#endif
};

/* So that they fail for good, and nobody looks for another way. */
static const char *const forbidden[] = {
    "execve",
    "execveat",
    "fork",
    "vfork",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "setuid",
    "setgid",
    "setresuid",
    "setresgid",
    "setgroups",
    "capset",
    "unshare",
    "setns",
    "bpf",
    "kexec_load",
    "init_module",
    "finit_module",
    "delete_module",
    "reboot",
    "swapon",
    "swapoff",
    "keyctl",
    "add_key",
    "request_key",
    "perf_event_open",
    "userfaultfd",
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "kill",
#endif
};

static int add_names(scmp_filter_ctx filter, uint32_t action,
                     const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int number = seccomp_syscall_resolve_name(names[i]);
        int rc;

        if (number == __NR_SCMP_ERROR)
            continue; /* this machine has no such call */
        rc = seccomp_rule_add(filter, action, number, 0);
        /* -EACCES: the default already does that. */
        if (rc != 0 && rc != -EACCES && rc != -EDOM)
            return rc;
    }
    return 0;
}

static int allow_if(scmp_filter_ctx filter, const char *name,
                    struct scmp_arg_cmp condition)
{
    int number = seccomp_syscall_resolve_name(name);
    int rc;

    if (number == __NR_SCMP_ERROR)
        return 0;
    rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &condition);
    return rc == -EDOM ? 0 : rc;
}

/* Calls that are harmless with some arguments only. */
static int add_conditions(scmp_filter_ctx filter)
{
    static const int families[] = { AF_UNIX, AF_INET, AF_INET6 };
    static const unsigned controls[] = { 0x5401 /* TCGETS: is it a terminal? */,
                                         0x541B /* FIONREAD */,
                                         0x5421 /* FIONBIO */,
                                         0x5451 /* FIOCLEX */ };
    static const unsigned names[] = { PR_SET_NAME, PR_GET_NAME,
                                      0x53564d41 /* PR_SET_VMA */ };
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < sizeof(families) / sizeof(int); i++)
        rc = allow_if(filter, "socket",
                      SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    for (size_t i = 0; rc == 0 && i < sizeof(controls) / sizeof(unsigned); i++)
        rc = allow_if(filter, "ioctl", SCMP_A1(SCMP_CMP_EQ, controls[i]));
    for (size_t i = 0; rc == 0 && i < sizeof(names) / sizeof(unsigned); i++)
        rc = allow_if(filter, "prctl", SCMP_A0(SCMP_CMP_EQ, names[i]));
    /* A thread and no process. clone3() has its flags in memory, where no
     * filter can see them; without it the C library takes clone(). */
    if (rc == 0)
        rc = allow_if(filter, "clone",
                      SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    /* One may look at limits and not change them. */
    if (rc == 0)
        rc = allow_if(filter, "prlimit64", SCMP_A2(SCMP_CMP_EQ, 0));
#else
    (void)controls;
    (void)names;
#endif
    return rc;
}

int smail__sandbox_calls(bool *is_on, smail_error *err)
{
    scmp_filter_ctx filter;
    int rc;

    *is_on = false;
    if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
        return 0;
    filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (filter == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "sandbox: no memory");
    /* TSYNC: the threads that are there already, too. */
    rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0)
        rc = add_names(filter, SCMP_ACT_ALLOW, allowed,
                       sizeof(allowed) / sizeof(allowed[0]));
    if (rc == 0)
        rc = add_names(filter, SCMP_ACT_ERRNO(EPERM), forbidden,
                       sizeof(forbidden) / sizeof(forbidden[0]));
    if (rc == 0)
        rc = add_conditions(filter);
    if (rc == 0)
        rc = seccomp_load(filter);
    seccomp_release(filter);
    if (rc != 0)
        return smail__fail_os(err, SMAIL_EIO, -rc,
                              "sandbox: seccomp fails with %d; [process] "
                              "sandbox = no does without",
                              -rc);
    *is_on = true;
    return 0;
}

#else

int smail__sandbox_calls(bool *is_on, smail_error *err)
{
    (void)err;
    *is_on = false;
    return 0;
}

#endif
