# SPDX-License-Identifier: MIT
"""mailctl from outside: every verb, with and without --json, exit codes, bad
input, passwords, many at once."""
import base64
import json
import os
import pty
import re
import subprocess
import sys
import unittest

import support
from support import MAILCTL, Case, Store

MESSAGE = (b"From: =?UTF-8?Q?Zo=C3=AB?= <zoe@example.org>\r\n"
           b"To: alice@example.test\r\n"
           b"Subject: Report \x1b[31mred\r\n"
           b"Date: Mon, 23 Nov 2026 01:00:00 +0000\r\n"
           b"Message-ID: <one@example.org>\r\n"
           b"MIME-Version: 1.0\r\n"
           b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
           b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
           b"Hello\r\n\x1b[2Jworld \xe6\x9d\xb1\r\n"
           b"--b\r\nContent-Type: application/pdf\r\n"
           b"Content-Disposition: attachment; filename=\"x.pdf\"\r\n"
           b"Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\n")

RFC3339 = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


def error(output):
    """The error that --json puts on standard error."""
    return json.loads(output)["error"]


class Domains(Case):
    def test_are_added_listed_and_removed(self):
        store = Store(self.tmp, accounts=())
        self.assertIn("added", store.ctl("domain", "add", "Example.TEST"))
        rows = store.json("domain", "list")
        self.assertEqual([r["name"] for r in rows], ["example.test"])
        self.assertEqual(sorted(rows[0]),
                         ["accounts", "createdAt", "id", "name"])
        self.assertIsInstance(rows[0]["id"], str)
        self.assertRegex(rows[0]["createdAt"], RFC3339)
        self.assertIn("example.test", store.ctl("domain", "list"))
        store.ctl("domain", "add", "example.test", expect=4)
        store.ctl("domain", "add", "not a domain", expect=1)
        store.ctl("domain", "remove", "example.test")
        store.ctl("domain", "remove", "example.test", expect=3)
        self.assertEqual(store.json("domain", "list"), [])

    def test_stay_while_they_are_used(self):
        store = Store(self.tmp)
        code, _, err = store.run("domain", "remove", "example.test", "--json")
        self.assertEqual(code, 1)
        self.assertEqual(error(err)["code"], "notPossible")

    def test_are_limited_by_limit(self):
        store = Store(self.tmp, accounts=())
        for name in ("a.test", "b.test", "c.test"):
            store.ctl("domain", "add", name)
        self.assertEqual(len(store.json("domain", "list", "--limit", "2")), 2)
        self.assertEqual(len(store.json("--limit=1", "domain", "list")), 1)


