# SPDX-License-Identifier: MIT
"""AUTH by every mechanism, with clients of others where there are any."""
import base64
import hashlib
import os
import smtplib
import ssl
import threading
import time
import unittest

from scram import Scram, decode, log_in
from smtpd_support import SmtpdCase, make_certificate, tool, trust
from support import DOMAIN, Failed, run

ALICE, BOB = f"alice@{DOMAIN}", f"bob@{DOMAIN}"


def text(data):
    return base64.b64encode(data).decode()


class SaslCase(SmtpdCase):

    def setUp(self):
        super().setUp()
        self.app = self.add_app_password(ALICE, "phone")["password"]

    def add_app_password(self, address, name, *options):
        return self.store.json("account", "app-password", "add", address, name,
                               *options)

    def secure(self, context=None):
        client = smtplib.SMTP("127.0.0.1", self.smtpd.ports["submission"],
                              timeout=30)
        self.addCleanup(client.close)
        client.starttls(context=context or trust())
        client.ehlo()
        return client

    def offered(self, client):
        return client.esmtp_features.get("auth", "").split()

    def end_point(self, client):
        return hashlib.sha256(client.sock.getpeercert(True)).digest()


class Mechanisms(SaslCase):

    def test_what_is_offered_can_succeed(self):
        client = smtplib.SMTP("127.0.0.1", self.smtpd.ports["submission"])
        self.addCleanup(client.close)
        client.ehlo()
        self.assertEqual(self.offered(client), [])
        self.assertEqual(self.offered(self.secure()),
                         ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN",
                          "LOGIN"])
        listed = self.store.json("account", "app-password", "list", ALICE)
        self.store.ctl("account", "app-password", "remove", ALICE,
                       str(listed[0]["id"]))
        # Clients take the strongest they know, and nobody could use it.
        self.assertEqual(self.offered(self.secure()), ["PLAIN", "LOGIN"])
        for name in ("SCRAM-SHA-256", "EXTERNAL", "OAUTHBEARER", "XOAUTH2"):
            self.assertEqual(self.secure().docmd("AUTH", name)[0], 504)

    def test_implicit_tls_offers_the_same(self):
        client = smtplib.SMTP_SSL("127.0.0.1", self.smtpd.ports["submissions"],
                                  context=trust())
        self.addCleanup(client.close)
        client.ehlo()
        self.assertIn("SCRAM-SHA-256-PLUS", self.offered(client))
        scram = Scram(ALICE, self.app, "p=tls-server-end-point",
                      self.end_point(client))
        self.assertEqual(log_in(client, "SCRAM-SHA-256-PLUS", scram)[0], 235)

    def test_app_passwords_by_plain_and_login(self):
        for mechanism in ("PLAIN", "LOGIN"):
            for password in (self.app, self.app.replace("-", " ").upper()):
                client = self.secure()
                client.user, client.password = ALICE, password
                method = getattr(client, "auth_" + mechanism.lower())
                self.assertEqual(client.auth(mechanism, method)[0], 235)
        client = self.secure()
        code, _ = client.docmd("AUTH PLAIN",
                               text(f"\0{BOB}\0{self.app}".encode()))
        self.assertEqual(code, 535)

    def test_one_is_no_use_when_it_is_removed_or_over(self):
        self.store.ctl("account", "app-password", "remove", ALICE, "phone")
        self.add_app_password(BOB, "so that SCRAM is offered")
        self.assertEqual(self.secure().docmd(
            "AUTH PLAIN", text(f"\0{ALICE}\0{self.app}".encode()))[0], 535)
        self.assertEqual(log_in(self.secure(), "SCRAM-SHA-256",
                                Scram(ALICE, self.app))[0], 535)

    def test_one_for_jmap_alone_is_none_here(self):
        alone = self.add_app_password(BOB, "jmap", "--scope",
                                      "jmap")["password"]
        smtp = self.add_app_password(BOB, "smtp", "--scope",
                                     "smtp")["password"]
        for password, code in ((alone, 535), (smtp, 235)):
            self.assertEqual(self.secure().docmd(
                "AUTH PLAIN", text(f"\0{BOB}\0{password}".encode()))[0], code)
            self.assertEqual(log_in(self.secure(), "SCRAM-SHA-256",
                                    Scram(BOB, password))[0], code)
        self.store.ctl("account", "app-password", "remove", BOB, "smtp")
        self.store.ctl("account", "app-password", "remove", ALICE, "phone")
        self.assertEqual(self.offered(self.secure()), ["PLAIN", "LOGIN"])

    def test_mail_goes_out_after_scram(self):
        client = self.secure()
        self.assertEqual(log_in(client, "SCRAM-SHA-256",
                                Scram(ALICE, self.app))[0], 235)
        client.sendmail(ALICE, [BOB], "Subject: by SCRAM\r\n\r\nx\r\n")
        self.assertEqual(self.messages("bob")[0]["subject"], "by SCRAM")
        used = self.store.json("account", "app-password", "list", ALICE)
        self.assertIsNotNone(used[0]["last_used"])


