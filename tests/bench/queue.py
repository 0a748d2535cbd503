#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a queue of a million messages costs, beside one of ten thousand; and
what the sender holds of it in memory.

bench_queue_cost fills a store for each and measures inside the library, the
two in turns. Claim, next-due and listing must cost at most 1.5 times as much.
Then smtpd is started on each store, where nothing can be sent, and its memory
is read while it tries. Filling takes minutes; --keep leaves the stores where a
later run finds them.
"""
import os
import re
import subprocess
import sys
import time

from bench import Folder, Missing, arguments, machine

MOST = 1.5
WATCHED = 15  # seconds


def fill(program, folder, count):
    """The store of so many messages, made unless it is there."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "mail.db")
    if not os.path.exists(path):
        began = time.monotonic()
        subprocess.run([program, "fill", "sqlite:" + path, str(count)],
                       check=True)
        print(f"filled with {count} in {time.monotonic() - began:.0f} s",
              flush=True)
    return "sqlite:" + path


def measure(program, stores, rounds):
    """True when all that is promised holds."""
    print(f"{'':<26} {'small':>10} {'large':>10}  ratio")
    holds = True
    with subprocess.Popen([program, "measure", *stores, str(rounds)],
                          stdout=subprocess.PIPE, text=True) as run:
        for line in run.stdout:
            name, small, large, ratio = line.split("\t")
            verdict = "ok" if float(ratio) <= MOST else "TOO MUCH"
            holds = holds and verdict == "ok"
            print(f"{name:<26} {small:>7} us {large:>7} us {ratio.strip():>6} "
                  f"{verdict}", flush=True)
    return holds and run.returncode == 0


def resident(process):
    """KiB that a process holds, at the most so far."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read())[1])


def memory(build, folder, store):
    """KiB that smtpd came to hold while it tried what is due."""
    config = os.path.join(folder, "smtpd.conf")
    with open(config, "w", encoding="ascii") as file:
        file.write("[resolver]\nzone-file = " + folder + "/zone.json\n"
                   "[queue]\nprivate-addresses = yes\nport = 9\n")
    with open(os.path.join(folder, "zone.json"), "w",
              encoding="ascii") as file:
        file.write("{" + ",".join(
            f'"d{i}.relay.test": {{"A": ["127.0.0.1"]}}'
            for i in range(1000)) + "}")
    with subprocess.Popen(
            [os.path.join(build, "apps", "smtpd", "smtpd"), "--config", config,
             "--store", store, "--hostname", "mail.bench.test", "--listen",
             "smtp:127.0.0.1:0", "--log-level", "error"],
            stdin=subprocess.DEVNULL) as process:
        time.sleep(WATCHED)
        if process.poll() is not None:
            raise Missing("smtpd ended")
        most = resident(process)
        process.terminate()
    return most


def main():
    args = arguments(__doc__, small=(int, 10000, "messages"),
                     large=(int, 1000000, "messages"),
                     rounds=(int, 400, "turns of each, of which the median "
                             "counts"),
                     keep=(str, None, "where the stores are made and stay"))
    program = os.path.join(args.build, "tests", "bench", "bench_queue_cost")
    if not os.access(program, os.X_OK):
        raise Missing(f"{program} is not built: README.md")
    print(machine())
    with Folder(args.folder) as folder:
        keep = args.keep or folder
        stores = [fill(program, os.path.join(keep, f"queue-{count}"), count)
                  for count in (args.small, args.large)]
        holds = measure(program, stores, args.rounds)
        for count, store in zip((args.small, args.large), stores):
            print(f"smtpd with {count} in its queue: "
                  f"{memory(args.build, folder, store)} KiB at the most",
                  flush=True)
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    try:
        main()
    except Missing as reason:
        sys.exit(f"queue.py: {reason}")