class Accounts(Case):
    def test_are_added_shown_and_listed(self):
        store = Store(self.tmp)
        added = store.json("account", "add", "Carol@Example.test", "--name",
                           "Carol Ä", "--quota", "5M", "--no-password")
        self.assertEqual(added["address"], "carol@example.test")
        self.assertEqual(added["quotaBytes"], 5 << 20)
        self.assertFalse(added["hasPassword"])
        self.assertFalse(added["admin"])
        shown = store.json("account", "show", "carol@example.test")
        self.assertEqual(shown, added)
        rows = store.json("account", "list")
        self.assertEqual([r["address"] for r in rows],
                         ["alice@example.test", "bob@example.test",
                          "carol@example.test"])
        self.assertTrue(rows[0]["admin"])
        self.assertTrue(rows[0]["hasPassword"])
        table = store.ctl("account", "list").splitlines()
        self.assertEqual(len(table), 4)
        self.assertEqual(table[0].split()[:3], ["id", "address", "name"])
        self.assertIn("name:        Carol Ä",
                      store.ctl("account", "show", "carol@example.test"))

    def test_that_cannot_be_are_refused(self):
        store = Store(self.tmp)
        for address, code, name in (
                ("alice@example.test", 4, "alreadyExists"),
                ("x@example.org", 3, "notFound"),
                ("postmaster@example.test", 1, "invalidArguments"),
                ("nonsense", 1, "invalidArguments"),
                ("zoë@exa_mple.test", 1, "invalidArguments")):
            got, out, err = store.run("account", "add", address,
                                      "--no-password", "--json")
            self.assertEqual((got, out), (code, b""), address)
            self.assertEqual(error(err)["code"], name)
        _, _, err = store.run("account", "add", "x@example.org",
                              "--no-password")
        self.assertIn(b"there is no domain example.org", err)
        self.assertTrue(err.startswith(b"mailctl: "))

    def test_have_mailboxes(self):
        store = Store(self.tmp)
        rows = store.json("mailbox", "list", "alice@example.test")
        self.assertEqual(sorted(r["path"] for r in rows),
                         ["Archive", "Drafts", "Inbox", "Junk", "Sent",
                          "Trash"])
        self.assertEqual(sorted(r["role"] for r in rows),
                         ["archive", "drafts", "inbox", "junk", "sent",
                          "trash"])
        store.ctl("account", "add", "bare@example.test", "--bare",
                  "--no-password")
        rows = store.json("mailbox", "list", "bare@example.test")
        self.assertEqual([r["path"] for r in rows], ["Inbox"])

    def test_are_disabled_enabled_and_removed(self):
        store = Store(self.tmp)
        bob = "bob@example.test"
        store.ctl("account", "disable", bob)
        self.assertTrue(store.json("account", "show", bob)["disabled"])
        self.assertEqual(store.json("account", "enable", bob)["address"], bob)
        self.assertFalse(store.json("account", "show", bob)["disabled"])
        store.put(bob, MESSAGE)
        store.ctl("alias", "add", "sales@example.test", bob)
        store.ctl("account", "remove", bob)
        self.assertEqual(store.json("alias", "list"), [])
        for verb in ("show", "disable", "enable", "remove"):
            store.ctl("account", verb, bob, expect=3)
        self.assertEqual(store.json("store", "check")["faults"], 0)
        self.assertEqual(store.json("store", "stats")["emails"], 0)


    def test_are_renamed(self):
        store = Store(self.tmp)
        bob, robert = "bob@example.test", "robert@example.test"
        store.put(bob, MESSAGE)
        was = store.json("account", "show", bob)
        now = store.json("account", "rename", bob, robert)
        self.assertEqual(now, {**was, "address": robert})
        self.assertEqual(store.json("alias", "list"),
                         [{"address": bob, "target": robert}])
        store.ctl("account", "show", bob, expect=3)
        store.ctl("account", "rename", robert, "alice@example.test", expect=4)
        store.ctl("account", "rename", robert, "info@example.test", expect=1)
        store.ctl("account", "rename", robert, bob, "--drop-old")
        self.assertEqual(store.json("alias", "list"), [])
        self.assertEqual(store.json("account", "show", bob)["emails"], 1)
        self.assertEqual(store.json("store", "check")["faults"], 0)

    def test_are_changed(self):
        store = Store(self.tmp)
        bob = "bob@example.test"
        now = store.json("account", "set", bob, "--name", "Bob B",
                         "--quota-bytes", "1G", "--quota-emails", "20",
                         "--admin")
        self.assertEqual((now["name"], now["quotaBytes"], now["quotaEmails"],
                          now["admin"]), ("Bob B", 1 << 30, 20, True))
        now = store.json("account", "set", bob, "--quota-bytes", "0")
        self.assertEqual((now["name"], now["quotaBytes"], now["quotaEmails"]),
                         ("Bob B", 0, 20))
        store.ctl("account", "set", bob, expect=2)
        store.ctl("account", "set", bob, "--admin", "--no-admin", expect=2)
        store.ctl("account", "set", bob, "--quota-emails", "x", expect=2)
        store.ctl("account", "set", bob, "--quota-bytes", "x", expect=2)
        store.ctl("account", "set", bob, "--no-admin")
        code, _, err = store.run("account", "set", "alice@example.test",
                                 "--no-admin", "--json")
        self.assertEqual((code, error(err)["code"]), (1, "notPossible"))


class Identities(Case):
    def test_are_added_listed_changed_and_removed(self):
        store = Store(self.tmp)
        alice = "alice@example.test"
        first = store.json("identity", "list", alice)
        self.assertEqual([i["address"] for i in first], [alice])
        store.ctl("alias", "add", "sales@example.test", alice)
        made = store.json("identity", "add", alice, "sales@example.test",
                          "--name", "Sales", "--reply-to",
                          "Alice <alice@example.test>, bob@example.test",
                          "--signature-file", "-", stdin=b"-- \nThe team\n")
        self.assertEqual(made["name"], "Sales")
        self.assertEqual(made["textSignature"], "-- \nThe team\n")
        self.assertEqual(made["replyTo"],
                         '"Alice" <alice@example.test>, bob@example.test')
        changed = store.json("identity", "set", alice, made["id"], "--name",
                             "Sale", "--reply-to", "")
        self.assertEqual((changed["name"], changed["replyTo"]), ("Sale", ""))
        self.assertEqual(changed["textSignature"], "-- \nThe team\n")
        self.assertIn("sales@example.test",
                      store.ctl("identity", "list", alice))
        store.ctl("identity", "remove", alice, made["id"])
        store.ctl("identity", "remove", alice, made["id"], expect=3)
        store.ctl("identity", "remove", alice, first[0]["id"], expect=1)

    def test_that_make_no_sense_are_refused(self):
        store = Store(self.tmp)
        alice = "alice@example.test"
        store.ctl("identity", "add", alice, "bob@example.test", expect=1)
        store.ctl("identity", "add", alice, "x", expect=1)
        store.ctl("identity", "add", alice, "--bcc", "nobody", expect=1)
        store.ctl("identity", "add", alice, "--signature-file",
                  "/nonexistent", expect=3)
        store.ctl("identity", "add", "nobody@example.test", expect=3)
        store.ctl("identity", "set", alice, "1x", "--name", "x", expect=2)
        store.ctl("identity", "set", alice, "99", "--name", "x", expect=3)
        store.ctl("identity", "set", alice, "1", expect=2)
        for size, code in ((65535, 0), (65536, 0), (65537, 1)):
            path = self.file("signature", b"x" * size)
            store.ctl("identity", "add", alice, "--html-signature-file", path,
                      expect=code)
        path = self.file("signature", b"a\0b")
        store.ctl("identity", "add", alice, "--signature-file", path, expect=1)