class ScramSha256(SaslCase):

    def test_any_of_several_passwords(self):
        others = [self.add_app_password(ALICE, f"device {i}")["password"]
                  for i in range(3)]
        for password in [self.app, *others]:
            self.assertEqual(log_in(self.secure(), "SCRAM-SHA-256",
                                    Scram(ALICE, password))[0], 235)

    def test_the_answers_to_a_wrong_one_are_alike(self):
        answers = []
        for user, password in ((ALICE, "alice-secret"), (ALICE, "wrong-one"),
                               (BOB, self.app), ("eve", "x"),
                               (f"nobody@{DOMAIN}", self.app)):
            start = time.monotonic()
            answers.append(log_in(self.secure(), "SCRAM-SHA-256",
                                  Scram(user, password)))
            self.assertGreater(time.monotonic() - start, 0.9)
        self.assertEqual({code for code, _ in answers}, {535})
        self.assertEqual(len(set(answers)), 1, answers)

    def test_a_salt_is_always_the_same(self):
        salts = {}
        for user in (ALICE, ALICE.upper(), BOB, f"nobody@{DOMAIN}", "?"):
            seen = set()
            for _ in range(2):
                client = self.secure()
                first = text(Scram(user, "x").first())
                challenge = decode(client.docmd("AUTH SCRAM-SHA-256", first))
                seen.add(challenge.split(b",")[1])
                self.assertEqual(client.docmd("*")[0], 501)
            self.assertEqual(len(seen), 1, user)
            salts[user.lower()] = seen.pop()
        self.assertEqual(len(set(salts.values())), 4)
        # The name got one before there was any password of it.
        before = salts[BOB]
        password = self.add_app_password(BOB, "phone")["password"]
        client = self.secure()
        challenge = decode(client.docmd("AUTH SCRAM-SHA-256",
                                        text(Scram(BOB, password).first())))
        self.assertEqual(challenge.split(b",")[1], before)

    def test_without_an_initial_response(self):
        client = self.secure()
        scram = Scram(ALICE, self.app)
        self.assertEqual(decode(client.docmd("AUTH SCRAM-SHA-256")), b"")
        challenge = decode(client.docmd(text(scram.first())))
        proof = decode(client.docmd(text(scram.final(challenge))))
        self.assertEqual(proof, scram.signature)
        self.assertEqual(client.docmd("")[0], 235)

    def test_a_proof_is_good_once(self):
        client, scram = self.secure(), Scram(ALICE, self.app)
        challenge = decode(client.docmd("AUTH SCRAM-SHA-256",
                                        text(scram.first())))
        final = text(scram.final(challenge))
        client.docmd(final)
        self.assertEqual(client.docmd("")[0], 235)
        client = self.secure()
        client.docmd("AUTH SCRAM-SHA-256", text(scram.first()))
        self.assertEqual(client.docmd(final)[0], 535)

    def test_downgrades_and_nonsense(self):
        # Somebody in between has hidden -PLUS from a client that could.
        self.assertEqual(log_in(self.secure(), "SCRAM-SHA-256",
                                Scram(ALICE, self.app, "y"))[0], 501)
        for first in ("", "n,,", "n,,n=,r=x", "n,a=bob,n=alice,r=x",
                      "n,,n=alice,r=x,m=y", "n,,m=y,n=alice,r=x",
                      "p=tls-unique,,n=alice,r=x", "n,,n==,r=x"):
            code, _ = self.secure().docmd("AUTH SCRAM-SHA-256",
                                          text(first.encode()) or "=")
            self.assertEqual(code, 501, first)
        scram = Scram(ALICE, self.app)
        self.assertEqual(log_in(self.secure(), "SCRAM-SHA-256", scram,
                                nonce=scram.nonce)[0], 535)


