# SPDX-License-Identifier: MIT
"""Mail for here and elsewhere at once, aliases that lead outside, the way back
of what is returned, and loops."""
import os
import re
import smtplib
import socket
import unittest

from outbound_support import (ALICE, BOB, OutboundCase, groups, mail, until)
from sink import Sink
from smtpd_support import Smtpd
from support import Store


def free_port():
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Mixed(OutboundCase):

    def sinks(self):
        return {"one.test": Sink(), "two.test": Sink()}

    def arrived(self, name):
        """Recipients, as often as they got it, of all that are elsewhere."""
        return sorted(
            line.split(b"<")[1].split(b">")[0].decode()
            for sink in self.hosts.values()
            for _, _, recipients, octets in sink.mails
            if f"Subject: {name}\r".encode() in octets for line in recipients)

    def here(self, user, name):
        return sum(one["Subject"] == name for one in self.inbox(user))

    def test_all_five_survive_a_kill_behind_the_250(self):
        away = ["a@one.test", "b@one.test", "c@two.test"]
        for i in range(8):
            name = f"mixed{i}"
            with self.smtpd.submission() as client:
                client.sendmail(ALICE, [ALICE, BOB, *away], mail(name))
                self.smtpd.kill()
            self.smtpd.start()

        for i in range(8):
            name = f"mixed{i}"
            until(lambda: set(self.arrived(name)) == set(away), 30,
                  self.smtpd.tail)
            self.assertEqual(self.here("alice", name), 1, name)
            self.assertEqual(self.here("bob", name), 1, name)
            # Once, but for what was cut before its answer was read.
            self.assertLessEqual(len(self.arrived(name)), 2 * len(away))
        until(lambda: not self.queue_rows(), 30, self.queue_rows)

    def test_all_or_nothing_before_the_250(self):
        """What was cut before the end of data is nowhere."""
        client = self.smtpd.submission()
        client.ehlo()
        client.mail(ALICE)
        for to in (ALICE, BOB, "a@one.test"):
            client.rcpt(to)
        client.putcmd("data")
        client.getreply()
        client.send(mail("half"))
        self.smtpd.kill()
        client.close()
        self.smtpd.start()
        self.submit([ALICE, "b@one.test"], mail("whole"))

        until(lambda: self.arrived("whole") == ["b@one.test"])
        self.assertEqual(self.here("alice", "whole"), 1)
        self.assertEqual(self.here("alice", "half"), 0)
        self.assertEqual(self.arrived("half"), [])

    def test_bare_line_ends_never_leave(self):
        """Not by BDAT either."""
        for chunk in (b"a\nb\r\n", b"a\rb\r\n", b"a\r\n.\nb\r\n",
                      b"a\r\n.\r\r\nb\r\n", b"a\n\r\n", b"a\0b\r\n", b"a\r"):
            with self.smtpd.submission() as client:
                client.ehlo()
                client.mail(ALICE)
                client.rcpt("x@one.test")
                octets = b"Subject: bare\r\n\r\n" + chunk
                client.send(b"BDAT %d LAST\r\n" % len(octets) + octets)
                try:
                    client.getreply()
                except smtplib.SMTPException:
                    pass
        self.submit(["last@one.test"], mail("last"))

        until(lambda: self.arrived("last"))
        until(lambda: not self.queue_rows(), 30, self.queue_rows)
        for *_, octets in self.hosts["one.test"].mails:
            rest = octets.replace(b"\r\n", b"")
            self.assertIsNone(re.search(rb"[\r\n\0]", rest), octets)


def refuses_bad(session, verb, line):
    if verb == "RCPT" and b"<bad" in line:
        return b"550 5.1.1 no such user here\r\n"
    return None