class Passwords(Case):
    def test_come_from_a_pipe_or_a_file(self):
        store = Store(self.tmp)
        path = self.file("secret", "a password\nmore\n")
        store.ctl("account", "add", "carol@example.test", "--password-file",
                  path)
        self.assertTrue(
            store.json("account", "show", "carol@example.test")["hasPassword"])
        store.ctl("account", "passwd", "carol@example.test",
                  "--password-stdin", stdin=b"another password")
        store.ctl("account", "passwd", "nobody@example.test",
                  "--password-stdin", stdin=b"another password", expect=3)

    def test_that_are_none_are_refused(self):
        store = Store(self.tmp)
        add = ("account", "add", "carol@example.test")
        for stdin in (b"", b"\n", b"short\n", b"x" * 1025 + b"\n"):
            store.ctl(*add, "--password-stdin", stdin=stdin, expect=1)
        store.ctl(*add, "--password-file", "/nonexistent", expect=3)
        store.ctl(*add, "--password-file", self.tmp, expect=1)
        store.ctl("account", "show", "carol@example.test", expect=3)
        store.ctl(*add, "--password-stdin", stdin=b"x" * 1024 + b"\r\n")

    def test_are_never_arguments(self):
        store = Store(self.tmp)
        add = ("account", "add", "carol@example.test")
        for words in (("--password", "sesame123"), ("--password=sesame123",),
                      ("sesame123",)):
            code, out, err = store.run(*add, *words)
            self.assertEqual((code, out), (2, b""))
            self.assertIn(b"--password-stdin", err)
            self.assertNotIn(b"sesame123", err)
        store.ctl("account", "passwd", "alice@example.test", "sesame123",
                  expect=2)

    def test_app_passwords(self):
        store = Store(self.tmp)
        alice = "alice@example.test"
        words = ("account", "app-password")
        made = store.json(*words, "add", alice, "phone")
        self.assertEqual(made["name"], "phone")
        self.assertRegex(made["password"], r"\A(?:[a-z2-9]{4}-){6}[a-z2-9]{4}\Z")
        store.ctl(*words, "add", alice, "phone", "--expires", "90d")
        listed = store.json(*words, "list", alice)
        self.assertEqual([p["name"] for p in listed], ["phone", "phone"])
        self.assertNotIn(made["password"], str(listed))
        self.assertIsNone(listed[0]["expires_at"])
        self.assertIsNotNone(listed[1]["expires_at"])
        store.ctl(*words, "remove", alice, "phone", expect=1)
        store.ctl(*words, "remove", alice, str(made["id"]))
        store.ctl(*words, "remove", alice, "phone")
        store.ctl(*words, "remove", alice, "phone", expect=3)
        store.ctl(*words, "remove", alice, "12345", expect=3)
        self.assertEqual(store.json(*words, "list", alice), [])
        store.ctl(*words, "list", "nobody@example.test", expect=3)
        store.ctl(*words, "add", alice, expect=2)
        store.ctl(*words, "make", alice, "x", expect=2)
        store.ctl(*words, "add", alice, "x", "--expires", "soon", expect=2)
        store.ctl(*words, "add", alice, "", expect=1)
        store.ctl(*words, "add", alice, "x", "--scope", "imap", expect=2)
        for scope in ("smtp", "jmap", "all"):
            store.ctl(*words, "add", alice, scope, "--scope", scope)
        store.ctl(*words, "add", alice, "none given")
        self.assertEqual([p["scope"] for p in store.json(*words, "list",
                                                         alice)],
                         ["smtp", "jmap", "all", "all"])

    def test_need_a_terminal_or_an_option(self):
        store = Store(self.tmp)
        code, _, err = store.run("account", "add", "carol@example.test")
        self.assertEqual(code, 2)
        self.assertIn(b"--password-stdin", err)
        self.assertIn(b"--no-password", err)
        code, _, err = store.run("account", "passwd", "alice@example.test")
        self.assertEqual(code, 2)
        self.assertNotIn(b"--no-password", err)
        store.ctl("account", "add", "carol@example.test", "--no-password",
                  "--password-stdin", stdin=b"12345678", expect=2)
        store.ctl("account", "passwd", "alice@example.test",
                  "--password-stdin", "--password-file", "x", expect=2)

    def at_terminal(self, store, *keys):
        """`account passwd` on a terminal: exit code, what was to be seen."""
        pid, fd = pty.fork()
        if pid == 0:
            os.execv(MAILCTL, [MAILCTL, "--store", store.url, "account",
                               "passwd", "alice@example.test"])
        seen = b""
        for prompt, line in keys:
            while prompt not in seen[-60:]:
                seen += os.read(fd, 1024)
            with open(f"/proc/{pid}/cmdline", "rb") as words:
                self.assertNotIn(line.strip(), words.read())
            os.write(fd, line)
        try:
            while True:
                more = os.read(fd, 1024)
                if not more:
                    break
                seen += more
        except OSError:
            pass
        os.close(fd)
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status), seen

    def test_are_asked_for_twice_and_not_shown(self):
        store = Store(self.tmp)
        code, seen = self.at_terminal(store, (b"New password: ",
                                              b"opeen\x7f\x7f\x7fen sesame\n"),
                                      (b"Once more: ", b"open sesame\n"))
        self.assertEqual(code, 0, seen)
        self.assertNotIn(b"sesame", seen)

        code, seen = self.at_terminal(store, (b"New password: ", b"one34567\n"),
                                      (b"Once more: ", b"two45678\n"))
        self.assertEqual(code, 1)
        self.assertIn(b"not the same", seen)

        code, seen = self.at_terminal(store, (b"New password: ", b"abc\x03"))
        self.assertEqual(code, 1)
        self.assertIn(b"no password given", seen)


