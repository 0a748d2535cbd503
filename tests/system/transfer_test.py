# SPDX-License-Identifier: MIT
"""Mail from the files of others, and back: what comes in, what is kept, what
is refused. The files are written and read by Python's own modules."""
import hashlib
import io
import json
import mailbox
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
import unittest
import zipfile

from support import MAILCTL, Case, Store

ALICE, BOB = "alice@example.test", "bob@example.test"
FROM = b"From a@b Mon Nov 23 10:00:00 2020\n"


def quoted(content):
    """As mboxrd has it."""
    return b"\n".join(b">" + line if line.lstrip(b">").startswith(b"From ")
                      else line for line in content.split(b"\n"))


def exact(content, received):
    """In an mbox as an export writes it, so that its octets stay."""
    text = quoted(content)
    return (FROM + b"X-Smtpmail-Export: 1 block=0 stored=%d received=%d\n"
            % (len(text), received) + text +
            (b"\n" if text.endswith(b"\n") else b"\n\n"))


NASTY = [
    b"Subject: from\r\n\r\nFrom here\r\n>From there\r\n>>From x\r\n" +
    FROM + b"Subject: no\r\n",
    b"Subject: no end\r\n\r\nlast",
    b"Subject: octets\r\n\r\n" + bytes(range(256)) * 4,
    b"Subject: lf\n\nbody\n\n\n",
    b"\r\nno header", b"\n", b"x", b"",
    b"From first line\r\nb\r\n",
    b"Subject: large\r\n\r\n" + (b"0123456789abcdef" * 5 + b"\r\n") * 125000,
    b"Subject: marks\r\n\r\n" + b">" * 200000 + b"From x\n",
    b"Subject: mixed\r\n\r\na\nb\r\nc\n",
    b"X" * 100000 + b"\r\na\nb\r\n",
    b"Content-Length: 3\r\n\r\nabcdef\r\n",
    b"From \n\nFrom \nFro",
    b"X-Smtpmail-Export: 1 block=0 stored=5 received=5\n\n",
]
PATHS = ["Inbox", "Work/2024", "Work/a.b", "Entwürfe & Co", "..", "Sent",
         "-x", "Ümlaut/日本/𝄞", "50%2f", "cur"]
KEYWORDS = ["", "$seen", "$seen $flagged $answered", "$draft mine other",
            "$junk $forwarded x"]