class Forwarded(OutboundCase):
    """Aliases of example.test that lead to other hosts."""

    def sinks(self):
        return {"away.test": Sink(refuses_bad), "sender.test": Sink()}

    def setUp(self):
        super().setUp()
        for alias, target in (("out", "x@away.test"), ("out", BOB),
                              ("dead", "bad@away.test")):
            self.store.ctl("alias", "add", f"{alias}@example.test", target)
        self.away = self.hosts["away.test"].mails

    def from_outside(self, to, sender="joe@sender.test", octets=None):
        with self.smtpd.smtp() as client:
            return client.sendmail(sender, [to],
                                   octets or mail("in", sender=sender))

    def rewritten(self):
        """Who the sender of the mail that went away is now."""
        until(lambda: self.away, 30, self.smtpd.tail)
        return re.search(rb"FROM:<(.*?)>", self.away[-1][1])[1].decode()

    def test_one_goes_out_and_one_stays(self):
        self.from_outside("out@example.test")

        sender = self.rewritten()
        self.assertRegex(sender, r"^SRS0[=+-].*sender\.test=joe@example\.test$")
        _, _, (recipient,), octets = self.away[0]
        self.assertIn(b"<x@away.test>", recipient)
        self.assertIn(b"From: joe@sender.test", octets)  # that is theirs
        self.assertNotIn(b"DKIM-Signature", octets)      # and not ours to sign
        bob, = self.inbox("bob")
        self.assertEqual(bob["Return-Path"], "<joe@sender.test>")

    def test_what_is_returned_finds_its_way(self):
        self.from_outside("out@example.test")
        with self.smtpd.smtp() as client:
            client.sendmail("", [self.rewritten()], mail("sorry"))

        theirs = self.hosts["sender.test"].mails
        until(lambda: theirs, 30, self.smtpd.tail)
        _, sender, (recipient,), octets = theirs[0]
        self.assertTrue(sender.startswith(b"MAIL FROM:<>"))
        self.assertIn(b"<joe@sender.test>", recipient)
        self.assertIn(b"Subject: sorry", octets)

    def test_what_is_returned_to_one_of_us(self):
        """Whose mail came by from elsewhere."""
        self.from_outside("out@example.test", sender=ALICE)
        sender = self.rewritten()
        self.assertIn("example.test=alice@example.test", sender)
        with self.smtpd.smtp() as client:
            client.sendmail("", [sender], mail("sorry"))

        self.assertEqual(self.inbox()[0]["Subject"], "sorry")
        until(lambda: not self.queue_rows(), 20, self.queue_rows)

    def test_a_return_address_that_we_did_not_make(self):
        self.from_outside("out@example.test")
        sender = self.rewritten()
        forged = sender.replace("joe@", "eve@")
        with self.smtpd.smtp() as client:
            for one in (forged, sender.replace("SRS0=", "SRS0=A"),
                        "SRS0=aaaa=AA=sender.test=joe@example.test"):
                with self.assertRaises(smtplib.SMTPRecipientsRefused) as got:
                    client.sendmail("", [one], mail("spam"))
                (code, _), = got.exception.recipients.values()
                self.assertEqual(code // 100, 5)
                client.rset()

    def test_the_sender_hears_of_a_dead_target(self):
        self.from_outside("dead@example.test")

        theirs = self.hosts["sender.test"].mails
        until(lambda: theirs, 30, self.smtpd.tail)
        _, sender, (recipient,), octets = theirs[0]
        self.assertTrue(sender.startswith(b"MAIL FROM:<>"))
        self.assertIn(b"<joe@sender.test>", recipient)
        self.assertIn(b"no such user here", octets)
        until(lambda: not self.queue_rows(), 30, self.queue_rows)
        self.assertEqual(len(theirs), 1)

    def test_nobody_hears_of_what_nobody_sent(self):
        self.from_outside("dead@example.test", sender="")

        until(lambda: self.log_lines("not_delivered"), 30, self.smtpd.tail)
        until(lambda: not self.queue_rows(), 30, self.queue_rows)
        self.assertEqual(self.hosts["sender.test"].mails, [])
        self.assertEqual(self.inbox("alice") + self.inbox("bob"), [])


class Loop(OutboundCase):
    """Two stores that pass one address's mail to each other."""

    queue = ("retry-min = 1s\nretry-max = 1s\ndown-time = 1s\n")

    def sinks(self):
        return {}

    def routes(self):
        self.port, self.other_port = free_port(), free_port()
        return self.route("other.test", self.other_port)

    def route(self, domain, port):
        return (f"[route r]\nkind = relay\nhost = [127.0.0.1]\nport = {port}\n"
                f"recipients = {domain}\n")

    def setUp(self):
        super().setUp()
        # Again, at a port that the other knows.
        self.smtpd.stop()
        self.smtpd.command += ["--listen", f"smtp:127.0.0.1:{self.port}"]
        self.smtpd.start()
        folder = os.path.join(self.tmp, "other")
        os.mkdir(folder)
        other = Store(folder, accounts=())
        other.ctl("domain", "add", "other.test")
        other.ctl("alias", "add", "loop@other.test", "loop@example.test")
        self.store.ctl("alias", "add", "loop@example.test", "loop@other.test")
        zone = self.file("none.json", "{}")
        self.other = Smtpd(
            folder, other, kinds=(), config=(
                f"[resolver]\nzone-file = {zone}\n"
                f"{self.route('example.test', self.port)}[queue]\n"
                f"mta-sts = no\n{self.queue}"),
            extra=("--listen", f"smtp:127.0.0.1:{self.other_port}"))
        self.addCleanup(self.other.stop)
        self.other_store = other

    def test_it_ends_and_is_told_once(self):
        self.submit(["loop@other.test"], mail("round"))

        notice, = self.notices(1, seconds=45)

        self.assertEqual(groups(notice)[1]["action"], "failed")
        self.assertRegex(groups(notice)[1]["status"], r"^5\.4\.6|^5\.")
        until(lambda: not self.queue_rows() and
              not self.other_store.json("queue", "list"), 20)
        self.assertEqual(len(self.inbox()), 1)


if __name__ == "__main__":
    unittest.main()
