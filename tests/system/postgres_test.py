# SPDX-License-Identifier: MIT
"""PostgreSQL, one of our own: every statement of the library is prepared on
it, and the tests of accounts and mailboxes run on it, and mailctl."""
import os
import re
import signal
import smtplib
import subprocess
import sys
import unittest

import postgres
from smtpd_support import Smtpd
from support import MAILCTL, Case, Failed, Store, run

# The unit tests that are as true on PostgreSQL as they are on SQLite.
UNIT_TESTS = """
    db_postgres
    account_account account_address account_alias account_app_password_keys
    account_domain account_identity account_login account_sasl account_session
    queue_queue
    store_append store_change store_email store_known store_mailbox store_query
    store_search store_thread
""".split()

FOLDER = os.environ.get("UNIT_TESTS", "")
ARCHIVE = os.environ.get("OBJECTS", "")

# What begins a statement, and what follows in one that is whole.
STATEMENT = re.compile(
    rb"(?<![\x20-\x7e])((?:SELECT|WITH|VALUES|PRAGMA|VACUUM|REPLACE|INSERT INTO"
    rb"|INSERT OR|DELETE FROM|UPDATE|CREATE|DROP|ALTER|ATTACH|ANALYZE)"
    rb" [\x20-\x7e]+)(?=\x00)")


def members(path):
    """The files in an archive of ar, (name, bytes)."""
    with open(path, "rb") as file:
        data = file.read()
    at, names = 8, b""
    while at + 60 <= len(data):
        name = data[at:at + 16].rstrip()
        size = int(data[at + 48:at + 58])
        body = data[at + 60:at + 60 + size]
        at += 60 + size + size % 2
        if name == b"//":
            names = body
        elif re.fullmatch(rb"/\d+", name):
            start = int(name[1:])
            yield names[start:names.index(b"/\n", start)].decode(), body
        elif name != b"/":
            yield name.rstrip(b"/").decode(), body


def statements(path):
    """Every statement in the library's object files: they are constants, so
    all of them are there, whole, whether a test comes to them or not. The
    drivers' own are in their own words, and migrations run as they are."""
    found = set()
    for name, body in members(path):
        if not re.match(r"(sqlite|postgres)_|(schema|migrate)\.c", name):
            found.update(m.group(1).decode()
                         for m in STATEMENT.finditer(body))
    return sorted(found)


class Units(Case):
    """Each unit test of the list, with its stores on the server."""

    def run_unit(self, name):
        env = {"SMTPMAIL_TEST_STORE": server.url()}
        if name == "db_postgres":
            env["SMTPMAIL_TEST_STATEMENTS"] = self.file("statements", "".join(
                s + "\n" for s in statements(ARCHIVE)))
        code, out, err = run(os.path.join(FOLDER, "test_" + name), env=env,
                             timeout=240)
        self.assertEqual(code, 0, (out + err).decode(errors="replace")[-8000:])


for unit in UNIT_TESTS:
    setattr(Units, "test_" + unit,
            lambda self, unit=unit: self.run_unit(unit))


class Catalogue(unittest.TestCase):
    def test_is_found_whole(self):
        found = statements(ARCHIVE)
        self.assertGreater(len(found), 200)
        self.assertTrue(any("UPDATE account SET next_id" in s for s in found))
        self.assertTrue(any("queue_recipient" in s for s in found))


class OnPostgres(Store):
    """A store with example.test, alice and bob, in a schema of its own."""

    count = 0

    def __init__(self, accounts=("alice", "bob")):
        OnPostgres.count += 1
        self.schema = f"mailctl{OnPostgres.count}"
        self.path = None
        self.url = server.schema(self.schema)
        self.fill(accounts)

    def rows(self, sql):
        """What psql sees there."""
        return server.rows(sql, self.schema)