class Transfer(Case):
    def setUp(self):
        super().setUp()
        self.store = Store(self.tmp)

    def path(self, *names):
        return os.path.join(self.tmp, *names)

    def file(self, name, content):
        path = self.path(name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def bring(self, address, path, *words, store=None, stdin=b"", expect=0):
        """The sums of an import."""
        code, out, err = (store or self.store).run(
            "message", "import", address, path, "--json", *words, stdin=stdin)
        self.assertEqual(code, expect, (out, err))
        return json.loads(out)

    def state(self, address, store=None):
        """All messages and mailboxes of an account; of their octets what the
        store hashed."""
        store = store or self.store
        with sqlite3.connect(store.path) as db:
            digests = dict(db.execute(
                "SELECT CAST(e.id AS TEXT), hex(b.sha256) FROM email e "
                "JOIN blob b ON b.id = e.blob "
                "JOIN account a ON a.id = e.account WHERE a.address = ?",
                (address,)))
        messages = [(digests[row["id"]].lower(), row["size"],
                     row["receivedAt"], tuple(row["keywords"]),
                     tuple(row["mailboxes"]))
                    for row in store.json("message", "list", address)]
        boxes = sorted((row["path"], row["role"], row["total"], row["unread"])
                       for row in store.json("mailbox", "list", address))
        return sorted(messages), boxes

    def listed(self, address, *words):
        return {row["subject"]: row for row in
                self.store.json("message", "list", address, *words)}

    def raw(self, address, subject):
        code, out, err = self.store.run("message", "raw", address,
                                        self.listed(address)[subject]["id"])
        self.assertEqual(code, 0, err)
        return out

    def sums(self, result):
        return (result["imported"], result["duplicates"],
                result["skippedCount"])


class RoundTrip(Transfer):
    @staticmethod
    def nasty(large):
        return [content if large or len(content) < 1000000
                else content[:200000] for content in NASTY]

    def fill(self, large=False):
        for i, content in enumerate(self.nasty(large)):
            words = ["--mailbox", PATHS[i % len(PATHS)]]
            if KEYWORDS[i % len(KEYWORDS)]:
                words += ["--keywords", KEYWORDS[i % len(KEYWORDS)]]
            sums = self.bring(ALICE, self.file("one", exact(
                content, 1600000000 + 7 * i)), *words)
            self.assertEqual(self.sums(sums), (1, 0, 0))
        self.store.ctl("mailbox", "add", ALICE, "Empty/Box")
        found = {message[0] for message in self.state(ALICE)[0]}
        self.assertEqual(found, {hashlib.sha256(content).hexdigest()
                                 for content in self.nasty(large)})

    def test_every_format_keeps_all(self):
        self.fill(large=True)
        before = self.state(ALICE)
        for name, target in (("eml", "eml"), ("maildir", "maildir"),
                             ("mbox", "all.mbox"), ("zip", "all.zip")):
            address = f"{name}@example.test"
            target = self.path(target)
            self.store.ctl("account", "add", address, "--password-stdin",
                           stdin=b"secret-secret\n")
            self.store.ctl("message", "export", ALICE, target, "--format",
                           name)
            self.assertEqual(self.sums(self.bring(address, target)),
                             (len(NASTY), 0, 0))
            self.assertEqual(self.state(address), before, name)
            self.assertEqual(self.sums(self.bring(address, target)),
                             (0, len(NASTY), 0))
            self.assertEqual(self.state(address), before, name)
        with zipfile.ZipFile(self.path("all.zip")) as file:
            self.assertIsNone(file.testzip())
            self.assertIn("Ümlaut/日本/𝄞/", "".join(file.namelist()))
        box = mailbox.mbox(self.path("all.mbox"))
        self.assertEqual(len(box), len(NASTY))
        box.close()
        folders = mailbox.Maildir(self.path("maildir"), create=False)
        self.assertIn("Work.a&AC4-b", folders.list_folders())
        self.assertIn("Entw&APw-rfe &- Co", folders.list_folders())
        flags = {m.get_flags() for m in folders.get_folder("Work.2024")}
        self.assertTrue(flags <= {"S", "", "FRS", "D", "P"}, flags)
        self.assertIn("S", flags)
        self.store.ctl("store", "check")

    def test_a_whole_store(self):
        self.fill()
        self.bring(BOB, self.file("b", exact(b"Subject: b\r\n\r\n", 1)))
        for name in ("maildir", "eml", "mbox", "zip"):
            os.mkdir(self.path("store-" + name))
            other = Store(self.path("store-" + name), accounts=())
            folder = self.path("whole-" + name)
            self.store.ctl("store", "export", folder, "--format", name)
            other.ctl("domain", "add", "example.test")
            code, _, err = other.run("store", "import", folder)
            self.assertEqual(code, 3)
            self.assertIn(b"--create-accounts", err)
            self.assertEqual(other.json("account", "list"), [])
            other.ctl("store", "import", folder, "--create-accounts")
            for address in (ALICE, BOB):
                self.assertEqual(self.state(address, other),
                                 self.state(address), (name, address))
            out = other.json("store", "import", folder)
            self.assertEqual(self.sums(out), (0, len(NASTY) + 1, 0))

    def test_an_mbox_for_each_mailbox(self):
        self.fill()
        self.store.ctl("message", "export", ALICE, self.path("boxes") + "/",
                       "--format", "mbox")
        self.assertTrue(os.path.exists(self.path("boxes", "Work",
                                                 "2024.mbox")))
        self.assertTrue(os.path.exists(self.path("boxes", "%2E%2E.mbox")))
        self.assertFalse(os.path.exists(self.path("..mbox")))
        self.bring(BOB, self.path("boxes"))
        self.assertEqual(self.state(BOB), self.state(ALICE))

    def test_a_message_in_two_mailboxes_stays_one(self):
        folder = mailbox.Maildir(self.path("md"))
        content = b"Subject: twice\r\n\r\nx\r\n"
        folder.add(content)
        folder.add_folder("Work").add(content)
        self.assertEqual(self.sums(self.bring(ALICE, self.path("md"))),
                         (1, 1, 0))
        self.assertEqual(self.listed(ALICE)["twice"]["mailboxes"],
                         ["Inbox", "Work"])
        for name in ("maildir", "eml", "mbox", "zip"):
            address = f"{name}@example.test"
            self.store.ctl("account", "add", address, "--password-stdin",
                           stdin=b"secret-secret\n")
            self.store.ctl("message", "export", ALICE, self.path(name),
                           "--format", name)
            self.bring(address, self.path(name))
            self.assertEqual(self.state(address), self.state(ALICE), name)


class Mbox(Transfer):
    def test_dialects_are_seen_or_named(self):
        inner = FROM + b"Subject: inner\n\nx\n"
        cl2 = (FROM + b"Subject: cl2\nContent-Length: %d\n\n" % len(inner) +
               inner + b"\n")
        cl = (FROM + b"Subject: cl\nContent-Length: 13\n\n>From quoted\n\n")
        wrong = (FROM + b"Subject: wrong\nContent-Length: 4\n\nlonger\n\n")
        text = cl2 + cl + wrong + FROM + b"Subject: end\n\n>>From x\n\n"
        for words, stdin in (((), b""), ((), text)):
            address = BOB if stdin else ALICE
            sums = self.bring(address, "-" if stdin else
                              self.file("m", text), *words, stdin=stdin)
            self.assertEqual(self.sums(sums), (4, 0, 0))
            self.assertTrue(self.raw(address, "cl2").endswith(
                b"\r\n\r\n" + inner.replace(b"\n", b"\r\n")))
            self.assertTrue(self.raw(address, "cl").endswith(
                b"\r\n\r\nFrom quoted\r\n"))
            self.assertTrue(self.raw(address, "wrong").endswith(
                b"\r\n\r\nlonger\r\n"))
            self.assertTrue(self.raw(address, "end").endswith(b">From x\r\n"))
        self.bring(ALICE, self.file("o", FROM + b"Subject: o\n\n>>From x\n"),
                   "--format", "mboxo")
        self.assertTrue(self.raw(ALICE, "o").endswith(b"\r\n>>From x\r\n"))

    def test_what_python_writes(self):
        path = self.path("py.mbox")
        box = mailbox.mbox(path)
        for number, flags in enumerate(("", "R", "RO", "ROA", "F", "D")):
            message = mailbox.mboxMessage(
                b"Subject: %d\n\nFrom x\n\nFrom y\n" % number)
            message.set_flags(flags)
            message.set_from("a@b", time.gmtime(1600000000 + number))
            box.add(message)
        box.close()
        self.assertEqual(self.sums(self.bring(ALICE, path)), (6, 0, 0))
        listed = self.listed(ALICE)
        self.assertEqual([listed[str(n)]["keywords"] for n in range(6)],
                         [[], ["$seen"], ["$seen"], ["$answered", "$seen"],
                          ["$flagged"], ["$deleted"]])
        self.assertEqual(listed["5"]["receivedAt"], "2020-09-13T12:26:45Z")

    def test_thunderbird_and_gmail(self):
        text = (b"From - Mon Nov 23 10:00:00 2020\nX-Mozilla-Status: 1005\n"
                b"X-Mozilla-Keys: $label1 work\nSubject: tb\n\nx\n\n"
                b"From - Mon Nov 23 10:00:00 2020\nX-Mozilla-Status: 0009\n"
                b"Subject: gone\n\nx\n\n"
                b"From 17@xxx Mon Nov 23 10:00:00 +0000 2020\n"
                b"X-Gmail-Labels: Inbox,Unread,Starred,\"A, b\"\n"
                b"Subject: g\n\nx\n\n")
        self.assertEqual(self.sums(self.bring(
            ALICE, self.file("t", text), "--labels")), (2, 0, 0))
        listed = self.listed(ALICE)
        self.assertEqual(listed["tb"]["keywords"],
                         ["$flagged", "$forwarded", "$label1", "$seen",
                          "work"])
        self.assertEqual(listed["g"]["keywords"], ["$flagged"])
        self.assertCountEqual(listed["g"]["mailboxes"], ["A, b", "Inbox"])

    def test_how_far_it_is(self):
        path = self.file("m", 50 * (FROM + b"Subject: x\n\n\n"))
        for words in ((), ("--allow-duplicates",)):
            code, _, err = self.store.run("message", "import", ALICE, path,
                                          "--progress", *words)
            self.assertEqual(code, 0)
            self.assertRegex(err.decode().splitlines()[-1],
                             r"^100%, 50 messages, \d+/s, \d+ [KM]?i?B/s$")
        self.assertEqual(self.store.run("message", "import", ALICE,
                                        path)[2], b"")

    def test_what_is_no_mbox(self):
        sums = self.bring(ALICE, self.file("m", b"Subject: x\n\n"),
                          "--format", "mbox", expect=1)
        self.assertEqual(self.sums(sums), (0, 0, 1))
        self.assertIn("From", sums["skipped"][0]["reason"])

    def test_one_that_is_too_large_costs_itself(self):
        text = b"".join(FROM + b"Subject: %d\n\n" % n + b"x" * size + b"\n\n"
                        for n, size in enumerate((10, 3000000, 10)))
        sums = self.bring(ALICE, self.file("m", text), "--max-size", "1M")
        self.assertEqual(self.sums(sums), (2, 0, 1))
        self.assertEqual([sums["skipped"][0][key] for key in
                          ("file", "number", "offset")],
                         [self.path("m"), 2, text.index(b"Subject: 1") -
                          len(FROM)])
        at_limit = b"Subject: l\r\n\r\n" + b"x" * 1000
        for limit, wanted in ((len(at_limit) - 1, 0), (len(at_limit), 1)):
            sums = self.bring(BOB, self.file("e.eml", at_limit), "--max-size",
                              str(limit), expect=0 if wanted else 1)
            self.assertEqual(sums["imported"], wanted)

    def test_bytes_are_known_also_when_they_came_otherwise(self):
        one = self.store.put(ALICE, b"Subject: d\r\n\r\nx\r\n")[0]
        code, content, _ = self.store.run("message", "raw", ALICE, one)
        self.assertEqual(code, 0)
        path = self.file("d.eml", content)
        self.assertEqual(self.sums(self.bring(ALICE, path)), (0, 1, 0))
        self.assertEqual(self.sums(self.bring(ALICE, path, "--mailbox",
                                              "New")), (0, 1, 0))
        self.assertEqual(self.listed(ALICE)["d"]["mailboxes"],
                         ["Inbox", "New"])
        self.assertEqual(self.sums(self.bring(ALICE, path,
                                              "--allow-duplicates")),
                         (1, 0, 0))
        self.assertEqual(self.sums(self.bring(BOB, path)), (1, 0, 0))

    def test_an_interrupt_ends_a_step_and_the_next_run_goes_on(self):
        count = 15000
        path = self.file("m", b"".join(
            FROM + b"Subject: %d\n\nx\n\n" % n for n in range(count)))
        command = [MAILCTL, "--store", self.store.url, "message", "import",
                   ALICE, path, "--progress"]
        with subprocess.Popen(command, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            process.stderr.readline()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1)
        self.assertIn(b"the same command again goes on", err)
        first = int(out.split(b",")[0].split()[1])
        self.assertTrue(0 < first < count, out)
        self.assertEqual(self.sums(self.bring(ALICE, path)),
                         (count - first, first, 0))
        stats = self.store.json("store", "stats")
        self.assertEqual(stats["emails"], count)
        self.store.ctl("store", "check")


class Maildir(Transfer):
    def test_flags_folders_and_names(self):
        path = self.path("md")
        box = mailbox.Maildir(path)
        for name, flags, subdir in (("a", "DFPRST", "cur"), ("b", "", "cur"),
                                    ("c", "S", "new")):
            message = mailbox.MaildirMessage(b"Subject: %b\n\nx\n" %
                                             name.encode())
            message.set_flags(flags)
            message.set_subdir(subdir)
            box.add(message)
        os.rename(os.path.join(path, "cur", next(
            n for n in os.listdir(os.path.join(path, "cur"))
            if n.endswith(":2,"))), os.path.join(path, "cur",
                                                 "1600000000.x.y,S=9:2,ab"))
        with open(os.path.join(path, "dovecot-keywords"), "wb") as file:
            file.write(b"0 $label1\n1 work\n")
        for folder in ("Sent Items", "Entw&APw-rfe", "Ümlaut", "A.B", "Junk"):
            box.add_folder(folder).add(b"Subject: in %b\n\nx\n" %
                                       folder.encode())
        os.makedirs(os.path.join(path, ".Empty", "cur"))
        os.makedirs(os.path.join(path, ".Empty", "new"))
        os.symlink("/etc/passwd", os.path.join(path, "cur", "1.link:2,"))
        os.symlink("/etc", os.path.join(path, ".Link"))
        os.mkfifo(os.path.join(path, "new", "1.pipe"))
        sums = self.bring(ALICE, path)
        self.assertEqual(self.sums(sums), (8, 0, 2))
        listed = self.listed(ALICE)
        self.assertEqual(listed["a"]["keywords"],
                         ["$answered", "$deleted", "$draft", "$flagged",
                          "$forwarded", "$seen"])
        self.assertEqual(listed["b"]["keywords"], ["$label1", "work"])
        self.assertEqual(listed["b"]["receivedAt"], "2020-09-13T12:26:40Z")
        self.assertEqual(listed["c"]["keywords"], [])
        where = {row["mailboxes"][0] for row in listed.values()}
        self.assertEqual(where, {"Inbox", "Sent", "Entwürfe", "Ümlaut", "A/B",
                                 "Junk"})
        paths = [row["path"] for row in
                 self.store.json("mailbox", "list", ALICE)]
        self.assertIn("Empty", paths)
        self.assertNotIn("Link", paths)

        with tarfile.open(self.path("md.tar.gz"), "w:gz") as file:
            os.unlink(os.path.join(path, "new", "1.pipe"))
            file.add(path, "home/Maildir")
        self.bring(BOB, self.path("md.tar.gz"))
        again = self.listed(BOB)
        self.assertEqual({name: (row["keywords"], row["mailboxes"])
                          for name, row in again.items()},
                         {name: (row["keywords"], row["mailboxes"])
                          for name, row in listed.items()})


class Archives(Transfer):
    def zip(self, entries):
        path = self.path("a.zip")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, content in entries:
                file.writestr(name, content)
        return path

    def test_folders_are_mailboxes(self):
        path = self.zip([
            ("a.eml", b"Subject: a\r\n\r\n"),
            ("Work/2024/b.eml", b"Subject: b\r\n\r\n"),
            ("Takeout/Mail/Old.mbox", FROM + b"Subject: c\n\nx\n"),
            ("Takeout/archive_browser.html", b"<html>"),
            ("Spam/d.eml", b"Subject: d\r\n\r\n")])
        self.assertEqual(self.sums(self.bring(ALICE, path)), (4, 0, 0))
        self.assertEqual({name: row["mailboxes"] for name, row in
                          self.listed(ALICE).items()},
                         {"a": ["Inbox"], "b": ["Work/2024"], "c": ["Old"],
                          "d": ["Junk"]})
        with open(path, "rb") as file:
            self.assertEqual(self.sums(self.bring(
                ALICE, "-", stdin=file.read())), (0, 4, 0))

    def test_paths_that_lead_out_are_not_taken(self):
        path = self.zip([("../a.eml", b"Subject: a\r\n\r\n"),
                         ("/b.eml", b"Subject: b\r\n\r\n"),
                         ("x/../../c.eml", b"Subject: c\r\n\r\n"),
                         ("x..y/d.eml", b"Subject: d\r\n\r\n")])
        sums = self.bring(ALICE, path)
        self.assertEqual(self.sums(sums), (1, 0, 3))
        self.assertEqual(sorted(os.listdir(self.tmp)),
                         sorted(set(os.listdir(self.tmp)) - {"a.eml",
                                                             "c.eml"}))

    def test_a_tar_of_devices_and_links(self):
        path = self.path("d.tar")
        with tarfile.open(path, "w") as file:
            for kind in (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE,
                         tarfile.SYMTYPE, tarfile.LNKTYPE):
                entry = tarfile.TarInfo(f"{kind.decode()}.eml")
                entry.type = kind
                entry.linkname = "/etc/passwd"
                file.addfile(entry)
            entry = tarfile.TarInfo("ok.eml")
            entry.size = 14
            file.addfile(entry, io.BytesIO(b"Subject: ok\r\n\r"))
        sums = self.bring(ALICE, path)
        self.assertEqual(self.sums(sums), (1, 0, 5))
        self.assertEqual({skip["reason"] for skip in sums["skipped"]},
                         {"it is no file"})

    def test_a_bomb_is_given_up(self):
        ok = [("ok.eml", b"Subject: ok\r\n\r\n")]
        bomb = self.zip(ok + [("b.mbox", FROM + b"\n" + bytes(96 << 20))])
        sums = self.bring(ALICE, bomb, expect=1)
        self.assertEqual(sums["imported"], 1)
        small = self.zip(ok + [("s.mbox", FROM + b"\n" + bytes(40 << 20))])
        sums = self.bring(BOB, small, "--max-size", "64M")
        self.assertEqual(self.sums(sums), (2, 0, 0))

    def test_one_that_is_broken(self):
        path = self.zip([("a.eml", b"Subject: a\r\n\r\n" +
                          os.urandom(200000)),
                         ("b.eml", b"Subject: b\r\n\r\n")])
        with open(path, "r+b") as file:
            file.seek(1000)
            file.write(bytes(5000))
        sums = self.bring(ALICE, path)
        self.assertEqual(self.sums(sums), (1, 0, 1))
        self.assertEqual(list(self.listed(ALICE)), ["b"])
        with open(path, "r+b") as file:
            file.truncate(100)
        self.bring(BOB, path, expect=1)


class Export(Transfer):
    def fill(self):
        for number in range(3):
            self.bring(ALICE, self.file(
                "x.eml", b"Subject: %d\r\n\r\n" % number + b"x" * 100000))

    def blobs(self):
        found = []
        for folder, _, names in os.walk(self.path("blobs")):
            found += [os.path.join(folder, name) for name in names
                      if name != "OWNER"]
        return sorted(found)

    def test_damage_ends_it_or_is_passed_over(self):
        self.fill()
        blobs = self.blobs()
        self.assertEqual(len(blobs), 3)
        os.unlink(blobs[0])
        with open(blobs[1], "r+b") as file:
            file.seek(500)
            file.write(b"y")
        for name in ("eml", "mbox", "zip", "maildir"):
            target = self.path("bad-" + name)
            code, _, err = self.store.run("message", "export", ALICE, target,
                                          "--format", name)
            self.assertEqual(code, 1)
            self.assertIn(b"message ", err)
            if name in ("mbox", "zip"):
                self.assertFalse(os.path.exists(target))
            code, out, err = self.store.run(
                "message", "export", ALICE, target, "--format", name,
                "--skip-bad", "--json")
            self.assertEqual(code, 1)
            self.assertIn(b"2 messages could not be written", err)
            rows = json.loads(out)
            self.assertEqual(sum(row["reason"] == "" for row in rows), 1)
            self.assertEqual(sum(row["reason"] != "" for row in rows), 2)
            self.store.ctl("account", "add", f"{name}@example.test",
                           "--password-stdin", stdin=b"secret-secret\n")
            self.assertEqual(self.bring(f"{name}@example.test",
                                        target)["imported"], 1)
        code, _, err = self.store.run("store", "export", self.path("all"),
                                      "--skip-bad")
        self.assertEqual(code, 1)
        self.assertEqual(len(os.listdir(self.path("all", ALICE, "cur"))), 1)

    def test_nothing_is_left_half_written(self):
        self.fill()
        for name in ("eml", "mbox", "zip", "maildir"):
            self.store.ctl("message", "export", ALICE, self.path("t-" + name),
                           "--format", name)
        for folder, _, names in os.walk(self.tmp):
            self.assertEqual([name for name in names if ".part" in name], [],
                             folder)

    def test_a_target_that_is_wrong(self):
        self.fill()
        os.mkdir(self.path("folder"))
        for words in ((self.path("folder"), "--format", "zip"),
                      (self.path("no", "where"), "--format", "mbox"),
                      (self.path("x.eml"), "--format", "maildir")):
            self.store.ctl("message", "export", ALICE, *words, expect=1)
        self.store.ctl("message", "export", ALICE, self.path("t"), "--format",
                       "tar", expect=2)
        self.store.ctl("message", "export", ALICE, self.path("t"),
                       "--mailbox", "Nope", expect=3)

    def test_links_in_the_target_are_not_followed(self):
        self.bring(ALICE, self.file("w", FROM + b"Subject: w\n\nx\n"),
                   "--mailbox", "Work")
        os.mkdir(self.path("elsewhere"))
        os.mkdir(self.path("t"))
        os.symlink(self.path("elsewhere"), self.path("t", "Work"))
        self.store.ctl("message", "export", ALICE, self.path("t"), expect=1)
        self.assertEqual(os.listdir(self.path("elsewhere")), [])


MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


class Steps(Transfer):
    def test_memory_is_bounded(self):
        """The file is much larger than what is needed to read it."""
        path = self.path("large.mbox")
        with open(path, "wb") as file:
            for number in range(150):
                file.write(FROM + b"Subject: %d\n\n" % number)
                file.write((b"x" * 998 + b"\n") * 1000 + b"\n")
        command = [MAILCTL, "--store", self.store.url, "message", "import",
                   ALICE, path]
        # A process counts what its parent held when it was forked: the
        # parent is a small one.
        done = subprocess.run([sys.executable, "-c", MEASURE, *command],
                              capture_output=True, check=True)
        if "asan" not in self.sanitizers():
            self.assertLess(int(done.stdout), 64 * 1024)

    @staticmethod
    def sanitizers():
        with open(MAILCTL, "rb") as file:
            return "asan" if b"libasan" in file.read() else ""

    def test_rows_stay_right(self):
        self.bring(ALICE, self.file("m", b"".join(
            FROM + b"Subject: %d\n\n\n" % (n % 50) for n in range(500))))
        with sqlite3.connect(self.store.path) as db:
            self.assertEqual(db.execute(
                "SELECT count(*) FROM email").fetchone(), (50,))
        self.store.ctl("store", "check")


del Transfer  # a base, and no test of its own

if __name__ == "__main__":
    unittest.main()
