#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""smtpd beside Postfix and Dovecot: mail delivered to the mailbox, durable.

All three sync before they say 250: we a group of messages at once, Postfix
its queue file (and again the file in the Maildir, which counts here until it
is there), Dovecot's LMTP the sdbox file. Load by smtp-source. N: a new
connection for each message, P: one for many. For us the rate until the index
has caught up is printed too; the peers have none.

smtp-sink stores nothing, and a bare loop over SQLite (store_rows.c) talks to
nobody: it writes the rows and bytes of as many messages, half as many to a
commit as there are sessions, which is about what a server sees, for while one
half is being synced the other is on its way.
"""
import os
import statistics
import subprocess
import sys
import time

from bench import (Folder, Missing, Ours, arguments, machine, make_store,
                   ratio_line, send)
from peers import DovecotLmtp, Postfix, SmtpSink

CASES = (("4 KiB, 1 N", 1, False, 4096), ("4 KiB, 16 N", 16, False, 4096),
         ("4 KiB, 64 N", 64, False, 4096), ("4 KiB, 64 P", 64, True, 4096),
         ("1 MiB, 16 N", 16, False, 1048576))

ROW_MAX = 65536  # larger messages are files


def until(reached, seconds=120):
    """Wait for a condition; the seconds that took."""
    began = time.perf_counter()
    while not reached():
        if time.perf_counter() - began > seconds:
            raise Missing("the mail does not arrive")
        time.sleep(0.005)
    return time.perf_counter() - began


class Rows:
    """A store that a bare loop fills."""

    name = "bare SQLite"

    def __init__(self, folder, build):
        self.program = os.path.join(build, "tests", "bench",
                                    "bench_store_rows")
        if not os.access(self.program, os.X_OK):
            raise Missing(f"{self.program} is not built: -DSMTPMAIL_BENCH=ON")
        os.makedirs(folder)
        self.path = os.path.join(folder, "mail.db")
        make_store(os.path.join(build, "apps", "mailctl", "mailctl"),
                   "sqlite:" + self.path)

    def rate(self, count, sessions, size):
        """Messages a second."""
        group = max(1, sessions // 2)
        return float(subprocess.run(
            [self.program, self.path, str(count), str(group), str(size)],
            capture_output=True, check=True).stdout)


def turn(server, count, sessions, persistent, size, lmtp=False):
    """Messages a second, delivered."""
    if isinstance(server, Rows):
        return server.rate(count, sessions, size)
    before = server.delivered() if hasattr(server, "delivered") else 0
    took = send(server.port, count, sessions, size, persistent, lmtp)
    if hasattr(server, "delivered"):
        took += until(lambda: server.delivered() >= before + count)
    return count / took


def indexed_turn(ours, count, sessions, persistent, size):
    """Messages a second, delivered and found by search."""
    began = time.perf_counter()
    send(ours.port, count, sessions, size, persistent)
    until(lambda: ours.unindexed() == 0)
    return count / (time.perf_counter() - began)


def caught_up(ours):
    until(lambda: ours.unindexed() == 0, 300)


def compare(label, ours, peers, args, sessions, persistent, size):
    """One case: turns of everybody, then a line for each peer."""
    count = 400 if size > 100000 else 300
    took = count / turn(ours, count, sessions, persistent, size)
    ours_count = max(count, int(count * args.seconds / took))
    counts = [ours_count]
    for peer, lmtp in peers:
        took = count / turn(peer, count, sessions, persistent, size, lmtp)
        counts.append(max(100, int(count * args.seconds / took)))
    rates = [[] for _ in counts]
    indexed = []
    for number in range(args.runs):
        order = list(range(len(counts)))
        if number % 2:
            order.reverse()
        for side in order:
            if side == 0:
                rates[0].append(turn(ours, counts[0], sessions, persistent,
                                     size))
                caught_up(ours)
            else:
                peer, lmtp = peers[side - 1]
                rates[side].append(turn(peer, counts[side], sessions,
                                        persistent, size, lmtp))
    for _ in range(min(3, args.runs)):
        indexed.append(indexed_turn(ours, counts[0], sessions, persistent,
                                    size))
    for side, (peer, _) in enumerate(peers, 1):
        print(ratio_line(f"{label} / {peer.name}", rates[0], rates[side]),
              flush=True)
    print(f"{label + ', index caught up':<28} "
          f"{statistics.median(indexed):>10.0f}/s", flush=True)


def main():
    args = arguments(__doc__, seconds=(float, 1.5, "about, for each turn"),
                     only=(str, "", "cases whose name has this in it"))
    print(machine())
    with Folder(args.folder) as folder, \
            Ours(folder + "/ours", args.build) as ours, \
            Postfix(folder + "/postfix") as postfix, \
            DovecotLmtp(folder + "/dovecot") as dovecot, \
            SmtpSink(folder + "/sink") as sink:
        rows = Rows(folder + "/rows", args.build)
        print(f"{'':<28} {'smtpd':>12} {'peer':>12}")
        for label, sessions, persistent, size in CASES:
            if args.only in label:
                peers = [(postfix, False), (dovecot, True), (sink, False)]
                if size <= ROW_MAX:
                    peers.append((rows, False))
                compare(label, ours, peers, args, sessions, persistent, size)


if __name__ == "__main__":
    try:
        main()
    except Missing as reason:
        sys.exit(f"deliver.py: {reason}")
