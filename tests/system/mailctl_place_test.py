# SPDX-License-Identifier: MIT
"""mailctl: roles and subscriptions of mailboxes, and where messages are."""
import time
import unittest

from support import Case, Store

ALICE = "alice@example.test"
MAIL = b"From: bob@example.org\r\nSubject: one\r\n\r\nhello\r\n"


class Mailboxes(Case):
    def setUp(self):
        super().setUp()
        self.store = Store(self.tmp, accounts=("alice",))

    def boxes(self):
        return {row["path"]: row for row in
                self.store.json("mailbox", "list", ALICE)}

    def test_role(self):
        self.store.ctl("mailbox", "add", ALICE, "Deleted Items")
        self.store.ctl("mailbox", "role", ALICE, "Deleted Items", "trash",
                       expect=4)
        out = self.store.ctl("mailbox", "role", ALICE, "Trash", "none")
        self.assertEqual(out, "Trash is for nothing in particular\n")
        out = self.store.ctl("mailbox", "role", ALICE, "Deleted Items",
                             "TRASH")
        self.assertEqual(out, "Deleted Items is for trash\n")
        boxes = self.boxes()
        self.assertEqual(boxes["Deleted Items"]["role"], "trash")
        self.assertFalse(boxes["Trash"]["role"])
        self.store.ctl("mailbox", "role", ALICE, "Trash", "rubbish", expect=2)
        self.store.ctl("mailbox", "role", ALICE, "Nowhere", "none", expect=3)
        self.store.ctl("mailbox", "role", ALICE, "INBOX", "none", expect=1)
        self.store.ctl("mailbox", "role", ALICE, "Trash", "inbox", expect=1)
        self.assertEqual(self.boxes()["Inbox"]["role"], "inbox")

    def test_subscribe(self):
        self.assertTrue(self.boxes()["Junk"]["subscribed"])
        for path in ("Junk", "INBOX"):
            self.store.ctl("mailbox", "unsubscribe", ALICE, path)
        boxes = self.boxes()
        self.assertFalse(boxes["Junk"]["subscribed"])
        self.assertFalse(boxes["Inbox"]["subscribed"])
        self.assertEqual(self.store.json("mailbox", "subscribe", ALICE,
                                         "Junk")["done"], True)
        self.assertTrue(self.boxes()["Junk"]["subscribed"])
        self.store.ctl("mailbox", "subscribe", ALICE, "Nowhere", expect=3)

    def test_rename_moves(self):
        self.store.ctl("mailbox", "add", ALICE, "a/b")
        self.store.ctl("mailbox", "rename", ALICE, "a/b", "Archive/c")
        self.assertIn("Archive/c", self.boxes())


