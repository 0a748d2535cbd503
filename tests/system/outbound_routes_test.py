# SPDX-License-Identifier: MIT
"""Ways that are configured, and what a sender may ask for: a log-in at a relay,
LMTP, discard, fail; REQUIRETLS, CHUNKING, mail for later, mail by a time."""
import base64
import datetime
import time
import unittest

from outbound_support import (ALICE, BOB, OutboundCase, groups, mail, until)
from outbound_tls_support import Authority
from sink import Sink


def login(session, verb, line):
    """A relay that takes alice's friend with the right password."""
    if verb == "AUTH":
        session.sink.memory.setdefault("auth", []).append((session.tls, line))
        right = base64.b64encode(b"\0me\0secret")
        if line.strip() == b"AUTH PLAIN " + right:
            session.sink.memory[session.number] = True
            return b"235 2.7.0 welcome\r\n"
        return b"535 5.7.8 wrong\r\n"
    if verb == "MAIL" and not session.sink.memory.get(session.number):
        return b"530 5.7.0 log in first\r\n"
    return None


def each(session, verb, line):
    """LMTP: an answer for each recipient."""
    if verb == "LHLO":
        return b"250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
    if verb == "BODY":
        return b"".join(
            b"552 5.2.2 full\r\n" if b"<full" in one else
            b"450 4.2.0 later\r\n" if b"<later" in one else b"250 2.1.5 ok\r\n"
            for one in session.recipients)
    return None