class Mailctl(Case):
    """What mailctl says it did is there, seen from outside."""

    def test_domains(self):
        store = OnPostgres(accounts=())
        store.ctl("domain", "add", "Example.TEST")
        self.assertEqual(store.rows("SELECT id, name FROM domain"),
                         [["1", "example.test"]])
        store.ctl("domain", "add", "example.test", expect=4)
        self.assertEqual([d["name"] for d in store.json("domain", "list")],
                         ["example.test"])
        store.ctl("domain", "remove", "example.test")
        store.ctl("domain", "remove", "example.test", expect=3)
        self.assertEqual(store.rows("SELECT * FROM domain"), [])

    def test_accounts(self):
        store = OnPostgres()
        self.assertEqual(
            store.rows("SELECT address, is_admin FROM account ORDER BY id"),
            [["alice@example.test", "1"], ["bob@example.test", "0"]])
        store.ctl("account", "add", "alice@example.test", "--no-password",
                  expect=4)
        store.ctl("domain", "remove", "example.test", expect=1)
        store.ctl("account", "disable", "bob@example.test")
        self.assertEqual(
            store.rows("SELECT is_disabled FROM account ORDER BY id"),
            [["0"], ["1"]])
        store.ctl("account", "remove", "bob@example.test")
        self.assertEqual(store.rows("SELECT address FROM account"),
                         [["alice@example.test"]])
        self.assertEqual(store.rows("SELECT * FROM mailbox WHERE account = 2"),
                         [])
        store.ctl("account", "show", "bob@example.test", expect=3)

    def test_aliases(self):
        store = OnPostgres()
        store.ctl("alias", "add", "Sales@example.test", "alice@example.test")
        store.ctl("alias", "add", "sales@example.test", "bob@example.test")
        store.ctl("alias", "add", "sales@example.test", "bob@example.test",
                  expect=4)
        store.ctl("alias", "add", "alice@example.test", "bob@example.test",
                  expect=4)
        self.assertEqual(
            store.rows("SELECT local, target FROM alias ORDER BY target"),
            [["sales", "alice@example.test"], ["sales", "bob@example.test"]])
        store.ctl("alias", "remove", "sales@example.test",
                  "alice@example.test")
        self.assertEqual(store.rows("SELECT target FROM alias"),
                         [["bob@example.test"]])

    def test_mailboxes(self):
        store = OnPostgres()
        store.ctl("mailbox", "add", "alice@example.test", "Work/Zo\u00eb")
        store.ctl("mailbox", "add", "alice@example.test", "Work/Zo\u00eb",
                  expect=4)
        store.ctl("mailbox", "rename", "alice@example.test", "Work/Zo\u00eb",
                  "Done")
        names = ("SELECT name FROM mailbox WHERE account = 1 AND role = 0 "
                 "ORDER BY id")
        self.assertEqual(store.rows(names), [["Work"], ["Done"]])
        store.ctl("mailbox", "remove", "alice@example.test", "Done")
        self.assertEqual(store.rows(names), [["Work"]])
        store.ctl("mailbox", "remove", "alice@example.test", "Done",
                  expect=3)

    def test_messages(self):
        store = OnPostgres()
        body = b"x" * 200000 + b"\r\n"
        small = b"Subject: one\r\nFrom: c@example.org\r\n\r\nHello\r\n"
        store.put("alice@example.test", small, count=3)
        large = store.put("alice@example.test",
                          b"Subject: large\r\n\r\n" + body)
        self.assertEqual(
            store.rows("SELECT total, unread FROM mailbox "
                       "WHERE account = 1 AND role = 1"), [["4", "4"]])
        self.assertEqual(
            store.rows("SELECT count(*) FROM blob WHERE data IS NULL"),
            [["0"]])
        code, out, err = store.run("message", "raw", "alice@example.test",
                                   large[0])
        self.assertEqual((code, err), (0, b""))
        self.assertIn(body, out)
        store.ctl("store", "check")
        store.ctl("store", "backup", self.tmp + "/copy", expect=1)

    def test_many_at_once(self):
        store = OnPostgres()
        running = [subprocess.Popen(
            [MAILCTL, "--store", store.url, "mailbox", "add",
             "alice@example.test", f"Box {i}"], stderr=subprocess.PIPE)
            for i in range(12)]
        for process in running:
            _, err = process.communicate(timeout=60)
            self.assertEqual((process.returncode, err), (0, b""))
        self.assertEqual(
            store.rows("SELECT count(*), count(DISTINCT id) FROM mailbox "
                       "WHERE account = 1 AND role = 0"), [["12", "12"]])
        self.assertEqual(
            store.rows("SELECT count(DISTINCT modseq) FROM mailbox "
                       "WHERE account = 1 AND role = 0"), [["12"]])

    def test_ten_make_the_same_store(self):
        store = OnPostgres(accounts=())
        running = [subprocess.Popen(
            [MAILCTL, "--store", store.url, "domain", "add",
             f"d{i}.example"], stderr=subprocess.PIPE) for i in range(10)]
        for process in running:
            _, err = process.communicate(timeout=60)
            self.assertEqual((process.returncode, err), (0, b""))
        self.assertEqual(store.rows("SELECT count(*) FROM domain"), [["10"]])
        self.assertEqual(
            store.rows("SELECT count(*) FROM setting WHERE name = 'store_id'"),
            [["1"]])

    def test_a_server_that_is_not_there(self):
        url = server.url().replace("postgres?", "nothing?")
        code, _, err = run(MAILCTL, "--store", url, "domain", "list")
        self.assertEqual(code, 1)
        self.assertIn(b"nothing", err)
        code, _, err = run(MAILCTL, "--store",
                           f"postgresql:///x?host={self.tmp}", "domain",
                           "list")
        self.assertEqual(code, 1)
        self.assertIn(self.tmp.encode(), err)


