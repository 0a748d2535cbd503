#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How fast an mbox comes in, and what memory it takes.

Writes an mbox of many messages of 4 KiB or so (words of a vocabulary, one in
twenty an answer), imports it with mailctl, has the index made, imports the
same again, where all are duplicates, and exports it. Prints messages a second
and a second of the processor, which a busy machine does not change, and the peak
of resident memory of each run. The claims: 64 MiB, 5,000 a second stored,
1,000 a second indexed.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

ADDRESS = "alice@example.test"


def write_mbox(path, count, size):
    rng = random.Random(7)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz",
                                 k=rng.randint(2, 11))) for _ in range(20000)]
    with open(path, "w", encoding="ascii", buffering=1 << 20) as file:
        for number in range(count):
            answer = f"In-Reply-To: <{number - 1}@bench.test>\n" \
                if number % 20 else ""
            file.write(f"From a@b Mon Nov 23 {number // 3600 % 24:02}:"
                       f"{number // 60 % 60:02}:{number % 60:02} 2020\n"
                       f"From: sender{number % 977}@bench.test\nTo: {ADDRESS}\n"
                       f"Subject: {' '.join(rng.choices(words, k=5))}\n"
                       f"Message-ID: <{number}@bench.test>\n{answer}"
                       "Date: Mon, 23 Nov 2020 10:00:00 +0000\n"
                       "Status: RO\n\n")
            left = size - 300
            while left > 0:
                line = " ".join(rng.choices(words, k=10))
                file.write(line + "\n")
                left -= len(line) + 1
            file.write("\n")


def run(*command):
    """Seconds, those of the processor, the peak of resident memory in MiB."""
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command} ended with {process.returncode}: {output}")
    return (time.monotonic() - began, usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss / 1024)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mailctl", default=os.environ.get(
        "MAILCTL", "build/release/apps/mailctl/mailctl"))
    parser.add_argument("--count", type=int, default=200000)
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--folder", help="where to work; it needs 4 GiB")
    given = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="smtpmail-import-", dir=given.folder)
    mailctl = [given.mailctl, "--store", f"sqlite:{folder}/mail.db"]
    mbox = os.path.join(folder, "in.mbox")
    try:
        write_mbox(mbox, given.count, given.size)
        subprocess.run([*mailctl, "domain", "add", "example.test"], check=True)
        subprocess.run([*mailctl, "account", "add", ADDRESS,
                        "--password-stdin"], input=b"secret-secret\n",
                       check=True)
        print(f"{given.count} messages, "
              f"{os.path.getsize(mbox) / given.count:.0f} octets each")
        print(f"{'':12}{'a second':>10}{'of CPU':>10}"
              f"{'MiB':>8}")
        for name, words in (("stored", ("message", "import", ADDRESS, mbox)),
                            ("indexed", ("store", "reindex")),
                            ("known", ("message", "import", ADDRESS, mbox)),
                            ("exported", ("message", "export", ADDRESS,
                                          f"{folder}/out.mbox", "--format",
                                          "mbox"))):
            seconds, processor, memory = run(*mailctl, *words)
            print(f"{name:12}{given.count / seconds:10.0f}"
                  f"{given.count / processor:10.0f}{memory:8.1f}", flush=True)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
