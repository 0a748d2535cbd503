# SPDX-License-Identifier: MIT
"""Notices (RFC 3464, RFC 6533) as the sender reads them: complete, in plain
words first, one for each recipient and event, and none where none was asked
for."""
import email
import email.policy
import email.utils
import re
import time
import unittest

from outbound_support import (ALICE, OutboundCase, groups, mail, until)
from sink import Sink

LONG = (b"550-5.1.1 The account that you tried to reach does not exist.\r\n"
        b"550-5.1.1 Please look for typos, or ask the person by some\r\n"
        b"550 5.1.1 other way, https://help.remote.test/?p=NoSuchUser&x=1\r\n")


def by_name(session, verb, line):
    """What the sink says of a recipient is in its name."""
    if verb != "RCPT":
        return None
    if b"<long" in line:
        return LONG
    if b"<umlaut" in line:
        return "550 5.7.1 Für Sie nicht, café\r\n".encode()
    if b"<bare" in line:
        return b"550 no\r\n"
    if b"<odd" in line:
        return b"550 4.2.0 says one and the other\r\n"
    if b"<bad" in line or b"<b\xc3\xa4d" in line:
        return b"550 5.1.1 no such user here\r\n"
    if b"<never" in line:
        return b"450 4.2.0 come back later\r\n"
    if b"<later" in line and not session.sink.memory.get(line):
        session.sink.memory[line] = True
        return b"450 4.2.0 come back later\r\n"
    return None


def fields_below(part):
    """The groups of a delivery-status part of either kind."""
    if part.get_content_type() == "message/delivery-status":
        return [dict((k.lower(), v) for k, v in group.items())
                for group in part.get_payload()]
    payload = part.get_payload()
    text = payload if isinstance(payload, str) else \
        payload[0].as_bytes(policy=email.policy.SMTPUTF8).decode()
    text = text.replace("\r\n", "\n")
    return [dict((name.strip().lower(), value.strip()) for name, _, value in
                 (line.partition(":") for line in
                  re.sub(r"\n[ \t]+", " ", group).split("\n")))
            for group in re.split(r"\n\n+", text.strip("\n"))]


