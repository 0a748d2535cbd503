# SPDX-License-Identifier: MIT
"""Signatures of submitted mail hold for dkimpy and for OpenDKIM, by the records
that mailctl says to publish."""
import base64
import json
import os
import re
import shutil
import unittest

from outbound_support import ALICE, OutboundCase, mail, until
from sink import Sink
from support import run

HERE = os.path.dirname(os.path.abspath(__file__))
HELPER = os.path.join(HERE, "dkim_check.py")
PYTHON = "/usr/bin/python3"  # the one that Debian's packages are for
OPENDKIM = shutil.which("opendkim-testmsg", path="/usr/sbin:/usr/bin")

HEAD = (f"From: {ALICE}\r\nTo: x@remote.test\r\n"
        "Date: Mon, 02 Mar 2026 10:00:00 +0000\r\n").encode()


def message(name, header=b"", body=b"One line.\r\n", head=HEAD):
    return (head + f"Message-ID: <{name}@example.test>\r\n".encode() + header
            + b"\r\n" + body)


MAILS = {
    "plain": message("plain", b"Subject: plain\r\n"),
    "folded": message("folded", b"Subject: one\r\n\ttwo\r\n   three \t four"
                      b"\r\n five\r\nReferences: <a@x>\r\n <b@x>\r\n"),
    "wide": message("wide", b"Subject:    much   room \t  here   \r\n"),
    "case": message("case", b"sUBJECT: odd\r\nMIME-VERSION: 1.0\r\n"
                    b"content-TYPE: text/plain\r\n",
                    head=HEAD.replace(b"From", b"FROM")),
    "space": message("space", b"Subject : before the colon\r\n"),
    "bare": message("bare"),
    "emptyfield": message("emptyfield", b"Subject:\r\nCc: \r\n"),
    "long": message("long", b"Subject: " + b"x" * 900 + b"\r\n"),
    "twice": message("twice", b"Subject: a\r\nComments: 1\r\nComments: 2\r\n"
                     b"X-One: 1\r\nX-One: 2\r\n"),
    "empty": message("empty", b"Subject: x\r\n", b""),
    "onlyends": message("onlyends", b"Subject: x\r\n", b"\r\n\r\n\r\n"),
    "trailing": message("trailing", b"Subject: x\r\n", b"a\r\n\r\n\r\n\r\n"),
    "blanks": message("blanks", b"Subject: x\r\n",
                      b"  a  b\t\tc  \r\n \t \r\n\r\n \r\n\t\r\n"),
    "dots": message("dots", b"Subject: x\r\n", b".\r\n..a\r\n.b\r\n"),
    "eight": message("eight", b"Subject: x\r\nMIME-Version: 1.0\r\n"
                     b"Content-Type: text/plain; charset=utf-8\r\n"
                     b"Content-Transfer-Encoding: 8bit\r\n",
                     "Grüße aus Köln\r\n".encode()),
    "wires": message("wires", b"Subject: x\r\n", (b"y" * 998 + b"\r\n") * 5),
    "big": message("big", b"Subject: x\r\n", b"0123456789abcdef\r\n" * 30000),
    "many": message("many", b"Subject: x\r\n" + b"".join(
        b"X-Field-%d: %d\r\n" % (i, i) for i in range(200))),
    "list": message("list", b"Subject: x\r\nList-Id: <l.example.test>\r\n"
                    b"List-Unsubscribe: <mailto:u@example.test>\r\n"
                    b"Reply-To: r@example.test\r\nSender: alice@example.test"
                    b"\r\nIn-Reply-To: <a@b>\r\n"),
}


def unstuffed(octets):
    """As it was before it was sent."""
    return re.sub(rb"(?m)^\.\.", b".", octets)


