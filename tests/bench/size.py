#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What one operation costs in an account of a million messages, beside one of
ten thousand.

bench_store_cost fills a store for each and measures inside the library, the
two in turns, so that whatever else the machine does falls on both. Append,
first page, flag change and rare word must cost at most 1.5 times as much; the
rest is shown. The messages have about 540 octets. Filling takes minutes;
--keep leaves the stores where a later run finds them.
"""
import os
import subprocess
import sys

from bench import Folder, Missing, arguments, machine

MOST = 1.5


def fill(program, folder, count):
    """The store of so many messages, made unless it is there."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "mail.db")
    if not os.path.exists(path):
        subprocess.run([program, "fill", "sqlite:" + path, str(count)],
                       check=True)
    return path


def measure(program, stores, rounds):
    """True when all that is promised holds."""
    print(f"{'':<26} {'small':>10} {'large':>10}  ratio")
    holds = True
    with subprocess.Popen([program, "measure",
                           *("sqlite:" + path for path in stores),
                           str(rounds)], stdout=subprocess.PIPE,
                          text=True) as run:
        for line in run.stdout:
            name, small, large, ratio, promised = line.split("\t")
            verdict = ""
            if int(promised):
                verdict = "ok" if float(ratio) <= MOST else "TOO MUCH"
                holds = holds and verdict == "ok"
            print(f"{name:<26} {small:>7} us {large:>7} us {ratio:>6} "
                  f"{verdict}", flush=True)
    return holds and run.returncode == 0


def main():
    args = arguments(__doc__, small=(int, 10000, "messages"),
                     large=(int, 1000000, "messages"),
                     rounds=(int, 400, "turns of each, of which the median "
                             "counts"),
                     keep=(str, None, "where the stores are made and stay"))
    program = os.path.join(args.build, "tests", "bench", "bench_store_cost")
    if not os.access(program, os.X_OK):
        raise Missing(f"{program} is not built: README.md")
    print(machine())
    with Folder(args.folder) as folder:
        parent = args.keep or folder
        stores = [fill(program, os.path.join(parent, str(count)), count)
                  for count in (args.small, args.large)]
        holds = measure(program, stores, args.rounds)
    return 0 if holds else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Missing as error:
        sys.exit(str(error))
