#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`smtpd --discard` beside Postfix's smtp-sink: sessions without a store.

Load by smtp-source, 4 KiB messages, a new connection for each (N) or one for
many (P). Turns are interleaved; the ratio is that of the medians.
"""
import sys

from bench import Folder, Missing, Ours, arguments, machine, ratio_line, send
from peers import SmtpSink

SESSIONS = (1, 16, 64, 256)


def main():
    args = arguments(__doc__, seconds=(float, 1.0, "about, for each turn"))
    print(machine())
    with Folder(args.folder) as folder, \
            Ours(folder + "/ours", args.build, discard=True) as ours, \
            SmtpSink(folder + "/sink") as sink:
        print(f"{'':<28} {'smtpd':>12} {'smtp-sink':>12}")
        for persistent in (False, True):
            for sessions in SESSIONS:
                count = 2000
                took = send(sink.port, count, sessions, persistent=persistent)
                count = max(500, int(count * args.seconds / took))
                rates = ([], [])
                for turn in range(args.runs):
                    order = (0, 1) if turn % 2 == 0 else (1, 0)
                    for side in order:
                        port = (ours, sink)[side].port
                        rates[side].append(count / send(
                            port, count, sessions, persistent=persistent))
                label = f"{sessions} {'P' if persistent else 'N'}"
                print(ratio_line(label, *rates), flush=True)


if __name__ == "__main__":
    try:
        main()
    except Missing as reason:
        sys.exit(f"discard.py: {reason}")
