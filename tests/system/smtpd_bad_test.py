# SPDX-License-Identifier: MIT
"""What can be wrong, from the command line to the disk: one clear line each,
the right exit code, and nothing lost."""
import json
import os
import smtplib
import socket
import sqlite3
import time
import unittest

from smtpd_support import (ROOT, Smtpd, SmtpdCase, make_certificate,
                           without_trace)
from support import DOMAIN, SMTPD, Case, Store, run

ALICE = f"alice@{DOMAIN}"


class Start(Case):
    """Each of these must say why and start nothing."""

    def fails(self, expect, *words, args=(), env=None):
        code, out, err = run(SMTPD, *args, env=env, timeout=30)
        text = err.decode()
        self.assertEqual(code, expect, out + err)
        self.assertEqual(text.count("\n"), 1, text)
        self.assertTrue(text.startswith("smtpd: "), text)
        for word in words:
            self.assertIn(word, text)

    def conf(self, text):
        return self.file("smtpd.conf", text)

    def test_options(self):
        for args, words in (
                (["--nonsense"], ["--nonsense", "--help"]),
                (["-v"], ["-v", "--help"]),
                (["stray"], ["stray"]),
                (["--config"], ["--config", "FILE"]),
                (["--check=yes"], ["--check"]),
                (["--listen", "smtp"], ["smtp", "KIND:ADDRESS:PORT"]),
                (["--listen", "pop3:127.0.0.1:110"], ["pop3"]),
                (["--listen", "smtp:127.0.0.1:70000"], ["70000"]),
                (["--log-level", "loud"], ["loud", "debug"]),
                (["--log-format", "xml"], ["xml", "json"])):
            with self.subTest(args):
                self.fails(2, *words, args=args)

    def test_help_and_version(self):
        code, out, _ = run(SMTPD, "--help")
        self.assertEqual(code, 0)
        for option in ("--config", "--store", "--hostname", "--listen",
                       "--discard", "--check", "--log-level", "--log-format",
                       "--ready-file"):
            self.assertIn(option.encode(), out)
        self.assertEqual(run(SMTPD, "--version")[0], 0)

    def test_config(self):
        store = Store(self.tmp)
        for text, words in (
                ("[server]\nhostnam = x\n", ["smtpd.conf:2", "hostname"]),
                ("[sever]\nhostname = x\n", ["[server]"]),
                ("[limits]\nmessage-size = huge\n", ["message-size", "huge"]),
                ("[limits]\nexempt = everybody\n", ["everybody"]),
                ("[server]\nhostname = two words\n", ["two words"]),
                ("[server]\nlisten = smtp:0.0.0.0\n", ["smtp:0.0.0.0"]),
                ("[server]\nlisten = submission:127.0.0.1:0\n",
                 ["certificate"])):
            with self.subTest(text):
                for check in ([], ["--check"]):
                    self.fails(1, *words, args=[
                        "--config", self.conf(text), "--store", store.url,
                        *check])
        self.fails(1, "/nowhere/x.conf",
                   args=["--config", "/nowhere/x.conf"])

    def test_certificate(self):
        store = Store(self.tmp)
        certificate, key = make_certificate(self.tmp)
        _, other = make_certificate(self.tmp, stem="other-")
        junk = self.file("junk.pem", b"\0\1\2")
        for cert, keyfile, words in (
                ("/nowhere/c.pem", key, ["/nowhere/c.pem", "No such file"]),
                (certificate, "/nowhere/k.pem", ["/nowhere/k.pem"]),
                (junk, key, ["junk.pem", "not a PEM certificate"]),
                (certificate, junk, ["junk.pem", "not a PEM private key"]),
                (certificate, other, ["other-key.pem", "does not belong"]),
                (certificate, "", ["certificate", "no key"])):
            with self.subTest(words):
                self.fails(1, *words, args=[
                    "--store", store.url, "--config", self.conf(
                        f"[tls]\ncertificate = {cert}\nkey = {keyfile}\n")])

    def test_check_says_ok(self):
        store = Store(self.tmp)
        certificate, key = make_certificate(self.tmp)
        conf = self.conf(f"[tls]\ncertificate = {certificate}\nkey = {key}\n"
                         "[server]\nlisten = smtp:127.0.0.1:1,"
                         " submissions:[::1]:1\n")
        code, out, err = run(SMTPD, "--check", "--config", conf, "--store",
                             store.url)
        self.assertEqual((code, out), (0, b"ok\n"), err)

    def test_the_sample_is_good(self):
        make_certificate(self.tmp)
        with open(os.path.join(ROOT, "apps", "smtpd", "smtpd.conf"),
                  encoding="ascii") as sample:
            text = sample.read().replace("/etc/smtpmail", self.tmp)
        every_key = "\n".join(
            line[2:] if line.startswith("# ") and " = " in line else line
            for line in text.splitlines())
        for variant in (text, every_key):
            code, out, err = run(SMTPD, "--check", "--discard", "--config",
                                 self.conf(variant))
            self.assertEqual((code, out), (0, b"ok\n"), err)

    def test_store(self):
        missing = os.path.join(self.tmp, "missing.db")
        self.fails(1, "missing.db", args=["--store", "sqlite:" + missing])
        self.assertFalse(os.path.exists(missing))

        foreign = self.file("foreign.db", b"this is a letter, not a store\n"
                            * 1000)
        self.fails(1, "foreign.db", args=["--store", "sqlite:" + foreign])
        with open(foreign, "rb") as file:
            self.assertTrue(file.read().startswith(b"this is a letter"))

        other = os.path.join(self.tmp, "other.db")
        with sqlite3.connect(other) as db:
            db.execute("create table shopping (item text)")
        db.close()
        self.fails(1, "other.db", args=["--store", "sqlite:" + other])

        self.fails(1, "mysql:", args=["--store", "mysql:x"])

    def test_store_of_a_newer_version(self):
        store = Store(self.tmp)
        with sqlite3.connect(store.path) as db:
            version = db.execute("pragma user_version").fetchone()[0]
            tables = [r[0] for r in db.execute(
                "select name from sqlite_master where type = 'table'")]
            if version:
                db.execute(f"pragma user_version = {version + 1000}")
            else:
                table = next(t for t in tables if "schema" in t
                             or "migration" in t)
                db.execute(f"insert into {table} select * from {table}"
                           " limit 0")
                column = db.execute(f"select * from {table}").description[0][0]
                db.execute(f"update {table} set {column} = 9999")
        db.close()
        with open(store.path, "rb") as file:
            before = file.read()
        self.fails(1, "newer", args=["--store", store.url])
        with open(store.path, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_port_taken(self):
        store = Store(self.tmp)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.fails(1, f"127.0.0.1 port {port}", "another program", args=[
                "--store", store.url, "--listen", f"smtp:127.0.0.1:{port}"])
        self.fails(1, "192.0.2.1", "does not have that address", args=[
            "--store", store.url, "--listen", "smtp:192.0.2.1:0"])

    def test_ready_file_in_no_folder(self):
        store = Store(self.tmp)
        code, _, err = run(SMTPD, "--store", store.url, "--listen",
                           "smtp:127.0.0.1:0", "--ready-file", "/nowhere/r")
        self.assertEqual(code, 1)
        self.assertIn(b"/nowhere/r", err.splitlines()[-1])


class Discard(Case):

    def test_it_takes_all_and_keeps_nothing(self):
        smtpd = Smtpd(self.tmp, extra=["--discard", "--log-format", "json"])
        self.addCleanup(smtpd.stop)
        with smtpd.smtp() as client:
            client.sendmail("a@example.org", ["anybody@any.example"] * 3,
                            "Subject: x\r\n\r\nx\r\n")
        with smtpd.submission(user="anyone", password="anything") as client:
            client.sendmail("a@example.org", ["b@any.example"], "x\r\n")
        smtpd.stop()
        lines = [json.loads(line) for line in smtpd.log().splitlines()]
        messages = [line for line in lines if line["event"] == "message"]
        self.assertEqual([m["verdict"] for m in messages], ["accepted"] * 2)
        self.assertEqual(messages[0]["recipients"], 3)


class Session(SmtpdCase):

    config = ("[limits]\nmessage-size = 100K\nrecipients = 3\n"
              "connections = 20\n")

    def test_malformed_addresses(self):
        with self.smtpd.smtp() as client:
            client.ehlo()
            for sender in ("<a b@example.org>", "<@example.org>", "<a@>",
                           "a@example.org>", "<a@-x->", "<" + "a" * 65
                           + "@example.org>", "<a@b..c>", "<a@[1.2.3]>"):
                code, text = client.docmd("MAIL FROM:" + sender)
                self.assertEqual(code // 100, 5, (sender, text))
                if client.sock is None:
                    break
            client.rset()
            self.assertEqual(client.docmd("MAIL FROM:<a@example.org>")[0],
                             250)
            for recipient in ("<>", "<alice>", "<alice@example.test",
                              "<alice@example.test> junk"):
                code, text = client.docmd("RCPT TO:" + recipient)
                self.assertEqual(code // 100, 5, (recipient, text))

    def test_oversized_lines_and_messages(self):
        with self.smtpd.smtp() as client:
            client.ehlo()
            self.assertEqual(client.docmd("NOOP " + "x" * 100000)[0], 500)
            self.assertEqual(client.docmd("NOOP")[0], 250)
            code, _ = client.docmd("MAIL FROM:<a@example.org> SIZE=200000")
            self.assertEqual(code, 552)
            with self.assertRaises(smtplib.SMTPDataError) as raised:
                client.ehlo_or_helo_if_needed()
                del client.esmtp_features["size"]
                client.sendmail("a@example.org", [ALICE],
                                b"Subject: x\r\n\r\n" + b"y" * 60000
                                + b"\r\n" + b"z" * 60000 + b"\r\n")
            self.assertEqual(raised.exception.smtp_code, 552)
            self.assertRegex(self.smtpd.log(),
                             "verdict=refused code=552 .*size exceeds")
            client.sendmail("a@example.org", [ALICE],
                            b"Subject: long\r\n\r\n" + b"y" * 90000 + b"\r\n")
        messages = self.messages("alice")
        self.assertEqual([m["subject"] for m in messages], ["long"])

    def test_bare_line_ends_and_nul(self):
        for ending in (b"\nx", b"\rx", b"\0", b"\n.\nMAIL FROM:<x@y.example>"):
            with self.smtpd.smtp() as client:
                client.ehlo()
                client.mail("a@example.org")
                client.rcpt(ALICE)
                client.docmd("DATA")
                client.send(b"Subject: smuggled\r\n\r\na" + ending
                            + b"\r\n.\r\n")
                self.assertEqual(client.getreply()[0], 550)
        self.assertEqual(self.messages("alice"), [])

    def test_too_many_recipients_and_connections(self):
        with self.smtpd.smtp() as client:
            client.ehlo()
            client.mail("a@example.org")
            for _ in range(3):
                self.assertEqual(client.rcpt(ALICE)[0], 250)
            self.assertEqual(client.rcpt(ALICE)[0], 452)
        clients = [self.smtpd.smtp() for _ in range(20)]
        with self.assertRaises(smtplib.SMTPConnectError) as raised:
            self.smtpd.smtp()
        self.assertEqual(raised.exception.smtp_code, 421)
        for client in clients:
            client.close()

    def test_garbage_instead_of_a_handshake(self):
        for kind in ("submissions", "smtp"):
            sock = socket.create_connection(
                ("127.0.0.1", self.smtpd.ports[kind]), timeout=20)
            if kind == "smtp":
                sock.recv(1000)
                sock.sendall(b"EHLO x\r\nSTARTTLS\r\n")
                time.sleep(0.2)
            sock.sendall(b"\x16\x03\x01" + os.urandom(5000))
            try:
                while sock.recv(4096):
                    pass
            except OSError:
                pass
            sock.close()
        self.smtpd.smtp().quit()

    def test_strangers_who_come_and_go(self):
        for number in range(200):
            sock = socket.create_connection(
                ("127.0.0.1", self.smtpd.ports["smtp"]), timeout=20)
            if number % 3 == 0:
                sock.recv(1000)
            if number % 3 == 1:
                sock.sendall(os.urandom(1000))
            sock.close()
        deadline = time.monotonic() + 20
        while True:
            try:
                self.smtpd.smtp().quit()
                break
            except smtplib.SMTPException:
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.05)


def mount(path, *options):
    return run("mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs",
               path)[0] == 0


class Disk(Case):
    """A disk that fills up: mail is refused for now, none is lost, and it
    goes on by itself when there is room again."""

    def disk(self, *options):
        folder = os.path.join(self.tmp, "disk")
        os.mkdir(folder)
        if os.getuid() != 0 or not mount(folder, *options):
            self.skipTest("mounting a small tmpfs needs root")
        self.addCleanup(run, "umount", "-l", folder)
        return folder

    def fill(self, smtpd, size):
        """Send until one is refused; what was taken, and the refusal."""
        taken = []
        for number in range(3000):
            content = (f"Subject: {number}\r\n\r\n".encode()
                       + (b"x" * 76 + b"\r\n") * (size // 78 + 1))
            try:
                with smtpd.smtp(timeout=60) as client:
                    client.sendmail("a@example.org", [ALICE], content)
                taken.append(content)
            except smtplib.SMTPResponseException as failure:
                return taken, failure
            except smtplib.SMTPRecipientsRefused as failure:
                code, text = failure.recipients[ALICE]
                return taken, smtplib.SMTPResponseException(code, text)
        self.fail("the disk never filled up")

    def stored(self, store):
        return [without_trace(store.run("message", "raw", ALICE,
                                        message["id"])[1])
                for message in store.json("message", "list", ALICE)]

    def goes_on(self, smtpd, store, taken):
        deadline = time.monotonic() + 30
        last = b"Subject: at last\r\n\r\nx\r\n"
        while True:
            try:
                with smtpd.smtp(timeout=60) as client:
                    client.sendmail("a@example.org", [ALICE], last)
                break
            except smtplib.SMTPException:
                self.assertLess(time.monotonic(), deadline, smtpd.log())
                time.sleep(0.2)
        self.assertEqual(sorted(self.stored(store)), sorted([*taken, last]))
        self.assertEqual(store.run("store", "check")[0], 0)

    def check_full(self, size, ballast, options):
        disk = self.disk(*options)
        store = Store(disk)
        ballast(disk)
        smtpd = Smtpd(self.tmp, store)
        self.addCleanup(smtpd.stop)

        taken, failure = self.fill(smtpd, size)

        self.assertEqual(failure.smtp_code // 100, 4, failure)
        for name in os.listdir(disk):
            if name.startswith("ballast"):
                os.unlink(os.path.join(disk, name))
        self.goes_on(smtpd, store, taken)

    def weigh(self, disk):
        with open(os.path.join(disk, "ballast"), "wb") as file:
            file.write(b"\0" * 6000000)

    def test_full_with_small_messages(self):
        self.check_full(20000, self.weigh, ["size=16m"])

    def test_full_with_large_messages(self):
        self.check_full(500000, self.weigh, ["size=16m"])

    def test_no_inodes(self):
        def use_up(disk):
            number = 0
            try:
                while True:
                    open(os.path.join(disk, f"ballast{number}"), "wb").close()
                    number += 1
            except OSError:
                for i in range(4):
                    os.unlink(os.path.join(disk, f"ballast{number - 1 - i}"))

        self.check_full(100000, use_up, ["size=64m", "nr_inodes=200"])


if __name__ == "__main__":
    unittest.main()
