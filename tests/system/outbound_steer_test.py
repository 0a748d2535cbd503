# SPDX-License-Identifier: MIT
"""The queue steered by mailctl: held, released, tried again, cancelled, by id,
sender, recipient, domain, status or all; and said beforehand by --dry-run."""
import time
import unittest

from outbound_support import ALICE, BOB, OutboundCase, mail, until
from sink import Sink


def by_memory(session, verb, line):
    """Busy until the test says otherwise."""
    if verb == "RCPT" and not session.sink.memory.get("open"):
        return b"450 4.2.0 busy\r\n"
    return None


class Steered(OutboundCase):

    def sinks(self):
        one = Sink(by_memory, address="127.0.0.2")
        two = Sink(by_memory, address="127.0.0.3", port=one.port)
        self.queue = ("retry-min = 1h\nretry-max = 1h\ndown-time = 1s\n"
                      f"port = {one.port}\nprivate-addresses = yes\n")
        return {"one.test": one, "two.test": two}

    def zone(self):
        return {"one.test": {"A": ["127.0.0.2"]},
                "two.test": {"A": ["127.0.0.3"]}}

    def routes(self):
        """By MX, so that a destination is a domain."""
        return ""

    def setUp(self):
        super().setUp()
        self.submit(["a@one.test", "b@one.test", "c@two.test"], mail("first"))
        with self.smtpd.submission("bob", "bob-secret") as client:
            client.sendmail(BOB, ["d@one.test"], mail("second", sender=BOB))
        until(lambda: len(self.log_lines("put_off")) >= 4, 30, self.smtpd.tail)

    def statuses(self):
        """Local part of the recipient -> status, of all there was."""
        return {row["to"][0]: row["status"] for row in self.store.json(
            "queue", "list", "--status", "all")}

    def steer(self, verb, *which):
        """--dry-run says the same as the deed, and does nothing; whom it was
        done to."""
        before = self.statuses()
        said = self.store.json("queue", verb, *which, "--dry-run")
        self.assertEqual(self.statuses(), before)
        done = self.store.json("queue", verb, *which)
        self.assertEqual([row["id"] for row in said],
                         [row["id"] for row in done])
        return "".join(sorted(row["to"][0] for row in done))

    def of(self, status):
        return "".join(sorted(name for name, one in self.statuses().items()
                              if one == status))

    def id_of(self, name):
        row, = [row for row in self.queue_rows() if row["to"][0] == name]
        return row["id"]

    def test_by_what_they_are_named(self):
        for name in ("one.test", "two.test"):  # what is released stays
            self.store.ctl("queue", "suspend", name)
        until(lambda: self.of("waiting") == "abcd", 20, self.smtpd.tail)
        for which, who in ((("--from", ALICE), "abc"),
                           (("--from", "@example.test"), "abcd"),
                           (("--to", "d@one.test"), "d"),
                           (("--to", "@one.test"), "abd"),
                           (("--account", BOB), "d"),
                           (("--from", ALICE, "--to", "@two.test"), "c"),
                           (("--all",), "abcd"),
                           ((self.id_of("b"),), "b"),
                           ((self.id_of("b").split(".")[0],), "abc"),
                           ((self.id_of("a"), self.id_of("d")), "ad"),
                           (("--status", "waiting"), "abcd")):
            self.assertEqual(self.steer("hold", *which), who, which)
            self.assertEqual(self.of("held"), who, which)
            self.assertEqual(self.steer("release", "--status", "held"), who)
            self.assertEqual(self.of("held"), "")

    def test_by_domain(self):
        waiting = {row["destination"]: row["waiting"]
                   for row in self.store.json("queue", "destinations")}
        self.assertEqual(waiting, {"one.test": 3, "two.test": 1})
        self.assertEqual(self.steer("hold", "--domain", "two.test"), "c")
        self.assertEqual(self.steer("hold", "--domain", "ONE.test"), "abd")
        code, _, err = self.store.run("queue", "hold", "--domain",
                                      "x" * 70)
        self.assertEqual(code, 2)
        self.assertIn(b"no domain", err)

    def test_what_is_held_stays(self):
        self.steer("hold", "--to", "c@two.test")
        self.open()
        self.steer("retry", "--status", "waiting")

        until(lambda: self.of("delivered") == "abd", 20, self.statuses)
        time.sleep(0.5)
        self.assertEqual(self.of("held"), "c")
        self.assertEqual(self.hosts["two.test"].mails, [])
        self.assertEqual(self.steer("release", "--all"), "c")  # and tried
        until(lambda: self.of("delivered") == "abcd", 20, self.statuses)

    def open(self):
        for sink in self.hosts.values():
            sink.memory["open"] = True

    def test_cancelled_never_leaves(self):
        self.assertEqual(self.steer("cancel", "--from", BOB), "d")
        self.open()
        self.steer("retry", "--all")

        until(lambda: self.of("delivered") == "abc", 20, self.statuses)
        self.assertEqual(self.of("cancelled"), "d")
        self.assertNotIn(b"Subject: second\r", b"".join(
            octets for sink in self.hosts.values()
            for *_, octets in sink.mails))
        self.assertEqual(self.messages("bob"), [])  # nobody is told

    def test_at_a_time_of_ones_own(self):
        self.open()
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
        begin = time.monotonic()
        self.store.ctl("queue", "retry", "--all", "--at", at)

        self.assertEqual({row["nextAttempt"] for row in self.queue_rows()},
                         {at})
        until(lambda: self.of("delivered") == "abcd", 20, self.statuses)
        self.assertGreater(time.monotonic() - begin, 1.5)

    def test_a_destination_suspended(self):
        self.store.ctl("queue", "suspend", "Two.test")
        self.open()
        self.steer("retry", "--all")

        until(lambda: self.of("delivered") == "abd", 20, self.statuses)
        time.sleep(1)
        self.assertEqual(self.hosts["two.test"].mails, [])
        self.store.ctl("queue", "resume", "two.test")
        until(lambda: self.of("delivered") == "abcd", 20, self.statuses)

    def test_what_is_not_there_is_said(self):
        code, _, err = self.store.run("queue", "hold", "4711")
        self.assertNotEqual(code, 0)
        self.assertIn(b"4711", err)
        code, _, err = self.store.run("queue", "hold")
        self.assertNotEqual(code, 0)
        self.assertIn(b"which?", err)
        code, _, _ = self.store.run("queue", "hold", "--status", "nonsense")
        self.assertNotEqual(code, 0)

    def test_the_story(self):
        story = self.store.ctl("queue", "show", self.id_of("a").split(".")[0])
        for words in ("a@one.test", "c@two.test", "450 4.2.0 busy",
                      "put off", "tried again on", "given up on"):
            self.assertIn(words, story)
        told = self.store.json("queue", "show",
                               self.id_of("a").split(".")[0])
        self.assertEqual(len(told["recipients"]), 3)
        for one in told["recipients"]:
            attempt, = one["attempts"]
            self.assertEqual(attempt["outcome"], "put off")
            self.assertIn("450 4.2.0 busy", attempt["reply"])
            self.assertEqual(attempt["address"][:-1], "127.0.0.")


if __name__ == "__main__":
    unittest.main()
