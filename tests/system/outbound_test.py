# SPDX-License-Identifier: MIT
"""Mail to other hosts, from outside: what they see, and what senders do."""
import re
import smtplib
import time
import unittest

from outbound_support import (ALICE, BOB, OutboundCase, groups, mail, until)
from sink import Sink

DSN = ("DSN",)


def by_name(session, verb, line):
    """What the sink says of a recipient is in its name."""
    if verb != "RCPT":
        return None
    if b"<bad" in line:
        return b"550 5.1.1 no such user here\r\n"
    if b"<never" in line:
        return b"450 4.2.0 come back later\r\n"
    if b"<later" in line and not session.sink.memory.get(line):
        session.sink.memory[line] = True
        return b"450 4.2.0 come back later\r\n"
    return None


class Sending(OutboundCase):

    def sinks(self):
        return {"remote.test": Sink(by_name),
                "dsn.test": Sink(by_name, extensions=DSN)}

    def setUp(self):
        super().setUp()
        self.remote = self.hosts["remote.test"]
        self.dsn = self.hosts["dsn.test"]

    def got(self, count=1, sink=None):
        sink = sink or self.remote
        until(lambda: len(sink.mails) >= count, 30, self.smtpd.tail)
        return sink.mails

    def test_local_and_remote_in_one(self):
        self.submit([ALICE, BOB, "a@remote.test", "b@remote.test",
                     "c@dsn.test"], mail(body=".dot\r\n..\r\nend\r\n"))

        (_, sender, recipients, octets), = self.got()
        self.assertTrue(sender.startswith(f"MAIL FROM:<{ALICE}>".encode()))
        self.assertEqual(len(recipients), 2)  # one transaction for both
        self.assertIn(b"\r\n\r\n..dot\r\n...\r\nend\r\n", octets)
        self.assertTrue(re.search(b"^Received: ", octets, re.M), octets)
        self.assertNotIn(b"Return-Path", octets)
        self.got(sink=self.dsn)
        self.assertEqual(len(self.messages("alice")), 1)
        self.assertEqual(len(self.messages("bob")), 1)
        until(lambda: len(self.log_lines("delivered")) >= 3)

    def test_it_is_signed_for_whom_the_sender_may_be(self):
        for sender in (ALICE, BOB, f"{ALICE}, {BOB}", "x@remote.test"):
            self.submit(["a@remote.test"], mail(sender, sender=sender))

        for _, _, _, octets in self.got(4):
            head = octets.split(b"\r\n\r\n")[0]
            own = f"Subject: {ALICE}\r".encode() in head
            self.assertEqual(head.count(b"DKIM-Signature: "),
                             2 if own else 0, head)

    def test_a_refused_recipient_is_told_of(self):
        self.submit(["bad@remote.test", "good@remote.test"],
                    options=["RET=HDRS", "ENVID=my+2Bid"],
                    rcpt_options=["ORCPT=rfc822;orig+2Binal@remote.test"])

        notice, = self.notices()

        self.assertEqual(notice.get_content_type(), "multipart/report")
        self.assertEqual(notice.get_param("report-type"), "delivery-status")
        self.assertEqual(notice["Return-Path"], "<>")
        human, status, original = notice.get_payload()
        self.assertEqual(human.get_content_type(), "text/plain")
        text = human.get_payload(decode=True).decode()
        self.assertIn("bad@remote.test", text)
        self.assertIn("no such user here", text)
        self.assertEqual(status.get_content_type(), "message/delivery-status")
        self.assertEqual(original.get_content_type(), "text/rfc822-headers")
        message, recipient = groups(notice)
        self.assertEqual(message["original-envelope-id"], "my+id")
        self.assertIn("mail.example.test", message["reporting-mta"])
        self.assertEqual(recipient["action"], "failed")
        self.assertEqual(recipient["status"], "5.1.1")
        self.assertEqual(recipient["final-recipient"].replace(" ", ""),
                         "rfc822;bad@remote.test")
        self.assertEqual(recipient["original-recipient"].replace(" ", ""),
                         "rfc822;orig+inal@remote.test")
        self.assertEqual(recipient["diagnostic-code"],
                         "smtp; 550 5.1.1 no such user here")
        self.assertEqual(len(self.got()), 1)

    def test_the_whole_message_comes_back(self):
        self.submit(["bad@remote.test"], mail("whole"), options=["RET=FULL"])

        notice, = self.notices()

        original = notice.get_payload()[2]
        self.assertEqual(original.get_content_type(), "message/rfc822")
        self.assertEqual(original.get_payload()[0]["Subject"], "whole")
        self.assertIn("One line.", original.get_payload()[0].get_payload())

    def test_put_off_and_then_taken(self):
        self.submit(["later@remote.test"])

        self.assertEqual(len(self.got()), 1)
        self.assertGreaterEqual(len(self.log_lines("put_off")), 1)
        self.assertEqual(self.messages("alice"), [])

    def test_never_means_no_notice(self):
        self.submit(["bad1@remote.test"], rcpt_options=["NOTIFY=NEVER"])
        self.submit(["bad2@remote.test"])

        self.notices()
        until(lambda: len(self.log_lines("not_delivered")) == 2)
        time.sleep(0.5)
        notice, = self.inbox()
        self.assertIn("bad2", groups(notice)[1]["final-recipient"])

    def test_success_is_told_by_the_last_that_knows(self):
        self.submit(["one@remote.test"], rcpt_options=["NOTIFY=SUCCESS"])
        relayed, = self.notices()
        self.assertEqual(groups(relayed)[1]["action"], "relayed")
        self.assertTrue(groups(relayed)[1]["status"].startswith("2."))

        self.submit(["two@dsn.test"], rcpt_options=["NOTIFY=SUCCESS"])
        self.got(sink=self.dsn)
        self.submit([BOB], rcpt_options=["NOTIFY=SUCCESS"])
        notices = self.notices(2)
        self.assertEqual(len(notices), 2)  # dsn.test tells for itself
        delivered, = [n for n in notices
                      if groups(n)[1]["action"] == "delivered"]
        self.assertIn(BOB, groups(delivered)[1]["final-recipient"])

    def test_what_was_asked_is_passed_on(self):
        self.submit(["x@dsn.test"], options=["RET=HDRS", "ENVID=e+2B1"],
                    rcpt_options=["NOTIFY=SUCCESS,FAILURE",
                                  "ORCPT=rfc822;o+2B@dsn.test"])

        (_, sender, (recipient,), _), = self.got(sink=self.dsn)

        self.assertIn(b"RET=HDRS", sender)
        self.assertIn(b"ENVID=e+2B1", sender)
        self.assertIn(b"NOTIFY=SUCCESS,FAILURE", recipient)
        self.assertIn(b"ORCPT=rfc822;o+2B@dsn.test", recipient)

    def test_held_for_a_while(self):
        begin = time.monotonic()
        self.submit(["x@remote.test"], options=["HOLDFOR=3"])

        self.got()

        self.assertGreaterEqual(time.monotonic() - begin, 2)

    def test_the_null_sender_is_never_told(self):
        with self.smtpd.submission() as client:
            client.ehlo()
            code, _ = client.docmd("MAIL", "FROM:<>")
            if code == 250:
                client.docmd("RCPT", "TO:<bad@remote.test>")
                client.data(mail())
                until(lambda: self.log_lines("not_delivered"))
        time.sleep(0.5)
        self.assertEqual(self.messages("alice"), [])

    def test_a_session_carries_many(self):
        with self.smtpd.submission() as client:
            for i in range(20):
                client.sendmail(ALICE, ["x@remote.test"], mail(f"n {i}"))

        mails = self.got(20)

        self.assertLessEqual(len({number for number, *_ in mails}), 5)
        self.assertEqual(len(mails), 20)

    def test_many_recipients_in_one_transaction(self):
        self.submit([f"u{i}@remote.test" for i in range(50)])

        (_, _, recipients, _), = self.got()

        self.assertEqual(len(recipients), 50)

    def test_bare_line_ends_never_leave(self):
        for octets in (b"a\nb\r\n", b"a\rb\r\n", b"a\n.\nb\r\n",
                       b"a\r\n.\rb\r\n", b"a\r\r\nb\r\n"):
            with self.smtpd.submission() as client:
                client.ehlo()
                client.docmd("MAIL", f"FROM:<{ALICE}>")
                client.docmd("RCPT", "TO:<x@remote.test>")
                client.docmd("DATA")
                client.send(b"Subject: x\r\n\r\n" + octets + b".\r\n")
                try:
                    client.getreply()
                except smtplib.SMTPException:
                    pass
        self.submit(["last@remote.test"], mail("last"))

        until(lambda: any(b"<last" in m[2][0] for m in self.remote.mails))
        for *_, octets in self.remote.mails:
            rest = octets.replace(b"\r\n", b"")
            self.assertNotIn(b"\n", rest)
            self.assertNotIn(b"\r", rest)


