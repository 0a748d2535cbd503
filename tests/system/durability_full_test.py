# SPDX-License-Identifier: MIT
"""The disk is full, or has no inodes left: smtpd says so and goes on after.

On a small tmpfs, for which the test becomes its own mount namespace; skipped
where that is not allowed.
"""
import os
import smtplib
import subprocess
import sys
import tempfile
import unittest

from durability import compare
from smtpd_support import Smtpd
from support import Case, Store

INSIDE = "DURABILITY_INSIDE"
ROOMY = 48 * 1024 * 1024


def become_namespace():
    """Run this again where mounting harms nobody; else exit with 77."""
    if os.environ.get(INSIDE):
        return
    user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    command = ["unshare", *user, "--mount", "--propagation", "private"]
    try:
        probe = tempfile.mkdtemp(prefix="smtpmail-probe-")
        allowed = subprocess.run(
            [*command, "mount", "-t", "tmpfs", "none", probe],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            check=False).returncode == 0
        os.rmdir(probe)
    except OSError:
        allowed = False
    if not allowed:
        print("skipped: no mount namespace here")
        sys.exit(77)
    environment = dict(os.environ, **{INSIDE: "1"})
    os.execvpe(command[0], [*command, sys.executable, *sys.argv], environment)


class Full(Case):
    options = f"size={ROOMY}"

    def setUp(self):
        super().setUp()
        self.disk = os.path.join(self.tmp, "disk")
        os.mkdir(self.disk)
        subprocess.run(["mount", "-t", "tmpfs", "-o", self.options, "none",
                        self.disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk],
                        check=False)
        self.store = Store(self.disk)
        self.smtpd = Smtpd(self.tmp, self.store, kinds=("smtp",))
        self.addCleanup(self.smtpd.stop)
        self.acknowledged = {}
        self.refused = {}
        self.number = 0

    def send(self, size):
        """The reply to one message of its own connection."""
        self.number += 1
        name = f"m0-{self.number}"
        body = (f"Message-ID: <{name}@x.test>\r\nSubject: {name}\r\n\r\n" +
                ("x" * 70 + "\r\n") * (size // 72))
        try:
            with self.smtpd.smtp() as client:
                client.sendmail("x@load.test", ["alice@example.test",
                                                "bob@example.test"], body)
        except smtplib.SMTPResponseException as reply:
            self.refused[name] = (reply.smtp_code, reply.smtp_error)
            return reply.smtp_code, reply.smtp_error.decode()
        except smtplib.SMTPRecipientsRefused as reply:
            code, text = next(iter(reply.recipients.values()))
            self.refused[name] = (code, text)
            return code, text.decode()
        self.acknowledged[name] = ["alice", "bob"]
        return 250, ""

    def assert_whole(self):
        self.assertEqual(self.store.ctl("store", "check"), "no faults\n")
        self.assertEqual(compare(self.store.path, self.acknowledged),
                         ([], []))

    def assert_refused(self, size):
        code, text = self.send(size)
        self.assertEqual(code, 452, text)
        self.assertIn("4.3.1", text)

    def assert_goes_on(self):
        for size in (300, 100000, 5000):
            self.assertEqual(self.send(size), (250, ""))
        self.assert_whole()


class Bytes(Full):
    def fill(self, leave):
        """Take all room but so many octets."""
        info = os.statvfs(self.disk)
        left = max(0, info.f_bavail * info.f_bsize - leave)
        with open(os.path.join(self.disk, "filler"), "ab",
                  buffering=0) as filler:
            try:
                while left > 0:
                    left -= filler.write(b"\0" * min(left, 65536))
            except OSError:  # its last pages are smtpd's by now
                self.assertEqual(leave, 0)

    def make_room(self):
        os.unlink(os.path.join(self.disk, "filler"))

    def test_no_room(self):
        self.assertEqual(self.send(300), (250, ""))
        self.assertEqual(self.send(100000), (250, ""))
        self.fill(0)
        for size in (100000, 2000000):
            self.assert_refused(size)
        for size in (60000, 300):  # the log may have room in it
            for _ in range(1000):
                code, text = self.send(size)
                if code != 250:
                    break
            self.assertEqual((code, text[:5]), (452, "4.3.1"))
        self.assert_whole()
        self.make_room()
        self.assert_goes_on()

    def test_room_that_runs_out(self):
        """It ends somewhere amid a message; what was told stays true."""
        for leave in (4096, 20000, 70000, 150000, 300000, 600000, 1000000):
            self.fill(leave)
            for size in (300, 3000, 100000, 40000) * 30:
                code, text = self.send(size)
                if code != 250:
                    self.assertEqual(code, 452, text)
                    self.assertIn("4.3.1", text)
                    break
            else:
                self.assertGreater(leave, 500000)
            self.make_room()
            self.assertEqual(self.send(300), (250, ""))
        self.assertGreater(len(self.refused), 4)
        self.assert_goes_on()


class Inodes(Full):
    options = f"size={ROOMY},nr_inodes=400"

    def test_no_inodes(self):
        self.assertEqual(self.send(100000), (250, ""))
        folder = os.path.join(self.disk, "many")
        os.mkdir(folder)
        names = []
        while True:
            name = os.path.join(folder, str(len(names)))
            try:
                os.close(os.open(name, os.O_CREAT | os.O_WRONLY))
            except OSError:
                break
            names.append(name)
        self.assert_refused(100000)
        self.assert_refused(2000000)
        self.assertEqual(self.send(300), (250, ""))  # a row needs no inode
        self.assert_whole()
        for name in names:
            os.unlink(name)
        self.assert_goes_on()


if __name__ == "__main__":
    become_namespace()
    unittest.main()
