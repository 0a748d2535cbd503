# SPDX-License-Identifier: MIT
"""mailctl store: backup while mail arrives, restore, repair, reindex."""
import os
import smtplib
import sqlite3
import subprocess
import threading
import unittest

from smtpd_support import SmtpdCase
from support import MAILCTL


def run(url, *words):
    """Exit code, standard output and standard error of mailctl."""
    done = subprocess.run([MAILCTL, "--store", url, *words],
                          capture_output=True, timeout=60, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class Care(SmtpdCase):
    def send(self, count, size=100):
        client = self.smtpd.smtp()
        for _ in range(count):
            client.sendmail("x@sender.test", ["alice@example.test"],
                            b"Subject: findme\r\n\r\n" +
                            b"word\r\n" * (size // 6))
        client.quit()

    def test_backup_while_mail_arrives(self):
        folder = os.path.join(self.tmp, "backup")
        self.send(3, 100000)
        stop = threading.Event()

        def load():
            while not stop.is_set():
                try:
                    self.send(5)
                except smtplib.SMTPException:
                    return
        sender = threading.Thread(target=load)
        sender.start()
        try:
            for _ in range(3):
                code, out, err = run(self.store.url, "store", "backup", folder)
                self.assertEqual(code, 0, err)
        finally:
            stop.set()
            sender.join()
        self.assertIn("kept:", out)
        url = "sqlite:" + os.path.join(folder, "mail.db")
        self.assertEqual(run(url, "store", "check")[1], "no faults\n")

        again = "sqlite:" + os.path.join(self.tmp, "again", "mail.db")
        os.mkdir(os.path.join(self.tmp, "again"))
        code, _, err = run(again, "store", "restore", folder)
        self.assertEqual(code, 0, err)
        self.assertEqual(run(again, "store", "check")[1], "no faults\n")
        code, out, err = run(again, "message", "list", "alice@example.test",
                             "--limit", "1")
        self.assertIn("findme", out)
        code, _, err = run(again, "store", "restore", folder)
        self.assertEqual(code, 4)
        self.assertIn("is there already", err)
        self.assertEqual(run(self.store.url, "store", "restore",
                             "/nowhere")[0], 3)

    def test_repair(self):
        self.send(2)
        base = sqlite3.connect(self.store.path)
        base.execute("UPDATE mailbox SET total = 99")
        base.commit()
        base.close()
        code, out, _ = run(self.store.url, "store", "check")
        self.assertEqual(code, 1)
        self.assertIn("counts 99 messages", out)
        code, out, err = run(self.store.url, "store", "check", "--repair")
        self.assertEqual(code, 0, err)
        self.assertIn("faults mended", out)
        self.assertEqual(run(self.store.url, "store", "check")[1],
                         "no faults\n")

    def test_reindex_while_the_server_runs(self):
        self.send(20)
        code, _, err = run(self.store.url, "store", "reindex")
        self.assertEqual(code, 0, err)
        found = self.store.json("message", "search", "alice@example.test",
                                "body:word")
        self.assertEqual(len(found), 20)
        self.assertEqual(run(self.store.url, "store", "reindex",
                             "--no-wait")[0], 0)


if __name__ == "__main__":
    unittest.main()
