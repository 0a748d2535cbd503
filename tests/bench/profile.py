#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where the processor's time of a delivery goes, by thread and by kind.

smtp-source sends, `perf record` looks on 4,000 times a second. Time is what
the scheduler says of each thread; its parts are shares of the samples: a
sample in the kernel counts for the system call it is under, one outside for
the library it is in. What the processor does besides (other programs, other
machines on it) makes all of it larger, so compare shares, not figures of
different days. --noindex leaves the indexer out.
"""
import collections
import fcntl
import os
import signal
import subprocess
import sys
import time

from bench import Folder, Missing, Ours, arguments, machine, send

NAMES = {"sendto": "send", "recvfrom": "receive", "epoll_wait": "wait",
         "fdatasync": "sync", "pwrite64": "write the log or database",
         "pread64": "read the log or database", "futex": "wake or sleep",
         "write": "wake, notify", "read": "woken", "flock": "locks",
         "fcntl": "locks", "accept4": "accept", "close": "close",
         "shutdown": "close", "epoll_ctl": "accept, close",
         "setsockopt": "accept", "ioctl": "accept"}


def threads(pid):
    """Microseconds of each thread so far."""
    out = {}
    for name in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{name}/schedstat",
                      encoding="ascii") as file:
                out[int(name)] = int(file.read().split()[0]) / 1000
        except OSError:
            pass
    return out


def kind_of(stack):
    """What a sample counts for: its frames, innermost first."""
    for symbol, _ in stack:
        if symbol.startswith("__x64_sys_"):
            call = symbol[len("__x64_sys_"):]
            return "kernel: " + NAMES.get(call, call)
    symbol, dso = stack[0]
    if "kernel" in dso or dso == "[unknown]":
        return "kernel: other"
    return os.path.basename(dso).split(".so")[0]


def samples(path):
    """{thread: Counter of kinds}."""
    text = subprocess.run(["perf", "script", "-i", path, "-F",
                           "tid,ip,sym,dso"], capture_output=True,
                          check=True).stdout.decode(errors="replace")
    out = collections.defaultdict(collections.Counter)
    for block in text.split("\n\n"):
        lines = block.strip("\n").split("\n")
        if len(lines) < 2 or not lines[0].strip().isdigit():
            continue
        stack = []
        for line in lines[1:]:
            words = line.split()
            dso = words[-1].strip("()") if len(words) > 2 else "[unknown]"
            stack.append((words[1] if len(words) > 1 else "", dso))
        out[int(lines[0])][kind_of(stack)] += 1
    return out


def name_of(kinds, number, first):
    """Which of our threads that is."""
    if number == first:
        return "acceptor and loop"
    if kinds["kernel: sync"] > 0:
        return "writer"
    if kinds["kernel: send"] > 0:
        return "loop"
    return "sender" if kinds["kernel: wait"] > 0 else "indexer"


def measure(args, folder):
    ours = Ours(folder + "/ours", args.build)
    if args.noindex:
        os.makedirs(ours.folder)
        held = os.open(os.path.join(ours.folder, "mail.db.index"),
                       os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(held, fcntl.LOCK_EX)
    data = os.path.join(folder, "perf.data")
    with ours:
        pid = ours.process.pid
        how = {"size": args.size, "persistent": bool(args.persistent)}
        send(ours.port, 1000, args.sessions, **how)
        time.sleep(1)
        with subprocess.Popen(["perf", "record", "-q", "-F", "4000", "-g",
                               "-e", "cpu-clock", "-p", str(pid), "-o",
                               data]) as perf:
            time.sleep(0.5)
            before = threads(pid)
            took = send(ours.port, args.messages, args.sessions, **how)
            after = threads(pid)
            perf.send_signal(signal.SIGINT)
    print(f"{args.messages / took:.0f} messages a second")
    for number, kinds in sorted(samples(data).items()):
        used = (after.get(number, 0) - before.get(number, 0)) / args.messages
        count = sum(kinds.values())
        if used < 1:
            continue
        print(f"{used:6.1f} us  {name_of(kinds, number, pid)}")
        for kind, some in kinds.most_common():
            if some * used / count >= 0.3:
                print(f"    {some * used / count:6.1f}  {kind}")


def main():
    args = arguments(__doc__, sessions=(int, 16, "at a time"),
                     messages=(int, 8000, "that count"),
                     size=(int, 4096, "octets of each"),
                     persistent=(int, 0, "1: many messages a connection"),
                     noindex=(int, 0, "1: nothing is indexed"))
    print(machine())
    with Folder(args.folder) as folder:
        measure(args, folder)


if __name__ == "__main__":
    try:
        main()
    except Missing as reason:
        sys.exit(f"profile.py: {reason}")
