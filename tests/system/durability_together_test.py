# SPDX-License-Identifier: MIT
"""smtpd under load, webmail and ten mailctl on one store, and checkpoints.

No commit is lost, nobody is told that the store is busy, and nobody waits
for a turn over 100 ms. DURABILITY_SECONDS says for how long.

In memory if there is a place: what a busy disk adds to a sync is not ours.
On a machine that others keep busy the wait is told, and not judged.
"""
import os
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

from durability import Load, compare
from smtpd_support import Smtpd
from support import DOMAIN, Case, Store
from web import Client, Webmail

SECONDS = float(os.environ.get("DURABILITY_SECONDS", "5"))
TAKE_TURNS = os.environ.get("TAKE_TURNS")
USING = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
CLIENTS = 16
MAILCTLS = 10

# What a log says of a wait beyond the promise.
WAITED = "for a turn at the store"


class Worker(threading.Thread):
    """Makes one mailbox after the other, each with a name of its own."""

    def __init__(self, case, name):
        super().__init__(daemon=True)
        self.case, self.name_ = case, name
        self.made, self.complaints, self.times = [], [], []

    def run(self):
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            name = f"{self.name_}-{len(self.made)}"
            began = time.monotonic()
            complaint = self.make(name)
            self.times.append(time.monotonic() - began)
            if complaint:
                self.complaints.append(complaint)
            else:
                self.made.append(name)
            time.sleep(self.pause)


class ByMailctl(Worker):
    # Starting a program costs more than what it does here: ten that never
    # rest keep two processors from everybody else.
    pause = 0.2

    def make(self, name):
        code, out, err = self.case.store.run("mailbox", "add",
                                             f"alice@{DOMAIN}", name)
        return (out + err).decode() if code != 0 or err else ""


class ByWebmail(Worker):
    pause = 0.01

    def run(self):
        self.client = Client(self.case.webmail)
        self.client.login("alice")
        session = self.client.call("GET", "/.well-known/jmap").json()
        self.account = session["primaryAccounts"][USING[1]]
        super().run()
        self.client.http.close()

    def make(self, name):
        answer = self.client.call("POST", "/jmap/api", {
            "using": USING, "methodCalls": [["Mailbox/set", {
                "accountId": self.account,
                "create": {"a": {"name": name}}}, "0"]]})
        body = answer.json()
        try:
            if body["methodResponses"][0][1]["created"]["a"]["id"]:
                return ""
        except (KeyError, TypeError):
            pass
        return str(body)


class Together(Case):
    def setUp(self):
        super().setUp()
        if os.access("/dev/shm", os.W_OK):
            self.tmp = tempfile.mkdtemp(prefix="smtpmail-", dir="/dev/shm")
            self.addCleanup(shutil.rmtree, self.tmp, ignore_errors=True)
        self.idle = os.getloadavg()[0] < 1
        self.store = Store(self.tmp)
        self.smtpd = Smtpd(self.tmp, self.store, kinds=("smtp",))
        self.addCleanup(self.smtpd.stop)
        self.webmail = Webmail(self.tmp, self.store)
        self.addCleanup(self.webmail.stop)

    def mailboxes(self):
        listed = self.store.json("mailbox", "list", f"alice@{DOMAIN}")
        return {mailbox["path"] for mailbox in listed}

    def test_nobody_waits_and_nothing_is_lost(self):
        turns = subprocess.Popen([TAKE_TURNS, self.store.url, "20"],
                                 stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        load = Load(self.smtpd, CLIENTS, large=4)
        workers = [ByMailctl(self, f"ctl{i}") for i in range(MAILCTLS)]
        workers.append(ByWebmail(self, "web"))
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        load.stop()
        out, err = turns.communicate(timeout=60)
        checkpoints, partial, longest = map(int, out.split())
        acknowledged = load.all("acknowledged")
        times = load.times()
        made = {name for worker in workers for name in worker.made}
        slowest = max(max(worker.times) for worker in workers)
        print(f"{len(acknowledged)} messages, {len(made)} mailboxes, "
              f"{checkpoints} checkpoints ({partial} with a reader in the "
              f"way); the longest wait for a turn {longest / 1000:.1f} ms; "
              f"SMTP from end of data to 250: median "
              f"{times[len(times) // 2] * 1000:.1f}, longest "
              f"{times[-1] * 1000:.1f} ms; the slowest mailctl or JMAP call "
              f"{slowest * 1000:.0f} ms", flush=True)
        self.assertEqual([c for w in workers for c in w.complaints], [])
        self.assertEqual((turns.returncode, err), (0, b""))
        self.assertEqual(load.all("refused"), {})
        for log in (self.smtpd.log(), self.webmail.log()):
            self.assertNotIn(WAITED, log)
            self.assertNotIn("locked", log)
            self.assertNotIn("busy", log)
        if self.idle:
            self.assertLess(longest, 100 * 1000)
        self.assertEqual(made - self.mailboxes(), set())
        self.assertEqual(compare(self.store.path, acknowledged), ([], []))
        self.assertEqual(self.store.ctl("store", "check"), "no faults\n")


if __name__ == "__main__":
    unittest.main()