class ScramSha256Plus(SaslCase):

    def test_the_binding_is_that_of_the_connection(self):
        client = self.secure()
        scram = Scram(ALICE, self.app, "p=tls-server-end-point",
                      self.end_point(client))
        self.assertEqual(log_in(client, "SCRAM-SHA-256-PLUS", scram)[0], 235)

        # There is somebody in between, with a certificate of his own.
        client = self.secure()
        scram = Scram(ALICE, self.app, "p=tls-server-end-point",
                      hashlib.sha256(b"another certificate").digest())
        self.assertEqual(log_in(client, "SCRAM-SHA-256-PLUS", scram)[0], 535)
        client = self.secure()
        scram = Scram(ALICE, self.app, "p=tls-exporter", bytes(32))
        self.assertEqual(log_in(client, "SCRAM-SHA-256-PLUS", scram)[0], 535)

    def test_without_a_binding_there_is_none(self):
        for flag in ("n", "y", "p=tls-unique", "p="):
            self.assertEqual(log_in(self.secure(), "SCRAM-SHA-256-PLUS",
                                    Scram(ALICE, self.app, flag))[0], 501)

    def test_tls_1_2(self):
        context = trust()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        client = self.secure(context)
        self.assertEqual(client.sock.version(), "TLSv1.2")
        scram = Scram(ALICE, self.app, "p=tls-server-end-point",
                      self.end_point(client))
        self.assertEqual(log_in(client, "SCRAM-SHA-256-PLUS", scram)[0], 235)

    @unittest.skipUnless(tool("gsasl"), "gsasl is not installed")
    def test_gsasl(self):
        """A client of others, which binds to tls-exporter under TLS 1.3."""
        for mechanism, password, good in (
                ("SCRAM-SHA-256", self.app, True),
                ("SCRAM-SHA-256-PLUS", self.app, True),
                ("SCRAM-SHA-256-PLUS", "wrong-one", False),
                ("PLAIN", self.app, True),
                ("LOGIN", "alice-secret", True)):
            binding = [] if mechanism.endswith("PLUS") else ["--no-cb"]
            code, out, err = run(
                "gsasl", "--smtp", "--connect",
                f"127.0.0.1:{self.smtpd.ports['submission']}",
                f"--mechanism={mechanism}", f"--authentication-id={ALICE}",
                f"--password={password}", "--quiet",
                f"--x509-ca-file={self.smtpd.certificate}", *binding)
            self.assertEqual(code == 0, good,
                             (mechanism, out[-2000:], err[-500:]))


class Tokens(SaslCase):

    config = "[auth]\napp-password-tokens = yes\n"

    def bearer(self, user, token):
        return (f"n,a={user}," if user else "n,,") + \
            f"\x01host=localhost\x01port=587\x01auth=Bearer {token}\x01\x01"

    def test_an_app_password_is_a_token(self):
        self.assertEqual(self.offered(self.secure())[2:4],
                         ["OAUTHBEARER", "XOAUTH2"])
        for user in (ALICE, ""):
            client = self.secure()
            code, _ = client.docmd("AUTH OAUTHBEARER",
                                   text(self.bearer(user, self.app).encode()))
            self.assertEqual(code, 235)
            client.sendmail(ALICE, [BOB], "Subject: by token\r\n\r\nx\r\n")
        response = f"user={ALICE}\x01auth=Bearer {self.app}\x01\x01"
        self.assertEqual(self.secure().docmd("AUTH XOAUTH2",
                                             text(response.encode()))[0], 235)

    def test_a_bad_one_is_told_so_and_then_refused(self):
        client = self.secure()
        start = time.monotonic()
        challenge = decode(client.docmd(
            "AUTH OAUTHBEARER", text(self.bearer(BOB, self.app).encode())))
        self.assertGreater(time.monotonic() - start, 0.9)
        self.assertEqual(challenge, b'{"status":"invalid_token"}')
        self.assertEqual(client.docmd("AQ==")[0], 535)
        response = f"user={ALICE}\x01auth=Bearer x\x01\x01"
        challenge = decode(client.docmd("AUTH XOAUTH2",
                                        text(response.encode())))
        self.assertIn(b'"status":"401"', challenge)
        self.assertEqual(client.docmd("")[0], 535)
        # To give up before it is told does not make it free.
        decode(client.docmd("AUTH XOAUTH2", text(response.encode())))
        client.docmd("*")
        self.assertEqual(client.docmd("AUTH XOAUTH2",
                                      text(response.encode()))[0], 535)
        self.assertEqual(client.getreply()[0], 421)

    @unittest.skipUnless(tool("curl"), "curl is not installed")
    def test_curl(self):
        mail = self.file("mail", "Subject: by curl\r\n\r\nx\r\n")
        for token, good in ((self.app, True), ("wrong", False)):
            code, _, err = run(
                "curl", "-sS", "--insecure", "--ssl-reqd", "--url",
                f"smtp://127.0.0.1:{self.smtpd.ports['submission']}",
                "--user", ALICE, "--oauth2-bearer", token,
                "--login-options", "AUTH=OAUTHBEARER",
                "--mail-from", ALICE, "--mail-rcpt", BOB, "-T", mail)
            self.assertEqual(code == 0, good, err)
        self.assertEqual(self.messages("bob")[0]["subject"], "by curl")


