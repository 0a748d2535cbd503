# SPDX-License-Identifier: MIT
"""Two-step log-in and the log of log-ins, from outside."""
import base64
import hashlib
import hmac
import smtplib
import struct
import time
import unittest

from smtpd_support import Smtpd
from support import DOMAIN, PASSWORDS
from web import WebCase
from webmail_auth_test import basic

ALICE = f"alice@{DOMAIN}"


def code(secret, offset=0):
    """What an app shows (RFC 6238)."""
    step = int(time.time()) // 30 + offset
    digest = hmac.new(base64.b32decode(secret), struct.pack(">Q", step),
                      hashlib.sha1).digest()
    at = digest[-1] & 15
    number = struct.unpack(">I", digest[at:at + 4])[0] & 0x7fffffff
    return f"{number % 1000000:06}"


class TwoSteps(WebCase):

    def setUp(self):
        super().setUp()
        self.page = self.client("alice")

    def enable(self):
        """In force; the secret and the recovery codes."""
        answer = self.page.call("POST", "/auth/totp",
                                {"password": PASSWORDS["alice"]})
        self.assertEqual(answer.status, 200, answer.body)
        secret = answer.json()["secret"]
        self.assertIn(f"secret={secret}", answer.json()["uri"])
        answer = self.page.call("POST", "/auth/totp/confirm",
                                {"code": code(secret, -1)})
        self.assertEqual(answer.status, 200, answer.body)
        return secret, answer.json()["codes"]

    def log_in(self, second=None, password=None):
        """A new browser; the answer."""
        body = {"address": ALICE, "password": password or PASSWORDS["alice"]}
        if second is not None:
            body["code"] = second
        return self.client().call("POST", "/auth/login", body)

    def wait_for_row(self, wanted):
        """Rows of the log are written a moment later."""
        deadline = time.monotonic() + 10
        rows = []
        while wanted not in rows and time.monotonic() < deadline:
            rows = [(row["service"], row["method"], row["outcome"])
                    for row in self.store.json("account", "log", ALICE)]
            time.sleep(0.05)
        self.assertIn(wanted, rows)

    def status(self):
        return self.page.call("GET", "/auth/totp").json()

    def test_the_password_alone_opens_nothing(self):
        smtpd = Smtpd(self.tmp, self.store)
        self.addCleanup(smtpd.stop)
        smtpd.submission().quit()  # so that the password is remembered
        api = self.client().call("GET", "/.well-known/jmap", None,
                                 basic(ALICE, PASSWORDS["alice"]))
        self.assertEqual(api.status, 200)
        self.assertFalse(self.status()["inForce"])
        app = self.page.call("POST", "/auth/app-passwords",
                             {"name": "phone"}).json()["password"]

        secret, codes = self.enable()

        self.assertEqual(len(set(codes)), 10)
        self.assertTrue(self.status()["inForce"])
        self.assertEqual(self.status()["codesLeft"], 10)
        answer = self.log_in()
        self.assertEqual(answer.status, 401)
        self.assertTrue(answer.json()["needsCode"])
        self.assertNotIn("Set-Cookie", answer.fields)
        answer = self.log_in(code(secret), "not-the-password")
        self.assertEqual(answer.status, 401)
        self.assertNotIn("needsCode", answer.json())
        self.assertEqual(self.client().call(
            "GET", "/.well-known/jmap", None,
            basic(ALICE, PASSWORDS["alice"])).status, 401)
        with self.assertRaises(smtplib.SMTPAuthenticationError):
            smtpd.submission()

        self.wait_for_row(("http", "password", "code"))
        self.assertEqual(self.log_in(code(secret)).status, 200)
        self.assertEqual(self.client().call(
            "GET", "/.well-known/jmap", None, basic(ALICE, app)).status, 200)
        smtpd.submission(password=app).quit()
        self.assertEqual(self.page.call("GET", "/auth/session").status, 200)

    def test_each_code_once(self):
        secret, codes = self.enable()

        self.assertEqual(self.log_in(code(secret, -1)).status, 401)
        now = code(secret)
        self.assertEqual(self.log_in(now).status, 200)
        self.assertEqual(self.log_in(now).json()["code"], "wrongCode")
        self.assertEqual(self.log_in(codes[3]).status, 200)
        self.assertEqual(self.log_in(codes[3]).status, 401)
        self.assertEqual(self.status()["codesLeft"], 9)

    def test_guessing_ends(self):
        secret, codes = self.enable()

        answers = [self.log_in("000000").status for _ in range(5)]
        self.assertEqual(answers, [401] * 5)
        answer = self.log_in(code(secret))
        self.assertEqual(answer.status, 429)
        self.assertGreater(int(answer.fields["Retry-After"]), 0)
        self.assertEqual(self.log_in(codes[0]).status, 429)

    def test_settings_want_both(self):
        secret, codes = self.enable()
        right = {"password": PASSWORDS["alice"], "code": codes[0]}

        for path in ("/auth/totp/codes", "/auth/totp/disable"):
            for wrong in ({"password": "x" * 12}, {"code": "123456"}):
                answer = self.page.call("POST", path, {**right, **wrong})
                self.assertEqual(answer.status, 401, (path, wrong))
        self.assertEqual(self.page.call("POST", "/auth/totp",
                                        right).status, 409)
        renewed = self.page.call("POST", "/auth/totp/codes", right)
        self.assertEqual(renewed.status, 200, renewed.body)
        self.assertEqual(self.log_in(codes[1]).status, 401)
        right["code"] = renewed.json()["codes"][0]
        self.assertEqual(self.page.call("POST", "/auth/totp/disable",
                                        right).status, 204)
        self.assertEqual(self.log_in().status, 200)

    def test_the_password_can_be_changed(self):
        secret, _ = self.enable()
        answer = self.page.call("POST", "/auth/password",
                                {"current": PASSWORDS["alice"],
                                 "new": "quite-another-one"})
        self.assertEqual(answer.status, 204, answer.body)
        self.assertEqual(
            self.log_in(code(secret), "quite-another-one").status, 200)

    def test_programs_do_not_touch_it(self):
        app = self.page.call("POST", "/auth/app-passwords",
                             {"name": "phone"}).json()["password"]
        for method, path in (("GET", "/auth/totp"), ("POST", "/auth/totp"),
                             ("GET", "/auth/logins")):
            answer = self.client().call(
                method, path, {"password": PASSWORDS["alice"]}
                if method == "POST" else None, basic(ALICE, app))
            self.assertEqual(answer.status, 403, (path, answer.body))

    def test_by_mailctl(self):
        shown = self.store.json("account", "totp", "status", ALICE)
        self.assertFalse(shown["in_force"])
        secret = self.store.json("account", "totp", "setup", ALICE)["secret"]
        self.store.ctl("account", "totp", "confirm", ALICE,
                       stdin=b"000000\n", expect=1)
        codes = self.store.json("account", "totp", "confirm", ALICE,
                                stdin=code(secret).encode() + b"\n")
        self.assertEqual(len(codes), 10)
        self.assertEqual(self.log_in().status, 401)
        self.assertEqual(self.log_in(codes[0]["code"]).status, 200)
        self.assertEqual(
            self.store.json("account", "totp", "status", ALICE)["codes_left"],
            9)
        self.store.ctl("account", "totp", "codes", ALICE)
        self.assertEqual(self.log_in(codes[1]["code"]).status, 401)
        self.store.ctl("account", "totp", "disable", ALICE)
        self.assertEqual(self.log_in().status, 200)
        self.store.ctl("account", "totp", "status", f"nobody@{DOMAIN}",
                       expect=3)
        self.store.ctl("account", "totp", "dance", ALICE, expect=2)


