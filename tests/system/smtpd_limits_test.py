# SPDX-License-Identifier: MIT
"""What a client may take of smtpd: time, messages, descriptors."""
import os
import re
import resource
import signal
import socket
import threading
import time
import unittest

from smtpd_support import SmtpdCase
from support import DOMAIN

ALICE = f"alice@{DOMAIN}"


class Wire(socket.socket):
    """A client that says exactly what it is told to."""

    def __init__(self, port):
        super().__init__(socket.AF_INET, socket.SOCK_STREAM)
        self.settimeout(20)
        self.connect(("127.0.0.1", port))
        self.file = self.makefile("rb")
        self.began = time.monotonic()

    def line(self):
        return self.file.readline()

    def ask(self, *lines):
        """The last line of each reply."""
        replies = []
        for line in lines:
            self.sendall(line + b"\r\n")
            reply = self.line()
            while reply[3:4] == b"-":
                reply = self.line()
            replies.append(reply)
        return replies

    def age(self):
        return time.monotonic() - self.began

    def drip(self, text, pause=0.1):
        """One octet now and then, until somebody has had enough: the last
        thing that was said."""
        self.settimeout(pause)
        last = b""
        for octet in text:
            try:
                self.sendall(bytes([octet]))
            except OSError:
                break
            try:
                line = self.recv(1000)
            except TimeoutError:
                continue
            except OSError:
                break
            if not line:
                break
            last = line
        return last

    def close(self):
        self.file.close()
        super().close()


class Time(SmtpdCase):

    config = ("[limits]\nidle-timeout = 2s\ncommand-time = 1s\n"
              "data-time = 1s\nhandshake-time = 1s\nsession-time = 6s\n")

    def connect(self, kind="smtp"):
        wire = Wire(self.smtpd.ports[kind])
        self.addCleanup(wire.close)
        if kind != "submissions":
            self.assertEqual(wire.line()[:3], b"220")
        return wire

    def test_silence_between_commands(self):
        wire = self.connect()
        wire.ask(b"EHLO x")
        began = time.monotonic()
        self.assertEqual(wire.line(), b"421 4.4.2 Timeout, closing "
                         b"connection\r\n")
        self.assertGreater(time.monotonic() - began, 1.8)
        self.assertLess(time.monotonic() - began, 4)

    def test_a_command_an_octet_at_a_time(self):
        wire = self.connect()
        last = wire.drip(b"NOOP " + b"x" * 200)
        self.assertRegex(last, rb"^421 4\.4\.2 .*Command came too slowly")
        self.assertLess(wire.age(), 3)

    def test_commands_that_are_whole_may_go_on(self):
        wire = self.connect()
        for _ in range(6):
            wire.sendall(b"NO")
            time.sleep(0.3)
            self.assertEqual(wire.ask(b"OP")[0][:3], b"250")

    def test_content_an_octet_at_a_time(self):
        wire = self.connect()
        wire.ask(b"EHLO x", b"MAIL FROM:<a@example.org>",
                 f"RCPT TO:<{ALICE}>".encode(), b"DATA")
        began = time.monotonic()
        last = wire.drip(b"x\r\n" * 100)
        self.assertRegex(last, rb"^421 4\.4\.2 .*Content came too slowly")
        self.assertLess(time.monotonic() - began, 3)
        self.assertEqual(self.messages("alice"), [])

    def test_content_that_comes_forward(self):
        wire = self.connect()
        wire.ask(b"EHLO x", b"MAIL FROM:<a@example.org>",
                 f"RCPT TO:<{ALICE}>".encode(), b"DATA")
        for _ in range(6):
            wire.sendall(b"0123456789abcd\r\n" * 80)
            time.sleep(0.3)
        self.assertEqual(wire.ask(b".")[0][:9], b"250 2.0.0")

    def test_a_chunk_that_is_refused_an_octet_at_a_time(self):
        wire = self.connect()
        wire.ask(b"EHLO x")
        wire.sendall(b"BDAT 100000\r\n")
        self.assertRegex(wire.drip(b"x" * 300), rb"too slowly")
        self.assertLess(wire.age(), 3)

    def test_a_session_in_all(self):
        wire = self.connect()
        while wire.age() < 12:
            reply = wire.ask(b"NOOP")[0]
            if reply[:3] != b"250":
                break
            time.sleep(0.2)
        self.assertRegex(reply, rb"^421 4\.4\.2 .*Session took too long")
        self.assertGreater(wire.age(), 5)
        self.assertLess(wire.age(), 9)

    def test_a_handshake(self):
        for kind, before in (("submission", (b"EHLO x", b"STARTTLS")),
                             ("submissions", ())):
            with self.subTest(kind=kind):
                wire = self.connect(kind)
                wire.ask(*before)
                # The head of a record that is never whole.
                self.assertEqual(
                    wire.drip(b"\x16\x03\x01\x02\x00" + b"\x01" * 100), b"")
                self.assertLess(wire.age(), 3)

    def test_replies_that_nobody_reads(self):
        wire = socket.socket()
        self.addCleanup(wire.close)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        wire.connect(("127.0.0.1", self.smtpd.ports["smtp"]))
        wire.settimeout(0.2)
        began = time.monotonic()
        while time.monotonic() - began < 30:
            try:
                wire.sendall(b"EHLO x\r\n" * 1000)
            except TimeoutError:
                pass
            except OSError:
                break
        self.assertLess(time.monotonic() - began, 25)
        # And all others are served.
        self.assertEqual(self.connect().ask(b"NOOP")[0][:3], b"250")