class Notices(OutboundCase):

    def sinks(self):
        return {"remote.test": Sink(by_name),
                "utf8.test": Sink(by_name, ["SMTPUTF8"]),
                "dsn.test": Sink(by_name, ["DSN"])}

    def is_well_formed(self, notice):
        """By Python's email, and by RFC 3464."""
        self.assertEqual(notice.get_content_type(), "multipart/report")
        self.assertEqual(notice.get_param("report-type"), "delivery-status")
        for part in notice.walk():
            self.assertEqual(part.defects, [])
        self.assertEqual(notice["Return-Path"], "<>")
        self.assertEqual(notice["Auto-Submitted"], "auto-replied")
        self.assertEqual(notice["MIME-Version"], "1.0")
        self.assertIn("MAILER-DAEMON@", notice["From"])
        self.assertIn(ALICE, notice["To"])
        self.assertTrue(email.utils.parsedate_to_datetime(notice["Date"]))
        self.assertRegex(notice["Message-ID"], r"^<[^@<>]+@[^@<>]+>$")
        human, status, *original = notice.get_payload()
        self.assertEqual(human.get_content_type(), "text/plain")
        self.assertIn("delivery-status", status.get_content_type())
        self.assertLessEqual(len(original), 1)
        message, *recipients = fields_below(status)
        self.assertRegex(message["reporting-mta"],
                         r"^dns; *mail\.example\.test$")
        self.dated(message["arrival-date"])
        self.assertTrue(recipients)
        for one in recipients:
            self.is_complete(one)
        text = human.get_payload(decode=True).decode(
            human.get_content_charset() or "ascii")
        return text, message, recipients, original

    def is_complete(self, one):
        self.assertRegex(one["final-recipient"], r"^(rfc822|utf-8); ?\S+@\S+$")
        self.assertIn(one["action"], ("failed", "delayed", "delivered",
                                      "relayed", "expanded"))
        self.assertRegex(one["status"], r"^[245]\.\d{1,3}\.\d{1,3}$")
        digit = {"failed": "5", "delayed": "4"}.get(one["action"], "2")
        self.assertEqual(one["status"][0], digit, one)
        self.assertRegex(one["diagnostic-code"], r"^(smtp|x-[a-z]+); ?\S")
        self.dated(one["last-attempt-date"])
        self.assertEqual("will-retry-until" in one,
                         one["action"] == "delayed")
        if "will-retry-until" in one:
            self.dated(one["will-retry-until"])
        self.assertRegex(one["remote-mta"], r"^dns; *\S+$")

    def dated(self, text):
        self.assertIsNotNone(email.utils.parsedate_to_datetime(text), text)

    def one_notice(self, *args, **more):
        self.submit(*args, **more)
        notice, = self.notices()
        return self.is_well_formed(notice)

    def test_a_failure(self):
        text, message, (one,), (original,) = self.one_notice(
            ["bad@remote.test"], mail("Lunch"),
            options=["ENVID=a+2Bb+3Dc+20d"],
            rcpt_options=["ORCPT=rfc822;first+2Blast@old.test"])

        self.assertEqual(message["original-envelope-id"], "a+b=c d")
        self.assertEqual(re.sub(r"; *", ";", one["original-recipient"]),
                         "rfc822;first+last@old.test")
        self.assertEqual(one["action"], "failed")
        self.assertEqual(one["status"], "5.1.1")
        self.assertEqual(one["diagnostic-code"],
                         "smtp; 550 5.1.1 no such user here")
        # For people: what happened, their words, what to do.
        first = text.strip().splitlines()[0]
        self.assertRegex(first, r"^[A-Z][a-z]+ ")
        self.assertNotRegex(first, r"\d\.\d\.\d|550|MTA|DSN|RCPT")
        for words in ("bad@remote.test", "no such user here", "Lunch",
                      "What you can do"):
            self.assertIn(words, text)
        self.assertEqual(original.get_content_type(), "text/rfc822-headers")
        self.assertIn("Subject: Lunch", original.get_payload())
        self.assertNotIn("One line.", original.get_payload())

    def test_their_words_are_whole(self):
        text, _, (one,), _ = self.one_notice(["long@remote.test"])

        for where in (" ".join(text.split()),
                      " ".join(one["diagnostic-code"].split())):
            for words in ("The account that you tried to reach does not exist.",
                          "or ask the person by some",
                          "other way, https://help.remote.test/"
                          "?p=NoSuchUser&x=1"):
                self.assertIn(words, where)

    def test_odd_codes(self):
        for to, status in (("bare@remote.test", "5.0.0"),
                           ("odd@remote.test", "5.0.0"),
                           ("umlaut@remote.test", "5.7.1")):
            count = len(self.messages("alice")) + 1
            self.submit([to])
            notice = self.notices(count)[0]
            text, _, (one,), _ = self.is_well_formed(notice)
            self.assertEqual(one["status"], status, to)
        self.assertIn("Für Sie nicht, café", text)
        self.assertTrue(one["diagnostic-code"].isascii())

    def test_whole_or_header(self):
        big = mail("big", "0123456789\r\n" * 150000)
        for i, (octets, ret, kind) in enumerate((
                (mail("full"), ["RET=FULL"], "message/rfc822"),
                (mail("hdrs"), ["RET=HDRS"], "text/rfc822-headers"),
                (mail("unsaid"), [], "text/rfc822-headers"),
                (big, ["RET=FULL"], "text/rfc822-headers"))):
            self.submit(["bad@remote.test"], octets, options=ret)
            notice = self.notices(i + 1)[0]
            _, _, _, (original,) = self.is_well_formed(notice)
            self.assertEqual(original.get_content_type(), kind)
            if kind == "message/rfc822":
                self.assertEqual(original.get_payload()[0].as_bytes(
                    policy=email.policy.SMTP).split(b"\r\n\r\n")[1],
                    octets.split(b"\r\n\r\n")[1])
            self.assertLess(len(notice.as_bytes()), 200000)

    def test_full_is_for_failures(self):
        self.submit(["a@remote.test"], mail("ok"), options=["RET=FULL"],
                    rcpt_options=["NOTIFY=SUCCESS"])

        notice, = self.notices()

        _, _, (one,), (original,) = self.is_well_formed(notice)
        self.assertEqual(one["action"], "relayed")
        self.assertEqual(original.get_content_type(), "text/rfc822-headers")

    def test_each_recipient_once(self):
        names = [f"bad{i}@remote.test" for i in range(30)]
        self.submit([*names, "fine@remote.test"], mail("many"))

        until(lambda: len(self.log_lines("not_delivered")) == 30, 30,
              self.smtpd.tail)
        until(lambda: not self.queue_rows(), 20, self.queue_rows)
        told = [re.sub(r".*; *", "", one["final-recipient"])
                for notice in self.inbox()
                for one in self.is_well_formed(notice)[2]]
        self.assertEqual(sorted(told), sorted(names))

    def test_what_was_asked_for(self):
        """NOTIFY and what becomes of it: who is told of what."""
        asked = ("NEVER", "SUCCESS", "FAILURE", "DELAY", "SUCCESS,FAILURE", "")
        expected = set()
        for i, notify in enumerate(asked):
            for end, action in (("bad", "failed"), ("ok", "relayed")):
                to = f"{end}{i}@remote.test"
                self.submit([to], mail(f"{end}{i}"), rcpt_options=[
                    f"NOTIFY={notify}"] if notify else [])
                wants = {"failed": "FAILURE", "relayed": "SUCCESS"}[action]
                if wants in notify or not notify and action == "failed":
                    expected.add((to, action))
        until(lambda: not self.queue_rows(), 20, self.queue_rows)

        self.notices(len(expected))
        time.sleep(0.5)
        told = [(re.sub(r".*; *", "", one["final-recipient"]), one["action"])
                for notice in self.inbox()
                for one in self.is_well_formed(notice)[2]]
        self.assertEqual(sorted(told), sorted(expected))

    def test_delayed_and_then_delivered(self):
        """By DELIVERBY, which tells sooner than warn-after may."""
        text, _, (one,), _ = self.one_notice(
            ["never@remote.test"], options=["BY=1;N"])

        self.assertEqual(one["action"], "delayed")
        self.assertEqual(one["status"], "4.2.0")
        self.assertIn("never@remote.test", text)
        self.assertIn("come back later", text)
        self.assertRegex(text, r"(?i)go on trying|need not|nothing")
        row, = self.queue_rows()
        self.assertIn(row["status"], ("waiting", "sending"))

    def test_later_is_not_told(self):
        self.submit(["later@remote.test"])

        until(lambda: self.hosts["remote.test"].mails, 20, self.smtpd.tail)
        self.assertEqual(self.messages("alice"), [])

    def test_addresses_in_utf8(self):
        with self.smtpd.submission() as client:
            client.ehlo()
            client.command_encoding = "utf-8"
            self.assertEqual(client.docmd(
                "MAIL", f"FROM:<{ALICE}> SMTPUTF8 BODY=8BITMIME RET=HDRS")[0],
                250)
            self.assertEqual(client.docmd(
                "RCPT", "TO:<bäd@utf8.test> ORCPT=utf-8;b\\x{E4}d@utf8.test")
                [0], 250)
            self.assertEqual(client.data(
                mail("Grüße").replace(b"somebody@remote.test",
                                      "bäd@utf8.test".encode()))[0], 250)

        notice, = self.notices()

        text, _, (one,), (original,) = self.is_well_formed(notice)
        status = notice.get_payload()[1]
        self.assertEqual(status.get_content_type(),
                         "message/global-delivery-status")
        self.assertEqual(re.sub("; *", ";", one["final-recipient"]),
                         "utf-8;bäd@utf8.test")
        self.assertEqual(re.sub("; *", ";", one["original-recipient"]),
                         "utf-8;bäd@utf8.test")
        self.assertIn("bäd@utf8.test", text)
        self.assertIn("Grüße", text)
        self.assertEqual(original.get_content_type(), "message/global-headers")

    def test_utf8_for_a_host_that_has_none(self):
        with self.smtpd.submission() as client:
            client.ehlo()
            client.command_encoding = "utf-8"
            client.docmd("MAIL", f"FROM:<{ALICE}> SMTPUTF8 BODY=8BITMIME")
            client.docmd("RCPT", "TO:<jö@remote.test>")
            self.assertEqual(client.data(mail("x"))[0], 250)

        notice, = self.notices()

        one, = fields_below(notice.get_payload()[1])[1:]
        self.assertEqual(one["action"], "failed")
        self.assertIn(one["status"], ("5.6.7", "5.6.9"))
        self.assertEqual(self.hosts["remote.test"].mails, [])

    def test_nobody_is_told_of_a_notice(self):
        """One from <> that fails is the end of it."""
        with self.smtpd.submission() as client:
            client.ehlo()
            code, _ = client.docmd("MAIL", "FROM:<>")
            if code != 250:
                self.skipTest("<> may not be submitted")
            client.rcpt("bad@remote.test", ["NOTIFY=FAILURE"])
            client.data(mail())

        until(lambda: self.log_lines("not_delivered"), 20, self.smtpd.tail)
        time.sleep(0.5)
        self.assertEqual(self.messages("alice"), [])
        self.assertEqual(self.queue_rows(), [])

    def test_whom_the_next_host_tells(self):
        """It knows DSN: we are silent about a success, and tell of what it
        refused."""
        self.submit(["a@dsn.test", "bad@dsn.test"],
                    rcpt_options=["NOTIFY=SUCCESS,FAILURE"])

        notice, = self.notices()
        until(lambda: not self.queue_rows(), 20, self.queue_rows)
        time.sleep(0.5)
        _, _, (one,), _ = self.is_well_formed(notice)
        self.assertIn("bad@dsn.test", one["final-recipient"])
        self.assertEqual(len(self.inbox()), 1)


if __name__ == "__main__":
    unittest.main()