class Log(WebCase):

    def rows(self, wanted, user="alice"):
        """What mailctl prints, when there are so many."""
        deadline = time.monotonic() + 10
        while True:
            rows = self.store.json("account", "log", f"{user}@{DOMAIN}")
            if len(rows) >= wanted or time.monotonic() > deadline:
                return [(row["service"], row["method"], row["outcome"])
                        for row in rows]
            time.sleep(0.05)

    def test_who_came_and_who_tried(self):
        smtpd = Smtpd(self.tmp, self.store)
        self.addCleanup(smtpd.stop)
        self.assertEqual(self.rows(0), [])

        smtpd.submission().quit()
        smtpd.submission().quit()  # the same within an hour
        with self.assertRaises(smtplib.SMTPAuthenticationError):
            smtpd.submission(password="wrong-wrong")
        page = self.client("alice")
        self.client().login("alice", "wrong-wrong")
        for _ in range(3):
            self.client().call("GET", "/.well-known/jmap", None,
                               basic(ALICE, PASSWORDS["alice"]))
        self.client().login("nobody", "wrong-wrong")

        self.assertEqual(self.rows(6), [
            ("http", "password", "ok"), ("page", "password", "wrong"),
            ("page", "password", "ok"),
            ("submission", "LOGIN", "wrong"),  # smtplib tries that, too
            ("submission", "PLAIN", "wrong"), ("submission", "PLAIN", "ok")])
        self.assertEqual(self.rows(0, "bob"), [])
        shown = page.call("GET", "/auth/logins").json()["list"]
        self.assertEqual(len(shown), 6)
        self.assertEqual(shown[0]["peer"], "127.0.0.1")
        self.assertEqual(len(self.store.json("account", "log", ALICE,
                                             "--limit", "2")), 2)


if __name__ == "__main__":
    unittest.main()