class Aliases(Case):
    def test_are_added_listed_and_removed(self):
        store = Store(self.tmp)
        store.ctl("alias", "add", "Team@example.test", "alice@example.test")
        store.ctl("alias", "add", "team@example.test", "bob@example.test")
        store.ctl("alias", "add", "@example.test", "bob@example.test")
        self.assertEqual(
            store.json("alias", "list"),
            [{"address": "@example.test", "target": "bob@example.test"},
             {"address": "team@example.test", "target": "alice@example.test"},
             {"address": "team@example.test", "target": "bob@example.test"}])
        self.assertIn("team@example.test  alice@example.test",
                      store.ctl("alias", "list"))
        store.ctl("alias", "add", "team@example.test", "bob@example.test",
                  expect=4)
        store.ctl("alias", "remove", "team@example.test", "bob@example.test")
        store.ctl("alias", "remove", "team@example.test")
        store.ctl("alias", "remove", "team@example.test", expect=3)
        store.ctl("alias", "remove", "@example.test")
        self.assertEqual(store.json("alias", "list"), [])

    def test_lead_to_what_is_there_or_elsewhere(self):
        store = Store(self.tmp)
        store.ctl("alias", "add", "out@example.test", "Someone@Example.org")
        store.ctl("alias", "add", "out@example.test", "someone@example.org",
                  expect=4)
        self.assertEqual(store.json("alias", "list"),
                         [{"address": "out@example.test",
                           "target": "Someone@example.org"}])
        store.ctl("alias", "remove", "out@example.test", "someone@example.org")
        self.assertEqual(store.json("alias", "list"), [])
        store.ctl("alias", "add", "x@example.test", "nobody@example.test",
                  expect=3)
        store.ctl("alias", "add", "x@example.org", "bob@example.test",
                  expect=3)
        store.ctl("alias", "add", "bob@example.test", "alice@example.test",
                  expect=4)


class Mailboxes(Case):
    def test_are_added_renamed_and_removed(self):
        store = Store(self.tmp)
        alice = "alice@example.test"
        done = store.json("mailbox", "add", alice, "Work/Äpfel")
        self.assertEqual(done["path"], "Work/Äpfel")
        store.ctl("mailbox", "add", alice, "Work/Äpfel", expect=4)
        store.ctl("mailbox", "rename", alice, "Work/Äpfel", "Work/Pears")
        paths = [r["path"] for r in store.json("mailbox", "list", alice)]
        self.assertIn("Work/Pears", paths)
        self.assertNotIn("Work/Äpfel", paths)
        store.ctl("mailbox", "rename", alice, "Nowhere", "Somewhere", expect=3)
        store.ctl("mailbox", "remove", alice, "Work", expect=1)
        store.ctl("mailbox", "remove", alice, "Inbox", expect=1)
        store.ctl("mailbox", "remove", alice, "Work/Pears")
        store.ctl("mailbox", "remove", alice, "Work/Pears", expect=3)
        store.ctl("mailbox", "list", "nobody@example.test", expect=3)
        store.ctl("mailbox", "add", alice, "a\nb", expect=1)


