# SPDX-License-Identifier: MIT
"""Told to stop, smtpd finishes what was begun; killed, it has lost nothing
that it had promised."""
import os
import random
import signal
import smtplib
import socket
import threading
import time
import unittest

from smtpd_support import SmtpdCase, without_trace
from support import DOMAIN

ALICE = f"alice@{DOMAIN}"


class Wire:
    """A client that can stop anywhere."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.reader = self.sock.makefile("rb")

    def send(self, text):
        self.sock.sendall(text)

    def reply(self):
        """The last line of the next reply; empty when it hung up."""
        line = b"   -"
        while line[3:4] == b"-":
            line = self.reader.readline()
        return line

    def begin(self, subject):
        self.reply()
        self.send(b"EHLO client.example\r\nMAIL FROM:<a@example.org>\r\n"
                  b"RCPT TO:<" + ALICE.encode() + b">\r\nDATA\r\n")
        for _ in range(4):
            self.reply()
        self.send(b"Subject: %s\r\n\r\nhalf of the text\r\n" % subject)

    def close(self):
        self.reader.close()
        self.sock.close()


class Stop(SmtpdCase):

    config = "[limits]\ngrace-time = 20s\n"

    def subjects(self):
        return sorted(m["subject"] for m in self.messages("alice"))

    def test_sigterm_in_the_middle_of_fifty_messages(self):
        idle = [Wire(self.smtpd.ports["smtp"]) for _ in range(10)]
        busy = [Wire(self.smtpd.ports["smtp"]) for _ in range(50)]
        for wire in idle:
            wire.reply()
        for number, wire in enumerate(busy):
            wire.begin(b"message %d" % number)

        self.smtpd.signal(signal.SIGTERM)

        for wire in idle:
            self.assertEqual(wire.reply()[:9], b"421 4.3.2")
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", self.smtpd.ports["smtp"]),
                                     timeout=5)
        for number, wire in enumerate(busy):
            if number % 5 == 0:
                wire.close()
            else:
                wire.send(b"and the rest\r\n.\r\n")
        finished = []
        for number, wire in enumerate(busy):
            if number % 5 == 0:
                continue
            self.assertEqual(wire.reply()[:9], b"250 2.0.0")
            self.assertEqual(wire.reply()[:9], b"421 4.3.2")
            self.assertEqual(wire.reply(), b"")
            finished.append(f"message {number}")
            wire.close()
        self.assertEqual(self.smtpd.wait(), 0)
        self.assertFalse(os.path.exists(self.smtpd.ready))
        self.assertEqual(self.subjects(), sorted(finished))
        self.assertEqual(self.store.run("store", "check")[0], 0)

    def test_a_second_signal_does_not_wait(self):
        wire = Wire(self.smtpd.ports["smtp"])
        wire.begin(b"never ends")

        self.smtpd.signal(signal.SIGTERM)
        time.sleep(0.3)
        self.assertIsNone(self.smtpd.process.poll())
        self.smtpd.signal(signal.SIGTERM)

        self.assertEqual(self.smtpd.wait(10), 1)
        self.assertFalse(os.path.exists(self.smtpd.ready))
        self.smtpd.start()
        self.assertEqual(self.subjects(), [])


class Grace(SmtpdCase):

    config = "[limits]\ngrace-time = 1s\n"

    def test_who_takes_too_long_gets_421_and_nothing_is_half(self):
        wires = [Wire(self.smtpd.ports["smtp"]) for _ in range(50)]
        for number, wire in enumerate(wires):
            wire.begin(b"half %d" % number)

        self.smtpd.signal(signal.SIGTERM)

        for wire in wires:
            self.assertEqual(wire.reply()[:9], b"421 4.3.2")
            wire.close()
        self.assertEqual(self.smtpd.wait(), 0)
        self.assertEqual(self.messages("alice"), [])


class Sender(threading.Thread):
    """Sends message after message until told to stop; notes what was taken."""

    def __init__(self, number, smtpd, over):
        super().__init__()
        self.number, self.smtpd, self.over = number, smtpd, over
        self.taken, self.count = {}, 0
        self.random = random.Random(number)

    def message(self):
        self.count += 1
        subject = f"{self.number}-{self.count}"
        size = self.random.choice((100, 1000, 5000, 70000, 200000)
                                  if self.count % 8 == 0 else (100, 3000))
        body = b"%08d\r\n" % self.random.randrange(10 ** 8)
        return subject, (f"Subject: {subject}\r\n\r\n".encode()
                         + body * (size // 10 + 1))

    def run(self):
        while not self.over.is_set():
            try:
                with smtplib.SMTP("127.0.0.1", self.smtpd.ports["smtp"],
                                  timeout=20) as client:
                    while not self.over.is_set():
                        subject, content = self.message()
                        client.sendmail("a@example.org", [ALICE], content)
                        self.taken[subject] = content
            except (OSError, smtplib.SMTPException):
                time.sleep(0.01)


class Kill(SmtpdCase):

    def exported(self):
        folder = os.path.join(self.tmp, "export")
        self.store.ctl("message", "export", ALICE, folder)
        for name in os.listdir(folder):
            if not name.endswith(".eml"):
                continue
            with open(os.path.join(folder, name), "rb") as file:
                yield without_trace(file.read())

    def test_what_got_its_250_is_there_once_after_twenty_kills(self):
        over = threading.Event()
        senders = [Sender(n, self.smtpd, over) for n in range(32)]
        pause = random.Random(20)
        for sender in senders:
            sender.start()
        try:
            for _ in range(20):
                time.sleep(pause.uniform(0.05, 0.5))
                self.smtpd.kill()
                self.smtpd.start()
            time.sleep(0.3)
        finally:
            over.set()
            for sender in senders:
                sender.join()
        self.smtpd.stop()

        taken = {s: c for sender in senders for s, c in sender.taken.items()}
        stored = {}
        for content in self.exported():
            subject = content.split(b"\r\n", 1)[0][len(b"Subject: "):].decode()
            stored.setdefault(subject, []).append(content)

        self.assertGreater(len(taken), 100)
        for subject, content in taken.items():
            self.assertEqual(stored.get(subject), [content], subject)
        # A message whose 250 did not arrive may be there too, whole.
        for subject, contents in stored.items():
            self.assertEqual(len(contents), 1, subject)
            self.assertTrue(contents[0].endswith(b"\r\n"))
        code, out, err = self.store.run("store", "check")
        self.assertEqual(code, 0, out + err)


if __name__ == "__main__":
    unittest.main()