def make_client_certificate(folder, authority, addresses, stem):
    """A certificate with `addresses`, signed by `authority`: (path, key)."""
    ca, ca_key = authority
    certificate = os.path.join(folder, stem + "-cert.pem")
    key = os.path.join(folder, stem + "-key.pem")
    request = os.path.join(folder, stem + ".csr")
    extensions = os.path.join(folder, stem + ".ext")
    with open(extensions, "w", encoding="ascii") as out:
        names = ",".join("email:" + address for address in addresses)
        out.write(f"subjectAltName={names}\nextendedKeyUsage=clientAuth\n")
    for command in (
            ("req", "-new", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=client",
             "-keyout", key, "-out", request),
            ("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key,
             "-days", "30", "-extfile", extensions, "-out", certificate)):
        code, _, err = run("openssl", *command)
        if code != 0:
            raise Failed(err.decode())
    return certificate, key


class Certificates(SaslCase):

    def setUp(self):
        # Its files are named in the config, so they must be there before.
        self.authority = None
        super().setUp()

    @property
    def config(self):
        self.authority = make_certificate(self.tmp, "authority", "ca-")
        return f"client-authorities = {self.authority[0]}\n"

    def presenting(self, addresses, authority=None):
        context = trust()
        context.load_cert_chain(*make_client_certificate(
            self.tmp, authority or self.authority, addresses, "client"))
        return self.secure(context)

    def test_it_logs_in_whose_address_it_has(self):
        client = self.presenting([ALICE])
        self.assertEqual(self.offered(client)[0], "EXTERNAL")
        self.assertEqual(client.docmd("AUTH EXTERNAL", "=")[0], 235)
        client.sendmail(ALICE, [BOB], "Subject: by card\r\n\r\nx\r\n")
        self.assertEqual(self.messages("bob")[0]["subject"], "by card")

    def test_among_several_the_client_may_choose(self):
        addresses = ["eve@example.org", BOB, ALICE]
        for chosen, sender in (("=", BOB), (text(ALICE.encode()), ALICE)):
            client = self.presenting(addresses)
            self.assertEqual(client.docmd("AUTH EXTERNAL", chosen)[0], 235)
            self.assertEqual(client.mail(sender)[0], 250)
        client = self.presenting([BOB])
        self.assertEqual(
            client.docmd("AUTH EXTERNAL", text(ALICE.encode()))[0], 535)

    def test_nobody_s_certificate_is_no_use(self):
        client = self.presenting(["eve@example.org"])
        self.assertEqual(client.docmd("AUTH EXTERNAL", "=")[0], 535)
        self.store.ctl("account", "disable", ALICE)
        client = self.presenting([ALICE])
        self.assertEqual(client.docmd("AUTH EXTERNAL", "=")[0], 535)

    def test_one_of_another_authority_is_served_without_it(self):
        other = make_certificate(self.tmp, "authority", "other-")
        for client in (self.presenting([ALICE], other), self.secure()):
            self.assertNotIn("EXTERNAL", self.offered(client))
            self.assertEqual(client.docmd("AUTH EXTERNAL", "=")[0], 504)
            self.assertEqual(client.docmd(
                "AUTH PLAIN", text(f"\0{ALICE}\0alice-secret".encode()))[0],
                235)

    def test_implicit_tls(self):
        context = trust()
        context.load_cert_chain(*make_client_certificate(
            self.tmp, self.authority, [ALICE], "client"))
        client = smtplib.SMTP_SSL("127.0.0.1", self.smtpd.ports["submissions"],
                                  context=context)
        self.addCleanup(client.close)
        client.ehlo()
        self.assertEqual(client.docmd("AUTH EXTERNAL", "=")[0], 235)

    @unittest.skipUnless(tool("swaks"), "swaks is not installed")
    def test_swaks(self):
        certificate, key = make_client_certificate(
            self.tmp, self.authority, [ALICE], "client")
        code, out, err = run(
            "swaks", "--server", "127.0.0.1", "--port",
            self.smtpd.ports["submission"], "--tls", "--tls-cert", certificate,
            "--tls-key", key, "--from", ALICE, "--to", BOB, "--quit-after",
            "EHLO")
        self.assertEqual(code, 0, err)
        self.assertIn(b"EXTERNAL", out)


