# SPDX-License-Identifier: MIT
"""mailctl store check finds what is wrong, says it in words, and mends it.

Each fault is made from outside, by the file system or by SQL; the check ends
with 1 and names it; what --repair can mend is gone afterwards, what it cannot
is still told. Stores of every earlier schema open, with a backup beside them;
one of a later schema is refused.
"""
import glob
import os
import re
import shutil
import sqlite3
import time
import unittest

from smtpd_support import ROOT
from support import Case, Store

ALICE = "alice@example.test"
SMALL = b"Message-ID: <%d@x.test>\r\nSubject: small %d\r\n\r\nhello\r\n"
DAYS = 86400


class Faults(Case):
    def setUp(self):
        super().setUp()
        self.store = Store(self.tmp)
        for number in range(3):
            self.store.put(ALICE, SMALL % (number, number))
        self.store.put("bob@example.test", SMALL % (9, 9))
        self.store.put(ALICE, b"Subject: large\r\n\r\n" + b"large\r\n" * 20000)
        self.assert_clean()

    def assert_clean(self):
        self.assertEqual(self.store.run("store", "check"),
                         (0, b"no faults\n", b""))

    def sql(self, *statements):
        base = sqlite3.connect(self.store.path, timeout=30)
        base.execute("PRAGMA foreign_keys = OFF")
        for statement in statements:
            base.execute(statement)
        base.commit()
        base.close()

    def value(self, statement):
        base = sqlite3.connect(self.store.path, timeout=30)
        row = base.execute(statement).fetchone()
        base.close()
        return row[0]

    def blob_file(self):
        files = glob.glob(os.path.join(self.tmp, "blobs", "??", "*"))
        self.assertEqual(len(files), 1)
        return files[0]

    def assert_told(self, pattern):
        code, out, err = self.store.run("store", "check")
        self.assertEqual(code, 1, (out, err))
        self.assertRegex((out + err).decode(), pattern)

    def assert_mended(self, pattern):
        """Told, mended, and clean afterwards."""
        self.assert_told(pattern)
        code, out, err = self.store.run("store", "check", "--repair")
        self.assertEqual(code, 0, (out, err))
        self.assert_clean()

    def assert_not_mended(self, pattern):
        """Told before and after: there is nothing to mend it by."""
        self.assert_told(pattern)
        code, out, err = self.store.run("store", "check", "--repair")
        self.assertEqual(code, 1, (out, err))
        self.assertRegex((out + err).decode(), pattern)

    def test_a_missing_file(self):
        name = self.blob_file()
        os.rename(name, name + ".away")
        self.assert_not_mended(r"the file of blob [0-9a-f]{32} is missing")
        os.rename(name + ".away", name)
        self.assert_clean()

    def test_a_file_that_was_cut(self):
        os.truncate(self.blob_file(), 1000)
        self.assert_not_mended(r"the file of blob [0-9a-f]{32} has 1000 "
                               r"octets instead of \d+")

    def test_a_file_with_another_octet(self):
        with open(self.blob_file(), "r+b") as file:
            file.seek(5000)
            file.write(b"#")
        self.assert_not_mended(r"blob [0-9a-f]{32} is not what was stored")

    def test_a_row_with_another_hash(self):
        self.sql("UPDATE blob SET sha256 = zeroblob(32) WHERE rowid = 1")
        self.assert_not_mended(r"blob [0-9a-f]{32} is not what was stored")

    def test_a_file_too_many(self):
        extra = os.path.join(os.path.dirname(self.blob_file()), "0" * 32)
        shutil.copy(self.blob_file(), extra)
        self.assert_clean()  # it may be on its way to a row
        old = time.time() - 3 * DAYS
        os.utime(extra, (old, old))
        self.assert_mended(r"0{32} belongs to no message")
        self.assertFalse(os.path.exists(extra))
        self.assertTrue(os.path.exists(self.blob_file()))

    def test_wrong_counts(self):
        for statement, pattern in (
                ("UPDATE mailbox SET total = 99",
                 r"mailbox \d+ counts 99 messages and has \d"),
                ("UPDATE mailbox SET unread = 77",
                 r"mailbox \d+ counts 77 unread messages and has \d"),
                ("UPDATE mailbox SET uidnext = 1",
                 r"mailbox \d+ would hand out uid 1, a message has \d"),
                ("UPDATE account SET used_emails = 5000",
                 r"account \d+ counts 5000 messages and has \d"),
                ("UPDATE account SET used_bytes = 1",
                 r"account \d+ counts 1 bytes and has \d+"),
                ("UPDATE account SET next_id = 1",
                 r"account \d+ would hand out the id 1"),
                ("UPDATE account SET modseq = 0",
                 r"account \d+ is at modseq 0, a message at \d+"),
                ("UPDATE email SET size = size + 7",
                 r"message \d+ has \d+ octets, its blob has \d+")):
            with self.subTest(statement):
                self.sql(statement)
                self.assert_mended(pattern)

    def test_orphan_rows(self):
        for statements, pattern in (
                (["DELETE FROM email WHERE account = 1 AND id = "
                  "(SELECT min(email) FROM email_mailbox WHERE account = 1)"],
                 r"mailbox \d+ names a message, \d+, that is not there"),
                (["DELETE FROM email_mailbox WHERE account = 1 AND uid = 2"],
                 r"message \d+ of account 1 is in no mailbox"),
                (["UPDATE email_mailbox SET mailbox = 4711 "
                  "WHERE account = 1 AND uid = 3"],
                 r"message \d+ is in a mailbox, 4711, that is not there"),
                (["INSERT INTO email_mailbox SELECT account, mailbox, 900, "
                  "email, received_at, modseq FROM email_mailbox "
                  "WHERE account = 1 LIMIT 1"],
                 r"message \d+ is twice in mailbox \d+"),
                (["UPDATE mailbox SET parent = 4711 WHERE role = 3"],
                 r"mailbox \d+ has a parent, 4711, that is not there"),
                (["INSERT INTO email_derived (account, email, generation, "
                  "has_attachment, preview) VALUES (1, 99999, 1, 0, 'x')"],
                 r"account 1 has a preview of a message, 99999, that is not "
                 r"there"),
                (["INSERT INTO session (account, id, token, created_at, "
                  "expires_at, last_used) VALUES (4711, 1, 'x', 0, 0, 0)"],
                 r"a row of session refers to a row of account that is not "
                 r"there"),
                (["INSERT INTO email_mailbox VALUES (4711, 1, 1, 1, 0, 0)"],
                 r"email_mailbox names an account, 4711, that is not there")):
            with self.subTest(statements[0]):
                self.sql(*statements)
                self.assert_mended(pattern)

    def test_a_message_without_a_blob(self):
        self.sql("DELETE FROM blob WHERE data IS NULL")
        self.assert_not_mended(r"a row of email refers to a row of blob that "
                               r"is not there")

    def test_a_broken_page(self):
        size = self.value("SELECT page_size FROM pragma_page_size")
        root = self.value("SELECT rootpage FROM sqlite_schema "
                          "WHERE name = 'email_by_thread'")
        self.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        with open(self.store.path, "r+b") as file:
            file.seek((root - 1) * size + 8)
            file.write(b"\xff" * 200)
        code, out, err = self.store.run("store", "check")
        self.assertEqual(code, 1, (out, err))
        self.assertRegex((out + err).decode(), r"database: ")


