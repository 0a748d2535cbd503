# SPDX-License-Identifier: MIT
"""smtpd is killed again and again while it sends: nothing that was promised is
lost, and only what it had read no answer to arrives twice.

OUTBOUND_KILLS is how often.
"""
import asyncio
import os
import random
import re
import smtplib
import threading
import time
import unittest

from outbound_support import ALICE, BOB, OutboundCase, mail, until
from sink import Sink
from support import DOMAIN

KILLS = int(os.environ.get("OUTBOUND_KILLS", "10"))
SEED = int(os.environ.get("OUTBOUND_SEED", "1"))
SLOWEST = 0.15  # seconds until the sink says that it took a mail


class Arrival:
    """A mail that the sink took: it says so in a moment."""

    def __init__(self, session, name):
        self.name = name
        self.session = session
        self.commands = len(session.commands)

    def was_read(self):
        """The other side spoke on: it knows the answer."""
        return len(self.session.commands) > self.commands


class Slow(Sink):
    """A sink that takes its time before it says that it took a mail."""

    def __init__(self):
        self.arrivals = []
        self.refusals = 0
        self.random = random.Random(SEED)
        super().__init__(self.take_time)

    def take_time(self, session, verb, line):
        if verb == "RCPT" and b"<bad" in line:
            return self.never()
        if verb != "BODY":
            return None
        name = re.search(rb"\r\nSubject: (\S+)\r\n", line)[1].decode()
        self.arrivals.append(Arrival(session, name))
        return self.later()

    async def never(self):
        self.refusals += 1
        await asyncio.sleep(self.random.random() * SLOWEST / 2)
        return b"550 5.1.1 no such user here\r\n"

    async def later(self):
        await asyncio.sleep(self.random.random() * SLOWEST)
        return b"250 2.0.0 taken\r\n"


class Writer(threading.Thread):
    """Submits as long as it may; knows what it was promised."""

    def __init__(self, case, recipients=("x@slow.test",)):
        super().__init__(daemon=True)
        self.case = case
        self.recipients = list(recipients)
        self.promised = []
        self.sent = 0
        self.stopping = threading.Event()

    def session(self):
        with self.case.smtpd.submission(timeout=10) as client:
            for _ in range(20):
                if self.stopping.is_set():
                    return
                self.sent += 1
                name = f"m{self.sent}"
                client.sendmail(ALICE, self.recipients, mail(name))
                self.promised.append(name)
                time.sleep(0.02)

    def run(self):
        while not self.stopping.is_set():
            try:
                self.session()
            except (OSError, smtplib.SMTPException):
                time.sleep(0.05)


class Killed(OutboundCase):

    more = ("[limits]\nmessages-per-day = 100000\n"
            "recipients-per-day = 100000\n")

    def sinks(self):
        return {"slow.test": Slow()}

    def rows(self):
        return self.store.json("queue", "list", "--limit", "10000")

    def test_none_is_lost_and_few_come_twice(self):
        sink = self.hosts["slow.test"]
        chance = random.Random(SEED)
        writer = Writer(self)
        writer.start()
        for _ in range(KILLS):
            enough = len(sink.arrivals) + chance.randrange(1, 8)
            until(lambda: len(sink.arrivals) >= enough, 30, self.smtpd.tail)
            time.sleep(chance.random() * SLOWEST)
            self.smtpd.kill()
            self.smtpd.start()
        writer.stopping.set()
        writer.join(30)
        until(lambda: not self.rows(), 60, lambda: self.rows()[:5])

        names = [arrival.name for arrival in sink.arrivals]
        self.assertGreater(len(writer.promised), KILLS // 2)
        self.assertEqual(set(writer.promised) - set(names), set())
        told = set()  # whose answer was read
        for arrival in sink.arrivals:
            self.assertNotIn(arrival.name, told)
            if arrival.was_read():
                told.add(arrival.name)
        # Of each session that a kill cut, one mail at the most.
        self.assertLessEqual(len(names) - len(set(names)),
                             len({a.session.number for a in sink.arrivals}))
        self.assertEqual(self.messages("alice"), [])
        self.smtpd.stop()
        self.store.ctl("store", "check")
        print(f"{KILLS} kills: {len(writer.promised)} promised, "
              f"{len(set(names))} arrived, "
              f"{len(names) - len(set(names))} of them twice")

    def test_a_notice_is_written_once(self):
        """With what came of the attempt, or not at all."""
        sink = self.hosts["slow.test"]
        chance = random.Random(SEED)
        writer = Writer(self, ["bad@slow.test", BOB])
        writer.start()
        for _ in range(KILLS):
            enough = sink.refusals + chance.randrange(1, 8)
            until(lambda: sink.refusals >= enough, 30, self.smtpd.tail)
            time.sleep(chance.random() * SLOWEST)
            self.smtpd.kill()
            self.smtpd.start()
        writer.stopping.set()
        writer.join(30)
        until(lambda: not self.rows(), 60, lambda: self.rows()[:5])

        # What was not promised may have come to stay all the same.
        bob = self.subjects("bob")
        self.assertEqual(set(writer.promised) - set(bob), set())
        self.assertEqual(len(bob), len(set(bob)))
        told = [re.search(rb"\nSubject: (m\d+)\r", self.raw("alice", one))[1]
                .decode() for one in self.all_of("alice")]
        self.assertEqual(sorted(told), sorted(bob))
        self.smtpd.stop()
        self.store.ctl("store", "check")

    def all_of(self, user):
        return self.store.json("message", "list", f"{user}@{DOMAIN}",
                               "--limit", "100000")

    def subjects(self, user):
        return [one["subject"] for one in self.all_of(user)]


if __name__ == "__main__":
    unittest.main()
