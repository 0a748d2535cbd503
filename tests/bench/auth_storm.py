#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A storm of wrong passwords, and who else notices.

200 addresses of 127.0.0.0/8 guess passwords on submission, over TLS, several
connections each, as fast as they are let; nobody is exempt. Meanwhile
somebody from another address logs in with the password of an account, and
sessions that need no login come to port 25. Calm and storm take turns.
"""
import base64
import multiprocessing
import os
import selectors
import smtplib
import socket
import ssl
import statistics
import subprocess
import sys
import time

from bench import DOMAIN, PASSWORD, Folder, Missing, Ours, arguments, machine

ADDRESSES = 200
USER = f"user@{DOMAIN}"
FRIEND = "127.200.0.1"
NOBODY = "127.201.0.1"


def context():
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def plain(password):
    text = base64.b64encode(f"\0{USER}\0{password}".encode()).decode()
    return f"AUTH PLAIN {text}\r\n".encode()


class Guesser:
    """One connection that is made anew whenever it ends."""

    def __init__(self, port, source, tls):
        self.port, self.source, self.tls = port, source, tls
        self.sock = None
        self.asked_at = 0.0

    def open(self):
        """Up to the first guess; False when it is not let in."""
        try:
            raw = socket.create_connection(("127.0.0.1", self.port), 30,
                                           (self.source, 0))
            if not raw.recv(512).startswith(b"220"):
                raw.close()
                return False
            raw.sendall(b"EHLO storm.test\r\n")
            raw.recv(2048)
            raw.sendall(b"STARTTLS\r\n")
            if not raw.recv(512).startswith(b"220"):
                raw.close()
                return False
            self.sock = self.tls.wrap_socket(raw)
            self.sock.sendall(b"EHLO storm.test\r\n")
            self.sock.recv(2048)
            self.guess()
            return True
        except OSError:
            self.close()
            return False

    def guess(self):
        self.asked_at = time.monotonic()
        self.sock.sendall(plain("a-wrong-guess"))

    def close(self):
        if self.sock is not None:
            self.sock.close()
        self.sock = None


def storm(port, connections, results, over):
    """Guess until told to stop; then say what the answers were."""
    tls = context()
    selector = selectors.DefaultSelector()
    counts = {}
    waits = []
    guessers = [Guesser(port, f"127.{100 + i // 250}.0.{1 + i % 250}", tls)
                for _ in range(connections) for i in range(ADDRESSES)]
    closed = list(guessers)
    retry_at = 0.0
    while not over.is_set():
        now = time.monotonic()
        if closed and now >= retry_at:
            guesser = closed.pop(0)
            if guesser.open():
                selector.register(guesser.sock, selectors.EVENT_READ, guesser)
            else:
                counts["421"] = counts.get("421", 0) + 1
                closed.append(guesser)
                retry_at = now + 0.02
        for key, _ in selector.select(0 if closed else 0.1):
            guesser = key.data
            try:
                answer = guesser.sock.recv(1024)
                code = answer[:3].decode() or "end"
                counts[code] = counts.get(code, 0) + 1
                if code == "454":
                    waits.append(time.monotonic() - guesser.asked_at)
                if code not in ("454", "535") or b"\r\n421" in answer:
                    raise OSError
                guesser.guess()
            except OSError:
                selector.unregister(guesser.sock)
                guesser.close()
                closed.append(guesser)
    for guesser in guessers:
        guesser.close()
    results.put((counts, waits))


def log_in(port):
    """Seconds from the password to 235, over the tries that it takes."""
    began = time.perf_counter()
    tries = 0
    while True:
        tries += 1
        client = smtplib.SMTP("127.0.0.1", port, timeout=60,
                              source_address=(FRIEND, 0))
        client.starttls(context=context())
        client.ehlo()
        code, _ = client.docmd(plain(PASSWORD.decode().strip()).decode()
                               .strip())
        took = time.perf_counter() - began
        client.close()
        if code == 235:
            return took, tries
        if took > 60:
            return took, tries


def session(port):
    """Seconds of a session that needs no login."""
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), 30,
                                  (NOBODY, 0)) as sock:
        sock.recv(512)
        for line in (b"EHLO client.test\r\n", b"MAIL FROM:<a@client.test>\r\n",
                     f"RCPT TO:<{USER}>\r\n".encode(), b"QUIT\r\n"):
            sock.sendall(line)
            sock.recv(2048)
    return time.perf_counter() - began


def measure(ours, seconds):
    """Logins and sessions for a while: the two lists."""
    logins, sessions = [], []
    end = time.monotonic() + seconds
    next_login = time.monotonic() + 0.5
    while time.monotonic() < end:
        sessions.append(session(ours.ports["smtp"]))
        time.sleep(0.002)
        if time.monotonic() >= next_login:
            logins.append(log_in(ours.ports["submission"]))
            next_login = time.monotonic() + 0.5
    return logins, sessions


def milliseconds(values):
    return f"{statistics.median(values) * 1000:8.2f}"


def make_certificate(folder):
    paths = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-out", paths[0], "-keyout", paths[1]],
                   check=True, capture_output=True)
    return paths


def main():
    args = arguments(__doc__, seconds=(float, 6.0, "of each turn"),
                     connections=(int, 2, "of each address"))
    print(machine())
    with Folder(args.folder) as folder:
        certificate, key = make_certificate(folder)
        config = (f"[tls]\ncertificate = {certificate}\nkey = {key}\n"
                  "[limits]\nexempt =\nconnections-per-network = 10000\n"
                  "connections-per-minute = 1000000\n"
                  "messages-per-minute = 1000000\n")
        with Ours(folder + "/ours", args.build, config=config,
                  also=("submission",)) as ours:
            run(ours, args)


def run(ours, args):
    calm, stormy, logins, ratios = [], [], [], []
    counts, waits = {}, []
    tries = 0
    log_in(ours.ports["submission"])
    for turn in range(args.runs):
        before = measure(ours, args.seconds)[1]
        results, over = multiprocessing.Queue(), multiprocessing.Event()
        attackers = multiprocessing.Process(
            target=storm, args=(ours.ports["submission"], args.connections,
                                results, over))
        attackers.start()
        time.sleep(0.5)
        got, during = measure(ours, args.seconds)
        over.set()
        answers, took = results.get()
        attackers.join()
        for code, count in answers.items():
            counts[code] = counts.get(code, 0) + count
        waits += took
        logins += [seconds for seconds, _ in got]
        tries += sum(number for _, number in got)
        calm += before
        stormy += during
        ratios.append(statistics.median(during) / statistics.median(before))
        print(f"turn {turn + 1}: session {milliseconds(before)} ms calm, "
              f"{milliseconds(during)} ms in the storm, ratio "
              f"{ratios[-1]:.2f}; login {milliseconds(got and [g[0] for g in got] or [0])} ms",
              flush=True)
    print(f"sessions    {milliseconds(calm)} ms calm, {milliseconds(stormy)} "
          f"ms in the storm: ratio {statistics.median(ratios):.2f} "
          f"({min(ratios):.2f} to {max(ratios):.2f})")
    print(f"logins      {len(logins)} in {tries} tries, median "
          f"{milliseconds(logins)} ms, worst {max(logins) * 1000:.0f} ms")
    print("guesses     " + ", ".join(f"{code}: {count}" for code, count
                                     in sorted(counts.items())))
    if waits:
        print(f"454         after {milliseconds(waits)} ms")


if __name__ == "__main__":
    try:
        main()
    except Missing as reason:
        sys.exit(f"auth_storm.py: {reason}")
