# SPDX-License-Identifier: MIT
"""Hosts that mean us ill: bounded time and memory, and other mail goes on."""
import socket
import struct
import threading
import time
import unittest

from outbound_support import (ALICE, OutboundCase, groups, mail, resident,
                              until)
from sink import ENDLESS, Hang, Sink
from smtpd_support import make_certificate

# What all of them together may cost us, with a sanitizer's share, and what one
# of them gets rid of: buffers of the kernel, most of it.
GROWTH = 192 * 1024 * 1024
SENT_MAX = 16 * 1024 * 1024


def at(verb, octets):
    """Answers `verb` so, and all else as usual."""
    return lambda session, said, line: octets if said == verb else None


def reset(verb):
    def answer(session, said, line):
        if said == verb:
            raise ConnectionResetError
    return answer


def hang(verb):
    def answer(session, said, line):
        if said == verb:
            raise Hang
    return answer


VERBS = ("BANNER", "EHLO", "MAIL", "RCPT", "DATA", "BODY")
CODES = (b"999 what\r\n", b"000 what\r\n", b"hello\r\n", b"25\r\n",
         b"250-a\r\n251 b\r\n", b"\r\n", b"334 QQ==\r\n")

# A reply of which all lines begin with the same digit is understood: it is
# mail that was taken. So is what a host adds to its answer to STARTTLS, which
# ends the attempt, and the next one goes without TLS.
TAKEN = ("code4-banner.test", "code4-ehlo.test", "code4-mail.test",
         "code4-rcpt.test", "code4-body.test", "code3-body.test", "early.test")


class Hostile(OutboundCase):

    more = "[limits]\ngrace-time = 1s\n"

    def sinks(self):
        files = make_certificate(self.tmp, "sink.test", "sink-")
        hosts = {"good.test": Sink()}
        for verb in VERBS:
            hosts[f"reset-{verb.lower()}.test"] = Sink(reset(verb))
            hosts[f"endless-{verb.lower()}.test"] = Sink(at(verb, ENDLESS))
            hosts[f"hang-{verb.lower()}.test"] = Sink(hang(verb))
            hosts[f"long-{verb.lower()}.test"] = Sink(
                at(verb, b"550 " + b"x" * 32768 + b"\r\n"))
            hosts[f"huge-{verb.lower()}.test"] = Sink(
                at(verb, b"550 " + b"x" * 65536 + b"\r\n"))
            for i, code in enumerate(CODES):
                hosts[f"code{i}-{verb.lower()}.test"] = Sink(at(verb, code))
        hosts["plain.test"] = Sink(at("TLS", b"250 not in TLS\r\n" * 50),
                                   files=files)
        hosts["early.test"] = Sink(
            at("STARTTLS", b"220 go\r\n250-injected\r\n250 AUTH\r\n"),
            files=files)
        return hosts

    def test_the_good_one_is_not_held_up(self):
        good = self.hosts["good.test"]
        bad = {n: s for n, s in self.hosts.items() if n != "good.test"}
        before = resident(self.smtpd.process.pid)
        with self.smtpd.submission() as client:
            for name in bad:
                client.sendmail(ALICE, [f"x@{name}"], mail())
            for i in range(10):
                client.sendmail(ALICE, ["x@good.test"], mail(f"good {i}"))

        until(lambda: len(good.mails) == 10, 30, self.smtpd.tail)
        until(lambda: all(sink.sessions for sink in bad.values()), 30,
              lambda: [n for n, s in bad.items() if not s.sessions])
        self.submit(["y@good.test"])
        until(lambda: len(good.mails) == 11, 30, self.smtpd.tail)
        self.assertLess(resident(self.smtpd.process.pid) - before, GROWTH)
        for name, sink in bad.items():
            if name not in TAKEN:
                self.assertEqual(sink.mails, [], name)
        for name, sink in bad.items():
            if name.startswith("endless"):
                self.assertLess(sink.sessions[0].sent, SENT_MAX, name)

    def test_each_ends_as_it_ought_to(self):
        """Put off with a reason, or returned; none is lost or stuck."""
        names = [n for n in self.hosts if not n.startswith(("good", "hang"))]
        with self.smtpd.submission() as client:
            for name in names:
                client.sendmail(ALICE, [f"x@{name}"], mail())

        def undecided():
            rows = {row["to"][2:]: row for row in self.store.json(
                "queue", "list", "--status", "all", "--limit", "500")}
            return [n for n in names
                    if rows[n]["status"] in ("waiting", "sending")
                    and not rows[n]["lastReply"]]

        until(lambda: not undecided(), 30, undecided)
        for row in self.store.json("queue", "list", "--status", "all",
                                   "--limit", "500"):
            name = row["to"][2:]
            if name.startswith("long"):
                self.assertEqual(row["status"], "failed", row)
            elif name.startswith(("reset", "endless", "huge")):
                self.assertIn(row["status"], ("waiting", "sending"), row)
            self.assertLess(len(row["lastReply"]), 2000, name)