class Ban(SaslCase):

    config = ("[limits]\nexempt =\nauth-failures = 100\n"
              "auth-failures-per-address = 3\nauth-ban-time = 6s\n")

    def connect(self, kind, source):
        client = smtplib.SMTP(timeout=30, source_address=(source, 0))
        client._host = "localhost"  # what starttls() wants to know
        self.addCleanup(client.close)
        return client, client.connect("127.0.0.1", self.smtpd.ports[kind])[0]

    def secure_from(self, source):
        client, code = self.connect("submission", source)
        self.assertEqual(code, 220)
        client.ehlo()
        client.starttls(context=trust())
        client.ehlo()
        return client

    def test_an_address_is_banned_and_no_other_and_not_for_good(self):
        right = text(f"\0{ALICE}\0{self.app}".encode())
        wrong = text(f"\0{ALICE}\0wrong-one".encode())
        open_before = self.secure_from("127.0.0.2")
        client = self.secure_from("127.0.0.2")
        for _ in range(3):
            self.assertEqual(client.docmd("AUTH PLAIN", wrong)[0], 535)
        begun = time.monotonic()

        # Submission is closed to it, and not even the right one is taken.
        self.assertEqual(self.connect("submission", "127.0.0.2")[1], 421)
        code, said = open_before.docmd("AUTH PLAIN", right)
        self.assertEqual(code, 454, said)
        # Its mail is taken, for it may be somebody's relay.
        other, code = self.connect("smtp", "127.0.0.2")
        self.assertEqual(code, 220)
        other.sendmail("a@example.org", [BOB], "Subject: x\r\n\r\nx\r\n")
        # The same account from elsewhere, and the same password.
        self.assertEqual(self.secure_from("127.0.0.3").docmd(
            "AUTH PLAIN", right)[0], 235)
        self.assertIn("address_banned", self.smtpd.log())

        while True:
            client, code = self.connect("submission", "127.0.0.2")
            if code == 220:
                break
            client.close()
            self.assertLess(time.monotonic() - begun, 20)
            time.sleep(0.2)
        self.assertGreater(time.monotonic() - begun, 4)
        self.assertEqual(self.secure_from("127.0.0.2").docmd(
            "AUTH PLAIN", right)[0], 235)

    def test_scram_counts_too(self):
        for _ in range(3):
            client = self.secure_from("127.0.0.4")
            self.assertEqual(log_in(client, "SCRAM-SHA-256",
                                    Scram(ALICE, "wrong"))[0], 535)
        self.assertEqual(self.connect("submission", "127.0.0.4")[1], 421)


class Storm(SaslCase):

    config = ("[limits]\nexempt =\nhash-queue = 4\nhash-workers = 1\n"
              "connections-per-address = 200\n")

    def test_the_excess_is_told_at_once_and_a_friend_gets_in(self):
        """One worker, a queue of four, and forty guesses at a time."""
        friend = text(f"\0{ALICE}\0alice-secret".encode())

        def client_from(source):
            client = smtplib.SMTP("127.0.0.1", self.smtpd.ports["submission"],
                                  timeout=60, source_address=(source, 0))
            client.starttls(context=trust())
            client.ehlo()
            return client

        first = client_from("127.0.9.9")
        self.assertEqual(first.docmd("AUTH PLAIN", friend)[0], 235)
        first.close()
        clients = [client_from(f"127.0.8.{i + 1}") for i in range(40)]
        again = client_from("127.0.9.9")
        codes = []

        def guess(client):
            codes.append(client.docmd(
                "AUTH PLAIN", text(f"\0{ALICE}\0guess".encode()))[0])

        threads = [threading.Thread(target=guess, args=(client,))
                   for client in clients]
        for thread in threads:
            thread.start()
        time.sleep(0.05)
        start = time.monotonic()
        code, _ = again.docmd("AUTH PLAIN", friend)
        took = time.monotonic() - start
        for thread in threads:
            thread.join()
        for client in [*clients, again]:
            client.close()
        self.assertEqual(code, 235)
        self.assertLess(took, 5)
        self.assertEqual(set(codes), {454, 535})
        self.assertGreater(codes.count(454), 10)


if __name__ == "__main__":
    unittest.main()