class Messages(Case):
    def setUp(self):
        super().setUp()
        self.store = Store(self.tmp, accounts=("alice",))

    def tearDown(self):
        self.store.ctl("store", "check")

    def places(self, number):
        return sorted(self.store.json("message", "show", ALICE,
                                      number)["mailboxes"])

    def test_copy(self):
        ids = self.store.put(ALICE, MAIL, count=2)
        self.store.ctl("message", "copy", ALICE, *ids, "Archive")
        for number in ids:
            self.assertEqual(self.places(number), ["Archive", "Inbox"])
        before = self.store.json("account", "show", ALICE)
        out = self.store.ctl("message", "copy", ALICE, ids[0], "Archive")
        self.assertEqual(out, f"copied message {ids[0]}\n")
        self.assertEqual(self.store.json("account", "show", ALICE), before)
        self.store.ctl("message", "copy", ALICE, ids[0], "Nowhere", expect=3)
        self.store.ctl("message", "copy", ALICE, "99", "Archive", expect=3)
        self.store.ctl("message", "copy", ALICE, "x", "Archive", expect=2)

    def test_move_several(self):
        ids = self.store.put(ALICE, MAIL, count=3)
        self.store.ctl("message", "move", ALICE, *ids[:2], "Archive")
        self.assertEqual([self.places(i) for i in ids],
                         [["Archive"], ["Archive"], ["Inbox"]])
        self.store.ctl("message", "move", ALICE, ids[0], "Nowhere", expect=3)
        self.store.ctl("message", "move", ALICE, ids[0], expect=2)

    def test_add_and_remove(self):
        number = self.store.put(ALICE, MAIL)[0]
        self.store.ctl("message", "move", ALICE, number, "--add", "Archive",
                       "--add", "Junk")
        self.assertEqual(self.places(number), ["Archive", "Inbox", "Junk"])
        self.store.ctl("message", "move", ALICE, number, "--remove", "INBOX",
                       "--remove", "Junk", "--add", "Trash")
        self.assertEqual(self.places(number), ["Archive", "Trash"])
        code, _, err = self.store.run("message", "move", ALICE, number,
                                      "--remove", "Archive", "--remove",
                                      "Trash")
        self.assertEqual(code, 1)
        self.assertIn(b"has to be in a mailbox", err)
        self.assertEqual(self.places(number), ["Archive", "Trash"])

    def test_append(self):
        document = self.store.json(
            "message", "append", ALICE, "Archive", "-", "--seen", "--keyword",
            "mine", "--date", "2020-02-03T04:05:06Z",
            stdin=b"Subject: x\n\none\r\ntwo\n\nlast")
        shown = self.store.json("message", "show", ALICE, document["id"])
        self.assertEqual(shown["mailboxes"], ["Archive"])
        self.assertEqual(sorted(shown["keywords"]), ["$seen", "mine"])
        self.assertEqual(shown["receivedAt"], "2020-02-03T04:05:06Z")
        code, raw, _ = self.store.run("message", "raw", ALICE, document["id"])
        self.assertEqual(
            (code, raw),
            (0, b"Subject: x\r\n\r\none\r\ntwo\r\n\r\nlast"))

    def test_append_a_file_to_the_inbox(self):
        path = self.file("a.eml", b"Subject: x\r\n\r\n" + b"x" * 70000 +
                         b"\r\n" * 70000)
        out = self.store.ctl("message", "append", ALICE, path)
        number = out.split()[-1]
        self.assertEqual(self.places(number), ["Inbox"])
        with open(path, "rb") as file:
            self.assertEqual(self.store.run("message", "raw", ALICE,
                                            number)[1], file.read())

    def test_append_refused(self):
        self.store.ctl("message", "append", ALICE, "-", expect=1)
        self.store.ctl("message", "append", ALICE, "Nowhere", "-", expect=3,
                       stdin=MAIL)
        self.store.ctl("message", "append", ALICE, "-", "--date", "soon",
                       expect=2, stdin=MAIL)
        self.store.ctl("message", "append", ALICE, "-", "--keyword", "a b(",
                       expect=1, stdin=MAIL)
        self.store.ctl("account", "set", ALICE, "--quota-emails", "1")
        self.store.ctl("message", "append", ALICE, "-", stdin=MAIL)
        self.store.ctl("message", "append", ALICE, "-", stdin=MAIL, expect=1)
        self.assertEqual(len(self.store.json("message", "list", ALICE)), 1)


class Tidy(Case):
    def test_tidy(self):
        config = self.file("c.conf", "[retention]\nremoved = 1\n")
        store = Store(self.tmp, accounts=("alice",))
        number = store.put(ALICE, MAIL)[0]
        self.assertEqual(store.ctl("store", "tidy"), "nothing is due\n")
        store.ctl("--config", config, "message", "remove", ALICE, number)
        time.sleep(2.1)
        due = store.json("store", "tidy", "--dry-run")
        self.assertEqual(due["removed"], 1)
        self.assertEqual(set(due), set(store.json("store", "tidy")))
        due = store.json("store", "tidy")
        self.assertEqual(sum(due.values()), 0)
        store.ctl("store", "check")


if __name__ == "__main__":
    unittest.main()
