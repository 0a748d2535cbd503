# SPDX-License-Identifier: MIT
"""Log-in, sign-up and passwords at webmail, from outside."""
import base64
import sqlite3
import time
import unittest

from support import DOMAIN, PASSWORDS
from web import Client, WebCase

JSON = {"Content-Type": "application/json"}


def basic(user, password):
    text = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": "Basic " + text}


class Sessions(WebCase):
    def test_in_and_out(self):
        client = self.client()
        self.assertEqual(client.call("GET", "/auth/session").code(),
                         "sessionRequired")

        answer = client.login()

        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.json()["address"], f"alice@{DOMAIN}")
        cookie = answer.fields["Set-Cookie"]
        for part in ("HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(part, cookie.split("; "))
        self.assertNotIn("Secure", cookie)
        shown = client.call("GET", "/auth/session")
        self.assertEqual(shown.json(), answer.json())
        old = client.cookie
        self.assertEqual(client.call("POST", "/auth/logout").status, 204)
        self.assertIsNone(client.cookie)
        client.cookie = old
        self.assertEqual(client.call("GET", "/auth/session").status, 401)

    def test_each_login_makes_a_new_session_and_ends_the_former(self):
        client = self.client("alice")
        first = client.cookie
        client.login()
        self.assertNotEqual(client.cookie, first)
        client.cookie = first
        self.assertEqual(client.call("GET", "/auth/session").status, 401)

    def test_the_store_does_not_hold_the_token(self):
        client = self.client("alice")
        token = client.cookie.split("=")[1]
        with sqlite3.connect(f"file:{self.store.path}?mode=ro",
                             uri=True) as db:
            rows = db.execute("SELECT hex(token) FROM session").fetchall()
        self.assertTrue(rows)
        self.assertNotIn(token.upper(), [row[0] for row in rows])

    def test_a_restart_keeps_sessions_and_tokens(self):
        client = self.client("alice")
        self.webmail.stop()
        webmail = type(self.webmail)(self.tmp, self.store)
        self.webmail = webmail
        again = Client(webmail)
        self.addCleanup(again.http.close)
        again.cookie, again.csrf = client.cookie, client.csrf
        self.assertEqual(again.call("GET", "/auth/session").json()["csrf"],
                         client.csrf)
        self.assertEqual(again.call("POST", "/auth/logout").status, 204)

    def test_the_list(self):
        one, two = self.client("alice"), self.client("alice")
        listed = one.call("GET", "/auth/sessions").json()
        self.assertEqual(len(listed), 2)
        self.assertEqual(sum(item["current"] for item in listed), 1)
        other = next(item for item in listed if not item["current"])
        self.assertEqual(other["peer"], "127.0.0.1")
        path = "/auth/sessions/" + other["id"]
        for foreign in ("9999", "0", "-1", "x", "99999999999999999999"):
            self.assertEqual(one.call("DELETE", "/auth/sessions/" +
                                      foreign).status, 404)
        self.client("bob").call("DELETE", path)
        self.assertEqual(two.call("GET", "/auth/session").status, 200)
        self.assertEqual(one.call("DELETE", path).status, 204)
        self.assertEqual(two.call("GET", "/auth/session").status, 401)
        self.assertEqual(one.call("DELETE", path).status, 404)

    def test_a_disabled_account_is_out_at_once(self):
        client = self.client("bob")
        self.store.ctl("account", "disable", f"bob@{DOMAIN}")
        self.assertEqual(client.call("GET", "/auth/session").status, 401)
        self.assertEqual(client.login("bob").status, 401)


class Forged(WebCase):
    def test_a_change_needs_the_token(self):
        client = self.client("alice")
        for token in ("", "0" * 64, None):
            fields = {"X-CSRF-Token": token} if token is not None else {}
            if token is None:
                client.csrf = None
            answer = client.call("POST", "/auth/app-passwords", {"name": "x"},
                                 fields)
            self.assertEqual((answer.status, answer.code()), (403, "csrf"))
        self.assertEqual(client.call("POST", "/auth/logout").status, 403)

    def test_a_token_of_another_session_is_none(self):
        one, two = self.client("alice"), self.client("alice")
        one.csrf = two.csrf
        self.assertEqual(
            one.call("POST", "/auth/app-passwords", {"name": "x"}).status, 403)

    def test_another_site_cannot(self):
        client = self.client("alice")
        answer = client.call("POST", "/auth/app-passwords", {"name": "x"},
                             {"Origin": "https://evil.test"})
        self.assertEqual((answer.status, answer.code()), (403, "csrf"))
        own = f"http://127.0.0.1:{self.webmail.port}"
        answer = client.call("POST", "/auth/app-passwords", {"name": "x"},
                             {"Origin": own})
        self.assertEqual(answer.status, 201)
        stranger = self.client()
        answer = stranger.call("POST", "/auth/login", {
            "address": f"alice@{DOMAIN}", "password": PASSWORDS["alice"]},
            {"Origin": "null"})
        self.assertEqual(answer.status, 403)

    def test_a_form_of_another_site_is_no_json(self):
        client = self.client()
        body = '{"address":"alice@example.test","password":"alice-secret"}'
        for kind in ("text/plain", "application/x-www-form-urlencoded",
                     "multipart/form-data; boundary=x"):
            answer = client.call("POST", "/auth/login", body,
                                 {"Content-Type": kind})
            self.assertEqual(answer.status, 400, kind)

    def test_bodies_that_are_none(self):
        client = self.client()
        for body in ("", "{", "[]", "null", '"x"', '{"address":1}',
                     '{"address":"a","address":"b"}', "[" * 1000,
                     '{"address":"alice@example.test\\u0000","password":"x"}',
                     "x" * 20000):
            answer = client.call("POST", "/auth/login", body, JSON)
            self.assertIn(answer.status, (400, 401, 413), body[:40])


class SignUp(WebCase):
    config = "[web]\nsignups-per-hour = 1000\n"

    def sign_up(self, client, address, password="a good one", name="Carol"):
        return client.call("POST", "/auth/signup", {
            "address": address, "password": password, "name": name})

    def test_a_new_account_is_logged_in_and_has_its_mailboxes(self):
        client = self.client()
        shown = client.call("GET", "/auth/signup").json()
        self.assertEqual(shown, {"domains": [DOMAIN], "passwordMin": 8})

        answer = self.sign_up(client, f"Carol@{DOMAIN}")

        self.assertEqual(answer.status, 201, answer.body)
        self.assertEqual(answer.json()["address"], f"carol@{DOMAIN}")
        self.assertEqual(answer.json()["name"], "Carol")
        self.assertEqual(client.call("GET", "/auth/session").status, 200)
        again = self.client().call("POST", "/auth/login", {
            "address": f"CAROL@{DOMAIN.upper()}", "password": "a good one"})
        self.assertEqual(again.status, 200)

    def test_an_address_is_taken_once(self):
        client = self.client()
        self.assertEqual(self.sign_up(client, f"dan@{DOMAIN}").status, 201)
        for address in (f"dan@{DOMAIN}", f"DAN@{DOMAIN}", f" dan@{DOMAIN} ",
                        f"alice@{DOMAIN}"):
            answer = self.sign_up(self.client(), address)
            self.assertEqual((answer.status, answer.code()),
                             (409, "addressTaken"), address)
            self.assertEqual(answer.json()["field"], "address")
            self.assertIn("taken", answer.json()["title"])

    def test_what_cannot_be_signed_up_for(self):
        cases = [
            (f"postmaster@{DOMAIN}", "reservedAddress"),
            (f"Abuse@{DOMAIN}", "reservedAddress"),
            (f"admin@{DOMAIN}", "reservedAddress"),
            (f"webmaster@{DOMAIN}", "reservedAddress"),
            ("eve@elsewhere.test", "domainClosed"),
            ("eve", "invalidAddress"),
            ("", "invalidAddress"),
            (f"eve+x@{DOMAIN}", "invalidAddress"),
            (f"e ve@{DOMAIN}", "invalidAddress"),
            (f"eve@{DOMAIN}\r\nX: y", "invalidAddress"),
            (f"{'e' * 65}@{DOMAIN}", "invalidAddress"),
        ]
        for address, code in cases:
            with self.subTest(address):
                answer = self.sign_up(self.client(), address)
                self.assertEqual((answer.status, answer.code()), (422, code))

    def test_passwords_that_anybody_guesses(self):
        for password in ("", "short", "aaaaaaaaaaaa", "password123",
                         "12345678", f"fred@{DOMAIN}", "x" * 1025):
            with self.subTest(password):
                answer = self.sign_up(self.client(), f"fred@{DOMAIN}",
                                      password)
                self.assertEqual((answer.status, answer.code()),
                                 (422, "weakPassword"))
                self.assertEqual(answer.json()["field"], "password")

    def test_a_domain_that_is_not_open(self):
        self.store.ctl("domain", "add", "closed.test")
        self.assertEqual(
            self.client().call("GET", "/auth/signup").json()["domains"],
            [DOMAIN])
        answer = self.sign_up(self.client(), "gil@closed.test")
        self.assertEqual((answer.status, answer.code()),
                         (422, "domainClosed"))


class SignUpLimit(WebCase):
    config = "[limits]\nexempt =\n[web]\nsignups-per-hour = 2\n"

    def test_so_many_an_hour(self):
        for i, status in enumerate((201, 201, 429)):
            answer = self.client().call("POST", "/auth/signup", {
                "address": f"user{i}@{DOMAIN}", "password": "a good one",
                "name": ""})
            self.assertEqual(answer.status, status, answer.body)
        self.assertGreater(int(answer.fields["Retry-After"]), 60)


class Guessing(WebCase):
    def test_twenty_wrong_passwords_slow_the_address_not_the_others(self):
        client = self.client()
        for i in range(20):
            answer = client.login("alice", f"wrong {i}")
            self.assertEqual((answer.status, answer.code()),
                             (401, "invalidCredentials"))
        answer = client.login("alice")
        self.assertEqual((answer.status, answer.code()),
                         (429, "tooManyRequests"))
        self.assertGreater(int(answer.fields["Retry-After"]), 0)
        self.assertEqual(client.call("GET", "/auth/session", fields=basic(
            f"Alice@{DOMAIN}", "guess")).status, 429)
        self.assertEqual(self.client("bob").cookie is None, False)

    def test_nobody_learns_who_exists(self):
        # The same slow hash runs for both. Measured with 200 of each, taken in
        # turns at random (Release): medians 77.6 ms known, 76.9 ms unknown,
        # quartiles 74 to 98 and 74 to 95. Here: that there is a hash at all.
        client = self.client()
        known, unknown = [], []
        for i in range(5):
            for name, times in (("alice", known), (f"nobody{i}", unknown)):
                begun = time.monotonic()
                answer = client.login(name, "wrong one")
                times.append(time.monotonic() - begun)
                self.assertEqual(answer.code(), "invalidCredentials")
        self.assertGreater(min(unknown), min(known) * 0.5)


class Passwords(WebCase):
    def test_a_change_ends_the_other_sessions(self):
        client, other = self.client("alice"), self.client("alice")
        wrong = client.call("POST", "/auth/password", {
            "current": "wrong", "new": "a better one"})
        self.assertEqual((wrong.status, wrong.code()),
                         (401, "invalidCredentials"))
        weak = client.call("POST", "/auth/password", {
            "current": PASSWORDS["alice"], "new": "short"})
        self.assertEqual((weak.status, weak.code()), (422, "weakPassword"))

        done = client.call("POST", "/auth/password", {
            "current": PASSWORDS["alice"], "new": "a better one"})

        self.assertEqual(done.status, 204)
        self.assertEqual(client.call("GET", "/auth/session").status, 200)
        self.assertEqual(other.call("GET", "/auth/session").status, 401)
        self.assertEqual(self.client().login("alice").status, 401)
        self.assertEqual(
            self.client().login("alice", "a better one").status, 200)

    def test_basic_is_remembered_and_forgotten_with_the_password(self):
        client = self.client()
        fields = basic(f"alice@{DOMAIN}", PASSWORDS["alice"])
        path = "/auth/app-passwords"
        self.assertEqual(client.call("GET", path, fields=fields).status, 200)
        begun = time.monotonic()
        for _ in range(50):
            self.assertEqual(client.call("GET", path, fields=fields).status,
                             200)
        self.assertLess(time.monotonic() - begun, 2)
        self.store.ctl("account", "passwd", f"alice@{DOMAIN}",
                       "--password-stdin", stdin=b"another one\n")
        self.assertEqual(client.call("GET", path, fields=fields).status, 401)

    def test_app_passwords(self):
        client = self.client("alice")
        made = client.call("POST", "/auth/app-passwords", {"name": "Téléphone"})
        self.assertEqual(made.status, 201)
        password = made.json()["password"]
        self.assertGreaterEqual(len(password.replace("-", "")), 26)
        listed = client.call("GET", "/auth/app-passwords").json()
        self.assertEqual([item["name"] for item in listed], ["Téléphone"])
        self.assertNotIn("password", listed[0])

        program = self.client()
        jmap = "/.well-known/jmap"
        for fields in (basic(f"alice@{DOMAIN}", password),
                       basic(f"alice@{DOMAIN}", password.replace("-", " ")),
                       {"Authorization": "Bearer " + password}):
            self.assertEqual(program.call("GET", jmap, fields=fields).status,
                             200)
        for fields in (basic(f"bob@{DOMAIN}", password),
                       {"Authorization": "Bearer " + "a" * 28},
                       {"Authorization": "Digest x"},
                       {"Authorization": "Basic !"}):
            self.assertEqual(program.call("GET", jmap, fields=fields).status,
                             401)
        bearer = {"Authorization": "Bearer " + password}
        answer = program.call("POST", "/auth/app-passwords", {"name": "more"},
                              bearer)
        self.assertEqual((answer.status, answer.code()), (403, "forbidden"))

        path = "/auth/app-passwords/" + made.json()["id"]
        self.client("bob").call("DELETE", path)
        self.assertEqual(program.call("GET", jmap, fields=bearer).status, 200)
        self.assertEqual(client.call("DELETE", path).status, 204)
        self.assertEqual(program.call("GET", jmap, fields=bearer).status, 401)

    def test_app_passwords_open_what_they_are_for(self):
        client, program = self.client("alice"), self.client()
        path = "/auth/app-passwords"
        self.assertEqual(client.call("POST", path, {
            "name": "x", "scope": "imap"}).status, 422)
        for scope, status in (("smtp", 401), ("jmap", 200), ("all", 200)):
            made = client.call("POST", path, {"name": scope, "scope": scope})
            self.assertEqual(made.status, 201)
            password = made.json()["password"]
            for fields in (basic(f"alice@{DOMAIN}", password),
                           {"Authorization": "Bearer " + password}):
                self.assertEqual(program.call("GET", "/.well-known/jmap",
                                              fields=fields).status, status)
        self.assertEqual([item["scope"] for item
                          in client.call("GET", path).json()],
                         ["smtp", "jmap", "all"])

    def test_app_passwords_end_when_they_should(self):
        client = self.client("alice")
        past = client.call("POST", "/auth/app-passwords", {
            "name": "x", "expires": "2001-01-01T00:00:00Z"})
        self.assertEqual((past.status, past.json()["field"]),
                         (422, "expires"))
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ",
                             time.gmtime(time.time() + 3))
        made = client.call("POST", "/auth/app-passwords", {
            "name": "x", "expires": soon}).json()
        fields = {"Authorization": "Bearer " + made["password"]}
        program = self.client()
        self.assertEqual(
            program.call("GET", "/.well-known/jmap", fields=fields).status,
            200)
        time.sleep(3.5)
        self.assertEqual(
            program.call("GET", "/.well-known/jmap", fields=fields).status,
            401)


if __name__ == "__main__":
    unittest.main()