SCHEMA = os.path.join(ROOT, "libsmtpmail", "db", "schema")
WORDS = {"ID": "INTEGER", "INT": "INTEGER", "BLOB": "BLOB", "TEXT": "TEXT",
         "CLUSTERED": "WITHOUT ROWID", "NEVER_REUSED": "AUTOINCREMENT"}
# Made otherwise in each schema, or derived.
OTHER = re.compile(r"queue_|attempt|email_text|schema_version|sqlite_")


def schema_sql(version):
    """The step to a schema, in SQLite's words."""
    text = ""
    for name in (f"{version:04}.sql", f"{version:04}_sqlite.sql"):
        path = os.path.join(SCHEMA, name)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                text += file.read()
    text = re.sub(r"--[^\n]*", "", text)
    return re.sub(r"\{(\w+)\}", lambda m: WORDS[m[1]], text)


class Schemas(Case):
    def setUp(self):
        super().setUp()
        self.store = Store(self.tmp)
        for number in range(5):
            self.store.put(ALICE, SMALL % (number, number))
        self.store.put(ALICE, b"Subject: large\r\n\r\n" + b"large\r\n" * 20000)
        self.store.ctl("mailbox", "add", ALICE, "Projects/Boat")

    def subjects(self, store=None):
        listed = (store or self.store).json("message", "list", ALICE)
        return sorted(message["subject"] for message in listed)

    def make_old(self, version):
        """The store as a release with that schema would have left it."""
        old = self.store.path + ".old"
        base = sqlite3.connect(old)
        new = sqlite3.connect(self.store.path)
        app_id = new.execute("PRAGMA application_id").fetchone()[0]
        new.close()
        base.execute(f"PRAGMA application_id = {app_id}")
        base.execute("CREATE TABLE schema_version (version INTEGER NOT NULL, "
                     "applied_at INTEGER NOT NULL)")
        for step in range(1, version + 1):
            base.executescript(schema_sql(step))
            base.execute("INSERT INTO schema_version VALUES (?, 1)", (step,))
        base.commit()
        base.execute("ATTACH ? AS new", (self.store.path,))
        tables = [row[0] for row in base.execute(
            "SELECT name FROM main.sqlite_schema WHERE type = 'table'")]
        for table in tables:
            if OTHER.match(table):
                continue
            columns = ", ".join(row[1] for row in base.execute(
                f"PRAGMA main.table_info({table})"))
            base.execute(f"INSERT INTO main.{table} ({columns}) "
                         f"SELECT {columns} FROM new.{table}")
        base.commit()
        base.execute("DETACH new")
        base.execute("PRAGMA journal_mode = WAL")
        base.close()
        for suffix in ("", "-wal", "-shm"):
            if os.path.exists(self.store.path + suffix):
                os.unlink(self.store.path + suffix)
        os.rename(old, self.store.path)

    def schema(self, path):
        base = sqlite3.connect(path)
        version = base.execute("SELECT max(version) FROM schema_version"
                               ).fetchone()[0]
        base.close()
        return version

    def test_earlier_ones_open(self):
        newest = self.store.json("store", "stats")["schema"]
        subjects = self.subjects()
        self.assertEqual(len(subjects), 6)
        for version in (1, 2, 3):
            with self.subTest(version):
                self.make_old(version)
                backup = f"{self.store.path}.backup-v{version}"
                self.assertFalse(os.path.exists(backup))
                self.assertEqual(self.subjects(), subjects)
                self.assertEqual(self.schema(self.store.path), newest)
                self.assertEqual(self.schema(backup), version)
                self.assertEqual(self.store.ctl("store", "check"),
                                 "no faults\n")
                self.assertIn("Projects/Boat",
                              self.store.ctl("mailbox", "list", ALICE))
                again = Store(self.tmp, (), os.path.basename(backup))
                self.assertEqual(self.subjects(again), subjects)

    def test_a_later_one_is_refused(self):
        newest = self.store.json("store", "stats")["schema"]
        base = sqlite3.connect(self.store.path)
        base.execute("INSERT INTO schema_version VALUES (?, 1)",
                     (newest + 1,))
        base.commit()
        base.close()
        code, out, err = self.store.run("store", "check")
        self.assertNotEqual(code, 0)
        self.assertIn(f"has schema {newest + 1}, this program knows {newest} "
                      f"and older; it was left as it is; use a newer program",
                      (out + err).decode())
        self.assertEqual(glob.glob(self.store.path + ".backup*"), [])


if __name__ == "__main__":
    unittest.main()
