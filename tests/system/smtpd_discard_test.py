# SPDX-License-Identifier: MIT
"""smtpd without a store: what takes all mail and drops it, and what takes all
mail and puts it into a folder."""
import json
import os
import smtplib
import subprocess
import threading
import unittest

from smtpd_support import Smtpd, tool
from support import SMTPD, Case, run


class Discard(Case):

    def test_it_needs_an_address_to_listen_on_and_nothing_else(self):
        ready = os.path.join(self.tmp, "ready")
        with open(os.path.join(self.tmp, "log"), "wb") as log:
            process = subprocess.Popen(
                [SMTPD, "--discard", "--listen", "smtp:127.0.0.1:0",
                 "--hostname", "sink.example", "--ready-file", ready],
                stderr=log, stdin=subprocess.DEVNULL,
                env={"PATH": "/usr/bin:/bin"})
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        while not os.path.exists(ready):
            self.assertIsNone(process.poll())
        with open(ready, encoding="ascii") as file:
            port = int(file.read().split()[2])
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            client.sendmail("a@example.org", ["x@one.example",
                                              "y@two.example"],
                            "Subject: s\r\n\r\n" + "line\r\n" * 50000)

    def test_any_kind_of_listener_takes_all(self):
        smtpd = Smtpd(self.tmp, extra=["--discard", "--log-format", "json"])
        self.addCleanup(smtpd.stop)
        with smtpd.smtp() as client:
            client.sendmail("", ["x@one.example"] * 3, "x\r\n")
        with smtpd.submission(user="no", password="body") as client:
            client.sendmail("a@other.example", ["x@one.example"], "x\r\n")
        with smtplib.LMTP("127.0.0.1", smtpd.ports["lmtp"]) as client:
            client.sendmail("a@other.example", ["x@a.example"], "x\r\n")
        smtpd.stop()
        lines = [json.loads(line) for line in smtpd.log().splitlines()]
        taken = [line for line in lines if line["event"] == "message"]
        self.assertEqual([line["verdict"] for line in taken],
                         ["accepted"] * 3)
        self.assertEqual([line["recipients"] for line in taken], [3, 1, 1])

    def test_the_limits_hold(self):
        smtpd = Smtpd(self.tmp, extra=["--discard"], kinds=("smtp",),
                      config="[limits]\nmessage-size = 2000\n")
        self.addCleanup(smtpd.stop)
        with smtpd.smtp() as client:
            with self.assertRaises(smtplib.SMTPResponseException) as caught:
                client.sendmail("a@example.org", ["b@example.org"],
                                "x" * 70 + "\r\n" + "y" * 2000)
            self.assertEqual(caught.exception.smtp_code, 552)

    @unittest.skipUnless(tool("smtp-source"),
                         "smtp-source (of postfix) is not installed")
    def test_under_many_senders(self):
        source = tool("smtp-source")
        libraries = os.path.join(os.path.dirname(os.path.dirname(source)),
                                 "lib", "postfix")
        smtpd = Smtpd(self.tmp, extra=["--discard"], kinds=("smtp",))
        self.addCleanup(smtpd.stop)
        code, out, err = run(source, "-s", 20, "-m", 500, "-l", 10000,
                             "-f", "a@example.org", "-t", "b@example.org",
                             f"127.0.0.1:{smtpd.ports['smtp']}",
                             env={"LD_LIBRARY_PATH": libraries})
        self.assertEqual(code, 0, out + err)
        smtpd.stop()
        self.assertEqual(smtpd.log().count("verdict=accepted"), 500)


class Capture(Case):

    def setUp(self):
        super().setUp()
        self.folder = os.path.join(self.tmp, "caught")
        self.smtpd = Smtpd(self.tmp, extra=["--capture", self.folder])
        self.addCleanup(self.smtpd.stop)

    def files(self):
        found = []
        for name in sorted(os.listdir(self.folder)):
            self.assertTrue(name.endswith(".eml"), name)
            with open(os.path.join(self.folder, name), "rb") as file:
                found.append(file.read())
        return found

    def test_each_message_is_a_file_with_its_envelope(self):
        with self.smtpd.smtp() as client:
            client.sendmail("a@example.org", ["x@one.example", "y@two.example"],
                            "Subject: one\r\n\r\n.dot\r\ntext\r\n")
            client.sendmail("", ["bounce@one.example"], "Subject: two\r\n\r\n")
        with self.smtpd.submission(user="no", password="body") as client:
            client.sendmail("b@example.org", ["z@three.example"],
                            "Subject: three\r\n\r\n")
        self.assertEqual(self.files(), [
            b"Return-Path: <a@example.org>\r\n"
            b"Envelope-To: <x@one.example>\r\n"
            b"Envelope-To: <y@two.example>\r\n"
            b"Subject: one\r\n\r\n.dot\r\ntext\r\n",
            b"Return-Path: <>\r\nEnvelope-To: <bounce@one.example>\r\n"
            b"Subject: two\r\n\r\n",
            b"Return-Path: <b@example.org>\r\n"
            b"Envelope-To: <z@three.example>\r\nSubject: three\r\n\r\n"])

    def test_a_message_without_content(self):
        with self.smtpd.smtp() as client:
            client.sendmail("a@example.org", ["x@one.example"], "")
        self.assertEqual(len(self.files()), 1)

    def test_what_was_not_finished_leaves_nothing(self):
        client = self.smtpd.smtp()
        client.ehlo()
        client.mail("a@example.org")
        client.rcpt("x@one.example")
        client.docmd("DATA")
        client.send(b"Subject: half\r\n\r\n" + b"text\r\n" * 20000)
        client.close()
        with self.smtpd.smtp() as client:
            client.sendmail("a@example.org", ["x@one.example"], "whole\r\n")
        self.smtpd.stop()
        self.assertEqual(len(self.files()), 1)

    def test_large_ones_from_many_at_a_time(self):
        content = ("Subject: large\r\n\r\n" + "0123456789\r\n" * 100000)

        def send(number):
            with self.smtpd.smtp() as client:
                client.sendmail(f"{number}@example.org", ["x@one.example"],
                                content)

        senders = [threading.Thread(target=send, args=(n,)) for n in range(8)]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        found = self.files()
        self.assertEqual(len(found), 8)
        for message in found:
            self.assertTrue(message.endswith(content.encode()))
        self.assertEqual(len({m.split(b"\r\n")[0] for m in found}), 8)

    def test_swaks(self):
        code, out, _ = run("swaks", "--server",
                           f"127.0.0.1:{self.smtpd.ports['submission']}",
                           "--tls", "--auth", "PLAIN", "--auth-user", "u",
                           "--auth-password", "p", "--from", "a@example.org",
                           "--to", "anyone@any.example")
        self.assertEqual(code, 0, out)
        self.assertIn(b"Envelope-To: <anyone@any.example>", self.files()[0])


class Refused(Case):

    def test_both_at_once(self):
        code, _, err = run(SMTPD, "--discard", "--capture", self.tmp)
        self.assertEqual(code, 2)
        self.assertIn(b"--discard and --capture", err)

    def test_a_folder_that_cannot_be(self):
        path = self.file("file")
        code, _, err = run(SMTPD, "--capture", path, "--check")
        self.assertEqual(code, 1)
        self.assertIn(path.encode(), err)


if __name__ == "__main__":
    unittest.main()