class Raw:
    """A host without manners of its own: `talk(connection)` is all it does."""

    def __init__(self, talk):
        self.talk = talk
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.count = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.count += 1
            threading.Thread(target=self.one, args=(connection,),
                             daemon=True).start()

    def one(self, connection):
        try:
            with connection:
                connection.settimeout(2)
                self.talk(connection)
        except OSError:
            pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def begin(connection, offers=b"250-raw.test\r\n250 STARTTLS\r\n"):
    """Up to the 220 behind which TLS begins."""
    connection.sendall(b"220 raw.test\r\n")
    connection.recv(1000)
    connection.sendall(offers)
    if b"STARTTLS" in connection.recv(1000):
        connection.sendall(b"220 go\r\n")


def plain(connection):
    begin(connection)
    connection.recv(5)
    connection.sendall(b"250 no TLS here\r\n" * 1000)
    connection.recv(1000)


def garbage(connection):
    begin(connection)
    connection.sendall(b"\x16\x03\x03\xff\xff" + b"\x00" * 70000)
    connection.recv(1000)


def cut(connection):
    begin(connection)
    connection.recv(5)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))


def early(connection):
    """All that it will ever say, at once."""
    connection.sendall(b"220 raw.test\r\n" + b"250 ok\r\n" * 3
                       + b"354 go\r\n250 taken\r\n221 bye\r\n")
    while connection.recv(1000):
        pass


def drip(connection):
    """An octet at a time, but no more than that is wrong with it."""
    answers = {b"EHLO": b"250 raw.test\r\n", b"DATA": b"354 go\r\n"}
    heard = connection.makefile("rb")

    def say(octets):
        for octet in octets:
            connection.sendall(bytes([octet]))
            time.sleep(0.002)

    say(b"220 raw.test\r\n")
    while line := heard.readline():
        say(answers.get(line[:4], b"250 ok\r\n"))
        if line.startswith(b"DATA"):
            while heard.readline() not in (b".\r\n", b""):
                pass
            say(b"250 taken\r\n")


class Manners(OutboundCase):
    """What goes wrong below SMTP, or beside it."""

    more = "[limits]\ngrace-time = 1s\n"

    def sinks(self):
        return {f"{talk.__name__}.test": Raw(talk)
                for talk in (plain, garbage, cut, early, drip)}

    def test_each_is_put_off_with_a_reason(self):
        self.submit([f"x@{name}" for name in self.hosts])

        def rows():
            return {row["to"][2:-5]: row for row in self.store.json(
                "queue", "list", "--status", "all")}

        until(lambda: all(row["lastReply"] for row in rows().values()), 30,
              rows)
        self.assertEqual(rows()["drip"]["status"], "delivered")
        for name, row in rows().items():
            if name not in ("drip", "early"):  # it said that it took it
                self.assertIn(row["status"], ("waiting", "sending"), row)
        self.assertEqual(self.messages("alice"), [])


class Words(OutboundCase):
    """What they say is written down so that it does no harm."""

    RUDE = (b"550-5.7.1 \x1b[31mred\x07 \x08\x7f \xff\xfe \xc2\x85 <script>\r\n"
            b"550-5.7.1 \xe2\x80\xaeX-Evil: 1\r\n550 5.7.1 \xc3\xbc\r\n")

    def sinks(self):
        return {"rude.test": Sink(at("RCPT", self.RUDE)),
                "nul.test": Sink(at("RCPT", b"550 5.7.1 a\x00b\r\n")),
                "cr.test": Sink(at("RCPT", b"550 5.7.1 a\rX-Evil: 1\r\n")),
                "lf.test": Sink(at("RCPT", b"550 5.7.1 a\nX-Evil: 1\r\n"))}

    def is_clean(self, text):
        for octet in "\x00\x1b\x07\x08\x7f\x85\u202e":
            self.assertNotIn(octet, text)
        self.assertNotIn("\nX-Evil", text.replace("\r", "\n"))

    def test_controls_are_escaped(self):
        self.submit(["x@rude.test"])

        notice, = self.notices()

        self.is_clean(notice.as_bytes().decode("utf-8"))
        self.is_clean(notice.get_payload()[0].get_payload(
            decode=True).decode("utf-8"))
        self.is_clean(self.smtpd.log())
        self.is_clean(self.store.ctl("queue", "list", "--status", "all"))
        self.is_clean(self.store.ctl("queue", "show", "1"))
        self.assertEqual(groups(notice)[1]["status"], "5.7.1")

    def test_what_is_no_reply_ends_the_session(self):
        for name in ("nul.test", "cr.test", "lf.test"):
            self.submit([f"x@{name}"])

        rows = until(lambda: (rows := self.queue_rows()) and
                     all(row["lastReply"] for row in rows) and rows)

        self.assertEqual(len(rows), 3)
        for row in rows:
            self.is_clean(row["lastReply"])
            self.assertIn("not SMTP", row["lastReply"])
        self.is_clean(self.smtpd.log())
        self.assertEqual(self.messages("alice"), [])


if __name__ == "__main__":
    unittest.main()
