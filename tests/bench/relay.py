#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""smtpd beside Postfix as a relay: 4 KiB mail in at submission and out to the
same smtp-sink, to one domain and to 500, until the last is there.

Both sync what they accept before they say 250, and both note on disk what
was delivered. Submission is under TLS, kept for many messages; we check a
password besides, Postfix knows our network. Names: we ask a zone file for MX
and addresses, Postfix its hosts file, for it cannot be given DNS of its own.
Our mail is signed in one of the cases; Postfix signs nothing.
"""
import base64
import json
import os
import re
import statistics
import subprocess
import sys
import time

from bench import (DOMAIN, PASSWORD, Folder, Missing, Ours, arguments,
                   machine, ratio_line)
from peers import SmtpSink
from tls import Wrapped, certificate

DOMAINS = 500
SESSIONS = 16
SIZE = 4096
SINK = "127.0.0.2"
CASES = (("to 1 domain", 1, False), ("to 500 domains", DOMAINS, False),
         ("to 500 domains, signed", DOMAINS, True))

POSTFIX = """\
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
transport_maps = texthash:{folder}/transport
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtpd_tls_cert_file = {cert}/cert.pem
smtpd_tls_key_file = {cert}/key
smtpd_tls_wrappermode = yes
smtpd_tls_security_level = encrypt
smtpd_tls_loglevel = 0
"""

OURS = """\
[limits]
messages-per-hour = 1000000
recipients-per-hour = 1000000
messages-per-day = 1000000
recipients-per-day = 1000000
connections-per-address = 1000000
[resolver]
zone-file = {folder}/zone.json
[dns]
reverse = no
[queue]
port = {port}
private-addresses = yes
"""


class Sink(SmtpSink):
    """smtp-sink that tells how many messages it has taken; at an address that
    Postfix does not think its own."""

    def command(self):
        command = super().command()
        command[-2:] = ["-c", f"{SINK}:{self.port}", "1000"]
        return command

    def __enter__(self):
        os.makedirs(self.folder, exist_ok=True)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True)
        time.sleep(0.5)
        return self

    def taken(self):
        with open(self.log, "rb") as file:
            file.seek(max(0, os.path.getsize(self.log) - 200))
            found = re.findall(rb"mesg=(\d+)", file.read())
        return int(found[-1]) if found else 0


class Relay(Wrapped):
    """Postfix that passes mail for relay.test on to the sink."""

    def __init__(self, folder, cert, port):
        super().__init__(folder, main=POSTFIX.format(folder=folder, cert=cert))
        self.sink_port = port

    def prepare(self):
        super().prepare()
        self.write("transport", "".join(
            f"d{i}.relay.test smtp:[d{i}.relay.test]:{self.sink_port}\n"
            for i in range(DOMAINS)))
        self.write("hosts", "127.0.0.1 localhost\n" + "".join(
            f"{SINK} d{i}.relay.test\n" for i in range(DOMAINS)))


def write_zone(folder):
    """MX and addresses of the domains."""
    zone = {}
    for i in range(DOMAINS):
        zone[f"d{i}.relay.test"] = {"MX": [f"10 mx.d{i}.relay.test"]}
        zone[f"mx.d{i}.relay.test"] = {"A": [SINK]}
    with open(os.path.join(folder, "zone.json"), "w",
              encoding="ascii") as file:
        json.dump(zone, file)


def until_taken(sink, wanted, seconds=300):
    """Wait until the sink has all."""
    deadline = time.monotonic() + seconds
    while sink.taken() < wanted:
        if time.monotonic() > deadline:
            raise Missing(f"of {wanted} messages {sink.taken()} arrived")
        time.sleep(0.005)


def turn(program, server, sink, count, domains, auth):
    """Messages a second, from the first connection to the last at the sink."""
    before = sink.taken()
    began = time.perf_counter()
    subprocess.run([program, str(server.port), str(count), str(SESSIONS),
                    str(SIZE), str(domains)], input=auth, check=True,
                   stdout=subprocess.DEVNULL)
    until_taken(sink, before + count)
    return count / (time.perf_counter() - began)


def compare(label, program, ours, postfix, sink, args, domains):
    """One case."""
    auth = base64.b64encode(b"\0user@" + DOMAIN.encode() + b"\0" +
                            PASSWORD.strip()) + b"\n"
    sides = ((ours, auth), (postfix, b""))
    counts = []
    for server, words in sides:
        rate = turn(program, server, sink, 1000, domains, words)
        counts.append(max(1000, int(rate * args.seconds)))
    rates = [[], []]
    for number in range(args.runs):
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            server, words = sides[side]
            rates[side].append(turn(program, server, sink, counts[side],
                                    domains, words))
    print(ratio_line(label, rates[0], rates[1]), flush=True)


def resident(process):
    """KiB that a process holds."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])


def main():
    args = arguments(__doc__, seconds=(float, 2, "about, for each turn"),
                     only=(str, "", "cases whose name has this in it"))
    program = os.path.join(args.build, "tests", "bench", "bench_relay_load")
    if not os.access(program, os.X_OK):
        raise Missing(f"{program} is not built: -DSMTPMAIL_BENCH=ON")
    print(machine())
    with Folder(args.folder) as folder, Sink(folder + "/sink") as sink:
        config, _ = certificate(folder)
        write_zone(folder)
        config += OURS.format(folder=folder, port=sink.port)
        with Ours(folder + "/ours", args.build, kind="submissions",
                  config=config) as ours, \
                Relay(folder + "/postfix", folder, sink.port) as postfix:
            print(f"{'':<28} {'smtpd':>12} {'postfix':>12}")
            for label, domains, signed in CASES:
                if args.only in label:
                    if signed:
                        ours.ctl("dkim", "keygen", DOMAIN)
                    compare(label, program, ours, postfix, sink, args, domains)
            print(f"smtpd: {resident(ours.process)} KiB resident")


if __name__ == "__main__":
    try:
        main()
    except Missing as reason:
        sys.exit(f"relay.py: {reason}")
