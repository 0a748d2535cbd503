# SPDX-License-Identifier: MIT
"""An account may have so many messages: LMTP tells for each recipient."""
import smtplib
import unittest

from smtpd_support import SmtpdCase
from support import DOMAIN

ALICE, BOB = f"alice@{DOMAIN}", f"bob@{DOMAIN}"
MAIL = b"Subject: x\r\n\r\nx\r\n.\r\n"


class Quota(SmtpdCase):
    def may_have(self, address, count):
        self.store.ctl("account", "set", address, "--quota-emails", count)

    def count(self, address):
        return len(self.store.json("message", "list", address))

    def lmtp(self):
        client = smtplib.LMTP("127.0.0.1", self.smtpd.ports["lmtp"])
        client.ehlo()
        self.addCleanup(client.close)
        return client

    def rcpts(self, client, *recipients):
        client.mail("a@example.org")
        return [client.rcpt(recipient)[0] for recipient in recipients]

    def data(self, client, count):
        """The answers to one message, for each recipient that was taken."""
        self.assertEqual(client.docmd("DATA")[0], 354)
        client.send(MAIL)
        return [client.getreply()[0] for _ in range(count)]

    def test_at_below_and_above(self):
        self.may_have(ALICE, 2)
        client = self.lmtp()
        for _ in range(2):
            self.assertEqual(self.rcpts(client, ALICE), [250])
            self.assertEqual(self.data(client, 1), [250])
        self.assertEqual(self.rcpts(client, ALICE, BOB), [452, 250])
        self.assertEqual(self.data(client, 1), [250])
        self.assertEqual((self.count(ALICE), self.count(BOB)), (2, 1))
        # Less than it has already.
        self.may_have(ALICE, 1)
        self.assertEqual(self.rcpts(client, ALICE), [452])
        client.rset()
        self.may_have(ALICE, 3)
        self.assertEqual(self.rcpts(client, ALICE), [250])
        self.assertEqual(self.data(client, 1), [250])
        self.may_have(ALICE, 0)
        self.assertEqual(self.rcpts(client, ALICE), [250])
        self.assertEqual(self.data(client, 1), [250])
        self.assertEqual(self.count(ALICE), 4)

    def test_the_last_place_is_taken_meanwhile(self):
        """Both were told at RCPT that there is room; one has it. A message is
        stored for all or for nobody, and the next try tells them apart."""
        self.may_have(ALICE, 1)
        first, second = self.lmtp(), self.lmtp()
        self.assertEqual(self.rcpts(first, ALICE), [250])
        self.assertEqual(self.rcpts(second, ALICE, BOB), [250, 250])
        self.assertEqual(self.data(first, 1), [250])
        self.assertEqual(self.data(second, 2), [452, 452])
        self.assertEqual((self.count(ALICE), self.count(BOB)), (1, 0))
        self.assertEqual(self.rcpts(second, ALICE, BOB), [452, 250])
        self.assertEqual(self.data(second, 1), [250])
        self.assertEqual((self.count(ALICE), self.count(BOB)), (1, 1))

    def test_smtp_turns_it_away_at_rcpt(self):
        self.may_have(ALICE, 1)
        with self.smtpd.smtp() as client:
            client.sendmail("a@example.org", [ALICE], "Subject: x\r\n\r\nx")
            refused = client.sendmail("a@example.org", [ALICE, BOB],
                                      "Subject: x\r\n\r\nx")
        self.assertEqual(refused[ALICE][0], 452)
        self.assertEqual((self.count(ALICE), self.count(BOB)), (1, 1))

    def test_removed_mail_makes_room(self):
        self.may_have(ALICE, 1)
        client = self.lmtp()
        self.rcpts(client, ALICE)
        self.data(client, 1)
        self.assertEqual(self.rcpts(client, ALICE), [452])
        number = self.store.json("message", "list", ALICE)[0]["id"]
        self.store.ctl("message", "remove", ALICE, number)
        client.rset()
        self.assertEqual(self.rcpts(client, ALICE), [250])
        self.assertEqual(self.data(client, 1), [250])
        self.store.ctl("message", "undelete", ALICE, number, expect=1)


if __name__ == "__main__":
    unittest.main()