class Ways(OutboundCase):
    """[route] sections, as docs/outbound.md has them."""

    def sinks(self):
        self.authority = Authority(self.tmp)
        offers = ["AUTH PLAIN", "REQUIRETLS"]
        good = self.authority.issue("relay.test")
        wrong = self.authority.issue("other.test")
        return {"login.test": Sink(login, offers, good),
                "refused.test": Sink(login, offers, good),
                "impostor.test": Sink(login, offers, wrong),
                "clear.test": Sink(login, offers),
                "lists.test": Sink(each),
                "bob.test": Sink(), "any.test": Sink()}

    def zone(self):
        return {"relay.test": {"A": ["127.0.0.1"]}}

    queue = ("retry-min = 1s\nretry-max = 1s\ndown-time = 1s\n"
             "private-addresses = yes\n")

    def routes(self):
        self.more = f"authorities = {self.authority.file}\n"
        right = self.file("right", "secret\n")
        wrong = self.file("wrong", "guess\n")
        text = ""
        for name, file in (("login", right), ("refused", wrong),
                           ("impostor", right), ("clear", right)):
            text += (f"[route {name}]\nkind = relay\nhost = relay.test\n"
                     f"port = {self.hosts[name + '.test'].port}\n"
                     f"tls = verify\nuser = me\npassword-file = {file}\n"
                     f"recipients = {name}.test, .{name}.test\n")
        text += ("[route lists]\nkind = lmtp\nhost = [127.0.0.1]\n"
                 f"port = {self.hosts['lists.test'].port}\n"
                 "recipients = lists.test\n"
                 "[route away]\nkind = discard\nrecipients = away.test\n"
                 "[route nobody]\nkind = fail\n"
                 "text = 5.7.1 We do not write there\n"
                 "recipients = nobody.test\n")
        for name, who in (("bob", f"senders = {BOB}"),
                          ("any", "recipients = *")):
            text += (f"[route {name}]\nkind = relay\nhost = [127.0.0.1]\n"
                     f"port = {self.hosts[name + '.test'].port}\n{who}\n")
        return text

    def got(self, name, count=1):
        sink = self.hosts[name]
        until(lambda: len(sink.mails) >= count, 30, self.smtpd.tail)
        return sink.mails

    def waiting(self, words):
        """The one row that waits, and says so."""
        row, = until(lambda: [row for row in self.queue_rows()
                              if words in row["lastReply"]], 20,
                     self.queue_rows)
        return row

    def test_a_log_in_at_a_relay(self):
        for i in range(3):
            self.submit(["x@login.test", "y@sub.login.test"], mail(f"n{i}"))

        for _, _, recipients, _ in self.got("login.test", 3):
            self.assertEqual(len(recipients), 2)
        heard = self.hosts["login.test"].memory["auth"]
        self.assertTrue(all(tls for tls, _ in heard))
        line = until(lambda: self.log_lines("info delivered"))[0]
        self.assertIn("verified", line)

    def test_a_wrong_password_is_told_of(self):
        self.submit(["x@refused.test"])

        self.waiting("535")
        self.assertEqual(self.hosts["refused.test"].mails, [])
        self.assertEqual(self.messages("alice"), [])

    def test_no_password_for_an_impostor(self):
        self.submit(["x@impostor.test"])

        row = until(lambda: [r for r in self.queue_rows() if r["lastReply"]])
        self.assertRegex(row[0]["lastReply"], r"(?i)certificate|verif|name")
        self.assertNotIn("auth", self.hosts["impostor.test"].memory)

    def test_no_password_in_the_clear(self):
        self.submit(["x@clear.test"])

        self.waiting("TLS")
        self.assertNotIn("auth", self.hosts["clear.test"].memory)

    def test_lmtp_answers_for_each(self):
        self.submit(["a@lists.test", "full@lists.test", "later@lists.test"],
                    rcpt_options=["NOTIFY=SUCCESS,FAILURE"])

        notices = self.notices()

        told = {groups(one)[i]["final-recipient"].split(";")[1].strip():
                groups(one)[i] for one in notices
                for i in range(1, len(groups(one)))}
        self.assertEqual(told["a@lists.test"]["action"], "delivered")
        self.assertEqual(told["full@lists.test"]["action"], "failed")
        self.assertEqual(told["full@lists.test"]["status"], "5.2.2")
        self.assertIn("later@", self.waiting("450 4.2.0")["to"])
        heard = self.hosts["lists.test"].sessions[0].commands
        self.assertTrue(heard[0].startswith(b"LHLO "), heard)

    def test_discard_and_fail(self):
        self.submit(["x@away.test", "x@nobody.test"])

        notice, = self.notices()

        self.assertEqual(len(groups(notice)), 2)
        self.assertIn("x@nobody.test", groups(notice)[1]["final-recipient"])
        self.assertEqual(groups(notice)[1]["status"], "5.7.1")
        self.assertIn("We do not write there",
                      notice.get_payload()[0].get_payload())
        until(lambda: not self.queue_rows())
        for sink in self.hosts.values():
            self.assertEqual(sink.sessions, [])

    def test_by_sender(self):
        self.submit(["x@else.test"])
        with self.smtpd.submission("bob", "bob-secret") as client:
            client.sendmail(BOB, ["x@else.test"], mail("b", sender=BOB))

        (_, sender, _, _), = self.got("any.test")
        self.assertIn(ALICE.encode(), sender)
        (_, sender, _, _), = self.got("bob.test")
        self.assertIn(BOB.encode(), sender)

    def test_require_tls(self):
        """Only where TLS is verified, and passed on."""
        self.submit(["x@login.test"], mail("safe"), options=["REQUIRETLS"])
        self.submit(["x@any.test"], mail("unsafe"), options=["REQUIRETLS"])

        (_, sender, _, _), = self.got("login.test")
        self.assertIn(b" REQUIRETLS", sender)
        notice, = self.notices()
        said = groups(notice)[1]
        self.assertIn("x@any.test", said["final-recipient"])
        self.assertEqual(said["action"], "failed")
        self.assertIn(said["status"], ("5.7.10", "5.7.30"))
        self.assertEqual(self.hosts["any.test"].mails, [])

    def test_not_before_its_time(self):
        begin = time.monotonic()
        self.submit(["x@any.test"], mail("for"), options=["HOLDFOR=3"])
        then = (datetime.datetime.now(datetime.timezone.utc)
                + datetime.timedelta(seconds=4)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.submit(["y@any.test"], mail("until"),
                    options=[f"HOLDUNTIL={then}"])
        self.submit(["z@any.test"], mail("never"), options=["HOLDFOR=5"])
        rows = self.queue_rows()

        self.assertEqual({row["status"] for row in rows}, {"waiting"})
        never, = [row for row in rows if row["to"] == "z@any.test"]
        self.assertGreater(never["nextAttempt"], never["createdAt"])
        self.store.ctl("queue", "cancel", never["id"])
        self.got("any.test", 2)
        self.assertGreater(time.monotonic() - begin, 2)
        time.sleep(2)
        self.assertEqual(len(self.hosts["any.test"].mails), 2)


def never(session, verb, line):
    return b"450 4.2.0 busy\r\n" if verb == "RCPT" else None


class ByATime(OutboundCase):

    def sinks(self):
        return {"busy.test": Sink(never, ["DELIVERBY"]), "dsn.test":
                Sink(never, ["DSN"]), "by.test": Sink(None, ["DELIVERBY"]),
                "chunks.test": Sink(None, ["CHUNKING", "BINARYMIME"])}

    def test_returned_when_it_is_over(self):
        begin = time.monotonic()
        self.submit(["x@busy.test"], options=["BY=4;R"])

        notice, = self.notices()

        self.assertLess(time.monotonic() - begin, 15)
        self.assertEqual(groups(notice)[1]["action"], "failed")
        self.assertEqual(groups(notice)[1]["status"], "5.4.7")
        self.assertIn("busy", notice.get_payload()[0].get_payload())

    def test_told_once_and_tried_on(self):
        self.submit(["x@busy.test"], options=["BY=2;N"])

        notice, = self.notices()

        self.assertEqual(groups(notice)[1]["action"], "delayed")
        time.sleep(4)
        self.assertEqual(len(self.inbox()), 1)
        row, = self.queue_rows()
        self.assertIn(row["status"], ("waiting", "sending"))

    def test_the_time_that_is_left_is_passed_on(self):
        self.submit(["x@by.test"], options=["BY=600;R"])

        sink = self.hosts["by.test"]
        until(lambda: sink.mails, 20, self.smtpd.tail)
        self.assertRegex(sink.mails[0][1].decode(), r" BY=(59\d|600);R\r\n")

    def test_in_chunks(self):
        sink = self.hosts["chunks.test"]
        octets = mail("chunks", ".\r\n..\r\n" + "0123456789\r\n" * 20000)
        self.submit(["x@chunks.test"], octets)

        until(lambda: sink.mails, 20, self.smtpd.tail)
        self.assertTrue(sink.mails[0][3].endswith(octets))
        self.assertFalse(any(line.startswith(b"DATA")
                             for line in sink.sessions[0].commands))

    def test_binary_where_it_is_known(self):
        """Bare line ends pass as BINARYMIME to whom takes that, and to nobody
        else."""
        octets = mail("binary") + b"\x00\x01\nbare\rends" + b"x" * 2000
        for to in ("x@chunks.test", "x@by.test"):
            with self.smtpd.submission() as client:
                client.ehlo()
                code, _ = client.docmd("MAIL", f"FROM:<{ALICE}> "
                                       "BODY=BINARYMIME")
                if code != 250:
                    self.skipTest("BINARYMIME is not offered")
                client.rcpt(to)
                client.send(b"BDAT %d LAST\r\n" % len(octets) + octets)
                self.assertEqual(client.getreply()[0], 250)

        sink = self.hosts["chunks.test"]
        until(lambda: sink.mails, 20, self.smtpd.tail)
        self.assertTrue(sink.mails[0][3].endswith(octets))
        self.assertIn(b"BODY=BINARYMIME", sink.mails[0][1])
        notice, = self.notices()
        self.assertEqual(groups(notice)[1]["status"], "5.6.3")
        self.assertEqual(self.hosts["by.test"].mails, [])


if __name__ == "__main__":
    unittest.main()