class Messages(Case):
    def setUp(self):
        super().setUp()
        self.store = Store(self.tmp)
        self.alice = "alice@example.test"

    def test_are_listed(self):
        ids = self.store.put(self.alice, MESSAGE, keywords="$seen", count=3)
        rows = self.store.json("message", "list", self.alice)
        self.assertEqual([r["id"] for r in rows], ids[::-1])
        row = rows[0]
        self.assertEqual(row["subject"].split()[0], "Report")
        self.assertNotIn("\x1b", row["subject"])
        self.assertIn("Zoë", row["from"])
        self.assertEqual(row["keywords"], ["$seen"])
        self.assertEqual(row["mailboxes"], ["Inbox"])
        self.assertEqual(row["messageId"], "one@example.org")
        self.assertEqual(row["sentAt"], "2026-11-23T01:00:00Z")
        self.assertEqual(row["size"], len(MESSAGE))
        self.assertIsNone(row["uid"])
        self.assertRegex(row["receivedAt"], RFC3339)
        rows = self.store.json("message", "list", self.alice, "--mailbox",
                               "Inbox", "--limit", "2")
        self.assertEqual([r["id"] for r in rows], ids[:0:-1])
        self.assertGreater(rows[0]["uid"], 0)
        table = self.store.ctl("message", "list", self.alice)
        self.assertNotIn("\x1b", table)
        self.assertEqual(len(table.splitlines()), 4)
        self.assertEqual(self.store.json("message", "list",
                                         "bob@example.test"), [])
        self.assertEqual(
            len(self.store.ctl("message", "list",
                               "bob@example.test").splitlines()), 1)
        self.store.ctl("message", "list", "nobody@example.test", expect=3)
        self.store.ctl("message", "list", self.alice, "--mailbox", "Nowhere",
                       expect=3)

    def test_columns_are_aligned_by_what_is_seen(self):
        self.store.put(self.alice, b"From: a@b\r\nSubject: =?UTF-8?B?5p2x5Lqs?="
                                   b"\r\n\r\n")
        self.store.put(self.alice, b"From: a@b\r\nSubject: plain\r\n\r\n",
                       keywords="$seen")
        lines = self.store.ctl("message", "list", self.alice).splitlines()
        at = lines[0].index("keywords")
        self.assertEqual(lines[1].index("$seen"), at)
        self.assertIn("東京", lines[2])
        self.assertEqual(len(lines[2]), at - 2)

    def test_long_cells_are_cut_for_people_only(self):
        long = b"x" * 900
        self.store.put(self.alice, b"Subject: " + long + b"\r\n\r\n")
        self.assertNotIn("x" * 100,
                         self.store.ctl("message", "list", self.alice))
        self.assertGreater(
            len(self.store.json("message", "list", self.alice)[0]["subject"]),
            200)

    def test_are_shown(self):
        one = self.store.put(self.alice, MESSAGE)[0]
        text = self.store.ctl("message", "show", self.alice, one)
        self.assertIn("From: Zoë <zoe@example.org>", text)
        self.assertIn("world 東", text)
        self.assertIn("application/pdf: x.pdf", text)
        self.assertNotIn("\x1b", text)
        shown = self.store.json("message", "show", self.alice, one)
        self.assertEqual(shown["id"], one)
        self.assertIn("world 東", shown["text"])
        self.assertEqual(shown["attachments"][0]["name"], "x.pdf")
        self.assertIn({"name": "Message-ID", "value": "<one@example.org>"},
                      shown["headers"])
        listed = self.store.json("message", "list", self.alice)[0]
        self.assertLessEqual(set(listed), set(shown))

    def test_of_html_alone_are_shown_as_text(self):
        one = self.store.put(
            self.alice, b"Subject: x\r\nContent-Type: text/html\r\n\r\n"
            b"<style>p{}</style><p>Hello <b>you</b></p><br><br><br>"
            b"<p>Bye</p>\r\n")[0]
        text = self.store.ctl("message", "show", self.alice, one)
        self.assertEqual(text, "Subject: x\n\nHello you\n\nBye\n")
        self.assertIn("<b>you</b>", self.store.json(
            "message", "show", self.alice, one)["html"])

    def test_come_out_as_they_went_in(self):
        hostile = bytes(range(256)) * 700 + b"\r\n.\r\n"
        for content in (MESSAGE, hostile, b"x", b""):
            one = self.store.put(self.alice, content)[0]
            code, out, err = self.store.run("message", "raw", self.alice, one)
            self.assertEqual((code, err), (0, b""))
            self.assertEqual(out, content)
            document = self.store.json("message", "raw", self.alice, one)
            self.assertEqual(document["size"], len(content))
            self.assertEqual(base64.b64decode(document["base64"]), content)
            self.store.ctl("message", "show", self.alice, one)
            self.store.json("message", "show", self.alice, one)

    def test_are_exported_and_nothing_is_overwritten(self):
        ids = self.store.put(self.alice, MESSAGE, count=3)
        folder = os.path.join(self.tmp, "out")
        rows = self.store.json("message", "export", self.alice, folder)
        self.assertEqual(sorted(r["id"] for r in rows), sorted(ids))
        self.assertTrue(all(r["written"] for r in rows))
        names = sorted(os.listdir(folder))
        self.assertEqual(names, sorted(r["file"] for r in rows))
        for name in names:
            self.assertRegex(name, r"^\d{8}T\d{6}Z-\d+\.eml$")
            with open(os.path.join(folder, name), "rb") as file:
                self.assertEqual(file.read(), MESSAGE)
        with open(os.path.join(folder, names[0]), "wb") as file:
            file.write(b"mine")
        os.unlink(os.path.join(folder, names[1]))
        table = self.store.ctl("message", "export", self.alice, folder)
        self.assertEqual(len(table.splitlines()), 4)
        self.assertEqual(sorted(os.listdir(folder)), names)
        with open(os.path.join(folder, names[0]), "rb") as file:
            self.assertEqual(file.read(), b"mine")
        with open(os.path.join(folder, names[1]), "rb") as file:
            self.assertEqual(file.read(), MESSAGE)
        self.store.ctl("message", "export", self.alice,
                       os.path.join(folder, names[0]), expect=1)
        self.store.ctl("message", "export", self.alice,
                       os.path.join(self.tmp, "no", "where"), expect=1)

    def test_are_flagged(self):
        one = self.store.put(self.alice, MESSAGE)[0]

        def keywords():
            return self.store.json("message", "list", self.alice)[0]["keywords"]

        self.store.ctl("message", "flag", self.alice, one, "+seen", "+$Flagged",
                       "+Mine")
        self.assertEqual(keywords(), ["$flagged", "$seen", "mine"])
        self.store.ctl("message", "flag", self.alice, one, "-flagged", "--add",
                       "other", "--remove", "mine")
        self.assertEqual(keywords(), ["$seen", "other"])
        rows = self.store.json("mailbox", "list", self.alice)
        self.assertEqual([r["unread"] for r in rows if r["role"] == "inbox"],
                         [0])
        for words in ((), ("seen",), ("+",), ("--add", "")):
            self.store.ctl("message", "flag", self.alice, one, *words,
                           expect=2)
        self.store.ctl("message", "flag", self.alice, one, "+a b(c", expect=1)

    def test_are_moved_and_removed(self):
        one, two = self.store.put(self.alice, MESSAGE, count=2)
        self.store.ctl("message", "move", self.alice, one, "Archive")
        rows = self.store.json("message", "list", self.alice, "--mailbox",
                               "Archive")
        self.assertEqual([r["id"] for r in rows], [one])
        self.store.ctl("message", "move", self.alice, one, "Nowhere", expect=3)
        self.assertEqual(
            self.store.json("message", "remove", self.alice, two)["id"], two)
        rows = self.store.json("message", "list", self.alice)
        self.assertEqual([r["id"] for r in rows], [one])
        self.store.ctl("message", "remove", self.alice, two, expect=3)

    def test_of_others_are_not_there(self):
        one = self.store.put(self.alice, MESSAGE)[0]
        bob = "bob@example.test"
        for words in (("show", bob, one), ("raw", bob, one),
                      ("remove", bob, one), ("flag", bob, one, "+seen"),
                      ("move", bob, one, "Inbox"), ("show", self.alice,
                                                    "999999")):
            code, out, err = self.store.run("message", *words, "--json")
            self.assertEqual((code, out), (3, b""), words)
            self.assertEqual(error(err)["code"], "notFound")
        for bad in ("x", "0", "-1", "1.5", "99999999999999999999"):
            self.store.ctl("message", "show", self.alice, "--", bad, expect=2)

    def test_are_many(self):
        self.store.put(self.alice, MESSAGE, count=3000)
        rows = self.store.json("message", "list", self.alice)
        self.assertEqual(len({r["id"] for r in rows}), 3000)
        lines = self.store.ctl("message", "list", self.alice).splitlines()
        self.assertEqual(len(lines), 3001)

    def test_reader_may_leave_early(self):
        self.store.put(self.alice, MESSAGE, count=500)
        big = self.store.put(self.alice, b"x" * 3000000)[0]
        for words in (("message", "list", self.alice, "--json"),
                      ("message", "list", self.alice),
                      ("message", "raw", self.alice, big)):
            program = subprocess.Popen(
                [MAILCTL, "--store", self.store.url, *words],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            program.stdout.read(1)
            program.stdout.close()
            err = program.stderr.read()
            program.stderr.close()
            self.assertEqual((program.wait(30), err), (0, b""))

    def test_full_disk_is_an_error(self):
        self.store.put(self.alice, MESSAGE)
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [MAILCTL, "--store", self.store.url, "message", "list",
                 self.alice], stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"standard output", done.stderr)


