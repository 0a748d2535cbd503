# SPDX-License-Identifier: MIT
"""Wrong passwords: an answer that does not help, in its own time."""
import base64
import smtplib
import threading
import time
import unittest

from smtpd_support import SmtpdCase, trust
from support import DOMAIN

ALICE, BOB = f"alice@{DOMAIN}", f"bob@{DOMAIN}"


def plain(user, password):
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()


class Login(SmtpdCase):

    def secure(self):
        client = self.smtpd.submission(user=None)
        self.addCleanup(client.close)
        client.ehlo()
        return client

    def test_wrong_user_and_wrong_password_look_alike(self):
        answers = []
        for user, password in ((ALICE, "wrong-password"),
                               (f"nobody@{DOMAIN}", "alice-secret"),
                               ("no address", "x")):
            client = self.secure()
            start = time.monotonic()
            answers.append(client.docmd("AUTH PLAIN", plain(user, password)))
            self.assertGreater(time.monotonic() - start, 0.9)
        self.assertEqual({code for code, _ in answers}, {535})
        self.assertEqual(len(set(answers)), 1, answers)

    def test_an_exchange_that_makes_no_sense_is_no_try(self):
        client = self.secure()
        for _ in range(5):
            self.assertEqual(
                client.docmd("AUTH PLAIN", plain(ALICE, ""))[0], 501)
        self.assertEqual(
            client.docmd("AUTH PLAIN", plain(ALICE, "alice-secret"))[0], 235)

    def test_three_failures_end_the_connection(self):
        client = self.secure()
        for _ in range(3):
            code, _ = client.docmd("AUTH PLAIN", plain(ALICE, "wrong-one"))
            self.assertEqual(code, 535)
        self.assertEqual(client.getreply()[0], 421)

    def test_a_login_needs_no_second_try_after_a_slip(self):
        client = self.secure()
        self.assertEqual(
            client.docmd("AUTH PLAIN", plain(ALICE, "wrong-one"))[0], 535)
        self.assertEqual(
            client.docmd("AUTH PLAIN", plain(ALICE, "alice-secret"))[0], 235)
        self.assertEqual(client.docmd("AUTH PLAIN", plain(ALICE, "x"))[0],
                         503)

    def test_auth_login_and_a_cancelled_exchange(self):
        client = self.secure()
        client.user, client.password = ALICE, "alice-secret"
        self.assertEqual(client.docmd("AUTH LOGIN")[0], 334)
        self.assertEqual(client.docmd("*")[0], 501)
        self.assertEqual(client.docmd("AUTH SCRAM-MD5")[0], 504)
        self.assertEqual(client.docmd("AUTH PLAIN", "!!!")[0], 501)
        code, _ = client.auth("LOGIN", client.auth_login,
                              initial_response_ok=False)
        self.assertEqual(code, 235)

    def test_mail_flows_while_passwords_are_tried(self):
        over = threading.Event()

        def guess():
            while not over.is_set():
                try:
                    client = self.smtpd.submission(user=None)
                    client.ehlo()
                    client.docmd("AUTH PLAIN", plain(BOB, "guess"))
                    client.close()
                except (OSError, smtplib.SMTPException):
                    pass

        threads = [threading.Thread(target=guess) for _ in range(20)]
        for thread in threads:
            thread.start()
        try:
            start = time.monotonic()
            with self.smtpd.smtp() as client:
                for i in range(20):
                    client.sendmail("a@example.org", [ALICE],
                                    f"Subject: {i}\r\n\r\nx\r\n")
            self.assertLess(time.monotonic() - start, 10)
        finally:
            over.set()
            for thread in threads:
                thread.join()
        self.assertEqual(len(self.messages("alice")), 20)

    def test_the_log_names_the_user_and_never_the_password(self):
        client = self.secure()
        client.docmd("AUTH PLAIN", plain("eve\r\nfake=line", "hunter2-x"))
        client.close()
        client = self.secure()
        client.docmd("AUTH PLAIN", plain(ALICE, "hunter2-y"))
        client.close()
        self.smtpd.stop()
        log = self.smtpd.log()
        self.assertIn("login_failed", log)
        self.assertIn(ALICE, log)
        self.assertNotIn("hunter2", log)
        self.assertNotIn("\nfake", log)


class Slow(SmtpdCase):

    config = ('[limits]\nexempt =\nauth-failures = 100\n'
              'auth-failures-per-address = 10\n')

    def test_ten_wrong_passwords_from_one_address(self):
        """Their number makes each slower than the one before, on any
        connection, and another address is not concerned."""
        waits = []
        client = self.smtpd.submission(user=None)
        client.ehlo()
        for _ in range(5):
            start = time.monotonic()
            code, _ = client.docmd("AUTH PLAIN", plain(ALICE, "wrong-one"))
            waits.append(time.monotonic() - start)
            self.assertEqual(code, 535)
            client.close()
            client = self.smtpd.submission(user=None)
            client.ehlo()
        self.assertGreater(waits[0], 0.9)
        self.assertGreater(waits[4], 3.5)

        def fail():
            try:
                other = smtplib.SMTP("127.0.0.1",
                                     self.smtpd.ports["submission"])
                other.starttls(context=trust())
                other.ehlo()
                other.docmd("AUTH PLAIN", plain(ALICE, "wrong-one"))
                other.close()
            except (OSError, smtplib.SMTPException):
                pass

        threads = [threading.Thread(target=fail, daemon=True)
                   for _ in range(15)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 20
        while self.smtpd.log().count("login_failed") < 10:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

        # Now not even the right one is looked at for a while.
        code, text = client.docmd("AUTH PLAIN", plain(ALICE, "alice-secret"))
        self.assertEqual(code, 454, text)
        self.assertIn(b"Too many failed logins", text)


if __name__ == "__main__":
    unittest.main()
