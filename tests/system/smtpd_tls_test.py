# SPDX-License-Identifier: MIT
"""Which certificate smtpd shows, and to whom."""
import os
import shutil
import signal
import smtplib
import socket
import ssl
import time
import unittest

from smtpd_sasl_test import make_client_certificate
from smtpd_support import Smtpd, make_certificate, trust
from support import DOMAIN, SMTPD, Case, Store, run

NAMES = ("one.example.test", "two.example.test", "*.wild.example.test")


class Names(Case):

    def setUp(self):
        super().setUp()
        self.pairs = [make_certificate(self.tmp, name, f"{i}-")
                      for i, name in enumerate(NAMES)]
        self.authority = make_certificate(self.tmp, "authority", "ca-")
        self.smtpd = Smtpd(
            self.tmp, Store(self.tmp),
            config=f"client-authorities = {self.authority[0]}\n", files=(
                ", ".join(c for c, _ in self.pairs),
                ",".join(k for _, k in self.pairs)))
        self.addCleanup(self.smtpd.stop)

    def shown(self, name, kind="submissions", version=None):
        """The certificate, as it was given to a client."""
        context = trust()
        if version:
            context.minimum_version = context.maximum_version = version
        sock = socket.create_connection(("127.0.0.1", self.smtpd.ports[kind]),
                                        timeout=20)
        with context.wrap_socket(sock, server_hostname=name) as secure:
            return ssl.DER_cert_to_PEM_cert(secure.getpeercert(True))

    def expect(self, index, name, **how):
        with open(self.pairs[index][0], encoding="ascii") as file:
            self.assertEqual(self.shown(name, **how), file.read(), name)

    def test_the_one_that_is_for_the_name(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.expect(0, "one.example.test", version=version)
            self.expect(1, "two.example.test", version=version)
            self.expect(1, "TWO.Example.Test", version=version)
            self.expect(2, "mx.wild.example.test", version=version)

    def test_the_first_for_who_names_none_or_another(self):
        self.expect(0, None)
        self.expect(0, "three.example.test")
        self.expect(0, "a.b.wild.example.test")

    def test_behind_starttls(self):
        """A client that believes two.example.test alone."""
        context = ssl.create_default_context(cafile=self.pairs[1][0])
        client = smtplib.SMTP("127.0.0.1", self.smtpd.ports["smtp"],
                              timeout=20)
        self.addCleanup(client.close)
        client._host = "two.example.test"  # what it asks for
        self.assertEqual(client.starttls(context=context)[0], 220)
        self.assertEqual(client.ehlo()[0], 250)

    def test_certificates_of_clients_count_under_each_name(self):
        for name in (None, "one.example.test", "two.example.test"):
            context = trust()
            context.load_cert_chain(*make_client_certificate(
                self.tmp, self.authority, [f"alice@{DOMAIN}"], "client"))
            sock = socket.create_connection(
                ("127.0.0.1", self.smtpd.ports["submissions"]), timeout=20)
            with context.wrap_socket(sock, server_hostname=name) as secure:
                replies = secure.makefile("rb")
                self.addCleanup(replies.close)
                self.assertEqual(replies.readline()[:3], b"220")
                secure.sendall(b"EHLO x\r\nAUTH EXTERNAL =\r\n")
                line = replies.readline()
                while line[:3] == b"250":
                    line = replies.readline()
                self.assertEqual(line[:3], b"235", name)

    @unittest.skipUnless(shutil.which("openssl"), "no openssl")
    def test_openssl(self):
        port = self.smtpd.ports["submission"]
        for index, name in enumerate(NAMES[:2]):
            code, out, err = run(
                "openssl", "s_client", "-connect", f"127.0.0.1:{port}",
                "-starttls", "smtp", "-servername", name, "-CAfile",
                self.pairs[index][0], "-verify_return_error",
                "-verify_hostname", name, stdin=b"QUIT\r\n")
            self.assertEqual(code, 0, err)
            self.assertIn(b"Verify return code: 0 (ok)", out)

    def test_all_are_read_anew(self):
        before = self.shown("two.example.test")
        fresh = make_certificate(self.tmp, "two.example.test", "fresh-")
        shutil.copy(fresh[0], self.pairs[1][0])
        shutil.copy(fresh[1], self.pairs[1][1])
        old = smtplib.SMTP("127.0.0.1", self.smtpd.ports["smtp"], timeout=20)
        self.addCleanup(old.close)
        self.smtpd.signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while " reloaded " not in self.smtpd.log():
            self.assertLess(time.monotonic(), deadline, self.smtpd.tail())
            time.sleep(0.02)
        self.assertNotEqual(self.shown("two.example.test"), before)
        self.expect(1, "two.example.test")
        self.assertEqual(old.noop()[0], 250)
        # One that is broken keeps all.
        with open(self.pairs[2][1], "w", encoding="ascii") as key:
            key.write("no key\n")
        self.smtpd.signal(signal.SIGHUP)
        while " reload_failed " not in self.smtpd.log():
            self.assertLess(time.monotonic(), deadline, self.smtpd.tail())
            time.sleep(0.02)
        self.shown("mx.wild.example.test")


class Lists(Case):

    def check(self, certificates, keys):
        path = os.path.join(self.tmp, "conf")
        with open(path, "w", encoding="ascii") as out:
            out.write(f"[tls]\ncertificate = {certificates}\nkey = {keys}\n")
        code, _, err = run(SMTPD, "--config", path, "--discard",
                           "--hostname", "mail.example.test", "--check")
        return code, err

    def test_as_many_keys_as_certificates(self):
        one = make_certificate(self.tmp, "one.test", "one-")
        two = make_certificate(self.tmp, "two.test", "two-")
        self.assertEqual(self.check(f"{one[0]},{two[0]}",
                                    f"{one[1]},{two[1]}")[0], 0)
        for certificates, keys, words in (
                (f"{one[0]},{two[0]}", one[1], b"as many keys"),
                (one[0], f"{one[1]},{two[1]}", b"as many keys"),
                (f"{one[0]},{two[0]}", f"{two[1]},{one[1]}",
                 b"does not belong")):
            code, err = self.check(certificates, keys)
            self.assertEqual(code, 1)
            self.assertIn(words, err)


if __name__ == "__main__":
    unittest.main()