class Others(Case):
    def test_parse_takes_anything(self):
        for name, content in (("m", MESSAGE), ("empty", b""),
                              ("noise", bytes(range(256)) * 40)):
            path = self.file(name, content)
            code, out, err = support.run(MAILCTL, "parse", path)
            self.assertEqual((code, err), (0, b""), name)
            self.assertIsInstance(json.loads(out), dict)
            again = support.run(MAILCTL, "parse", "-", stdin=content)
            self.assertEqual(again, (0, out, b""))
        code, _, err = support.run(MAILCTL, "parse", "/nonexistent", "--json")
        self.assertEqual(code, 3)
        self.assertEqual(error(err)["code"], "notFound")
        self.assertEqual(support.run(MAILCTL, "parse", self.tmp)[0], 1)
        self.assertEqual(support.run(MAILCTL, "parse")[0], 2)

    def test_store_is_checked_and_counted(self):
        store = Store(self.tmp)
        store.put("alice@example.test", MESSAGE, count=2)
        self.assertEqual(store.ctl("store", "check"), "no faults\n")
        self.assertEqual(store.json("store", "check"),
                         {"findings": [], "faults": 0})
        stats = store.json("store", "stats")
        self.assertEqual(stats["accounts"], 2)
        self.assertEqual(stats["emails"], 2)
        self.assertIn("emails:", store.ctl("store", "stats"))

    def test_store_is_not_made_by_looking(self):
        store = Store(self.tmp, accounts=())
        for words in (("domain", "list"), ("account", "list"),
                      ("store", "check"), ("account", "add", "a@b.test",
                                           "--no-password")):
            code, _, err = store.run(*words, "--json")
            self.assertEqual(code, 3, words)
            self.assertEqual(error(err)["code"], "notFound")
        self.assertFalse(os.path.exists(store.path))

    def test_store_that_is_none_is_refused_and_left_alone(self):
        path = self.file("mail.db", b"This is not a database." * 100)
        code, _, err = support.run(MAILCTL, "--store", "sqlite:" + path,
                                   "domain", "list")
        self.assertEqual(code, 1)
        self.assertTrue(err.startswith(b"mailctl: "))
        with open(path, "rb") as file:
            self.assertTrue(file.read().startswith(b"This is not"))
        code, _, err = support.run(MAILCTL, "--store", "mysql:x", "domain",
                                   "list")
        self.assertEqual(code, 1)

    def test_store_is_named_by_option_environment_or_config(self):
        def make(name):
            os.mkdir(os.path.join(self.tmp, name))
            store = Store(os.path.join(self.tmp, name), ())
            store.ctl("domain", "add", name + ".test")
            return store

        one, two, three = make("one"), make("two"), make("three")
        config = self.file("c.conf", f"[store]\nurl = {three.url}\n")

        def domain(*words, env=None):
            code, out, _ = support.run(MAILCTL, *words, "domain", "list",
                                       "--json", env=env)
            self.assertEqual(code, 0)
            return json.loads(out)[0]["name"]

        env = {"SMTPMAIL_STORE": two.url}
        self.assertEqual(domain("--config", config), "three.test")
        self.assertEqual(domain("--config", config, env=env), "two.test")
        self.assertEqual(domain("--config", config, "--store", one.url,
                                env=env), "one.test")

    def test_config_is_checked(self):
        good = self.file("good.conf", "[server]\nhostname = mx.test\n"
                                      "listen = smtp:127.0.0.1:25\n")
        code, out, _ = support.run(MAILCTL, "config", "check", good, "--json")
        self.assertEqual(code, 0)
        document = json.loads(out)
        self.assertEqual(document["hostname"], "mx.test")
        self.assertEqual(document["listeners"], ["smtp:127.0.0.1:25"])
        code, out, _ = support.run(MAILCTL, "--config", good, "config",
                                   "check")
        self.assertEqual(code, 0)
        self.assertIn(b"mx.test", out)
        bad = self.file("bad.conf", "[server]\nhostnam = x\n")
        code, _, err = support.run(MAILCTL, "config", "check", bad)
        self.assertEqual(code, 1)
        self.assertIn(b"bad.conf:2: ", err)
        self.assertIn(b"did you mean 'hostname'?", err)
        self.assertEqual(support.run(MAILCTL, "--config", bad, "domain",
                                     "list")[0], 1)
        for words in (("config", "check", "/nonexistent.conf"),
                      ("--config", "/nonexistent.conf", "domain", "list")):
            self.assertEqual(support.run(MAILCTL, *words)[0], 3)
        tls = self.file("tls.conf", "[tls]\ncertificate = /nonexistent.pem\n"
                                    "key = /nonexistent.pem\n")
        code, _, err = support.run(MAILCTL, "config", "check", tls)
        self.assertNotEqual(code, 0)
        self.assertIn(b"/nonexistent.pem", err)

    def test_words_that_make_no_sense(self):
        for words, hint in (
                ((), b"mailctl help"),
                (("domain",), b"mailctl help domain"),
                (("domian", "list"), b"nothing is called"),
                (("domain", "lst"), b"there is no 'domain lst'"),
                (("domain", "add"), b"usage: mailctl domain add NAME"),
                (("domain", "add", "a.test", "b.test"), b"too many words"),
                (("domain", "list", "--jsn"), b"is it --json?"),
                (("domain", "list", "--quota", "5"), b"no option --quota"),
                (("domain", "list", "--limit", "0"), b"--limit"),
                (("domain", "list", "--limit", "x"), b"--limit"),
                (("domain", "list", "--limit"), b"wants a value"),
                (("domain", "list", "--json=1"), b"takes no value"),
                (("domain", "list", "-x"), b"two dashes")):
            code, out, err = support.run(MAILCTL, *words)
            self.assertEqual((code, out), (2, b""), words)
            self.assertIn(hint, err, words)
        code, _, err = support.run(MAILCTL, "nonsense", "--json")
        self.assertEqual(code, 2)
        self.assertEqual(error(err)["code"], "usage")

    def test_help_and_version(self):
        code, out, _ = support.run(MAILCTL, "help")
        self.assertEqual(code, 0)
        for words in (b"message export", b"account passwd", b"parse FILE"):
            self.assertIn(words, out)
        self.assertEqual(support.run(MAILCTL, "--help")[1], out)
        code, out, _ = support.run(MAILCTL, "help", "account")
        self.assertIn(b"--password-file FILE", out)
        self.assertEqual(support.run(MAILCTL, "account", "add", "--help")[1],
                         out)
        code, out, _ = support.run(MAILCTL, "help", "config")
        self.assertIn(b"message-size = 32M", out)
        self.assertEqual(support.run(MAILCTL, "help", "nonsense")[0], 2)
        code, out, _ = support.run(MAILCTL, "--version")
        self.assertEqual(code, 0)
        self.assertRegex(out, rb"^mailctl \d+\.\d+\.\d+\n$")


