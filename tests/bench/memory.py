#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a connection costs, and a large message.

Resident memory of smtpd, the difference divided by the connections: idle ones
behind EHLO, in the clear and under TLS. Meanwhile a new client is greeted
some times. Then one message of 100 MiB in. Postfix's figure beside it is that
of an smtpd process for each of a few connections, the memory that processes
share counted in parts (PSS).
"""
import os
import resource
import socket
import ssl
import statistics
import subprocess
import sys
import time

from bench import Folder, Missing, Ours, arguments, machine
from peers import DOMAIN, Postfix

MIB = 1024 * 1024


def resident(pid):
    """Octets."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def connect(port, number):
    """A client of its own address: no limit of the machine is in the way."""
    address = f"127.1.{number // 200}.1"
    sock = socket.socket()
    sock.settimeout(20)
    sock.bind((address, 0))
    sock.connect(("127.0.0.1", port))
    return sock


def talk(sock, line=None):
    if line:
        sock.sendall(line)
    return sock.recv(4096)


def greeting(port):
    """Milliseconds until the greeting."""
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.recv(1)
    return 1000 * (time.perf_counter() - began)


def idle(server, count, context=None):
    """Octets of each connection, and the slowest greeting meanwhile."""
    before = resident(server.process.pid)
    clients = []
    for number in range(count):
        sock = connect(server.port, number)
        if context:
            sock = context.wrap_socket(sock)
        clients.append(sock)
        talk(sock)
        talk(sock, b"EHLO client.example\r\n")
    time.sleep(1)
    each = (resident(server.process.pid) - before) / count
    times = [greeting(server.port) if not context else 0 for _ in range(50)]
    for sock in clients:
        sock.close()
    return each, statistics.median(times), max(times)


def large(server, size=100 * MIB):
    """Octets that resident memory grew by, at its largest."""
    with socket.create_connection(("127.0.0.1", server.port)) as sock:
        talk(sock)
        talk(sock, b"EHLO client.example\r\n")
        talk(sock, b"MAIL FROM:<x@sender.test>\r\n")
        talk(sock, f"RCPT TO:<user@{DOMAIN}>\r\n".encode())
        talk(sock, b"DATA\r\n")
        before = largest = resident(server.process.pid)
        block = b"x" * 76 + b"\r\n"
        block *= MIB // len(block)
        sock.sendall(b"Subject: large\r\n\r\n")
        for _ in range(size // len(block)):
            sock.sendall(block)
            largest = max(largest, resident(server.process.pid))
        answer = talk(sock, b".\r\n")
        largest = max(largest, resident(server.process.pid))
        if not answer.startswith(b"250"):
            raise Missing(f"the message was refused: {answer}")
    return largest - before


def pss(pid):
    """Octets, memory that is shared counted in parts."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def postfix_each(folder, count=50):
    """Octets of an idle connection to Postfix."""
    with Postfix(folder) as peer:
        clients = [connect(peer.port, number) for number in range(count)]
        for sock in clients:
            talk(sock)
            talk(sock, b"EHLO client.example\r\n")
        pids = subprocess.run(["pgrep", "-x", "smtpd", "-P",
                               str(peer.process.pid)], capture_output=True,
                              check=False).stdout.split()
        total = sum(pss(int(pid)) for pid in pids)
        for sock in clients:
            sock.close()
        return total / count


def certificate(folder):
    """A certificate of its own, and a client that believes it."""
    cert, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                    "-subj", "/CN=localhost", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return f"[tls]\ncertificate = {cert}\nkey = {key}\n", context


LIMITS = ("[limits]\nconnections = 100000\nmessage-size = 200M\n"
          "exempt = 127.0.0.0/8\n[process]\nsandbox = no\n")


def main():
    args = arguments(__doc__, plain=(int, 20000, "idle connections"),
                     tls=(int, 5000, "idle connections under TLS"))
    need = max(args.plain, args.tls) + 1000
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard < need:
        raise Missing(f"{need} descriptors are wanted, {hard} may be had: "
                      "ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (need, hard))
    print(machine())
    with Folder(args.folder) as folder:
        config, context = certificate(folder)
        with Ours(folder + "/plain", args.build, config=LIMITS) as ours:
            each, median, slowest = idle(ours, args.plain)
            print(f"{args.plain} idle: {each / 1024:.2f} KiB each; greeting "
                  f"{median:.2f} ms, slowest {slowest:.2f} ms")
        with Ours(folder + "/large", args.build, config=LIMITS) as ours:
            large(ours, MIB)  # what any message needs once
            while ours.unindexed():
                time.sleep(0.1)
            print(f"100 MiB message: resident memory grew by "
                  f"{large(ours) / 1024:.0f} KiB")
        with Ours(folder + "/tls", args.build, kind="submissions",
                  config=LIMITS + config) as ours:
            each, _, _ = idle(ours, args.tls, context)
            print(f"{args.tls} idle under TLS: {each / 1024:.2f} KiB each")
        try:
            print(f"Postfix, idle: {postfix_each(folder + '/postfix') / 1024:.0f}"
                  " KiB each")
        except Missing as reason:
            print(f"Postfix: {reason}")


if __name__ == "__main__":
    try:
        main()
    except Missing as reason:
        sys.exit(f"memory.py: {reason}")