class Delivery(Case):
    """smtpd on it, confined as ever."""

    def send(self, daemon, subject):
        with smtplib.SMTP("127.0.0.1", daemon.ports["smtp"]) as client:
            client.sendmail("x@example.org", ["alice@example.test"],
                            f"Subject: {subject}\r\n\r\nHi\r\n")

    def test_goes_on_when_the_server_was_away(self):
        own = postgres.Server(durable=True)
        self.addCleanup(own.stop)
        store = OnPostgres.__new__(OnPostgres)
        store.path, store.url = None, own.url()
        store.fill(("alice",))
        daemon = Smtpd(self.tmp, store, kinds=("smtp",))
        self.addCleanup(daemon.kill)
        self.send(daemon, "one")
        own.halt(signal.SIGQUIT)
        with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
            self.send(daemon, "two")
        self.assertEqual(
            refused.exception.recipients["alice@example.test"][0], 451)
        own.start()
        self.send(daemon, "three")
        self.assertEqual(
            own.rows("SELECT convert_from(subject, 'UTF8') FROM email "
                     "ORDER BY id"), [["one"], ["three"]])
        self.assertEqual(
            own.rows("SELECT total, unread FROM mailbox WHERE role = 1"),
            [["2", "2"]])
        daemon.stop()


class Crash(Case):
    """What was acknowledged is there after the server died and came back."""

    def test_it_is_there(self):
        own = postgres.Server(durable=True)
        self.addCleanup(own.stop)
        store = OnPostgres.__new__(OnPostgres)
        store.path, store.url = None, own.url()
        store.fill(("alice",))
        own.halt(signal.SIGQUIT)
        with self.assertRaises(Failed):
            store.ctl("account", "list")
        own.start()
        self.assertEqual([a["address"] for a in store.json("account", "list")],
                         ["alice@example.test"])


if __name__ == "__main__":
    if postgres.programs() is None:
        print("PostgreSQL is not installed", file=sys.stderr)
        sys.exit(postgres.SKIPPED)
    server = postgres.Server()
    try:
        unittest.main()
    finally:
        server.stop()