class Signed(OutboundCase):

    def sinks(self):
        return {"remote.test": Sink()}

    def setUp(self):
        super().setUp()
        self.mails = self.hosts["remote.test"].mails
        code, _, _ = run(PYTHON, "-c", "import dkim, nacl")
        self.has_dkimpy = code == 0

    def published(self):
        """Name -> text, from what is to be pasted into a zone."""
        zone = {}
        for line in self.store.ctl("dkim", "dns", "example.test").splitlines():
            name, _, rest = line.partition(". ")
            zone[name] = "".join(re.findall(r'"([^"]*)"', rest))
        return zone

    def send(self, octets, options=()):
        before = len(self.mails)
        with self.smtpd.submission() as client:
            client.sendmail(ALICE, ["x@remote.test"], octets, list(options))
        until(lambda: len(self.mails) > before, 30, self.smtpd.tail)
        return unstuffed(self.mails[-1][3])

    def zone_file(self):
        return self.file("keys.json", json.dumps(self.published()))

    def checked(self, mails):
        """What dkimpy says of each: [[algorithm, selector, holds], ...]."""
        if not self.has_dkimpy:
            self.skipTest("dkimpy (python3-dkim) is not there")
        code, out, err = run(
            PYTHON, HELPER, self.zone_file(), stdin=json.dumps(
                [base64.b64encode(one).decode() for one in mails]).encode())
        self.assertEqual(code, 0, err)
        return json.loads(out)

    def opendkim(self, octets):
        """What opendkim-testmsg says: (exit code, words)."""
        if OPENDKIM is None or os.geteuid() != 0:
            self.skipTest("opendkim-testmsg is not there, or we are not root")
        # It knows rsa alone and looks at the first that it finds.
        only = re.sub(rb"DKIM-Signature: v=1; a=ed25519.*?\r\n(?=\S)", b"",
                      octets, flags=re.S)
        code, out, err = run("unshare", "--mount", "--propagation", "private",
                             "--net", PYTHON, HELPER, self.zone_file(),
                             OPENDKIM, "-t", self.tmp, stdin=only)
        return code, out + err

    def send_all(self):
        with self.smtpd.submission() as client:
            for octets in MAILS.values():
                client.sendmail(ALICE, ["x@remote.test"], octets,
                                ["BODY=8BITMIME"])
        until(lambda: len(self.mails) == len(MAILS), 30, self.smtpd.tail)
        return {re.search(rb"<(\w+)@example", octets)[1].decode():
                unstuffed(octets) for *_, octets in self.mails}

    def test_all_hold_for_dkimpy(self):
        sent = self.send_all()

        self.assertEqual(set(sent), set(MAILS))
        del sent["space"]  # obsolete, and dkimpy does not read it
        for name, verdicts in zip(sent, self.checked(sent.values())):
            self.assertEqual([(a, holds) for a, _, holds in verdicts],
                             [("rsa-sha256", True), ("ed25519-sha256", True)],
                             name)

    def test_all_hold_for_opendkim(self):
        for name, octets in self.send_all().items():
            self.assertEqual(self.opendkim(octets), (0, b""), name)

    def test_what_was_changed_does_not_hold(self):
        sent = self.send(MAILS["plain"])

        changed = [
            sent.replace(b"One line", b"One lime"),
            sent.replace(b"Subject: plain", b"Subject: plainer"),
            sent.replace(b"Date: Mon", b"From: eve@evil.test\r\nDate: Mon"),
            sent + b"more\r\n",
        ]
        for verdicts in self.checked(changed):
            self.assertEqual(len(verdicts), 2)
            for verdict in verdicts:
                self.assertIsNot(verdict[2], True, verdict)
        self.assertNotEqual(self.opendkim(changed[0])[0], 0)

    def test_old_mail_holds_after_a_rotation(self):
        before = self.send(MAILS["plain"])
        self.store.ctl("dkim", "rotate", "example.test")
        after = until(lambda: (octets := self.send(MAILS["folded"])) and
                      self.selectors(octets) != self.selectors(before)
                      and octets)

        self.assertFalse(self.selectors(before) & self.selectors(after))
        for verdicts in self.checked([before, after]):
            self.assertEqual([v[2] for v in verdicts], [True, True], verdicts)
        self.assertEqual(self.opendkim(before), (0, b""))
        self.assertEqual(self.opendkim(after), (0, b""))

    def selectors(self, octets):
        return set(re.findall(rb"[; \t]s=([^;]+);", octets))

    def test_whose_key_is_gone_goes_unsigned(self):
        for key in self.store.json("dkim", "list"):
            self.store.ctl("dkim", "retire", "example.test", key["selector"])

        sent = until(lambda: (octets := self.send(mail("none"))) and
                     b"DKIM-Signature" not in octets and octets)
        self.assertIn(b"Subject: none", sent)

    def test_fields_that_must_be_signed_are(self):
        sent = self.send(MAILS["list"])

        unfolded = re.sub(rb"\r\n\s+", b" ", sent)
        for line in re.findall(rb"[ ;]h=([^;]*);", unfolded):
            names = [n.strip().lower() for n in line.split(b":")]
            for name in (b"from", b"to", b"date", b"subject", b"message-id",
                         b"reply-to", b"sender", b"in-reply-to", b"list-id",
                         b"list-unsubscribe"):
                self.assertIn(name, names)
            self.assertEqual(names.count(b"from"), 2)  # no second one is added
            self.assertNotIn(b"received", names)
            self.assertNotIn(b"return-path", names)


if __name__ == "__main__":
    unittest.main()
