#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Full TLS handshakes a second: smtpd beside Postfix and openssl s_server.

All three have the same certificate (ECDSA, P-256) and take TLS at once; load
by several openssl s_time -new, so that no session is resumed.
"""
import os
import re
import signal
import subprocess
import sys
import time

from bench import Folder, Missing, Ours, arguments, machine, ratio_line
from memory import certificate
from peers import Postfix, free_port

CLIENTS = 4
LIMITS = ("[limits]\nconnections = 100000\nexempt = 127.0.0.0/8\n"
          "[dns]\nreverse = no\n")


def handshakes(port, seconds):
    """Handshakes a second, of all clients together."""
    clients = [subprocess.Popen(
        ["openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-new", "-time",
         str(seconds)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for _ in range(CLIENTS)]
    total = 0.0
    for client in clients:
        said = client.communicate()[0].decode()
        found = re.search(r"(\d+) connections in (\d+) real seconds", said)
        if not found:
            raise Missing(f"openssl s_time says: {said[-300:]}")
        total += int(found[1]) / max(1, int(found[2]))
    return total


class Wrapped(Postfix):
    """Postfix that takes TLS at once."""

    greets = False


class Plain:
    """openssl s_server."""

    def __init__(self, folder):
        self.port = free_port()
        self.command = ["openssl", "s_server", "-accept",
                        f"127.0.0.1:{self.port}", "-cert",
                        os.path.join(folder, "cert.pem"), "-key",
                        os.path.join(folder, "key"), "-quiet", "-www"]
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(self.command,
                                        stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        time.sleep(1)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def main():
    args = arguments(__doc__, seconds=(int, 2, "for each turn"))
    print(machine())
    with Folder(args.folder) as folder:
        config, _ = certificate(folder)
        tls = (f"smtpd_tls_cert_file = {folder}/cert.pem\n"
               f"smtpd_tls_key_file = {folder}/key\n"
               "smtpd_tls_wrappermode = yes\nsmtpd_tls_security_level = "
               "encrypt\nsmtpd_tls_loglevel = 0\n")
        with Ours(folder + "/ours", args.build, kind="submissions",
                  config=LIMITS + config) as ours, \
                Plain(folder) as plain, \
                Wrapped(folder + "/postfix", main=tls) as postfix:
            servers = [ours, postfix, plain]
            rates = [[], [], []]
            for number in range(args.runs):
                for side in (0, 1, 2) if number % 2 == 0 else (2, 1, 0):
                    rates[side].append(handshakes(servers[side].port,
                                                  args.seconds))
            print(f"{'':<28} {'smtpd':>12} {'peer':>12}")
            print(ratio_line("handshakes / Postfix", rates[0], rates[1]))
            print(ratio_line("handshakes / s_server", rates[0], rates[2]))


if __name__ == "__main__":
    try:
        main()
    except Missing as reason:
        sys.exit(f"tls.py: {reason}")