class Many(Case):
    def test_at_once_are_all_heard(self):
        store = Store(self.tmp)
        ids = store.put("alice@example.test", MESSAGE, count=20)
        programs = []
        for i in range(20):
            for words in (("account", "add", f"user{i}@example.test",
                           "--no-password"),
                          ("message", "flag", "alice@example.test", ids[i],
                           "+seen")):
                programs.append(subprocess.Popen(
                    [MAILCTL, "--store", store.url, *words],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE))
            if len(programs) >= 20:
                self.wait(programs)
        self.wait(programs)
        self.assertEqual(len(store.json("account", "list")), 22)
        rows = store.json("message", "list", "alice@example.test")
        self.assertTrue(all(r["keywords"] == ["$seen"] for r in rows))
        self.assertEqual(store.json("store", "check")["faults"], 0)

    def test_that_make_the_store_at_once_agree(self):
        store = Store(self.tmp, accounts=())
        programs = [subprocess.Popen(
            [MAILCTL, "--store", store.url, "domain", "add", f"d{i}.test"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            for i in range(20)]
        self.wait(programs)
        self.assertEqual(len(store.json("domain", "list")), 20)

    def wait(self, programs):
        for program in programs:
            _, err = program.communicate(timeout=120)
            self.assertEqual((program.returncode, err), (0, b""))
        programs.clear()


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main(verbosity=2)
