# SPDX-License-Identifier: MIT
"""Mail from real clients arrives, byte for byte."""
import base64
import email
import email.policy
import os
import random
import shutil
import signal
import smtplib
import socket
import threading
import time
import unittest
from email.message import EmailMessage

from smtpd_support import (SmtpdCase, make_certificate, tool, trust,
                           without_trace)
from support import DOMAIN, run

ALICE, BOB = f"alice@{DOMAIN}", f"bob@{DOMAIN}"


def on_wire(message):
    """The message as smtplib sends it."""
    return message.as_bytes(policy=email.policy.SMTP)


class Clients(SmtpdCase):

    def only(self, user):
        """The one message that `user` has."""
        messages = self.messages(user)
        self.assertEqual(len(messages), 1, messages)
        return self.raw(user, messages[0])

    @unittest.skipUnless(tool("swaks"), "swaks is not installed")
    def test_swaks_with_a_binary_attachment(self):
        blob = random.Random(1).randbytes(300000)
        path = self.file("blob.bin", blob)

        code, out, err = run("swaks", "--server", "127.0.0.1", "--port",
                             self.smtpd.ports["smtp"], "--from",
                             "sender@example.org", "--to", ALICE,
                             "--header", "Subject: with a blob",
                             "--attach", "@" + path)

        self.assertEqual(code, 0, out + err)
        parsed = email.message_from_bytes(self.only("alice"))
        self.assertEqual(parsed["Return-Path"], "<sender@example.org>")
        self.assertIn(f"for <{ALICE}>", parsed["Received"])
        parts = [p.get_payload(decode=True) for p in parsed.walk()
                 if not p.is_multipart()]
        self.assertIn(blob, parts)

    def test_smtplib_multipart_with_utf8(self):
        message = EmailMessage()
        message["From"] = "sender@example.org"
        message["To"] = ALICE
        message["Subject"] = "Grüße, 中文 und Ελληνικά"
        message.set_content("Zeile eins\nstraße ☃\n.\n..\n.dot at the start\n")
        message.add_alternative("<p>straße ☃</p>", subtype="html")
        message.add_attachment(os.urandom(70000), maintype="application",
                               subtype="octet-stream", filename="ü.bin")
        for number, part in enumerate(message.walk()):
            if part.is_multipart():
                part.set_boundary(f"boundary-{number}")

        with self.smtpd.smtp() as client:
            client.send_message(message)

        self.assertEqual(without_trace(self.only("alice")), on_wire(message))

    def test_eight_bit_content_is_untouched(self):
        octets = bytes(b for b in range(1, 256) if b not in (10, 13))
        message = (b"Subject: 8bit\r\nMIME-Version: 1.0\r\n"
                   b"Content-Transfer-Encoding: 8bit\r\n\r\n"
                   + octets + b"\r\n.\r\n..\r\n" + octets + b"\r\n")

        with self.smtpd.smtp() as client:
            client.sendmail("a@example.org", [ALICE], message,
                            mail_options=["BODY=8BITMIME"])

        self.assertEqual(without_trace(self.only("alice")), message)

    @unittest.skipUnless(tool("curl"), "curl is not installed")
    def test_curl_with_starttls_and_auth(self):
        content = (b"From: alice <alice@example.test>\r\nTo: bob\r\n"
                   b"Date: Mon, 23 Nov 2026 01:26:00 +0000\r\n"
                   b"Message-ID: <1@example.test>\r\n"
                   b"Subject: by curl\r\n\r\nwords\r\n")
        path = self.file("mail.eml", content)

        code, out, err = run(
            "curl", "-sS", "--url",
            f"smtp://127.0.0.1:{self.smtpd.ports['submission']}",
            "--ssl-reqd", "--cacert", self.smtpd.certificate,
            "--user", f"{ALICE}:alice-secret", "--mail-from", ALICE,
            "--mail-rcpt", BOB, "--upload-file", path)

        self.assertEqual(code, 0, out + err)
        stored = self.only("bob")
        self.assertEqual(without_trace(stored), content)
        self.assertIn(b"with ESMTPSA", stored)

    @unittest.skipUnless(tool("msmtp"), "msmtp is not installed")
    def test_msmtp_through_submission(self):
        for kind, starttls in (("submission", "on"), ("submissions", "off")):
            with self.subTest(kind):
                rc = self.file("msmtprc", "\n".join([
                    "account default", "host localhost",
                    f"port {self.smtpd.ports[kind]}", "tls on",
                    f"tls_starttls {starttls}",
                    f"tls_trust_file {self.smtpd.certificate}", "auth on",
                    f"user {ALICE}", "password alice-secret",
                    f"from {ALICE}", ""]))
                os.chmod(rc, 0o600)
                before = len(self.messages("bob"))

                code, out, err = run(
                    "msmtp", "-C", rc, BOB,
                    stdin=b"Subject: by msmtp\n\nwords\n")

                self.assertEqual(code, 0, out + err)
                self.assertEqual(len(self.messages("bob")), before + 1)

    @unittest.skipUnless(tool("smtp-source"),
                         "smtp-source (of postfix) is not installed")
    def test_smtp_source_with_64_sessions(self):
        source = tool("smtp-source")
        libraries = os.path.join(os.path.dirname(source), "..", "lib",
                                 "postfix")

        code, out, err = run(
            source, "-s", "64", "-m", "2000", "-l", "3000", "-f",
            "load@example.org", "-t", BOB,
            f"127.0.0.1:{self.smtpd.ports['smtp']}",
            env={"LD_LIBRARY_PATH": libraries}, timeout=120)

        self.assertEqual(code, 0, out + err)
        self.assertEqual(len(self.messages("bob")), 2000)
        self.assertEqual(self.smtpd.log().count(" verdict=stored "), 2000)

    def test_submission_mends_the_header(self):
        with self.smtpd.submission() as client:
            client.sendmail(ALICE, [BOB],
                            "From: alice\r\nBcc: carol@example.test,\r\n"
                            " dave@example.test\r\nSubject: x\r\n\r\nBcc: y\r\n")

        stored = self.only("bob")
        parsed = email.message_from_bytes(stored)
        self.assertIsNotNone(parsed["Date"])
        self.assertRegex(parsed["Message-ID"],
                         r"^<[0-9a-f]{32}@mail\.example\.test>$")
        self.assertNotIn(b"carol", stored)
        self.assertNotIn(b"dave", stored)
        self.assertTrue(stored.endswith(b"\r\n\r\nBcc: y\r\n"))

    def test_several_recipients_get_one_copy_each(self):
        self.store.ctl("alias", "add", f"both@{DOMAIN}", ALICE)
        self.store.ctl("alias", "add", f"both@{DOMAIN}", BOB)

        with self.smtpd.smtp() as client:
            refused = client.sendmail(
                "a@example.org",
                [f"both@{DOMAIN}", ALICE, f"alice+x@{DOMAIN}", "POSTMASTER",
                 f"abuse@{DOMAIN}", BOB, f"nobody@{DOMAIN}"],
                "Subject: to all\r\n\r\nx\r\n")

        self.assertEqual(list(refused), [f"nobody@{DOMAIN}"])
        self.assertEqual(refused[f"nobody@{DOMAIN}"][0], 550)
        self.assertNotIn(b" for <", self.only("alice"))
        self.assertEqual(without_trace(self.only("alice")),
                         without_trace(self.only("bob")))

    def test_lmtp_answers_for_each(self):
        with smtplib.LMTP("127.0.0.1", self.smtpd.ports["lmtp"]) as client:
            client.ehlo()
            client.mail("a@example.org")
            for recipient in (ALICE, BOB):
                self.assertEqual(client.rcpt(recipient)[0], 250)
            self.assertEqual(client.docmd("DATA")[0], 354)
            client.send(b"Subject: by LMTP\r\n\r\nx\r\n.\r\n")
            for _ in range(2):
                self.assertEqual(client.getreply()[0], 250)
        self.assertIn(b"with LMTP", self.only("alice"))
        self.assertEqual(len(self.messages("bob")), 1)

    def test_sizes_around_every_border(self):
        """What stays in memory, what goes to a file; buffers in between."""
        sizes = [0, 1, 4095, 4096, 16384, 65000, 65535, 65536, 65537, 131072,
                 1000000, 20000000]
        sent = []

        with self.smtpd.smtp(timeout=120) as client:
            for size in sizes:
                line = b"%076d\r\n" % size
                body = (line * (size // 78 + 1))[:max(size - 2, 0)]
                content = b"Subject: %d\r\n\r\n%s\r\n" % (
                    size, body.replace(b"\r", b"x").replace(b"\n", b"y")
                    if size < 900 else
                    b"\r\n".join(body[i:i + 900].replace(b"\r", b"x")
                                 .replace(b"\n", b"y")
                                 for i in range(0, len(body), 900)))
                client.sendmail("a@example.org", [ALICE], content)
                sent.append(content)

        stored = [without_trace(self.raw("alice", message))
                  for message in self.messages("alice")]
        self.assertEqual(sorted(map(len, stored)), sorted(map(len, sent)))
        self.assertEqual(set(stored), set(sent))

    def test_tls_and_clear_give_the_same_bytes(self):
        content = (b"Subject: x\r\n\r\n"
                   + base64.encodebytes(os.urandom(3000000))
                   .replace(b"\n", b"\r\n"))
        with self.smtpd.smtp() as client:
            client.sendmail("a@example.org", [ALICE], content)
        with self.smtpd.smtp() as client:
            client.starttls(context=trust())
            client.sendmail("a@example.org", [ALICE], content)

        one, two = (self.raw("alice", m) for m in self.messages("alice"))
        self.assertEqual(without_trace(one), content)
        self.assertEqual(without_trace(two), content)
        self.assertNotEqual(b"with ESMTPS" in one, b"with ESMTPS" in two)


class Rules(SmtpdCase):

    def test_nobody_relays(self):
        with self.smtpd.smtp() as client:
            client.ehlo()
            client.mail(ALICE)
            for recipient in ("x@example.org", f"x%example.org@{DOMAIN}",
                              "x@example.test.example.org"):
                code, text = client.rcpt(recipient)
                self.assertIn(code, (550, 554), (recipient, text))
            self.assertNotIn("auth", client.esmtp_features)

    def test_submission_wants_tls_then_a_login_then_an_own_address(self):
        with smtplib.SMTP("127.0.0.1", self.smtpd.ports["submission"]) as c:
            c.ehlo()
            self.assertNotIn("auth", c.esmtp_features)
            self.assertEqual(c.docmd("AUTH", "PLAIN AGEAYg==")[0] // 100, 5)
            self.assertEqual(c.mail(ALICE)[0], 530)
            c.starttls(context=trust())
            c.ehlo()
            self.assertIn("auth", c.esmtp_features)
            self.assertEqual(c.mail(ALICE)[0], 530)
            c.login(ALICE, "alice-secret")
            self.assertEqual(c.mail(BOB)[0], 550)
            self.assertEqual(c.mail(ALICE)[0], 250)
            self.assertEqual(c.rcpt("x@elsewhere.example")[0], 250)
            self.assertEqual(c.rcpt(f"nobody@{DOMAIN}")[0], 550)
            self.assertEqual(c.rcpt(BOB)[0], 250)

    def test_what_was_pipelined_behind_starttls_is_dropped(self):
        sock = socket.create_connection(
            ("127.0.0.1", self.smtpd.ports["smtp"]), timeout=20)
        reader = sock.makefile("rb")
        self.assertEqual(reader.readline()[:3], b"220")
        sock.sendall(b"EHLO x\r\n")
        while reader.readline()[3:4] == b"-":
            pass
        sock.sendall(b"STARTTLS\r\nMAIL FROM:<injected@example.org>\r\n")
        self.assertEqual(reader.readline()[:3], b"220")
        with trust().wrap_socket(sock, server_hostname="x") as secure:
            secure.sendall(b"EHLO x\r\nMAIL FROM:<own@example.org>\r\n")
            replies = b""
            while b"250 2.1.0" not in replies:
                replies += secure.recv(4096)
            self.assertTrue(replies.startswith(b"250-mail.example.test"))

    def test_a_new_certificate_comes_with_sighup(self):
        certificate, key = make_certificate(self.tmp, "localhost", "new-")
        shutil.copy(certificate, self.smtpd.certificate)
        shutil.copy(key, self.smtpd.key)
        old = self.smtpd.submission()

        self.smtpd.signal(signal.SIGHUP)

        deadline = time.monotonic() + 10
        while "reloaded" not in self.smtpd.log():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        with smtplib.SMTP("localhost",
                          self.smtpd.ports["submission"]) as client:
            client.starttls(context=trust(certificate))
        old.sendmail(ALICE, [BOB], "Subject: on the old one\r\n\r\n")
        old.quit()

    def test_a_bad_certificate_does_not_replace_a_good_one(self):
        with open(self.smtpd.key, "w", encoding="ascii") as key:
            key.write("no key at all\n")

        self.smtpd.signal(signal.SIGHUP)

        deadline = time.monotonic() + 10
        while "reload_failed" not in self.smtpd.log():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        self.smtpd.submission().quit()

    def test_mailctl_works_while_mail_comes(self):
        """Also in the moments when the log is copied into the database."""
        over = threading.Event()
        failures, calls = [], [0]

        def send():
            with self.smtpd.smtp() as client:
                while not over.is_set():
                    client.sendmail("a@example.org", [ALICE],
                                    "Subject: x\r\n\r\n" + "y\r\n" * 5000)

        def ask():
            while not over.is_set():
                code, out, err = self.store.run("account", "show", BOB)
                calls[0] += 1
                if code != 0:
                    failures.append((code, out, err))

        threads = [threading.Thread(target=target)
                   for target in [send] * 4 + [ask] * 4]
        for thread in threads:
            thread.start()
        time.sleep(5)
        over.set()
        for thread in threads:
            thread.join()

        self.assertEqual(failures, [])
        self.assertGreater(calls[0], 10)

    def test_thirty_two_at_once(self):
        failures = []

        def send(number):
            try:
                with self.smtpd.smtp() as client:
                    for i in range(5):
                        client.sendmail("a@example.org", [ALICE, BOB],
                                        f"Subject: {number}/{i}\r\n\r\nx\r\n")
            except Exception as failure:  # noqa: the test reports it
                failures.append(failure)

        threads = [threading.Thread(target=send, args=(n,)) for n in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        self.assertEqual(failures, [])
        self.assertEqual(len(self.messages("alice")), 160)
        self.assertEqual(len(self.messages("bob")), 160)
        code, out, err = self.store.run("store", "check")
        self.assertEqual(code, 0, out + err)


if __name__ == "__main__":
    unittest.main()
