# SPDX-License-Identifier: MIT
"""smtpd on its way up and down: sockets that somebody else opened, rights it
gives up, and what it tells its service manager."""
import os
import pwd
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import time
import unittest

from smtpd_support import Smtpd, SmtpdCase, make_certificate
from support import DOMAIN, SMTPD, Case, Store, run

ALICE = f"alice@{DOMAIN}"


def status(pid, key):
    """A line of /proc/PID/status."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(key + ":"):
                return line.split(":", 1)[1].split()
    return None


class Sandbox(SmtpdCase):

    extra = ("--log-level", "debug")

    def test_it_says_what_is_on_and_works_all_the_same(self):
        self.assertRegex(self.smtpd.log(), "sandbox seccomp=|sandbox .*seccomp")
        self.assertRegex(self.smtpd.log(), "sandbox landlock=|sandbox .*landl")
        with self.smtpd.smtp() as client:
            for size in (10, 70000, 3000000):
                client.sendmail("a@example.org", [ALICE],
                                "Subject: s\r\n\r\n" + "x" * 60 + "\r\n"
                                + "0123456789\r\n" * (size // 12))
        with self.smtpd.submission() as client:
            client.sendmail(ALICE, [ALICE], "Subject: s\r\n\r\nx\r\n")
        self.assertEqual(len(self.messages("alice")), 4)
        self.smtpd.signal(signal.SIGHUP)
        self.wait_for("reloaded")
        with self.smtpd.submission() as client:
            client.noop()

    def wait_for(self, words):
        deadline = time.monotonic() + 20
        while words not in self.smtpd.log():
            self.assertLess(time.monotonic(), deadline, self.smtpd.tail())
            time.sleep(0.02)

    def test_every_thread_is_covered(self):
        if "seccomp=on" not in self.smtpd.log():
            self.skipTest("no seccomp here")
        pid = self.smtpd.process.pid
        for task in os.listdir(f"/proc/{pid}/task"):
            self.assertEqual(status(f"{pid}/task/{task}", "Seccomp"), ["2"])
            self.assertEqual(status(f"{pid}/task/{task}", "NoNewPrivs"),
                             ["1"])

    def test_certificates_that_are_renewed_are_still_found(self):
        fresh = make_certificate(self.tmp, stem="fresh-")
        os.replace(fresh[0], self.smtpd.certificate)
        os.replace(fresh[1], self.smtpd.key)
        self.smtpd.signal(signal.SIGHUP)
        self.wait_for("reloaded")


class Unsealed(SmtpdCase):

    config = "[process]\nsandbox = off\n"

    def test_one_key_takes_it_off(self):
        self.assertEqual(status(self.smtpd.process.pid, "Seccomp"), ["0"])
        self.assertRegex(self.smtpd.log(), 'sandbox reason="?off')


@unittest.skipUnless(os.geteuid() == 0, "only root has rights to give up")
class Rights(Case):

    def setUp(self):
        super().setUp()
        self.nobody = pwd.getpwnam("nobody")
        store = Store(self.tmp)
        make_certificate(self.tmp)
        for folder, _, names in os.walk(self.tmp):
            for path in [folder, *(os.path.join(folder, n) for n in names)]:
                os.chown(path, self.nobody.pw_uid, self.nobody.pw_gid)
        self.store = store
        self.smtpd = Smtpd(self.tmp, store, config="[process]\n"
                           "user = nobody\n", files=(
                               os.path.join(self.tmp, "cert.pem"),
                               os.path.join(self.tmp, "key.pem")))
        self.addCleanup(self.smtpd.stop)

    def test_root_is_gone_in_every_thread(self):
        pid = self.smtpd.process.pid
        uid, gid = str(self.nobody.pw_uid), str(self.nobody.pw_gid)
        for task in os.listdir(f"/proc/{pid}/task"):
            name = f"{pid}/task/{task}"
            self.assertEqual(status(name, "Uid"), [uid] * 4)
            self.assertEqual(status(name, "Gid"), [gid] * 4)
            self.assertNotIn("0", status(name, "Groups"))
            for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                self.assertEqual(status(name, kind), ["0" * 16], kind)
            self.assertEqual(status(name, "NoNewPrivs"), ["1"])
        self.assertIn("privileges_dropped user=nobody", self.smtpd.log())

    def test_mail_is_delivered_all_the_same(self):
        with self.smtpd.smtp() as client:
            client.sendmail("a@example.org", [ALICE], "Subject: s\r\n\r\n"
                            + "0123456789\r\n" * 20000)
        with self.smtpd.submission() as client:
            client.sendmail(ALICE, [ALICE], "Subject: s\r\n\r\nx\r\n")
        self.smtpd.stop()
        self.assertEqual(len(self.store.json("message", "list", ALICE)), 2)


class NoSuchUser(Case):

    def test_a_user_that_is_not_there(self):
        config = self.file("conf", "[process]\nuser = no-such-user\n")
        code, _, err = run(SMTPD, "--discard", "--listen", "smtp:127.0.0.1:0",
                           "--config", config)
        self.assertEqual(code, 1)
        self.assertIn(b"no-such-user", err)


class Manager:
    """A service manager: opens sockets and listens to what is said."""

    # Descriptors 3, 4, ... are the sockets, as LISTEN_FDS promises.
    STARTER = ("import os, sys\n"
               "fds = [int(fd) for fd in sys.argv[1].split(',') if fd]\n"
               "high = [os.dup2(fd, 100 + n) for n, fd in enumerate(fds)]\n"
               "for n, fd in enumerate(high):\n"
               "    os.dup2(fd, 3 + n)\n"
               "os.environ['LISTEN_PID'] = str(os.getpid())\n"
               "os.execv(sys.argv[2], sys.argv[2:])\n")

    def __init__(self, tmp, names=(), watchdog=None):
        self.tmp = tmp
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.path = os.path.join(tmp, "notify")
        self.notify.bind(self.path)
        self.notify.settimeout(30)
        self.sockets = [socket.create_server(("127.0.0.1", 0))
                        for _ in names]
        self.environment = {k: v for k, v in os.environ.items()
                            if not k.startswith("LISTEN_")}
        self.environment["NOTIFY_SOCKET"] = self.path
        if names:
            self.environment["LISTEN_FDS"] = str(len(names))
            self.environment["LISTEN_FDNAMES"] = ":".join(names)
        if watchdog:
            self.environment["WATCHDOG_USEC"] = str(watchdog)
        self.log = os.path.join(tmp, "log")
        self.process = None

    def ports(self):
        return [sock.getsockname()[1] for sock in self.sockets]

    def start(self, *args):
        with open(self.log, "wb") as log:
            fds = [sock.fileno() for sock in self.sockets]
            self.process = subprocess.Popen(
                [sys.executable, "-c", self.STARTER,
                 ",".join(map(str, fds)), SMTPD, "--hostname",
                 "mail.example.test", *args],
                env=self.environment, pass_fds=fds, stderr=log,
                stdin=subprocess.DEVNULL)

    def hear(self):
        return self.notify.recv(4096).decode()

    def hear_until(self, word):
        for _ in range(100):
            said = self.hear()
            if word in said:
                return said
        return None

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(60)
        self.notify.close()
        for sock in self.sockets:
            sock.close()
        return code


class Service(Case):

    def manager(self, *args, **more):
        manager = Manager(self.tmp, *args, **more)
        self.addCleanup(manager.stop)
        return manager

    def test_sockets_of_the_manager_by_their_names(self):
        manager = self.manager(("smtp", "lmtp"))
        ready = os.path.join(self.tmp, "ready")
        manager.start("--discard", "--ready-file", ready)
        self.assertEqual(manager.hear(), "READY=1")
        smtp, lmtp = manager.ports()
        with smtplib.SMTP("127.0.0.1", smtp, timeout=20) as client:
            client.sendmail("a@example.org", ["b@example.org"], "x\r\n")
        with smtplib.LMTP("127.0.0.1", lmtp) as client:
            client.sendmail("a@example.org", ["b@example.org"], "x\r\n")
        with open(ready, encoding="ascii") as file:
            self.assertEqual(file.read(), f"smtp 127.0.0.1 {smtp}\n"
                                          f"lmtp 127.0.0.1 {lmtp}\n")

    def test_a_client_that_came_before_the_server(self):
        manager = self.manager(("smtp",))
        early = socket.create_connection(("127.0.0.1", manager.ports()[0]), 20)
        early.sendall(b"EHLO early.example\r\n")
        manager.start("--discard")
        self.assertEqual(manager.hear(), "READY=1")
        self.assertEqual(early.recv(4), b"220 ")
        early.close()

    def test_sockets_with_other_names_are_refused(self):
        manager = self.manager(("what",))
        manager.start("--discard")
        self.assertEqual(manager.process.wait(30), 1)
        with open(manager.log, encoding="utf-8") as file:
            self.assertIn("FileDescriptorName", file.read())

    def test_names_that_differ_by_a_number(self):
        manager = self.manager(("smtp-4", "smtp-6"))
        manager.start("--discard")
        self.assertEqual(manager.hear(), "READY=1")
        for port in manager.ports():
            with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
                self.assertEqual(client.noop()[0], 250)

    def test_what_it_says_from_beginning_to_end(self):
        manager = self.manager()
        manager.start("--discard", "--listen", "smtp:127.0.0.1:0")
        self.assertEqual(manager.hear(), "READY=1")
        manager.process.send_signal(signal.SIGHUP)
        self.assertRegex(manager.hear(), r"^RELOADING=1\nMONOTONIC_USEC=\d+$")
        self.assertEqual(manager.hear(), "READY=1")
        manager.process.send_signal(signal.SIGTERM)
        self.assertEqual(manager.hear(), "STOPPING=1")
        self.assertEqual(manager.process.wait(30), 0)

    def test_signs_of_life(self):
        manager = self.manager(watchdog=200000)
        manager.start("--discard", "--listen", "smtp:127.0.0.1:0")
        self.assertEqual(manager.hear(), "READY=1")
        for _ in range(5):
            began = time.monotonic()
            self.assertEqual(manager.hear(), "WATCHDOG=1")
            self.assertLess(time.monotonic() - began, 5)


class Units(Case):

    FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(
        os.path.abspath(__file__)))), "apps")
    UNITS = ("smtpd/smtpd.service", "webmail/webmail.service")

    @unittest.skipUnless(shutil.which("systemd-analyze"),
                         "systemd-analyze is not installed")
    def test_the_units_are_hardened(self):
        for unit in self.UNITS:
            code, out, err = run("systemd-analyze", "security", "--offline=yes",
                                 "--no-pager", "--threshold=20",
                                 os.path.join(self.FOLDER, unit))
            self.assertEqual(code, 0, (out + err)[-2000:])

    def test_what_they_start_is_what_is_installed(self):
        for unit in self.UNITS:
            with open(os.path.join(self.FOLDER, unit),
                      encoding="ascii") as file:
                text = file.read()
            program = os.path.basename(unit).split(".")[0]
            self.assertIsNotNone(re.search(rf"^ExecStart=\S*/{program}\b",
                                           text, re.M))
            self.assertIn("NoNewPrivileges=yes", text)


if __name__ == "__main__":
    unittest.main()
