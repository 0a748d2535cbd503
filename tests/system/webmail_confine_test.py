# SPDX-License-Identifier: MIT
"""What webmail gives up on its way up."""
import os
import pwd
import unittest

from support import Case, Store
from web import Webmail


def status(pid, key):
    """A line of /proc/PID/status, as words."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(key + ":"):
                return line.split(":", 1)[1].split()
    return None


class Confined(Case):

    def start(self, config=""):
        webmail = Webmail(self.tmp, Store(self.tmp), config=config)
        self.addCleanup(webmail.stop)
        return webmail

    def threads(self, webmail):
        pid = webmail.process.pid
        return [f"{pid}/task/{task}" for task in os.listdir(f"/proc/{pid}/task")]

    def test_every_thread_is_covered_and_the_page_is_served(self):
        webmail = self.start()
        self.assertIn(b" 200 ", webmail.talk(
            "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
        if "seccomp=on" not in webmail.log():
            self.skipTest("no seccomp here")
        for thread in self.threads(webmail):
            self.assertEqual(status(thread, "Seccomp"), ["2"])
            self.assertEqual(status(thread, "NoNewPrivs"), ["1"])

    def test_one_key_takes_it_off(self):
        webmail = self.start("[process]\nsandbox = off\n")
        for thread in self.threads(webmail):
            self.assertEqual(status(thread, "Seccomp"), ["0"])

    @unittest.skipUnless(os.geteuid() == 0, "only root has rights to give up")
    def test_root_is_gone_in_every_thread(self):
        nobody = pwd.getpwnam("nobody")
        store = Store(self.tmp)
        for folder, _, names in os.walk(self.tmp):
            for path in [folder, *(os.path.join(folder, n) for n in names)]:
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        webmail = Webmail(self.tmp, store, config="[process]\nuser = nobody\n")
        self.addCleanup(webmail.stop)
        for thread in self.threads(webmail):
            self.assertEqual(status(thread, "Uid"), [str(nobody.pw_uid)] * 4)
            self.assertEqual(status(thread, "CapEff"), ["0" * 16])
            self.assertEqual(status(thread, "CapBnd"), ["0" * 16])
        self.assertIn(b" 200 ", webmail.talk(
            "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))


if __name__ == "__main__":
    unittest.main()
