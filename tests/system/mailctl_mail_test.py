# SPDX-License-Identifier: MIT
"""mailctl send and message import, from outside."""
import json
import os
import subprocess
import unittest

from support import MAILCTL, Case, Store


def run(store, *words, data=b""):
    """Exit code, standard output and standard error."""
    done = subprocess.run([MAILCTL, "--store", store.url, *words], input=data,
                          capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def ids(store, address, *words):
    return [row["id"] for row in
            store.json("message", "list", address, *words)]


def raw(store, address, number):
    return run(store, "message", "raw", address, number)[1]


class Send(Case):
    def test_from_options(self):
        store = Store(self.tmp)
        path = os.path.join(self.tmp, "Bär.txt")
        with open(path, "w", encoding="utf-8") as file:
            file.write("attached")
        code, out, err = run(
            store, "send", "--from", "Älice <alice@example.test>", "--to",
            "bob@example.test", "--bcc", "alice@example.test", "--subject",
            "Grüße", "--attach", path, data="hello ö\n".encode())
        self.assertEqual((code, out), (0, "sent\n"), err)
        row = store.json("message", "list", "bob@example.test")[0]
        self.assertEqual(row["subject"], "Grüße")
        self.assertEqual(row["keywords"], [])
        text = raw(store, "bob@example.test", row["id"])
        self.assertIn("Return-Path: <alice@example.test>", text)
        self.assertNotIn("Bcc", text)
        sent = store.json("message", "list", "alice@example.test",
                          "--mailbox", "Sent")
        self.assertEqual([r["keywords"] for r in sent], [["$seen"]])
        self.assertEqual(
            ids(store, "alice@example.test", "--mailbox", "Drafts"), [])
        shown = store.json("message", "show", "bob@example.test", row["id"])
        self.assertEqual(shown["attachments"][0]["name"], "Bär.txt")
        self.assertIn("hello ö", shown["text"])
        store.ctl("store", "check")

    def test_from_standard_input(self):
        store = Store(self.tmp)
        code, out, err = run(store, "send", "--json", data=(
            b"From: alice@example.test\r\nTo: bob@example.test\r\n"
            b"Bcc: alice@example.test\r\nSubject: raw\r\n\r\nbody\r\n"))
        self.assertEqual(code, 0, err)
        self.assertEqual(json.loads(out)["recipients"], 2)
        text = raw(store, "bob@example.test",
                   ids(store, "bob@example.test")[0])
        self.assertIn("\r\nMessage-ID: <", text.replace("\n", "\r\n"))
        self.assertNotIn("Bcc", text)

    def test_is_refused_as_a_whole(self):
        store = Store(self.tmp)
        for to, words in (("bob@example.test,nobody@example.test",
                           "nobody here"),
                          ("nobody@example.test", "nobody here"),
                          ("bob", "no valid address")):
            code, out, err = run(store, "send", "--from",
                                 "alice@example.test", "--to", to, "--body",
                                 "x")
            self.assertEqual((code, out), (1, ""))
            self.assertIn(words, err)
        self.assertEqual(ids(store, "bob@example.test"), [])
        self.assertEqual(ids(store, "alice@example.test"), [])
        self.assertEqual(run(store, "send", "--to", "bob@example.test",
                             "--body", "x")[0], 2)
        self.assertEqual(run(store, "send", "--from", "eve@example.test",
                             "--to", "bob@example.test", "--body", "x")[0], 3)
        self.assertEqual(run(store, "send", data=b"no header")[0], 1)


    def test_waits_in_the_queue_for_other_hosts(self):
        store = Store(self.tmp)
        code, _, err = run(store, "send", "--from", "alice@example.test",
                           "--to", "bob@example.test,x@elsewhere.example",
                           "--subject", "to both", "--body", "x")
        self.assertEqual(code, 0, err)
        self.assertEqual(len(ids(store, "bob@example.test")), 1)
        queued = store.json("queue", "list")
        self.assertEqual([(row["id"], row["to"], row["status"],
                           row["destination"], row["subject"])
                          for row in queued],
                         [("1.1", "x@elsewhere.example", "waiting",
                           "elsewhere.example", "to both")])
        self.assertEqual(run(store, "queue", "hold", "1")[0], 0)
        self.assertEqual(store.json("queue", "list")[0]["status"], "held")
        self.assertEqual(run(store, "queue", "release", "--to",
                             "@elsewhere.example", "--dry-run")[0], 0)
        self.assertEqual(store.json("queue", "list")[0]["status"], "held")
        self.assertEqual(run(store, "queue", "release", "1.1")[0], 0)
        self.assertEqual(run(store, "queue", "retry")[0], 2)
        self.assertEqual(run(store, "queue", "show", "77")[0], 3)
        story = store.json("queue", "show", "1")
        self.assertEqual([a["reply"] for a in
                          story["recipients"][0]["attempts"]],
                         ["held by the operator", "released by the operator"])
        self.assertEqual(run(store, "queue", "cancel", "--all")[0], 0)
        self.assertEqual(store.json("queue", "list"), [])
        self.assertEqual(store.json("queue", "list", "--status",
                                    "cancelled")[0]["to"],
                         "x@elsewhere.example")
        code, out, err = run(store, "message", "why", "alice@example.test",
                             ids(store, "alice@example.test")[0])
        self.assertEqual(code, 0, err)
        self.assertIn("cancelled", out)


class Search(Case):
    def test_by_words_and_conditions(self):
        store = Store(self.tmp)
        for name, subject in (("Bob", "Café in Köln"), ("Eve", "Other")):
            code, _, err = run(store, "message", "import",
                               "alice@example.test", "-", data=(
                                   f"From: {name} <x@example.test>\nSubject: "
                                   f"{subject}\n\nhello {name}\n").encode())
            self.assertEqual(code, 0, err)

        def found(*words):
            return [row["subject"] for row in store.json(
                "message", "search", "alice@example.test", *words)]
        self.assertEqual(found("cafe"), ["Café in Köln"])
        self.assertEqual(found("from:bob", "koln"), ["Café in Köln"])
        self.assertEqual(found("-from:bob"), ["Other"])
        self.assertEqual(found("subject:\"in koln\""), ["Café in Köln"])
        self.assertEqual(len(found("in:inbox", "is:unread")), 2)
        self.assertEqual(len(found("bob", "OR", "eve", "--limit", "1")), 1)
        code, _, err = run(store, "message", "search", "alice@example.test",
                           "before:soon")
        self.assertEqual(code, 1)
        self.assertIn("before: wants a day, as 2026-11-23", err)
        self.assertEqual(run(store, "message", "search", "alice@example.test",
                             "in:Nowhere")[0], 3)
        self.assertEqual(run(store, "message", "search",
                             "alice@example.test")[0], 2)


MBOX = (b"From a@b Mon Nov 23 10:00:00 2020\nSubject: one\nStatus: RO\n"
        b"X-Status: A\n\n>From quoted\n>>From twice\n\n"
        b"From the text, not quoted\n\n"
        b"From c@d Tue Nov 24 10:00:00 2020\r\nSubject: two\r\n\r\nlast\r\n")


class Import(Case):
    def test_an_mbox(self):
        store = Store(self.tmp)
        path = os.path.join(self.tmp, "in.mbox")
        with open(path, "wb") as file:
            file.write(MBOX)
        sums = store.json("message", "import", "alice@example.test", path,
                          "--mailbox", "Archive", "--keywords", "old")
        self.assertEqual((sums["imported"], sums["duplicates"],
                          sums["skipped"]), (2, 0, []))
        listed = store.json("message", "list", "alice@example.test",
                            "--mailbox", "Archive")
        self.assertEqual([(r["subject"], r["receivedAt"], r["keywords"])
                          for r in listed],
                         [("two", "2020-11-24T10:00:00Z", ["old"]),
                          ("one", "2020-11-23T10:00:00Z",
                           ["$answered", "$seen", "old"])])
        done = subprocess.run(
            [MAILCTL, "--store", store.url, "message", "raw",
             "alice@example.test", listed[1]["id"]], capture_output=True,
            timeout=60, check=True)
        self.assertEqual(done.stdout,
                         b"Subject: one\r\nStatus: RO\r\nX-Status: A\r\n\r\n"
                         b"From quoted\r\n>From twice\r\n\r\n"
                         b"From the text, not quoted\r\n")

    def test_what_was_exported(self):
        store = Store(self.tmp)
        big = b"Subject: big\n\n" + b"x" * 300000 + b"\n" * 70
        for data in (b"Subject: a\nDate: Mon, 23 Nov 2020 10:00:00 +0000\n"
                     b"\nb\n", b"Subject: no end", b"\n\n", big):
            code, _, err = run(store, "message", "import",
                               "alice@example.test", "-", data=data)
            self.assertEqual(code, 0, err)
        self.assertEqual(run(store, "message", "import", "alice@example.test",
                             "-", data=b"")[0], 0)
        folder = os.path.join(self.tmp, "out")
        store.ctl("message", "export", "alice@example.test", folder)
        store.ctl("message", "import", "bob@example.test", folder)
        first = sorted(r["size"] for r in
                       store.json("message", "list", "alice@example.test"))
        second = sorted(r["size"] for r in
                        store.json("message", "list", "bob@example.test"))
        self.assertEqual(first, second)
        self.assertEqual(len(first), 4)
        self.assertEqual(first[-1], len(big) + 72)
        store.ctl("store", "check")

    def test_many(self):
        store = Store(self.tmp)
        data = b"".join(b"From x Mon Nov 23 10:00:00 2020\n"
                        b"Subject: %d\n\nx\n\n" % i for i in range(1000))
        code, out, err = run(store, "message", "import", "alice@example.test",
                             "-", "--json", data=data)
        self.assertEqual(code, 0, err)
        self.assertEqual(json.loads(out)["imported"], 1000)
        subjects = {r["subject"] for r in
                    store.json("message", "list", "alice@example.test")}
        self.assertEqual(subjects, {str(i) for i in range(1000)})

    def test_refuses_what_is_not_there(self):
        store = Store(self.tmp)
        self.assertEqual(run(store, "message", "import", "alice@example.test",
                             "/nowhere/x")[0], 3)
        self.assertEqual(run(store, "message", "import", "eve@example.test",
                             "-")[0], 3)
        self.assertEqual(run(store, "message", "import", "alice@example.test",
                             "-", "--mailbox", "a//b", data=b"x")[0], 1)
        self.assertEqual(run(store, "message", "import", "alice@example.test",
                             "-", "--format", "odd", data=b"x")[0], 2)
        code, _, err = run(store, "message", "import", "alice@example.test",
                           "-", "--keywords", "a(b", data=b"x")
        self.assertEqual(code, 1)
        self.assertIn("is not a keyword", err)


class Removed(Case):
    def test_comes_back(self):
        store = Store(self.tmp)
        bob = "bob@example.test"
        for subject in ("one", "two", "three"):
            run(store, "send", "--from", "alice@example.test", "--to", bob,
                "--subject", subject, "--body", "x")
        first, second, third = sorted(ids(store, bob))
        store.ctl("message", "flag", bob, str(second), "+seen", "+mine")
        for number in (first, second, third):
            store.ctl("message", "remove", bob, str(number))
        self.assertEqual(ids(store, bob), [])
        rows = store.json("message", "removed", bob)
        self.assertEqual([row["id"] for row in rows], [third, second, first])
        self.assertEqual(rows[1]["subject"], "two")
        self.assertEqual(run(store, "message", "undelete", bob)[0], 2)
        self.assertEqual(
            run(store, "message", "undelete", bob, "--since", "noon")[0], 2)
        self.assertEqual(
            run(store, "message", "undelete", bob, "1", "--all")[0], 2)
        store.ctl("message", "undelete", bob, str(second))
        row = store.json("message", "list", bob)[0]
        self.assertEqual((row["subject"], row["keywords"]),
                         ("two", ["$seen", "mine"]))
        self.assertEqual(
            run(store, "message", "undelete", bob, str(second))[0], 3)
        store.ctl("message", "removed", bob, str(first), "--purge")
        self.assertEqual(
            run(store, "message", "undelete", bob, str(first))[0], 3)
        store.ctl("message", "undelete", bob, "--since", "2020-01-01")
        self.assertEqual(
            sorted(row["subject"] for row in
                   store.json("message", "list", bob)), ["three", "two"])
        store.ctl("message", "remove", bob, str(ids(store, bob)[0]))
        store.ctl("message", "removed", bob, "--purge")
        self.assertEqual(store.json("message", "removed", bob), [])
        store.ctl("store", "check")

    def test_is_gone_at_once_when_so_configured(self):
        store = Store(self.tmp)
        bob = "bob@example.test"
        config = os.path.join(self.tmp, "keep.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write("[retention]\nremoved = 0\n")
        run(store, "send", "--from", "alice@example.test", "--to", bob,
            "--subject", "x", "--body", "x")
        code, _, err = run(store, "--config", config, "message", "remove",
                           bob, str(ids(store, bob)[0]))
        self.assertEqual(code, 0, err)
        self.assertEqual(store.json("message", "removed", bob), [])


if __name__ == "__main__":
    unittest.main()