class Lengths(SmtpdCase):

    config = ("[limits]\ncommand-line = 600\ntext-line = 1000\n"
              "auth-line = 512\ncommands = 3\nmails = 2\n")

    def test_a_command(self):
        wire = Wire(self.smtpd.ports["smtp"])
        self.addCleanup(wire.close)
        wire.line()
        self.assertEqual(wire.ask(b"NOOP " + b"x" * 593)[0][:3], b"250")
        self.assertEqual(wire.ask(b"NOOP " + b"x" * 594)[0][:3], b"500")

    def test_commands_that_lead_nowhere(self):
        wire = Wire(self.smtpd.ports["smtp"])
        self.addCleanup(wire.close)
        wire.line()
        replies = wire.ask(*[b"NOOP"] * 3)
        self.assertEqual([r[:3] for r in replies], [b"250"] * 3)
        self.assertEqual(wire.ask(b"NOOP")[0][:3], b"421")

    def send(self, wire, text):
        return wire.ask(b"MAIL FROM:<a@example.org>",
                        f"RCPT TO:<{ALICE}>".encode(), b"DATA",
                        text + b"\r\n.")[-1]

    def test_lines_of_content_and_mails_of_a_session(self):
        wire = Wire(self.smtpd.ports["smtp"])
        self.addCleanup(wire.close)
        wire.line()
        wire.ask(b"EHLO x")
        self.assertEqual(self.send(wire, b"x" * 998)[:3], b"250")
        self.assertEqual(self.send(wire, b"x" * 999)[:1], b"5")
        self.assertEqual(wire.ask(b"MAIL FROM:<a@example.org>")[0][:3],
                         b"452")


class Rates(SmtpdCase):

    config = ("[limits]\nexempt =\nconnections-per-minute = 12\n"
              "messages-per-minute = 3\nmessages-per-hour = 3\n"
              "recipients-per-hour = 4\n")

    def test_messages_of_an_address(self):
        with self.smtpd.smtp() as client:
            for _ in range(3):
                client.sendmail("a@example.org", [ALICE], "\r\nx\r\n")
            code, words = client.mail("a@example.org")
            self.assertEqual(code, 450)
            self.assertRegex(words, rb"^4\.7\.1 Too many messages from your "
                             rb"address in a minute, try again in \d+ seconds$")
        # An account is another thing.
        with self.smtpd.submission() as client:
            client.sendmail(ALICE, [ALICE], "\r\nx\r\n")

    def test_messages_of_an_account(self):
        for _ in range(3):
            with self.smtpd.submission() as client:
                client.sendmail(ALICE, [ALICE], "\r\nx\r\n")
        with self.smtpd.submission() as client:
            code, words = client.mail(ALICE)
            self.assertEqual(code, 450)
            self.assertRegex(words, rb"^4\.7\.1 Too many messages of this "
                             rb"account in an hour, try again in 20 minutes$")
        with self.smtpd.submission("bob", "bob-secret") as client:
            client.sendmail(f"bob@{DOMAIN}", [ALICE], "\r\nx\r\n")
        self.assertIn("Too many messages of this account", self.smtpd.log())

    def test_recipients_of_an_account(self):
        with self.smtpd.submission() as client:
            client.ehlo()
            client.mail(ALICE)
            for _ in range(4):
                self.assertEqual(client.rcpt(ALICE)[0], 250)
            code, words = client.rcpt(ALICE)
            self.assertEqual(code, 450)
            self.assertRegex(words, rb"^4\.7\.1 Too many recipients of this "
                             rb"account in an hour, try again in 15 minutes$")
            self.assertEqual(client.data("\r\nx\r\n")[0], 250)

    def test_connections_of_an_address(self):
        for _ in range(12):
            with self.smtpd.smtp() as client:
                client.noop()
        wire = Wire(self.smtpd.ports["smtp"])
        self.addCleanup(wire.close)
        self.assertRegex(wire.line(), rb"^421 4\.7\.0 Too many connections "
                         rb"from your address in a minute, try again in \d "
                         rb"seconds?\r\n$")
        self.assertEqual(wire.line(), b"")
        with Wire(self.smtpd.ports["lmtp"]) as relay:
            self.assertEqual(relay.line()[:3], b"220")
        time.sleep(5.2)
        with self.smtpd.smtp() as client:
            client.noop()


