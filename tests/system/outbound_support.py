# SPDX-License-Identifier: MIT
"""smtpd that sends: to sinks of the test, by routes or by a zone file."""
import email
import json
import os
import time

from sink import Sink
from smtpd_support import Smtpd, SmtpdCase
from support import DOMAIN, Store

ALICE, BOB = f"alice@{DOMAIN}", f"bob@{DOMAIN}"


def mail(subject="hello", body="One line.\r\n", sender=ALICE):
    """A small message."""
    return (f"From: {sender}\r\nTo: somebody@remote.test\r\n"
            f"Subject: {subject}\r\nDate: Mon, 02 Mar 2026 10:00:00 +0000\r\n"
            f"Message-ID: <{abs(hash(subject))}@{DOMAIN}>\r\n\r\n"
            f"{body}").encode()


def until(condition, seconds=30, why=""):
    """Wait until it holds; what it gave."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: "
                                 f"{why() if callable(why) else why}")
        time.sleep(0.05)


class OutboundCase(SmtpdCase):
    """A test with alice, bob, and a host for each name in `sinks`."""

    queue = "retry-min = 1s\nretry-max = 1s\ndown-time = 1s\n"
    more = ""

    def sinks(self):
        """What hosts there are: domain -> Sink."""
        return {"remote.test": Sink()}

    def setUp(self):
        super(SmtpdCase, self).setUp()
        self.hosts = self.sinks()
        for host in self.hosts.values():
            self.addCleanup(host.close)
        self.store = Store(self.tmp)
        zone = self.file("zone.json", json.dumps(self.zone()))
        self.smtpd = Smtpd(self.tmp, self.store, config=(
            f"[resolver]\nzone-file = {zone}\n{self.routes()}"
            f"[queue]\nmta-sts = no\n{self.queue}{self.more}"))
        self.addCleanup(self.smtpd.stop)

    def zone(self):
        return {}

    def routes(self):
        """A route to each sink."""
        return "".join(
            f"[route r{i}]\nkind = relay\nhost = [127.0.0.1]\n"
            f"port = {sink.port}\nrecipients = {name}\n"
            for i, (name, sink) in enumerate(self.hosts.items()))

    def submit(self, recipients, message=None, sender=ALICE, options=(),
               rcpt_options=()):
        """alice submits it; recipients are all taken."""
        with self.smtpd.submission() as client:
            refused = client.sendmail(sender, recipients, message or mail(),
                                      list(options), list(rcpt_options))
        self.assertEqual(refused, {})

    def inbox(self, user="alice"):
        """The messages of the inbox, parsed, newest first."""
        return [email.message_from_bytes(self.raw(user, message))
                for message in self.messages(user)]

    def notices(self, count=1, user="alice", seconds=30):
        """As many notices, when they are there."""
        return until(lambda: len(self.messages(user)) >= count
                     and self.inbox(user), seconds,
                     self.smtpd.tail)

    def queue_rows(self):
        """What mailctl lists."""
        return self.store.json("queue", "list")

    def log_lines(self, event):
        return [line for line in self.smtpd.log().splitlines()
                if event in line]


def groups(notice):
    """The groups of fields of a message/delivery-status: a list of dicts."""
    status = notice.get_payload()[1]
    return [dict((key.lower(), value) for key, value in group.items())
            for group in status.get_payload()]


def resident(pid):
    """The resident memory of a process, in octets."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")