class Delayed(OutboundCase):

    queue = ("retry-min = 1s\nretry-max = 1s\nwarn-after = 3s\n"
             "give-up-after = 8s\n")

    def sinks(self):
        return {"remote.test": Sink(by_name)}

    def test_told_of_the_delay_and_then_returned(self):
        self.submit(["never@remote.test"])

        warning, = self.notices(1, seconds=30)
        self.assertEqual(groups(warning)[1]["action"], "delayed")
        self.assertTrue(groups(warning)[1]["status"].startswith("4."))
        self.assertIn("will-retry-until", groups(warning)[1])
        notices = self.notices(2, seconds=40)
        self.assertEqual(sorted(groups(n)[1]["action"] for n in notices),
                         ["delayed", "failed"])
        self.assertEqual(self.hosts["remote.test"].mails, [])


class Loopback(OutboundCase):

    def zone(self):
        return {"inside.test": {"MX": ["10 mx.inside.test"]},
                "mx.inside.test": {"A": ["127.0.0.1"]}}

    def test_an_mx_at_loopback_is_refused(self):
        self.submit(["x@inside.test"])

        until(lambda: self.log_lines("x@inside.test"))
        self.assertEqual(self.log_lines("event=delivered"), [])


if __name__ == "__main__":
    unittest.main()
