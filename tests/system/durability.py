# SPDX-License-Identifier: MIT
"""Clients that remember what they were promised, and what a store has."""
import random
import re
import socket
import sqlite3
import threading
import time

RECIPIENTS = ("alice", "bob")


class Client(threading.Thread):
    """Sends messages, each with an id of its own, until it is told to stop.

    `acknowledged` and `refused` say what became of those that were answered.
    Of one that was not, nobody knows; it is never sent again here, so that
    what is there twice is our doing.
    """

    def __init__(self, server, number, large=16, domain="example.test"):
        super().__init__(daemon=True)
        self.server = server  # its ports change when it is started anew
        self.number = number
        self.large = large
        self.domain = domain
        self.random = random.Random(number)
        self.acknowledged = {}  # id -> recipients
        self.refused = {}       # id -> reply
        self.sent = 0
        self.slowest = 0.0
        self.times = []
        self.stopping = threading.Event()

    def message(self):
        self.sent += 1
        name = f"m{self.number}-{self.sent}"
        size = 100000 if self.random.randrange(self.large) == 0 \
            else self.random.randrange(100, 6000)
        to = [name for name in RECIPIENTS if self.random.randrange(3)] \
            or [RECIPIENTS[0]]
        line = b"x" * 70 + b"\r\n"
        body = (f"Message-ID: <{name}@load.test>\r\nSubject: {name}\r\n"
                f"\r\n").encode() + line * (size // 72)
        return name, to, body

    def reply(self, wire):
        while True:
            line = wire.readline()
            if not line:
                raise OSError("closed")
            if line[3:4] != b"-":
                return line

    def ask(self, wire, text):
        wire.write(text)
        wire.flush()
        return self.reply(wire)

    def send_one(self, wire):
        name, to, body = self.message()
        self.ask(wire, b"MAIL FROM:<x@load.test>\r\n")
        for recipient in to:
            self.ask(wire, f"RCPT TO:<{recipient}@{self.domain}>\r\n".encode())
        reply = self.ask(wire, b"DATA\r\n")
        if reply[:3] == b"354":
            began = time.monotonic()
            reply = self.ask(wire, body + b".\r\n")
            self.times.append(time.monotonic() - began)
        if reply[:1] == b"2":
            self.acknowledged[name] = to
        else:
            self.refused[name] = reply
            self.ask(wire, b"RSET\r\n")

    def session(self):
        address = ("127.0.0.1", self.server.ports["smtp"])
        with socket.create_connection(address, timeout=30) as connection:
            with connection.makefile("rwb") as wire:
                self.reply(wire)
                self.ask(wire, b"EHLO load.test\r\n")
                for _ in range(self.random.randrange(1, 8)):
                    if self.stopping.is_set():
                        break
                    self.send_one(wire)

    def run(self):
        while not self.stopping.is_set():
            try:
                self.session()
            except OSError:
                time.sleep(0.01)


class Load:
    """Any number of clients at once."""

    def __init__(self, server, count, **more):
        self.clients = [Client(server, i, **more) for i in range(count)]
        for client in self.clients:
            client.start()

    def stop(self):
        for client in self.clients:
            client.stopping.set()
        for client in self.clients:
            client.join(60)

    def all(self, what):
        """What all clients were told: {id: ...}."""
        together = {}
        for client in self.clients:
            together.update(getattr(client, what))
        return together

    def times(self):
        return sorted(t for client in self.clients for t in client.times)


def subjects(path):
    """How often each id is in each account: {(id, account): count}."""
    base = sqlite3.connect(path, timeout=30)
    found = {}
    rows = base.execute("SELECT e.subject, a.address FROM email e "
                        "JOIN account a ON a.id = e.account").fetchall()
    base.close()
    for subject, address in rows:
        name = bytes(subject).decode() if not isinstance(subject, str) \
            else subject
        key = (name, address.split("@")[0])
        found[key] = found.get(key, 0) + 1
    return found


def compare(path, acknowledged):
    """(lost, twice, half): what was promised and is not so."""
    found = subjects(path)
    promised = {(name, to) for name, list_ in acknowledged.items()
                for to in list_}
    lost = sorted(promised - set(found))
    twice = sorted(key for key, count in found.items()
                   if count > 1 and re.match(r"m\d+-\d+$", key[0]))
    return lost, twice
