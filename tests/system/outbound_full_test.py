# SPDX-License-Identifier: MIT
"""Mailboxes here that are full: the others of a list get theirs, and nobody's
mail is lost without a word."""
import unittest

from outbound_support import ALICE, BOB, OutboundCase, groups, mail, until
from support import DOMAIN

TEAM = f"team@{DOMAIN}"


class Full(OutboundCase):

    def setUp(self):
        super().setUp()
        for member in (ALICE, BOB):
            self.store.ctl("alias", "add", TEAM, member)
        self.store.put(BOB, b"Subject: old\r\n\r\nold\r\n")
        self.store.ctl("account", "set", BOB, "--quota-emails", "1")

    def make_room(self):
        for message in self.messages("bob"):
            self.store.ctl("message", "remove", BOB, message["id"])

    def subjects(self, user):
        return sorted(message["subject"] for message in self.messages(user))

    def waiting(self):
        """The one entry of the queue, once it was tried."""
        return until(lambda: [row for row in self.queue_rows()
                              if row["attempts"]], 20, self.smtpd.tail)


class Lists(Full):

    def test_a_full_member_does_not_keep_it_from_the_others(self):
        with self.smtpd.smtp() as client:
            client.sendmail("stranger@remote.test", [TEAM],
                            mail("for all", sender="stranger@remote.test"))

        self.assertEqual(self.subjects("alice"), ["for all"])
        row, = self.waiting()
        self.assertEqual(row["to"], BOB)
        self.assertIn("full", row["lastReply"])
        self.assertEqual(self.log_lines("outcome=delivered"), [])
        self.make_room()
        until(lambda: self.subjects("bob") == ["for all"], 20,
              self.smtpd.tail)
        self.assertEqual(self.queue_rows(), [])
        self.assertEqual(len(self.messages("alice")), 1)

    def test_all_full_are_refused_as_one_would_be(self):
        self.store.put(ALICE, b"Subject: old\r\n\r\nold\r\n")
        self.store.ctl("account", "set", ALICE, "--quota-emails", "1")
        with self.smtpd.smtp() as client:
            client.ehlo()
            client.mail("stranger@remote.test")
            self.assertEqual(client.rcpt(TEAM)[0], 452)
            self.assertEqual(client.rcpt(BOB)[0], 452)


class Queued(Full):

    queue = ("retry-min = 1s\nretry-max = 1s\ndown-time = 1s\n"
             "give-up-after = 4s\n")

    def test_the_sender_is_told_in_the_end(self):
        self.submit([ALICE], mail("before"))  # it alone has room
        with self.smtpd.submission() as client:
            client.ehlo()
            client.mail(ALICE, ["HOLDFOR=1"])
            self.store.ctl("account", "set", BOB, "--quota-emails", "2")
            self.assertEqual(client.rcpt(BOB)[0], 250)
            self.assertEqual(client.rcpt(ALICE)[0], 250)
            self.store.ctl("account", "set", BOB, "--quota-emails", "1")
            self.assertEqual(client.data(mail("later"))[0], 250)

        until(lambda: "later" in self.subjects("alice"), 20, self.smtpd.tail)
        notice, = until(lambda: [m for m in self.inbox()
                                 if m.get_content_type() ==
                                 "multipart/report"], 30, self.smtpd.tail)
        _, one = groups(notice)
        self.assertEqual(one["action"], "failed")
        self.assertIn(BOB, one["final-recipient"])
        self.assertIn("full", notice.get_payload()[0].get_payload())
        self.assertEqual(self.subjects("bob"), ["old"])
        self.assertEqual(self.queue_rows(), [])


if __name__ == "__main__":
    unittest.main()