class Day(SmtpdCase):

    config = ("[limits]\nmessages-per-day = 3\nrecipients-per-day = 5\n"
              "[queue]\nsend = no\n")
    words = rb"^4\.7\.1 Too many %s of this account in a day, try again in 25 hours$"

    def begin(self, recipients):
        client = self.smtpd.submission()
        self.addCleanup(client.close)
        client.ehlo()
        self.assertEqual(client.mail(ALICE)[0], 250)
        for recipient in recipients:
            self.assertEqual(client.rcpt(recipient)[0], 250)
        return client

    def refused(self, client, what, recipient=ALICE):
        code, words = client.rcpt(recipient)
        self.assertEqual(code, 450)
        self.assertRegex(words, self.words % what)

    def test_recipients(self):
        client = self.begin([ALICE] * 5)
        self.refused(client, b"recipients")
        self.assertEqual(client.data("\r\nx\r\n")[0], 250)
        client.mail(ALICE)
        self.refused(client, b"recipients")
        shown = self.store.json("account", "show", ALICE)
        self.assertEqual((shown["sentEmails"], shown["sentTo"]),
                         (1, 5))
        with self.smtpd.submission("bob", "bob-secret") as other:
            other.sendmail(f"bob@{DOMAIN}", [ALICE], "\r\nx\r\n")
        log = self.smtpd.log()
        self.assertEqual(log.count("account_over_limit"), 1)
        self.assertRegex(log, "account_over_limit.*user=" + ALICE)

    def test_messages_survive_a_restart(self):
        for _ in range(3):
            self.begin([ALICE]).data("\r\nx\r\n")
        self.refused(self.begin([]), b"messages")
        self.smtpd.stop()
        self.smtpd = type(self.smtpd)(self.tmp, self.store, config=self.config)
        self.addCleanup(self.smtpd.stop)
        self.refused(self.begin([]), b"messages")
        self.assertEqual(len(self.messages("alice")), 3)

    def test_two_sessions_at_once_cannot_both_be_the_last(self):
        self.begin([ALICE]).data("\r\nx\r\n")
        one, two = self.begin([ALICE] * 3), self.begin([ALICE] * 3)
        self.assertEqual(one.data("\r\nx\r\n")[0], 250)
        code, words = two.data("\r\nx\r\n")
        self.assertEqual(code, 450)
        self.assertRegex(words, self.words % b"recipients")
        self.assertEqual(len(self.messages("alice")), 2)

    def test_many_sessions_at_once(self):
        clients = [self.begin([ALICE]) for _ in range(8)]
        codes = []

        def send(client):
            codes.append(client.data("\r\nx\r\n")[0])

        threads = [threading.Thread(target=send, args=(client,))
                   for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(sorted(codes), [250] * 3 + [450] * 5)
        self.assertEqual(len(self.messages("alice")), 3)

    def test_an_account_has_its_own(self):
        self.store.ctl("account", "set", ALICE, "--limit",
                       "recipients-per-day=1", "--limit",
                       "messages-per-hour=2")
        shown = self.store.json("account", "show", ALICE)
        self.assertEqual(shown["limits"], ["messages-per-hour=2",
                                           "recipients-per-day=1"])
        self.refused(self.begin([ALICE]), b"recipients")
        client = self.begin([])
        client.rset()
        self.assertRegex(client.mail(ALICE)[1], rb"in an hour")
        self.store.ctl("account", "set", ALICE, "--limit",
                       "messages-per-hour=default", "--limit",
                       "recipients-per-day=default")
        client.rset()
        client.mail(ALICE)
        for _ in range(2):
            self.assertEqual(client.rcpt(ALICE)[0], 250)
        for words in ("recipients-per-day", "x=1", "recipients-per-day=x",
                      "recipients-per-day=0", "recipients-per-day=1000001"):
            code, _, err = self.store.run("account", "set", ALICE, "--limit",
                                          words)
            self.assertIn(code, (1, 2), words)
            self.assertIn(b"per-day", err)
        self.assertEqual(self.store.json("account", "show", ALICE)["limits"],
                         [])

    def test_who_was_refused_gets_nothing(self):
        self.store.ctl("account", "set", ALICE, "--limit",
                       "recipients-per-day=2")
        client = self.begin(["one@example.org", "two@example.org"])
        self.refused(client, b"recipients", "three@example.org")
        self.assertEqual(client.data("\r\nx\r\n")[0], 250)
        waiting = {entry["to"] for entry
                   in self.store.json("queue", "list")}
        self.assertEqual(waiting, {"one@example.org", "two@example.org"})


class Network(SmtpdCase):

    config = "[limits]\nexempt =\nconnections-per-network = 3\n"

    def test_places_of_a_network(self):
        wires = []
        for number in range(4):
            wire = socket.create_connection(
                ("127.0.0.1", self.smtpd.ports["smtp"]), timeout=20,
                source_address=(f"127.0.0.{number + 2}", 0))
            self.addCleanup(wire.close)
            wires.append(wire.recv(100)[:3])
        self.assertEqual(wires, [b"220"] * 3 + [b"421"])
        wire = socket.create_connection(
            ("127.0.0.1", self.smtpd.ports["smtp"]), timeout=20,
            source_address=("127.0.1.2", 0))
        self.addCleanup(wire.close)
        self.assertEqual(wire.recv(100)[:3], b"220")


class Reload(SmtpdCase):

    config = "[limits]\nmessage-size = 100K\n"

    def rewrite(self, config, certificate=None):
        with open(self.smtpd.config, "w", encoding="ascii") as out:
            out.write(f"[tls]\n"
                      f"certificate = {certificate or self.smtpd.certificate}\n"
                      f"key = {self.smtpd.key}\n{config}\n")
        before = self.count()
        self.smtpd.signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while self.count() == before:
            self.assertLess(time.monotonic(), deadline, self.smtpd.tail())
            time.sleep(0.02)
        time.sleep(0.1)  # the lines behind it

    def count(self):
        log = self.smtpd.log()
        return log.count(" reloaded ") + log.count(" reload_failed ")

    def last_reload(self):
        return [line for line in self.smtpd.log().splitlines()
                if " reload" in line][-1]

    def size(self, client):
        client.ehlo()
        return int(client.esmtp_features["size"])

    def test_limits_for_those_who_come_now(self):
        with self.smtpd.smtp() as old:
            self.assertEqual(self.size(old), 102400)
            self.rewrite("[limits]\nmessage-size = 200K\nhash-queue = 9\n"
                         "[server]\nhostname = other.example\n"
                         "[route out]\nkind = discard\nrecipients = *\n"
                         "[log]\nlevel = debug\n")
            self.assertEqual(self.size(old), 102400)
            with self.smtpd.smtp() as new:
                self.assertEqual(self.size(new), 204800)
                self.assertIn(b"mail.example.test", new.ehlo_resp)
            old.sendmail("a@example.org", [ALICE], "\r\nx\r\n")
        log = self.smtpd.log()
        for words in ('changed key="[limits] message-size"',
                      'changed key="[log] level"',
                      'restart_needed key="[limits] hash-queue"',
                      'restart_needed key="[server] hostname"',
                      'restart_needed key="[route out]"'):
            self.assertIn(words, log)
        self.assertEqual(log.count("restart_needed"), 3, log)
        self.assertIn(" debug connect ", log)
        self.rewrite("[limits]\nmessage-size = 200K\nhash-queue = 9\n"
                     "[log]\nlevel = error\n")
        with self.smtpd.smtp() as new:
            new.sendmail("a@example.org", [ALICE], "\r\nx\r\n")
        self.assertEqual(self.smtpd.log().count(" message "), 1)

    def test_a_fault_changes_nothing(self):
        for config, certificate, words in (
                ("[limits]\nmessage-size = 200K\nrecipients = many\n", None,
                 "recipients = many"),
                ("[limits]\nmessage-size = 200K\nexempt = nobody\n", None,
                 "nobody"),
                ("[limits]\nmessage-size = 200K\n[dns]\nlists = a*huge\n",
                 None, "huge"),
                ("[limits]\nmessage-size = 200K\n", self.smtpd.key,
                 "not a PEM certificate"),
                ("[limits]\nmessage-size = 200K\n", "/nowhere/cert.pem",
                 "/nowhere/cert.pem")):
            with self.subTest(words=words):
                self.rewrite(config, certificate)
                self.assertRegex(self.last_reload(),
                                 f" error reload_failed reason=.*{words}")
                with self.smtpd.smtp() as client:
                    self.assertEqual(self.size(client), 102400)
                with self.smtpd.submission() as client:
                    client.noop()
        self.rewrite("[limits]\nmessage-size = 200K\n")
        with self.smtpd.smtp() as client:
            self.assertEqual(self.size(client), 204800)

    def test_who_is_exempt(self):
        with self.smtpd.smtp(), self.smtpd.smtp():
            self.rewrite("[limits]\nexempt =\nconnections-per-address = 3\n")
            with self.smtpd.smtp():
                wire = Wire(self.smtpd.ports["smtp"])
                self.addCleanup(wire.close)
                self.assertEqual(wire.line()[:3], b"421")

    def test_nobody_is_dropped(self):
        clients = [self.smtpd.smtp() for _ in range(10)]
        for turn in range(20):
            self.smtpd.signal(signal.SIGHUP)
            for client in clients:
                client.sendmail("a@example.org", [ALICE],
                                f"Subject: {turn}\r\n\r\nx\r\n")
            with self.smtpd.submission() as client:
                client.noop()
        for client in clients:
            client.quit()
        self.assertEqual(len(self.messages("alice")), 200)


def with_few_files():
    """In the child: 96 descriptors, of which it needs some 50 itself, and no
    way to raise that."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (96, 96))


class Descriptors(SmtpdCase):

    config = "[limits]\nidle-timeout = 60s\n"
    preexec = staticmethod(with_few_files)

    def cpu(self):
        """Seconds of all threads."""
        with open(f"/proc/{self.smtpd.process.pid}/stat",
                  encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def connect(self):
        wire = Wire(self.smtpd.ports["smtp"])
        self.addCleanup(wire.close)
        return wire

    def fill(self):
        """Connections until there are more than it has room for: those that
        were greeted."""
        wires = [self.connect() for _ in range(120)]
        greeted = []
        for wire in wires:
            wire.settimeout(3)
            try:
                if wire.line()[:3] == b"220":
                    greeted.append(wire)
                    continue
            except OSError:
                pass
            wire.close()
        return greeted

    def test_it_neither_spins_nor_dies_and_goes_on(self):
        greeted = self.fill()
        self.assertGreater(len(greeted), 3)
        self.assertLess(len(greeted), 96)
        # More knock all the while.
        before, began = self.cpu(), time.monotonic()
        knocks = []
        while time.monotonic() - began < 3:
            wire = socket.socket()
            wire.setblocking(False)
            wire.connect_ex(("127.0.0.1", self.smtpd.ports["smtp"]))
            knocks.append(wire)
            time.sleep(0.05)
        spent = self.cpu() - before
        self.assertLess(spent, 0.5, "it spins")
        # Who is in is served; what needs a file is put off, or works.
        self.assertEqual(greeted[0].ask(b"NOOP")[0][:3], b"250")
        for words in (b"EHLO x", b"MAIL FROM:<a@example.org>",
                      f"RCPT TO:<{ALICE}>".encode(), b"DATA",
                      b"0123456789\r\n" * 20000 + b"."):
            reply = greeted[0].ask(words)[0]
            self.assertIn(reply[:3], (b"250", b"354", b"451", b"452"))
            if reply[:1] == b"4":
                break
        self.assertRegex(self.smtpd.log(), "no_descriptors")
        self.assertLess(self.smtpd.log().count("no_descriptors"), 4)
        for wire in greeted + knocks:
            wire.close()
        # And there is room again.
        deadline = time.monotonic() + 20
        while True:
            with Wire(self.smtpd.ports["smtp"]) as wire:
                try:
                    if wire.line()[:3] == b"220":
                        self.assertEqual(wire.ask(b"NOOP")[0][:3], b"250")
                        break
                except OSError:
                    pass
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        with self.smtpd.smtp() as client:
            client.sendmail("a@example.org", [ALICE],
                            "\r\n" + "0123456789\r\n" * 20000)

    def test_settings_that_cannot_be_read_now_are_kept(self):
        greeted = self.fill()
        self.smtpd.signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while not re.search(r" reload(ed|_failed) ", self.smtpd.log()):
            self.assertLess(time.monotonic(), deadline, self.smtpd.tail())
            time.sleep(0.05)
        self.assertEqual(greeted[-1].ask(b"NOOP")[0][:3], b"250")


if __name__ == "__main__":
    unittest.main()
